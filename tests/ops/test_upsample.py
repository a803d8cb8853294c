"""Nearest, bed of nails and bilinear: the definition and the adjoint."""

import numpy as np
import pytest

from helpers import assert_close, draw, draw_integers, strided
from nn_scratch import naive, ops

SCALES = [1, 2, (3, 2), (1, 4)]


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", ["nearest_unpool2d", "bed_of_nails_unpool2d"])
def test_unpooling(name, scale):
    forward, backward = getattr(ops, name), getattr(ops, f"{name}_backward")
    x = draw_integers(2, 3, 4, 5)
    y = forward(x, scale)
    np.testing.assert_array_equal(y, getattr(naive, name)(x, scale))
    np.testing.assert_array_equal(forward(strided(x), scale), y)
    g = draw_integers(*y.shape, seed=1)
    dx = backward(g, scale)
    assert dx.shape == x.shape
    assert (y * g).sum() == (x * dx).sum()
    assert forward(x[:0], scale).shape == y[:0].shape
    assert backward(g[:0], scale).shape == x[:0].shape


def test_backward_results_are_new_arrays():
    g = draw(1, 1, 4, 4)
    before = g.copy()
    for name in "nearest_unpool2d", "bed_of_nails_unpool2d":
        dx = getattr(ops, f"{name}_backward")(g, 1)
        dx += 1
        np.testing.assert_array_equal(g, before)


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("size", [(4, 5), (8, 10), (7, 11), (3, 2), (1, 1), (1, 9)])
def test_bilinear(size, align_corners):
    x = draw(2, 3, 4, 5)
    y = ops.bilinear_upsample2d(x, size, align_corners=align_corners)
    assert_close(y, naive.bilinear_upsample2d(x, size, align_corners=align_corners))
    g = draw(*y.shape, seed=1)
    dx = ops.bilinear_upsample2d_backward(g, (4, 5), align_corners=align_corners)
    assert dx.shape == x.shape
    assert (y * g).sum() == pytest.approx((x * dx).sum(), rel=1e-12)
    assert_close(ops.bilinear_upsample2d(strided(x), size, align_corners=align_corners), y)


@pytest.mark.parametrize("align_corners", [False, True])
def test_bilinear_keeps_a_constant_and_a_single_pixel(align_corners):
    ones = ops.bilinear_upsample2d(np.ones((1, 2, 3, 4)), (7, 9), align_corners=align_corners)
    assert_close(ones, np.ones((1, 2, 7, 9)))
    single = ops.bilinear_upsample2d(np.full((1, 1, 1, 1), 5.0), 3, align_corners=align_corners)
    assert_close(single, np.full((1, 1, 3, 3), 5.0))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(dtype):
    x = draw(1, 2, 3, 4, dtype=dtype)
    for y in (
        ops.nearest_unpool2d(x, 2),
        ops.bed_of_nails_unpool2d(x, 2),
        ops.bilinear_upsample2d(x, (6, 8)),
        ops.nearest_unpool2d_backward(x, (1, 2)),
        ops.bilinear_upsample2d_backward(x, (2, 2)),
    ):
        assert y.dtype == dtype
