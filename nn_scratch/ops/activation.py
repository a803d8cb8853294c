"""ReLU, leaky ReLU, sigmoid and softmax."""

from nn_scratch.arguments import axis_of, finite
from nn_scratch.backend import Array
from nn_scratch.engine import engine_of
from nn_scratch.validate import check_alike, check_values


def relu(x: Array) -> Array:
    """max(x, 0), for an array of any shape. NaN stays NaN.

    Returns: y, in the shape of x.
    Raises: TypeError if x is not float32 or float64.
    """
    check_values(x=x)
    return engine_of(x).relu(x)


def relu_backward(dy: Array, x: Array) -> Array:
    """dy where x > 0, else 0. At the kink, x = 0, the gradient is 0.

    Returns: dx, in the shape of x.
    Raises: ValueError if dy and x differ in shape; TypeError if they are not both float32 or both
        float64.
    """
    check_alike("x", dy=dy, x=x)
    return engine_of(x).relu_backward(dy, x)


def leaky_relu(x: Array, *, negative_slope: float = 0.01) -> Array:
    """x where x > 0, else negative_slope · x, for an array of any shape. NaN stays NaN.

    Returns: an array in the shape of x.
    Raises: TypeError if x is not an array of float32 or float64.
    """
    check_values(x=x)
    return engine_of(x).leaky_relu(x, finite("negative_slope", negative_slope))


def leaky_relu_backward(dy: Array, x: Array, *, negative_slope: float = 0.01) -> Array:
    """dy where x > 0, else negative_slope · dy. So it is at the kink, x = 0, too.

    Returns: dx, in the shape of x.
    Raises: ValueError if dy has another shape than x, TypeError if dtypes do not fit.
    """
    check_alike("x", dy=dy, x=x)
    return engine_of(x).leaky_relu_backward(dy, x, finite("negative_slope", negative_slope))


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(−x)), for an array of any shape, without overflow for any x.

    Returns: an array in the shape of x.
    Raises: TypeError if x is not an array of float32 or float64.
    """
    check_values(x=x)
    return engine_of(x).sigmoid(x)


def sigmoid_backward(dy: Array, y: Array) -> Array:
    """dy · y (1 − y), the slope of the sigmoid being y (1 − y). y is sigmoid's output.

    Returns: dx, in the shape of y.
    Raises: ValueError if dy has another shape than y, TypeError if dtypes do not fit.
    """
    check_alike("y", dy=dy, y=y)
    return engine_of(y).sigmoid_backward(dy, y)


def softmax(x: Array, axis: int = 1) -> Array:
    """exp(x) / Σ exp(x) along `axis`, shifted by the maximum so that nothing overflows.

    Returns: y, in the shape of x.
    Raises: TypeError if x is not float32 or float64; ValueError if it has no such axis.
    """
    check_values(x=x)
    axis = axis_of("axis", axis, x)
    return engine_of(x).softmax(x, axis) if x.size else x.copy()


def softmax_backward(dy: Array, y: Array, axis: int = 1) -> Array:
    """dx = y · (dy − Σ dy·y): the Jacobian diag(y) − y yᵀ applied to dy. y is softmax's output.

    Returns: dx, in the shape of y.
    Raises: ValueError if dy and y differ in shape; TypeError if they are not both float32 or both
        float64.
    """
    check_alike("y", dy=dy, y=y)
    axis = axis_of("axis", axis, y)
    return engine_of(y).softmax_backward(dy, y, axis)
