"""Batch norm for NumPy arrays: sums and maps over the pixels of each channel.

Sums read an array as planes (one channel of one image each), maps as whole images. Threads share
them, and each takes so few at a time that all passes over them find them in the cache.
"""

import numpy as np

from nn_scratch.engine.cpu.pointwise import mask
from nn_scratch.engine.cpu.threads import for_each, workspace
from nn_scratch.engine.cpu.tiling import PIECE_NUMBERS, pieces

NEAR = 4  # standard deviations that a mean may be away from 0 until x − mean must be written out


def batch_norm_stats(x):
    """As plain.batch_norm_stats. The planes' moments are merged (Chan et al. 1979)."""
    planes = _planes(x)
    means, variances = np.empty((2, len(planes)))

    def work(piece):
        here = planes[piece]
        mean = _sum(here) / planes.shape[1]
        variance = np.vecdot(here, here) / planes.shape[1] - mean**2
        if not _is_near_zero(mean, variance):
            apart = _centred(here, mean.astype(x.dtype)[:, None])
            variance = np.vecdot(apart, apart) / planes.shape[1]
        means[piece], variances[piece] = mean, variance

    for_each(work, pieces(*planes.shape), x.size)
    means, variances = _by_channel(means, x), _by_channel(variances, x)
    mean = means.mean(axis=(0, 2))
    variance = (variances + (means - mean[:, None]) ** 2).mean(axis=(0, 2))
    return mean.astype(x.dtype), variance.astype(x.dtype)


def batch_norm_elemt(x, statistics, scale, shift, rectified=False):
    """As plain.batch_norm_elemt."""
    y = np.empty(x.shape, x.dtype)
    source, target = _images(x), _images(y)
    mean, constant = _mean_and_rest(statistics, scale, shift)
    mean, scale, constant = (_written_out(v, x, source) for v in (mean, scale, constant))

    def work(piece):
        here, out = source[piece], target[piece]
        if mean is not None:
            here = np.subtract(here, mean[piece], out=out)
        np.multiply(here, scale[piece], out=out)
        np.add(out, constant[piece], out=out)
        if rectified:
            np.clip(out, 0, np.inf, out=out)

    for_each(work, pieces(*source.shape), x.size)
    return y


def channel_sum(x):
    """As plain.channel_sum."""
    planes = _planes(x)
    sums = np.empty(len(planes))

    def work(piece):
        sums[piece] = _sum(planes[piece])

    for_each(work, pieces(*planes.shape), x.size)
    return _by_channel(sums, x).sum(axis=(0, 2)).astype(x.dtype)


def batch_norm_backward_reduce(dy, x, statistics, y=None):
    """As plain.batch_norm_backward_reduce."""
    passed = dy if y is None else np.empty(x.shape, x.dtype)
    source, counted = _planes(x), _planes(passed)
    given = () if y is None else (_planes(dy), _planes(y))
    mean, rest = _mean_and_rest(statistics, 1, 0)
    mean = _written_out(mean, x, source)
    sums, products = np.empty((2, len(source)))

    def work(piece):
        here, g = source[piece], counted[piece]
        if given:
            mask(*(planes[piece] for planes in given), out=g)
        if mean is not None:
            here = _centred(here, mean[piece])
        sums[piece] = _sum(g)
        products[piece] = np.vecdot(g, here)

    for_each(work, pieces(*source.shape), x.size)
    sums, products = (_by_channel(v, x).sum(axis=(0, 2)) for v in (sums, products))
    return sums.astype(x.dtype), (products + rest * sums).astype(x.dtype), passed


def batch_norm_backward_elemt(dy, x, statistics, a, b, c, overwrite=False):
    """As plain.batch_norm_backward_elemt."""
    dx = dy if overwrite else np.empty(x.shape, x.dtype)
    dy, source, target = _images(dy), _images(x), _images(dx)
    mean, constant = _mean_and_rest(statistics, b, c)
    mean, a, b, constant = (_written_out(v, x, source) for v in (mean, a, b, constant))

    def work(piece):
        here, out = source[piece], target[piece]
        if mean is not None:
            here = _centred(here, mean[piece])
        part = workspace("part", here.shape, here.dtype)
        np.multiply(here, b[piece], out=part)
        np.multiply(dy[piece], a[piece], out=out)
        np.add(out, part, out=out)
        np.add(out, constant[piece], out=out)

    for_each(work, pieces(*source.shape), x.size)
    return dx


def _planes(x):
    """(N, C, H, W) as (planes, pixels); planes too large for the cache fall into their rows."""
    n, c, height, width = x.shape
    rows = height if height * width > PIECE_NUMBERS else 1
    return x.reshape(n * c * rows, height * width // rows)


def _images(x):
    """(N, C, H, W) as (images, numbers), or as planes if images are too large for the cache."""
    return x.reshape(len(x), -1) if 0 < x.size <= len(x) * PIECE_NUMBERS else _planes(x)


def _written_out(values, x, view):
    """One value for each channel, repeated to the shape of a view of x (None stays None). Loops
    over whole images are faster than over planes, for which a column of values is enough."""
    if values is None:
        return None
    n, c, height, width = x.shape
    if view.shape == (n, c * height * width):
        return np.broadcast_to(np.repeat(values, height * width), view.shape)
    each = np.repeat(values, len(view) // max(1, n * c))
    return np.broadcast_to(np.tile(each, n)[:, None], view.shape)


def _by_channel(values, x):
    """One value for each plane, or row of a plane, as (N, C, rows)."""
    return values.reshape(len(x), x.shape[1], len(values) // max(1, len(x) * x.shape[1]))


def _mean_and_rest(statistics, factor, constant):
    """For factor · (x − mean) + constant: what to subtract from x before it is multiplied by the
    factor, and what to add afterwards. Where the mean is near zero nothing (None) is subtracted,
    which saves a pass over memory."""
    mean, _ = statistics
    if _is_near_zero(*statistics):
        return None, constant - factor * mean
    return mean, constant


def _is_near_zero(mean, variance):
    """Whether sums of x lose no digits that sums of x − mean would keep."""
    return bool((mean * mean <= NEAR**2 * variance).all())


def _centred(x, mean):
    """x − mean, in a workspace."""
    return np.subtract(x, mean, out=workspace("centred", x.shape, x.dtype))


def _sum(x):
    """The sum of each plane. BLAS adds faster than NumPy."""
    return np.vecdot(x, np.ones(x.shape[1], x.dtype)).astype(np.float64)
