"""The moving pictures end where the ops end; how they look is for eyes."""

import re

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from helpers import draw_integers
from nn_scratch import ops
from nn_scratch.plotting.animations import (
    animate_conv_transpose,
    animate_convolution,
    animate_descent,
    animate_pooling,
    animate_sliding_window,
    animate_switches,
    save_gif,
)


def shown(figure, count):
    """The last `count` numbers that a frame shows."""
    return [float(text.get_text()) for text in figure.axes[0].texts[-count:]]


def test_convolution():
    x, w = draw_integers(5, 4), draw_integers(2, 3, seed=1)
    y = ops.conv2d(x[None, None], w[None, None], stride=(2, 1))
    frames = list(animate_convolution(x, w, stride=(2, 1)))
    assert len(frames) == y.size
    assert shown(frames[-1], y.size) == y.ravel().tolist()


@pytest.mark.parametrize("window", [[[1.0, 2]], [[-3.0], [4]], [[0.0, -0.5], [2, 1]]])
def test_a_convolution_s_frame_shows_its_arithmetic(window):
    window = np.array(window)
    w = np.arange(1.0, window.size + 1).reshape(window.shape) - 2
    (frame,) = animate_convolution(window, w)
    sum_, result = frame.texts[0].get_text().replace("·", "*").replace("−", "-").split("=")
    assert eval(sum_) == eval(result) == (window * w).sum()
    texts = [text.get_text() for text in frame.axes[0].texts]
    products = texts[texts.index("window · w") + 1 : texts.index("output y")]
    assert [float(text) for text in products] == (window * w).ravel().tolist()


@pytest.mark.parametrize(("shape", "padding"), [((3, 4), 1), ((5, 3), 2), ((2, 2), 0)])
def test_padding_is_drawn_around_a_dashed_image(shape, padding):
    x, w = draw_integers(*shape), draw_integers(2, 2, seed=1)
    y = ops.conv2d(x[None, None], w[None, None], stride=2, padding=padding)
    frames = list(animate_convolution(x, w, stride=2, padding=padding))
    assert len(frames) == y.size
    assert shown(frames[-1], y.size) == y.ravel().tolist()
    (axis,) = frames[0].axes
    dashed = [patch for patch in axis.patches if patch.get_linestyle() == "--"]
    assert len(dashed) == (padding > 0)
    for frame in dashed:
        assert (frame.get_height(), frame.get_width()) == shape
        cells = axis.collections[0].get_coordinates()  # of x with its border
        corner = cells[padding, padding] if cells.ndim == 3 else None
        assert frame.get_xy() == pytest.approx(tuple(corner))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_place_that_is_painted_twice_is_added_up_below(seed):
    x, w = draw_integers(2, 3, seed=seed), draw_integers(3, 2, seed=seed + 9)
    y = np.zeros((5, 6))
    for (p, q), frame in zip(np.ndindex(2, 3), animate_conv_transpose(x, w, 2), strict=True):
        old = y.copy()
        y[2 * p : 2 * p + 3, 2 * q : 2 * q + 2] += x[p, q] * w
        text = frame.texts[0].get_text().replace("−", "-")
        found = re.search(r"row (\d+), column (\d+) was painted before: (.*) = (.*)", text)
        assert bool(found) == (p > 0)
        if found:
            place = int(found[1]), int(found[2])
            assert eval(found[3]) == float(found[4]) == y[place]
            assert eval(found[3].split(" + ")[0]) == old[place]


def test_transpose_convolution():
    x, w = draw_integers(2, 3), draw_integers(3, 2, seed=1)
    y = ops.conv_transpose2d(x[None, None], w[None, None], stride=2)
    frames = list(animate_conv_transpose(x, w, stride=2))
    assert len(frames) == x.size
    assert shown(frames[-1], y.size) == y.ravel().tolist()


@pytest.mark.parametrize("size", [1, 3, 5])
def test_a_descent_shows_kernel_map_and_loss_of_its_steps(size):
    image = np.random.default_rng(0).random((1, 6, 9))
    kernels = {step: draw_integers(size, size, seed=step) for step in (0, 1, 4)}
    losses = [3.0, 2.5, 1, 0.5, 0.25]
    frames = list(animate_descent(image, kernels, losses))
    assert len(frames) == 3
    for (step, kernel), frame in zip(kernels.items(), frames, strict=True):
        seen, cells, made, curve = frame.axes
        np.testing.assert_array_equal(seen.images[0].get_array(), image[0])
        assert [float(text.get_text()) for text in cells.texts] == kernel.ravel().tolist()
        y = ops.conv2d(image[None], kernel[None, None], padding=size // 2)[0, 0]
        np.testing.assert_array_equal(made.images[0].get_array(), y)
        line, dot = curve.lines
        assert line.get_ydata().tolist() == losses[: step + 1]
        assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (step, losses[step])
    assert len({frame.axes[3].get_ylim() for frame in frames}) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kernels": {}}, "kernels is empty"),
        ({"kernels": {0: np.ones((2, 2))}}, r"kernels holds \(2, 2\)"),
        ({"kernels": {0: np.ones((3, 3)), 1: np.ones((5, 5))}}, "kernels holds"),
        ({"kernels": {7: np.ones((3, 3))}}, "kernels is 7"),
        ({"losses": [1.0, 0.0]}, "losses holds"),
        ({"image": np.ones((3, 4, 4))}, r"image has shape \(3, 4, 4\)"),
    ],
)
def test_a_descent_refuses_what_it_cannot_show(change, message):
    right = {"image": np.ones((1, 4, 4)), "kernels": {0: np.ones((3, 3))}, "losses": [1.0, 0.5]}
    with pytest.raises(ValueError, match=message):
        next(animate_descent(**right | change))


def test_switches_go_down_and_up():
    x = np.random.default_rng(0).permutation(24.0 + np.arange(24)).reshape(4, 6)
    y, switches = ops.max_pool2d(x[None, None], 2)
    back = ops.max_unpool2d(y, switches, x.shape)
    frames = list(animate_switches(x))
    assert len(frames) == 2 * y.size
    numbers = shown(frames[-1], back.size)
    assert numbers == back.ravel().tolist()


@pytest.mark.parametrize("shape", [(4, 6), (5, 4), (2, 3)])
def test_a_window_and_what_comes_of_it_share_their_colour(shape):
    x = 1.0 + np.random.default_rng(0).permutation(shape[0] * shape[1]).reshape(shape)
    *_, last = animate_switches(x)
    last.draw(FigureCanvasAgg(last).get_renderer())
    seen = [mesh.get_facecolors()[:, :3] for mesh in last.axes[0].collections]
    given, maxima, switches, unpooled = seen
    blocks = shape[0] // 2, shape[1] // 2
    assert len(maxima) == len(np.unique(maxima, axis=0)) == blocks[0] * blocks[1]
    np.testing.assert_array_equal(maxima, switches)
    places = ops.max_pool2d(x[None, None], 2)[1].ravel()
    np.testing.assert_array_equal(given[places], maxima)
    np.testing.assert_array_equal(unpooled[places], maxima)
    assert (np.delete(unpooled, places, axis=0) == 1).all()


@pytest.mark.parametrize("step", [1, 4, 7])
def test_a_sliding_window_fills_the_label_map(step):
    labels = np.arange(15).reshape(3, 5) % 4
    frames = list(animate_sliding_window(np.zeros((1, 3, 5)), labels, window=3, step=step))
    assert len(frames) == len(range(0, 15, step))
    for at, frame in zip(range(0, 15, step), frames, strict=True):
        left, right = frame.axes
        filled = (right.images[0].get_array() != 0.8).any(axis=2)
        assert filled.ravel().tolist() == [n <= at for n in range(15)]
        middle = left.patches[0].get_xy() + np.array([1.5, 1.5])
        assert middle.tolist() == [at % 5, at // 5]


def test_a_sliding_window_s_legend_has_the_classes_that_occur():
    labels = np.array([[0, 2, 2], [0, 0, 3]])
    names = ["background", "a", "b", "c"]
    frames = list(animate_sliding_window(np.zeros((1, 2, 3)), labels, 3, 2, class_names=names))
    for frame in frames:
        assert [t.get_text() for t in frame.legends[0].get_texts()] == ["background", "b", "c"]
    with pytest.raises(ValueError, match="class_names has 3"):
        next(animate_sliding_window(np.zeros((1, 2, 3)), labels, 3, 2, class_names=names[:3]))


def test_pooling_fills_the_map_and_writes_each_switch():
    image = np.random.default_rng(0).random((1, 5, 6))
    y, switches = ops.max_pool2d(image[None], 2)
    frames = list(animate_pooling(image))
    assert len(frames) == y.size
    for frame, switch in zip(frames, switches.ravel(), strict=True):
        assert frame.get_supxlabel().endswith(f"= {switch}")
    np.testing.assert_array_equal(frames[-1].axes[2].images[0].get_array(), y[0, 0])
    assert np.isnan(np.ma.filled(frames[0].axes[2].images[0].get_array(), np.nan)).sum() == 5


def test_a_gif_holds_every_frame(tmp_path):
    save_gif(animate_convolution(draw_integers(3, 3), draw_integers(2, 2)), tmp_path / "x.gif")
    with Image.open(tmp_path / "x.gif") as picture:
        assert picture.n_frames == 4 and picture.info["loop"] == 0
        for frame in range(4):
            picture.seek(frame)
            assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
