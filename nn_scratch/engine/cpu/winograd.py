"""Winograd's convolution F(4×4, 3×3): 36 products for 16 outputs of a 3×3 kernel instead of 144.

    Y = Aᵀ [ (G w Gᵀ) ⊙ (Bᵀ d B) ] A        (Lavin & Gray 2016, arXiv 1509.09308, equation 8)

d is a 6×6 tile of the image, w a kernel, Y the 4×4 outputs that the tile holds: polynomials are
multiplied by their values at six points. Summed over channels, ⊙ becomes 36 matrix products.

Rounding goes by the largest number of a tile, so that an output may be off by ERROR · ε · max|x| ·
Σ|w|, however small the pixels are that it sees itself.
"""

from math import prod
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nn_scratch.engine.cpu.gemm import matrix_product, multiply, multiply_transposed
from nn_scratch.engine.cpu.threads import parallel_for, workspace
from nn_scratch.engine.cpu.tiling import check_finite, cut, padded
from nn_scratch.geometry import conv_size

# Lavin & Gray's points are 0, ±1, ±2, ∞; with these the largest float32 error is a fifth.
POINTS = (0, 0.75, -0.75, 1.375, -1.375)  # and ∞
TILE = 6  # pixels of a tile along each axis
OUT = 4  # outputs of a tile along each axis
ERROR = 2  # in the bound on rounding


class Transforms(NamedTuple):
    """What takes a kernel, a tile and the products to the points and back, along one axis."""

    at: np.ndarray  # Aᵀ (out, tile)
    g: np.ndarray  # G (tile, kernel)
    bt: np.ndarray  # Bᵀ (tile, tile)

    def astype(self, dtype):
        """The same in another dtype."""
        return Transforms(*(matrix.astype(dtype, order="C") for matrix in self))


def transforms(points, kernel):
    """By Toom and Cook, for tiles of as many pixels as there are points with ∞, which hold
    out = tile + 1 − kernel outputs.

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
    return Transforms(values(out).T, values(kernel) / scale, np.linalg.inv(values(tile)).T * scale)


OF_3X3 = transforms(POINTS, 3)


def conv_forward(x, w, windows, groups):
    """x (N, C, H, W), w (F, C, 3, 3) -> y (N, F, P, Q)."""
    f, c = w.shape[:2]
    positions = conv_size(x.shape[2:], windows)
    at, g, bt = OF_3X3.astype(x.dtype)
    kernels = matrix_product(np.kron(g, g), w.reshape(f * c, -1).T).reshape(TILE**2, f, c)
    y = np.empty((len(x), f, *positions), x.dtype)

    def work(blocks):
        for block in blocks:
            tiles = _transform_tiles(x, block, windows, bt)
            product = workspace("product", (TILE**2, f, tiles.shape[2]), x.dtype)
            multiply(kernels, tiles, out=product)  # (36, F, C) (36, C, T)
            half = workspace("tiles", (OUT, TILE * product[0].size), x.dtype)
            multiply(at, product.reshape(TILE, -1), out=half)  # (4, 6) (6, 6·F·T)
            half = half.reshape(OUT, TILE, -1).swapaxes(1, 2)
            outputs = workspace("product", (OUT, half.shape[1], OUT), x.dtype)
            np.matmul(half, at.T, out=outputs)  # (4, F·T, 6) (6, 4): a tile's rows of outputs
            check_finite(outputs)
            _put(outputs, y, block)

    parallel_for(work, _blocks(len(x), positions, f, c, x.itemsize))
    return y


def _put(outputs, y, block):
    """The block's outputs (4, F·T, 4) to their places in y, which tiles may reach beyond."""
    n, rows, columns = block.shape
    outputs = outputs.reshape(OUT, y.shape[1], n, rows, OUT * columns)
    for i in range(OUT):
        here = y[block.images, :, OUT * block.top + i : OUT * block.bottom : OUT]
        here = here[..., OUT * block.left : OUT * block.right]
        here[...] = outputs[i, :, :, : here.shape[2], : here.shape[3]].swapaxes(0, 1)


def conv_backward_filter(x, g, windows, groups):
    """The exact adjoint in w: dw = Gᵀ [ Σ (A g Aᵀ) (Bᵀ d B) ] G, summed over tiles."""
    (n, f, *positions), c = g.shape, x.shape[1]
    at, to_kernel, bt = OF_3X3.astype(x.dtype)
    a = np.ascontiguousarray(at.T)

    def work(blocks):
        total = np.zeros((TILE**2, c, f), x.dtype)
        for block in blocks:
            spread = _spread_tiles(g, block, a)
            tiles = _transform_tiles(x, block, windows, bt)
            total += multiply_transposed(tiles, spread)  # (36, C, T) (36, F, T) -> (36, C, F)
        return total

    total = sum(parallel_for(work, _blocks(n, positions, f, c, x.itemsize)))
    kernels = matrix_product(np.kron(to_kernel, to_kernel).T, total.reshape(TILE**2, -1))
    w = np.ascontiguousarray(kernels.reshape(3, 3, c, f).transpose(3, 2, 0, 1))
    check_finite(w)
    return w


def _blocks(n, positions, f, c, itemsize):
    """Blocks of tiles."""
    tiles = tuple(-(-p // OUT) for p in positions)
    return cut(n, tiles, TILE**2 * max(f, c) * itemsize, TILE**2 * f * c)


def _transform_tiles(x, block, windows, bt):
    """Bᵀ d B of every 6×6 tile of the block: (36, C, T)."""
    tiles = _tiles(x, block, [pad[0] for pad in windows.padding], TILE, "tiles")
    half = workspace("product", tiles.shape, x.dtype)
    # both: (6, 6) (6, …), along the tiles' columns, then along their rows
    multiply(bt, tiles.reshape(TILE, TILE, -1), out=half.reshape(TILE, TILE, -1))
    multiply(bt, half.reshape(TILE, -1), out=tiles.reshape(TILE, -1))
    return tiles.reshape(TILE**2, -1, prod(block.shape))


def _spread_tiles(g, block, a):
    """A g Aᵀ of every tile of outputs of the block: (36, F, T)."""
    tiles = _tiles(g, block, (0, 0), OUT, "product")
    half = workspace("tiles", (OUT, TILE, *tiles.shape[2:]), g.dtype)
    multiply(a, tiles.reshape(OUT, OUT, -1), out=half.reshape(OUT, TILE, -1))  # (6, 4) (4, …)
    spread = workspace("spread", (TILE, TILE, *tiles.shape[2:]), g.dtype)
    multiply(a, half.reshape(OUT, -1), out=spread.reshape(TILE, -1))
    return spread.reshape(TILE**2, -1, prod(block.shape))


def _tiles(x, block, pad, size, name):
    """The block's tiles, `size` pixels wide and 4 apart, from pixel −pad on: (size, size, C, n,
    rows, columns)."""
    n, rows, columns = block.shape
    seen = padded(
        x,
        block.images,
        OUT * block.top - pad[0],
        OUT * (rows - 1) + size,
        OUT * block.left - pad[1],
        OUT * (columns - 1) + size,
    )
    image, channel, row, column = seen.strides
    tiles = workspace(name, (size, size, x.shape[1], n, rows, columns), x.dtype)
    steps = row, column, channel, image, OUT * row, OUT * column
    np.copyto(tiles, as_strided(seen, tiles.shape, steps, writeable=False))
    return tiles
