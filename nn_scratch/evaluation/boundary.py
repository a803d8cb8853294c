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
BITS = 32  # classes that are looked at together


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
    classes = np.union1d(truth[true_edges], prediction[predicted_edges])
    sums, occurring = np.zeros(len(truth)), np.zeros(len(truth))
    for first in range(0, len(classes), BITS):
        some = classes[first : first + BITS]
        true, predicted = (
            _places(some, truth, true_edges),
            _places(some, prediction, predicted_edges),
        )
        right, of_predicted = _found(predicted, true, distance)
        seen, of_true = _found(true, predicted, distance)
        precision, recall = _share(right, of_predicted), _share(seen, of_true)
        f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)
        sums += f1.sum(axis=1)
        occurring += (of_predicted + of_true > 0).sum(axis=1)
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


def _places(classes, labels, edges):
    """For each boundary pixel (N, H, W) the place of its class among some, in rising order; −1 for
    other classes, and away from boundaries."""
    places = np.full(labels.shape, -1)
    at = np.minimum(np.searchsorted(classes, labels[edges]), len(classes) - 1)
    places[edges] = np.where(classes[at] == labels[edges], at, -1)
    return places


def _found(places, others, distance):
    """For each image and class, how many of its boundary pixels have one of the same class among
    the others within the distance, and how many there are: two arrays (N, BITS)."""
    bits = np.where(others < 0, 0, 1 << np.maximum(others, 0)).astype(np.uint32)
    edges = places >= 0
    near = _near(bits, distance)[edges] >> places[edges] & 1
    bins = np.nonzero(edges)[0] * BITS + places[edges]
    counts = (np.bincount(bins, weights, len(places) * BITS) for weights in (near, None))
    return tuple(count.reshape(-1, BITS) for count in counts)


def _near(bits, distance):
    """The bits of all pixels (N, H, W) within the distance between centres, together.

    For each number of rows `down` within the distance, Pythagoras gives the number of columns that
    a pixel in that row may be away.
    """
    height, width = bits.shape[1:]
    near = np.zeros_like(bits)
    for down in range(min(floor(distance), height - 1) + 1):
        reach = floor(sqrt(distance**2 - down**2))
        reach += (hypot(down, reach + 1) <= distance) - (hypot(down, reach) > distance)
        seen = _aside(bits, min(reach, width - 1))
        near[:, : height - down] |= seen[:, down:]
        near[:, down:] |= seen[:, : height - down]
    return near


def _aside(bits, reach):
    """The bits of all pixels at most `reach` columns away, together.

    Shifting what lies within `done` columns covers twice as many; shifted further, pixels at the
    image's sides would miss some.
    """
    done = 0
    while done < reach:
        step = min(done + 1, reach - done)
        wider = bits.copy()
        wider[:, :, step:] |= bits[:, :, :-step]
        wider[:, :, :-step] |= bits[:, :, step:]
        bits, done = wider, done + step
    return bits


def _share(part, whole):
    """part / whole, and 0 where `whole` is 0."""
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
