"""Batch norm for NumPy arrays: sums and maps over the pixels of each channel.

The work is shared among threads and done in blocks that fit the cache: intermediate results live in
a workspace of a block's size, never in an array of the activation's size.
"""

from typing import NamedTuple

import numpy as np

from nn_scratch.engine.cpu.pointwise import MAP_ELEMENTS, THREADS_FROM, mask
from nn_scratch.engine.cpu.threads import parallel_for, thread_count, workspace

SUM_ELEMENTS = 1 << 20  # of a block of a sum, which is done sooner
NEAR = 4  # standard deviations that a mean may be away from 0 until x − mean must be written out


class Block(NamedTuple):
    """Some channels and some pixels, of all images."""

    channels: slice
    pixels: slice


def batch_norm_stats(x):
    """As plain.batch_norm_stats. The blocks' moments are merged (Chan et al. 1979)."""
    x, blocks = _by_pixel(x), _blocks(x, SUM_ELEMENTS)
    counts, means, variances = np.zeros((3, len(blocks), x.shape[1]))  # of each block and channel

    def work(numbers):
        for i in numbers:
            channels, pixels = blocks[i]
            here = x[:, channels, pixels]
            counts[i, channels] = count = here.shape[0] * here.shape[2]
            mean = _sum(here) / count
            variance = _dot(here, here) / count - mean**2
            if not _mean_is_near_zero(mean, variance):
                mean = mean.astype(x.dtype)
                apart = _centred(here, mean)
                variance = _dot(apart, apart) / count
            means[i, channels], variances[i, channels] = mean, variance

    parallel_for(work, range(len(blocks)), x.size)
    count = x.shape[0] * x.shape[2]
    mean = (counts * means).sum(axis=0) / count
    variance = (counts * (variances + (means - mean) ** 2)).sum(axis=0) / count
    return mean.astype(x.dtype), variance.astype(x.dtype)


def batch_norm_elemt(x, statistics, scale, shift, rectified=False):
    """As plain.batch_norm_elemt."""
    y = np.empty(x.shape, x.dtype)
    source, target = _by_pixel(x), _by_pixel(y)
    mean, near = statistics[0], _mean_is_near_zero(*statistics)

    def work(blocks):
        for channels, pixels in blocks:
            here, out = source[:, channels, pixels], target[:, channels, pixels]
            k, constant = scale[channels], shift[channels]
            if near:
                constant = constant - k * mean[channels]
            else:
                here = _centred(here, mean[channels])
            np.multiply(here, _per_pixel(k, here), out=out)
            np.add(out, _per_pixel(constant, here), out=out)
            if rectified:
                np.clip(out, 0, np.inf, out=out)

    parallel_for(work, _blocks(x, MAP_ELEMENTS), x.size)
    return y


def channel_sum(x):
    """As plain.channel_sum."""
    x, blocks = _by_pixel(x), _blocks(x, SUM_ELEMENTS)
    sums = np.zeros((len(blocks), x.shape[1]))

    def work(numbers):
        for i in numbers:
            channels, pixels = blocks[i]
            sums[i, channels] = _sum(x[:, channels, pixels])

    parallel_for(work, range(len(blocks)), x.size)
    return sums.sum(axis=0).astype(x.dtype)


def batch_norm_backward_reduce(dy, x, statistics, y=None):
    """As plain.batch_norm_backward_reduce."""
    blocks, passed = _blocks(x, SUM_ELEMENTS), dy if y is None else np.empty(x.shape, x.dtype)
    sums, products = np.zeros((2, len(blocks), x.shape[1]))
    mean, near = statistics[0], _mean_is_near_zero(*statistics)
    source, counted = _by_pixel(x), _by_pixel(passed)
    given = () if y is None else (_by_pixel(dy), _by_pixel(y))

    def work(numbers):
        for i in numbers:
            channels, pixels = blocks[i]
            here, g = source[:, channels, pixels], counted[:, channels, pixels]
            if given:
                mask(*(array[:, channels, pixels] for array in given), out=g)
            sums[i, channels] = _sum(g)
            if near:
                products[i, channels] = _dot(g, here) - mean[channels] * sums[i, channels]
            else:
                products[i, channels] = _dot(g, _centred(here, mean[channels]))

    parallel_for(work, range(len(blocks)), x.size)
    return sums.sum(axis=0).astype(x.dtype), products.sum(axis=0).astype(x.dtype), passed


def batch_norm_backward_elemt(dy, x, statistics, a, b, c, overwrite=False):
    """As plain.batch_norm_backward_elemt."""
    dx = dy if overwrite else np.empty(x.shape, x.dtype)
    dy, x, target = _by_pixel(dy), _by_pixel(x), _by_pixel(dx)
    mean, near = statistics[0], _mean_is_near_zero(*statistics)

    def work(blocks):
        for channels, pixels in blocks:
            g, here, out = (array[:, channels, pixels] for array in (dy, x, target))
            constant = c[channels]
            if near:
                constant = constant - b[channels] * mean[channels]
            else:
                here = _centred(here, mean[channels])
            part = workspace("part", here.shape, here.dtype)
            np.multiply(here, _per_pixel(b[channels], here), out=part)
            np.multiply(g, _per_pixel(a[channels], here), out=out)
            np.add(out, part, out=out)
            np.add(out, _per_pixel(constant, here), out=out)

    parallel_for(work, _blocks(dx, MAP_ELEMENTS), x.size)
    return dx


def _by_pixel(x):
    """(N, C, H, W) as (N, C, H·W)."""
    return x.reshape(x.shape[0], x.shape[1], x.shape[2] * x.shape[3])


def _mean_is_near_zero(mean, variance):
    """Whether x may stand for x − mean, the mean being taken off later: a pass over memory less."""
    return bool((mean * mean <= NEAR**2 * variance).all())


def _centred(x, mean):
    """x − mean, in a workspace."""
    return np.subtract(x, _per_pixel(mean, x), out=workspace("centred", x.shape, x.dtype))


def _per_pixel(values, x):
    """One value for each channel, written out along the pixels: faster than broadcasting."""
    return np.repeat(values, x.shape[2]).reshape(x.shape[1:])


def _sum(x):
    """The sum over images and pixels, for each channel. BLAS adds faster than NumPy."""
    return _dot(x, np.ones(x.shape[2], x.dtype))


def _dot(a, b):
    """Σ a·b over images and pixels, for each channel: (N, C, L) (N, C, L) or (L,) -> (C,)."""
    return np.vecdot(a, b).sum(axis=0, dtype=np.float64)


def _blocks(x, most):
    """Whole channels as long as they fit, else pieces of one channel; some for every thread."""
    n, channels, pixels = x.shape[0], x.shape[1], x.shape[2] * x.shape[3]
    threads = thread_count() if x.size > THREADS_FROM * most else 1
    length = max(1, min(pixels, most // max(1, n)))
    step = max(1, min(-(-channels // threads), most // max(1, n * pixels)))
    return [
        Block(slice(c, min(c + step, channels)), slice(p, min(p + length, pixels)))
        for c in range(0, channels, step)
        for p in range(0, pixels, length)
    ]
