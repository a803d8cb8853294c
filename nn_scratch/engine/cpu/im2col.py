"""Lowering: what the windows of a block see, copied side by side as the columns of a matrix."""

from numpy.lib.stride_tricks import as_strided

from nn_scratch.engine.cpu.threads import workspace
from nn_scratch.engine.cpu.tiling import padded


def columns_of(x, block, windows, groups):
    """The columns of the block's positions: (n, G, C/G·kh·kw, positions)."""
    (kh, kw), (sh, sw) = windows.kernel, windows.stride
    seen = _seen(x, block, windows)
    n, c, _, _, rows, across = seen.shape
    if (kh, kw, sh, sw) == (1, 1, 1, 1):  # a column is a pixel: nothing to copy
        return seen.reshape(n, groups, c // groups, rows * across)
    columns = _matrix((n, c, kh, kw), rows * across, x.dtype)
    columns.reshape(seen.shape)[...] = seen
    return columns.reshape(n, groups, c // groups * kh * kw, rows * across)


def columns_by_tap(x, block, windows, groups):
    """The same ordered by taps, from the last tap to the first: (n, G, kh, kw·C/G, positions)."""
    seen = _seen(x, block, windows)[:, :, ::-1, ::-1]
    n, c, kh, kw, rows, across = seen.shape
    seen = seen.reshape(n, groups, c // groups, kh, kw, rows, across).transpose(0, 1, 3, 4, 2, 5, 6)
    columns = _matrix((n, groups, kh, kw * (c // groups)), rows * across, x.dtype)
    columns.reshape(seen.shape)[...] = seen
    return columns


def _seen(x, block, windows):
    """What each tap of the block's windows sees, a view: (n, C, kh, kw, rows, columns)."""
    (sh, sw), (dh, dw) = windows.stride, windows.dilation
    n, rows, across = block.shape
    pixels = padded(
        x,
        block.images,
        block.top * sh - windows.padding[0][0],
        (rows - 1) * sh + windows.extent[0],
        block.left * sw - windows.padding[1][0],
        (across - 1) * sw + windows.extent[1],
    )
    image, channel, row, column = pixels.strides
    return as_strided(
        pixels,
        (n, x.shape[1], *windows.kernel, rows, across),
        (image, channel, dh * row, dw * column, sh * row, sw * column),
        writeable=False,
    )


def _matrix(shape, length, dtype):
    """A workspace of this shape, with rows of this length. Rows a power of two apart would share
    few places of the cache, and products take up to 1.6 times as long: these are further apart."""
    apart = length + 16 if length % 256 == 0 else length
    return workspace("columns", (*shape, apart), dtype)[..., :length]
