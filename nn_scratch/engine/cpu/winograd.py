"""Winograd's convolution: polynomials are multiplied by their values at a few points.

    Y = Aᵀ [ (G w Gᵀ) ⊙ (Bᵀ d B) ] A        (Lavin & Gray 2016, arXiv 1509.09308, equation 8)

d is a tile of the image, w a kernel, Y the outputs that the tile holds. Summed over channels, ⊙
becomes a matrix product for each point.

For 3×3 kernels it is F(4×4, 3×3): a tile of 6×6 pixels, and 36 products for 16 outputs instead of
144. Along both axes of a larger kernel it would be fewer products still, but the errors of the two
axes multiply. There it goes along rows alone (equation 5): with each row of the kernel, the 8
products of a tile 8 pixels wide give four outputs of a 5×5 kernel instead of 20 products, or two of
a 7×7 kernel instead of 14, and ⊙ is summed over the kernel's rows as well.

Rounding goes by the largest number of a tile, so that an output may be off by ERROR · ε · max|x| ·
Σ|w|, however small the pixels are that it sees itself.
"""

from math import prod
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nn_scratch.engine.cpu.gemm import matrix_product, multiply, multiply_transposed
from nn_scratch.engine.cpu.threads import for_each, one_blas_thread, parallel_for, workspace
from nn_scratch.engine.cpu.tiling import check_finite, cut, padded
from nn_scratch.geometry import conv_size

ERROR = 2  # in the bound on rounding
LEAST_ROWS = 12  # pixels of a block's height, which has to transform some more rows of the image


class Transforms(NamedTuple):
    """What takes a kernel, a tile and the products to the points and back, along one axis."""

    at: np.ndarray  # Aᵀ (out, tile)
    g: np.ndarray  # G (tile, kernel)
    bt: np.ndarray  # Bᵀ (tile, tile)


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


def directly(kernel):
    """As if the taps were the points: a product for each, which their sum is."""
    return Transforms(np.ones((1, kernel)), np.eye(kernel), np.eye(kernel))


class Form(NamedTuple):
    """How kernels of one size are convolved.

    along_both: whether rows are transformed too. If not, products are summed over a tile's rows as
    they are over channels.
    """

    axes: tuple  # the Transforms along rows' and columns' axes
    out: tuple  # rows and columns of the outputs of a tile
    tile: tuple  # rows and columns of a tile
    along_both: bool
    points: int  # how many matrix products there are
    of_kernels: np.ndarray  # what takes the taps of a kernel, or of each of its rows, to the points


def form_of(rows, columns):
    """The Form with these Transforms."""
    out, tile = (len(rows.at), len(columns.at)), (len(rows.bt), len(columns.bt))
    along_both = out[0] > 1
    of_kernels = np.kron(rows.g, columns.g) if along_both else columns.g
    return Form((rows, columns), out, tile, along_both, len(of_kernels), of_kernels)


# Lavin & Gray's points for 3×3 are 0, ±1, ±2, ∞; with these the largest float32 error is a fifth.
OF_3 = transforms((0, 0.75, -0.75, 1.375, -1.375), 3)
OF_5, OF_7 = (transforms((0, 0.5, -0.5, 1, -1, 2, -2), kernel) for kernel in (5, 7))
FORMS = {
    (3, 3): form_of(OF_3, OF_3),
    (5, 5): form_of(directly(5), OF_5),
    (7, 7): form_of(directly(7), OF_7),
}


@one_blas_thread()  # once for all of its products
def conv_forward(x, w, windows, groups):
    """x (N, C, H, W), w (F, C, k, k) -> y (N, F, P, Q)."""
    (f, c), form, positions = w.shape[:2], FORMS[windows.kernel], conv_size(x.shape[2:], windows)
    g = form.of_kernels.astype(x.dtype)
    kernels = matrix_product(g, w.reshape(-1, g.shape[1]).T).reshape(len(g), f, -1)
    to_rows, to_columns = (axis.at.astype(x.dtype, order="C") for axis in form.axes)
    y = np.empty((len(x), f, *positions), x.dtype)

    def work(block):
        tiles = _image_tiles(x, block, windows, form)
        product = workspace("product", (len(tiles), f, tiles.shape[2]), x.dtype)
        multiply(kernels, tiles, out=product)  # (points, F, K) (points, K, T)
        if form.along_both:
            product = _multiplied("tiles", to_rows, product.reshape(form.tile[0], -1))
        unused = "product" if form.along_both else "tiles"
        product = product.reshape(form.out[0], form.tile[1], -1).swapaxes(1, 2)
        outputs = _outputs(unused, product, to_columns)
        check_finite(outputs)
        _put(outputs, y, block, form)

    for_each(work, _blocks(len(x), positions, form, c, f, x.itemsize))
    return y


def _outputs(name, product, to_columns):
    """The last of the transforms: the outputs of a tile's row side by side, in a workspace."""
    outputs = workspace(name, (*product.shape[:2], len(to_columns)), product.dtype)
    return np.matmul(product, to_columns.T, out=outputs)  # (out, F·T, tile) (tile, out)


def _put(outputs, y, block, form):
    """The block's outputs (rows of a tile, F·T, columns of a tile) to their places in y, which
    tiles may reach beyond."""
    (n, rows, columns), (down, across) = block.shape, form.out
    outputs = outputs.reshape(down, y.shape[1], n, rows, across * columns)
    for i in range(down):
        here = y[block.images, :, down * block.top + i : down * block.bottom : down]
        here = here[..., across * block.left : across * block.right]
        here[...] = outputs[i, :, :, : here.shape[2], : here.shape[3]].swapaxes(0, 1)


@one_blas_thread()
def conv_backward_filter(x, g, windows, groups):
    """The exact adjoint in w: dw = Gᵀ [ Σ (A g Aᵀ) (Bᵀ d B) ] G, summed over tiles."""
    (n, f, *positions), c, form = g.shape, x.shape[1], FORMS[windows.kernel]

    def work(blocks):
        total = 0
        for block in blocks:
            spread = _spread_tiles(g, block, form)
            tiles = _image_tiles(x, block, windows, form)
            total += multiply_transposed(tiles, spread)  # (points, K, T) (points, F, T)
        return total

    total = sum(parallel_for(work, _blocks(n, positions, form, c, f, x.itemsize)))
    to_kernels = form.of_kernels.astype(x.dtype).T
    w = matrix_product(to_kernels, total.reshape(form.points, -1))  # (taps, points) (points, K·F)
    check_finite(w)
    w = w.reshape(len(to_kernels), -1, f).transpose(2, 1, 0)
    return np.ascontiguousarray(w).reshape(f, c, *windows.kernel)


def _blocks(n, positions, form, c, f, itemsize):
    """Blocks of tiles."""
    tiles = tuple(-(-p // out) for p, out in zip(positions, form.out, strict=True))
    numbers = max(prod(form.tile) * c, form.points * f)
    products = prod(form.tile) * c * f
    return cut(n, tiles, numbers * itemsize, products, LEAST_ROWS // form.out[0])


def _image_tiles(x, block, windows, form):
    """Bᵀ d B of every tile of the block: (points, K, T)."""
    first = tuple(pad[0] for pad in windows.padding)
    return _transformed("tiles", x, block, form, first, [axis.bt for axis in form.axes])


def _spread_tiles(g, block, form):
    """A g Aᵀ of every tile of outputs of the block: (points, F, T)."""
    return _transformed("spread", g, block, form, (0, 0), [axis.at.T for axis in form.axes])


def _transformed(name, x, block, form, pad, matrices):
    """The block's tiles, from pixel −pad on, multiplied by a matrix along each axis. A workspace of
    this name holds them."""
    (n, rows, columns), channels, (down, across) = block.shape, x.shape[1], form.out
    of_rows, of_columns = (matrix.astype(x.dtype, order="C") for matrix in matrices)
    height, width = of_rows.shape[1], of_columns.shape[1]
    seen = padded(
        x,
        block.images,
        down * block.top - pad[0],
        down * (rows - 1) + height,
        across * block.left - pad[1],
        across * (columns - 1) + width,
    )
    image, channel, row, column = seen.strides
    if form.along_both:
        shape = height, width, channels, n, rows, columns
        steps = row, column, channel, image, down * row, across * column
        tiles = _gathered(seen, shape, steps).reshape(height, width, -1)
        half = _multiplied("product", of_columns, tiles).reshape(height, -1)
        return _multiplied(name, of_rows, half).reshape(form.points, channels, -1)

    # The rows as they are: tiles share them, and they are gathered after they are transformed.
    shape = width, channels, n, seen.shape[2], columns
    pieces = _gathered(seen, shape, (column, channel, image, row, across * column))
    values = _multiplied(name if height == 1 else "product", of_columns, pieces.reshape(width, -1))
    if height == 1:
        return values.reshape(form.points, channels, -1)
    values = values.reshape(form.points, *shape[1:])
    value, channel, image, row, column = values.strides
    shape = form.points, channels, height, n, rows, columns
    steps = value, channel, row, image, row, column
    return _gathered(values, shape, steps).reshape(form.points, channels * height, -1)


def _gathered(source, shape, strides):
    """The numbers of a source that lie so, side by side in a workspace."""
    tiles = workspace("tiles", shape, source.dtype)
    np.copyto(tiles, as_strided(source, shape, strides, writeable=False))
    return tiles


def _multiplied(name, matrix, tiles):
    """matrix (m, k) times tiles (…, k, L) -> (…, m, L), in a workspace."""
    shape = *tiles.shape[:-2], len(matrix), tiles.shape[-1]
    return multiply(matrix, tiles, out=workspace(name, shape, tiles.dtype))
