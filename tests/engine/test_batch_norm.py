"""The blocked maps and sums per channel against the plain ones, in blocks of a few pixels."""

import numpy as np
import pytest

from helpers import assert_close, draw, strided
from nn_scratch.engine import plain
from nn_scratch.engine.cpu import batch_norm


@pytest.fixture(params=[1, 3], ids=lambda n: f"{n}-threads")
def tiny_blocks(request, monkeypatch):
    monkeypatch.setattr(batch_norm, "MAP_ELEMENTS", 17)
    monkeypatch.setattr(batch_norm, "SUM_ELEMENTS", 17)
    monkeypatch.setenv("NN_SCRATCH_THREADS", str(request.param))


@pytest.mark.usefixtures("tiny_blocks")
@pytest.mark.parametrize("shape", [(2, 5, 3, 4), (1, 7, 1, 1), (3, 2, 7, 9), (0, 3, 4, 4)])
@pytest.mark.parametrize("offset", [0.0, 3.0, 1e4])
def test_same_results_as_the_plain_primitives(shape, offset):
    """With means near zero, and so far away that E[x²] − mean² would lose eight digits."""
    x, dy = offset + draw(*shape), draw(*shape, seed=1)
    a, b, c, mean, variance = draw(5, shape[1], seed=2)
    statistics = offset + mean, variance**2
    for x_, dy_ in (x, dy), (strided(x), strided(dy)):
        for name, arguments in [
            ("batch_norm_elemt", (x_, statistics, a, b)),
            ("batch_norm_backward_reduce", (dy_, x_, statistics)),
            ("batch_norm_backward_elemt", (dy_, x_, statistics, a, b, c)),
            ("batch_norm_elemt", (x_, statistics, a, b, True)),
            ("batch_norm_backward_reduce", (dy_, x_, statistics, x_ - offset)),
            ("channel_sum", (x_,)),
            *([("batch_norm_stats", (x_,))] if shape[0] else []),
            ("relu", (dy_,)),
            ("relu_backward", (x_, dy_)),
        ]:
            ours = getattr(batch_norm, name)(*arguments)
            expected = getattr(plain, name)(*arguments)
            if not isinstance(ours, tuple):
                ours, expected = (ours,), (expected,)
            for one, other in zip(ours, expected, strict=True):
                assert_close(one, other, scale=30 * (1 + offset))


@pytest.mark.usefixtures("tiny_blocks")
def test_a_blend_may_take_the_gradient_s_place():
    x, dy = draw(2, 5, 3, 4), draw(2, 5, 3, 4, seed=1)
    a, b, c, mean, variance = draw(5, 5, seed=2)
    arguments = x, (mean, variance**2), a, b, c
    expected = plain.batch_norm_backward_elemt(dy, *arguments)
    place = dy.copy()
    assert batch_norm.batch_norm_backward_elemt(place, *arguments, overwrite=True) is place
    assert_close(place, expected, scale=30)


def test_variance_far_from_zero_keeps_its_digits():
    x = (1e3 + draw(4, 3, 50, 60)).astype(np.float32)
    _, variance = batch_norm.batch_norm_stats(x)
    expected = x.astype(np.float64).var(axis=(0, 2, 3))
    np.testing.assert_allclose(variance, expected, rtol=1e-5)


def test_relu_keeps_nan_and_infinity():
    x = np.array([np.nan, np.inf, -np.inf, -0.0, 1.0, -1.0])
    np.testing.assert_array_equal(batch_norm.relu(x), [np.nan, np.inf, 0, 0, 1, 0])
