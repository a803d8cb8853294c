"""The blocked, threaded primitives against the plain ones, with blocks as small as they get."""

import threading
import tracemalloc

import numpy as np
import pytest

from helpers import assert_close, draw, draw_integers, grid, strided
from nn_scratch.engine import plain
from nn_scratch.engine.cpu import conv, im2col, polyphase, threads, tiling
from nn_scratch.geometry import conv_size, make_windows

GEOMETRIES = grid(
    kernel_size=[(1, 1), (3, 2), (2, 5)],
    stride=[1, (2, 1), (3, 2)],
    padding=[0, (1, 2), ((2, 0), (1, 3)), 5],
    dilation=[1, (2, 1)],
    groups=[1, 2],
)


@pytest.fixture(params=[1, 3], ids=lambda n: f"{n}-threads")
def tiny_blocks(request, monkeypatch):
    """A few positions in each block, and work for all threads."""
    monkeypatch.setattr(tiling, "BLOCK_BYTES", 4000)
    monkeypatch.setenv("NN_SCRATCH_THREADS", str(request.param))


@pytest.mark.usefixtures("tiny_blocks")
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_same_results_as_the_plain_primitives(geometry):
    geometry = dict(geometry)
    groups = geometry.pop("groups")
    windows = make_windows(**geometry)
    x = draw(3, 4, 11, 9)
    w = draw(6, 4 // groups, *windows.kernel, seed=1)
    y = plain.conv_forward(x, w, windows, groups)
    assert_close(conv.conv_forward(x, w, windows, groups), y)
    g = draw(*y.shape, seed=2)
    size = x.shape[2:]
    assert_close(
        conv.conv_backward_data(g, w, size, windows, groups),
        plain.conv_backward_data(g, w, size, windows, groups),
    )
    expected = plain.conv_backward_filter(x, g, windows, groups)
    assert_close(conv.conv_backward_filter(x, g, windows, groups), expected, scale=10)
    assert_close(conv.conv_forward(strided(x), strided(w), windows, groups), y)
    assert_close(
        conv.conv_backward_filter(strided(x), strided(g), windows, groups), expected, scale=10
    )


@pytest.mark.usefixtures("tiny_blocks")
@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("way", [im2col, polyphase], ids=lambda way: way.__name__[22:])
def test_every_way_gives_the_same(way, geometry):
    """Whichever costs least."""
    geometry = dict(geometry)
    groups = geometry.pop("groups")
    windows = make_windows(**geometry)
    x, w = draw(3, 4, 11, 9), draw(6, 4 // groups, *windows.kernel, seed=1)
    positions = conv_size((11, 9), windows)
    g = draw(3, 6, *positions, seed=2)
    if way is not polyphase:
        found = way.conv_forward(x, w, windows, groups)
        assert_close(found, plain.conv_forward(x, w, windows, groups))
        found = way.conv_backward_filter(strided(x), g, windows, groups)
        assert_close(found, plain.conv_backward_filter(x, g, windows, groups), scale=10)
    elif windows.dilation == (1, 1):
        found = way.conv_backward_data(strided(g), strided(w), (11, 9), windows, groups)
        assert_close(found, plain.conv_backward_data(g, w, (11, 9), windows, groups), scale=10)


@pytest.mark.usefixtures("tiny_blocks")
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("padding", [0, (1, 2), ((2, 0), (1, 3))])
@pytest.mark.parametrize(
    ("kernel", "stride"),
    [
        ((3, 3), (2, 2)),
        ((5, 3), (2, 2)),
        ((7, 5), (3, 3)),
        ((2, 4), (3, 3)),  # phases without a tap, along an axis
        ((1, 1), (2, 2)),
        ((2, 2), (3, 4)),
        ((3, 4), (2, 1)),
        ((4, 4), (2, 2)),
        ((6, 3), (3, 1)),
    ],
)
def test_phases_of_which_some_have_fewer_taps(kernel, stride, padding, groups):
    """And with integers, of which no product is rounded."""
    windows, size = make_windows(kernel, stride, padding), (17, 15)
    w = draw_integers(6, 4 // groups, *kernel)
    g = draw_integers(3, 6, *conv_size(size, windows), seed=1)
    expected = plain.conv_backward_data(g, w, size, windows, groups)
    found = polyphase.conv_backward_data(strided(g), strided(w), size, windows, groups)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.usefixtures("tiny_blocks")
def test_depthwise():
    x, w = draw(2, 8, 9, 7), draw(8, 1, 3, 3, seed=1)
    windows = make_windows(3, 2, 1)
    assert_close(conv.conv_forward(x, w, windows, 8), plain.conv_forward(x, w, windows, 8))


EXTRA_BYTES = 32e6  # that a convolution may take, whatever the image


@pytest.mark.slow
@pytest.mark.parametrize("height, width, count", [(256, 512, 5), (1, 131072, 2)])
@pytest.mark.parametrize(
    "c, kernel, stride, dilation",
    [
        (16, 7, 1, 1),
        (32, 3, 1, 1),
        (32, 5, 1, 1),
        (64, 5, 1, 1),
        (8, 3, 2, 1),
        (48, 3, 2, 1),
        (32, 4, 2, 1),
        (16, 6, 2, 1),
        (8, 3, 2, 2),
    ],
)
def test_extra_memory_is_that_of_blocks(
    c, kernel, stride, dilation, height, width, count, monkeypatch
):
    """The columns of these images take 40 to 400 MB; also a single row is cut."""
    monkeypatch.setenv("NN_SCRATCH_THREADS", str(count))
    windows = make_windows(kernel, stride, 3, dilation)
    x, w = np.ones((1, c, height, width), np.float32), np.ones((c, c, kernel, kernel), np.float32)
    g = np.ones((1, c, *conv_size((height, width), windows)), np.float32)
    for name, arguments in [
        ("conv_forward", (x, w, windows)),
        ("conv_backward_data", (g, w, (height, width), windows)),
        ("conv_backward_filter", (x, g, windows)),
    ]:
        monkeypatch.setattr(threads, "_local", threading.local())  # new workspaces
        tracemalloc.start()
        result = getattr(conv, name)(*arguments)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        of_weights = 2 * count * w.nbytes  # transformed, in each thread
        assert peak - result.nbytes - of_weights < EXTRA_BYTES, name


def test_same_bits_for_the_same_number_of_threads(monkeypatch):
    monkeypatch.setenv("NN_SCRATCH_THREADS", "2")
    x = draw(6, 8, 32, 30, dtype=np.float32)
    windows = make_windows(3, 1, 1)
    g = draw(6, 8, *conv_size((32, 30), windows), dtype=np.float32)
    first = conv.conv_backward_filter(x, g, windows)
    for _ in range(20):
        np.testing.assert_array_equal(conv.conv_backward_filter(x, g, windows), first)
    assert threads.thread_count() == 2
