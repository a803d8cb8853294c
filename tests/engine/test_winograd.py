"""Winograd's ways against the plain one, their matrices against their defining identity."""

import numpy as np
import pytest

from helpers import assert_close, draw, strided
from nn_scratch.engine import plain
from nn_scratch.engine.cpu import tiling, winograd
from nn_scratch.engine.cpu.tiling import NotFinite
from nn_scratch.geometry import make_windows

every_kernel = pytest.mark.parametrize("kernel", [3, 5, 7])


@pytest.mark.parametrize(
    "kernel, transforms",
    [(k, axis) for (k, _), form in winograd.FORMS.items() for axis in form.axes],
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


@every_kernel
@pytest.mark.usefixtures("tiny_blocks")
@pytest.mark.parametrize("size", [(13, 17), "one output", (9, 30), (16, 8)])
@pytest.mark.parametrize("padding", [0, 1, ((2, 0), (1, 3)), 4])
def test_same_results_as_the_plain_primitives(kernel, size, padding):
    windows = make_windows(kernel, 1, padding)
    size = windows.kernel if size == "one output" else size
    x, w = draw(3, 5, *size), draw(4, 5, *windows.kernel, seed=1)
    y = plain.conv_forward(x, w, windows)
    assert_close(winograd.conv_forward(x, w, windows, 1), y, scale=10)
    assert_close(winograd.conv_forward(strided(x), strided(w), windows, 1), y, scale=10)
    g = draw(*y.shape, seed=2)
    expected = plain.conv_backward_filter(x, g, windows)
    assert_close(winograd.conv_backward_filter(x, g, windows, 1), expected, scale=10)
    assert_close(
        winograd.conv_backward_filter(strided(x), strided(g), windows, 1), expected, scale=10
    )


@every_kernel
def test_float32_error_with_many_channels(kernel):
    """Below 5e-6 of the largest output, for 128 channels; for 3×3, Lavin & Gray's points reach
    1e-5."""
    x, w = draw(2, 128, 40, 36), draw(64, 128, kernel, kernel, seed=1)
    windows = make_windows(kernel, 1, kernel // 2)
    exact = plain.conv_forward(x, w, windows)
    y = winograd.conv_forward(x.astype(np.float32), w.astype(np.float32), windows, 1)
    assert np.abs(y - exact).max() < 5e-6 * np.abs(exact).max()
    g = draw(*exact.shape, seed=2)
    exact = plain.conv_backward_filter(x, g, windows)
    dw = winograd.conv_backward_filter(x.astype(np.float32), g.astype(np.float32), windows, 1)
    assert np.abs(dw - exact).max() < 5e-6 * np.abs(exact).max()


@every_kernel
@pytest.mark.parametrize("large", [1e4, 1e6, 3e9])
def test_the_error_beside_a_large_pixel_has_the_bound_that_is_documented(kernel, large):
    """|error| ≤ c · ε · max|x| · Σ|w|, at outputs that do not see the pixel too."""
    x, w = draw(2, 16, 30, 29), draw(8, 16, kernel, kernel, seed=1)
    x[0, 3, 14, 13] = large
    windows = make_windows(kernel, 1, kernel // 2)
    x, w = x.astype(np.float32), w.astype(np.float32)
    exact = plain.conv_forward(x.astype(np.float64), w.astype(np.float64), windows)
    error = np.abs(winograd.conv_forward(x, w, windows, 1) - exact).max(axis=(0, 2, 3))
    bound = winograd.ERROR * np.finfo(np.float32).eps * large * np.abs(w).sum(axis=(1, 2, 3))
    assert (error <= bound).all() and (error > bound / 1e4).any()


@every_kernel
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_what_is_not_finite_is_left_to_another_way(kernel, value):
    x, w, windows = draw(1, 4, 12, 12), draw(3, 4, kernel, kernel, seed=1), make_windows(kernel)
    x, w = x.astype(np.float32), w.astype(np.float32)
    g = np.ones((1, 3, 13 - kernel, 13 - kernel), np.float32)
    winograd.conv_forward(x, w, windows, 1)
    x[0, 1, 6, 6] = value
    with np.errstate(all="ignore"):
        with pytest.raises(NotFinite):
            winograd.conv_forward(x, w, windows, 1)
        with pytest.raises(NotFinite):
            winograd.conv_backward_filter(x, g, windows, 1)
