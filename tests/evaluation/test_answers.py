"""What a net says, read from the shapes of what it returns."""

import numpy as np
import pytest

from helpers import draw
from nn_scratch.evaluation.answers import answer_of

SIZE = 6, 9


def test_scores_for_each_pixel_are_labels():
    scores = draw(1, 4, *SIZE)
    answer = answer_of([scores], SIZE)
    np.testing.assert_array_equal(answer.labels, scores[0].argmax(axis=0))
    assert answer.boxes is None and answer.text == "labels" and answer.classes <= 4


@pytest.mark.parametrize("boxes", [(1, 4), (1, 3, 4)])
def test_scores_and_a_box_are_what_is_found(boxes):
    scores, fractions = np.array([[0.1, 2.0, -1.0]]), np.full(boxes, 0.5)
    if len(boxes) == 3:
        fractions[0, 0] = 9
    fractions[..., 2] = 2  # wider than the image
    answer = answer_of([scores, fractions], SIZE)
    assert answer.labels.tolist() == [1] and answer.text == "1 found"
    np.testing.assert_allclose(answer.boxes, [[4.5, 3, 4.5, 3]])


def test_the_peaks_of_heat_maps_are_what_is_found():
    heat, sizes, offsets = (
        np.full((1, 2, 3, 5), -9.0),
        np.ones((1, 2, 3, 5)),
        np.zeros((1, 2, 3, 5)),
    )
    heat[0, 1, 2, 3] = 9
    offsets[0, :, 2, 3] = 0.5
    answer = answer_of([heat, sizes, offsets], SIZE)
    assert answer.labels.tolist() == [1]
    np.testing.assert_allclose(answer.boxes, [[6, 4, 2, 2]])


def test_sure_windows_are_what_is_found():
    scores, boxes = np.zeros((1, 3, 3, 5)), np.ones((1, 4, 3, 5))
    scores[0, 0], scores[0, 2, 0, 1] = 9, 20
    answer = answer_of([scores, boxes], SIZE)
    assert answer.labels.tolist() == [1]
    np.testing.assert_allclose(answer.boxes, [[4, 2, 2, 2]])


@pytest.mark.parametrize(
    "shapes",
    [
        [(1, 4)],
        [(1, 4, 3, 5)],
        [(1, 1, *SIZE)],
        [(1, 3), (1, 5)],
        [(1, 3), (1, 2, 4)],
        [(1, 2, 3, 5), (1, 2, 3, 5), (1, 3, 3, 5)],
        [(1, 2, 3, 5), (1, 4, 3, 5), (1, 4, 3, 5)],
        [(1, 2, 3, 5), (1, 4, 3, 4)],
        [(1, 2, 4, 4), (1, 4, 4, 4)],  # no stride makes such maps
        [(1,), (1, 4)],
        [(1, 5, 2)],
    ],
)
def test_other_shapes_say_nothing(shapes):
    assert answer_of([np.zeros(shape) for shape in shapes], SIZE) is None
