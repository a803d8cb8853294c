"""Pooling and unpooling: gather by switches, scatter by switches.

Max-pool finds each window's switch, the place of its maximum, and gathers; its backward pass
scatters dy to the switches. Max-unpool scatters; its backward pass gathers. With the switches held
fixed all four are the same linear map or its adjoint (SegNet, Badrinarayanan et al. 2015, §3).

A switch is h·W + w in unpadded coordinates, within the plane of its image and channel.
"""

from typing import Any

import numpy as np

from nn_scratch.arguments import one_of
from nn_scratch.backend import Array, xp_of
from nn_scratch.engine import engine_of
from nn_scratch.geometry import (
    Padding,
    Pair,
    conv_size,
    flag,
    map_size,
    pool_size,
    pool_windows,
    window_taps,
)
from nn_scratch.validate import check_rank, check_shape, check_switches, check_values

COLLISIONS = ("sum", "overwrite")


def max_pool2d(
    x: Array,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Padding = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> tuple[Array, Array]:
    """The maximum of each window, and where it stood.

    x (N, C, H, W). Of equal maxima the first in row-major order counts; the first NaN beats every
    number; padding never wins. `stride` defaults to the kernel size. `ceil_mode` also keeps a last,
    partial window, if it starts inside the image or the top (left) padding.

    Returns: y (N, C, P, Q) and switches (N, C, P, Q), int32 while H·W < 2³¹.
    Raises: ValueError if no window fits, one holds no pixel, or the padding is too large; TypeError
        if x is not float32 or float64.
    """
    check_values(x=x)
    check_rank("x", x, 4)
    windows = pool_windows(kernel_size, stride, padding, dilation)
    size = pool_size(x.shape[2:], windows, flag("ceil_mode", ceil_mode))
    return engine_of(x).max_pool_argmax(x, windows, size)


def max_pool2d_backward(dy: Array, switches: Array, input_size: Pair, **geometry: Any) -> Array:
    """The gradient of max_pool2d: each dy goes to its switch; where they meet they add.

    dy and switches (N, C, P, Q). It is max_unpool2d, the geometry optional as there.

    Returns: dx (N, C, *input_size).
    Raises: as max_unpool2d.
    """
    check_values(dy=dy)
    check_rank("dy", dy, 4)
    return max_unpool2d(dy, switches, map_size("input_size", input_size), **geometry)


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
    """Put each value at its switch in an image of zeros.

    x and switches (N, C, P, Q), output_size (H, W). Where switches collide, "sum" adds, which is
    the adjoint of gathering; "overwrite" keeps the last in row-major order. The geometry
    (kernel_size, stride, padding, dilation) is a promise that the switches come from such a pool;
    the result is the same, found faster.

    Returns: y (N, C, H, W).
    Raises: ValueError for switches outside output_size (with the geometry given, those on a GPU are
        taken as they are, for looking at them would make the host wait), shapes that do not fit
        or unknown `collisions`; TypeError for switches that are no integers.
    """
    check_values(x=x)
    check_rank("x", x, 4)
    size = map_size("output_size", output_size)
    promised = _promised(kernel_size, stride, padding, dilation)
    check_switches(switches, x, size, promised)
    check_shape("switches", switches, x.shape, "one switch for each value")
    x = _without_overwritten(x, switches, size, collisions)
    return engine_of(x).scatter_add(x, switches, size, promised)


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
    """The gradient of max_unpool2d: each value's gradient is read at its switch.

    dy (N, C, H, W), switches (N, C, P, Q). A value that was overwritten gets none. The geometry is
    optional, as in max_unpool2d.

    Returns: dx (N, C, P, Q).
    Raises: as max_unpool2d.
    """
    check_values(dy=dy)
    check_rank("dy", dy, 4)
    size = dy.shape[2:]
    check_switches(switches, dy, size, _promised(kernel_size, stride, padding, dilation))
    return _without_overwritten(engine_of(dy).gather(dy, switches), switches, size, collisions)


def _promised(kernel_size, *geometry):
    """The windows that the switches are said to come from, or None."""
    return None if kernel_size is None else pool_windows(kernel_size, *geometry)


def _without_overwritten(values, switches, size, collisions):
    """The values, zero where a later one takes the place: this mask is its own adjoint."""
    if one_of("collisions", collisions, COLLISIONS) == "sum":
        return values
    last = engine_of(switches).last_writer_mask(switches, size)
    return xp_of(values).where(last, values, values.dtype.type(0))


def avg_pool2d(
    x: Array,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Padding = 0,
    count_include_pad: bool = True,
) -> Array:
    """The mean of each window: a convolution of each channel with a constant kernel.

    x (N, C, H, W). `count_include_pad=False` divides by the number of real pixels instead of the
    kernel's area. `stride` defaults to the kernel size.

    Returns: y (N, C, P, Q).
    Raises: ValueError if no window fits, one holds no pixel, or the padding is too large; TypeError
        if x is not float32 or float64.
    """
    check_values(x=x)
    check_rank("x", x, 4)
    windows = pool_windows(kernel_size, stride, padding)
    ones = _ones_per_channel(x, windows)
    counts = _counts(x, x.shape[2:], windows, count_include_pad)
    return engine_of(x).conv_forward(x, ones, windows, groups=x.shape[1]) / counts


def avg_pool2d_backward(
    dy: Array,
    input_size: Pair,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Padding = 0,
    count_include_pad: bool = True,
) -> Array:
    """The gradient of avg_pool2d: each dy, divided by its window's count, goes to every pixel of
    the window.

    dy (N, C, P, Q); the options are those of avg_pool2d.

    Returns: dx (N, C, *input_size).
    Raises: ValueError if dy has not the shape that these options give; TypeError if dy is not
        float32 or float64.
    """
    check_values(dy=dy)
    check_rank("dy", dy, 4)
    size = map_size("input_size", input_size)
    windows = pool_windows(kernel_size, stride, padding)
    check_shape("dy", dy, (*dy.shape[:2], *conv_size(size, windows)), "the shape of the output")
    ones = _ones_per_channel(dy, windows)
    counts = _counts(dy, size, windows, count_include_pad)
    return engine_of(dy).conv_backward_data(dy / counts, ones, size, windows, groups=dy.shape[1])


def _ones_per_channel(x, windows):
    return xp_of(x).ones((x.shape[1], 1, *windows.kernel), x.dtype)


def _counts(x, size, windows, count_include_pad):
    """What each window's sum is divided by: (P, Q), in the library and dtype of x."""
    rows, columns = window_taps(size, windows, conv_size(size, windows))
    inside = [((t >= 0) & (t < n)).sum(axis=1) for t, n in zip((rows, columns), size, strict=True)]
    real = np.multiply.outer(*inside)
    count_include_pad = flag("count_include_pad", count_include_pad)
    counts = np.full_like(real, np.prod(windows.kernel)) if count_include_pad else real
    return xp_of(x).asarray(counts.astype(x.dtype))


# ---------------------------------------------------------------- to a fixed grid


def adaptive_avg_pool2d(x: Array, output_size: Pair) -> Array:
    """Means over a grid of output_size (int or pair) cells that cover any image, as PyTorch's.

    x (N, C, H, W). Cell p holds the rows ⌊p·H/P⌋ to ⌈(p+1)·H/P⌉ − 1; where P does not divide H,
    neighbouring cells share a row. A grid of 1 is global average pooling.

    Returns: y (N, C, P, Q).
    Raises: ValueError if x has not four axes; TypeError if x is not float32 or float64.
    """
    check_values(x=x)
    check_rank("x", x, 4)
    a, b = _averaging_matrices(x, x.shape[2:], map_size("output_size", output_size))
    return engine_of(x).separable_transform(a, x, b)  # (P, H) (N, C, H, W) (W, Q) -> (N, C, P, Q)


def adaptive_avg_pool2d_backward(dy: Array, input_size: Pair) -> Array:
    """The gradient of adaptive_avg_pool2d, from dy (N, C, P, Q): in equal parts to each cell's
    pixels.

    Returns: dx (N, C, *input_size).
    Raises: ValueError if dy has not four axes; TypeError if dy is not float32 or float64.
    """
    check_values(dy=dy)
    check_rank("dy", dy, 4)
    a, b = _averaging_matrices(dy, map_size("input_size", input_size), dy.shape[2:])
    # (H, P) (N, C, P, Q) (Q, W) -> (N, C, H, W)
    return engine_of(dy).separable_transform(a.T, dy, b.T)


def _averaging_matrices(x, size_in, size_out):
    """For height and width, the (n_out, n_in) matrix whose row p averages cell p."""
    for n_in, n_out in zip(size_in, size_out, strict=True):
        cells, places = np.arange(n_out)[:, None], np.arange(n_in)
        first, last = cells * n_in // n_out, ((cells + 1) * n_in - 1) // n_out
        inside = (places >= first) & (places <= last)
        yield xp_of(x).asarray((inside / inside.sum(axis=1, keepdims=True)).astype(x.dtype))
