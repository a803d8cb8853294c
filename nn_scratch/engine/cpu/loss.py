"""Softmax cross-entropy per pixel for NumPy arrays: one pass over the scores, in cache-sized blocks
shared among threads."""

from math import prod

import numpy as np

from nn_scratch.engine import plain
from nn_scratch.engine.cpu.threads import share, thread_count, workspace

BLOCK_ELEMENTS = 1 << 18


def cross_entropy_terms(scores, labels):
    """As plain.cross_entropy_terms."""
    if scores.ndim == 2:
        return plain.cross_entropy_terms(scores, labels)
    terms = np.empty(labels.shape, scores.dtype)
    scores, labels, target = _by_pixel(scores, labels, terms)

    def work(blocks):
        for i, pixels in blocks:
            e = workspace("exponentials", scores[i, :, pixels].shape, scores.dtype)
            at = _places(labels[i, pixels])
            np.subtract(scores[i, :, pixels], scores[i, :, pixels].max(axis=0), out=e)
            true = e.reshape(-1)[at]
            np.exp(e, out=e)
            np.subtract(np.log(e.sum(axis=0)), true, out=target[i, pixels])

    share(work, _blocks(scores))
    return terms


def cross_entropy_slopes(scores, labels, factors):
    """As plain.cross_entropy_slopes."""
    if scores.ndim == 2:
        return plain.cross_entropy_slopes(scores, labels, factors)
    slopes = np.empty(scores.shape, scores.dtype)
    scores, labels, factors, target = _by_pixel(scores, labels, factors, slopes)

    def work(blocks):
        for i, pixels in blocks:
            e = workspace("exponentials", scores[i, :, pixels].shape, scores.dtype)
            at = _places(labels[i, pixels])
            np.subtract(scores[i, :, pixels], scores[i, :, pixels].max(axis=0), out=e)
            np.exp(e, out=e)
            np.multiply(e, factors[i, pixels] / e.sum(axis=0), out=e)
            e.reshape(-1)[at] -= factors[i, pixels]
            target[i, :, pixels] = e

    share(work, _blocks(scores))
    return slopes


def _places(labels):
    """Where the scores of the labels (L,) stand in a flat block (K, L)."""
    return labels.astype(np.intp) * labels.size + np.arange(labels.size)


def _by_pixel(*arrays):
    """(N, K, H, W) as (N, K, H·W), (N, H, W) as (N, H·W)."""
    return (a.reshape(*a.shape[:-2], prod(a.shape[-2:])) for a in arrays)


def _blocks(scores):
    """Image and pixels: whole images as long as they fit."""
    n, classes, pixels = scores.shape
    parts = max(1, -(-classes * pixels // BLOCK_ELEMENTS))
    if n < thread_count():
        parts = max(parts, thread_count())
    step = max(1, -(-pixels // parts))
    return [(i, slice(p, p + step)) for i in range(n) for p in range(0, pixels, step)]
