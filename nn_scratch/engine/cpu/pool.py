"""Finding switches, gathering and scattering by them, for NumPy arrays: few passes over memory.

The work is shared among threads by planes (one channel of one image each).
"""

from math import prod

import numpy as np

from nn_scratch.engine import plain
from nn_scratch.engine.cpu.threads import parallel_for, thread_count, workspace
from nn_scratch.engine.cpu.tiling import even_length
from nn_scratch.geometry import window_taps

BLOCK_ELEMENTS = 1 << 19  # pixels of a block: smaller ones, and threads wait for Python
SMALL_ELEMENTS = 1 << 19  # pixels of a whole call that one thread does sooner alone


def max_pool_argmax(x, windows, positions):
    """As plain.max_pool_argmax: first the maxima of each row's pieces, then of columns of those.

    The order of comparisons is kept, so the first maximum wins. That NaN compares as nothing and
    that padding is −∞ can only matter where a maximum is NaN or −∞: then the plain way does it all.
    """
    n, c, height, width = x.shape
    rows, columns = window_taps((height, width), windows, positions)
    planes = x.reshape(n * c, height, width)
    y = np.empty((n * c, *positions), x.dtype)
    switches = np.empty(y.shape, np.int32 if height * width < 2**31 else np.int64)

    def work(blocks):
        ordinary = True
        for first, last in blocks:
            seen = _padded(planes[first:last], windows, rows, columns)
            _max_of_block(seen, windows, rows, columns, width, y[first:last], switches[first:last])
            ordinary = ordinary and bool(np.isfinite(y[first:last].min()))
        return ordinary

    if not all(parallel_for(work, _plane_blocks(n * c, height * width), 0)):
        return plain.max_pool_argmax(x, windows, positions)
    shape = n, c, *positions
    return y.reshape(shape), switches.reshape(shape)


def _max_of_block(seen, windows, rows, columns, width, y, switches):
    """Maxima and switches of a few padded planes, written to y and switches.

    A later maximum has a larger switch, so the switches can be updated by a maximum too: masks are
    multiplied, since writing through a mask is ten times slower.
    """
    (sh, sw), (dh, dw) = windows.stride, windows.dilation
    p, q = y.shape[1:]

    def column(j):
        return seen[:, :, j * dw : j * dw + (q - 1) * sw + 1 : sw]

    def row(a, i):
        return a[:, i * dh : i * dh + (p - 1) * sh + 1 : sh]

    shape = (*seen.shape[:2], q)
    best, candidate = (workspace(name, shape, y.dtype) for name in ("best", "candidate"))
    at, place = (workspace(name, shape, switches.dtype) for name in ("at", "place"))
    better = workspace("better", shape, np.bool_)
    np.copyto(best, column(0))
    at[...] = columns[:, 0]
    for j in range(1, windows.kernel[1]):
        np.copyto(candidate, column(j))
        np.greater(candidate, best, out=better)
        np.maximum(best, candidate, out=best)
        np.multiply(better, columns[:, j].astype(at.dtype), out=place)
        np.maximum(at, place, out=at)

    np.copyto(y, row(best, 0))
    np.add(row(at, 0), (rows[:, 0, None] * width).astype(at.dtype), out=switches)
    better, place = (
        workspace(k, y.shape, t) for k, t in (("better", np.bool_), ("place", at.dtype))
    )
    for i in range(1, windows.kernel[0]):
        np.greater(row(best, i), y, out=better)
        np.maximum(y, row(best, i), out=y)
        np.add(row(at, i), (rows[:, i, None] * width).astype(at.dtype), out=place)
        np.multiply(place, better, out=place)
        np.maximum(switches, place, out=switches)


def _padded(planes, windows, rows, columns):
    """The planes with −∞ around them as far as the windows reach."""
    height, width = planes.shape[1:]
    (top, _), (left, _) = windows.padding
    below, beyond = max(0, int(rows[-1, -1]) + 1 - height), max(0, int(columns[-1, -1]) + 1 - width)
    if (top, left, below, beyond) == (0, 0, 0, 0):
        return planes
    shape = len(planes), top + height + below, left + width + beyond
    padded = workspace("padded", shape, planes.dtype)
    padded[...] = -np.inf
    padded[:, top : top + height, left : left + width] = planes
    return padded


def gather(x, switches):
    """As plain.gather."""
    planes, flat = (a.reshape(-1, prod(a.shape[2:])) for a in (x, switches))
    values = np.empty(flat.shape, x.dtype)

    def work(blocks):
        for first, last in blocks:
            target = _block_targets(flat[first:last], planes.shape[1])
            here = np.ascontiguousarray(planes[first:last]).reshape(-1)
            np.take(here, target, out=values[first:last], mode="wrap")  # the fastest; none wraps

    parallel_for(work, _plane_blocks(len(planes), planes.shape[1]), 0)
    return values.reshape(switches.shape)


def scatter_add(values, switches, size, windows=None):
    """As plain.scatter_add."""
    disjoint = windows is not None and windows.disjoint
    flat_values, flat = (a.reshape(-1, prod(a.shape[2:])) for a in (values, switches))
    out = np.empty((len(flat), prod(size)), values.dtype)

    def work(blocks):
        for first, last in blocks:
            target = _block_targets(flat[first:last], out.shape[1]).reshape(-1)
            here, added = out[first:last].reshape(-1), flat_values[first:last].reshape(-1)
            here[...] = 0
            if disjoint:
                here[target] = added
            else:
                np.add.at(here, target, added)

    blocks = _plane_blocks(*out.shape)
    if disjoint:
        parallel_for(work, blocks, 0)
    else:  # np.add.at holds the interpreter's lock: more threads would only wait
        work(blocks)
    return out.reshape(*values.shape[:2], *size)


def _block_targets(switches, pixels):
    """Switches of a few planes as flat indices into those planes.

    Added in the switches' own type as long as the sums fit: NumPy's loops for one type are the
    faster ones. Indices must be intp, or NumPy converts them more slowly itself.
    """
    narrow = np.int32 if len(switches) * pixels < 2**31 else np.int64
    starts = (np.arange(len(switches)) * pixels).astype(narrow)
    targets = workspace("targets", switches.shape, np.intp)
    return np.add(switches, starts[:, None], out=targets, dtype=narrow, casting="unsafe")


def _plane_blocks(planes, pixels):
    """(first plane, last) of blocks that fit the cache, as many for every thread."""
    threads = thread_count() if planes * pixels > SMALL_ELEMENTS else 1
    step = even_length(planes, BLOCK_ELEMENTS // max(1, pixels), threads)
    return [(first, min(first + step, planes)) for first in range(0, planes, step)]
