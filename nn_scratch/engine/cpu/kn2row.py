"""Correlation to few channels: the products first, for every pixel and tap, then their sums."""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nn_scratch.engine.cpu.gemm import multiply
from nn_scratch.engine.cpu.threads import share, workspace
from nn_scratch.engine.cpu.tiling import block_bytes, cut, padded

FEW = 4  # times as many input channels as output channels, from which on those are few


def suits(f, x, windows):
    """Whether output channels are few, and blocks large: their windows reach beyond them."""
    channels, (kh, kw), extent = x.shape[1], windows.kernel, windows.extent
    position_bytes = (f * kh * kw + channels) * x.itemsize
    large = 4 * extent[0] * extent[1] * position_bytes <= block_bytes()
    return windows.stride == (1, 1) != windows.kernel and FEW * f <= channels and large


def conv_forward(x, w, windows, groups, positions, put):
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
