"""Finding switches, gathering and scattering by them, for NumPy arrays: few passes over memory.

The work is shared among threads by planes (one channel of one image each).
"""

from math import prod

import numpy as np

from nn_scratch.engine import plain
from nn_scratch.engine.cpu.threads import for_each, thread_count, workspace
from nn_scratch.engine.cpu.tiling import NotFinite, padded, pieces
from nn_scratch.geometry import window_taps

BLOCK_PIXELS = 1 << 17  # of the planes that max-pooling passes over at once, by one thread alone
AMONG_THREADS = 4  # times as many: between two calls of NumPy a thread waits for the interpreter


def max_pool_argmax(x, windows, positions):
    """As plain.max_pool_argmax: first the maxima of each row's pieces, then of columns of those.

    The order of comparisons is kept, so the first maximum wins. That NaN compares as nothing and
    that padding is −∞ can only matter where a maximum is NaN or −∞: then the plain way does it all.
    """
    n, c, height, width = x.shape
    taps = window_taps((height, width), windows, positions)
    (top, _), (left, _) = windows.padding
    rows, columns = (int(axis[-1, -1]) + 1 for axis in taps)  # as far as windows reach
    planes = x.reshape(n * c, 1, height, width)
    y = np.empty((n * c, *positions), x.dtype)
    switches = np.empty(y.shape, np.int32 if height * width < 2**31 else np.int64)

    def work(piece):
        seen = padded(planes, piece, -top, top + rows, -left, left + columns, -np.inf)
        _max_of_planes(seen[:, 0], windows, *taps, width, y[piece], switches[piece])
        if not np.isfinite(y[piece].min()):
            raise NotFinite

    most = BLOCK_PIXELS * (AMONG_THREADS if thread_count() > 1 else 1)
    try:
        for_each(work, pieces(n * c, height * width, most), 0)
    except NotFinite:
        return plain.max_pool_argmax(x, windows, positions)
    shape = n, c, *positions
    return y.reshape(shape), switches.reshape(shape)


def _max_of_planes(seen, windows, rows, columns, width, y, switches):
    """Maxima and switches of a few padded planes, written to y and switches.

    How far across and down in its window a maximum lies is kept in bytes, as long as windows are no
    larger; the switches are made of that at the end. Masks are multiplied, since writing through a
    mask is ten times slower.
    """
    (kh, kw), (sh, sw), (dh, dw) = windows.kernel, windows.stride, windows.dilation
    p, q = y.shape[1:]
    number = np.uint8 if max(windows.extent) <= 256 else switches.dtype.type

    def column(j):
        return seen[:, :, j * dw : j * dw + (q - 1) * sw + 1 : sw]

    def row(a, i):
        return a[:, i * dh : i * dh + (p - 1) * sh + 1 : sh]

    shape = (*seen.shape[:2], q)
    best, candidate = (workspace(name, shape, y.dtype) for name in ("best", "candidate"))
    at, place = (workspace(name, shape, number) for name in ("at", "place"))
    better = workspace("better", shape, np.bool_)
    np.copyto(best, column(0))
    at[...] = 0
    for j in range(1, kw):
        np.copyto(candidate, column(j))
        np.greater(candidate, best, out=better)
        np.maximum(best, candidate, out=best)
        np.multiply(better, number(j * dw), out=place)
        np.maximum(at, place, out=at)  # further right than what it was

    across, down, place = (workspace(name, y.shape, number) for name in ("across", "down", "place"))
    better = workspace("better", y.shape, np.bool_)
    np.copyto(y, row(best, 0))
    np.copyto(across, row(at, 0))
    down[...] = 0
    for i in range(1, kh):
        np.greater(row(best, i), y, out=better)
        np.maximum(y, row(best, i), out=y)
        np.subtract(row(at, i), across, out=place)
        np.multiply(place, better, out=place)
        np.add(across, place, out=across)  # numbers without a sign go round, and come out right
        np.multiply(better, number(i * dh), out=place)
        np.maximum(down, place, out=down)
    first = (rows[:, 0, None] * width + columns[:, 0]).astype(switches.dtype)
    np.multiply(down, switches.dtype.type(width), out=switches)
    np.add(switches, across, out=switches)
    np.add(switches, first, out=switches)


def gather(x, switches):
    """As plain.gather."""
    planes, flat = (a.reshape(-1, prod(a.shape[2:])) for a in (x, switches))
    values = np.empty(flat.shape, x.dtype)

    def work(piece):
        target = _targets(flat[piece], planes.shape[1])
        here = np.ascontiguousarray(planes[piece]).reshape(-1)
        np.take(here, target, out=values[piece], mode="wrap")  # the fastest; none wraps

    for_each(work, pieces(*planes.shape), 0)
    return values.reshape(switches.shape)


def scatter_add(values, switches, size, windows=None):
    """As plain.scatter_add."""
    disjoint = windows is not None and windows.disjoint
    flat_values, flat = (a.reshape(-1, prod(a.shape[2:])) for a in (values, switches))
    out = np.empty((len(flat), prod(size)), values.dtype)

    def work(piece):
        target = _targets(flat[piece], out.shape[1]).reshape(-1)
        here, added = out[piece].reshape(-1), flat_values[piece].reshape(-1)
        here[...] = 0
        if disjoint:
            here[target] = added
        else:
            np.add.at(here, target, added)

    planes = pieces(*out.shape)
    if disjoint:
        for_each(work, planes, 0)
    else:  # np.add.at holds the interpreter's lock: more threads would only wait
        for piece in planes:
            work(piece)
    return out.reshape(*values.shape[:2], *size)


def _targets(switches, pixels):
    """Switches of a few planes as flat indices into those planes.

    Added in the switches' own type as long as the sums fit: NumPy's loops for one type are the
    faster ones. Indices must be intp, or NumPy converts them more slowly itself.
    """
    narrow = np.int32 if len(switches) * pixels < 2**31 else np.int64
    starts = (np.arange(len(switches)) * pixels).astype(narrow)
    targets = workspace("targets", switches.shape, np.intp)
    return np.add(switches, starts[:, None], out=targets, dtype=narrow, casting="unsafe")
