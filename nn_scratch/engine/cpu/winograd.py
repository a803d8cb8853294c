"""Winograd's convolution by tiles: 36 products for 16 outputs of a 3×3 kernel instead of 144, and
for 25 outputs of a 2×2 kernel instead of 100.

    Y = Aᵀ [ (G w Gᵀ) ⊙ (Bᵀ d B) ] A        (Lavin & Gray 2016, arXiv 1509.09308, equation 8)

d is a 6×6 tile of the image, w a kernel, Y the outputs that the tile holds: polynomials are
multiplied by their values at six points. Summed over channels, ⊙ becomes 36 matrix products.

With a stride s it is kernels up to 2s or 3s wide that go this way: polyphase.py makes 2×2 or 3×3
kernels of them, with s² times as many channels, of x in one direction and of y in the other.
"""

from math import prod
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nn_scratch.engine.cpu import polyphase
from nn_scratch.engine.cpu.gemm import matrix_product, multiply, multiply_transposed
from nn_scratch.engine.cpu.threads import share, workspace
from nn_scratch.engine.cpu.tiling import cut, padded
from nn_scratch.geometry import make_windows

# Lavin & Gray's points are 0, ±1, ±2, ∞; with these the largest float32 error is a fifth.
POINTS = (0, 0.75, -0.75, 1.375, -1.375)  # and ∞
TILE = 6  # pixels of a tile along each axis
PIXELS = make_windows(1)  # one for each pixel: phases that are no phases
FEWEST_CHANNELS = 8  # or the transforms cost more than they save
FEWEST_PRODUCTS = 2_500_000  # C · F · positions: kernels have to be transformed as well
FEWEST_POSITIONS = 2000  # with a stride, where there are four times as many kernels
MOST_KERNELS = 80_000  # C · F: the 36 products of a pair of channels then take up to 12 MB


class Transforms(NamedTuple):
    """What takes a kernel, a tile and the products to the points and back, along one axis."""

    at: np.ndarray  # Aᵀ (out, tile)
    g: np.ndarray  # G (tile, kernel)
    bt: np.ndarray  # Bᵀ (tile, tile)

    def astype(self, dtype):
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


OF_TAPS = {taps: transforms(POINTS, taps) for taps in (2, 3)}


def suits(f, c, windows, groups, positions):
    """Whether so many windows in all are convolved faster this way, from C to F channels; with a
    stride, also their adjoint."""
    if windows.stride != (1, 1):
        return _suits_phases(f, c, windows, groups, positions)
    few_outputs = f <= 3 * c  # they are dear to transform back
    worth = few_outputs and f * c * positions >= FEWEST_PRODUCTS
    return windows.kernel == (3, 3) and worth and _applies(f, c, windows, groups)


def _suits_phases(f, c, windows, groups, positions):
    # A 3×3 kernel's phases would be 4×4 taps; columns leave out the zeros among them.
    kernel = windows.stride == (2, 2) and min(windows.kernel) > 3
    taps = polyphase.taps_of(windows) in ((2, 2), (3, 3))
    worth = positions >= FEWEST_POSITIONS and f * c * positions >= 2 * FEWEST_PRODUCTS
    return kernel and taps and worth and _applies(f, c, windows, groups)


def _applies(f, c, windows, groups):
    of_phases = windows.stride[0] * windows.stride[1]
    enough = min(f, c) >= FEWEST_CHANNELS and f * c * of_phases <= MOST_KERNELS
    return enough and windows.dilation == (1, 1) and groups == 1


def conv_forward(x, w, windows, positions):
    """x (N, C, H, W), w (F, C, kh, kw) -> y (N, F, *positions), for the windows from the first."""
    kernels = polyphase.split(w, windows)  # (F, sh, sw, C, t, t)
    kernels = kernels.reshape(len(w), -1, *kernels.shape[4:])
    y = np.empty((len(x), len(w), *positions), x.dtype)
    _convolve(x, kernels, windows, y, PIXELS)
    return y


def conv_backward_data(g, w, size, windows):
    """g (N, F, P, Q), w (F, C, kh, kw) -> x (N, C, *size), each phase of x a correlation of g."""
    kernels = polyphase.split(w, windows)[..., ::-1, ::-1]  # (F, sh, sw, C, t, t)
    kernels = kernels.transpose(2, 1, 3, 0, 4, 5)  # columns' phases first: see _convolve
    x = np.empty((len(g), w.shape[1], *size), g.dtype)
    kernels = kernels.reshape(-1, *kernels.shape[3:])
    _convolve(g, kernels, polyphase.adjoint_windows(windows), x, windows)
    return x


def _convolve(x, w, windows, y, windows_of_y):
    """Correlate x and w (F', C', t, t), and fill y.

    C' = sh·sw·C are the phases and channels of x under its windows; F' = sw·sh·F are those of y
    under its own, of which stride and padding count.
    """
    (f, c), stride = w.shape[:2], windows_of_y.stride
    at, g, bt = OF_TAPS[w.shape[2]].astype(x.dtype)
    out = len(at)
    kernels = matrix_product(np.kron(g, g), w.reshape(f * c, -1).T).reshape(TILE**2, f, c)
    sideways = np.kron(at, np.eye(stride[1], dtype=x.dtype))  # (out·sw, 6·sw)

    def work(blocks):
        for block in blocks:
            n, rows, columns = block.shape
            tiles = _transform_tiles(x, block, windows, out, bt)
            product = workspace("half", (TILE**2, f, n * rows * columns), x.dtype)
            multiply(kernels, tiles, out=product)  # (36, F', C') (36, C', T)
            half = workspace("tiles", (out, TILE, product[0].size), x.dtype)
            multiply(at, product.reshape(TILE, -1), out=half.reshape(out, -1))
            # (out, sh·F·T, 6·sw) (6·sw, out·sw): a tile's outputs side by side, phases in turn
            half = half.reshape(out, TILE * stride[1], -1)
            outputs = workspace("half", (out, half.shape[2], len(sideways)), x.dtype)
            np.matmul(half.swapaxes(1, 2), sideways.T, out=outputs)
            outputs = outputs.reshape(out, stride[0], -1, n, rows, columns * len(sideways))
            _put(outputs, y, block, windows_of_y)

    positions = polyphase.positions(y.shape[2:], windows_of_y)
    share(work, _blocks(len(x), positions, out, f, c, x.itemsize))


def _put(outputs, y, block, windows):
    """The block's outputs (out, sh, F, n, rows, columns of pixels) to their places in y."""
    out, (sh, sw), (top, left) = len(outputs), windows.stride, (pad[0] for pad in windows.padding)
    first, last = out * sw * block.left, out * sw * block.right
    across, to_columns = polyphase.pixels(0, 1, left, first, last, y.shape[3])
    for i, phase in np.ndindex(out, sh):
        rows, to_rows = polyphase.pixels(
            i * sh + phase, out * sh, top, block.top, block.bottom, y.shape[2]
        )
        here = outputs[i, phase, :, :, rows, across]
        y[block.images, :, to_rows, to_columns] = here.swapaxes(0, 1)


def conv_backward_filter(x, g, windows):
    """The exact adjoint in w: dw = Gᵀ [ Σ (A g Aᵀ) (Bᵀ d B) ] G, summed over tiles."""
    (n, f, *positions), stride = g.shape, windows.stride
    taps, _ = polyphase.taps_of(windows)
    at, to_kernel, bt = OF_TAPS[taps].astype(x.dtype)
    out, c = len(at), x.shape[1] * stride[0] * stride[1]
    a = np.ascontiguousarray(at.T)

    def work(blocks):
        total = np.zeros((TILE**2, c, f), x.dtype)
        for block in blocks:
            spread = _spread_tiles(g, block, a)
            tiles = _transform_tiles(x, block, windows, out, bt)
            total += multiply_transposed(tiles, spread)  # (36, C', T) (36, F, T) -> (36, C', F)
        return total

    total = sum(share(work, _blocks(n, positions, out, f, c, x.itemsize)))
    kernels = matrix_product(np.kron(to_kernel, to_kernel).T, total.reshape(TILE**2, -1))
    kernels = kernels.reshape(taps, taps, *stride, -1, f)
    return polyphase.join(kernels.transpose(5, 2, 3, 4, 0, 1), windows)


def _blocks(n, positions, out, f, c, itemsize):
    """Blocks of tiles with so many outputs, in C' and F' channels."""
    tiles = tuple(-(-p // out) for p in positions)
    return cut(n, tiles, TILE**2 * max(f, c) * itemsize, TILE**2 * f * c)


def _transform_tiles(x, block, windows, out, bt):
    """Bᵀ d B of every 6×6 tile of the block, in each phase of x: (36, sh·sw·C, T)."""
    before = [pad[0] for pad in windows.padding]
    tiles = _tiles(x, block, before, windows.stride, TILE, out, "tiles")
    half = workspace("half", tiles.shape, x.dtype)
    # both: (6, 6) (6, …), along the tiles' columns, then along their rows
    multiply(bt, tiles.reshape(TILE, TILE, -1), out=half.reshape(TILE, TILE, -1))
    multiply(bt, half.reshape(TILE, -1), out=tiles.reshape(TILE, -1))
    return tiles.reshape(TILE**2, -1, prod(block.shape))


def _spread_tiles(g, block, a):
    """A g Aᵀ of every tile of outputs of the block: (36, F, T)."""
    out = a.shape[1]
    tiles = _tiles(g, block, (0, 0), (1, 1), out, out, "half")
    half = workspace("tiles", (out, TILE, *tiles.shape[2:]), g.dtype)
    multiply(a, tiles.reshape(out, out, -1), out=half.reshape(out, TILE, -1))  # (6, out) (out, …)
    spread = workspace("spread", (TILE, TILE, *tiles.shape[2:]), g.dtype)
    multiply(a, half.reshape(out, -1), out=spread.reshape(TILE, -1))
    return spread.reshape(TILE**2, -1, prod(block.shape))


def _tiles(x, block, pad, stride, size, apart, name):
    """The block's tiles in each phase of x, `size` pixels wide and so many apart, from pixel −pad
    on: (size, size, sh, sw, C, n, rows, columns)."""
    (n, rows, columns), (sh, sw) = block.shape, stride
    seen = padded(
        x,
        block.images,
        apart * sh * block.top - pad[0],
        (apart * (rows - 1) + size) * sh,
        apart * sw * block.left - pad[1],
        (apart * (columns - 1) + size) * sw,
    )
    image, channel, row, column = seen.strides
    tiles = workspace(name, (size, size, sh, sw, x.shape[1], n, rows, columns), x.dtype)
    steps = (
        sh * row,
        sw * column,
        row,
        column,
        channel,
        image,
        apart * sh * row,
        apart * sw * column,
    )
    np.copyto(tiles, as_strided(seen, tiles.shape, steps, writeable=False))
    return tiles
