"""Label maps beside their image, and the street that is drawn to show some."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from helpers import draw
from nn_scratch import plotting
from nn_scratch.plotting.colours import class_colours
from nn_scratch.plotting.street import STREET_CLASSES, street


@pytest.mark.parametrize("shape", [(1, 24, 32), (3, 17, 9)])
def test_label_maps(shape, tmp_path):
    labels = np.arange(shape[1] * shape[2]).reshape(shape[1:]) % 3
    names = ["a $b", "c", "d", "not there"]
    maps = {"one": labels, "another": 0 * labels}
    figure = plotting.plot_label_maps(np.abs(draw(*shape)) % 1, maps, names)
    figure.savefig(tmp_path / "picture.png")
    _, one, another = figure.axes
    assert (one.get_title(), another.get_title()) == ("one", "another")
    colours = np.array([to_rgb(colour) for colour in class_colours(4)])
    np.testing.assert_allclose(one.images[0].get_array(), colours[labels])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == names[:3]


def test_label_maps_of_another_size_are_named():
    with pytest.raises(ValueError, match="maps"):
        plotting.plot_label_maps(draw(1, 4, 5) ** 2, {"x": np.zeros((5, 4), int)}, ["a"])


def test_the_street_has_each_class_in_its_place():
    image, labels = street()
    assert image.shape == (3, 96, 128) and labels.shape == (96, 128)
    assert image.dtype == np.float32 and image.min() >= 0 and image.max() <= 1
    again, same = street()
    np.testing.assert_array_equal(image, again)
    np.testing.assert_array_equal(labels, same)
    counts = dict(zip(STREET_CLASSES, np.bincount(labels.ravel()), strict=True))
    assert min(counts.values()) > 20
    assert counts["pole"] < counts["pedestrian"] < counts["car"] < counts["road"]
    row = {name: np.argwhere(labels == k)[:, 0].mean() for k, name in enumerate(STREET_CLASSES)}
    assert row["sky"] < row["building"] < row["pavement"] < row["road"]
    assert (labels[0] != STREET_CLASSES.index("road")).all()
