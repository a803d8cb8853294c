"""How the primitives are computed. `ops/` says what is computed, and knows only these names.

The choice between the ways is made here, and only here: `cpu` for the convolutions of NumPy
arrays, `array`, the plain and readable way, for everything else.
"""

import numpy as np

from nn_scratch.engine import array, cpu
from nn_scratch.engine.array import gather, scatter_add, survivors, window_max

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
    return _convolutions(x).correlate(x, w, windows, groups)


def scatter(g, w, size, windows, groups=1):
    """Contract g (N, F, P, Q) and w (F, C/groups, kh, kw) to x (N, C, *size)."""
    return _convolutions(g).scatter(g, w, size, windows, groups)


def weight_gradient(x, g, windows, groups=1):
    """Contract x (N, C, H, W) and g (N, F, P, Q) to w (F, C/groups, kh, kw)."""
    return _convolutions(x).weight_gradient(x, g, windows, groups)


def _convolutions(x):
    return cpu if isinstance(x, np.ndarray) else array
