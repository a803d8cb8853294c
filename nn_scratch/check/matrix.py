"""A linear op written down as its matrix."""

from collections.abc import Callable
from math import prod

import numpy as np

from nn_scratch.arguments import a_function, an_array, each, room_for, whole
from nn_scratch.backend import Array


def as_matrix(f: Callable[[Array], Array], input_shape: tuple[int, ...]) -> Array:
    """The dense float64 matrix A of a linear op: f(x).ravel() = A @ x.ravel().

    f: maps a float64 array of `input_shape` to an array. Column i of A is f of the i-th unit array,
    which is 1 at one place and 0 elsewhere.

    Returns: A, with a row for each element of f(x) and a column for each element of x.
    Raises: ValueError if f is not linear, that is, if f(0) is not 0 or f maps a random array other
        than A does, or if f does not accept the shape; TypeError or ValueError if f is not a
        function, input_shape not a shape, or f's result not an array of numbers.
    """
    a_function("f", f)
    input_shape = tuple(each("input_shape", input_shape, whole))
    size = prod(input_shape)
    room_for("input_shape", size)
    try:
        zero = an_array("what f gives", f(np.zeros(input_shape)), ("…",))
    except (ValueError, TypeError) as error:
        raise ValueError(f"f does not take the input_shape {input_shape}: {error}") from error
    room_for("input_shape", zero.size, size)
    if np.any(zero):
        raise ValueError(
            "f is not linear: f(0) is not 0; an op with a bias is affine, so leave the bias out"
        )
    matrix = np.empty((zero.size, size))
    for i in range(size):
        unit = np.zeros(size)
        unit[i] = 1
        matrix[:, i] = np.asarray(f(unit.reshape(input_shape))).ravel()
    x = np.random.default_rng(0).standard_normal(input_shape)
    if not np.allclose(np.asarray(f(x)).ravel(), matrix @ x.ravel()):
        raise ValueError("f is not linear: f(x) differs from the sum of its parts")
    return matrix
