"""The steps of a detector, drawn: what is written in a picture is what the evaluation computes."""

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from helpers import draw
from nn_scratch import plotting
from nn_scratch.evaluation.detection import nms

IMAGE = np.full((1, 24, 32), 0.5)
BOXES = np.array([[0.0, 0, 10, 10], [1, 1, 10, 10], [8, 0, 10, 10], [0, 6, 10, 10]])
SCORES = np.array([0.9, 0.8, 0.7, 0.6])


@pytest.mark.parametrize(
    ("box", "stride", "said"),
    [
        ([10, 5, 12, 16], 4, ["cell: 4 across, 3 down", "offset: 0 and 0.25", "size: 3 × 4"]),
        ([0, 0, 3, 5], 2, ["cell: 0 across, 1 down", "offset: 0.75 and 0.25", "size: 1.5 × 2.5"]),
        ([20, 10, 12, 14], 8, ["cell: 3 across, 2 down", "offset: 0.25 and 0.125", "size: 1.5"]),
    ],
)
def test_point(box, stride, said, tmp_path):
    figure = plotting.plot_point(IMAGE, box, stride)
    figure.savefig(tmp_path / "picture.png")
    shown = "\n".join(text.get_text() for text in figure.legends[0].get_texts())
    assert all(line in shown for line in said)
    (axis,) = figure.axes
    cell = next(p for p in axis.patches if isinstance(p, Rectangle))
    assert cell.get_width() == stride
    (dot,) = (line for line in axis.lines if line.get_marker() == "o")
    assert dot.get_xdata()[0] + 0.5 == box[0] + box[2] / 2
    assert cell.get_x() <= dot.get_xdata()[0] <= cell.get_x() + stride


def test_heat(tmp_path):
    heat = draw(6, 8)
    figure = plotting.plot_heat({"a $b": (IMAGE, heat), "c": (IMAGE, 0 * heat)}, columns=1)
    figure.savefig(tmp_path / "picture.png")
    first, second = figure.axes
    np.testing.assert_array_equal(first.images[1].get_array(), np.clip(heat, 0, 1))
    assert first.images[1].get_extent() == [-0.5, 31.5, 23.5, -0.5]
    assert (first.get_title(), second.get_title()) == ("a $b", "c")


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9])
def test_suppression(threshold, tmp_path):
    figure = plotting.plot_suppression(BOXES, SCORES, threshold)
    figure.savefig(tmp_path / "picture.png")
    kept = nms(BOXES, SCORES, iou_threshold=threshold)
    assert [axis.get_title() for axis in figure.axes] == [
        f"round {n}: keep {SCORES[i]:g}" for n, i in enumerate(kept, 1)
    ]
    gone = [t for axis in figure.axes for t in axis.texts if "IoU" in t.get_text()]
    assert len(gone) == len(BOXES) - len(kept)


@pytest.mark.parametrize(
    ("right", "objects", "area"),
    [([1, 0, 1, 1, 0], 4, 0.625), ([0, 0], 3, 0.0), ([1], 1, 1.0), ([0, 1, 1], 2, 2 / 3)],
)
def test_precision_recall(right, objects, area, tmp_path):
    figure = plotting.plot_precision_recall(right, objects)
    figure.savefig(tmp_path / "picture.png")
    (axis,) = figure.axes
    assert axis.get_title().endswith(f"{area:.3f}")
    drawn = sum(p.get_width() * p.get_height() for p in axis.patches)
    assert drawn == pytest.approx(area)
    assert [t.get_text() for t in axis.texts] == [f"{n}" for n in range(1, len(right) + 1)]


def test_anchors(tmp_path):
    true_boxes = np.array([[0.0, 0, 8, 8], [20, 10, 4, 4]])
    anchors = np.array([[0.0, 0, 8, 7], [1, 0, 8, 8], [20, 10, 8, 8]])
    figure = plotting.plot_anchors(IMAGE, true_boxes, anchors)
    figure.savefig(tmp_path / "picture.png")
    one, every = ([patch.get_linestyle() for patch in axis.patches] for axis in figure.axes)
    assert every == [":", "-", "-"]  # an anchor less for the second object
    counts = {t.get_position(): t.get_text() for t in figure.axes[1].texts}
    assert counts == {(3.5, 3.0): "1", (4.5, 3.5): "1"}  # centre (4, 3.5) lies between pixels
    assert one == [":", "-"]  # the object in the middle, and the only anchor near it
    around = np.array([[0.0, 0, 8, 7], [2, 1.5, 4, 4], [1, 0, 8, 8]])
    left, _ = plotting.plot_anchors(IMAGE, true_boxes[:1], around).axes
    assert [patch.get_linestyle() for patch in left.patches] == ["--", ":", "-"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plotting.plot_point(IMAGE, [1, 2, 3], 4), "box has shape"),
        (lambda: plotting.plot_point(IMAGE, BOXES[0], 0), "stride is 0"),
        (lambda: plotting.plot_heat({}), "panels is empty"),
        (lambda: plotting.plot_heat({"a": IMAGE}), "panels has"),
        (lambda: plotting.plot_heat({"a": (IMAGE, IMAGE)}), "panels has heat of shape"),
        (lambda: plotting.plot_suppression(BOXES, SCORES[:3]), "boxes has shape"),
        (lambda: plotting.plot_suppression(BOXES, SCORES, 2), "iou_threshold is 2"),
        (lambda: plotting.plot_suppression(BOXES[:0], SCORES[:0]), "scores has shape"),
        (lambda: plotting.plot_precision_recall([1, 1], 1), "right is"),
        (lambda: plotting.plot_precision_recall([1, 1], 0), "num_objects is 0"),
        (lambda: plotting.plot_precision_recall("text", 1), "right is"),
        (lambda: plotting.plot_anchors(IMAGE, BOXES, BOXES[:, :3]), "anchors has shape"),
        (lambda: plotting.plot_anchors(IMAGE, BOXES[:0], BOXES), "true_boxes has shape"),
        (lambda: plotting.plot_anchors(IMAGE, 3, BOXES), "true_boxes has shape"),
    ],
)
def test_what_cannot_be_drawn_is_named(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
