"""Pooling and unpooling: gather by switches, scatter by switches.

Max-pool finds each window's switch, the place of its maximum, and gathers; its backward pass
scatters dy to the switches. Max-unpool scatters; its backward pass gathers. With the switches held
fixed all four are the same linear map or its adjoint (SegNet, Badrinarayanan et al. 2015, §3).

A switch is h·W + w in unpadded coordinates, within the plane of its image and channel.
"""

import numpy as np

from nn_scratch.backend import is_cupy, xp_of
from nn_scratch.engine import engine_of
from nn_scratch.geometry import conv_size, pair, pool_size, pool_windows, window_taps
from nn_scratch.validate import check_integers, check_rank, check_shape, check_values

COLLISIONS = ("sum", "overwrite")


def max_pool2d(x, kernel_size, *, stride=None, padding=0, dilation=1, ceil_mode=False):
    """The maximum of each window, and where it stood.

    x (N, C, H, W) -> y (N, C, P, Q) and switches (N, C, P, Q), int32 while H·W < 2³¹. Of equal
    maxima the first in row-major order counts; the first NaN beats every number; padding never
    wins. `stride` defaults to the kernel size. `ceil_mode` also keeps a last, partial window, if
    it starts inside the image or the top (left) padding.
    """
    check_values(x=x)
    check_rank("x", x, 4)
    windows = pool_windows(kernel_size, stride, padding, dilation)
    return engine_of(x).max_pool_argmax(x, windows, pool_size(x.shape[2:], windows, ceil_mode))


def max_pool2d_backward(dy, switches, input_size, **geometry):
    """dy (N, C, P, Q) -> dx (N, C, *input_size): each dy goes to its switch; where they meet they
    add. It is max_unpool2d, the geometry optional as there."""
    return max_unpool2d(dy, switches, pair("input_size", input_size), **geometry)


def max_unpool2d(
    x,
    switches,
    output_size,
    *,
    collisions="sum",
    kernel_size=None,
    stride=None,
    padding=0,
    dilation=1,
):
    """Put each value at its switch in an image of zeros.

    x (N, C, P, Q), switches of the same shape, output_size (H, W) -> y (N, C, H, W).
    Where switches collide, "sum" adds, which is the adjoint of gathering; "overwrite" keeps the
    last in row-major order. The geometry (kernel_size, stride, padding, dilation) is a promise
    that the switches come from such a pool; the result is the same, found faster.
    Raises ValueError for switches outside output_size; with the geometry given, switches on a GPU
    are taken as they are, for looking at them would make the host wait.
    """
    check_values(x=x)
    check_rank("x", x, 4)
    size = pair("output_size", output_size)
    promised = _promised(kernel_size, stride, padding, dilation)
    _check_switches(switches, x, size, promised)
    check_shape("switches", switches, x.shape, "one switch for each value")
    x = _without_overwritten(x, switches, size, collisions)
    return engine_of(x).scatter_add(x, switches, size, promised)


def max_unpool2d_backward(
    dy, switches, *, collisions="sum", kernel_size=None, stride=None, padding=0, dilation=1
):
    """dy (N, C, H, W) -> dx (N, C, P, Q): each value's gradient is read at its switch; a value that
    was overwritten gets none. The geometry is optional, as in max_unpool2d."""
    check_values(dy=dy)
    check_rank("dy", dy, 4)
    size = dy.shape[2:]
    _check_switches(switches, dy, size, _promised(kernel_size, stride, padding, dilation))
    return _without_overwritten(engine_of(dy).gather(dy, switches), switches, size, collisions)


def _promised(kernel_size, *geometry):
    """The windows that the switches are said to come from, or None."""
    return None if kernel_size is None else pool_windows(kernel_size, *geometry)


def _without_overwritten(values, switches, size, collisions):
    """The values, zero where a later one takes the place: this mask is its own adjoint."""
    if collisions not in COLLISIONS:
        raise ValueError(f"collisions={collisions!r}, but must be one of {COLLISIONS}")
    if collisions == "sum":
        return values
    last = engine_of(switches).last_writer_mask(switches, size)
    return xp_of(values).where(last, values, values.dtype.type(0))


def avg_pool2d(x, kernel_size, *, stride=None, padding=0, count_include_pad=True):
    """The mean of each window: a convolution of each channel with a constant kernel.

    x (N, C, H, W) -> y (N, C, P, Q). `count_include_pad=False` divides by the number of real
    pixels instead of the kernel's area.
    """
    check_values(x=x)
    check_rank("x", x, 4)
    windows = pool_windows(kernel_size, stride, padding)
    ones = _ones_per_channel(x, windows)
    counts = _counts(x, x.shape[2:], windows, count_include_pad)
    return engine_of(x).conv_forward(x, ones, windows, groups=x.shape[1]) / counts


def avg_pool2d_backward(
    dy, input_size, kernel_size, *, stride=None, padding=0, count_include_pad=True
):
    """dy (N, C, P, Q) -> dx (N, C, *input_size): each dy, divided by its window's count, goes to
    every pixel of the window."""
    check_values(dy=dy)
    check_rank("dy", dy, 4)
    size = pair("input_size", input_size)
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
    counts = np.full_like(real, np.prod(windows.kernel)) if count_include_pad else real
    return xp_of(x).asarray(counts.astype(x.dtype))


# ---------------------------------------------------------------- to a fixed grid


def adaptive_avg_pool2d(x, output_size):
    """Means over a grid of output_size (int or pair) cells that cover any image, as PyTorch's.

    x (N, C, H, W) -> y (N, C, P, Q). Cell p holds the rows ⌊p·H/P⌋ to ⌈(p+1)·H/P⌉ − 1; where P does
    not divide H, neighbouring cells share a row. A grid of 1 is global average pooling.
    """
    check_values(x=x)
    check_rank("x", x, 4)
    a, b = _averaging_matrices(x, x.shape[2:], pair("output_size", output_size))
    return engine_of(x).separable_transform(a, x, b)  # (P, H) (N, C, H, W) (W, Q) -> (N, C, P, Q)


def adaptive_avg_pool2d_backward(dy, input_size):
    """dy (N, C, P, Q) -> dx (N, C, *input_size): each dy in equal parts to its cell's pixels."""
    check_values(dy=dy)
    check_rank("dy", dy, 4)
    a, b = _averaging_matrices(dy, pair("input_size", input_size), dy.shape[2:])
    # (H, P) (N, C, P, Q) (Q, W) -> (N, C, H, W)
    return engine_of(dy).separable_transform(a.T, dy, b.T)


def _averaging_matrices(x, size_in, size_out):
    """For height and width, the (n_out, n_in) matrix whose row p averages cell p."""
    for n_in, n_out in zip(size_in, size_out, strict=True):
        cells, places = np.arange(n_out)[:, None], np.arange(n_in)
        first, last = cells * n_in // n_out, ((cells + 1) * n_in - 1) // n_out
        inside = (places >= first) & (places <= last)
        yield xp_of(x).asarray((inside / inside.sum(axis=1, keepdims=True)).astype(x.dtype))


# ---------------------------------------------------------------- arguments


def _check_switches(switches, values, size, promised):
    """Switches must be integers inside a plane of `size`, with the values' batch and channels."""
    check_integers("switches", switches)
    xp_of(values, switches)
    check_rank("switches", switches, 4)
    if switches.shape[:2] != values.shape[:2]:
        raise ValueError(
            f"switches {switches.shape} and values {values.shape} differ in batch or channels"
        )
    if promised and is_cupy(switches):
        return
    pixels = size[0] * size[1]
    unsigned = switches.view(f"u{switches.dtype.itemsize}")  # what is negative becomes huge
    if switches.size and unsigned.max() >= pixels:
        n, c, p, q = (int(i[0]) for i in ((switches < 0) | (switches >= pixels)).nonzero())
        raise ValueError(
            f"switches[{n}, {c}, {p}, {q}] is {int(switches[n, c, p, q])}, but an image of "
            f"{tuple(size)} has the places 0 to {pixels - 1}: unpool to the size that was pooled"
        )
