"""Winograd's convolution along rows only, 5×5 with stride 1: four outputs of a row from 8 products
with each row of the kernel, instead of 20.

    Y = Σ_i Aᵀ [ (G wᵢ) ⊙ (Bᵀ dᵢ) ]        (Lavin & Gray 2016, arXiv 1509.09308, equation 5)

dᵢ is a piece of 8 pixels of the image's row i under the kernel's row wᵢ, Y the four outputs that
the pieces hold. ⊙ summed over rows and channels becomes 8 matrix products. Along both axes tiles of
8×8 would take 4 products an output and not 10, but the errors of the two axes multiply.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nn_scratch.engine.blocks import cut, padded
from nn_scratch.engine.product import matrix_product, multiply, multiply_transposed
from nn_scratch.engine.threads import share, workspace
from nn_scratch.engine.winograd import FEWEST_CHANNELS, transforms

POINTS = (0, 0.5, -0.5, 1, -1, 2, -2)  # and ∞
OUT, KERNEL, PIECE = 4, 5, 8  # pixels of a piece: outputs, kernel, inputs
TRANSFORMS = transforms(POINTS, KERNEL)


def suits(f, c, windows, groups):
    """Whether C to F channels and these windows are convolved faster this way."""
    plain = windows.stride == windows.dilation == (1, 1) and groups == 1
    return windows.kernel == (KERNEL, KERNEL) and plain and min(f, c) >= FEWEST_CHANNELS


def correlate(x, w, windows, positions):
    """x (N, C, H, W), w (F, C, 5, 5) -> y (N, F, *positions), for the windows from the first."""
    f, c = w.shape[:2]
    at, g, bt = TRANSFORMS.astype(x.dtype)
    # (8, 5) (5, F·C·5) -> (8, F, C·5)
    kernels = matrix_product(g, w.reshape(-1, KERNEL).T)
    kernels = kernels.reshape(PIECE, f, c * KERNEL)
    y = np.empty((len(x), f, *positions), x.dtype)

    def work(blocks):
        for block in blocks:
            n, rows, pieces = block.shape
            columns = _columns(x, block, windows, bt)
            product = workspace("pieces", (PIECE, f, columns.shape[2]), x.dtype)
            multiply(kernels, columns, out=product)  # (8, F, C·5) (8, C·5, T) -> (8, F, T)
            # (F·T, 8) (8, 4) -> (F·T, 4): the outputs of a piece side by side
            outputs = workspace("transformed", (product[0].size, OUT), x.dtype)
            np.matmul(product.reshape(PIECE, -1).T, at.T, out=outputs)
            outputs = outputs.reshape(f, n, rows, OUT * pieces)
            here = y[block.images, :, block.top : block.bottom]
            here = here[..., OUT * block.left : OUT * block.right]
            here[...] = outputs[..., : here.shape[3]].swapaxes(0, 1)

    share(work, _blocks(len(x), positions, max(f, c * KERNEL), x.itemsize))
    return y


def weight_gradient(x, g, windows):
    """The exact adjoint in w: dwᵢ = Gᵀ [ Σ (A g) (Bᵀ dᵢ) ], summed over pieces."""
    (n, f, *positions), c = g.shape, x.shape[1]
    at, to_kernel, bt = TRANSFORMS.astype(x.dtype)
    a = np.ascontiguousarray(at.T)

    def work(blocks):
        total = np.zeros((PIECE, c * KERNEL, f), x.dtype)
        for block in blocks:
            columns = _columns(x, block, windows, bt)
            # (8, C·5, T) (8, F, T) -> (8, C·5, F)
            total += multiply_transposed(columns, _spread_pieces(g, block, a))
        return total

    total = sum(share(work, _blocks(n, positions, max(f, c * KERNEL), x.itemsize)))
    # (5, 8) (8, C·5·F) -> (F, C, 5, 5)
    kernels = matrix_product(to_kernel.T, total.reshape(PIECE, -1))
    return np.ascontiguousarray(kernels.reshape(KERNEL, c, KERNEL, f).transpose(3, 1, 2, 0))


def _blocks(n, positions, values, itemsize):
    """Blocks of rows of pieces, each with as many values of a transformed pixel."""
    pieces = positions[0], -(-positions[1] // OUT)
    return cut(n, pieces, PIECE * values * itemsize)


def _columns(x, block, windows, bt):
    """Bᵀ d of the five rows that each row of pieces sees: (8, C·5, T)."""
    first = block.top - windows.padding[0][0], OUT * block.left - windows.padding[1][0]
    pieces = _pieces(x, block, first, KERNEL - 1, PIECE)
    seen = workspace("transformed", pieces.shape, x.dtype)
    multiply(bt, pieces.reshape(PIECE, -1), out=seen.reshape(PIECE, -1))  # (8, 8) (8, …)
    value, channel, image, row, piece = seen.strides
    columns = workspace("columns", (PIECE, x.shape[1], KERNEL, *block.shape), x.dtype)
    steps = value, channel, row, image, row, piece
    np.copyto(columns, as_strided(seen, columns.shape, steps, writeable=False))
    return columns.reshape(PIECE, x.shape[1] * KERNEL, -1)


def _spread_pieces(g, block, a):
    """A g of every piece of four outputs of the block: (8, F, T)."""
    pieces = _pieces(g, block, (block.top, OUT * block.left), 0, OUT)
    spread = workspace("transformed", (PIECE, *pieces.shape[1:]), g.dtype)
    multiply(a, pieces.reshape(OUT, -1), out=spread.reshape(PIECE, -1))  # (8, 4) (4, …)
    return spread.reshape(PIECE, g.shape[1], -1)


def _pieces(x, block, first, more, size):
    """The block's pieces, `size` wide and OUT apart from pixel `first` on, of its rows and so many
    more: (size, C, n, rows + more, pieces)."""
    n, rows, count = block.shape
    seen = padded(x, block.images, first[0], rows + more, first[1], OUT * count + size - OUT)
    image, channel, row, column = seen.strides
    pieces = workspace("pieces", (size, x.shape[1], n, rows + more, count), x.dtype)
    steps = column, channel, image, row, OUT * column
    np.copyto(pieces, as_strided(seen, pieces.shape, steps, writeable=False))
    return pieces
