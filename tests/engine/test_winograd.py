"""Winograd's ways against the plain one, their matrices against their defining identity."""

import numpy as np
import pytest

from helpers import assert_close, draw, strided
from nn_scratch.engine import array, blocks, winograd, winograd_rows
from nn_scratch.shapes import conv_size, make_windows

WAYS = [winograd, winograd_rows]
both_ways = pytest.mark.parametrize("way", WAYS, ids=["tiles", "rows"])


@both_ways
def test_the_matrices_give_correlations(way):
    """Aᵀ[(G w) ⊙ (Bᵀ d)] = Σ_j w[j] d[i + j], for every basis vector w and d."""
    for i in range(len(way.BT)):
        for j in range(way.KERNEL):
            d, w = np.eye(len(way.BT))[i], np.eye(way.KERNEL)[j]
            y = way.AT @ ((way.G @ w) * (way.BT @ d))
            np.testing.assert_allclose(y, np.arange(way.OUT) == i - j, atol=1e-13)


@pytest.fixture(params=[1, 3], ids=lambda n: f"{n}-threads")
def tiny_blocks(request, monkeypatch):
    """A few tiles in each block, and threads even for the smallest call."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 6000)
    monkeypatch.setattr(blocks, "SMALL_BYTES", 0)
    monkeypatch.setenv("NN_SCRATCH_THREADS", str(request.param))


@both_ways
@pytest.mark.usefixtures("tiny_blocks")
@pytest.mark.parametrize("size", [(13, 17), "one output", (9, 30), (16, 8)])
@pytest.mark.parametrize("padding", [0, 1, ((2, 0), (1, 3)), 4])
def test_same_results_as_the_plain_primitives(way, size, padding):
    k, windows = way.KERNEL, make_windows(way.KERNEL, 1, padding)
    size = (k, k) if size == "one output" else size
    x, w = draw(3, 5, *size), draw(4, 5, k, k, seed=1)
    positions = conv_size(size, windows)
    y = array.correlate(x, w, windows)
    assert_close(way.correlate(x, w, windows, positions), y, scale=10)
    assert_close(way.correlate(strided(x), strided(w), windows, positions), y, scale=10)
    g = draw(*y.shape, seed=2)
    expected = array.weight_gradient(x, g, windows)
    assert_close(way.weight_gradient(x, g, windows), expected, scale=10)
    assert_close(way.weight_gradient(strided(x), strided(g), windows), expected, scale=10)


@both_ways
def test_float32_error_with_many_channels(way):
    """Below 5e-6 of the largest output, for 128 channels; for 3×3, Lavin & Gray's points reach
    1e-5."""
    k = way.KERNEL
    x, w = draw(2, 128, 40, 36), draw(64, 128, k, k, seed=1)
    windows = make_windows(k, 1, k // 2)
    exact = array.correlate(x, w, windows)
    y = way.correlate(x.astype(np.float32), w.astype(np.float32), windows, (40, 36))
    assert np.abs(y - exact).max() < 5e-6 * np.abs(exact).max()
    g = draw(*exact.shape, seed=2)
    exact = array.weight_gradient(x, g, windows)
    dw = way.weight_gradient(x.astype(np.float32), g.astype(np.float32), windows)
    assert np.abs(dw - exact).max() < 5e-6 * np.abs(exact).max()


def test_when_it_suits():
    assert winograd.suits(32, 64, make_windows(3, 1, 1), groups=1)
    assert winograd_rows.suits(32, 64, make_windows(5, 1, 1), groups=1)
    assert not winograd_rows.suits(32, 64, make_windows(5, 2, 1), groups=1)
    assert not winograd_rows.suits(32, 3, make_windows(5, 1, 1), groups=1)
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
