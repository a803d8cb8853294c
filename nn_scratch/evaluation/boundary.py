"""Boundary F1 (Csurka et al. 2013), which measures how well boundaries between classes are found,
as in the SegNet paper (Badrinarayanan et al. 2015, §4: within 0.75 % of the image's diagonal).

Large classes dominate IoU, which falls little if an outline is blurred; boundary F1 depends only on
where the outlines of each class are.
"""

from math import floor, hypot, sqrt

import numpy as np

from nn_scratch.arguments import a_label, class_count, labels_below, optional
from nn_scratch.backend import Array
from nn_scratch.validate import check_integers, check_shape, number

TOLERANCE = 0.0075


def boundary_f1(
    truth: Array,
    prediction: Array,
    num_classes: int,
    ignore_index: int | None = None,
    tolerance: float = TOLERANCE,
) -> float:
    """The mean of image_boundary_f1 over the images that have a boundary. The arguments are those
    of image_boundary_f1.

    Returns: a number from 0 to 1; NaN if no image has a boundary.
    Raises: what image_boundary_f1 raises.
    """
    scores = image_boundary_f1(truth, prediction, num_classes, ignore_index, tolerance)
    scores = scores[~np.isnan(scores)]
    return float(scores.mean()) if scores.size else float("nan")


def image_boundary_f1(
    truth: Array,
    prediction: Array,
    num_classes: int,
    ignore_index: int | None = None,
    tolerance: float = TOLERANCE,
) -> Array:
    """For each image, the mean of the boundary F1 of its classes.

    truth, prediction: integer label maps (N, H, W). A boundary pixel has a pixel of another class
    above, below, left or right of it. The precision of a class is the share of its predicted
    boundary pixels that have a true boundary pixel of the class within `tolerance` times the
    image's diagonal; its recall is the share of its true boundary pixels that have a predicted one.
    The mean is over the classes that have a boundary in either map. Pixels whose truth is
    `ignore_index` are no boundary pixels, and make none of their neighbours.

    Returns: (N,) from 0 to 1; NaN where there is no boundary.
    Raises: TypeError for labels that are not integers; ValueError for labels that count and are
        outside 0 … num_classes − 1, for maps that are not both (N, H, W), and for a tolerance
        outside 0 … 1.
    """
    num_classes = class_count("num_classes", num_classes)
    ignore_index = optional(a_label, "ignore_index", ignore_index)
    tolerance = number("tolerance", tolerance, 0, 1)
    check_integers("truth", truth)
    check_integers("prediction", prediction)
    if truth.ndim != 3:
        raise ValueError(f"truth has shape {truth.shape}, but must be (N, H, W)")
    check_shape("prediction", prediction, truth.shape, "the shape of truth")
    distance = tolerance * hypot(*truth.shape[1:])
    counted = np.ones(truth.shape, bool) if ignore_index is None else truth != ignore_index
    for name, labels in ("truth", truth), ("prediction", prediction):
        labels_below(name, labels[counted], num_classes)
    true_edges, predicted_edges = (boundaries(labels, counted) for labels in (truth, prediction))
    sums, occurring = np.zeros(len(truth)), np.zeros(len(truth))
    for each in np.union1d(truth[true_edges], prediction[predicted_edges]):
        true, predicted = true_edges & (truth == each), predicted_edges & (prediction == each)
        precision = _share(predicted & _near(true, distance), predicted)
        recall = _share(true & _near(predicted, distance), true)
        sums += 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)
        occurring += true.any(axis=(1, 2)) | predicted.any(axis=(1, 2))
    return np.divide(sums, occurring, out=np.full(len(truth), np.nan), where=occurring > 0)


def boundaries(labels: Array, counted: Array) -> Array:
    """Whether each pixel (N, H, W) has a neighbour above, below, left or right of another label."""
    edges = np.zeros(labels.shape, bool)
    for axis in 1, 2:
        before, after = (slice(None),) * axis + np.s_[:-1,], (slice(None),) * axis + np.s_[1:,]
        change = (labels[before] != labels[after]) & counted[before] & counted[after]
        edges[before] |= change
        edges[after] |= change
    return edges


def _near(mask, distance):
    """Whether each pixel has a pixel of the mask (N, H, W) within the distance between centres.

    For each number of rows `down` within the distance, Pythagoras gives the number of columns that
    a mask pixel in that row may be away.
    """
    height, width = mask.shape[1:]
    aside = _column_distances(mask)
    near = np.zeros(mask.shape, bool)
    for down in range(min(floor(distance), height - 1) + 1):
        reach = floor(sqrt(distance**2 - down**2))
        reach += (hypot(down, reach + 1) <= distance) - (hypot(down, reach) > distance)
        seen = aside <= min(reach, width)
        near[:, : height - down] |= seen[:, down:]
        near[:, down:] |= seen[:, : height - down]
    return near


def _column_distances(mask):
    """For each pixel, the distance to the nearest mask pixel in its row; more than the width if
    there is none."""
    width = mask.shape[2]
    at, far = np.arange(width), 2 * width + 1
    left = np.maximum.accumulate(np.where(mask, at, -far), axis=2)
    right = np.minimum.accumulate(np.where(mask, at, far + width)[:, :, ::-1], axis=2)[:, :, ::-1]
    return np.minimum(at - left, right - at)


def _share(part, whole):
    """For each image, pixels of `part` / pixels of `whole`; 0 where `whole` has none."""
    counts = whole.sum(axis=(1, 2))
    return np.divide(part.sum(axis=(1, 2)), counts, out=np.zeros(len(counts)), where=counts > 0)
