"""The linear layer: one matrix product, and its two adjoints."""

from nn_scratch.backend import Array
from nn_scratch.engine import engine_of
from nn_scratch.validate import check_rank, check_shape, check_values


def linear(x: Array, w: Array, b: Array | None = None) -> Array:
    """y = x wᵀ + b, for x (N, in), w (out, in), b (out,).

    Returns: y (N, out).
    Raises: ValueError for shapes that do not fit; TypeError if values are not all float32 or all
        float64.
    """
    _check_arguments(x, w, b)
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
    _check_arguments(x, w, None)
    check_values(dy=dy, x=x)
    check_shape("dy", dy, (x.shape[0], w.shape[0]), "the shape of the output")
    engine = engine_of(x)
    dx = engine.matrix_product(dy, w)  # (N, out) (out, in) -> (N, in)
    dw = engine.matrix_product(dy.T, x)  # (out, N) (N, in) -> (out, in)
    db = dy.sum(axis=0)
    return dx, dw, db


def _check_arguments(x, w, b):
    check_values("b", x=x, w=w, b=b)
    check_rank("x", x, 2)
    check_rank("w", w, 2)
    if x.shape[1] != w.shape[1]:
        raise ValueError(
            f"x {x.shape} has {x.shape[1]} features, but w {w.shape} expects {w.shape[1]}: "
            "w is (out, in)"
        )
    if b is not None:
        check_shape("b", b, (w.shape[0],), "one bias for each output feature")
