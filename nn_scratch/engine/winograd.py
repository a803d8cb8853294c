"""Winograd's convolution, 3×3 with stride 1: tiles of 4×4 outputs from 36 products instead of 144.

    Y = Aᵀ [ (G w Gᵀ) ⊙ (Bᵀ d B) ] A        (Lavin & Gray 2016, arXiv 1509.09308, equation 8)

d is a 6×6 tile of the image, w a kernel, Y the 4×4 outputs that the tile holds: polynomials are
multiplied by their values at six points. Summed over channels, ⊙ becomes 36 matrix products.

Lavin & Gray's points are 0, ±1, ±2, ∞; with 0, ±3/4, ±3/2, ∞ the largest float32 error is a fifth.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nn_scratch.engine.blocks import cut, padded
from nn_scratch.engine.product import matrix_product, multiply, multiply_transposed
from nn_scratch.engine.threads import share, workspace

POINTS = (0, 0.75, -0.75, 1.5, -1.5)  # and ∞
OUT, KERNEL, TILE = 4, 3, 6  # pixels of a tile along each axis: outputs, kernel, inputs
FEWEST_CHANNELS = 8  # or the transforms cost more than they save
MOST_KERNELS = 80_000  # C · F: the 36 products of a pair of channels then take up to 12 MB


def matrices(points, kernel):
    """Aᵀ (out, tile), G (tile, kernel) and Bᵀ (tile, tile), by Toom and Cook, for tiles of as many
    pixels as there are points with ∞, which hold out = tile + 1 − kernel outputs.

    A polynomial's values at the points are its coefficients times a Vandermonde matrix, the last
    row of which, for ∞, picks the highest coefficient. The product of an image row's polynomial
    with a kernel's would be the full convolution; transposing it in the row gives the correlation.
    Row i of G is divided by Π (pᵢ − pⱼ), and Bᵀ's multiplied by it, which keeps both near 1.
    """

    def values(coefficients):
        powers = np.power.outer(np.array(points), np.arange(coefficients))
        return np.vstack([powers, np.eye(coefficients)[-1:]])

    tile = len(points) + 1
    scale = [np.prod([p - q for q in points if q != p]) for p in points] + [1]
    scale = np.array(scale)[:, None]
    out = tile + 1 - kernel
    return values(out).T, values(kernel) / scale, np.linalg.inv(values(tile)).T * scale


AT, G, BT = matrices(POINTS, KERNEL)


def suits(f, c, windows, groups):
    """Whether C to F channels and these windows are convolved faster this way."""
    return (
        applies(KERNEL, f, c, windows, groups)
        and f <= 3 * c  # outputs are dear to transform back
        and f * c <= MOST_KERNELS
    )


def applies(kernel, f, c, windows, groups):
    """Whether these are plain windows of kernel × kernel, and channels enough for transforms."""
    plain = windows.stride == windows.dilation == (1, 1) and groups == 1
    return windows.kernel == (kernel, kernel) and plain and min(f, c) >= FEWEST_CHANNELS


def correlate(x, w, windows, positions):
    """x (N, C, H, W), w (F, C, 3, 3) -> y (N, F, *positions), for the windows from the first."""
    f, c = w.shape[:2]
    kernels = matrix_product(np.kron(G, G).astype(w.dtype), w.reshape(f * c, -1).T)
    kernels = kernels.reshape(TILE**2, f, c)
    at = AT.astype(x.dtype)
    y = np.empty((len(x), f, *positions), x.dtype)

    def work(blocks):
        for block in blocks:
            n, rows, columns = block.shape
            tiles = _transform_tiles(x, block, windows)
            product = workspace("half", (TILE**2, f, n * rows * columns), x.dtype)
            multiply(kernels, tiles, out=product)  # (36, F, C) (36, C, T) -> (36, F, T)
            half = workspace("tiles", (OUT, TILE, product[0].size), x.dtype)
            multiply(at, product.reshape(TILE, -1), out=half.reshape(OUT, -1))
            # (4, F·T, 6) (6, 4) -> (4, F·T, 4): the four outputs of a row side by side
            outputs = workspace("half", (OUT, product[0].size, OUT), x.dtype)
            np.matmul(half.swapaxes(1, 2), at.T, out=outputs)
            outputs = outputs.reshape(OUT, f, n, rows, OUT * columns)
            here = y[block.images, :, OUT * block.top : OUT * block.bottom]
            here = here[..., OUT * block.left : OUT * block.right]
            for i in range(OUT):
                target = here[:, :, i::OUT]
                target[...] = outputs[i, ..., : target.shape[2], : target.shape[3]].swapaxes(0, 1)

    share(work, _blocks(len(x), positions, max(f, c), x.itemsize))
    return y


def weight_gradient(x, g, windows):
    """The exact adjoint in w: dw = Gᵀ [ Σ (A g Aᵀ) (Bᵀ d B) ] G, summed over tiles."""
    (n, f, *positions), c = g.shape, x.shape[1]

    def work(blocks):
        total = np.zeros((TILE**2, c, f), x.dtype)
        for block in blocks:
            # (36, C, T) (36, F, T) -> (36, C, F)
            spread = _spread_tiles(g, block)
            total += multiply_transposed(_transform_tiles(x, block, windows), spread)
        return total

    total = sum(share(work, _blocks(n, positions, max(f, c), x.itemsize)))
    kernels = matrix_product(np.kron(G, G).T.astype(x.dtype), total.reshape(TILE**2, -1))
    return np.ascontiguousarray(kernels.reshape(KERNEL, KERNEL, c, f).transpose(3, 2, 0, 1))


def _blocks(n, positions, channels, itemsize):
    """Blocks of tiles."""
    tiles = tuple(-(-p // OUT) for p in positions)
    return cut(n, tiles, TILE**2 * channels * itemsize)


def _transform_tiles(x, block, windows):
    """Bᵀ d B of every 6×6 tile of the block: (36, C, T)."""
    tops = OUT * block.top - windows.padding[0][0], OUT * block.left - windows.padding[1][0]
    tiles = _tiles(x, block, tops, TILE, "tiles")
    half = workspace("half", (TILE, TILE, tiles[0, 0].size), x.dtype)
    bt = BT.astype(x.dtype)
    # both: (6, 6) (6, …), along the tiles' columns, then along their rows
    multiply(bt, tiles.reshape(half.shape), out=half)
    multiply(bt, half.reshape(TILE, -1), out=tiles.reshape(TILE, -1))
    return tiles.reshape(TILE**2, x.shape[1], -1)


def _spread_tiles(g, block):
    """A g Aᵀ of every 4×4 tile of the block: (36, F, T)."""
    tiles = _tiles(g, block, (OUT * block.top, OUT * block.left), OUT, "half")
    a = np.ascontiguousarray(AT.T, g.dtype)
    half = workspace("tiles", (OUT, TILE, tiles[0, 0].size), g.dtype)
    multiply(a, tiles.reshape(OUT, OUT, -1), out=half)  # (6, 4) (4, …)
    spread = workspace("spread", (TILE**2, g.shape[1], tiles[0, 0, 0].size), g.dtype)
    multiply(a, half.reshape(OUT, -1), out=spread.reshape(TILE, -1))
    return spread


def _tiles(x, block, first, size, name):
    """The block's tiles, `size` wide and OUT apart from pixel `first` on: (size, size, C, T…)."""
    n, rows, columns = block.shape
    height, width = OUT * rows + size - OUT, OUT * columns + size - OUT
    seen = padded(x, block.images, first[0], height, first[1], width)
    image, channel, row, column = seen.strides
    tiles = workspace(name, (size, size, x.shape[1], n, rows, columns), x.dtype)
    steps = row, column, channel, image, OUT * row, OUT * column
    np.copyto(tiles, as_strided(seen, tiles.shape, steps, writeable=False))
    return tiles
