"""The three convolution primitives for NumPy arrays, blocked and threaded.

The same lowering to columns as in array.py, but a block of positions at a time, so that the block's
columns stay in a core's cache; blocks are shared among threads. Four further savings:

- the adjoint needs no col2im: with stride 1 it is itself a correlation, with the kernel turned by
  180° (Dumoulin & Visin 2016, relation 9);
- with stride s it is s² such correlations, one for each phase of the output's pixels modulo s,
  done as one with s² times the channels (Shi et al. 2016, arXiv 1609.07009);
- few output channels are summed after the product, instead of copying columns before it;
- 3×3, 5×5 and 7×7 kernels with more channels go Winograd's way, with stride 2 up to 6×6.
"""

from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nn_scratch.engine import array, blocks, phases, winograd, winograd_rows
from nn_scratch.engine.blocks import cut, padded
from nn_scratch.engine.product import multiply, multiply_transposed
from nn_scratch.engine.threads import share, workspace
from nn_scratch.shapes import conv_size

FEW = 4  # times as many input channels as output channels, from which on those are few


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
    if windows.dilation != (1, 1):
        w, windows = _spread(w, windows), windows._replace(kernel=windows.extent, dilation=(1, 1))
    if winograd.suits_phases(*w.shape[:2], windows, groups, positions=g[:, 0].size):
        return winograd.scatter(g, w, size, windows)
    return _scatter_by_phases(g, w, size, windows, groups)


def weight_gradient(x, g, windows, groups=1):
    """As array.weight_gradient."""
    n, f, *positions = g.shape
    if way := _winograds_way(f, x.shape[1], windows, groups, g[:, 0].size):
        return way.weight_gradient(x, g, windows)
    rows = x.shape[1] * windows.kernel[0] * windows.kernel[1] // groups

    def work(tasks):
        total = np.zeros((groups, rows, f // groups), x.dtype)
        for block in tasks:
            columns = _columns(x, block, windows, groups)
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
        return way.correlate(x, w, windows, positions)
    if _to_few(f, x, windows):
        y = np.empty((n, f, *positions), x.dtype)

        def put(block, found):
            y[block.images, :, block.top : block.bottom, block.left : block.right] = found

        _correlate_to_few(x, w, windows, groups, positions, put)
        return y
    weights = array.rows_of(w, groups)
    y = np.empty((n, f, *positions), x.dtype)
    flat = y.reshape(n, groups, f // groups, positions[0] * positions[1])

    def work(tasks):
        for block in tasks:
            columns = _columns(x, block, windows, groups)
            start = block.top * positions[1] + block.left
            here = flat[block.images, ..., start : start + columns.shape[3]]
            multiply(weights, columns, out=here)  # (G, F/G, K) (n, G, K, L) -> (n, G, F/G, L)

    columns_bytes = weights.shape[0] * weights.shape[2] * x.itemsize
    share(work, cut(n, positions, columns_bytes, w.size))
    return y


def _winograds_way(f, c, windows, groups, positions):
    """The module that convolves C to F channels with these windows faster, if one does."""
    for way in (winograd, winograd_rows):
        if way.suits(f, c, windows, groups, positions):
            return way
    return None


def _to_few(f, x, windows):
    """Whether output channels are few, and blocks large: their windows reach beyond them."""
    channels, (kh, kw), extent = x.shape[1], windows.kernel, windows.extent
    position_bytes = (f * kh * kw + channels) * x.itemsize
    large = 4 * extent[0] * extent[1] * position_bytes <= blocks.block_bytes()
    return windows.stride == (1, 1) != windows.kernel and FEW * f <= channels and large


def _correlate_to_few(x, w, windows, groups, positions, put):
    """To few channels: multiply the pixels with all taps first, then add up what each window sees;
    what is found for a block, (n, F, rows, columns), goes to `put`.

    The products are fewer than the columns that they save copying: F·kh·kw instead of C·kh·kw.
    """
    (n, channels), (f, _, kh, kw) = x.shape[:2], w.shape
    (dh, dw), extent = windows.dilation, windows.extent
    # (F, C/G, kh, kw) to one matrix per group: (G, F/G·kh·kw, C/G)
    taps = w.reshape(groups, f // groups, -1, kh, kw).transpose(0, 1, 3, 4, 2)
    taps = taps.reshape(groups, f // groups * kh * kw, -1)

    def work(tasks):
        for block in tasks:
            images, rows, across = block.shape
            height, width = rows + extent[0] - 1, across + extent[1] - 1
            first = block.top - windows.padding[0][0], block.left - windows.padding[1][0]
            seen = padded(x, block.images, first[0], height, first[1], width)
            seen = seen.reshape(images, groups, channels // groups, height * width)
            product = workspace("product", (images, groups, taps.shape[1], height * width), x.dtype)
            multiply(taps, seen, out=product)  # (G, F/G·kh·kw, C/G) (n, G, C/G, S)
            product = product.reshape(images, f, kh, kw, height, width)
            image, channel, of_row, of_column, row, column = product.strides
            # (n, F, kh, kw, rows, columns): of each tap what the windows see through it
            seen = as_strided(
                product,
                (images, f, kh, kw, rows, across),
                (image, channel, of_row + dh * row, of_column + dw * column, row, column),
            )
            found = workspace("found", (images, f, rows, across), x.dtype)
            put(block, np.add.reduce(seen, axis=(2, 3), out=found))

    position_bytes = (f * kh * kw + channels) * x.itemsize
    share(work, cut(n, positions, position_bytes, w.size, least_rows=2 * extent[0]))


def _scatter_by_phases(g, w, size, windows, groups):
    """The adjoint for stride s. Output pixel q·s + r − pad sees g at q − t through w at r + s·t."""
    (n, f), c, (sh, sw) = g.shape[:2], w.shape[1], windows.stride
    (pad_top, _), (pad_left, _) = windows.padding
    kernels = phases.split(w, windows)[..., ::-1, ::-1]  # (F, sh, sw, C/G, th, tw)
    kernels = kernels.reshape(groups, f // groups, sh * sw * c, *kernels.shape[4:]).swapaxes(1, 2)
    kernels = kernels.reshape(-1, *kernels.shape[2:])  # (G·sh·sw·C/G, F/G, th, tw)
    plain, positions = phases.adjoint_windows(windows), phases.positions(size, windows)
    y = np.empty((n, groups, c, *size), g.dtype)

    def put(block, found):
        images, rows, across = block.shape
        found = found.reshape(images, groups, sh, sw, c, rows, across)
        for i, j in np.ndindex(sh, sw):
            down, to_down = phases.pixels(i, sh, pad_top, block.top, block.bottom, size[0])
            over, to_over = phases.pixels(j, sw, pad_left, block.left, block.right, size[1])
            y[block.images, :, :, to_down, to_over] = found[:, :, i, j, :, down, over]

    if _to_few(len(kernels), g, plain):
        _correlate_to_few(g, kernels, plain, groups, positions, put)
    else:
        _correlate_columns(g, kernels, plain, groups, positions, put)
    return y.reshape(n, groups * c, *size)


def _correlate_columns(x, w, windows, groups, positions, put):
    """Correlate by columns; what is found for a block, (n, G, F/G, L), goes to `put`."""
    weights = array.rows_of(w, groups)

    def work(tasks):
        for block in tasks:
            columns = _columns(x, block, windows, groups)
            shape = len(columns), *weights.shape[:2], columns.shape[3]
            found = workspace("product", shape, x.dtype)
            put(block, multiply(weights, columns, out=found))  # (G, F/G, K) (n, G, K, L)

    values = len(w) + groups * weights.shape[2]
    share(work, cut(len(x), positions, values * x.itemsize, w.size))


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


def _columns(x, block, windows, groups):
    """The columns of the block's positions: (n, G, K, positions)."""
    (sh, sw), (dh, dw) = windows.stride, windows.dilation
    kh, kw = windows.kernel
    n, rows, across = block.shape
    c, length = x.shape[1], rows * across
    seen = padded(
        x,
        block.images,
        block.top * sh - windows.padding[0][0],
        (rows - 1) * sh + windows.extent[0],
        block.left * sw - windows.padding[1][0],
        (across - 1) * sw + windows.extent[1],
    )
    if (kh, kw, sh, sw) == (1, 1, 1, 1):  # a column is a pixel: nothing to copy
        return seen.reshape(n, groups, c // groups, length)
    image, channel, row, column = seen.strides
    windows_of = as_strided(
        seen,
        (n, c, kh, kw, rows, across),
        (image, channel, dh * row, dw * column, sh * row, sw * column),
        writeable=False,
    )
    # Rows a power of two apart share few places of the cache: products up to 1.6 times slower.
    apart = length + 16 if length % 256 == 0 else length
    columns = workspace("columns", (n, c, kh, kw, apart), x.dtype)[..., :length]
    columns.reshape(n, c, kh, kw, rows, across)[...] = windows_of
    return columns.reshape(n, groups, c // groups * kh * kw, length)
