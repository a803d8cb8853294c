"""The three convolution primitives for NumPy arrays, blocked and threaded.

The same lowering to columns as in plain.py, but a block of positions at a time, so that the block's
columns stay in a core's cache; blocks are shared among threads. Four further savings:

- the adjoint needs no col2im: with stride 1 it is itself a correlation, with the kernel turned by
  180° (Dumoulin & Visin 2016, relation 9);
- with a stride it is several of them: strided.py;
- few output channels are summed after the product, instead of copying columns before it:
  kn2row.py;
- 3×3, 5×5 and 7×7 kernels with more channels go Winograd's way, with stride 2 from 4×4 to 6×6:
  winograd.py, winograd_1d.py.
"""

from math import prod

import numpy as np

from nn_scratch.engine import plain
from nn_scratch.engine.cpu import kn2row, strided, winograd, winograd_1d
from nn_scratch.engine.cpu.gemm import multiply, multiply_transposed
from nn_scratch.engine.cpu.im2col import columns_of
from nn_scratch.engine.cpu.threads import share
from nn_scratch.engine.cpu.tiling import cut
from nn_scratch.geometry import conv_size


def conv_forward(x, w, windows, groups=1):
    """As plain.conv_forward."""
    return _correlate(x, w, windows, groups, conv_size(x.shape[2:], windows))


def conv_backward_data(g, w, size, windows, groups=1):
    """As plain.conv_backward_data."""
    if windows.stride == (1, 1):
        # Padding beyond the kernel's extent turns negative here: windows then start inside g.
        before = (e - 1 - p[0] for e, p in zip(windows.extent, windows.padding, strict=True))
        turned = windows._replace(padding=tuple((b, 0) for b in before))
        return _correlate(g, _turn(w, groups), turned, groups, size)
    if windows.dilation != (1, 1):
        w, windows = _spread(w, windows), windows._replace(kernel=windows.extent, dilation=(1, 1))
    if winograd.suits(*w.shape[:2], windows, groups, positions=g[:, 0].size):
        return winograd.conv_backward_data(g, w, size, windows)
    return strided.conv_backward_data(g, w, size, windows, groups)


def conv_backward_filter(x, g, windows, groups=1):
    """As plain.conv_backward_filter."""
    n, f, *positions = g.shape
    if way := _winograds_way(f, x.shape[1], windows, groups, g[:, 0].size):
        return way.conv_backward_filter(x, g, windows)
    rows = x.shape[1] * windows.kernel[0] * windows.kernel[1] // groups

    def work(tasks):
        total = np.zeros((groups, rows, f // groups), x.dtype)
        for block in tasks:
            columns = columns_of(x, block, windows, groups)
            _, _, top, bottom, left, right = block
            seen = g[block.images, :, top:bottom, left:right]
            seen = seen.reshape(len(columns), groups, f // groups, -1)
            for a, b in zip(columns, seen, strict=True):
                total += multiply_transposed(a, b)  # (G, K, L) (G, F/G, L) -> (G, K, F/G)
        return total

    w = sum(share(work, cut(n, positions, (rows * groups + f) * x.itemsize, rows * f)))
    return np.ascontiguousarray(w.swapaxes(1, 2)).reshape(f, -1, *windows.kernel)


def _correlate(x, w, windows, groups, positions):
    """Correlate at the first `positions`, whatever padding after the image that takes."""
    n, f = x.shape[0], w.shape[0]
    if way := _winograds_way(f, x.shape[1], windows, groups, n * prod(positions)):
        return way.conv_forward(x, w, windows, positions)
    if kn2row.suits(f, x, windows):
        y = np.empty((n, f, *positions), x.dtype)

        def put(block, found):
            y[block.images, :, block.top : block.bottom, block.left : block.right] = found

        kn2row.conv_forward(x, w, windows, groups, positions, put)
        return y
    weights = plain.rows_of(w, groups)
    y = np.empty((n, f, *positions), x.dtype)
    flat = y.reshape(n, groups, f // groups, positions[0] * positions[1])

    def work(tasks):
        for block in tasks:
            columns = columns_of(x, block, windows, groups)
            start = block.top * positions[1] + block.left
            here = flat[block.images, ..., start : start + columns.shape[3]]
            multiply(weights, columns, out=here)  # (G, F/G, K) (n, G, K, L) -> (n, G, F/G, L)

    columns_bytes = weights.shape[0] * weights.shape[2] * x.itemsize
    share(work, cut(n, positions, columns_bytes, w.size))
    return y


def _winograds_way(f, c, windows, groups, positions):
    """The module that convolves C to F channels with these windows faster, if one does."""
    for way in (winograd, winograd_1d):
        if way.suits(f, c, windows, groups, positions):
            return way
    return None


def _turn(w, groups):
    """The weights of the adjoint: kernels turned by 180°, input and output channels swapped."""
    f, c, kh, kw = w.shape
    turned = w[:, :, ::-1, ::-1].reshape(groups, f // groups, c, kh, kw).swapaxes(1, 2)
    return turned.reshape(groups * c, f // groups, kh, kw)


def _spread(w, windows):
    """The dilated kernel written out, zeros between its taps."""
    spread = np.zeros((*w.shape[:2], *windows.extent), w.dtype)
    spread[:, :, :: windows.dilation[0], :: windows.dilation[1]] = w
    return spread
