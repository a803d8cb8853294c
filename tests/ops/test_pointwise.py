"""ReLU, softmax, linear and batch normalization against their definitions."""

import numpy as np
import pytest

from helpers import assert_close, draw, draw_integers, strided
from nn_scratch import naive, ops


@pytest.mark.parametrize("shape", [(3,), (2, 5), (2, 3, 4, 5), (0, 3)])
def test_relu(shape):
    x = draw_integers(*shape)
    y = ops.relu(x)
    np.testing.assert_array_equal(y, naive.relu(x))
    dy = draw(*shape, seed=1)
    np.testing.assert_array_equal(ops.relu_backward(dy, x), np.where(x > 0, dy, 0))


def test_relu_keeps_nan():
    assert np.isnan(ops.relu(np.array([np.nan, 1.0]))[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("slope", [0.01, 0.3, np.float64(0.2), 0, 2])
def test_leaky_relu(slope, dtype):
    x, dy = draw(2, 3, 4, 5, dtype=dtype), draw(2, 3, 4, 5, dtype=dtype, seed=1)
    x[0, 0, 0, :2] = 0, np.nan
    y = ops.leaky_relu(x, negative_slope=slope)
    assert np.isnan(y[0, 0, 0, 1])
    assert_close(y[0, 0, 1:], naive.leaky_relu(x, negative_slope=slope)[0, 0, 1:])
    dx = ops.leaky_relu_backward(dy, x, negative_slope=slope)
    assert_close(dx, naive.leaky_relu_backward(dy, x, negative_slope=slope))
    assert dx[0, 0, 0, 0] == dtype(slope) * dy[0, 0, 0, 0]  # at the kink
    assert ops.leaky_relu(np.zeros((0, 3), dtype)).shape == (0, 3)


def test_leaky_relu_has_pytorch_s_slope():
    np.testing.assert_array_equal(ops.leaky_relu(np.array([-100.0, 3.0])), [-1.0, 3.0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid(dtype):
    x, dy = 5 * draw(2, 3, 4, 5, dtype=dtype), draw(2, 3, 4, 5, dtype=dtype, seed=1)
    y = ops.sigmoid(x)
    assert_close(y, naive.sigmoid(x))
    assert_close(ops.sigmoid_backward(dy, y), naive.sigmoid_backward(dy, y))
    assert_close(ops.sigmoid(-x), 1 - y)
    assert ops.sigmoid(np.zeros((0, 3), dtype)).shape == (0, 3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_at_the_ends(dtype):
    """No overflow, and small values keep their digits: no 1 − y for them."""
    ends = np.array([-1e4, -np.inf, -40.0, 0.0, 40.0, np.inf, 1e4, np.nan], dtype)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        y = ops.sigmoid(ends)
    np.testing.assert_allclose(y, [0, 0, np.exp(-40), 0.5, 1, 1, 1, np.nan], rtol=1e-6)
    slopes = ops.sigmoid_backward(np.ones(8, dtype), y)
    np.testing.assert_allclose(slopes[:4], [0, 0, np.exp(-40), 0.25], rtol=1e-6)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax(axis):
    x = 5 * draw(3, 4, 5)
    y = ops.softmax(x, axis=axis)
    assert_close(y, naive.softmax(x, axis=axis % 3))
    dy = draw(3, 4, 5, seed=1)
    lines, slopes = np.moveaxis(y, axis, -1), np.moveaxis(dy, axis, -1)
    jacobians = np.eye(lines.shape[-1]) * lines[..., None] - lines[..., None] * lines[..., None, :]
    expected = np.moveaxis((jacobians @ slopes[..., None])[..., 0], -1, axis)
    assert_close(ops.softmax_backward(dy, y, axis=axis), expected)


def test_softmax_does_not_overflow():
    y = ops.softmax(np.array([[1000.0, 1000.0, -1000.0]], np.float32))
    np.testing.assert_array_equal(y, np.array([[0.5, 0.5, 0]], np.float32))


def test_linear():
    x, w, b = draw_integers(4, 5), draw_integers(3, 5, seed=1), draw_integers(3, seed=2)
    np.testing.assert_array_equal(ops.linear(x, w, b), naive.linear(x, w, b))
    np.testing.assert_array_equal(ops.linear(strided(x), strided(w)), naive.linear(x, w))
    dy = draw_integers(4, 3, seed=3)
    dx, dw, db = ops.linear_backward(dy, x, w)
    assert (ops.linear(x, w) * dy).sum() == (x * dx).sum() == (w * dw).sum()
    np.testing.assert_array_equal(db, dy.sum(0))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_is_its_definition(training, dtype):
    x = 3 * draw(3, 4, 5, 2, dtype=dtype) + 2
    w, b, mean = (draw(4, dtype=dtype, seed=s) for s in (1, 2, 3))
    var = draw(4, dtype=dtype, seed=4) ** 2 + 1
    before = [a.copy() for a in (x, w, b, mean, var)]
    actual = ops.batch_norm2d(x, w, b, mean, var, training=training, momentum=0.3)
    expected = naive.batch_norm2d(x, w, b, mean, var, training=training, momentum=0.3)
    assert_close(actual[0], expected[0], scale=10)
    for pair, definition in zip(actual[1:], expected[1:], strict=True):
        for a, e in zip(pair, definition, strict=True):
            assert_close(a, e, scale=10)
    for a, e in zip((x, w, b, mean, var), before, strict=True):
        np.testing.assert_array_equal(a, e)


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_with_relu_is_both_in_turn(training):
    x, dy = draw(3, 4, 5, 2), draw(3, 4, 5, 2, seed=9)
    x[0, 0, 0, 0], x[1, 1] = np.nan, 0.0
    w, b, mean, var = (draw(4, seed=s) ** 2 for s in (1, 2, 3, 4))
    b[1] = 0.0  # so that y is 0 in channel 1 of image 1 at running mean 0: the kink
    mean[1] = 0.0
    y, statistics, running = ops.batch_norm2d(x, w, b, mean, var, training=training, relu=True)
    plain, *rest = ops.batch_norm2d(x, w, b, mean, var, training=training)
    np.testing.assert_array_equal(y, ops.relu(plain))
    assert_close(np.stack([*statistics, *running])[:, 1:], np.stack([*rest[0], *rest[1]])[:, 1:])
    both = ops.batch_norm2d_backward(dy, x, w, statistics, training=training, relu=True, y=y)
    passed = ops.relu_backward(dy, plain)
    apart = ops.batch_norm2d_backward(passed, x, w, statistics, training=training)
    for one, other in zip(both, apart, strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(TypeError, match="y is needed"):
        ops.batch_norm2d_backward(dy, x, w, statistics, relu=True)


def test_batch_norm_of_one_value_per_channel_is_an_error():
    v = np.ones(3)
    with pytest.raises(ValueError, match="one value per channel"):
        ops.batch_norm2d(np.ones((1, 3, 1, 1)), v, v, v, v)
    assert ops.batch_norm2d(np.ones((1, 3, 1, 1)), v, v, v, v, training=False)[0].shape == (
        1,
        3,
        1,
        1,
    )


def test_batch_norm_of_an_empty_batch():
    v = np.ones(3)
    x = np.zeros((0, 3, 4, 5))
    y, statistics, running = ops.batch_norm2d(x, v, v, v, v)
    assert y.shape == x.shape
    np.testing.assert_array_equal(running[0], v)
    dx, dw, db = ops.batch_norm2d_backward(y, x, v, statistics)
    assert dx.shape == x.shape and not dw.any() and not db.any()
