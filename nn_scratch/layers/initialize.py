"""How parameters start."""

from typing import Any

import numpy as np


def he_normal(
    shape: tuple[int, ...], fan_in: float, rng: Any = None, dtype: Any = np.float32
) -> np.ndarray:
    """Normal values with variance 2/fan_in (He et al. 2015, equation 10).

    `rng` is a NumPy Generator, a seed, or None for a new draw every time. Drawn in float64, so
    that one seed gives one net in every dtype and on every device.

    Returns: an array of this shape.
    Raises: TypeError if dtype is neither float32 nor float64.
    """
    values = np.random.default_rng(rng).standard_normal(shape) * np.sqrt(2 / fan_in)
    return values.astype(value_dtype(dtype))


def value_dtype(dtype: Any) -> np.dtype:
    """float32 or float64 as a NumPy dtype.

    Raises: TypeError for any other.
    """
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise TypeError(f"dtype is {np.dtype(dtype)}, but must be float32 or float64")
    return np.dtype(dtype)
