"""The figures of what is inside: each panel shows what it says."""

import numpy as np
import pytest
from PIL import Image

from nn_scratch.data import DigitLocalization, DigitSegmentation
from nn_scratch.data.digits import CLASS_NAMES
from nn_scratch.nets import pretrained
from nn_scratch.plotting import (
    animate_learning,
    plot_box_occlusion,
    plot_learning,
    plot_occlusion,
    save_gif,
)
from nn_scratch.plotting.colours import coloured

COARSE = {"window": 8, "step": 4}


def titles(figure):
    return [axis.get_title() for axis in figure.axes]


def test_what_pixels_need():
    image, truth = DigitSegmentation("test", 1).sample(0, 0)
    pixel = tuple(map(int, np.argwhere(truth > 0)[40]))
    net = pretrained("digits-segmentation")
    labels = net(image[None])[0].argmax(axis=0)
    figure = plot_occlusion(net, image, [pixel, (0, 0)], CLASS_NAMES, **COARSE)
    assert titles(figure) == [
        *("image", "labels", f"this {CLASS_NAMES[labels[pixel]]} needs", "this background needs")
    ]
    np.testing.assert_array_equal(figure.axes[1].images[0].get_array(), coloured(labels, 11))
    needed = figure.axes[2].images[1].get_array()
    assert needed.max() == 1 and needed[pixel] > 0.3 and needed.min() == 0
    (mark,) = figure.axes[2].lines
    assert (mark.get_ydata()[0], mark.get_xdata()[0]) == pixel


def test_what_a_box_needs():
    image, digit, _ = DigitLocalization("test", 1).sample(0, 0)
    figure = plot_box_occlusion(pretrained("digits-localization"), image, CLASS_NAMES[1:], **COARSE)
    assert titles(figure) == [f"{digit}, in this box", "the box needs", f"to be a {digit} it needs"]
    assert [len(axis.patches) for axis in figure.axes] == [1, 1, 0]


def film(seed):
    rng = np.random.default_rng(seed)
    return {step: rng.integers(0, 4, (6, 9)) for step in (0, 5, 20)}


def test_the_strip_shows_every_step_and_the_truth():
    seen, truth = film(0), np.ones((6, 9), int)
    figure = plot_learning(np.zeros((1, 6, 9)), truth, seen, list("abcd"))
    assert titles(figure) == ["image", "step 0", "step 5", "step 20", "truth"]
    for axis, labels in zip(figure.axes[1:], [*seen.values(), truth], strict=True):
        np.testing.assert_array_equal(axis.images[0].get_array(), coloured(labels, 4))


@pytest.mark.parametrize(("steps", "rows"), [(1, 1), (2, 1), (3, 2), (7, 3)])
def test_the_strip_has_rows_of_four(steps, rows):
    seen = {step: np.ones((6, 9), int) for step in range(steps)}
    figure = plot_learning(np.zeros((1, 6, 9)), seen[0], seen, list("abcd"))
    assert len(figure.axes) == steps + 2
    grid = figure.axes[0].get_subplotspec().get_gridspec()
    assert (grid.nrows, grid.ncols) == (rows, min(4, steps + 2))


def test_the_film_shows_two_nets_side_by_side(tmp_path):
    films = {"right": film(0), "wrong": film(1)}
    frames = list(animate_learning(np.zeros((1, 6, 9)), film(2)[0], films, list("abcd")))
    assert [frame.get_suptitle() for frame in frames] == ["step 0", "step 5", "step 20"]
    assert all(titles(frame) == ["image", "truth", "right", "wrong"] for frame in frames)
    for frame, step in zip(frames, (0, 5, 20), strict=True):
        for axis, name in zip(frame.axes[2:], films, strict=True):
            shown = axis.images[0].get_array()
            np.testing.assert_array_equal(shown, coloured(films[name][step], 4))
    save_gif(frames, tmp_path / "film.gif", dpi=40, seconds=0.2)
    with Image.open(tmp_path / "film.gif") as moving:
        assert moving.n_frames == 3
