"""ReLU and softmax."""

from nn_scratch.engine import engine_of
from nn_scratch.validate import check_shape, check_values


def relu(x):
    """max(x, 0), for an array of any shape. NaN stays NaN."""
    check_values(x=x)
    return engine_of(x).relu(x)


def relu_backward(dy, x):
    """dy where x > 0, else 0. At the kink, x = 0, the gradient is 0."""
    check_values(dy=dy, x=x)
    check_shape("dy", dy, x.shape, "the shape of x")
    return engine_of(x).relu_backward(dy, x)


def softmax(x, axis=1):
    """exp(x) / Σ exp(x) along `axis`, shifted by the maximum so that nothing overflows."""
    check_values(x=x)
    return engine_of(x).softmax(x, axis)


def softmax_backward(dy, y, axis=1):
    """dx = y · (dy − Σ dy·y): the Jacobian diag(y) − y yᵀ applied to dy. y is softmax's output."""
    check_values(dy=dy, y=y)
    check_shape("dy", dy, y.shape, "the shape of y")
    return engine_of(y).softmax_backward(dy, y, axis)
