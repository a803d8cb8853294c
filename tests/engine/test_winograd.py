"""Winograd's way against the plain one, its matrices against their defining identity."""

import numpy as np
import pytest

from helpers import assert_close, draw, strided
from nn_scratch.engine import array, blocks, winograd
from nn_scratch.shapes import conv_size, make_windows


def test_the_matrices_give_correlations():
    """Aᵀ[(G w) ⊙ (Bᵀ d)] = Σ_j w[j] d[i + j], for every basis vector w and d."""
    for i in range(winograd.TILE):
        for j in range(winograd.KERNEL):
            d, w = np.eye(winograd.TILE)[i], np.eye(winograd.KERNEL)[j]
            y = winograd.AT @ ((winograd.G @ w) * (winograd.BT @ d))
            np.testing.assert_allclose(y, np.arange(winograd.OUT) == i - j, atol=1e-14)


@pytest.fixture(params=[1, 3], ids=lambda n: f"{n}-threads")
def tiny_blocks(request, monkeypatch):
    """A few tiles in each block, and threads even for the smallest call."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 6000)
    monkeypatch.setattr(blocks, "SMALL_BYTES", 0)
    monkeypatch.setenv("NN_SCRATCH_THREADS", str(request.param))


@pytest.mark.usefixtures("tiny_blocks")
@pytest.mark.parametrize("size", [(13, 17), (3, 3), (9, 30), (16, 8)])
@pytest.mark.parametrize("padding", [0, 1, ((2, 0), (1, 3)), 4])
def test_same_results_as_the_plain_primitives(size, padding):
    windows = make_windows(3, 1, padding)
    x, w = draw(3, 5, *size), draw(4, 5, 3, 3, seed=1)
    positions = conv_size(size, windows)
    y = array.correlate(x, w, windows)
    assert_close(winograd.correlate(x, w, windows, positions), y, scale=10)
    assert_close(winograd.correlate(strided(x), strided(w), windows, positions), y, scale=10)
    g = draw(*y.shape, seed=2)
    expected = array.weight_gradient(x, g, windows)
    assert_close(winograd.weight_gradient(x, g, windows), expected, scale=10)
    assert_close(winograd.weight_gradient(strided(x), strided(g), windows), expected, scale=10)


def test_float32_error_with_many_channels():
    """Below 5e-6 of the largest output, for 128 channels; Lavin & Gray's points reach 1e-5."""
    x, w = draw(2, 128, 40, 36), draw(64, 128, 3, 3, seed=1)
    windows = make_windows(3, 1, 1)
    exact = array.correlate(x, w, windows)
    y = winograd.correlate(x.astype(np.float32), w.astype(np.float32), windows, (40, 36))
    assert np.abs(y - exact).max() < 5e-6 * np.abs(exact).max()
    g = draw(*exact.shape, seed=2)
    exact = array.weight_gradient(x, g, windows)
    dw = winograd.weight_gradient(x.astype(np.float32), g.astype(np.float32), windows)
    assert np.abs(dw - exact).max() < 5e-6 * np.abs(exact).max()


def test_when_it_suits():
    assert winograd.suits(32, 64, make_windows(3, 1, 1), groups=1)
    for f, c, geometry, groups in [
        (4, 64, (3, 1, 1), 1),
        (64, 8, (3, 1, 1), 1),
        (64, 64, (3, 2, 1), 1),
        (64, 64, (3, 1, 1, 2), 1),
        (64, 64, ((3, 5), 1, 1), 1),
        (64, 64, (3, 1, 1), 2),
        (4096, 4096, (3, 1, 1), 1),
    ]:
        assert not winograd.suits(f, c, make_windows(*geometry), groups)
