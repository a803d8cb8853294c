"""The primitives on CuPy arrays: our own CUDA kernels where they apply, else the plain way.

A kernel takes contiguous float32 arrays in which every index fits an int. What does not fit goes to
`plain`, as does everything with NN_SCRATCH_KERNELS=0. Kernels are compiled when they are first
used. They are written in cuda/*.cu, to be read.
"""

import os
import sys
from importlib.resources import files
from math import prod

import numpy as np

from nn_scratch.engine import plain
from nn_scratch.geometry import conv_size

BLOCK, WARP = 256, 32  # threads; those of a warp run in step
ROWS, COLUMNS, TILE_BLOCK = 64, 128, 128  # of a tile, and its threads, as in conv.cu
MOST_PARTS = 64  # of a sum
CHANNEL_TERMS, WEIGHT_TERMS = 4096, 256  # of a channel's, a weight's sum, that are worth a part
ENOUGH_BLOCKS = 1024  # of conv.cu: they keep every multiprocessor of a large card busy
MANY_BLOCKS = 8192  # the same, of threads that only move numbers, plane after plane
MOST_BLOCKS = 2**16 - 1  # along a grid's third axis
MOST_ELEMENTS = 2**31 - 2**20  # an index that goes one step beyond the end still fits an int

_functions = {}  # (CuPy, file, kernel) -> the compiled kernel


# ---------------------------------------------------------------- convolution


def conv_forward(x, w, windows, groups=1):
    """As plain.conv_forward."""
    n, f = len(x), len(w)
    positions = conv_size(x.shape[2:], windows)
    shape = n, f, *positions
    if not _fit(x, w, results=prod(shape), blocks=groups):
        return plain.conv_forward(x, w, windows, groups)
    y = _empty(shape)
    if y.size:
        grid = *_grid(n * prod(positions), f // groups), groups
        _tiles("conv_forward", grid, x, w, y, *_sizes(x, f, positions, windows, groups))
    return y


def conv_backward_data(g, w, size, windows, groups=1):
    """As plain.conv_backward_data."""
    (n, f), c, phases = g.shape[:2], w.shape[1], prod(windows.stride)
    shape = n, groups * c, *size
    if not _fit(g, w, results=prod(shape), blocks=groups * phases):
        return plain.conv_backward_data(g, w, size, windows, groups)
    x = _empty(shape)
    if x.size:
        phase = [-(-length // step) for length, step in zip(size, windows.stride, strict=True)]
        grid = *_grid(n * prod(phase), c), groups * phases
        _tiles("conv_backward_data", grid, g, w, x, *_sizes(x, f, g.shape[2:], windows, groups))
    return x


def conv_backward_filter(x, g, windows, groups=1):
    """As plain.conv_backward_filter, its sum in parts that are added up in a fixed order."""
    f, c = g.shape[1], x.shape[1] // groups
    weights = c * prod(windows.kernel)
    if not _fit(x, g, results=f * weights, blocks=groups) or not (x.size and g.size):
        return plain.conv_backward_filter(x, g, windows, groups)
    columns, rows = _grid(weights, f // groups)
    enough = -(-ENOUGH_BLOCKS // (columns * rows * groups))
    worthwhile = -(-(g.size // f) // WEIGHT_TERMS)
    most = min(MOST_PARTS, MOST_BLOCKS // groups, MOST_ELEMENTS // (f * weights))
    parts = min(enough, worthwhile, most)
    partial = _empty((parts, f, weights))
    sizes = _sizes(x, f, g.shape[2:], windows, groups)
    _tiles("conv_backward_filter", (columns, rows, groups * parts), x, g, partial, *sizes)
    return _added_up(partial, (f, c, *windows.kernel))


def _added_up(parts, shape):
    """parts (splits, …) -> their sum, in this shape."""
    total = _empty(shape)
    counts = np.int32(total.size), np.int32(len(parts))
    _each("conv", "sum_parts", total.size, parts, total, *counts)
    return total


# ---------------------------------------------------------------- pooling


def max_pool_argmax(x, windows, positions):
    """As plain.max_pool_argmax."""
    n, c, *size = x.shape
    if not _fit(x, results=n * c * prod(positions)):
        return plain.max_pool_argmax(x, windows, positions)
    y = _empty((n, c, *positions))
    switches = _empty(y.shape, np.int32)
    sizes = *size, *positions, *_geometry(windows)
    _planes("pool", "max_pool_argmax", y, x, y, switches, sizes=sizes)
    return y, switches


def gather(x, switches):
    """As plain.gather."""
    if not _fit(x, switches=switches):
        return plain.gather(x, switches)
    y = _empty(switches.shape)
    sizes = prod(switches.shape[2:]), prod(x.shape[2:])
    _planes("pool", "gather", y, x, switches, y, sizes=sizes)
    return y


def scatter_add(values, switches, size, windows=None):
    """As plain.scatter_add. Where `windows` say which pool the switches are of, pixels ask their
    windows; else the values are sorted by where they go. So float32 is never summed by atomic
    additions, whose order no two runs share."""
    n, c, *positions = values.shape
    if not _fit(values, results=n * c * prod(size)):
        return plain.scatter_add(values, switches, size, windows)
    if windows is None or not _fit(switches=switches):
        return _scatter_sorted(values, switches, size)
    x = _empty((n, c, *size))
    sizes = *size, *positions, *_geometry(windows)
    _planes("pool", "scatter_add", x, values, switches, x, sizes=sizes)
    return x


def _scatter_sorted(values, switches, size):
    cupy = _cupy()
    x = cupy.zeros((*values.shape[:2], *size), np.float32)
    if values.size:
        targets = plain.flat_targets(switches, size)
        order = cupy.argsort(targets)  # CuPy's is stable
        arrays = values, targets[order], order, x
        _each("pool", "add_sorted", values.size, *arrays, np.int64(values.size))
    return x


# ---------------------------------------------------------------- per channel


def batch_norm_stats(x):
    """As plain.batch_norm_stats, in parts that are merged in a fixed order."""
    if not _fit(x) or not x.size:
        return plain.batch_norm_stats(x)
    c = x.shape[1]
    splits, sizes = _splits(x), map(np.int32, (x.size // c, *_channels(x)))
    parts, mean, variance = _empty((c, splits, 3)), _empty(c), _empty(c)
    _launch("norm", "moment_parts", (splits, c), (BLOCK,), x, parts, *sizes)
    counts = np.int32(c), np.int32(splits)
    _each("norm", "merge_moments", c, parts, mean, variance, *counts)
    return mean, variance


def batch_norm_elemt(x, statistics, scale, shift, rectified=False):
    """As plain.batch_norm_elemt."""
    mean, _ = statistics
    if not _fit(x, mean, scale, shift) or not x.size:
        return plain.batch_norm_elemt(x, statistics, scale, shift, rectified)
    y = _empty(x.shape)
    sizes = *_channels(x), rectified
    _planes("norm", "normalize", y, x, mean, scale, shift, y, sizes=sizes)
    return y


def batch_norm_backward_reduce(dy, x, statistics, y=None):
    """As plain.batch_norm_backward_reduce, in parts that are added up in a fixed order."""
    mean, _ = statistics
    if not _fit(dy, x, mean, *(() if y is None else (y,))) or not x.size:
        return plain.batch_norm_backward_reduce(dy, x, statistics, y)
    c, splits = x.shape[1], _splits(x)
    parts = _empty((splits, 2, c))
    passed = dy if y is None else _empty(x.shape)
    sizes = map(np.int32, (x.size // c, *_channels(x), y is not None))
    arrays = dy, x, x if y is None else y, mean, parts, passed
    _launch("norm", "product_parts", (splits, c), (BLOCK,), *arrays, *sizes)
    return *_added_up(parts, (2, c)), passed


def batch_norm_backward_elemt(dy, x, statistics, a, b, c, overwrite=False):
    """As plain.batch_norm_backward_elemt."""
    mean, _ = statistics
    if not _fit(dy, x, mean, a, b, c) or not x.size:
        return plain.batch_norm_backward_elemt(dy, x, statistics, a, b, c)
    dx = dy if overwrite else _empty(x.shape)
    _planes("norm", "blend", dx, dy, x, mean, a, b, c, dx, sizes=_channels(x))
    return dx


def _splits(x):
    """Into how many parts a sum over batch and image goes."""
    return min(MOST_PARTS, -(-(x.size // x.shape[1]) // CHANNEL_TERMS))


def _channels(x):
    """The number of channels and of pixels of each image."""
    return x.shape[1], prod(x.shape[2:])


# ---------------------------------------------------------------- softmax cross-entropy


def cross_entropy_terms(scores, labels):
    """As plain.cross_entropy_terms."""
    if not _fit(scores) or not labels.size:
        return plain.cross_entropy_terms(scores, labels)
    terms = _empty(labels.shape)
    arrays = scores, _int32(labels), terms
    _each("loss", "cross_entropy_terms", labels.size, *arrays, *_pixels(scores, labels))
    return terms


def cross_entropy_slopes(scores, labels, factors):
    """As plain.cross_entropy_slopes."""
    if not _fit(scores, factors) or not labels.size:
        return plain.cross_entropy_slopes(scores, labels, factors)
    slopes = _empty(scores.shape)
    arrays = scores, _int32(labels), factors, slopes
    _each("loss", "cross_entropy_slopes", labels.size, *arrays, *_pixels(scores, labels))
    return slopes


def _int32(labels):
    return _cupy().ascontiguousarray(labels, np.int32)


def _pixels(scores, labels):
    """How many pixels in all, how many classes, and the pixels of each image."""
    return map(np.int32, (labels.size, scores.shape[1], prod(scores.shape[2:])))


# ---------------------------------------------------------------- launching


def _fit(*values, switches=None, results=0, blocks=1):
    """Whether kernels may have these arrays, so many results, and so many blocks along a grid's
    third axis."""
    if os.environ.get("NN_SCRATCH_KERNELS") == "0":
        return False
    if results > MOST_ELEMENTS or blocks > MOST_BLOCKS:
        return False
    kinds = [(a, np.float32) for a in values] + ([] if switches is None else [(switches, np.int32)])
    return all(a.dtype == d and a.flags.c_contiguous and a.size <= MOST_ELEMENTS for a, d in kinds)


def _empty(shape, dtype=np.float32):
    return _cupy().empty(shape, dtype)


def _grid(columns, rows):
    """How many of conv.cu's tiles a matrix has."""
    return -(-columns // COLUMNS), -(-rows // ROWS)


def _geometry(windows):
    (top, _), (left, _) = windows.padding
    return *windows.kernel, *windows.stride, top, left, *windows.dilation


def _sizes(x, filters, positions, windows, groups):
    """What the kernels of conv.cu take after their arrays; channels are those of a group."""
    n, channels, *size = x.shape
    sizes = n, channels // groups, *size, filters // groups, *positions
    return map(np.int32, (*sizes, *_geometry(windows), groups))


def _each(file, kernel, count, *arguments):
    """Launch a kernel with one thread for each of `count` numbers."""
    _launch(file, kernel, (-(-count // BLOCK),), (BLOCK,), *arguments)


def _planes(file, kernel, written, *arrays, sizes):
    """Launch a kernel whose threads each write one place of several of the planes in `written`. It
    takes these arrays, the number of planes, and these sizes."""
    n, c, *size = written.shape
    if not written.size:
        return
    pixels, planes = prod(size), n * c
    across = min(BLOCK, -(-pixels // WARP) * WARP)
    down = BLOCK // across
    columns = -(-pixels // across)
    rows = min(-(-planes // down), -(-MANY_BLOCKS // columns))
    grid, block = (columns, rows), (across, down)
    _launch(file, kernel, grid, block, *arrays, *map(np.int32, (planes, *sizes)))


def _tiles(kernel, grid, *arguments):
    """Launch a kernel of conv.cu with one block for each of its tiles."""
    _launch("conv", kernel, grid, (TILE_BLOCK,), *arguments)


def _launch(file, kernel, grid, block, *arguments):
    _function(file, kernel)(grid, block, arguments)


def _function(file, kernel):
    cupy = _cupy()
    key = id(cupy), file, kernel
    if key not in _functions:
        module = cupy.RawModule(code=_source(file), options=("--std=c++14",))
        _functions[key] = module.get_function(kernel)
    return _functions[key]


def _source(file):
    return (files("nn_scratch.engine") / "cuda" / f"{file}.cu").read_text(encoding="utf-8")


def _cupy():
    return sys.modules["cupy"]
