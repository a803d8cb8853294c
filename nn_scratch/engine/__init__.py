"""How the primitives are computed. `ops/` says what is computed, and knows only these names.

The choice between the ways is made here, and only here: the `cpu_…` modules and `product` for NumPy
arrays; for CuPy's, `gpu`, where that has a kernel, and else `array`, the plain and readable way.
What each primitive means is written in `array`.
"""

import numpy as np

from nn_scratch.engine import array, cpu_conv, cpu_loss, cpu_pointwise, cpu_pool, gpu, product
from nn_scratch.engine.array import survivors

__all__ = [
    "channel_blend",
    "channel_moments",
    "channel_normalize",
    "channel_products",
    "channel_sum",
    "correlate",
    "cross_entropy_slopes",
    "cross_entropy_terms",
    "gather",
    "in_pieces",
    "matrix_product",
    "rectify",
    "rectify_gradient",
    "sandwich",
    "scatter",
    "scatter_add",
    "survivors",
    "weight_gradient",
    "window_max",
]


def correlate(x, w, windows, groups=1):
    """Contract x (N, C, H, W) and w (F, C/groups, kh, kw) to y (N, F, P, Q)."""
    return _way(x, cpu_conv, gpu).correlate(x, w, windows, groups)


def scatter(g, w, size, windows, groups=1):
    """Contract g (N, F, P, Q) and w (F, C/groups, kh, kw) to x (N, C, *size)."""
    return _way(g, cpu_conv, gpu).scatter(g, w, size, windows, groups)


def weight_gradient(x, g, windows, groups=1):
    """Contract x (N, C, H, W) and g (N, F, P, Q) to w (F, C/groups, kh, kw)."""
    return _way(x, cpu_conv, gpu).weight_gradient(x, g, windows, groups)


def window_max(x, windows, positions):
    """x (N, C, H, W) -> the windows' maxima (N, C, P, Q) and their switches."""
    return _way(x, cpu_pool, gpu).window_max(x, windows, positions)


def gather(x, switches):
    """x (N, C, H, W) -> the pixels that the switches (N, C, P, Q) name."""
    return _way(x, cpu_pool, gpu).gather(x, switches)


def scatter_add(values, switches, size, windows=None):
    """The adjoint of gather: values (N, C, P, Q) -> (N, C, *size). `windows`, if given, promises
    that the switches are those of such a pool."""
    return _way(values, cpu_pool, gpu).scatter_add(values, switches, size, windows)


def channel_moments(x):
    """x (N, C, H, W) -> the mean and the variance of each channel, (C,)."""
    return _way(x, cpu_pointwise, gpu).channel_moments(x)


def channel_normalize(x, statistics, scale, shift, rectified=False):
    """(x − mean) · scale + shift; statistics are (mean, variance), all but x (C,). If `rectified`,
    what is negative becomes 0."""
    return _way(x, cpu_pointwise, gpu).channel_normalize(x, statistics, scale, shift, rectified)


def channel_sum(x):
    """x (N, C, H, W) -> the sum of each channel, (C,)."""
    return _way(x, cpu_pointwise).channel_sum(x)


def channel_products(dy, x, statistics, y=None):
    """Σ dy and Σ dy · (x − mean) of each channel, and dy; with y, only dy where y > 0 counts, and a
    new dy is returned, with zeros elsewhere."""
    return _way(x, cpu_pointwise, gpu).channel_products(dy, x, statistics, y)


def channel_blend(dy, x, statistics, a, b, c, overwrite=False):
    """a · dy + b · (x − mean) + c, with a, b, c (C,). With `overwrite`, it may take dy's place."""
    return _way(x, cpu_pointwise, gpu).channel_blend(dy, x, statistics, a, b, c, overwrite)


def rectify(x):
    """max(x, 0), for an array of any shape."""
    return _way(x, cpu_pointwise).rectify(x)


def rectify_gradient(dy, x):
    """dy where x > 0, else 0."""
    return _way(x, cpu_pointwise).rectify_gradient(dy, x)


def in_pieces(update, *arrays):
    """Call `update`, which works in place and element by element, on arrays of one shape."""
    _way(arrays[0], cpu_pointwise).in_pieces(update, *arrays)


def cross_entropy_terms(scores, labels):
    """log Σ_k exp(s_k) − s_y at every label y: scores (N, K, …), labels (N, …) -> (N, …)."""
    return _way(scores, cpu_loss, gpu).cross_entropy_terms(scores, labels)


def cross_entropy_slopes(scores, labels, factors):
    """(softmax(scores) − onehot(labels)) · factors: scores (N, K, …), the others (N, …)."""
    return _way(scores, cpu_loss, gpu).cross_entropy_slopes(scores, labels, factors)


def matrix_product(a, b):
    """a (M, K) times b (K, N)."""
    return _way(a, product).matrix_product(a, b)


def sandwich(a, x, b):
    """a x bᵀ for every plane of x: (P, H) (N, C, H, W) (W, Q) -> (N, C, P, Q)."""
    return _way(x, product).sandwich(a, x, b)


def _way(x, cpu, device=array):
    return cpu if isinstance(x, np.ndarray) else device
