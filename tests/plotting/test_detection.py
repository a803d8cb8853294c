"""Pictures of detections: what is right, wrong and missed, and that all of it is drawn."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from helpers import legend_as_read
from nn_scratch.evaluation import Detections, Objects
from nn_scratch.plotting import plot_detections, plot_found
from nn_scratch.plotting.detection import MISSED, RIGHT, WRONG, told_apart

BOXES = np.array([[0, 0, 10, 10], [20, 0, 10, 10], [0, 20, 10, 10], [20, 20, 10, 10.0]])


def scene():
    """Four objects, the last difficult; found: the first, the first again, the third as another
    class, the difficult one."""
    truth = Objects(np.array([0, 1, 1, 0]), BOXES, np.array([False, False, False, True]))
    found = Detections(BOXES[[0, 0, 2, 3]], np.array([0.9, 0.8, 0.7, 0.6]), np.array([0, 0, 0, 0]))
    return found, truth


def test_what_is_right_wrong_and_missed():
    right, wrong, missed = told_apart(*scene(), 2)
    assert right.tolist() == [True, False, False, False]
    assert wrong.tolist() == [False, True, True, False]
    assert missed.tolist() == [False, True, True, False]


def test_every_box_has_its_kind_in_the_picture():
    found, truth = scene()
    figure = plot_detections(np.zeros((1, 1, 40, 40)), [truth], [found], ["a", "$b"])
    axis = figure.axes[0]
    drawn = [(p.get_edgecolor(), p.get_linestyle()) for p in axis.patches]
    kinds = [(to_rgba(colour), style) for colour, style in (WRONG, WRONG, RIGHT, MISSED, MISSED)]
    assert [colour for colour, _ in drawn] == [colour for colour, _ in kinds]
    assert axis.get_title() == "1 of 3 found, 2 wrong"
    assert [text.get_text() for text in axis.texts] == ["a 0.80", "a 0.70", "a 0.90"]
    assert legend_as_read(figure) == ["found", "wrong", "missed"]
    again, _, right = axis.texts  # the same box twice: neither name hides the other
    assert (again.get_position()[1], right.get_position()[1]) == (9.5, -0.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "size, columns", [((40, 40), 4), ((60, 40), 4), ((40, 90), 1), ((40, 400), 1)]
)
def test_wide_images_have_room(size, columns):
    nothing = Detections(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int))
    none = Objects(np.zeros(0, int), np.zeros((0, 4)))
    figure = plot_detections(np.zeros((5, 3, *size)), [none] * 5, [nothing] * 5, ["a"])
    assert len(figure.axes) == -(-5 // columns) * columns
    assert figure.axes[0].get_title() == "0 of 0 found"
    assert figure.get_figwidth() < 10


def test_a_photograph_with_what_is_found():
    found, _ = scene()
    figure = plot_found(np.zeros((3, 40, 60)), found, ["a", "b"])
    assert len(figure.axes[0].patches) == 4 and figure.axes[0].get_title() == "4 objects"
    one = Detections(*(part[:1] for part in found))
    assert plot_found(np.zeros((1, 40, 60)), one, ["a"]).axes[0].get_title() == "1 object"
    none = Detections(*(part[:0] for part in found))
    assert plot_found(np.zeros((1, 40, 60)), none, ["a"]).axes[0].get_title() == "nothing found"
