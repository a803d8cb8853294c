"""Convolution by lowering to columns, a block of positions at a time.

What the windows of a block see is copied side by side as the columns of a matrix, so that the sum
over a window becomes a matrix product (Chellapilla et al. 2006). The columns of a block stay in a
core's cache, and blocks are shared among threads.
"""

from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nn_scratch.engine.cpu.gemm import multiply, multiply_transposed
from nn_scratch.engine.cpu.threads import ALONE, for_each, parallel_for, workspace
from nn_scratch.engine.cpu.tiling import Block, check_finite, cut, padded
from nn_scratch.geometry import conv_size


def conv_forward(x, w, windows, groups):
    """x (N, C, H, W), w (F, C/groups, kh, kw) -> y (N, F, P, Q)."""
    check_finite(w)  # it meets the zeros of the padding
    n, f, positions = len(x), len(w), conv_size(x.shape[2:], windows)
    weights = w.reshape(groups, f // groups, -1)
    if n * positions[0] * positions[1] * w.size <= ALONE:
        columns = columns_of(x, Block(0, n, 0, positions[0], 0, positions[1]), windows, groups)
        return np.matmul(weights, columns).reshape(n, f, *positions)
    y = np.empty((n, f, *positions), x.dtype)
    flat = y.reshape(n, groups, f // groups, positions[0] * positions[1])

    def work(block):
        columns = columns_of(x, block, windows, groups)
        start = block.top * positions[1] + block.left
        here = flat[block.images, ..., start : start + columns.shape[3]]
        multiply(weights, columns, out=here)  # (G, F/G, K) (n, G, K, L) -> (n, G, F/G, L)

    column_bytes = groups * weights.shape[2] * x.itemsize
    for_each(work, cut(n, positions, column_bytes, w.size))
    return y


def conv_backward_filter(x, g, windows, groups):
    """x (N, C, H, W), g (N, F, P, Q) -> w (F, C/groups, kh, kw)."""
    n, f, *positions = g.shape
    rows = x.shape[1] * prod(windows.kernel) // groups
    if g.size * rows <= ALONE:
        columns = columns_of(x, Block(0, n, 0, positions[0], 0, positions[1]), windows, groups)
        seen = g.reshape(n, groups, f // groups, positions[0] * positions[1])
        w = np.matmul(seen, columns.swapaxes(2, 3)).sum(axis=0)  # (G, F/G, L) (G, L, K)
        check_finite(w)
        return w.reshape(f, -1, *windows.kernel)

    def work(blocks):
        total = 0
        for block in blocks:
            columns = columns_of(x, block, windows, groups)
            seen = g[block.images, :, block.top : block.bottom, block.left : block.right]
            seen = seen.reshape(len(columns), groups, f // groups, -1)
            for a, b in zip(columns, seen, strict=True):
                total += multiply_transposed(a, b)  # (G, K, L) (G, F/G, L) -> (G, K, F/G)
        return total

    blocks = cut(n, positions, (rows * groups + f) * x.itemsize, rows * f)
    w = sum(
        parallel_for(work, blocks, g.size * rows), np.zeros((groups, rows, f // groups), x.dtype)
    )
    check_finite(w)
    return np.ascontiguousarray(w.swapaxes(1, 2)).reshape(f, -1, *windows.kernel)


def columns_of(x, block, windows, groups):
    """The columns of the block's positions: (n, G, C/G·kh·kw, positions)."""
    c, (kh, kw), (sh, sw), (dh, dw) = x.shape[1], windows.kernel, windows.stride, windows.dilation
    n, rows, across = block.shape
    pixels = padded(
        x,
        block.images,
        block.top * sh - windows.padding[0][0],
        (rows - 1) * sh + (kh - 1) * dh + 1,
        block.left * sw - windows.padding[1][0],
        (across - 1) * sw + (kw - 1) * dw + 1,
    )
    if (kh, kw, sh, sw) == (1, 1, 1, 1):  # a column is a pixel: nothing to copy
        return pixels.reshape(n, groups, c // groups, rows * across)
    image, channel, row, column = pixels.strides
    seen = as_strided(
        pixels,
        (n, c, kh, kw, rows, across),
        (image, channel, dh * row, dw * column, sh * row, sw * column),
    )
    # Rows a power of two apart would share few places of the cache, and products take up to 1.6
    # times as long: these are further apart.
    length = rows * across
    apart = length + 16 if length % 256 == 0 else length
    columns = workspace("columns", (n, groups, c // groups * kh * kw, apart), x.dtype)
    columns = columns[..., :length]
    columns.reshape(seen.shape)[...] = seen
    return columns
