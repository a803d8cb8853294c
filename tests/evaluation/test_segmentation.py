"""Metrics on small cases that can be counted by hand."""

import numpy as np
import pytest

from nn_scratch.evaluation import segmentation

TRUTH = np.array([[0, 0, 1], [1, 2, 9]])
PREDICTION = np.array([[0, 1, 1], [1, 0, 2]])


def test_confusion_by_hand():
    confusion = segmentation.confusion_matrix(TRUTH, PREDICTION, 4, ignore_index=9)
    np.testing.assert_array_equal(
        confusion, [[1, 1, 0, 0], [0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    )
    assert segmentation.global_accuracy(confusion) == pytest.approx(3 / 5)
    assert segmentation.class_average_accuracy(confusion) == pytest.approx((1 / 2 + 1 + 0) / 3)
    np.testing.assert_allclose(segmentation.class_iou(confusion), [1 / 3, 2 / 3, 0, np.nan])
    assert segmentation.mean_iou(confusion) == pytest.approx((1 / 3 + 2 / 3 + 0) / 3)


def test_a_class_that_is_only_predicted_counts_as_zero():
    confusion = segmentation.confusion_matrix(np.array([0, 0]), np.array([0, 1]), 3)
    assert segmentation.mean_iou(confusion) == pytest.approx((1 / 2 + 0) / 2)


def test_nothing_to_count():
    confusion = segmentation.confusion_matrix(np.array([9]), np.array([0]), 2, ignore_index=9)
    assert np.isnan(segmentation.mean_iou(confusion)) and np.isnan(
        segmentation.global_accuracy(confusion)
    )


@pytest.mark.parametrize(
    ("truth", "prediction", "message"),
    [
        ([0, 5], [0, 0], "truth has labels from 0 to 5"),
        ([0, 1], [0, -1], "prediction has labels from -1 to 0"),
        ([0, 1], [0], "prediction has shape"),
    ],
)
def test_bad_labels(truth, prediction, message):
    with pytest.raises(ValueError, match=message):
        segmentation.confusion_matrix(np.array(truth), np.array(prediction), 3)


def test_median_frequency_weights_by_hand():
    """Class 0: 6 of 8 pixels; class 1: 1 of 4 (it is in the first map alone); class 2: 1 of 4."""
    maps = [np.array([[0, 0], [0, 1]]), np.array([[0, 0, 9], [0, 2, 9]])]
    weights = segmentation.median_frequency_weights(maps, 4, ignore_index=9)
    np.testing.assert_allclose(weights, [0.25 / 0.75, 1, 1, 0])
    with pytest.raises(ValueError, match="labels from 0 to 9, but 4 classes"):
        segmentation.median_frequency_weights(maps, 4)
    np.testing.assert_array_equal(segmentation.median_frequency_weights([], 3), [0, 0, 0])
