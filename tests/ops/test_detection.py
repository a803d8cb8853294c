"""The losses of detectors against their definitions, term by term, and their edges."""

import numpy as np
import pytest

from helpers import assert_close, draw
from nn_scratch import naive, ops

EXTREMES = [-1e4, -100.0, -30.0, -17.0, -1.0, 0.0, 1.0, 17.0, 30.0, 100.0, 1e4]


def heat_map(*shape, dtype=np.float64):
    """Values from 0 to 1, some of which are exactly 1."""
    heat = np.exp(-(draw(*shape, seed=3) ** 2)).round(1).astype(dtype)
    assert (heat == 1).any() and (heat == 0).any()
    return heat


def slopes(loss, z, h=1e-5):
    """Central differences of one term after the other: those of a sum would lose ten digits."""
    return np.array([(loss(x + h) - loss(x - h)) / (2 * h) for x in z.flat]).reshape(z.shape)


@pytest.mark.parametrize("alpha, beta", [(2, 4), (1, 1), (1.5, 3.0), (0, 0), (2, 0)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(2, 3, 5, 7), (40,)])
def test_focal_loss(shape, dtype, alpha, beta):
    z, heat = 3 * draw(*shape, dtype=dtype), heat_map(*shape, dtype=dtype)
    for num_objects in None, 7, 2.5:
        options = {"alpha": alpha, "beta": beta, "num_objects": num_objects}
        loss = ops.focal_loss(z, heat, **options)
        gradient = ops.focal_loss_backward(z, heat, **options)
        assert_close(loss, naive.focal_loss(z, heat, **options))
        assert_close(gradient, naive.focal_loss_backward(z, heat, **options))
        if dtype == np.float64:
            for value in np.unique(heat):
                at = heat == value
                expected = slopes(
                    lambda x, value=value: naive.focal_loss(
                        np.array([x]), np.array([value]), alpha=alpha, beta=beta
                    ),
                    z[at],
                )
                count = num_objects or (heat == 1).sum()
                np.testing.assert_allclose(gradient[at] * count, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("alpha, gamma", [(0.25, 2), (None, 1.5), (0.9, 0), (None, 0), (1, 3)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_focal_loss(dtype, alpha, gamma):
    z, target = 3 * draw(2, 3, 5, 7, dtype=dtype), np.floor(heat_map(2, 3, 5, 7, dtype=dtype))
    for num_objects in None, 7, 2.5:
        options = {"alpha": alpha, "gamma": gamma, "num_objects": num_objects}
        loss = ops.sigmoid_focal_loss(z, target, **options)
        gradient = ops.sigmoid_focal_loss_backward(z, target, **options)
        assert_close(loss, naive.sigmoid_focal_loss(z, target, **options))
        assert_close(gradient, naive.sigmoid_focal_loss_backward(z, target, **options))
        if dtype == np.float64:
            for value in 0.0, 1.0:
                at = target == value
                expected = slopes(
                    lambda x, value=value: naive.sigmoid_focal_loss(
                        np.array([x]), np.array([value]), alpha=alpha, gamma=gamma
                    ),
                    z[at],
                )
                count = num_objects or (target == 1).sum()
                np.testing.assert_allclose(gradient[at] * count, expected, rtol=1e-6, atol=1e-9)


def test_by_hand():
    """One centre and one other place, both at p = ½: −¼ log ½ and −(1 − Y)⁴ ¼ log ½."""
    z, heat = np.zeros(2), np.array([1, 0.5])
    bit = np.log(2)
    assert ops.focal_loss(z, heat) == pytest.approx(bit / 4 + bit / 4 / 16)
    slope = 0.25 * (bit + 0.5)
    expected = [-slope, slope / 16]
    np.testing.assert_allclose(ops.focal_loss_backward(z, heat), expected)


def test_without_powers_and_weights_it_is_the_binary_cross_entropy():
    z, target = draw(50), (draw(50, seed=1) > 0).astype(float)
    p = 1 / (1 + np.exp(-z))
    expected = -np.log(np.where(target == 1, p, 1 - p)).sum() / target.sum()
    assert ops.sigmoid_focal_loss(z, target, alpha=None, gamma=0) == pytest.approx(expected)
    assert ops.focal_loss(z, target, alpha=0) == pytest.approx(expected)
    gradient = ops.sigmoid_focal_loss_backward(z, target, alpha=None, gamma=0)
    np.testing.assert_allclose(gradient, (p - target) / target.sum(), rtol=1e-10)


def test_both_forms_are_one_where_targets_are_0_or_1():
    z, target = draw(2, 3, 4), np.floor(heat_map(2, 3, 4))
    for name in "focal_loss", "focal_loss_backward":
        penalty, binary = getattr(ops, name), getattr(ops, f"sigmoid_{name}")
        assert_close(penalty(z, target, beta=3.0), binary(z, target, alpha=None))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("power", [0, 1, 2, 2.5])
def test_stable_for_any_score(dtype, power):
    """The logarithm is that of the probability even where the probability rounds to 0 or 1."""
    z = np.array(EXTREMES, dtype)
    for y in 0.0, 0.5, 1.0:
        target = np.full(z.shape, y, dtype)
        options = {"alpha": power, "num_objects": 1}
        exact = z.astype(np.float64) if y == 1 else -z.astype(np.float64)
        log_p, log_q = -np.logaddexp(0, -exact), -np.logaddexp(0, exact)
        weight = 1 if y == 1 else (1 - y) ** 4
        loss = -weight * np.exp(power * log_q) * log_p
        slope = weight * np.exp(power * log_q) * (power * np.exp(log_p) * log_p - np.exp(log_q))
        with np.errstate(all="raise", under="ignore"):
            for score, expected, gradient in zip(z, loss, slope if y == 1 else -slope, strict=True):
                one, other = np.array([score], dtype), target[:1]
                found = ops.focal_loss(one, other, **options)
                np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-30)
                (found,) = ops.focal_loss_backward(one, other, **options)
                np.testing.assert_allclose(found, gradient, rtol=1e-5, atol=1e-30)
                assert found.dtype == dtype


def test_no_object_at_all():
    """Divided by 1: the background still counts."""
    z = draw(2, 3, 4, 5)
    target = np.full(z.shape, 0.9)
    assert ops.focal_loss(z, target) == ops.focal_loss(z, target, num_objects=1) > 0
    assert ops.focal_loss(z, target) == ops.focal_loss(z, target, num_objects=0)
    assert np.all(ops.focal_loss_backward(z, target) > 0)
    empty = np.zeros((2, 3, 4, 5))
    assert ops.sigmoid_focal_loss(z, empty) > 0
    nowhere = np.zeros((2, 4, 5), bool)
    assert ops.masked_l1_loss(z, empty, nowhere) == 0
    np.testing.assert_array_equal(ops.masked_l1_loss_backward(z, empty, nowhere), empty)


def test_an_empty_batch_has_no_loss():
    """A process may hold no image of the last batch: its part of the sum is 0."""
    z = np.zeros((0, 3, 4, 5), np.float32)
    assert ops.focal_loss(z, z, num_objects=3) == 0
    assert ops.focal_loss_backward(z, z, num_objects=3).shape == z.shape
    assert ops.masked_l1_loss(z, z, np.zeros((0, 4, 5), bool)) == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_masked_l1_loss(dtype):
    prediction, target = draw(2, 3, 5, 4, dtype=dtype), draw(2, 3, 5, 4, dtype=dtype, seed=1)
    mask = draw(2, 5, 4, seed=2) > 0.5
    prediction[1, :, 2] = target[1, :, 2]
    for options in {}, {"num_objects": 100}:
        loss = ops.masked_l1_loss(prediction, target, mask, **options)
        assert_close(loss, naive.masked_l1_loss(prediction, target, mask, **options))
        gradient = ops.masked_l1_loss_backward(prediction, target, mask, **options)
        assert_close(gradient, naive.masked_l1_loss_backward(prediction, target, mask, **options))
        count = options.get("num_objects", mask.sum())
        expected = np.sign(prediction - target) * mask[:, None] / dtype(count)
        np.testing.assert_allclose(gradient, expected, rtol=1e-6)


def test_what_the_mask_leaves_out_may_be_anything():
    prediction, target = draw(1, 2, 2, 2), np.zeros((1, 2, 2, 2))
    prediction[0, :, 0, 0], target[0, 0, 1, 1] = np.nan, np.inf
    mask = np.array([[[False, True], [True, False]]])
    kept = abs(prediction[0, :, [0, 1], [1, 0]]).sum() / 2
    assert ops.masked_l1_loss(prediction, target, mask) == pytest.approx(kept)
    gradient = ops.masked_l1_loss_backward(prediction, target, mask)
    assert np.isfinite(gradient).all() and not gradient[0, :, 0, 0].any()


BAD = {
    "another shape": (
        lambda: ops.focal_loss(draw(2, 3), np.zeros((3, 2))),
        ValueError,
        r"target has shape \(3, 2\), but must be \(2, 3\)",
    ),
    "a target above 1": (
        lambda: ops.focal_loss(draw(2, 3), np.array([[0, 1, 0.5], [0, 0, 1.5]])),
        ValueError,
        r"target\[1, 2\] is 1.5, but must be from 0 to 1",
    ),
    "a target that is NaN": (
        lambda: ops.focal_loss_backward(draw(2), np.array([0, np.nan])),
        ValueError,
        r"target\[1\] is nan",
    ),
    "a binary target between": (
        lambda: ops.sigmoid_focal_loss(draw(2), np.array([1, 0.5])),
        ValueError,
        r"target\[1\] is 0.5, but must be 0 or 1",
    ),
    "integers": (lambda: ops.focal_loss(draw(2), np.array([0, 1])), TypeError, "target has dtype"),
    "mixed": (lambda: ops.focal_loss(draw(2), np.zeros(2, np.float32)), TypeError, "are mixed"),
    "alpha": (lambda: ops.focal_loss(draw(2), np.zeros(2), alpha=-1), ValueError, "alpha is -1"),
    "beta": (lambda: ops.focal_loss(draw(2), np.zeros(2), beta="4"), TypeError, "beta is '4'"),
    "a weight above 1": (
        lambda: ops.sigmoid_focal_loss(draw(2), np.zeros(2), alpha=1.5),
        ValueError,
        "alpha is 1.5, but must be finite, at least 0 and at most 1",
    ),
    "gamma": (
        lambda: ops.sigmoid_focal_loss(draw(2), np.zeros(2), gamma=-2),
        ValueError,
        "gamma is -2",
    ),
    "fewer than no objects": (
        lambda: ops.focal_loss(draw(2), np.zeros(2), num_objects=-1),
        ValueError,
        "num_objects is -1",
    ),
    "a mask for each channel": (
        lambda: ops.masked_l1_loss(*draw(2, 1, 3, 4, 5), np.zeros((1, 3, 4, 5), bool)),
        ValueError,
        r"mask has shape \(1, 3, 4, 5\), but must be \(1, 4, 5\)",
    ),
    "a mask of numbers": (
        lambda: ops.masked_l1_loss(*draw(2, 1, 3, 4, 5), np.zeros((1, 4, 5))),
        TypeError,
        "mask is float64, but must be an array of bools",
    ),
    "no maps": (
        lambda: ops.masked_l1_loss(*draw(2, 3, 4), np.zeros((3, 4), bool)),
        ValueError,
        r"prediction has shape \(3, 4\), but must be \(N, C, H, W\)",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    call, error, message = BAD[case]
    with pytest.raises(error, match=message):
        call()
