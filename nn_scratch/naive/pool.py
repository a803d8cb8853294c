"""Pooling and unpooling: gather by switches, scatter by switches, and means."""

from itertools import product
from math import ceil, floor
from typing import Any

import numpy as np

from nn_scratch.arguments import one_of
from nn_scratch.backend import Array
from nn_scratch.geometry import Padding, Pair, conv_size, flag, map_size, pool_size, pool_windows
from nn_scratch.naive.windows import inside, tap
from nn_scratch.validate import check_images, check_shape, check_switches

# ---------------------------------------------------------------- by switches


def max_pool2d(
    x: Array,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Padding = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> tuple[Array, Array]:
    """The first maximum of each window in row-major order, or its first NaN.

    Returns: y (N, C, P, Q) and switches (N, C, P, Q), int32.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_images("x", x)
    ceil_mode = flag("ceil_mode", ceil_mode)
    windows = pool_windows(kernel_size, stride, padding, dilation)
    size = pool_size(x.shape[2:], windows, ceil_mode)
    y = np.zeros((*x.shape[:2], *size), x.dtype)
    switches = np.zeros(y.shape, np.int32)
    for n, c, p, q in product(*map(range, y.shape)):
        best = None
        for i, j in product(*map(range, windows.kernel)):
            h, w = tap(windows, p, q, i, j)
            if not inside(h, w, x.shape):
                continue
            value = x[n, c, h, w]
            if best is None or value > best or (np.isnan(value) and not np.isnan(best)):
                best, switches[n, c, p, q] = value, h * x.shape[3] + w
        y[n, c, p, q] = best
    return y, switches


def max_pool2d_backward(dy: Array, switches: Array, input_size: Pair, **geometry: Any) -> Array:
    """Each dy goes to its switch; where several meet they add.

    Returns: dx (N, C, *input_size).
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_images("dy", dy)
    input_size = map_size("input_size", input_size)
    return max_unpool2d(dy, switches, input_size, **geometry)


def max_unpool2d(
    x: Array,
    switches: Array,
    output_size: Pair,
    *,
    collisions: str = "sum",
    kernel_size: Pair | None = None,
    stride: Pair | None = None,
    padding: Padding = 0,
    dilation: Pair = 1,
) -> Array:
    """Each value goes to its switch; later values add to earlier ones, or overwrite them.

    Returns: y (N, C, H, W).
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_images("x", x)
    height, width = map_size("output_size", output_size)
    check_switches(switches, x, (height, width))
    check_shape("switches", switches, x.shape, "one switch for each value")
    _check_promise(collisions, kernel_size, stride, padding, dilation)
    y = np.zeros((*x.shape[:2], height, width), np.float64)
    for n, c, p, q in product(*map(range, x.shape)):
        h, w = divmod(int(switches[n, c, p, q]), width)
        y[n, c, h, w] = float(x[n, c, p, q]) + (y[n, c, h, w] if collisions == "sum" else 0)
    return y.astype(x.dtype)


def max_unpool2d_backward(
    dy: Array,
    switches: Array,
    *,
    collisions: str = "sum",
    kernel_size: Pair | None = None,
    stride: Pair | None = None,
    padding: Padding = 0,
    dilation: Pair = 1,
) -> Array:
    """Each value gets the dy that stands at its switch, unless a later one overwrote it there.

    Returns: dx (N, C, P, Q).
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_images("dy", dy)
    check_switches(switches, dy, dy.shape[2:])
    _check_promise(collisions, kernel_size, stride, padding, dilation)
    dx = np.zeros(switches.shape, dy.dtype)
    taken = set()
    for n, c, p, q in reversed(list(product(*map(range, switches.shape)))):
        h, w = divmod(int(switches[n, c, p, q]), dy.shape[3])
        if collisions == "sum" or (n, c, h, w) not in taken:
            dx[n, c, p, q] = dy[n, c, h, w]
        taken.add((n, c, h, w))
    return dx


def _check_promise(collisions, kernel_size, *geometry):
    """One of two ways with collisions; and a geometry, if it is given, that a pool can have."""
    one_of("collisions", collisions, ("sum", "overwrite"))
    if kernel_size is not None:
        pool_windows(kernel_size, *geometry)


# ---------------------------------------------------------------- means


def avg_pool2d(
    x: Array,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Padding = 0,
    count_include_pad: bool = True,
) -> Array:
    """The mean of each window, padding counted as zeros or not at all.

    Returns: y (N, C, P, Q).
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_images("x", x)
    count_include_pad = flag("count_include_pad", count_include_pad)
    windows = pool_windows(kernel_size, stride, padding)
    y = np.zeros((*x.shape[:2], *conv_size(x.shape[2:], windows)), x.dtype)
    for n, c, p, q in product(*map(range, y.shape)):
        seen, count = _seen(windows, p, q, x.shape, count_include_pad)
        y[n, c, p, q] = sum(float(x[n, c, h, w]) for h, w in seen) / count
    return y


def avg_pool2d_backward(
    dy: Array,
    input_size: Pair,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Padding = 0,
    count_include_pad: bool = True,
) -> Array:
    """Each dy goes in equal parts to the pixels of its window.

    Returns: dx (N, C, *input_size).
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_images("dy", dy)
    count_include_pad = flag("count_include_pad", count_include_pad)
    windows = pool_windows(kernel_size, stride, padding)
    size = map_size("input_size", input_size)
    expected = *dy.shape[:2], *conv_size(size, windows)
    check_shape("dy", dy, expected, "the shape of the output")
    dx = np.zeros((*dy.shape[:2], *size), np.float64)
    for n, c, p, q in product(*map(range, dy.shape)):
        seen, count = _seen(windows, p, q, dx.shape, count_include_pad)
        for h, w in seen:
            dx[n, c, h, w] += float(dy[n, c, p, q]) / count
    return dx.astype(dy.dtype)


def _seen(windows, p, q, shape, count_include_pad):
    """The real pixels under a window, and what their sum is divided by."""
    taps = [tap(windows, p, q, i, j) for i, j in product(*map(range, windows.kernel))]
    real = [(h, w) for h, w in taps if inside(h, w, shape)]
    return real, len(taps) if count_include_pad else len(real)


def adaptive_avg_pool2d(x: Array, output_size: Pair) -> Array:
    """The mean of each cell of a grid over the image; cells may share a row or a column.

    Returns: y (N, C, P, Q).
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_images("x", x)
    size = map_size("output_size", output_size)
    y = np.zeros((*x.shape[:2], *size), x.dtype)
    for n, c, p, q in product(*map(range, y.shape)):
        cell = _cell(p, q, size, x.shape[2:])
        y[n, c, p, q] = sum(float(x[n, c, h, w]) for h, w in cell) / len(cell)
    return y


def adaptive_avg_pool2d_backward(dy: Array, input_size: Pair) -> Array:
    """Each dy goes in equal parts to the pixels of its cell.

    Returns: dx (N, C, *input_size).
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_images("dy", dy)
    dx = np.zeros((*dy.shape[:2], *map_size("input_size", input_size)), np.float64)
    for n, c, p, q in product(*map(range, dy.shape)):
        cell = _cell(p, q, dy.shape[2:], dx.shape[2:])
        for h, w in cell:
            dx[n, c, h, w] += float(dy[n, c, p, q]) / len(cell)
    return dx.astype(dy.dtype)


def _cell(p, q, grid, size):
    """The pixels of cell (p, q) of a grid over an image of that size."""
    (rows, columns), (height, width) = grid, size
    down = range(floor(p * height / rows), ceil((p + 1) * height / rows))
    right = range(floor(q * width / columns), ceil((q + 1) * width / columns))
    return list(product(down, right))
