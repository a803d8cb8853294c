"""The primitives on CuPy arrays: our own CUDA kernels where they apply, else the plain way.

A kernel takes contiguous float32 arrays that are not empty, in which every index fits an int. What
does not fit goes to `plain`, as does everything with NN_SCRATCH_KERNELS=0. Kernels are compiled
when they are first used. They are written in cuda/*.cu, to be read.
"""

import os
import sys
from functools import wraps
from importlib.resources import files
from math import prod

import numpy as np

from nn_scratch.engine import plain
from nn_scratch.geometry import conv_size

BLOCK, WARP = 256, 32  # threads; those of a warp run in step
ROWS, COLUMNS, TILE_BLOCK = (8, 16, 32, 64), 128, 128  # of conv.cu's tiles, and their threads
MOST_PARTS = 64  # of a channel's sum
CHANNEL_TERMS, WEIGHT_TERMS = 4096, 256  # of a channel's, a weight's sum, that are worth a part
ENOUGH_BLOCKS = 1024  # of conv.cu: they keep every multiprocessor of a large card busy
MANY_BLOCKS = 8192  # the same, of threads that only move numbers, plane after plane
MOST_BLOCKS = 2**16 - 1  # along a grid's third axis
MOST_ELEMENTS = 2**31 - 2**20  # an index that goes one step beyond the end still fits an int

_functions = {}  # (CuPy, file, kernel, options of the compiler) -> the compiled kernel


class NotForKernelsError(Exception):
    """The results are too many, or a grid too large, or an array is of a type that kernels do not
    take."""


def where_it_fits(function):
    """The function, but the plain one of its name wherever kernels do not take the arguments."""

    @wraps(function)
    def chosen(*arguments, **options):
        try:
            _check_arrays(arguments)
            return function(*arguments, **options)
        except NotForKernelsError:
            return getattr(plain, function.__name__)(*arguments, **options)

    return chosen


def _check_arrays(arguments):
    """Values must be contiguous float32; integers are looked at where they are used."""
    parts = [part for a in arguments for part in (a if isinstance(a, tuple) else (a,))]
    for a in parts:
        if hasattr(a, "dtype"):
            fits = a.dtype == np.float32 and a.flags.c_contiguous
            _demand((fits or a.dtype.kind in "iu") and 0 < a.size <= MOST_ELEMENTS)
    _demand(os.environ.get("NN_SCRATCH_KERNELS") != "0")


def _demand(condition):
    if not condition:
        raise NotForKernelsError


# ---------------------------------------------------------------- convolution


@where_it_fits
def conv_forward(x, w, windows, groups=1):
    """As plain.conv_forward."""
    n, f, positions = len(x), len(w), conv_size(x.shape[2:], windows)
    y = _empty((n, f, *positions))
    matrix, sizes = (f // groups, n * prod(positions)), _sizes(x, f, positions, windows, groups)
    _tiles("conv_forward", matrix, groups, x, w, y, *sizes)
    return y


@where_it_fits
def conv_backward_data(g, w, size, windows, groups=1):
    """As plain.conv_backward_data."""
    (n, f), c, phases = g.shape[:2], w.shape[1], prod(windows.stride)
    x = _empty((n, groups * c, *size))
    phase = [-(-length // step) for length, step in zip(size, windows.stride, strict=True)]
    matrix, sizes = (c, n * prod(phase)), _sizes(x, f, g.shape[2:], windows, groups)
    _tiles("conv_backward_data", matrix, groups * phases, g, w, x, *sizes)
    return x


@where_it_fits
def conv_backward_filter(x, g, windows, groups=1):
    """As plain.conv_backward_filter, its sum in parts that are added up in a fixed order."""
    f, c = g.shape[1], x.shape[1] // groups
    w = _empty((f, c, *windows.kernel))
    matrix = f // groups, w.size // f
    enough = -(-ENOUGH_BLOCKS // (prod(_grid(*matrix)) * groups))
    worthwhile = -(-(g.size // f) // WEIGHT_TERMS)
    most = min(MOST_BLOCKS // groups, MOST_ELEMENTS // w.size)
    parts = _empty((min(enough, worthwhile, most), *w.shape))
    sizes = _sizes(x, f, g.shape[2:], windows, groups)
    _tiles("conv_backward_filter", matrix, groups * len(parts), x, g, parts, *sizes)
    return _added_up(parts, w)


def _added_up(parts, total):
    """parts (splits, …) -> total, their sum."""
    counts = np.int32(total.size), np.int32(len(parts))
    _each("conv", "sum_parts", total.size, parts, total, *counts)
    return total


# ---------------------------------------------------------------- pooling


@where_it_fits
def max_pool_argmax(x, windows, positions):
    """As plain.max_pool_argmax."""
    y = _empty((*x.shape[:2], *positions))
    switches = _empty(y.shape, np.int32)
    sizes = *x.shape[2:], *positions, *_geometry(windows)
    _planes("pool", "max_pool_argmax", y, x, y, switches, sizes=sizes)
    return y, switches


@where_it_fits
def gather(x, switches):
    """As plain.gather."""
    _demand(_are_int32(switches))
    y = _empty(switches.shape)
    sizes = prod(switches.shape[2:]), prod(x.shape[2:])
    _planes("pool", "gather", y, x, switches, y, sizes=sizes)
    return y


@where_it_fits
def scatter_add(values, switches, size, windows=None):
    """As plain.scatter_add. Where `windows` say which pool the switches are of, pixels ask their
    windows; else the values are sorted by where they go. So float32 is never summed by atomic
    additions, whose order no two runs share."""
    x = _empty((*values.shape[:2], *size))
    if windows is not None and _are_int32(switches):
        sizes = *size, *values.shape[2:], *_geometry(windows)
        _planes("pool", "scatter_add", x, values, switches, x, sizes=sizes)
        return x
    x[...] = 0
    targets = plain.flat_targets(switches, size)
    order = _cupy().argsort(targets)  # CuPy's is stable
    arrays = values, targets[order], order, x
    _each("pool", "add_sorted", values.size, *arrays, np.int64(values.size))
    return x


def _are_int32(switches):
    return switches.dtype == np.int32 and switches.flags.c_contiguous


# ---------------------------------------------------------------- per channel


@where_it_fits
def batch_norm_stats(x):
    """As plain.batch_norm_stats, in parts that are merged in a fixed order."""
    c = x.shape[1]
    splits, sizes = _splits(x), map(np.int32, (x.size // c, *_channels(x)))
    parts, mean, variance = _empty((c, splits, 3)), _empty(c), _empty(c)
    _launch("norm", "moment_parts", (splits, c), (BLOCK,), x, parts, *sizes)
    counts = np.int32(c), np.int32(splits)
    _each("norm", "merge_moments", c, parts, mean, variance, *counts)
    return mean, variance


@where_it_fits
def batch_norm_elemt(x, statistics, scale, shift, rectified=False):
    """As plain.batch_norm_elemt."""
    y = _empty(x.shape)
    arrays = x, statistics[0], scale, shift, y
    _planes("norm", "normalize", y, *arrays, sizes=(*_channels(x), rectified))
    return y


@where_it_fits
def batch_norm_backward_reduce(dy, x, statistics, y=None):
    """As plain.batch_norm_backward_reduce, in parts that are added up in a fixed order."""
    c, splits = x.shape[1], _splits(x)
    parts = _empty((splits, 2, c))
    passed = dy if y is None else _empty(x.shape)
    sizes = map(np.int32, (x.size // c, *_channels(x), y is not None))
    arrays = dy, x, x if y is None else y, statistics[0], parts, passed
    _launch("norm", "product_parts", (splits, c), (BLOCK,), *arrays, *sizes)
    return *_added_up(parts, _empty((2, c))), passed


@where_it_fits
def batch_norm_backward_elemt(dy, x, statistics, a, b, c, overwrite=False):
    """As plain.batch_norm_backward_elemt."""
    dx = dy if overwrite else _empty(x.shape)
    _planes("norm", "blend", dx, dy, x, statistics[0], a, b, c, dx, sizes=_channels(x))
    return dx


def _splits(x):
    """Into how many parts a sum over batch and image goes."""
    return min(MOST_PARTS, -(-(x.size // x.shape[1]) // CHANNEL_TERMS))


def _channels(x):
    """The number of channels and of pixels of each image."""
    return x.shape[1], prod(x.shape[2:])


# ---------------------------------------------------------------- softmax cross-entropy


@where_it_fits
def cross_entropy_terms(scores, labels):
    """As plain.cross_entropy_terms."""
    terms = _empty(labels.shape)
    arrays = scores, _int32(labels), terms
    _each("loss", "cross_entropy_terms", labels.size, *arrays, *_pixels(scores, labels))
    return terms


@where_it_fits
def cross_entropy_slopes(scores, labels, factors):
    """As plain.cross_entropy_slopes."""
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


def _empty(shape, dtype=np.float32):
    y = _cupy().empty(shape, dtype)
    _demand(y.size <= MOST_ELEMENTS)
    return y


def _tile_rows(rows):
    """The fewest rows of a tile that hold all of a matrix, if any do: idle ones cost as much."""
    return next((enough for enough in ROWS if enough >= rows), ROWS[-1])


def _grid(rows, columns):
    """How many of conv.cu's tiles a matrix has, across and down."""
    return -(-columns // COLUMNS), -(-rows // _tile_rows(rows))


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
    pixels, planes = prod(size), n * c
    across = min(BLOCK, -(-pixels // WARP) * WARP)
    down = BLOCK // across
    columns = -(-pixels // across)
    rows = min(-(-planes // down), -(-MANY_BLOCKS // columns))
    grid, block = (columns, rows), (across, down)
    _launch(file, kernel, grid, block, *arrays, *map(np.int32, (planes, *sizes)))


def _tiles(kernel, matrix, count, *arguments):
    """Launch a kernel of conv.cu with a block for each tile of `count` matrices (rows, columns)."""
    _demand(0 < count <= MOST_BLOCKS)
    grid = *_grid(*matrix), count
    rows = f"-DROWS={_tile_rows(matrix[0])}"
    _launch("conv", kernel, grid, (TILE_BLOCK,), *arguments, options=(rows,))


def _launch(file, kernel, grid, block, *arguments, options=()):
    _function(file, kernel, options)(grid, block, arguments)


def _function(file, kernel, options):
    cupy = _cupy()
    key = id(cupy), file, kernel, options
    if key not in _functions:
        module = cupy.RawModule(code=_source(file), options=("--std=c++14", *options))
        _functions[key] = module.get_function(kernel)
    return _functions[key]


def _source(file):
    return (files("nn_scratch.engine") / "cuda" / f"{file}.cu").read_text(encoding="utf-8")


def _cupy():
    return sys.modules["cupy"]
