"""Losses against their definitions and finite differences, and their edges."""

import warnings

import numpy as np
import pytest

from helpers import assert_close, draw
from nn_scratch import naive, ops


def slope(loss, x, h=1e-5):
    """Central differences of a scalar function, one element at a time."""
    gradient = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[place] = h
        gradient[place] = (loss(x + step) - loss(x - step)) / (2 * h)
    return gradient


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ignore_index", [None, 2, 255, -1])
@pytest.mark.parametrize("size", [(), (3, 2)])
def test_cross_entropy(size, ignore_index, weighted):
    scores = draw(9, 5, *size)
    labels = np.random.default_rng(1).integers(0, 5, (9, *size))
    if ignore_index is not None:
        labels.flat[::3] = ignore_index
    options = {
        "ignore_index": ignore_index,
        "weight": np.array([0.5, 2, 1, 0, 3]) if weighted else None,
    }
    loss = ops.cross_entropy(scores, labels, **options)
    assert_close(loss, naive.cross_entropy(scores, labels, **options))
    gradient = ops.cross_entropy_backward(scores, labels, **options)
    expected = slope(lambda s: ops.cross_entropy(s, labels, **options), scores)
    np.testing.assert_allclose(gradient, expected, atol=1e-9)


def test_cross_entropy_does_not_overflow():
    scores = np.array([[1000.0, -1000.0]], np.float32)
    assert ops.cross_entropy(scores, np.array([0])) == 0
    assert ops.cross_entropy(scores, np.array([1])) == 2000


@pytest.mark.parametrize("labels", [np.full((2, 3, 2), 9), np.full((2, 3, 2), 1)])
def test_no_label_counts(labels):
    """All ignored, or all of a class with weight 0: NaN, a zero gradient, one warning."""
    scores = draw(2, 4, 3, 2)
    options = {"ignore_index": 9, "weight": np.array([1.0, 0, 1, 1])}
    with pytest.warns(UserWarning, match="no label counts") as caught:
        loss = ops.cross_entropy(scores, labels, **options)
        gradient = ops.cross_entropy_backward(scores, labels, **options)
    assert np.isnan(loss)
    assert len(caught) == 1
    np.testing.assert_array_equal(gradient, np.zeros_like(scores))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_regression_losses(dtype):
    p, t = draw(3, 4, dtype=dtype), 2 * draw(3, 4, dtype=dtype, seed=1)
    assert_close(ops.mse_loss(p, t), naive.mse_loss(p, t))
    assert ops.mse_loss_backward(p, t).dtype == dtype
    for beta in 0.3, 1.0, 4.0:
        assert_close(ops.smooth_l1_loss(p, t, beta=beta), naive.smooth_l1_loss(p, t, beta=beta))
        assert ops.smooth_l1_loss_backward(p, t, beta=beta).dtype == dtype


def test_regression_gradients():
    p, t = draw(3, 4), 2 * draw(3, 4, seed=1)
    np.testing.assert_allclose(
        ops.mse_loss_backward(p, t), slope(lambda a: ops.mse_loss(a, t), p), atol=1e-9
    )
    for beta in 0.3, 1.0, 4.0:
        np.testing.assert_allclose(
            ops.smooth_l1_loss_backward(p, t, beta=beta),
            slope(lambda a, beta=beta: ops.smooth_l1_loss(a, t, beta=beta), p),
            atol=1e-9,
        )


def test_losses_refuse_an_empty_batch():
    empty, labels = np.zeros((0, 3)), np.zeros(0, int)
    for call in (
        lambda: ops.cross_entropy(empty, labels),
        lambda: ops.cross_entropy_backward(empty, labels),
        lambda: ops.mse_loss(empty, empty),
        lambda: ops.mse_loss_backward(empty, empty),
        lambda: ops.smooth_l1_loss(empty, empty),
        lambda: ops.smooth_l1_loss_backward(empty, empty),
    ):
        with pytest.raises(ValueError, match="empty batch"):
            call()


def test_a_good_loss_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ops.cross_entropy(draw(2, 3), np.array([0, 2]))
