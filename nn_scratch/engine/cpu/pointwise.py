"""ReLU for NumPy arrays, in pieces that fit the cache, shared among threads."""

import numpy as np

from nn_scratch.engine.cpu.threads import for_each, workspace
from nn_scratch.engine.cpu.tiling import pieces


def relu(x):
    """As plain.relu."""
    y = np.empty(x.shape, x.dtype)
    source, target = np.ascontiguousarray(x).reshape(-1), y.reshape(-1)

    def work(piece):
        np.clip(source[piece], 0, np.inf, out=target[piece])

    for_each(work, pieces(x.size), products=0)
    return y


def relu_backward(dy, x):
    """As plain.relu_backward."""
    dx = np.empty(x.shape, x.dtype)
    g, source, target = (np.ascontiguousarray(array).reshape(-1) for array in (dy, x, dx))

    def work(piece):
        mask(g[piece], source[piece], out=target[piece])

    for_each(work, pieces(x.size), products=0)
    return dx


def mask(dy, y, out):
    """out = dy where y > 0, else 0. By bits: as products, 0 · ∞ and 0 · NaN would be NaN."""
    integers = f"i{dy.itemsize}"
    bits = workspace("bits", y.shape, integers)
    np.greater(y, 0, out=bits)
    np.negative(bits, out=bits)  # all bits of −1 are set
    np.bitwise_and(dy.view(integers), bits, out=out.view(integers))
