"""The three convolution primitives for NumPy arrays, blocked and threaded.

The same lowering as in array.py, but a block of output rows at a time, so that the block's columns
stay in a core's cache and extra memory does not grow with batch and height (one row is the least
that a block can be); blocks are shared among threads. Two further savings:

- the adjoint needs no col2im: with stride 1 it is itself a correlation, with the kernel turned by
  180° (Dumoulin & Visin 2016, relation 9);
- with stride s it is s² such correlations, one for each phase of the output's pixels modulo s,
  done as one with s² times the channels (Shi et al. 2016, arXiv 1609.07009).
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nn_scratch.engine import array
from nn_scratch.engine.threads import share, thread_count, workspace
from nn_scratch.shapes import Windows, conv_size

BLOCK_BYTES = 1 << 21  # columns of one block: about a core's second-level cache
SMALL_BYTES = 1 << 18  # columns of a whole call that one thread does sooner alone


def correlate(x, w, windows, groups=1):
    """As array.correlate."""
    return _correlate(x, w, windows, groups, conv_size(x.shape[2:], windows))


def scatter(g, w, size, windows, groups=1):
    """As array.scatter."""
    if windows.stride == (1, 1):
        # Padding beyond the kernel's extent turns negative here: windows then start inside g.
        before = (e - 1 - p[0] for e, p in zip(windows.extent, windows.padding, strict=True))
        turned = windows._replace(padding=tuple((b, 0) for b in before))
        return _correlate(g, _turn(w, groups), turned, groups, size)
    if windows.dilation == (1, 1):
        return _scatter_by_phases(g, w, size, windows, groups)
    return array.scatter(g, w, size, windows, groups)


def weight_gradient(x, g, windows, groups=1):
    """As array.weight_gradient."""
    n, f = g.shape[:2]
    positions = g.shape[2:]
    rows = x.shape[1] * windows.kernel[0] * windows.kernel[1] // groups
    g = np.ascontiguousarray(g).reshape(n, groups, f // groups, positions[0] * positions[1])

    def work(blocks):
        total = np.zeros((groups, rows, f // groups), x.dtype)
        for first, last, top, bottom in blocks:
            columns = _columns(x, first, last, top, bottom, windows, groups, positions)
            seen = g[first:last, ..., top * positions[1] : bottom * positions[1]]
            product = workspace("product", total.shape, x.dtype)
            for a, b in zip(columns, seen.swapaxes(2, 3), strict=True):
                # (G, K, L) (G, L, F/G) -> (G, K, F/G): BLAS is faster this way round
                total += np.matmul(a, b, out=product)
        return total

    w = sum(share(work, _blocks(n, positions, rows * groups * x.itemsize)))
    return np.ascontiguousarray(w.swapaxes(1, 2)).reshape(f, -1, *windows.kernel)


def _correlate(x, w, windows, groups, positions):
    """Correlate at the first `positions`, whatever padding after the image that takes."""
    n, f = x.shape[0], w.shape[0]
    weights = array.rows_of(w, groups)
    y = np.empty((n, f, *positions), x.dtype)
    flat = y.reshape(n, groups, f // groups, positions[0] * positions[1])

    def work(blocks):
        for first, last, top, bottom in blocks:
            columns = _columns(x, first, last, top, bottom, windows, groups, positions)
            here = flat[first:last, ..., top * positions[1] : bottom * positions[1]]
            np.matmul(weights, columns, out=here)  # (G, F/G, K) (n, G, K, L) -> (n, G, F/G, L)

    rows = weights.shape[0] * weights.shape[2]
    share(work, _blocks(n, positions, rows * x.itemsize))
    return y


def _scatter_by_phases(g, w, size, windows, groups):
    """The adjoint for stride s. Output pixel q·s + r − pad sees g at q − t through w at r + s·t."""
    f, c, kh, kw = w.shape
    (sh, sw), ((pad_top, _), (pad_left, _)) = windows.stride, windows.padding
    taps = -(-kh // sh), -(-kw // sw)
    phases = np.zeros((f, c, taps[0] * sh, taps[1] * sw), w.dtype)
    phases[:, :, :kh, :kw] = w
    # (G, F/G, c, th, sh, tw, sw), taps turned, to one matrix per group: (G, sh·sw·c, F/G·th·tw)
    phases = phases.reshape(groups, f // groups, c, taps[0], sh, taps[1], sw)[..., ::-1, :, ::-1, :]
    phases = phases.transpose(0, 4, 6, 2, 1, 3, 5).reshape(groups, sh * sw * c, -1)

    n, positions = len(g), (-(-(size[0] + pad_top) // sh), -(-(size[1] + pad_left) // sw))
    plain = Windows(taps, (1, 1), ((taps[0] - 1, 0), (taps[1] - 1, 0)), (1, 1))
    y = np.empty((n, groups, c, *size), g.dtype)

    def work(blocks):
        for first, last, top, bottom in blocks:
            columns = _columns(g, first, last, top, bottom, plain, groups, positions)
            shape = (last - first, groups, sh * sw * c, columns.shape[3])
            product = workspace("product", shape, g.dtype)
            np.matmul(phases, columns, out=product)  # (G, sh·sw·c, K) (n, G, K, L)
            product = product.reshape(*shape[:2], sh, sw, c, bottom - top, positions[1])
            for row_phase in range(sh):
                rows, to_rows = _of_phase(row_phase, sh, pad_top, top, bottom, size[0])
                for phase in range(sw):
                    columns_, to_columns = _of_phase(phase, sw, pad_left, 0, positions[1], size[1])
                    part = product[:, :, row_phase, phase, :, rows, columns_]
                    y[first:last, :, :, to_rows, to_columns] = part

    share(work, _blocks(n, positions, f * taps[0] * taps[1] * g.itemsize))
    return y.reshape(n, groups * c, *size)


def _of_phase(phase, stride, pad, first, last, size):
    """Which of the positions first … last give pixels inside the image, and which pixels."""
    start = max(first, -((phase - pad) // stride))
    stop = max(start, min(last, -((phase - pad - size) // stride)))
    pixel = start * stride + phase - pad
    return slice(start - first, stop - first), slice(pixel, pixel + (stop - start) * stride, stride)


def _turn(w, groups):
    """The weights of the adjoint: kernels turned by 180°, input and output channels swapped."""
    f, c, kh, kw = w.shape
    turned = w[:, :, ::-1, ::-1].reshape(groups, f // groups, c, kh, kw).swapaxes(1, 2)
    return turned.reshape(groups * c, f // groups, kh, kw)


def _blocks(n, positions, position_bytes):
    """(first image, last, first row, last) of blocks whose columns take about BLOCK_BYTES.

    Large images are cut into blocks of rows, small ones put together; every thread gets some,
    unless all is so little that waking a thread would cost more.
    """
    rows, row_bytes = positions[0], positions[1] * position_bytes
    threads = thread_count() if n * rows * row_bytes > SMALL_BYTES else 1
    images = max(1, min(-(-n // threads), BLOCK_BYTES // (rows * row_bytes)))
    pieces = max(-(-rows * row_bytes // BLOCK_BYTES), threads if n < threads else 1)
    step = rows if images > 1 else -(-rows // min(pieces, rows))
    return [
        (first, min(first + images, n), top, min(top + step, rows))
        for first in range(0, n, images)
        for top in range(0, rows, step)
    ]


def _columns(x, first, last, top, bottom, windows, groups, positions):
    """The columns of output rows top:bottom of images first:last: (n, G, K, rows·Q)."""
    (sh, sw), (dh, dw) = windows.stride, windows.dilation
    kh, kw = windows.kernel
    n, c, rows, width = last - first, x.shape[1], bottom - top, positions[1]
    seen = _padded(
        x[first:last],
        top * sh - windows.padding[0][0],
        (rows - 1) * sh + windows.extent[0],
        -windows.padding[1][0],
        (width - 1) * sw + windows.extent[1],
    )
    if (kh, kw, sh, sw) == (1, 1, 1, 1):  # a column is a pixel: nothing to copy
        return seen.reshape(n, groups, c // groups, rows * width)
    a, b, h, v = seen.strides
    windows_of = as_strided(
        seen, (n, c, kh, kw, rows, width), (a, b, dh * h, dw * v, sh * h, sw * v), writeable=False
    )
    columns = workspace("columns", windows_of.shape, x.dtype)
    np.copyto(columns, windows_of)
    return columns.reshape(n, groups, c // groups * kh * kw, rows * width)


def _padded(x, top, height, left, width):
    """Rows top … top + height and columns left … left + width of x, zeros outside of it."""
    row, row_end = max(top, 0), min(top + height, x.shape[2])
    column, column_end = max(left, 0), min(left + width, x.shape[3])
    if (row_end - row, column_end - column) == (height, width):
        return x[:, :, row:row_end, column:column_end]
    padded = workspace("padded", (*x.shape[:2], height, width), x.dtype)
    padded[...] = 0
    if row < row_end and column < column_end:
        inside = padded[:, :, row - top : row_end - top, column - left : column_end - left]
        inside[...] = x[:, :, row:row_end, column:column_end]
    return padded
