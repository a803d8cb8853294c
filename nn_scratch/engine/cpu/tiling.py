"""Cutting work into blocks and pieces: small enough for the cache, enough for all cores.

Extra memory of a convolution is that of the blocks being worked on, one for each thread: the widest
array of a block is bounded, and no way needs more than four of them, so that all threads together
take at most 32 MB beside arrays of the weights' size. It does not grow with the image. (The plain
way takes a few arrays of the result's size.)
"""

from typing import NamedTuple

import numpy as np

from nn_scratch.engine.cpu.threads import thread_count, workspace

BLOCK_BYTES = 3 << 20  # of a block's widest array: smaller ones, and threads wait for Python
ALL_BYTES = 7 << 20  # of the widest arrays of all threads' blocks together
PIECE_NUMBERS = 1 << 19  # the same of a piece, where each number is passed over a few times
SMALL_NUMBERS = 1 << 20  # of a whole call that one thread does sooner alone
SMALL_PRODUCTS = 30_000_000  # multiplications of a whole call that one thread does sooner alone


class Block(NamedTuple):
    """Output rows top:bottom and columns left:right of the images first:last."""

    first: int
    last: int
    top: int
    bottom: int
    left: int
    right: int

    @property
    def images(self):
        return slice(self.first, self.last)

    @property
    def shape(self):
        """Images, rows, columns."""
        return self.last - self.first, self.bottom - self.top, self.right - self.left


def block_bytes():
    """How many bytes a block's widest array may take."""
    return min(BLOCK_BYTES, ALL_BYTES // thread_count())


def cut(n, size, position_bytes, position_products, least_rows=1):
    """Blocks over n images of `size` positions, each of which takes so many bytes of workspace and
    so many multiplications.

    One block if all fits and is little work: one thread does it sooner alone. Else several images
    if they fit, else rows of one image, or parts of rows, where there would be fewer than
    `least_rows` of them. As far as there are images and rows, the number of blocks is then a
    multiple of the number of threads.
    """
    rows, columns = size
    count = n * rows * columns
    if count * position_bytes <= BLOCK_BYTES and count * position_products <= SMALL_PRODUCTS:
        return [Block(0, n, 0, rows, 0, columns)] if n else []
    threads = thread_count()
    fitting = max(1, block_bytes() // position_bytes)
    images, height = even_length(n, fitting // (rows * columns), threads), rows
    width = columns
    if images == 1:
        width = even_length(columns, fitting // min(least_rows, rows), 1)
        pieces = -(-rows // max(1, fitting // width))
        while pieces * n % threads and pieces < rows:
            pieces += 1
        height = -(-rows // pieces)
    return [
        Block(first, min(first + images, n), top, min(top + height, rows), left, right)
        for first in range(0, n, images)
        for top in range(0, rows, height)
        for left in range(0, columns, width)
        for right in [min(left + width, columns)]
    ]


def even_length(total, most, parts):
    """The length, at most `most`, of even pieces of `total`, a multiple of `parts` in number."""
    pieces = -(-total // max(most, 1))
    return max(1, -(-total // max(1, -(-pieces // parts) * parts)))


def pieces(count, size=1, most=PIECE_NUMBERS):
    """Slices over `count` planes, or rows, or pixels, of `size` numbers each: with at most so many
    numbers, and as many slices for every thread, unless one does it sooner alone."""
    threads = thread_count() if count * size > SMALL_NUMBERS else 1
    step = even_length(count, most // max(1, size), threads)
    return [slice(i, min(i + step, count)) for i in range(0, count, step)]


def padded(x, images, top, height, left, width, around=0):
    """Rows top … top + height and columns left … left + width of x[images], and what is around."""
    row, row_end = max(top, 0), min(top + height, x.shape[2])
    column, column_end = max(left, 0), min(left + width, x.shape[3])
    x = x[images]
    if (row_end - row, column_end - column) == (height, width):
        return x[:, :, row:row_end, column:column_end]
    result = workspace("padded", (*x.shape[:2], height, width), x.dtype)
    result[...] = around
    if row < row_end and column < column_end:
        inside = result[:, :, row - top : row_end - top, column - left : column_end - left]
        inside[...] = x[:, :, row:row_end, column:column_end]
    return result


class NotFinite(ArithmeticError):
    """A number is NaN or infinite, or so large that it might become so: the plain way must compute
    the call, since only there such a number reaches nothing but the results that see it."""


def check_finite(x):
    """Raise NotFinite if a number of a contiguous x is NaN or infinite, or too large to be squared.
    The sum of squares, a single pass over x, tells all three."""
    flat = x.reshape(-1)
    if not np.isfinite(np.dot(flat, flat)):
        raise NotFinite
