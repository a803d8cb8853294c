"""The definition of every forward op as plain loops: what the words mean.

Same names, signatures and results as `nn_scratch.ops`, far slower: one number at a time, nothing
shared between the loops. The tests compare against this. Arguments are taken as they come; the
checks and their messages are in `ops`.
"""

from itertools import product
from math import ceil, exp, floor, log, sqrt

import numpy as np

from nn_scratch.geometry import (
    conv_size,
    conv_windows,
    make_windows,
    pair,
    pool_size,
    pool_windows,
    transpose_size,
)

# ---------------------------------------------------------------- convolution


def conv2d(x, w, b=None, *, stride=1, padding=0, dilation=1, groups=1):
    """Each output pixel is the sum of what its window sees, times the kernel."""
    windows = conv_windows(w.shape[2:], stride, padding, dilation)
    n_out, c_out = x.shape[0], w.shape[0]
    y = np.zeros((n_out, c_out, *conv_size(x.shape[2:], windows)), x.dtype)
    for n, f, p, q in product(*map(range, y.shape)):
        first_channel = f // (c_out // groups) * w.shape[1]
        total = 0.0 if b is None else float(b[f])
        for c, i, j in product(*map(range, w.shape[1:])):
            h, v = tap(windows, p, q, i, j)
            if inside(h, v, x.shape):
                total += float(x[n, first_channel + c, h, v]) * float(w[f, c, i, j])
        y[n, f, p, q] = total
    return y


def conv_transpose2d(
    x, w, b=None, *, stride=1, padding=0, output_padding=0, output_size=None, dilation=1, groups=1
):
    """Each input pixel paints the kernel, times its value; where paintings overlap they add."""
    windows = make_windows(w.shape[2:], stride, padding, dilation)
    size = transpose_size(x.shape[2:], windows, output_padding, output_size)
    c_out = w.shape[1] * groups
    y = np.zeros((x.shape[0], c_out, *size), np.float64)
    for n, f, p, q in product(*map(range, x.shape)):
        first_channel = f // (x.shape[1] // groups) * w.shape[1]
        for c, i, j in product(*map(range, w.shape[1:])):
            h, v = tap(windows, p, q, i, j)
            if inside(h, v, y.shape):
                y[n, first_channel + c, h, v] += float(x[n, f, p, q]) * float(w[f, c, i, j])
    for c in range(c_out):
        y[:, c] += 0.0 if b is None else float(b[c])
    return y.astype(x.dtype)


def tap(windows, p, q, i, j):
    """The input pixel (h, w) that tap (i, j) of window (p, q) sees; it may lie in the padding."""
    (top, _), (left, _) = windows.padding
    return (
        p * windows.stride[0] + i * windows.dilation[0] - top,
        q * windows.stride[1] + j * windows.dilation[1] - left,
    )


def inside(h, w, shape):
    """Whether pixel (h, w) lies in an image of shape (…, H, W)."""
    return 0 <= h < shape[-2] and 0 <= w < shape[-1]


# ---------------------------------------------------------------- pooling


def max_pool2d(x, kernel_size, *, stride=None, padding=0, dilation=1, ceil_mode=False):
    """The first maximum of each window in row-major order, or its first NaN."""
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
    """Each value goes to its switch; later values add to earlier ones, or overwrite them."""
    height, width = pair("output_size", output_size)
    y = np.zeros((*x.shape[:2], height, width), x.dtype)
    for n, c, p, q in product(*map(range, x.shape)):
        h, w = divmod(int(switches[n, c, p, q]), width)
        y[n, c, h, w] = x[n, c, p, q] + (y[n, c, h, w] if collisions == "sum" else 0)
    return y


def avg_pool2d(x, kernel_size, *, stride=None, padding=0, count_include_pad=True):
    """The mean of each window, padding counted as zeros or not at all."""
    windows = pool_windows(kernel_size, stride, padding)
    y = np.zeros((*x.shape[:2], *conv_size(x.shape[2:], windows)), x.dtype)
    for n, c, p, q in product(*map(range, y.shape)):
        seen = [tap(windows, p, q, i, j) for i, j in product(*map(range, windows.kernel))]
        values = [float(x[n, c, h, w]) for h, w in seen if inside(h, w, x.shape)]
        y[n, c, p, q] = sum(values) / (len(seen) if count_include_pad else len(values))
    return y


def adaptive_avg_pool2d(x, output_size):
    """The mean of each cell of a grid over the image; cells may share a row or a column."""
    (_, _, height, width), (rows, columns) = x.shape, pair("output_size", output_size)
    y = np.zeros((*x.shape[:2], rows, columns), x.dtype)
    for n, c, p, q in product(*map(range, y.shape)):
        top, left = floor(p * height / rows), floor(q * width / columns)
        bottom, right = ceil((p + 1) * height / rows), ceil((q + 1) * width / columns)
        cell = [x[n, c, h, w] for h in range(top, bottom) for w in range(left, right)]
        y[n, c, p, q] = sum(cell) / len(cell)
    return y


# ---------------------------------------------------------------- upsampling


def nearest_unpool2d(x, scale):
    """Each output pixel is the input pixel below it."""
    sh, sw = pair("scale", scale)
    y = np.zeros((*x.shape[:2], x.shape[2] * sh, x.shape[3] * sw), x.dtype)
    for n, c, p, q in product(*map(range, y.shape)):
        y[n, c, p, q] = x[n, c, p // sh, q // sw]
    return y


def bed_of_nails_unpool2d(x, scale):
    """Each input pixel stands at the top left of its block."""
    sh, sw = pair("scale", scale)
    y = np.zeros((*x.shape[:2], x.shape[2] * sh, x.shape[3] * sw), x.dtype)
    for n, c, h, w in product(*map(range, x.shape)):
        y[n, c, h * sh, w * sw] = x[n, c, h, w]
    return y


def bilinear_upsample2d(x, size, *, align_corners=False):
    """Each output pixel mixes the four input pixels around its place, by distance."""
    y = np.zeros((*x.shape[:2], *pair("size", size)), x.dtype)
    for n, c, p, q in product(*map(range, y.shape)):
        total = 0.0
        for h, row_share in neighbours(p, y.shape[2], x.shape[2], align_corners):
            for w, column_share in neighbours(q, y.shape[3], x.shape[3], align_corners):
                total += row_share * column_share * float(x[n, c, h, w])
        y[n, c, p, q] = total
    return y


def neighbours(i, n_out, n_in, align_corners):
    """Along one axis, the two input pixels that output pixel i lies between, with their shares."""
    if align_corners:
        at = i * (n_in - 1) / (n_out - 1) if n_out > 1 else 0.0
    else:
        at = min(max((i + 0.5) * n_in / n_out - 0.5, 0.0), n_in - 1)
    before = int(at)
    return [(before, 1 - (at - before)), (min(before + 1, n_in - 1), at - before)]


# ---------------------------------------------------------------- pointwise, linear, norm


def relu(x):
    """x where it is positive, else 0."""
    y = x.copy()
    for place in np.ndindex(x.shape):
        if x[place] <= 0:
            y[place] = 0
    return y


def softmax(x, axis=1):
    """exp(x) as a share of the sum of exp(x) along the axis."""
    y = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        line = x[(*place[:axis], slice(None), *place[axis + 1 :])]
        y[place] = 1 / sum(exp(float(other) - float(x[place])) for other in line)
    return y


def linear(x, w, b=None):
    """Each output is the sum of the inputs times the weights, plus a bias."""
    y = np.zeros((x.shape[0], w.shape[0]), x.dtype)
    for n, f in product(*map(range, y.shape)):
        y[n, f] = sum(float(a) * float(c) for a, c in zip(x[n], w[f], strict=True))
        y[n, f] += 0 if b is None else b[f]
    return y


def batch_norm2d(
    x, w, b, running_mean, running_var, *, training=True, momentum=0.1, eps=1e-5, relu=False
):
    """Each channel is shifted and scaled to mean 0 and variance 1, then by b and w."""
    y = np.zeros_like(x)
    mean, var = running_mean.copy(), running_var.copy()
    new_mean, new_var = running_mean.copy(), running_var.copy()
    for c in range(x.shape[1]):
        values = [float(v) for v in x[:, c].flat]
        if training and values:
            mean[c] = sum(values) / len(values)
            squares = sum((v - mean[c]) ** 2 for v in values)
            var[c] = squares / len(values)
            new_mean[c] = (1 - momentum) * running_mean[c] + momentum * mean[c]
            new_var[c] = (1 - momentum) * running_var[c] + momentum * squares / (len(values) - 1)
        for n, h, v in product(range(x.shape[0]), range(x.shape[2]), range(x.shape[3])):
            y[n, c, h, v] = w[c] * (x[n, c, h, v] - mean[c]) / sqrt(var[c] + eps) + b[c]
            if relu:
                y[n, c, h, v] = max(y[n, c, h, v], 0)
    return y, (mean, var), (new_mean, new_var)


# ---------------------------------------------------------------- losses


def cross_entropy(scores, labels, *, weight=None, ignore_index=None):
    """The weighted mean of −log(softmax of the true class's score)."""
    total = weights = 0.0
    for place in np.ndindex(labels.shape):
        label = int(labels[place])
        if label == ignore_index:
            continue
        line = [float(s) for s in scores[(place[0], slice(None), *place[1:])]]
        share = 1.0 if weight is None else float(weight[label])
        total += share * (log(sum(exp(s - max(line)) for s in line)) + max(line) - line[label])
        weights += share
    return scores.dtype.type(total / weights if weights else np.nan)


def mse_loss(prediction, target):
    """The mean squared difference."""
    pairs = zip(prediction.flat, target.flat, strict=True)
    squares = [(float(p) - float(t)) ** 2 for p, t in pairs]
    return prediction.dtype.type(sum(squares) / len(squares))


def smooth_l1_loss(prediction, target, *, beta=1.0):
    """The mean of a square near zero, and of the distance away from it."""
    total = 0.0
    for p, t in zip(prediction.flat, target.flat, strict=True):
        d = abs(float(p) - float(t))
        total += 0.5 * d * d / beta if d < beta else d - 0.5 * beta
    return prediction.dtype.type(total / prediction.size)
