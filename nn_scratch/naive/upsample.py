"""Upsampling without switches: nearest, bed of nails, bilinear."""

from itertools import product

import numpy as np

from nn_scratch.backend import Array
from nn_scratch.geometry import Pair, flag, map_size
from nn_scratch.validate import check_images, dividing_scale, scale_of

# ---------------------------------------------------------------- nearest and bed of nails


def nearest_unpool2d(x: Array, scale: Pair) -> Array:
    """Each output pixel is the input pixel below it.

    Returns: y (N, C, H·sh, W·sw).
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_images("x", x)
    sh, sw = scale_of(x, scale)
    y = np.zeros((*x.shape[:2], x.shape[2] * sh, x.shape[3] * sw), x.dtype)
    for n, c, p, q in product(*map(range, y.shape)):
        y[n, c, p, q] = x[n, c, p // sh, q // sw]
    return y


def nearest_unpool2d_backward(dy: Array, scale: Pair) -> Array:
    """Each input pixel gets the dy of all its copies.

    Returns: dx (N, C, H, W).
    Raises: as the op of this name, for arguments that do not fit.
    """
    sh, sw = dividing_scale(scale, dy)
    dx = np.zeros((*dy.shape[:2], dy.shape[2] // sh, dy.shape[3] // sw), np.float64)
    for n, c, p, q in product(*map(range, dy.shape)):
        dx[n, c, p // sh, q // sw] += float(dy[n, c, p, q])
    return dx.astype(dy.dtype)


def bed_of_nails_unpool2d(x: Array, scale: Pair) -> Array:
    """Each input pixel stands at the top left of its block; the rest is zero.

    Returns: y (N, C, H·sh, W·sw).
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_images("x", x)
    sh, sw = scale_of(x, scale)
    y = np.zeros((*x.shape[:2], x.shape[2] * sh, x.shape[3] * sw), x.dtype)
    for n, c, h, w in product(*map(range, x.shape)):
        y[n, c, h * sh, w * sw] = x[n, c, h, w]
    return y


def bed_of_nails_unpool2d_backward(dy: Array, scale: Pair) -> Array:
    """Each input pixel gets the dy of its nail.

    Returns: dx (N, C, H, W).
    Raises: as the op of this name, for arguments that do not fit.
    """
    sh, sw = dividing_scale(scale, dy)
    dx = np.zeros((*dy.shape[:2], dy.shape[2] // sh, dy.shape[3] // sw), dy.dtype)
    for n, c, h, w in product(*map(range, dx.shape)):
        dx[n, c, h, w] = dy[n, c, h * sh, w * sw]
    return dx


# ---------------------------------------------------------------- bilinear


def bilinear_upsample2d(x: Array, size: Pair, *, align_corners: bool = False) -> Array:
    """Each output pixel mixes the four input pixels around its place, by distance.

    Returns: y (N, C, *size).
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_images("x", x)
    align_corners = flag("align_corners", align_corners)
    y = np.zeros((*x.shape[:2], *map_size("size", size)), np.float64)
    for (n, c, p, q), (h, w), share in _shares(y.shape, x.shape, align_corners):
        y[n, c, p, q] += share * float(x[n, c, h, w])
    return y.astype(x.dtype)


def bilinear_upsample2d_backward(
    dy: Array, input_size: Pair, *, align_corners: bool = False
) -> Array:
    """Each output pixel gives its dy back to the four input pixels, in the same shares.

    Returns: dx (N, C, *input_size).
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_images("dy", dy)
    align_corners = flag("align_corners", align_corners)
    dx = np.zeros((*dy.shape[:2], *map_size("input_size", input_size)), np.float64)
    for (n, c, p, q), (h, w), share in _shares(dy.shape, dx.shape, align_corners):
        dx[n, c, h, w] += share * float(dy[n, c, p, q])
    return dx.astype(dy.dtype)


def _shares(large, small, align_corners):
    """For every pixel of the large image, the pixels of the small one and what each counts."""
    for n, c, p, q in product(*map(range, large)):
        for h, row_share in _neighbours(p, large[2], small[2], align_corners):
            for w, column_share in _neighbours(q, large[3], small[3], align_corners):
                yield (n, c, p, q), (h, w), row_share * column_share


def _neighbours(i, n_out, n_in, align_corners):
    """Along one axis, the two input pixels that output pixel i lies between, with their shares."""
    if align_corners:
        at = i * (n_in - 1) / (n_out - 1) if n_out > 1 else 0.0
    else:
        at = min(max((i + 0.5) * n_in / n_out - 0.5, 0.0), n_in - 1)
    before = int(at)
    return [(before, 1 - (at - before)), (min(before + 1, n_in - 1), at - before)]
