"""Pictures can be drawn from what the nets give; how they look is for eyes."""

import numpy as np
import pytest

from helpers import draw
from nn_scratch import plot
from nn_scratch.data.digits import CLASS_NAMES


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("count", [1, 5])
def test_segmentation(count, channels, tmp_path):
    labels = np.random.default_rng(0).integers(0, 11, (count, 6, 8))
    figure = plot.plot_segmentation(draw(count, channels, 6, 8), labels, labels, CLASS_NAMES)
    figure.savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 1000
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    assert shown == [CLASS_NAMES[k] for k in np.unique(labels)]


def test_too_many_classes():
    with pytest.raises(ValueError, match="13 classes, but only 12 colours"):
        plot.plot_segmentation(draw(1, 1, 2, 2), [], [], ["c"] * 13)


def test_boxes(tmp_path):
    boxes = np.array([[1.0, 2, 3, 4]] * 7)
    figure = plot.plot_boxes(draw(7, 1, 6, 8), boxes, boxes, [3] * 7, [5] * 7)
    figure.savefig(tmp_path / "picture.png")
    assert figure.axes[0].get_title() == "3 seen as 5\nIoU 1.00"


def test_arrays(tmp_path):
    figure = plot.plot_arrays({"x": np.eye(2), "y": np.arange(4) - 2}, columns=1)
    figure.savefig(tmp_path / "picture.png")
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["x", "1", "0", "0", "1", "y", "-2", "-1", "0", "1"]


def test_losses(tmp_path):
    history = {"steps": [{"loss": 1 / (step + 1)} for step in range(40)]}
    figure = plot.plot_losses({"one": history, "two": history})
    figure.savefig(tmp_path / "picture.png")
    assert [axis.get_title() for axis in figure.axes] == ["one", "two"]
