"""The blocked, threaded primitives against the plain ones, with blocks as small as they get."""

import numpy as np
import pytest

from helpers import assert_close, draw, grid, strided
from nn_scratch.engine import array, cpu_conv, threads
from nn_scratch.shapes import conv_size, make_windows

GEOMETRIES = grid(
    kernel_size=[(1, 1), (3, 2), (2, 5)],
    stride=[1, (2, 1), (3, 2)],
    padding=[0, (1, 2), ((2, 0), (1, 3)), 5],
    dilation=[1, (2, 1)],
    groups=[1, 2],
)


@pytest.fixture(params=[1, 3], ids=lambda n: f"{n}-threads")
def tiny_blocks(request, monkeypatch):
    """A row or two in each block, and threads even for the smallest call."""
    monkeypatch.setattr(cpu_conv, "BLOCK_BYTES", 4000)
    monkeypatch.setattr(cpu_conv, "SMALL_BYTES", 0)
    monkeypatch.setenv("NN_SCRATCH_THREADS", str(request.param))


@pytest.mark.usefixtures("tiny_blocks")
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_same_results_as_the_plain_primitives(geometry):
    geometry = dict(geometry)
    groups = geometry.pop("groups")
    windows = make_windows(**geometry)
    x = draw(3, 4, 11, 9)
    w = draw(6, 4 // groups, *windows.kernel, seed=1)
    y = array.correlate(x, w, windows, groups)
    assert_close(cpu_conv.correlate(x, w, windows, groups), y)
    g = draw(*y.shape, seed=2)
    size = x.shape[2:]
    assert_close(
        cpu_conv.scatter(g, w, size, windows, groups), array.scatter(g, w, size, windows, groups)
    )
    expected = array.weight_gradient(x, g, windows, groups)
    assert_close(cpu_conv.weight_gradient(x, g, windows, groups), expected, scale=10)
    assert_close(cpu_conv.correlate(strided(x), strided(w), windows, groups), y)
    assert_close(
        cpu_conv.weight_gradient(strided(x), strided(g), windows, groups), expected, scale=10
    )


@pytest.mark.usefixtures("tiny_blocks")
def test_depthwise():
    x, w = draw(2, 8, 9, 7), draw(8, 1, 3, 3, seed=1)
    windows = make_windows(3, 2, 1)
    assert_close(cpu_conv.correlate(x, w, windows, 8), array.correlate(x, w, windows, 8))


def test_blocks_cover_every_row_of_every_image_once(monkeypatch):
    monkeypatch.setenv("NN_SCRATCH_THREADS", "4")
    for n, rows, width, row_bytes in [
        (1, 7, 5, 9),
        (5, 300, 400, 900),
        (32, 10, 10, 1600),
        (3, 1, 1, 1),
    ]:
        seen = np.zeros((n, rows), int)
        for first, last, top, bottom in cpu_conv._blocks(n, (rows, width), row_bytes):
            assert first < last and top < bottom
            seen[first:last, top:bottom] += 1
        assert (seen == 1).all()


def test_a_large_image_keeps_all_threads_busy_in_bounded_memory(monkeypatch):
    monkeypatch.setenv("NN_SCRATCH_THREADS", "4")
    for size in 64, 512, 2048:
        blocks = cpu_conv._blocks(1, (size, size), 64 * 9 * 4)
        assert len(blocks) >= 4
        largest = max(bottom - top for _, _, top, bottom in blocks)
        row_bytes = size * 64 * 9 * 4
        assert largest * row_bytes <= cpu_conv.BLOCK_BYTES + row_bytes


def test_same_bits_for_the_same_number_of_threads(monkeypatch):
    monkeypatch.setenv("NN_SCRATCH_THREADS", "2")
    x = draw(6, 8, 32, 30, dtype=np.float32)
    windows = make_windows(3, 1, 1)
    g = draw(6, 8, *conv_size((32, 30), windows), dtype=np.float32)
    first = cpu_conv.weight_gradient(x, g, windows)
    for _ in range(20):
        np.testing.assert_array_equal(cpu_conv.weight_gradient(x, g, windows), first)
    assert threads.thread_count() == 2
