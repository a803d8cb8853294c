"""How the primitives are computed. `ops/` says what is computed, and knows only these names.

The choice between the ways is made here, and only here: the `cpu_…` modules and `product` for NumPy
arrays; for CuPy's, `gpu`, where that has a kernel, and else `array`, the plain and readable way.
What each primitive means is written in `plain`.
"""

import numpy as np

from nn_scratch.engine import plain
from nn_scratch.engine.cpu import batch_norm, conv, gemm, loss, pool
from nn_scratch.engine.cuda import launch as cuda
from nn_scratch.engine.plain import last_writer_mask

__all__ = [
    "batch_norm_backward_elemt",
    "batch_norm_backward_reduce",
    "batch_norm_elemt",
    "batch_norm_stats",
    "channel_sum",
    "conv_backward_data",
    "conv_backward_filter",
    "conv_forward",
    "cross_entropy_slopes",
    "cross_entropy_terms",
    "gather",
    "in_pieces",
    "last_writer_mask",
    "matrix_product",
    "max_pool_argmax",
    "rectify",
    "rectify_gradient",
    "scatter_add",
    "separable_transform",
]


def conv_forward(x, w, windows, groups=1):
    """Contract x (N, C, H, W) and w (F, C/groups, kh, kw) to y (N, F, P, Q)."""
    return _way(x, conv, cuda).conv_forward(x, w, windows, groups)


def conv_backward_data(g, w, size, windows, groups=1):
    """Contract g (N, F, P, Q) and w (F, C/groups, kh, kw) to x (N, C, *size)."""
    return _way(g, conv, cuda).conv_backward_data(g, w, size, windows, groups)


def conv_backward_filter(x, g, windows, groups=1):
    """Contract x (N, C, H, W) and g (N, F, P, Q) to w (F, C/groups, kh, kw)."""
    return _way(x, conv, cuda).conv_backward_filter(x, g, windows, groups)


def max_pool_argmax(x, windows, positions):
    """x (N, C, H, W) -> the windows' maxima (N, C, P, Q) and their switches."""
    return _way(x, pool, cuda).max_pool_argmax(x, windows, positions)


def gather(x, switches):
    """x (N, C, H, W) -> the pixels that the switches (N, C, P, Q) name."""
    return _way(x, pool, cuda).gather(x, switches)


def scatter_add(values, switches, size, windows=None):
    """The adjoint of gather: values (N, C, P, Q) -> (N, C, *size). `windows`, if given, promises
    that the switches are those of such a pool."""
    return _way(values, pool, cuda).scatter_add(values, switches, size, windows)


def batch_norm_stats(x):
    """x (N, C, H, W) -> the mean and the variance of each channel, (C,)."""
    return _way(x, batch_norm, cuda).batch_norm_stats(x)


def batch_norm_elemt(x, statistics, scale, shift, rectified=False):
    """(x − mean) · scale + shift; statistics are (mean, variance), all but x (C,). If `rectified`,
    what is negative becomes 0."""
    return _way(x, batch_norm, cuda).batch_norm_elemt(x, statistics, scale, shift, rectified)


def channel_sum(x):
    """x (N, C, H, W) -> the sum of each channel, (C,)."""
    return _way(x, batch_norm).channel_sum(x)


def batch_norm_backward_reduce(dy, x, statistics, y=None):
    """Σ dy and Σ dy · (x − mean) of each channel, and dy; with y, only dy where y > 0 counts, and a
    new dy is returned, with zeros elsewhere."""
    return _way(x, batch_norm, cuda).batch_norm_backward_reduce(dy, x, statistics, y)


def batch_norm_backward_elemt(dy, x, statistics, a, b, c, overwrite=False):
    """a · dy + b · (x − mean) + c, with a, b, c (C,). With `overwrite`, it may take dy's place."""
    return _way(x, batch_norm, cuda).batch_norm_backward_elemt(
        dy, x, statistics, a, b, c, overwrite
    )


def rectify(x):
    """max(x, 0), for an array of any shape."""
    return _way(x, batch_norm).rectify(x)


def rectify_gradient(dy, x):
    """dy where x > 0, else 0."""
    return _way(x, batch_norm).rectify_gradient(dy, x)


def in_pieces(update, *arrays):
    """Call `update`, which works in place and element by element, on arrays of one shape."""
    _way(arrays[0], batch_norm).in_pieces(update, *arrays)


def cross_entropy_terms(scores, labels):
    """log Σ_k exp(s_k) − s_y at every label y: scores (N, K, …), labels (N, …) -> (N, …)."""
    return _way(scores, loss, cuda).cross_entropy_terms(scores, labels)


def cross_entropy_slopes(scores, labels, factors):
    """(softmax(scores) − onehot(labels)) · factors: scores (N, K, …), the others (N, …)."""
    return _way(scores, loss, cuda).cross_entropy_slopes(scores, labels, factors)


def matrix_product(a, b):
    """a (M, K) times b (K, N)."""
    return _way(a, gemm).matrix_product(a, b)


def separable_transform(a, x, b):
    """a x bᵀ for every plane of x: (P, H) (N, C, H, W) (W, Q) -> (N, C, P, Q)."""
    return _way(x, gemm).separable_transform(a, x, b)


def _way(x, cpu, device=plain):
    return cpu if isinstance(x, np.ndarray) else device
