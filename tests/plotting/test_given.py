"""Pictures refuse what they cannot draw, by name."""

import numpy as np
import pytest

from nn_scratch import plotting
from nn_scratch.evaluation.detection import Detections, Objects

IMAGE, LABELS, NAMES = np.full((3, 5, 7), 0.5), np.ones((5, 7), int), ["background", "cat"]
FOUND = Detections(np.array([[1.0, 1, 2, 2]]), scores=np.array([0.5]), labels=np.array([1]))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((2, 5, 7)), r"image has shape \(2, 5, 7\), but must be \(1 or 3, H, W\)"),
        (np.zeros((3, 0, 7)), "image has shape .*not empty"),
        (np.full((1, 5, 7), np.nan), "image holds NaN"),
        (None, "image is NoneType"),
        ([[1], [1, 2]], "image cannot be read as one array"),
    ],
)
def test_no_image(image, message):
    for call in (
        lambda: plotting.plot_overlay(image, LABELS, NAMES),
        lambda: plotting.plot_box(image, (1, 1, 2, 2), "cat"),
        lambda: plotting.plot_found(image, FOUND, NAMES),
    ):
        with pytest.raises((ValueError, TypeError), match=message):
            call()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS.T, r"labels has shape \(7, 5\), but must be \(5, 7\)"),
        (LABELS * 0.5, "labels is float64, but must be an array of integers"),
        (0 * LABELS, "labels has no object"),
        (9 * LABELS, "class_names has 2 names, but must have at least 10"),
    ],
)
def test_no_label_map(labels, message):
    with pytest.raises((ValueError, TypeError), match=message):
        plotting.plot_four_tasks(IMAGE, labels, NAMES)


def test_detections_belong_to_their_images():
    truth = Objects(labels=FOUND.labels, boxes=FOUND.boxes)
    for found, message in (
        ([], "found has 0"),
        ("text", "found is 'text'"),
        ([1], r"found is \[1"),
    ):
        with pytest.raises((ValueError, TypeError), match=message):
            plotting.plot_detections(IMAGE[None], [truth], found, NAMES)
    with pytest.raises(ValueError, match="class_names has 1 names"):
        plotting.plot_found(IMAGE, FOUND, ["background"])
    for wrong, message in (
        ({"labels": np.array([0.5])}, "found.labels is float64"),
        ({"boxes": np.zeros((1, 3))}, r"found.boxes has shape \(1, 3\)"),
        ({"scores": np.zeros(2)}, r"found.scores must be \(1,\)"),
    ):
        with pytest.raises((ValueError, TypeError), match=message):
            plotting.plot_found(IMAGE, FOUND._replace(**wrong), NAMES)


def test_integers_are_shades_too():
    figure = plotting.plot_box(np.ones((3, 5, 7), np.uint8), (1, 1, 2, 2), "cat")
    assert (np.asarray(figure.axes[0].images[0].get_array()) == 1.0).all()
    assert figure.axes[0].images[0].get_array().dtype.kind == "f"
