"""How the primitives are computed. `ops/` says what is computed, and knows only these names.

The choice between the ways is made here, and only here: `cpu_conv` and `cpu_pool` for NumPy
arrays, `array`, the plain and readable way, for all others. What each primitive means is written
in `array`.
"""

import numpy as np

from nn_scratch.engine import array, cpu_conv, cpu_pool
from nn_scratch.engine.array import survivors

__all__ = [
    "correlate",
    "gather",
    "scatter",
    "scatter_add",
    "survivors",
    "weight_gradient",
    "window_max",
]


def correlate(x, w, windows, groups=1):
    """Contract x (N, C, H, W) and w (F, C/groups, kh, kw) to y (N, F, P, Q)."""
    return _way(x, cpu_conv).correlate(x, w, windows, groups)


def scatter(g, w, size, windows, groups=1):
    """Contract g (N, F, P, Q) and w (F, C/groups, kh, kw) to x (N, C, *size)."""
    return _way(g, cpu_conv).scatter(g, w, size, windows, groups)


def weight_gradient(x, g, windows, groups=1):
    """Contract x (N, C, H, W) and g (N, F, P, Q) to w (F, C/groups, kh, kw)."""
    return _way(x, cpu_conv).weight_gradient(x, g, windows, groups)


def window_max(x, windows, positions):
    """x (N, C, H, W) -> the windows' maxima (N, C, P, Q) and their switches."""
    return _way(x, cpu_pool).window_max(x, windows, positions)


def gather(x, switches):
    """x (N, C, H, W) -> the pixels that the switches (N, C, P, Q) name."""
    return _way(x, cpu_pool).gather(x, switches)


def scatter_add(values, switches, size, disjoint=False):
    """The adjoint of gather: values (N, C, P, Q) -> (N, C, *size)."""
    return _way(values, cpu_pool).scatter_add(values, switches, size, disjoint)


def _way(x, cpu):
    return cpu if isinstance(x, np.ndarray) else array
