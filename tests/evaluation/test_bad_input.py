"""What cannot be measured is refused by its name."""

import numpy as np
import pytest

from nn_scratch import evaluation
from nn_scratch.data import DigitSegmentation, HorizontalFlip, Loader, RandomPlacement, Transformed

LABELS = np.zeros((2, 3, 5), np.int64)
BOXES = np.ones((3, 4))
MATCHES = evaluation.match(
    evaluation.Detections(BOXES, np.array([0.5, 0.3, 0.2]), np.zeros(3, int)),
    evaluation.Objects(np.zeros(1, int), BOXES[:1]),
    0,
)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (
            lambda: evaluation.boundary_f1(LABELS[0], LABELS[0], 2),
            ValueError,
            r"\(3, 5\), but must",
        ),
        (
            lambda: evaluation.median_frequency_weights([LABELS], 2),
            ValueError,
            r"label_maps\[0\] has shape \(2, 3, 5\), but must be \(H, W\)",
        ),
        (
            lambda: evaluation.mean_iou(np.array([[1, -2], [0, 1]])),
            ValueError,
            "confusion has counts from -2 on, but none is below 0",
        ),
        (
            lambda: evaluation.average_precision([], [], 2, iou_thresholds=np.zeros(0)),
            ValueError,
            "iou_thresholds is empty, but must hold at least one threshold",
        ),
        (
            lambda: evaluation.precision_recall([MATCHES], 10),
            ValueError,
            "threshold is 10, but matches have those from 0 to 9",
        ),
        (
            lambda: evaluation.areas([[MATCHES]], 3),
            ValueError,
            "thresholds is 3, but by_class has 10 of them",
        ),
        (
            lambda: evaluation.precision_recall([MATCHES._replace(ignored=MATCHES.ignored[:4])]),
            ValueError,
            r"right has shape \(10, 3\), but matches\[0\]\.ignored \(4, 3\)",
        ),
        (
            lambda: evaluation.area_under(evaluation.Curve([0.5, 0.2], [1.0, 1.0], [2.0, 1.0])),
            ValueError,
            r"curve\.recall must lie between 0 and 1 and never fall, or be NaN",
        ),
        (
            lambda: evaluation.nms(BOXES, np.array([1, np.nan, 2])),
            ValueError,
            "scores holds NaN, which is neither more nor less than other scores",
        ),
        (
            lambda: evaluation.decode_centers((np.zeros((1, 2, 3, 4)),) * 2, 4),
            ValueError,
            "maps are 2, but must be three: heat, sizes and offsets",
        ),
        (
            lambda: evaluation.label_score(np.zeros((1, 2, 3, 4)), (3, 0)),
            ValueError,
            r"pixel is \(3, 0\), but the scores are of 3 × 4 pixels",
        ),
        (
            lambda: evaluation.label_score(np.zeros((1, 1, 3, 4)), (2, 0)),
            ValueError,
            "needs at least two classes to compare",
        ),
        (
            lambda: evaluation.box_score(np.zeros((1, 4))),
            TypeError,
            r"must be a pair \(scores, boxes\)",
        ),
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
