"""Winograd's convolution along rows only, for larger kernels with stride 1: with each row of the
kernel, 8 products give four outputs of a 5×5 kernel instead of 20, or two of a 7×7 kernel instead
of 14.

    Y = Σ_i Aᵀ [ (G wᵢ) ⊙ (Bᵀ dᵢ) ]        (Lavin & Gray 2016, arXiv 1509.09308, equation 5)

dᵢ is a piece of 8 pixels of the image's row i under the kernel's row wᵢ, Y the outputs that the
pieces hold. ⊙ summed over rows and channels becomes 8 matrix products. Along both axes it would be
fewer products, but the errors of the two axes multiply.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nn_scratch.engine.cpu.gemm import matrix_product, multiply, multiply_transposed
from nn_scratch.engine.cpu.threads import parallel_for, workspace
from nn_scratch.engine.cpu.tiling import check_finite, cut, padded
from nn_scratch.engine.cpu.winograd import transforms
from nn_scratch.geometry import conv_size

POINTS = (0, 0.5, -0.5, 1, -1, 2, -2)  # and ∞
PIECE = 8  # pixels of a piece
ERROR = 2  # in the bound on rounding, as in winograd.py
LEAST_ROWS = 12  # of a block, which has to transform some more rows of the image
OF_KERNEL = {kernel: transforms(POINTS, kernel) for kernel in (5, 7)}


def conv_forward(x, w, windows, groups):
    """x (N, C, H, W), w (F, C, k, k) -> y (N, F, P, Q)."""
    f, c, kernel, _ = w.shape
    positions = conv_size(x.shape[2:], windows)
    at, g, bt = OF_KERNEL[kernel].astype(x.dtype)
    out = len(at)
    kernels = matrix_product(g, w.reshape(-1, kernel).T)  # (8, k) (k, F·C·k)
    kernels = kernels.reshape(PIECE, f, c * kernel)
    y = np.empty((len(x), f, *positions), x.dtype)

    def work(blocks):
        for block in blocks:
            n, rows, pieces = block.shape
            columns = _columns(x, block, windows, out, bt)
            product = workspace("pieces", (PIECE, f, columns.shape[2]), x.dtype)
            multiply(kernels, columns, out=product)  # (8, F, C·k) (8, C·k, T) -> (8, F, T)
            # (F·T, 8) (8, out) -> (F·T, out): the outputs of a piece side by side
            outputs = workspace("transformed", (product[0].size, out), x.dtype)
            np.matmul(product.reshape(PIECE, -1).T, at.T, out=outputs)
            check_finite(outputs)
            outputs = outputs.reshape(f, n, rows, out * pieces)
            here = y[block.images, :, block.top : block.bottom]
            here = here[..., out * block.left : out * block.right]
            here[...] = outputs[..., : here.shape[3]].swapaxes(0, 1)

    blocks = _blocks(len(x), positions, out, f, c * kernel, x.itemsize)
    parallel_for(work, blocks)
    return y


def conv_backward_filter(x, g, windows, groups):
    """The exact adjoint in w: dwᵢ = Gᵀ [ Σ (A g) (Bᵀ dᵢ) ], summed over pieces."""
    (n, f, *positions), c, kernel = g.shape, x.shape[1], windows.kernel[0]
    at, to_kernel, bt = OF_KERNEL[kernel].astype(x.dtype)
    a, out = np.ascontiguousarray(at.T), len(at)

    def work(blocks):
        total = np.zeros((PIECE, c * kernel, f), x.dtype)
        for block in blocks:
            columns = _columns(x, block, windows, out, bt)
            # (8, C·k, T) (8, F, T) -> (8, C·k, F)
            total += multiply_transposed(columns, _spread_pieces(g, block, a))
        return total

    total = sum(parallel_for(work, _blocks(n, positions, out, f, c * kernel, x.itemsize)))
    kernels = matrix_product(to_kernel.T, total.reshape(PIECE, -1))  # (k, 8) (8, C·k·F)
    w = np.ascontiguousarray(kernels.reshape(kernel, c, kernel, f).transpose(3, 1, 2, 0))
    check_finite(w)
    return w


def _blocks(n, positions, out, f, terms, itemsize):
    """Blocks of rows of pieces; each pixel of a piece takes F products of so many terms."""
    pieces = positions[0], -(-positions[1] // out)
    position_bytes = PIECE * max(f, terms) * itemsize
    return cut(n, pieces, position_bytes, PIECE * f * terms, LEAST_ROWS)


def _columns(x, block, windows, out, bt):
    """Bᵀ d of the k rows that each row of pieces sees: (8, C·k, T)."""
    (top, _), (left, _) = windows.padding
    kernel = windows.kernel[0]
    first = block.top - top, out * block.left - left
    pieces = _pieces(x, block, first, kernel - 1, PIECE, out)
    seen = workspace("transformed", pieces.shape, x.dtype)
    multiply(bt, pieces.reshape(PIECE, -1), out=seen.reshape(PIECE, -1))  # (8, 8) (8, …)
    value, channel, image, row, piece = seen.strides
    columns = workspace("columns", (PIECE, x.shape[1], kernel, *block.shape), x.dtype)
    steps = value, channel, row, image, row, piece
    np.copyto(columns, as_strided(seen, columns.shape, steps, writeable=False))
    return columns.reshape(PIECE, x.shape[1] * kernel, -1)


def _spread_pieces(g, block, a):
    """A g of every piece of outputs of the block: (8, F, T)."""
    out = a.shape[1]
    pieces = _pieces(g, block, (block.top, out * block.left), 0, out, out)
    spread = workspace("transformed", (PIECE, *pieces.shape[1:]), g.dtype)
    multiply(a, pieces.reshape(out, -1), out=spread.reshape(PIECE, -1))  # (8, out) (out, …)
    return spread.reshape(PIECE, g.shape[1], -1)


def _pieces(x, block, first, more, size, apart):
    """The block's pieces, `size` wide and so far apart from pixel `first` on, of its rows and so
    many more: (size, C, n, rows + more, pieces)."""
    n, rows, count = block.shape
    width = apart * (count - 1) + size
    seen = padded(x, block.images, first[0], rows + more, first[1], width)
    image, channel, row, column = seen.strides
    pieces = workspace("pieces", (size, x.shape[1], n, rows + more, count), x.dtype)
    steps = column, channel, image, row, apart * column
    np.copyto(pieces, as_strided(seen, pieces.shape, steps, writeable=False))
    return pieces
