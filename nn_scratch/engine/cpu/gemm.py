"""Matrix products, in pieces that BLAS multiplies fastest, and shared among threads.

OpenBLAS copies ("packs") both matrices before it multiplies them, unless the product is small:
up to M·N·K = 10⁶ on x86 it takes kernels that read them in place. With the short rows and columns
of small nets that is up to twice as fast, so wide products are cut into such pieces, which
np.matmul walks through without coming back to Python.
"""

import numpy as np

from nn_scratch.engine import plain
from nn_scratch.engine.cpu.threads import for_each, workspace
from nn_scratch.engine.cpu.tiling import NotFinite, check_finite, even_length, pieces

SMALL_PRODUCT = 1_000_000  # M·N·K up to which OpenBLAS does not pack
SHORTEST = 64  # columns below which packing is the lesser evil; pieces are multiples of it
FEWEST_ROWS = 16  # of a piece
SMALL_RESULT = 1024  # M·N up to which it does not pack a transposed factor either
LONG_SUM = 160  # K from which on those kernels are fast; below, copying the factor is faster


def multiply(a, b, out):
    """(…, M, K) (…, K, L) -> out (…, M, L). Along L, b and out must be contiguous."""
    length = b.shape[-1]
    step = _columns_at_once(*a.shape[-2:], length)
    if step == length:
        return np.matmul(a, b, out=out)
    for part in _runs(length, step):
        # (…, 1, M, K) (…, pieces, K, step) -> (…, pieces, M, step)
        np.matmul(a[..., None, :, :], _apart(b[..., part], step), out=_apart(out[..., part], step))
    return out


def multiply_transposed(a, b):
    """(…, K, L) (…, F, L) -> (…, K, F)."""
    k, f, length = a.shape[-2], b.shape[-2], a.shape[-1]
    if length >= LONG_SUM and 4 * f <= SMALL_RESULT:
        b, rows = b.swapaxes(-1, -2), SMALL_RESULT // f
    else:
        b, rows = _turned(b), max(FEWEST_ROWS, SMALL_PRODUCT // (f * length))
    rows = even_length(k, rows, 1)
    step = even_length(length, SMALL_PRODUCT // (rows * f), 1)
    if step < min(SHORTEST, length):
        return np.matmul(a, b)
    out = np.empty((*a.shape[:-1], f), a.dtype)
    for here in _runs(k, rows):
        target = _split(out[..., here, :], -2, rows)  # (…, K/rows, rows, F)
        left = _split(a[..., here, :], -2, rows)
        if step == length:
            np.matmul(left, b[..., None, :, :], out=target)
            continue
        target[...] = 0
        for part in _runs(length, step):
            right = _split(b[..., part, :], -2, step)[..., None, :, :, :]
            # (K/rows, pieces, rows, step) (1, pieces, step, F), summed over the pieces
            target += np.matmul(_apart(left[..., part], step), right).sum(axis=-3)
    return out


def _turned(b):
    """(…, F, L) as (…, L, F), in a workspace."""
    turned = workspace("turned", (*b.shape[:-2], b.shape[-1], b.shape[-2]), b.dtype)
    np.copyto(turned, b.swapaxes(-1, -2))
    return turned


def matrix_product(a, b):
    """a (M, K) times b (K, N), the rows of the result shared among threads."""
    y = np.empty((len(a), b.shape[1]), np.result_type(a, b))

    def work(rows):
        np.matmul(a[rows], b, out=y[rows])

    for_each(work, pieces(len(a), b.size, most=len(a) * b.size))
    return y


def separable_transform(a, x, b):
    """a x bᵀ for every plane of x: (P, H) (N, C, H, W) (W, Q) -> (N, C, P, Q)."""
    planes = x.reshape(-1, *x.shape[2:])
    y = np.empty((len(planes), len(a), len(b)), x.dtype)

    def work(piece):
        np.matmul(a @ planes[piece], b.T, out=y[piece])
        check_finite(y[piece])

    try:
        with np.errstate(invalid="ignore", over="ignore"):
            for_each(work, pieces(len(planes), y[:1].size, most=1 << 18))
    except NotFinite:
        return plain.separable_transform(a, x, b)
    return y.reshape(*x.shape[:2], len(a), len(b))


def _columns_at_once(m, k, length):
    """How many columns of an (m, k) (k, length) product to take at once."""
    shortest = min(SHORTEST, length)
    most = SMALL_PRODUCT // (m * k)
    if most >= length or most < shortest:
        return length
    return shortest * even_length(-(-length // shortest), most // shortest, 1)


def _runs(length, step):
    """The columns that whole pieces cover, and the rest."""
    whole = length // step * step
    return [slice(a, b) for a, b in ((0, whole), (whole, length)) if a < b]


def _split(matrix, axis, step):
    """One axis as (pieces, step), or as one shorter piece: a view."""
    axis %= matrix.ndim
    shape = matrix.shape
    return matrix.reshape(*shape[:axis], max(1, shape[axis] // step), -1, *shape[axis + 1 :])


def _apart(matrix, step):
    """(…, K, L) as (…, pieces, K, step or L): a view."""
    return _split(matrix, -1, step).swapaxes(-3, -2)
