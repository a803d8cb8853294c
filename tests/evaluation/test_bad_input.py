"""What cannot be measured is refused by its name."""

import numpy as np
import pytest

from nn_scratch import evaluation
from nn_scratch.data import DigitSegmentation, HorizontalFlip, Loader, RandomPlacement, Transformed

LABELS = np.zeros((2, 3, 5), np.int64)
BOXES = np.ones((3, 4))


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: evaluation.confusion_matrix(LABELS, LABELS, 0), ValueError, "num_classes is 0"),
        (lambda: evaluation.confusion_matrix(LABELS, LABELS, 2.0), TypeError, "num_classes is 2.0"),
        (lambda: evaluation.confusion_matrix(LABELS, LABELS * 1.0, 2), TypeError, "prediction is"),
        (lambda: evaluation.boundary_f1(LABELS, LABELS, -1), ValueError, "num_classes is -1"),
        (lambda: evaluation.boundary_f1(LABELS * 1.0, LABELS, 2), TypeError, "truth is float64"),
        (
            lambda: evaluation.boundary_f1(LABELS, LABELS, 2, None, -1),
            ValueError,
            "tolerance is -1",
        ),
        (lambda: evaluation.mean_iou(np.ones((2, 3), int)), ValueError, r"confusion is \(2, 3\)"),
        (lambda: evaluation.global_accuracy(np.eye(3)), TypeError, "confusion is float64"),
        (lambda: evaluation.class_iou(np.ones((0, 0), int)), ValueError, r"confusion is \(0, 0\)"),
        (
            lambda: evaluation.median_frequency_weights([LABELS * 0.5], 2),
            TypeError,
            r"label_maps\[0\] is",
        ),
        (lambda: evaluation.median_frequency_weights([LABELS], 0), ValueError, "num_classes is 0"),
        (lambda: evaluation.best_constant_box(BOXES[:0]), ValueError, "boxes are none"),
        (lambda: evaluation.best_constant_box(BOXES * np.nan), ValueError, "must be finite"),
        (
            lambda: evaluation.box_iou(BOXES, BOXES[:2]),
            ValueError,
            r"b has shape \(2, 4\), but must be",
        ),
        (
            lambda: evaluation.to_pixels(BOXES[:, :3], (4, 5)),
            ValueError,
            r"fractions has shape \(3, 3\)",
        ),
        (
            lambda: evaluation.to_fractions(BOXES, (0, 5)),
            ValueError,
            "image_size is 0",
        ),
        (lambda: HorizontalFlip(1.5), ValueError, "probability is 1.5"),
        (lambda: RandomPlacement(np.nan), ValueError, "factor is nan"),
        (lambda: Loader(LABELS, 2, seed=-1), ValueError, "seed is -1"),
        (lambda: Transformed(LABELS, seed=0.5), TypeError, "seed is 0.5"),
        (lambda: DigitSegmentation("train", -3), ValueError, "count is -3"),
    ],
)
def test_it_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_boxes_that_are_not_finite_meet_nothing():
    strange = np.array([[np.nan, 0, 2, 2], [0, 0, np.inf, 2], [-np.inf, 0, np.inf, 1], [1e300] * 4])
    np.testing.assert_array_equal(evaluation.box_iou(strange, np.ones((4, 4))), 0)
    np.testing.assert_array_equal(evaluation.box_iou(strange, strange), [0, 0, 0, 0])


def test_of_nothing_there_is_no_share():
    assert np.isnan(evaluation.success_rate(np.zeros(0)))
    assert np.isnan(evaluation.mean_iou(np.zeros((3, 3), np.int64)))


@pytest.mark.parametrize("dtype", ["u1", ">u2", "<i8", "u8"])
def test_any_integers_are_labels(dtype):
    truth = np.array([[[0, 1, 2], [2, 1, 0]]])
    found = np.array([[[0, 1, 1], [2, 1, 1]]])
    right = evaluation.confusion_matrix(truth, found, 3)
    np.testing.assert_array_equal(right, [[1, 1, 0], [0, 2, 0], [0, 1, 1]])
    other = truth.astype(dtype), np.asfortranarray(found.astype(dtype))
    np.testing.assert_array_equal(evaluation.confusion_matrix(*other, 3), right)
    np.testing.assert_array_equal(
        evaluation.median_frequency_weights(other[0], 3),
        evaluation.median_frequency_weights(truth, 3),
    )
    assert evaluation.boundary_f1(*other, 3) == evaluation.boundary_f1(truth, found, 3)
