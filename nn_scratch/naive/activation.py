"""ReLU, leaky ReLU, sigmoid and softmax."""

from math import exp

import numpy as np

from nn_scratch.arguments import axis_of, finite
from nn_scratch.backend import Array
from nn_scratch.validate import check_alike, check_values


def relu(x: Array) -> Array:
    """x where it is positive, else 0; NaN stays NaN.

    Returns: y, in the shape of x.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_values(x=x)
    y = x.copy()
    for place in np.ndindex(x.shape):
        if x[place] <= 0:
            y[place] = 0
    return y


def relu_backward(dy: Array, x: Array) -> Array:
    """dy where x is positive, else 0.

    Returns: dx, in the shape of x.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_alike("x", dy=dy, x=x)
    dx = np.zeros_like(dy)
    for place in np.ndindex(x.shape):
        if x[place] > 0:
            dx[place] = dy[place]
    return dx


def leaky_relu(x: Array, *, negative_slope: float = 0.01) -> Array:
    """x where it is positive, else so much less of it.

    Returns: y, in the shape of x.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_values(x=x)
    finite("negative_slope", negative_slope)
    y = x.copy()
    for place in np.ndindex(x.shape):
        if not x[place] > 0:
            y[place] = negative_slope * float(x[place])
    return y


def leaky_relu_backward(dy: Array, x: Array, *, negative_slope: float = 0.01) -> Array:
    """dy where x is positive, else so much less of it.

    Returns: dx, in the shape of x.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_alike("x", dy=dy, x=x)
    finite("negative_slope", negative_slope)
    dx = dy.copy()
    for place in np.ndindex(x.shape):
        if not x[place] > 0:
            dx[place] = negative_slope * float(dy[place])
    return dx


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(−x)), which for negative x is exp(x) / (1 + exp(x)) and cannot overflow.

    Returns: y, in the shape of x.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_values(x=x)
    y = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        e = exp(-abs(float(x[place])))
        y[place] = e / (1 + e) if x[place] < 0 else 1 / (1 + e)
    return y


def sigmoid_backward(dy: Array, y: Array) -> Array:
    """The slope where the sigmoid is y is y (1 − y).

    Returns: dx, in the shape of y.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_alike("y", dy=dy, y=y)
    dx = np.zeros_like(dy)
    for place in np.ndindex(y.shape):
        dx[place] = float(dy[place]) * float(y[place]) * (1 - float(y[place]))
    return dx


def softmax(x: Array, axis: int = 1) -> Array:
    """exp(x) as a share of the sum of exp(x) along the axis.

    Returns: y, in the shape of x.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_values(x=x)
    axis = axis_of("axis", axis, x)
    y = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        line = [float(other) for other in _line(x, place, axis)]
        y[place] = exp(float(x[place]) - max(line)) / sum(exp(s - max(line)) for s in line)
    return y


def softmax_backward(dy: Array, y: Array, axis: int = 1) -> Array:
    """Each x gets y·dy of its own, minus its share of what all the y·dy of its line sum to.

    Returns: dx, in the shape of y.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_alike("y", dy=dy, y=y)
    axis = axis_of("axis", axis, y)
    dx = np.zeros_like(dy)
    for place in np.ndindex(y.shape):
        pairs = zip(_line(y, place, axis), _line(dy, place, axis), strict=True)
        total = sum(float(a) * float(b) for a, b in pairs)
        dx[place] = float(y[place]) * (float(dy[place]) - total)
    return dx


def _line(array, place, axis):
    """The numbers along an axis through a place."""
    axis %= array.ndim
    return array[(*place[:axis], slice(None), *place[axis + 1 :])]
