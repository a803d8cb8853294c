"""Winograd's ways against the plain one, their matrices against their defining identity."""

import numpy as np
import pytest

from helpers import assert_close, draw, strided
from nn_scratch.engine import plain
from nn_scratch.engine.cpu import tiling, winograd, winograd_1d
from nn_scratch.geometry import conv_size, make_windows

# Kernel and stride of each way; with a stride also along the axes apart, and taps that are missing.
WAYS = [
    (winograd, 3, 1),
    (winograd, 2, 1),
    (winograd, (4, 3), 2),
    (winograd, (5, 6), 2),
    (winograd, (2, 5), (1, 3)),
    (winograd_1d, 5, 1),
    (winograd_1d, 7, 1),
]
NAMES = [
    "tiles-3",
    "tiles-2",
    "tiles-4-3-stride-2",
    "tiles-5-6-stride-2",
    "tiles-2-5-stride-1-3",
    "rows-5",
    "rows-7",
]
all_ways = pytest.mark.parametrize("way, kernel, stride", WAYS, ids=NAMES)


@pytest.mark.parametrize(
    "kernel, transforms", [*winograd.OF_TAPS.items(), *winograd_1d.OF_KERNEL.items()]
)
def test_the_matrices_give_correlations(kernel, transforms):
    """Aᵀ[(G w) ⊙ (Bᵀ d)] = Σ_j w[j] d[i + j], for every basis vector w and d."""
    at, g, bt = transforms
    for i in range(len(bt)):
        for j in range(kernel):
            d, w = np.eye(len(bt))[i], np.eye(kernel)[j]
            y = at @ ((g @ w) * (bt @ d))
            np.testing.assert_allclose(y, np.arange(len(at)) == i - j, atol=1e-13)


@pytest.fixture(params=[1, 3], ids=lambda n: f"{n}-threads")
def tiny_blocks(request, monkeypatch):
    """A few tiles in each block, and work for all threads."""
    monkeypatch.setattr(tiling, "BLOCK_BYTES", 6000)
    monkeypatch.setenv("NN_SCRATCH_THREADS", str(request.param))


@all_ways
@pytest.mark.usefixtures("tiny_blocks")
@pytest.mark.parametrize("size", [(13, 17), "one output", (9, 30), (16, 8)])
@pytest.mark.parametrize("padding", [0, 1, ((2, 0), (1, 3)), 4])
def test_same_results_as_the_plain_primitives(way, kernel, stride, size, padding):
    windows = make_windows(kernel, stride, padding)
    size = windows.kernel if size == "one output" else size
    x, w = draw(3, 5, *size), draw(4, 5, *windows.kernel, seed=1)
    positions = conv_size(size, windows)
    y = plain.conv_forward(x, w, windows)
    assert_close(way.conv_forward(x, w, windows, positions), y, scale=10)
    assert_close(way.conv_forward(strided(x), strided(w), windows, positions), y, scale=10)
    g = draw(*y.shape, seed=2)
    expected = plain.conv_backward_filter(x, g, windows)
    assert_close(way.conv_backward_filter(x, g, windows), expected, scale=10)
    assert_close(way.conv_backward_filter(strided(x), strided(g), windows), expected, scale=10)
    if way is winograd:
        expected = plain.conv_backward_data(g, w, size, windows)
        assert_close(way.conv_backward_data(g, w, size, windows), expected, scale=10)
        assert_close(
            way.conv_backward_data(strided(g), strided(w), size, windows), expected, scale=10
        )


@pytest.mark.parametrize(
    "way, kernel, stride",
    [
        (winograd, 3, 1),
        (winograd, 4, 2),
        (winograd, 6, 2),
        (winograd_1d, 5, 1),
        (winograd_1d, 7, 1),
    ],
)
def test_float32_error_with_many_channels(way, kernel, stride):
    """Below 5e-6 of the largest output, for 128 channels; for 3×3, Lavin & Gray's points reach
    1e-5."""
    channels = 128 // stride**2
    x, w = draw(2, channels, 40, 36), draw(64, channels, kernel, kernel, seed=1)
    windows = make_windows(kernel, stride, kernel // 2)
    exact = plain.conv_forward(x, w, windows)
    y = way.conv_forward(x.astype(np.float32), w.astype(np.float32), windows, exact.shape[2:])
    assert np.abs(y - exact).max() < 5e-6 * np.abs(exact).max()
    g = draw(*exact.shape, seed=2)
    exact = plain.conv_backward_filter(x, g, windows)
    dw = way.conv_backward_filter(x.astype(np.float32), g.astype(np.float32), windows)
    assert np.abs(dw - exact).max() < 5e-6 * np.abs(exact).max()
    if way is winograd:
        exact = plain.conv_backward_data(g, w, (40, 36), windows)
        dx = way.conv_backward_data(g.astype(np.float32), w.astype(np.float32), (40, 36), windows)
        assert np.abs(dx - exact).max() < 5e-6 * np.abs(exact).max()


MANY = 10**5  # positions


def test_when_tiles_suit():
    assert winograd.suits(32, 64, make_windows(3, 1, 1), 1, MANY)
    assert not winograd.suits(32, 64, make_windows(3, 1, 1), 1, positions=1000)
    for f, c, geometry, groups in [
        (4, 64, (3, 1, 1), 1),
        (64, 8, (3, 1, 1), 1),
        (64, 64, (2, 1, 1), 1),
        (64, 64, (3, 2, 1), 1),
        (64, 64, (3, 1, 1, 2), 1),
        (64, 64, ((3, 5), 1, 1), 1),
        (64, 64, (3, 1, 1), 2),
        (4096, 4096, (3, 1, 1), 1),
    ]:
        assert not winograd.suits(f, c, make_windows(*geometry), groups, MANY)


def test_when_tiles_suit_a_stride():
    for kernel in 4, 5, 6:
        windows = make_windows(kernel, 2, 1)
        assert winograd.suits(32, 64, windows, 1, MANY)
        for channels, positions in (64, 1000), (16, 4000):
            assert not winograd.suits(channels, channels, windows, 1, positions)
    # Half of the taps of a 3×3 kernel's phases are zeros, of which columns know.
    for geometry in (3, 2, 1), (7, 2, 1), (2, 2, 0), (8, 4, 2), (4, 2, 1, 2):
        assert not winograd.suits(32, 64, make_windows(*geometry), 1, MANY)
    assert not winograd.suits(32, 64, make_windows(4, 2, 1), 2, MANY)
    assert not winograd.suits(4, 64, make_windows(4, 2, 1), 1, MANY)


def test_when_rows_suit():
    assert winograd_1d.suits(32, 64, make_windows(5, 1, 1), 1, MANY)
    assert winograd_1d.suits(32, 64, make_windows(7, 1, 1), 1, MANY)
    assert not winograd_1d.suits(32, 64, make_windows(5, 1, 1), 1, positions=1000)
    assert not winograd_1d.suits(32, 64, make_windows((5, 7), 1, 1), 1, MANY)
    assert not winograd_1d.suits(32, 64, make_windows(5, 1, 1), 2, MANY)
    assert not winograd_1d.suits(32, 64, make_windows(5, 2, 1), 1, MANY)
    assert not winograd_1d.suits(32, 3, make_windows(5, 1, 1), 1, MANY)
