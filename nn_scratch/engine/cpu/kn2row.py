"""Convolution tap by tap: for each a 1×1 convolution, shifted and added (kn2row, Vasudevan et al.
2017).

Nothing is copied for padding, and no tap is multiplied that no pixel sees: memory is that of the
result, however far windows lie apart, and what is not finite goes where it is seen and no further.
"""

import numpy as np

from nn_scratch.engine.cpu.threads import parallel_for
from nn_scratch.geometry import real_taps


def conv_forward(x, w, windows, groups, positions):
    """x (N, C, H, W), w (F, C/groups, kh, kw) -> y (N, F, *positions)."""
    (n, _, *size), f = x.shape, len(w)
    y = np.zeros((n, groups, f // groups, *positions), x.dtype)
    x, taps = _by_group(x, groups), _taps_of(w, groups)

    def work(images):
        for i, j, seen, pixels in real_taps(windows, tuple(size), tuple(positions)):
            for n in images:
                _add_product(taps[i, j], x[(n, ..., *pixels)], y[(n, ..., *seen)])

    parallel_for(work, range(n), y.size * taps[0, 0, 0].size)
    return y.reshape(n, f, *positions)


def conv_backward_data(g, w, size, windows, groups):
    """g (N, F, P, Q), w (F, C/groups, kh, kw) -> x (N, C, *size)."""
    n, _, *positions = g.shape
    x = np.zeros((n, groups, w.shape[1], *size), g.dtype)
    g, taps = _by_group(g, groups), _taps_of(w, groups).swapaxes(-1, -2)

    def work(images):
        for i, j, seen, pixels in real_taps(windows, tuple(size), tuple(positions)):
            for n in images:
                _add_product(taps[i, j], g[(n, ..., *seen)], x[(n, ..., *pixels)])

    parallel_for(work, range(n), g.size * w.size)
    return x.reshape(n, groups * w.shape[1], *size)


def conv_backward_filter(x, g, windows, groups):
    """x (N, C, H, W), g (N, F, P, Q) -> w (F, C/groups, kh, kw)."""
    (_, c, *size), (_, f, *positions) = x.shape, g.shape
    w = np.zeros((*windows.kernel, groups, f // groups, c // groups), x.dtype)
    x, g = _by_group(x, groups), _by_group(g, groups)

    def work(taps):
        for i, j, seen, pixels in taps:
            for n in range(len(x)):
                a, b = (
                    v.reshape(*v.shape[:2], -1) for v in (g[(n, ..., *seen)], x[(n, ..., *pixels)])
                )
                w[i, j] += a @ b.swapaxes(1, 2)  # (G, F/G, L) (G, L, C/G)

    parallel_for(work, real_taps(windows, tuple(size), tuple(positions)), g.size * w.size)
    return np.ascontiguousarray(w.transpose(2, 3, 4, 0, 1)).reshape(f, -1, *windows.kernel)


def _by_group(x, groups):
    """(N, C, H, W) as (N, G, C/G, H, W)."""
    return x.reshape(len(x), groups, x.shape[1] // groups, *x.shape[2:])


def _taps_of(w, groups):
    """Kernels (F, C/G, kh, kw) as a matrix for each tap and group: (kh, kw, G, F/G, C/G)."""
    f, c, kh, kw = w.shape
    return w.transpose(2, 3, 0, 1).reshape(kh, kw, groups, f // groups, c)


def _add_product(a, b, out):
    """(G, M, K) (G, K, rows, columns), added to out (G, M, rows, columns)."""
    out += (a @ _flat(b)).reshape(out.shape)


def _flat(x):
    """(G, C, rows, columns) as (G, C, pixels)."""
    return x.reshape(*x.shape[:2], -1)
