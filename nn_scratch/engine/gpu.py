"""The primitives on CuPy arrays: our own CUDA kernels where they apply, else the plain way.

A kernel takes contiguous float32 arrays in which every index fits an int, without groups. What does
not fit goes to `array`, as does everything with NN_SCRATCH_KERNELS=0. Kernels are compiled when
they are first used. They are written in cuda/*.cu, to be read.
"""

import os
import sys
from importlib.resources import files
from math import prod

import numpy as np

from nn_scratch.engine import array
from nn_scratch.shapes import conv_size

BLOCK = 256
TILE = 64  # as in conv.cu
MOST_PARTS = 64  # of a weight gradient's sum
LONG_ENOUGH = 4096  # terms that are worth a part of their own
INT_MAX = 2**31 - 1

_functions = {}  # (CuPy, file, kernel) -> the compiled kernel


# ---------------------------------------------------------------- convolution


def correlate(x, w, windows, groups=1):
    """As array.correlate."""
    if groups > 1 or not _fit(x, w):
        return array.correlate(x, w, windows, groups)
    n, _, f = *x.shape[:2], len(w)
    positions = conv_size(x.shape[2:], windows)
    y = _empty((n, f, *positions))
    if y.size:
        grid = _tiles(n * prod(positions)), _tiles(f)
        _launch("conv", "correlate", grid, x, w, y, *_sizes(x, f, positions, windows))
    return y


def scatter(g, w, size, windows, groups=1):
    """As array.scatter."""
    if groups > 1 or not _fit(g, w):
        return array.scatter(g, w, size, windows, groups)
    n, f, c = *g.shape[:2], w.shape[1]
    x = _empty((n, c, *size))
    if x.size:
        grid = _tiles(n * prod(size)), _tiles(c)
        _launch("conv", "scatter", grid, g, w, x, *_sizes(x, f, g.shape[2:], windows))
    return x


def weight_gradient(x, g, windows, groups=1):
    """As array.weight_gradient, its sum in parts that are added up in a fixed order."""
    if groups > 1 or not _fit(x, g) or not g.size:
        return array.weight_gradient(x, g, windows, groups)
    f, c = g.shape[1], x.shape[1]
    weights = c * prod(windows.kernel)
    tiles = _tiles(weights), _tiles(f)
    parts = min(MOST_PARTS, -(-(g.size // f) // LONG_ENOUGH))
    partial = _empty((parts, f, weights))
    sizes = _sizes(x, f, g.shape[2:], windows)
    _launch("conv", "weight_gradient", (*tiles, parts), x, g, partial, *sizes)
    w = _empty((f, c, *windows.kernel))
    grid = (-(-w.size // BLOCK),)
    _launch("conv", "sum_parts", grid, partial, w, np.int32(w.size), np.int32(parts))
    return w


# ---------------------------------------------------------------- pooling


def window_max(x, windows, positions):
    """As array.window_max."""
    if not _fit(x):
        return array.window_max(x, windows, positions)
    y = _empty((*x.shape[:2], *positions))
    switches = _empty(y.shape, np.int32)
    if y.size:
        sizes = *x.shape[2:], *positions, *_geometry(windows)
        _each(y.size, "window_max", x, y, switches, np.int64(y.size), *map(np.int32, sizes))
    return y, switches


def gather(x, switches):
    """As array.gather."""
    if not _fit(x, switches=switches):
        return array.gather(x, switches)
    y = _empty(switches.shape)
    if y.size:
        sizes = prod(switches.shape[2:]), prod(x.shape[2:])
        _each(y.size, "gather", x, switches, y, np.int64(y.size), *map(np.int32, sizes))
    return y


def scatter_add(values, switches, size, windows=None):
    """As array.scatter_add; by a kernel where `windows` say which pool the switches are of."""
    if windows is None or not _fit(values, switches=switches):
        return array.scatter_add(values, switches, size, windows)
    x = _empty((*values.shape[:2], *size))
    if x.size:
        sizes = *size, *values.shape[2:], *_geometry(windows)
        _each(x.size, "scatter_add", values, switches, x, np.int64(x.size), *map(np.int32, sizes))
    return x


# ---------------------------------------------------------------- launching


def _fit(*values, switches=None):
    """Whether kernels may have these arrays."""
    if os.environ.get("NN_SCRATCH_KERNELS") == "0":
        return False
    kinds = [(a, np.float32) for a in values] + ([] if switches is None else [(switches, np.int32)])
    return all(a.dtype == d and a.flags.c_contiguous and a.size <= INT_MAX for a, d in kinds)


def _empty(shape, dtype=np.float32):
    return _cupy().empty(shape, dtype)


def _tiles(count):
    return -(-count // TILE)


def _geometry(windows):
    (top, _), (left, _) = windows.padding
    return *windows.kernel, *windows.stride, top, left, *windows.dilation


def _sizes(x, filters, positions, windows):
    """What the kernels of conv.cu take after their arrays."""
    return map(np.int32, (*x.shape, filters, *positions, *_geometry(windows)))


def _each(count, kernel, *arguments):
    """Launch a kernel of pool.cu with one thread for each of `count` numbers."""
    _launch("pool", kernel, (-(-count // BLOCK),), *arguments)


def _launch(file, kernel, grid, *arguments):
    _function(file, kernel)(grid, (BLOCK,), arguments)


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
