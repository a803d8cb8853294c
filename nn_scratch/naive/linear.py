"""The linear layer."""

from itertools import product

import numpy as np

from nn_scratch.backend import Array
from nn_scratch.validate import check_linear, check_shape, check_values


def linear(x: Array, w: Array, b: Array | None = None) -> Array:
    """Each output is the sum of the inputs times the weights, plus a bias.

    Returns: y (N, out).
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_linear(x, w, b)
    y = np.zeros((x.shape[0], w.shape[0]), np.float64)
    for n, f in product(*map(range, y.shape)):
        y[n, f] = 0.0 if b is None else float(b[f])
        for c in range(x.shape[1]):
            y[n, f] += float(x[n, c]) * float(w[f, c])
    return y.astype(x.dtype)


def linear_backward(dy: Array, x: Array, w: Array) -> tuple[Array, Array, Array]:
    """Each product x·w of the forward pass gives dy·w back to x and dy·x to w; b gets every dy.

    Returns: dx (N, in), dw (out, in), db (out,).
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_linear(x, w, None)
    check_values(dy=dy, x=x)
    check_shape("dy", dy, (x.shape[0], w.shape[0]), "the shape of the output")
    dx, dw = np.zeros(x.shape, np.float64), np.zeros(w.shape, np.float64)
    db = np.zeros(w.shape[0], np.float64)
    for n, f in product(*map(range, dy.shape)):
        db[f] += float(dy[n, f])
        for c in range(x.shape[1]):
            dx[n, c] += float(dy[n, f]) * float(w[f, c])
            dw[f, c] += float(dy[n, f]) * float(x[n, c])
    return dx.astype(x.dtype), dw.astype(x.dtype), db.astype(x.dtype)
