"""The linear layer: one matrix product, and its two adjoints."""

from nn_scratch.backend import Array
from nn_scratch.engine import engine_of
from nn_scratch.validate import check_linear, check_shape, check_values


def linear(x: Array, w: Array, b: Array | None = None) -> Array:
    """y = x wᵀ + b, for x (N, in), w (out, in), b (out,).

    Returns: y (N, out).
    Raises: ValueError for shapes that do not fit; TypeError if values are not all float32 or all
        float64.
    """
    check_linear(x, w, b)
    y = engine_of(x).matrix_product(x, w.T)  # (N, in) (in, out) -> (N, out)
    if b is not None:
        y += b
    return y


def linear_backward(dy: Array, x: Array, w: Array) -> tuple[Array, Array, Array]:
    """The gradients of linear, from dy (N, out), x (N, in) and w (out, in).

    Returns: dx (N, in), dw (out, in), db (out,).
    Raises: ValueError for shapes that do not fit; TypeError if values are not all float32 or all
        float64.
    """
    check_linear(x, w, None)
    check_values(dy=dy, x=x)
    check_shape("dy", dy, (x.shape[0], w.shape[0]), "the shape of the output")
    engine = engine_of(x)
    dx = engine.matrix_product(dy, w)  # (N, out) (out, in) -> (N, in)
    dw = engine.matrix_product(dy.T, x)  # (out, N) (N, in) -> (out, in)
    db = dy.sum(axis=0)
    return dx, dw, db
