"""How well the boundaries between classes are met: boundary F1 (Csurka et al. 2013), as the SegNet
paper measures it (Badrinarayanan et al. 2015, §4: within 0.75 % of the image's diagonal).

Large classes dominate IoU, and a blurred outline costs it little; the boundary measure asks only
where the outlines are.
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
    """The mean of image_boundary_f1, of the same arguments, over the images that have a boundary.

    Returns: a number from 0 to 1; NaN if no image has a boundary.
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
    """Each image's mean F1 over its classes.

    truth, prediction: integer label maps (N, H, W). For one class, precision is the share of its
    predicted boundary pixels with a true boundary pixel of that class within `tolerance` times the
    diagonal, recall the reverse. A boundary pixel is one with another class above, below, left or
    right of it. A class counts in an image where either map has a boundary of it. Pixels whose
    truth is `ignore_index` have no boundary, and make none.

    Returns: (N,) from 0 to 1; NaN where there is no boundary.
    Raises: TypeError for labels that are no integers, ValueError for those that count and are
    outside 0 … num_classes − 1, if the maps are not both (N, H, W), and for a tolerance that is no
    share.
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
    """Which pixels (N, H, W) have a neighbour, above, below, left or right, of another label."""
    edges = np.zeros(labels.shape, bool)
    for axis in 1, 2:
        before, after = (slice(None),) * axis + np.s_[:-1,], (slice(None),) * axis + np.s_[1:,]
        change = (labels[before] != labels[after]) & counted[before] & counted[after]
        edges[before] |= change
        edges[after] |= change
    return edges


def _near(mask, distance):
    """Which pixels have a pixel of the mask (N, H, W) within the distance, centre to centre.

    From each row, one looks as many pixels aside as the distance leaves: once for each row above
    and below that it reaches.
    """
    height, width = mask.shape[1:]
    aside = _aside(mask)
    near = np.zeros(mask.shape, bool)
    for down in range(min(floor(distance), height - 1) + 1):
        reach = floor(sqrt(distance**2 - down**2))
        reach += (hypot(down, reach + 1) <= distance) - (hypot(down, reach) > distance)
        seen = aside <= min(reach, width)
        near[:, : height - down] |= seen[:, down:]
        near[:, down:] |= seen[:, : height - down]
    return near


def _aside(mask):
    """How far, along its row, the nearest pixel of the mask is; more than the width if there is
    none."""
    width = mask.shape[2]
    at, far = np.arange(width), 2 * width + 1
    left = np.maximum.accumulate(np.where(mask, at, -far), axis=2)
    right = np.minimum.accumulate(np.where(mask, at, far + width)[:, :, ::-1], axis=2)[:, :, ::-1]
    return np.minimum(at - left, right - at)


def _share(part, whole):
    """Of each image, part / whole in pixels; 0 where there is no whole."""
    counts = whole.sum(axis=(1, 2))
    return np.divide(part.sum(axis=(1, 2)), counts, out=np.zeros(len(counts)), where=counts > 0)
