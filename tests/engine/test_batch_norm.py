"""The blocked maps and sums per channel against the plain ones, in blocks of a few pixels."""

import numpy as np
import pytest

from helpers import assert_close, draw, strided
from nn_scratch.engine import cpu, plain
from nn_scratch.engine.cpu import batch_norm, pointwise, tiling


@pytest.fixture(params=[1, 3], ids=lambda n: f"{n}-threads")
def tiny_blocks(request, monkeypatch):
    monkeypatch.setattr(batch_norm, "PIECE_NUMBERS", 17)
    monkeypatch.setattr(tiling.pieces, "__defaults__", (1, 17))
    monkeypatch.setattr(tiling, "SMALL_NUMBERS", 0)
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
            ours = getattr(cpu, name)(*arguments)
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
    np.testing.assert_array_equal(pointwise.relu(x), [np.nan, np.inf, 0, 0, 1, 0])


@pytest.mark.usefixtures("tiny_blocks")
@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_passes_a_closed_gate(dtype):
    """Not as a number and not as NaN; an open one passes everything."""
    x = np.array([[-1.0, 0.0, -0.0, np.nan, -np.inf, 2.0, np.inf, 1e-40]] * 4, dtype)
    dy = np.repeat(np.array([[np.nan], [np.inf], [-np.inf], [3.0]], dtype), 8, axis=1)
    expected = np.where(x > 0, dy, 0)
    for engine in cpu, plain:
        np.testing.assert_array_equal(engine.relu_backward(dy, x), expected)
        _, _, passed = engine.batch_norm_backward_reduce(
            dy[:, None, :, None],
            x[:, None, :, None],
            (np.zeros(1, dtype), np.ones(1, dtype)),
            x[:, None, :, None],
        )
        np.testing.assert_array_equal(passed[:, 0, :, 0], expected)
