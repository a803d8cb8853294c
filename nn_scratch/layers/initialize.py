"""How parameters start."""

from typing import Any

import numpy as np

from nn_scratch.arguments import a_generator, each, room_for, shown, whole
from nn_scratch.validate import number


def he_normal(
    shape: tuple[int, ...], fan_in: float, rng: Any = None, dtype: Any = np.float32
) -> np.ndarray:
    """Normal values with variance 2/fan_in (He et al. 2015, equation 10).

    `rng` is a NumPy Generator, a seed, or None for a new draw every time. Drawn in float64, so
    that one seed gives one net in every dtype and on every device.

    Returns: an array of this shape.
    Raises: TypeError if dtype is neither float32 nor float64; TypeError or ValueError for a shape,
        a fan_in or an rng that is not valid.
    """
    dtype, rng = value_dtype(dtype), a_generator("rng", rng)
    shape = tuple(each("shape", shape, whole))
    room_for("shape", *shape)
    scale = np.sqrt(2 / number("fan_in", fan_in, 0, above=True))
    return (rng.standard_normal(shape) * scale).astype(dtype)


def value_dtype(dtype: Any, name: str = "dtype") -> np.dtype:
    """float32 or float64 as a NumPy dtype, in the machine's byte order.

    Raises: TypeError for any other.
    """
    try:
        found = None if dtype is None else np.dtype(dtype)  # for NumPy, None is float64
    except (TypeError, ValueError):
        found = None
    if found not in (np.float32, np.float64) or not found.isnative:
        got = shown(dtype if found is None else found)
        raise TypeError(f"{name} is {got}, but must be float32 or float64")
    return found
