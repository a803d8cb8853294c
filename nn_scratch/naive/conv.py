"""Convolution and transpose convolution, one product at a time.

All six passes run through the same triples: input pixel, tap of the kernel, output pixel.
`_meetings` lists them; each pass multiplies two of the three and adds to the third.
"""

from itertools import product

import numpy as np

from nn_scratch.backend import Array
from nn_scratch.geometry import (
    Padding,
    Pair,
    conv_size,
    conv_windows,
    flag,
    make_windows,
    transpose_size,
)
from nn_scratch.naive.windows import inside, tap
from nn_scratch.validate import check_conv_dy, check_convolution, check_transpose_dy


def conv2d(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: Pair = 1,
    padding: Padding | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Array:
    """Each output pixel is the sum of what its window sees, times the kernel, plus the bias.

    Returns: y (N, C_out, P, Q).
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_convolution(x, w, b, groups)
    windows = conv_windows(w.shape[2:], stride, padding, dilation)
    y = np.zeros((x.shape[0], w.shape[0], *conv_size(x.shape[2:], windows)), np.float64)
    for image, tap_, out in _meetings(x.shape, w.shape, y.shape, windows, groups):
        y[out] += float(x[image]) * float(w[tap_])
    return _with_bias(y, b).astype(x.dtype)


def conv2d_backward(
    dy: Array,
    x: Array,
    w: Array,
    *,
    stride: Pair = 1,
    padding: Padding | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
    need_dx: bool = True,
) -> tuple[Array | None, Array, Array]:
    """Each product x·w of the forward pass gives dy·w back to x and dy·x to w; b gets every dy of
    its channel.

    Returns: dx, dw, db in the shapes of x, w and b.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_convolution(x, w, None, groups)
    windows = conv_windows(w.shape[2:], stride, padding, dilation)
    check_conv_dy(dy, x, w, windows)
    need_dx = flag("need_dx", need_dx)
    dx, dw = np.zeros(x.shape, np.float64), np.zeros(w.shape, np.float64)
    for image, tap_, out in _meetings(x.shape, w.shape, dy.shape, windows, groups):
        dx[image] += float(dy[out]) * float(w[tap_])
        dw[tap_] += float(dy[out]) * float(x[image])
    db = _sums_of_channels(dy)
    return dx.astype(x.dtype) if need_dx else None, dw.astype(x.dtype), db


def conv_transpose2d(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    output_padding: Pair = 0,
    output_size: Pair | None = None,
    dilation: Pair = 1,
    groups: int = 1,
) -> Array:
    """Each input pixel paints the kernel, times its value; where paintings overlap they add.

    Returns: y (N, C_out, P, Q).
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_convolution(x, w, b, groups, transpose=True)
    windows = make_windows(w.shape[2:], stride, padding, dilation)
    size = transpose_size(x.shape[2:], windows, output_padding, output_size)
    y = np.zeros((x.shape[0], w.shape[1] * groups, *size), np.float64)
    for out, tap_, image in _meetings(y.shape, w.shape, x.shape, windows, groups):
        y[out] += float(x[image]) * float(w[tap_])
    return _with_bias(y, b).astype(x.dtype)


def conv_transpose2d_backward(
    dy: Array,
    x: Array,
    w: Array,
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> tuple[Array, Array, Array]:
    """Each product x·w of the forward pass gives dy·w back to x and dy·x to w.

    Returns: dx, dw, db in the shapes of x, w and b.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_convolution(x, w, None, groups, transpose=True)
    windows = make_windows(w.shape[2:], stride, padding, dilation)
    check_transpose_dy(dy, x, w, windows, groups)
    dx, dw = np.zeros(x.shape, np.float64), np.zeros(w.shape, np.float64)
    for out, tap_, image in _meetings(dy.shape, w.shape, x.shape, windows, groups):
        dx[image] += float(dy[out]) * float(w[tap_])
        dw[tap_] += float(dy[out]) * float(x[image])
    return dx.astype(x.dtype), dw.astype(x.dtype), _sums_of_channels(dy)


def _meetings(large, kernel, small, windows, groups):
    """Indices (in the large image, in the kernel, in the small image) of all products.

    large (N, C, H, W) is what the windows lie on, small (N, F, P, Q) has a pixel for each window,
    kernel is (F, C/groups, kh, kw).
    """
    for n, f, p, q in product(*map(range, small)):
        first_channel = f // (kernel[0] // groups) * kernel[1]
        for c, i, j in product(*map(range, kernel[1:])):
            h, v = tap(windows, p, q, i, j)
            if inside(h, v, large):
                yield (n, first_channel + c, h, v), (f, c, i, j), (n, f, p, q)


def _with_bias(y, b):
    """y, with b[f] added to every pixel of channel f."""
    for n, f, p, q in product(*map(range, y.shape)):
        y[n, f, p, q] += 0.0 if b is None else float(b[f])
    return y


def _sums_of_channels(dy):
    """For each channel, the sum over all images and pixels."""
    sums = np.zeros(dy.shape[1], np.float64)
    for n, f, p, q in product(*map(range, dy.shape)):
        sums[f] += float(dy[n, f, p, q])
    return sums.astype(dy.dtype)
