"""Metrics on small cases that can be counted by hand."""

import numpy as np
import pytest

from nn_scratch import metrics

TRUTH = np.array([[0, 0, 1], [1, 2, 9]])
PREDICTION = np.array([[0, 1, 1], [1, 0, 2]])


def test_confusion_by_hand():
    confusion = metrics.confusion_matrix(TRUTH, PREDICTION, 4, ignore_index=9)
    np.testing.assert_array_equal(
        confusion, [[1, 1, 0, 0], [0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    )
    assert metrics.global_accuracy(confusion) == pytest.approx(3 / 5)
    assert metrics.class_average_accuracy(confusion) == pytest.approx((1 / 2 + 1 + 0) / 3)
    np.testing.assert_allclose(metrics.class_iou(confusion), [1 / 3, 2 / 3, 0, np.nan])
    assert metrics.mean_iou(confusion) == pytest.approx((1 / 3 + 2 / 3 + 0) / 3)


def test_a_class_that_is_only_predicted_counts_as_zero():
    confusion = metrics.confusion_matrix(np.array([0, 0]), np.array([0, 1]), 3)
    assert metrics.mean_iou(confusion) == pytest.approx((1 / 2 + 0) / 2)


def test_nothing_to_count():
    confusion = metrics.confusion_matrix(np.array([9]), np.array([0]), 2, ignore_index=9)
    assert np.isnan(metrics.mean_iou(confusion)) and np.isnan(metrics.global_accuracy(confusion))


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
        metrics.confusion_matrix(np.array(truth), np.array(prediction), 3)
