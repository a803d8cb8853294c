"""Drawings of windows show what the ops compute, and refuse what they cannot draw, by name."""

import numpy as np
import pytest

from helpers import draw
from nn_scratch import ops
from nn_scratch.plotting import windows

IMAGE = np.random.default_rng(0).random((1, 7, 10), dtype=np.float32)


def texts(axis):
    return [text.get_text() for text in axis.texts]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_pooled(size, tmp_path):
    figure = windows.plot_pooled({"one": IMAGE, "two": IMAGE[:, ::-1]}, size)
    figure.savefig(tmp_path / "picture.png")
    y, switches = (a[0, 0] for a in ops.max_pool2d(IMAGE[None], size))
    left, right, *_ = figure.axes
    dots = left.collections[-1]
    np.testing.assert_array_equal(right.images[0].get_array(), y)
    np.testing.assert_array_equal(dots.get_array(), y.ravel())
    columns, rows = dots.get_offsets().T.astype(int)
    np.testing.assert_array_equal(rows * 10 + columns, switches.ravel())


def test_switches(tmp_path):
    x = np.array([[1.0, 3, 2, 0, 9], [4, 2, 1, 1, 9]])  # the odd column is in no window
    figure = windows.plot_switches(x)
    figure.savefig(tmp_path / "picture.png")
    (axis,) = figure.axes
    assert [t for t in texts(axis) if t.startswith("switch")] == ["switch 5", "switch 2"]
    figure = windows.plot_switches(x, dy=np.array([[10.0, 20]]))
    figure.savefig(tmp_path / "picture.png")
    shown = texts(figure.axes[0])
    assert " ".join(shown[shown.index("dx") + 1 :]) == "0 0 20 0 0 10 0 0 0 0"


def test_overlap_writes_the_sum_that_meets(tmp_path):
    x = np.zeros((5, 6))
    x[2, 1], x[0, 4] = 9, 5
    figure = windows.plot_overlap(x, np.array([[1.0, 2], [3, 4]]), 3, 2)
    figure.savefig(tmp_path / "picture.png")
    shown = texts(figure.axes[0])
    assert shown[-30:].count("0") == 27
    assert shown[-30 + 4] == "2" and shown[-30 + 13] == "1+3" and shown[-30 + 14] == "4"


def test_patches_lie_around_their_pixels(tmp_path):
    figure = windows.plot_patches(IMAGE, [(0, 0), (6, 4)], 5)
    figure.savefig(tmp_path / "picture.png")
    whole, first, second = figure.axes
    corner = np.asarray(first.images[0].get_array())
    assert not corner[:2].any() and not corner[:, :2].any()
    np.testing.assert_array_equal(corner[2:, 2:], IMAGE[0, :3, :3])
    np.testing.assert_array_equal(second.images[0].get_array()[:3], IMAGE[0, 4:, 2:7])
    frames = [patch.get_xy() for patch in whole.patches[1:]]
    assert frames == [(-0.5, -0.5), (3.5, 5.5)]


@pytest.mark.parametrize(
    ("size", "dilations", "seen"),
    [(3, (1, 2, 4), ["3×3", "7×7", "15×15"]), (2, (1, 3), ["2×2", "5×5"]), (1, (2,), ["1×1"])],
)
def test_dilation(size, dilations, seen, tmp_path):
    figure = windows.plot_dilation(size, dilations)
    figure.savefig(tmp_path / "picture.png")
    above, below = np.array_split(np.array(figure.axes, object), 2)
    assert [len(axis.patches) for axis in above] == [size**2 + 1] * len(dilations)
    assert [axis.get_title() for axis in below] == [f"together: {area}" for area in seen]


def test_dilation_leaves_out_what_no_way_leads_to():
    _, axis = windows.plot_dilation(2, [3]).axes
    corners = {tuple(patch.get_xy()) for patch in axis.patches}
    assert len(corners) == 4 and np.ptp(list(corners), axis=0).tolist() == [3, 3]


def test_dense_pool(tmp_path):
    line = np.array([3.0, 1, 4, 1, 5, 9, 2, 6])
    figure = windows.plot_dense_pool(line, taps=3)
    figure.savefig(tmp_path / "picture.png")
    numbers = [text for text in texts(figure.axes[0]) if text.isdigit()]
    assert "".join(numbers) == "31415926" + "3496" + "459" + "3445996"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: windows.plot_pooled({}), "images is empty"),
        (lambda: windows.plot_pooled({"a": draw(3, 4, 4)}), "images has shape .*must be grey"),
        (lambda: windows.plot_pooled({"a": IMAGE}, 0), "kernel_size is 0"),
        (lambda: windows.plot_switches(np.ones(3)), r"x has shape \(3,\)"),
        (lambda: windows.plot_switches(np.ones((4, 4)), dy=np.ones((3, 2))), "dy has shape"),
        (lambda: windows.plot_overlap(np.ones((5, 5)), np.ones((2, 3)), 3, 2), "dy has shape"),
        (lambda: windows.plot_overlap(np.ones((5, 5)), np.ones((2, 2)), 3, 0), "stride is 0"),
        (lambda: windows.plot_patches(IMAGE, [(0, 0)], 4), "window is 4, but must be odd"),
        (lambda: windows.plot_patches(IMAGE, [(7, 0)], 3), "places"),
        (lambda: windows.plot_patches(IMAGE, [], 3), "places"),
        (lambda: windows.plot_patches(IMAGE, [(1, 2, 3)], 3), "places"),
        (lambda: windows.plot_dilation(0, [1]), "kernel_size is 0"),
        (lambda: windows.plot_dilation(3, [0]), "dilations is"),
        (lambda: windows.plot_dilation(3, [1.5]), "dilations is list"),
        (lambda: windows.plot_dense_pool(np.ones(3)), "line has 3 numbers"),
        (lambda: windows.plot_dense_pool(np.ones((4, 4))), "line has shape"),
    ],
)
def test_what_cannot_be_drawn(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
