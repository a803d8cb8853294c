"""Matrix products, in pieces that BLAS multiplies fastest, and shared among threads.

OpenBLAS copies ("packs") both matrices before it multiplies them, unless the product is small:
up to M·N·K = 10⁶ on x86 it takes kernels that read them in place. With the short rows and columns
of small nets that is up to twice as fast, so wide products are cut into such pieces, which
np.matmul walks through without coming back to Python.
"""

import numpy as np

from nn_scratch.engine.threads import share, thread_count, workspace

SMALL_PRODUCT = 1_000_000  # M·N·K up to which OpenBLAS does not pack
SHORTEST = 96  # columns of a piece below which packing is the lesser evil
FEWEST_ROWS = 16
WORTH_TURNING = 64  # rows from which a transposed factor is copied: BLAS reads it 1.5 times faster


def multiply(a, b, out):
    """(…, M, K) (…, K, L) -> out (…, M, L). Along L, b and out must be contiguous."""
    m, k = a.shape[-2:]
    length = b.shape[-1]
    rows, step = _piece(m, k, length)
    if (rows, step) == (m, length):
        return np.matmul(a, b, out=out)
    a = a.reshape(*a.shape[:-2], m // rows, 1, rows, k)
    by_rows = out.reshape(*out.shape[:-2], m // rows, rows, length)
    for part in _runs(length, step):
        right = _apart(b[..., part], step)[..., None, :, :, :]
        # (m/rows, 1, rows, k) (1, pieces, k, step) -> (m/rows, pieces, rows, step)
        np.matmul(a, right, out=_apart(by_rows[..., part], step))
    return out


def multiply_transposed(a, b):
    """(…, K, L) (…, F, L) -> (…, K, F)."""
    k, f, length = a.shape[-2], b.shape[-2], a.shape[-1]
    b = b.swapaxes(-1, -2)
    if k >= WORTH_TURNING:
        b, view = workspace("turned", b.shape, b.dtype), b
        np.copyto(b, view)
    rows = _halved(k, SMALL_PRODUCT // (f * length))
    if rows * f * length <= SMALL_PRODUCT:  # short enough without cutting the sum
        product = np.matmul(a.reshape(*a.shape[:-2], k // rows, rows, length), b[..., None, :, :])
        return product.reshape(*a.shape[:-2], k, f)
    rows, step = _piece(k, f, length)
    if (rows, step) == (k, length):
        return np.matmul(a, b)
    by_rows = a.reshape(*a.shape[:-2], k // rows, rows, length)
    total = 0
    for part in _runs(length, step):
        left, right = _apart(by_rows[..., part], step), b[..., part, :]
        right = right.reshape(*right.shape[:-2], 1, left.shape[-3], -1, f)
        # (k/rows, pieces, rows, step) (1, pieces, step, F), summed over the pieces
        total = total + np.matmul(left, right).sum(axis=-3)
    return total.reshape(*total.shape[:-3], k, f)


def matrix_product(a, b):
    """a (M, K) times b (K, N), the longer side of the result shared among threads."""
    y = np.empty((a.shape[0], b.shape[1]), np.result_type(a, b))
    by_rows = y.shape[0] >= y.shape[1]
    length = max(y.shape)
    parts = thread_count() if y.size * a.shape[1] > SMALL_PRODUCT else 1

    def work(slices):
        for part in slices:
            if by_rows:
                np.matmul(a[part], b, out=y[part])
            else:
                np.matmul(a, b[:, part], out=y[:, part])

    step = max(1, -(-length // parts))
    share(work, [slice(i, i + step) for i in range(0, length, step)])
    return y


def sandwich(a, x, b):
    """a x bᵀ for every plane of x: (P, H) (N, C, H, W) (W, Q) -> (N, C, P, Q)."""
    planes = x.reshape(-1, *x.shape[2:])
    y = np.empty((len(planes), len(a), len(b)), x.dtype)
    step = max(1, min(-(-len(planes) // thread_count()), (1 << 18) // max(1, y[:1].size)))

    def work(starts):
        for i in starts:
            part = slice(i, i + step)
            np.matmul(a @ planes[part], b.T, out=y[part])

    share(work, range(0, len(planes), step))
    return y.reshape(*x.shape[:2], len(a), len(b))


def _piece(m, k, length):
    """How many rows and columns of an (m, k) (k, length) product to take at once."""
    shortest = min(SHORTEST, length)
    rows = _halved(m, SMALL_PRODUCT // (k * shortest))
    most = SMALL_PRODUCT // (rows * k)
    if m * k * length <= SMALL_PRODUCT or most < shortest:
        return m, length
    return rows, -(-length // -(-length // most))


def _halved(rows, most):
    """The rows, halved until there are at most so many, as far as that goes."""
    while rows > most and rows % 2 == 0 and rows // 2 >= FEWEST_ROWS:
        rows //= 2
    return rows


def _runs(length, step):
    """The columns that whole pieces cover, and the rest."""
    whole = length // step * step
    return [slice(a, b) for a, b in ((0, whole), (whole, length)) if a < b]


def _apart(matrix, step):
    """(…, K, L) as (…, pieces, K, step or L): a view, since it only splits an axis."""
    pieces = max(1, matrix.shape[-1] // step)
    return matrix.reshape(*matrix.shape[:-1], pieces, -1).swapaxes(-3, -2)
