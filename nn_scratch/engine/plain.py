"""The primitives in plain array code: the readable truth, on NumPy and CuPy arrays alike.

Convolution: the three contractions of one trilinear form (see ops/conv.py), tap by tap. Through tap
(i, j) of the kernel every window sees one pixel, so that each tap is a 1×1 convolution, which is a
matrix product over channels, of shifted pixels (kn2row, Vasudevan et al. 2017). Nothing is copied
for padding: what is multiplied is what a window sees, and memory is that of the result.

Pooling: find the switches, gather by them, scatter by them.

Batch norm: sums over batch and image, and maps with one coefficient for each channel.

And ReLU, softmax, the losses, upsampling. Every op goes through these functions, so that a change
here shows wherever the plain engine is on: NN_SCRATCH_ENGINE=plain.
"""

from math import prod

import numpy as np

from nn_scratch import backend
from nn_scratch.geometry import conv_size, real_taps, window_taps

BATCH_AND_IMAGE = (0, 2, 3)

# ---------------------------------------------------------------- convolution


def conv_forward(x, w, windows, groups=1):
    """Contract x (N, C, H, W) and w (F, C/groups, kh, kw) to y (N, F, P, Q)."""
    size, positions = x.shape[2:], conv_size(x.shape[2:], windows)
    x, taps = by_group(x, groups), taps_of(w, groups)
    y = xp_of(x).zeros((*taps.shape[2:4], x.shape[2], *positions), x.dtype)
    for i, j, seen, pixels in real_taps(windows, size, positions):
        y[(..., *seen)] += product(taps[i, j], x[(..., *pixels)])
    return images_first(y)


def conv_backward_data(g, w, size, windows, groups=1):
    """Contract g (N, F, P, Q) and w (F, C/groups, kh, kw) to x (N, C, *size)."""
    positions = g.shape[2:]
    g, taps = by_group(g, groups), taps_of(w, groups).swapaxes(3, 4)
    x = xp_of(g).zeros((*taps.shape[2:4], g.shape[2], *size), g.dtype)
    for i, j, seen, pixels in real_taps(windows, tuple(size), positions):
        x[(..., *pixels)] += product(taps[i, j], g[(..., *seen)])
    return images_first(x)


def conv_backward_filter(x, g, windows, groups=1):
    """Contract x (N, C, H, W) and g (N, F, P, Q) to w (F, C/groups, kh, kw)."""
    size, positions = x.shape[2:], g.shape[2:]
    x, g = by_group(x, groups), by_group(g, groups)
    taps = xp_of(x).zeros((*windows.kernel, *g.shape[:2], x.shape[1]), x.dtype)
    for i, j, seen, pixels in real_taps(windows, size, positions):
        taps[i, j] = channel_products(g[(..., *seen)], x[(..., *pixels)])
    return taps.transpose(2, 3, 4, 0, 1).reshape(-1, x.shape[1], *windows.kernel)


def product(tap, pixels):
    """(G, F, C) (G, C, N, rows, columns) -> (G, F, N, rows, columns).

    A single group goes as a 2-D product, which is the faster path of CuPy and NumPy alike.
    """
    matrices = pixels.reshape(*pixels.shape[:2], prod(pixels.shape[2:]))
    y = (tap[0] @ matrices[0])[None] if len(tap) == 1 else tap @ matrices
    return y.reshape(*y.shape[:2], *pixels.shape[2:])


def channel_products(g, x):
    """(G, F, N, rows, columns) (G, C, N, rows, columns) -> (G, F, C), summed over pixels."""
    g, x = (a.reshape(*a.shape[:2], prod(a.shape[2:])) for a in (g, x))
    return (g[0] @ x[0].T)[None] if len(g) == 1 else g @ x.swapaxes(1, 2)


def taps_of(w, groups):
    """Kernels (F, C/G, kh, kw) as one matrix per tap and group: (kh, kw, G, F/G, C/G)."""
    f, c, kh, kw = w.shape
    return w.transpose(2, 3, 0, 1).reshape(kh, kw, groups, f // groups, c)


def by_group(x, groups):
    """(N, C, H, W) seen as (G, C/G, N, H, W)."""
    n, c, height, width = x.shape
    return x.reshape(n, groups, c // groups, height, width).transpose(1, 2, 0, 3, 4)


def images_first(x):
    """(G, C/G, N, H, W) as a new contiguous (N, C, H, W)."""
    groups, c, n, height, width = x.shape
    return x.transpose(2, 0, 1, 3, 4).reshape(n, groups * c, height, width)


# ---------------------------------------------------------------- pooling


def max_pool_argmax(x, windows, positions):
    """The maximum of each window and its switch.

    x (N, C, H, W) -> y (N, C, P, Q), switches (N, C, P, Q): h·W + w of the first maximum in
    row-major order. The first NaN of a window wins. Padding never wins.
    """
    xp = xp_of(x)
    height, width = x.shape[2:]
    rows, columns = window_taps((height, width), windows, positions)

    # Start from each window's first real pixel: what lies before it is padding.
    first_row = xp.asarray(first_real(rows, height))
    first_column = xp.asarray(first_real(columns, width))
    y = x[:, :, first_row[:, None], first_column]
    switch_type = np.int32 if height * width < 2**31 else np.int64
    switches = xp.empty(y.shape, switch_type)
    switches[...] = first_row[:, None] * width + first_column

    for i, j, seen, pixels in real_taps(windows, (height, width), tuple(positions)):
        here, candidate = y[(..., *seen)], x[(..., *pixels)]
        # Strictly greater keeps the first maximum; a NaN compares as neither, and beats numbers.
        better = ~(candidate <= here) & (here == here)
        place = rows[seen[0], i, None] * width + columns[seen[1], j]
        y[(..., *seen)] = xp.where(better, candidate, here)
        switches[(..., *seen)] = xp.where(
            better, xp.asarray(place.astype(switch_type)), switches[(..., *seen)]
        )
    return y, switches


def first_real(axis_taps, size):
    """Along one axis, the first coordinate of each window that lies inside the image."""
    real = (axis_taps >= 0) & (axis_taps < size)
    return axis_taps[np.arange(len(axis_taps)), real.argmax(axis=1)]


def gather(x, switches):
    """x (N, C, H, W), switches (N, C, P, Q) -> (N, C, P, Q): the pixels that the switches name."""
    planes, flat = (a.reshape(*a.shape[:2], prod(a.shape[2:])) for a in (x, switches))
    return xp_of(x).take_along_axis(planes, flat, axis=2).reshape(switches.shape)


def scatter_add(values, switches, size, windows=None):
    """The adjoint of gather: values (N, C, P, Q) -> (N, C, *size), where switches collide they add.

    `windows` promises that the switches are those of such a pool: if they are disjoint, no two
    switches of a plane are equal.
    """
    xp = xp_of(values)
    n, c = values.shape[:2]
    target = flat_targets(switches, size)
    x = xp.zeros(n * c * size[0] * size[1], values.dtype)
    if windows is not None and windows.disjoint:
        x[target] = values.reshape(-1)
    else:
        xp.add.at(x, target, values.reshape(-1))
    return x.reshape(n, c, *size)


def last_writer_mask(switches, size):
    """Which writers keep their pixel when the last in row-major order overwrites the others.

    switches (N, C, P, Q) -> bool of the same shape.
    """
    xp = xp_of(switches)
    target = flat_targets(switches, size)
    order = xp.arange(1, target.size + 1, dtype=np.uint64)  # signed ones need CuPy 14.1
    last = xp.zeros(switches.shape[0] * switches.shape[1] * size[0] * size[1], np.uint64)
    xp.maximum.at(last, target, order)
    return (last[target] == order).reshape(switches.shape)


def flat_targets(switches, size):
    """Switches, flat within their plane, as flat indices into (N, C, *size)."""
    xp = xp_of(switches)
    n, c = switches.shape[:2]
    planes = xp.arange(n * c).reshape(n, c, 1, 1) * (size[0] * size[1])
    return (planes + switches.astype(np.int64)).reshape(-1)


# ---------------------------------------------------------------- per channel, per element


def batch_norm_stats(x):
    """x (N, C, H, W) -> the mean and the variance (divided by the count) of each channel: (C,)."""
    return x.mean(axis=BATCH_AND_IMAGE), x.var(axis=BATCH_AND_IMAGE)


def batch_norm_elemt(x, statistics, scale, shift, rectified=False):
    """(x − mean) · scale + shift: x (N, C, H, W), the others and both statistics (C,). If
    `rectified`, what is negative becomes 0."""
    mean, _ = statistics
    y = (x - per_channel(mean)) * per_channel(scale) + per_channel(shift)
    return relu(y) if rectified else y


def channel_sum(x):
    """x (N, C, H, W) -> the sum of each channel: (C,)."""
    return x.sum(axis=(2, 3)).sum(axis=0)  # CuPy is fast for axes that lie side by side at the end


def batch_norm_backward_reduce(dy, x, statistics, y=None):
    """Σ dy and Σ dy · (x − mean) of each channel, and dy: dy, x (N, C, H, W), all others (C,).

    With y, in the shape of x, only dy where y > 0 counts, and dy comes back as a new array that has
    zeros elsewhere.
    """
    mean, _ = statistics
    dy = dy if y is None else relu_backward(dy, y)
    products = dy * (x - per_channel(mean))
    return dy.sum(axis=BATCH_AND_IMAGE), products.sum(axis=BATCH_AND_IMAGE), dy


def batch_norm_backward_elemt(dy, x, statistics, a, b, c, overwrite=False):
    """a · dy + b · (x − mean) + c: dy, x (N, C, H, W), the others and both statistics (C,). With
    `overwrite` the result may take dy's place."""
    mean, _ = statistics
    return per_channel(a) * dy + per_channel(b) * (x - per_channel(mean)) + per_channel(c)


def per_channel(v):
    """(C,) as (C, 1, 1)."""
    return v[:, None, None]


def relu(x):
    """max(x, 0), for an array of any shape."""
    return xp_of(x).maximum(x, 0)


def relu_backward(dy, x):
    """dy where x > 0, else 0, whatever dy is there."""
    return xp_of(x).where(x > 0, dy, dy.dtype.type(0))


def leaky_relu(x, slope):
    """x where x > 0, else slope · x, for an array of any shape."""
    return xp_of(x).where(x > 0, x, slope * x)


def leaky_relu_backward(dy, x, slope):
    """dy where x > 0, else slope · dy."""
    return xp_of(x).where(x > 0, dy, slope * dy)


def sigmoid(x):
    """1 / (1 + exp(−x)), by exp(−|x|), which cannot overflow."""
    xp = xp_of(x)
    e = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, e.dtype.type(1), e) / (1 + e)


def sigmoid_backward(dy, y):
    """dy · y (1 − y)."""
    return dy * (y * (1 - y))


# ---------------------------------------------------------------- softmax and losses


def softmax(x, axis):
    """exp(x) / Σ exp(x) along an axis, shifted by the maximum so that nothing overflows."""
    e = xp_of(x).exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def softmax_backward(dy, y, axis):
    """y · (dy − Σ dy·y) along an axis."""
    return y * (dy - (dy * y).sum(axis=axis, keepdims=True))


def cross_entropy_terms(scores, labels):
    """log Σ_k exp(s_k) − s_y at every label y: scores (N, K, …), labels (N, …) -> (N, …)."""
    xp = xp_of(scores)
    _, others, lead = exponentials(scores, labels)
    return lead + xp.log1p(others + xp.expm1(-lead))


def cross_entropy_slopes(scores, labels, factors):
    """(softmax(scores) − onehot(labels)) · factors: scores (N, K, …), the others (N, …). Where the
    factor is 0 so is the slope, whatever the scores."""
    xp = xp_of(scores)
    e, others, lead = exponentials(scores, labels)
    scale = factors / (others + xp.exp(-lead))
    e *= scale[:, None]
    xp.put_along_axis(e, labels[:, None], (-others * scale)[:, None], axis=1)
    if isinstance(e, np.ndarray) and np.isfinite(scale).all():
        return e
    return xp.where(factors[:, None] == 0, e.dtype.type(0), e)


def exponentials(scores, labels):
    """exp(s_k − max s) with 0 in the label's place, their sum, and max s − s_y.

    A difference of two scores is exact where the scores are large and close, and without the
    label's own term small losses keep their digits: the loss is log(1 + Σ_{k≠y} exp(s_k − s_y)).
    """
    xp = xp_of(scores)
    top = scores.max(axis=1)
    lead = top - xp.take_along_axis(scores, labels[:, None], axis=1)[:, 0]
    e = xp.exp(scores - top[:, None])
    xp.put_along_axis(e, labels[:, None], e.dtype.type(0), axis=1)
    return e, e.sum(axis=1), lead


def mse(difference):
    """The mean of d²."""
    return (difference * difference).mean()


def mse_slopes(difference):
    """2d / count."""
    return difference * (2 / difference.size)


def smooth_l1(difference, beta):
    """The mean of ½ d²/beta where |d| < beta, else |d| − ½ beta."""
    size = abs(difference)
    terms = xp_of(size).where(size < beta, size * size * (0.5 / beta), size - 0.5 * beta)
    return terms.mean()


def smooth_l1_slopes(difference, beta):
    """clip(d / beta, −1, 1) / count."""
    return xp_of(difference).clip(difference / beta, -1, 1) / difference.size


def l1(difference):
    """The sum of |d|."""
    return abs(difference).sum()


def l1_slopes(difference):
    """The sign of d."""
    return xp_of(difference).sign(difference)


# ---------------------------------------------------------------- upsampling by whole pixels


def repeat_pixels(x, scale):
    """Each pixel as a block: x (N, C, H, W) -> (N, C, H·sh, W·sw)."""
    return x.repeat(scale[0], axis=2).repeat(scale[1], axis=3)


def sum_blocks(y, scale):
    """The adjoint of repeat_pixels: y (N, C, H·sh, W·sw) -> (N, C, H, W)."""
    return blocks(y, scale).sum(axis=(3, 5))


def insert_zeros(x, scale):
    """Each pixel at the top left of a block of zeros: x (N, C, H, W) -> (N, C, H·sh, W·sw)."""
    n, c, height, width = x.shape
    y = xp_of(x).zeros((n, c, height, scale[0], width, scale[1]), x.dtype)
    y[:, :, :, 0, :, 0] = x
    return y.reshape(n, c, height * scale[0], width * scale[1])


def block_corners(y, scale):
    """The adjoint of insert_zeros: y (N, C, H·sh, W·sw) -> (N, C, H, W)."""
    return blocks(y, scale)[:, :, :, 0, :, 0].copy()


def blocks(y, scale):
    """y (N, C, H·sh, W·sw) seen as (N, C, H, sh, W, sw)."""
    n, c, height, width = y.shape
    sh, sw = scale
    return y.reshape(n, c, height // sh, sh, width // sw, sw)


# ---------------------------------------------------------------- matrices


def matrix_product(a, b):
    """a (M, K) times b (K, N)."""
    return a @ b


def separable_transform(a, x, b):
    """a x bᵀ for every plane of x: (P, H) (N, C, H, W) (W, Q) -> (N, C, P, Q). No coefficient is
    negative.

    A pixel whose coefficient is 0 is not seen, but 0 · ∞ would be NaN. So what is not finite is
    left out of the products, and added afterwards to the results that see it. (A result that sees
    both ∞ and −∞ becomes NaN, as it should.)
    """
    xp, zero = xp_of(x), x.dtype.type(0)
    y = a @ xp.where(xp.isfinite(x), x, zero) @ b.T
    with np.errstate(invalid="ignore"):
        for infinity, found in (np.inf, ~(x < np.inf)), (-np.inf, ~(x > -np.inf)):
            seen = a @ found.astype(x.dtype) @ b.T > 0
            y += xp.where(seen, x.dtype.type(infinity), zero)
    return y


# ---------------------------------------------------------------- libraries


def xp_of(x):
    """The library of an array. It is asked for so often that NumPy is told here, at once."""
    return np if isinstance(x, np.ndarray) else backend.xp_of(x)
