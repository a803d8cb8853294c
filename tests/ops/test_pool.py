"""Pooling and unpooling: switches, ties, NaN, collisions, adjoints."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import assert_close, draw, draw_integers, grid, strided
from nn_scratch import naive, ops

GEOMETRIES = grid(
    kernel_size=[2, (3, 2)],
    stride=[None, 1, (2, 3)],
    padding=[0, 1, ((1, 0), (0, 1))],
    dilation=[1, (1, 2)],
)


def full(geometry):
    geometry = dict(geometry)
    return geometry.pop("kernel_size"), geometry


@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_max_pool_is_its_definition(geometry, ceil_mode):
    kernel, options = full(geometry)
    for x in draw(2, 3, 8, 7), draw_integers(2, 3, 8, 7):  # the second is full of ties
        y, switches = ops.max_pool2d(x, kernel, ceil_mode=ceil_mode, **options)
        expected, where = naive.max_pool2d(x, kernel, ceil_mode=ceil_mode, **options)
        np.testing.assert_array_equal(y, expected)
        np.testing.assert_array_equal(switches, where)
        assert switches.dtype == np.int32


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_adjoint_at_fixed_switches_is_exact_on_integers(geometry):
    kernel, options = full(geometry)
    x = draw_integers(2, 3, 8, 7)
    y, switches = ops.max_pool2d(x, kernel, **options)
    g = draw_integers(*y.shape, seed=1)
    dx = ops.max_pool2d_backward(g, switches, (8, 7))
    assert (y * g).sum() == (x * dx).sum()
    promised = ops.max_pool2d_backward(g, switches, (8, 7), kernel_size=kernel, **options)
    np.testing.assert_array_equal(promised, dx)
    np.testing.assert_array_equal(ops.max_unpool2d(g, switches, (8, 7)), dx)
    np.testing.assert_array_equal(ops.max_unpool2d_backward(x, switches), y)


def test_ties_go_to_the_first():
    _, switches = ops.max_pool2d(np.ones((1, 1, 4, 6)), (2, 3))
    np.testing.assert_array_equal(switches[0, 0], [[0, 3], [12, 15]])


def test_nan_propagates_and_the_first_wins():
    x = np.zeros((1, 1, 2, 4))
    x[0, 0, 0, 1] = x[0, 0, 1, 0] = np.nan
    x[0, 0, 0, 0] = np.inf
    y, switches = ops.max_pool2d(x, 2)
    np.testing.assert_array_equal(switches[0, 0], [[1, 2]])
    assert np.isnan(y[0, 0, 0, 0]) and y[0, 0, 0, 1] == 0
    np.testing.assert_array_equal(switches, naive.max_pool2d(x, 2)[1])


def test_padding_never_wins():
    x = np.full((1, 1, 3, 3), -np.inf)
    y, switches = ops.max_pool2d(x, 3, stride=2, padding=1)
    np.testing.assert_array_equal(y, np.full((1, 1, 2, 2), -np.inf))
    np.testing.assert_array_equal(switches[0, 0], [[0, 1], [3, 4]])
    np.testing.assert_array_equal(switches, naive.max_pool2d(x, 3, stride=2, padding=1)[1])


def test_ceil_mode_drops_a_window_that_starts_in_the_padding():
    x = draw(1, 1, 3, 5)
    assert ops.max_pool2d(x, 2, stride=2, padding=1, ceil_mode=True)[0].shape == (1, 1, 2, 3)
    assert ops.max_pool2d(x, 2, stride=3, ceil_mode=True)[0].shape == (1, 1, 1, 2)
    assert ops.max_pool2d(x, (4, 2), stride=2, ceil_mode=True)[0].shape == (1, 1, 1, 3)


@pytest.mark.parametrize("collisions", ["sum", "overwrite"])
def test_unpool_with_collisions_is_its_definition(collisions):
    x, switches = ops.max_pool2d(draw_integers(2, 3, 8, 7), 3, stride=1)
    y = ops.max_unpool2d(x, switches, (8, 7), collisions=collisions)
    np.testing.assert_array_equal(y, naive.max_unpool2d(x, switches, (8, 7), collisions=collisions))
    g = draw_integers(*y.shape, seed=1)
    dx = ops.max_unpool2d_backward(g, switches, collisions=collisions)
    assert (y * g).sum() == (x * dx).sum()
    assert (x * dx).any()


def test_overwritten_values_get_no_gradient():
    switches = np.array([[[[3, 3, 1]]]])
    y = ops.max_unpool2d(np.array([[[[5.0, 7.0, 9.0]]]]), switches, (2, 2), collisions="overwrite")
    np.testing.assert_array_equal(y[0, 0], [[0, 9], [0, 7]])
    dx = ops.max_unpool2d_backward(
        np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), switches, collisions="overwrite"
    )
    np.testing.assert_array_equal(dx[0, 0], [[0, 4, 2]])


@pytest.mark.parametrize("integer", [np.int8, np.uint8, np.int32, np.uint32, np.int64, np.uint64])
def test_switches_of_any_integer_type(integer):
    x, switches = ops.max_pool2d(draw(1, 2, 6, 7), 2)
    expected = ops.max_unpool2d(x, switches, (6, 7))
    np.testing.assert_array_equal(ops.max_unpool2d(x, switches.astype(integer), (6, 7)), expected)
    back = ops.max_unpool2d_backward(expected, switches.astype(integer))
    np.testing.assert_array_equal(back, x)


@pytest.mark.parametrize("include", [True, False])
@pytest.mark.parametrize("geometry", grid(stride=[None, (1, 2)], padding=[0, 1, ((1, 0), (0, 1))]))
def test_avg_pool(geometry, include):
    x, options = draw(2, 3, 8, 7), dict(geometry, count_include_pad=include)
    y = ops.avg_pool2d(x, (3, 2), **options)
    assert_close(y, naive.avg_pool2d(x, (3, 2), **options))
    g = draw(*y.shape, seed=1)
    dx = ops.avg_pool2d_backward(g, (8, 7), (3, 2), **options)
    assert (y * g).sum() == pytest.approx((x * dx).sum(), rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layout_and_dtype_do_not_matter(dtype):
    x = draw(2, 3, 8, 7, dtype=dtype)
    y, switches = ops.max_pool2d(x, 2)
    other, others = ops.max_pool2d(strided(x), 2)
    assert y.dtype == other.dtype == dtype
    np.testing.assert_array_equal(other, y)
    np.testing.assert_array_equal(others, switches)
    up = ops.max_unpool2d(y, switches, (8, 7))
    assert up.dtype == dtype
    np.testing.assert_array_equal(ops.max_unpool2d(strided(y), strided(switches), (8, 7)), up)
    assert ops.avg_pool2d(x, 2).dtype == dtype
    assert_close(ops.avg_pool2d(strided(x), 2), ops.avg_pool2d(x, 2))


def test_empty_batch():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y, switches = ops.max_pool2d(np.zeros((0, 3, 6, 4)), 2)
        assert y.shape == switches.shape == (0, 3, 3, 2)
        assert ops.max_unpool2d(y, switches, (6, 4)).shape == (0, 3, 6, 4)
        assert ops.max_unpool2d(y, switches, (6, 4), collisions="overwrite").size == 0
        assert ops.max_unpool2d_backward(np.zeros((0, 3, 6, 4)), switches).shape == y.shape
        assert ops.avg_pool2d(np.zeros((0, 3, 6, 4)), 2).shape == (0, 3, 3, 2)
        assert ops.avg_pool2d_backward(y, (6, 4), 2).shape == (0, 3, 6, 4)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_adjoint_property(data):
    """Any geometry that a pool accepts: gather and scatter by its switches are exact adjoints."""

    def number(least, most, label):
        return data.draw(st.integers(least, most), label)

    kernel = number(1, 4, "kh"), number(1, 4, "kw")
    options = {
        "stride": (number(1, 4, "sh"), number(1, 4, "sw")),
        "padding": tuple(
            (number(0, (k - 1) // 2, "before"), number(0, (k - 1) // 2, "after")) for k in kernel
        ),
        "ceil_mode": data.draw(st.booleans(), "ceil_mode"),
    }
    size = [k + number(0, 5, "room") for k in kernel]
    x = draw_integers(number(1, 2, "n"), number(1, 3, "c"), *size)
    y, switches = ops.max_pool2d(x, kernel, **options)
    expected, where = naive.max_pool2d(x, kernel, **options)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(switches, where)
    g = draw_integers(*y.shape, seed=1)
    promise = {"kernel_size": kernel, "stride": options["stride"], "padding": options["padding"]}
    dx = ops.max_pool2d_backward(g, switches, tuple(size), **promise)
    assert (y * g).sum() == (x * dx).sum()
    np.testing.assert_array_equal(ops.max_unpool2d_backward(x, switches), y)


# ---------------------------------------------------------------- to a fixed grid


@pytest.mark.parametrize("size", [(3, 4), (1, 1), (8, 7), (5, 2), (11, 3)])
def test_adaptive_avg_pool(size):
    x, g = draw(2, 3, 8, 7), draw(2, 3, *size)
    y = ops.adaptive_avg_pool2d(x, size)
    assert_close(y, naive.adaptive_avg_pool2d(x, size))
    dx = ops.adaptive_avg_pool2d_backward(g, (8, 7))
    assert_close((y * g).sum(), (x * dx).sum())


def test_a_grid_of_one_is_the_mean_and_the_images_own_grid_changes_nothing():
    x = strided(draw(2, 3, 5, 4, dtype=np.float32))
    assert_close(ops.adaptive_avg_pool2d(x, 1)[:, :, 0, 0], x.mean(axis=(2, 3)))
    y = ops.adaptive_avg_pool2d(x, (5, 4))
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, x)


@pytest.mark.parametrize("dtype", [">i8", ">i4", "<i8", ">u2", np.uint8])
@pytest.mark.parametrize("collisions", ["sum", "overwrite"])
def test_switches_of_any_integer_type_and_byte_order(dtype, collisions):
    x = draw(2, 3, 6, 8)
    y, switches = naive.max_pool2d(x, 3, stride=2, padding=1)
    found = ops.max_unpool2d(y, switches.astype(dtype), (6, 8), collisions=collisions)
    np.testing.assert_allclose(
        found, naive.max_unpool2d(y, switches, (6, 8), collisions=collisions)
    )
