"""ReLU, leaky ReLU, sigmoid and softmax."""

from nn_scratch.backend import Array, xp_of
from nn_scratch.engine import engine_of
from nn_scratch.validate import check_shape, check_values


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
    check_values(dy=dy, x=x)
    check_shape("dy", dy, x.shape, "the shape of x")
    return engine_of(x).relu_backward(dy, x)


def leaky_relu(x: Array, *, negative_slope: float = 0.01) -> Array:
    """x where x > 0, else negative_slope · x, for an array of any shape. NaN stays NaN."""
    check_values(x=x)
    return xp_of(x).where(x > 0, x, float(negative_slope) * x)


def leaky_relu_backward(dy: Array, x: Array, *, negative_slope: float = 0.01) -> Array:
    """dy where x > 0, else negative_slope · dy, also at the kink."""
    check_values(dy=dy, x=x)
    check_shape("dy", dy, x.shape, "the shape of x")
    return xp_of(x).where(x > 0, dy, float(negative_slope) * dy)


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(−x)), for an array of any shape, by exp(−|x|), which cannot overflow."""
    check_values(x=x)
    xp = xp_of(x)
    e = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, 1, e) / (1 + e)


def sigmoid_backward(dy: Array, y: Array) -> Array:
    """dx = dy · y (1 − y). y is sigmoid's output, of any shape."""
    check_values(dy=dy, y=y)
    check_shape("dy", dy, y.shape, "the shape of y")
    return dy * (y * (1 - y))


def softmax(x: Array, axis: int = 1) -> Array:
    """exp(x) / Σ exp(x) along `axis`, shifted by the maximum so that nothing overflows.

    Returns: y, in the shape of x.
    Raises: TypeError if x is not float32 or float64.
    """
    check_values(x=x)
    return engine_of(x).softmax(x, axis)


def softmax_backward(dy: Array, y: Array, axis: int = 1) -> Array:
    """dx = y · (dy − Σ dy·y): the Jacobian diag(y) − y yᵀ applied to dy. y is softmax's output.

    Returns: dx, in the shape of y.
    Raises: ValueError if dy and y differ in shape; TypeError if they are not both float32 or both
        float64.
    """
    check_values(dy=dy, y=y)
    check_shape("dy", dy, y.shape, "the shape of y")
    return engine_of(y).softmax_backward(dy, y, axis)
