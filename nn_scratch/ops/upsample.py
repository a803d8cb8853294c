"""Upsampling without switches: nearest, bed of nails, bilinear. Each is a fixed linear map; its
backward pass is the adjoint.

    nearest         repeat each pixel              adjoint: sum each block
    bed of nails    a nail at each block's top left  adjoint: keep each block's top left
    bilinear        A x Bᵀ                         adjoint: Aᵀ dy B
"""

from functools import lru_cache

import numpy as np

from nn_scratch.backend import Array, xp_of
from nn_scratch.engine import engine_of
from nn_scratch.geometry import Pair, flag, map_size
from nn_scratch.validate import check_images, dividing_scale, scale_of

# ---------------------------------------------------------------- nearest


def nearest_unpool2d(x: Array, scale: Pair) -> Array:
    """Repeat each pixel of x (N, C, H, W) into a block of `scale`, an int or a pair (sh, sw).

    Returns: y (N, C, H·sh, W·sw).
    Raises: ValueError if x has not four axes; TypeError if x is not float32 or float64.
    """
    check_images("x", x)
    return engine_of(x).repeat_pixels(x, scale_of(x, scale))


def nearest_unpool2d_backward(dy: Array, scale: Pair) -> Array:
    """The gradient of nearest_unpool2d: the sum of each block of dy (N, C, H·sh, W·sw).

    Returns: dx (N, C, H, W).
    Raises: ValueError if the scale does not divide dy's height and width; TypeError if dy is not
        float32 or float64.
    """
    scale = dividing_scale(scale, dy)
    return engine_of(dy).sum_blocks(dy, scale)


# ---------------------------------------------------------------- bed of nails


def bed_of_nails_unpool2d(x: Array, scale: Pair) -> Array:
    """Put each pixel of x (N, C, H, W) at the top left of a block of zeros.

    `scale` is an int or a pair (sh, sw), the size of a block.

    Returns: y (N, C, H·sh, W·sw).
    Raises: ValueError if x has not four axes; TypeError if x is not float32 or float64.
    """
    check_images("x", x)
    return engine_of(x).insert_zeros(x, scale_of(x, scale))


def bed_of_nails_unpool2d_backward(dy: Array, scale: Pair) -> Array:
    """The gradient of bed_of_nails_unpool2d: what stands in dy (N, C, H·sh, W·sw) where the nails
    are.

    Returns: dx (N, C, H, W).
    Raises: ValueError if the scale does not divide dy's height and width; TypeError if dy is not
        float32 or float64.
    """
    scale = dividing_scale(scale, dy)
    return engine_of(dy).block_corners(dy, scale)


# ---------------------------------------------------------------- bilinear


def bilinear_upsample2d(x: Array, size: Pair, *, align_corners: bool = False) -> Array:
    """Interpolate x (N, C, H, W) to `size` between the four nearest pixels.

    `align_corners=True` puts the corner pixels' centres onto each other, False the images'
    outer edges. Both as in PyTorch's interpolate.

    Returns: y (N, C, *size).
    Raises: ValueError if x has not four axes; TypeError if x is not float32 or float64.
    """
    check_images("x", x)
    a, b = _interpolation_matrices(x, x.shape[2:], map_size("size", size), align_corners)
    return engine_of(x).separable_transform(a, x, b)  # (P, H) (N, C, H, W) (W, Q) -> (N, C, P, Q)


def bilinear_upsample2d_backward(
    dy: Array, input_size: Pair, *, align_corners: bool = False
) -> Array:
    """The gradient of bilinear_upsample2d, from dy (N, C, P, Q): Aᵀ dy B.

    Returns: dx (N, C, *input_size).
    Raises: ValueError if dy has not four axes; TypeError if dy is not float32 or float64.
    """
    check_images("dy", dy)
    a, b = _interpolation_matrices(
        dy, map_size("input_size", input_size), dy.shape[2:], align_corners
    )
    # (H, P) (N, C, P, Q) (Q, W) -> (N, C, H, W)
    return engine_of(dy).separable_transform(a.T, dy, b.T)


@lru_cache(maxsize=64)
def interpolation_matrix(n_in, n_out, align_corners=False):
    """The (n_out, n_in) float64 matrix of linear interpolation along one axis; do not write to it.

    Output i reads the input at (i + ½)·n_in/n_out − ½, not below 0, or with `align_corners` at
    i·(n_in − 1)/(n_out − 1); the two neighbours share by distance.
    """
    i = np.arange(n_out)
    if align_corners:
        at = i * ((n_in - 1) / (n_out - 1)) if n_out > 1 else np.zeros(1)
    else:
        at = np.maximum((i + 0.5) * (n_in / n_out) - 0.5, 0)
    left = np.minimum(at.astype(np.int64), n_in - 1)
    right = np.minimum(left + 1, n_in - 1)
    matrix = np.zeros((n_out, n_in))
    matrix[i, left] = 1 - (at - left)
    matrix[i, right] += at - left
    matrix.flags.writeable = False
    return matrix


def _interpolation_matrices(x, size_in, size_out, align_corners):
    xp, align_corners = xp_of(x), flag("align_corners", align_corners)
    for n_in, n_out in zip(size_in, size_out, strict=True):
        yield xp.asarray(interpolation_matrix(n_in, n_out, align_corners).astype(x.dtype))
