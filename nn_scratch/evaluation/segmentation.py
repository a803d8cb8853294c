"""Metrics of segmentation, computed from a confusion matrix (Long et al. 2015, FCN, §5)."""

from collections.abc import Iterable

import numpy as np

from nn_scratch.arguments import a_label, class_count, labels_below, optional, several
from nn_scratch.backend import Array
from nn_scratch.validate import check_integers, check_shape


def confusion_matrix(
    truth: Array, prediction: Array, num_classes: int, ignore_index: int | None = None
) -> Array:
    """Count the pixels of each true class for which each class was predicted.

    truth, prediction: integer NumPy arrays of one shape. Pixels whose truth is `ignore_index` do
    not count.

    Returns: counts (num_classes, num_classes): the row is the true class, the column the predicted
        one.
    Raises: TypeError for labels that are not integers; ValueError for labels outside
        0 … num_classes − 1, and for different shapes.
    """
    num_classes = class_count("num_classes", num_classes)
    ignore_index = optional(a_label, "ignore_index", ignore_index)
    check_integers("truth", truth)
    check_integers("prediction", prediction)
    check_shape("prediction", prediction, truth.shape, "the shape of truth")
    if ignore_index is not None:
        counted = truth != ignore_index
        truth, prediction = truth[counted], prediction[counted]
    for name, labels in ("truth", truth), ("prediction", prediction):
        labels_below(name, labels, num_classes)
    pairs = truth.ravel().astype(np.int64) * num_classes + prediction.ravel()
    counts = np.bincount(pairs.astype(np.int64), minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


def global_accuracy(confusion: Array) -> float:
    """The share of pixels that are right.

    confusion (K, K): counts, as confusion_matrix returns them.

    Returns: a number from 0 to 1; NaN if no pixel counts.
    Raises: TypeError or ValueError if confusion is not counts (K, K).
    """
    confusion = _counts(confusion)
    return float(_shares(np.trace(confusion), confusion.sum()))


def class_average_accuracy(confusion: Array) -> float:
    """The share of right pixels in each true class, averaged over the classes that occur.

    confusion (K, K): counts, as confusion_matrix returns them.

    Returns: a number from 0 to 1; NaN if no pixel counts.
    Raises: TypeError or ValueError if confusion is not counts (K, K).
    """
    confusion = _counts(confusion)
    return _mean(_shares(np.diag(confusion), confusion.sum(axis=1)))


def class_iou(confusion: Array) -> Array:
    """Intersection over union of each class.

    confusion (K, K): counts, as confusion_matrix returns them.

    Returns: (K,) from 0 to 1; NaN where the union is empty.
    Raises: TypeError or ValueError if confusion is not counts (K, K).
    """
    confusion = _counts(confusion)
    hits = np.diag(confusion)
    return _shares(hits, confusion.sum(axis=0) + confusion.sum(axis=1) - hits)


def mean_iou(confusion: Array) -> float:
    """The mean of class_iou over the classes whose union is not empty.

    confusion (K, K): counts, as confusion_matrix returns them.

    Returns: a number from 0 to 1; NaN if no pixel counts.
    Raises: TypeError or ValueError if confusion is not counts (K, K).
    """
    return _mean(class_iou(confusion))


def median_frequency_weights(
    label_maps: Iterable[Array], num_classes: int, ignore_index: int | None = None
) -> Array:
    """Class weights for the loss, median(f) / f[c] (Eigen & Fergus 2015, §6.3.2), where f[c] is the
    share of class c among the pixels that count in all images in which c occurs.

    label_maps: integer maps (H, W), whose sizes may differ. Weights published for a data set depend
    on its resolution and version, and should be computed again.

    Returns: (num_classes,) float64; classes that never occur get 0.
    Raises: TypeError for labels that are not integers; ValueError for labels outside
        0 … num_classes − 1, or maps that are not (H, W).
    """
    num_classes = class_count("num_classes", num_classes)
    ignore_index = optional(a_label, "ignore_index", ignore_index)
    own, present = np.zeros(num_classes), np.zeros(num_classes)
    for number, labels in enumerate(several("label_maps", label_maps)):
        name = f"label_maps[{number}]"
        check_integers(name, labels)
        if labels.ndim != 2:
            raise ValueError(f"{name} has shape {labels.shape}, but must be (H, W)")
        counted = labels if ignore_index is None else labels[labels != ignore_index]
        labels_below(name, counted, num_classes)
        pixels = np.bincount(counted.ravel().astype(np.int64), minlength=num_classes)
        own += pixels
        present += (pixels > 0) * counted.size
    frequencies = _shares(own, present)
    occurring = ~np.isnan(frequencies)
    weights = np.zeros(num_classes)
    if occurring.any():
        weights[occurring] = np.median(frequencies[occurring]) / frequencies[occurring]
    return weights


def _counts(confusion):
    """Check a confusion matrix (K, K), and return it as floats."""
    check_integers("confusion", confusion)
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1] or confusion.size == 0:
        raise ValueError(f"confusion is {confusion.shape}, but must be (num_classes, num_classes)")
    if confusion.min() < 0:
        raise ValueError(f"confusion has counts from {confusion.min()} on, but none is below 0")
    return confusion.astype(np.float64)  # sums of small integers would overflow


def _shares(part, whole):
    """part / whole; NaN where `whole` is 0."""
    whole = np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def _mean(shares):
    """The mean of the values that are not NaN; NaN if there are none."""
    known = shares[~np.isnan(shares)]
    return float(known.mean()) if known.size else float("nan")
