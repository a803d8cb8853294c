"""Detections and what they are worth: non-maximum suppression, and average precision as COCO's.

A detector gives boxes with scores, as many as it likes. Whoever takes those above a high score has
few, mostly right ones; with a lower score come more of the objects (recall) and more that are none
(precision falls). Average precision is the area under that curve, and so needs no threshold.

Which detections are right is decided greedily: from the best score down, each takes the object of
its class that it overlaps most, if by enough; an object is taken once, and whoever finds it again
is wrong. The numbers are those of pycocotools, to rounding (tests/evaluation/test_detection.py).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nn_scratch.backend import Array
from nn_scratch.evaluation.boxes import iou_matrix
from nn_scratch.geometry import integer

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)  # COCO's
RECALLS = np.linspace(0, 1, 101)  # where the curve is read
MAX_DETECTIONS = 100  # of a class in an image


class Detections(NamedTuple):
    """What is found in one image: boxes (D, 4) in pixels, scores (D,) and labels (D,)."""

    boxes: Array
    scores: Array
    labels: Array


class Objects(NamedTuple):
    """What is there in one image: labels (G,), boxes (G, 4) in pixels, and which of them do not
    count (G,) bool: difficult ones, and crowds, which hold many objects; none, if not given.

    Whoever finds a difficult object, or lies within a crowd, is neither right nor wrong. A crowd
    may be found any number of times.
    """

    labels: Array
    boxes: Array
    difficult: Array | None = None
    crowd: Array | None = None


# ---------------------------------------------------------------- non-maximum suppression


def nms(
    boxes: Array, scores: Array, labels: Array | None = None, *, iou_threshold: float = 0.5
) -> Array:
    """Greedy non-maximum suppression: from the best score down, a box is kept if it overlaps none
    that is kept by more than the threshold.

    boxes (D, 4), scores (D,), the first of equal ones before the others. labels (D,): boxes of
    different labels do not suppress each other; without, all do.

    Returns: the indices (K,) of those that are kept, the best first.
    Raises: ValueError if the shapes do not fit, or for a threshold outside 0 … 1.
    """
    boxes, scores = np.asarray(boxes), np.asarray(scores)
    others = np.zeros(len(scores), int) if labels is None else np.asarray(labels)
    _check_sizes("boxes", boxes, scores=scores, labels=others)
    if not 0 <= iou_threshold <= 1:
        raise ValueError(f"iou_threshold is {iou_threshold}, but must be from 0 to 1")
    order = np.argsort(-scores, kind="stable")
    suppresses = iou_matrix(boxes[order], boxes[order]) > iou_threshold
    suppresses &= others[order, None] == others[order]
    alive = np.ones(len(order), bool)
    for i in range(len(order)):
        if alive[i]:
            alive[i + 1 :] &= ~suppresses[i, i + 1 :]
    return order[alive]


# ---------------------------------------------------------------- who found what


class Matches(NamedTuple):
    """What became of the detections of one class in one image, best first: their scores (D,);
    whether each is right, and whether it does not count, at each threshold, (T, D); which of the
    image's detections they are, `found` (D,). Which of its objects are of the class, `there` (G,);
    whether each counts and is missed, (T, G); and how many count."""

    scores: Array
    right: Array
    ignored: Array
    found: Array
    there: Array
    missed: Array
    objects: int


def match(
    found: Detections,
    truth: Objects,
    label: int,
    *,
    iou_thresholds: Array = IOU_THRESHOLDS,
    max_detections: int = MAX_DETECTIONS,
) -> Matches:
    """Match the detections of a class with its objects in one image.

    Of the objects that count a detection takes the one that it overlaps most, of equal ones the
    last, as COCO does; only if it reaches the threshold with none of them, one that does not count.

    Returns: the Matches.
    Raises: ValueError if the shapes of boxes, scores and labels do not fit.
    """
    _check_sizes("boxes", found.boxes, scores=found.scores, labels=found.labels)
    there, boxes, ignored, crowd = _objects_of(truth, label)
    chosen = np.flatnonzero(np.asarray(found.labels) == label)
    chosen = chosen[np.argsort(-np.asarray(found.scores)[chosen], kind="stable")][:max_detections]
    least = np.minimum(iou_thresholds, 1 - 1e-10)[:, None]
    ious = iou_matrix(np.asarray(found.boxes)[chosen], boxes, crowd=crowd)
    free = np.ones((len(least), len(boxes)), bool)
    right, no_matter = np.zeros((2, len(least), len(chosen)), bool)
    for d in np.flatnonzero((ious >= least.min()).any(axis=1)):
        able = free & (ious[d] >= least)
        counting = able & ~ignored
        able = np.where(counting.any(axis=1, keepdims=True), counting, able)
        taken = len(boxes) - 1 - np.where(able, ious[d], -1)[:, ::-1].argmax(axis=1)
        hits = np.flatnonzero(able.any(axis=1))
        free[hits, taken[hits]] = crowd[taken[hits]]  # which anyone may take
        right[hits, d] = ~ignored[taken[hits]]
        no_matter[hits, d] = ignored[taken[hits]]
    missed, scores = free & ~ignored, np.asarray(found.scores)[chosen]
    return Matches(scores, right, no_matter, chosen, there, missed, int((~ignored).sum()))


def _objects_of(truth, label):
    """The objects of a class: which they are, their boxes, which do not count, which are crowds."""
    labels = np.asarray(truth.labels)
    none = np.zeros(len(labels), bool)
    crowd = none if truth.crowd is None else np.asarray(truth.crowd, bool)
    difficult = none if truth.difficult is None else np.asarray(truth.difficult, bool)
    _check_sizes("boxes", truth.boxes, labels=labels, difficult=difficult, crowd=crowd)
    own = np.flatnonzero(labels == label)
    return own, np.asarray(truth.boxes)[own], (difficult | crowd)[own], crowd[own]


# ---------------------------------------------------------------- curves and their areas


class Curve(NamedTuple):
    """How recall and precision change as ever more detections count, the best first, (D,) each;
    scores (D,): of the last that counts."""

    recall: Array
    precision: Array
    scores: Array


def precision_recall(matches: Sequence[Matches], threshold: int = 0) -> Curve:
    """The curve of one class over all images. threshold: which of the IoU thresholds.

    Precision is right / (right + wrong), recall is right / objects; detections that do not count
    are left out.

    Returns: the Curve; recall is NaN if there is no object.
    """
    scores = _joined([m.scores for m in matches], float)
    right = _joined([m.right[threshold] for m in matches], bool)
    counts = ~_joined([m.ignored[threshold] for m in matches], bool)
    order = np.argsort(-scores, kind="stable")
    order = order[counts[order]]
    hits, found = np.cumsum(right[order]), np.arange(1, len(order) + 1)
    objects = sum(m.objects for m in matches)
    recall = hits / objects if objects else np.full(len(order), np.nan)
    return Curve(recall, hits / found, scores[order])


def area_under(curve: Curve) -> float:
    """COCO's average precision of a curve: the mean, over 101 recalls from 0 to 1, of the best
    precision that is reached with at least this recall.

    Returns: a number from 0 to 1; 0 for no detection, NaN if there is no object.
    """
    if np.isnan(curve.recall).any():
        return float("nan")
    best = np.maximum.accumulate(curve.precision[::-1])[::-1]  # no less with more recall
    at = np.searchsorted(curve.recall, RECALLS, side="left")
    return float(np.append(best, 0)[at].mean())


def average_precision(
    found: Sequence[Detections],
    truth: Sequence[Objects],
    num_classes: int,
    *,
    iou_thresholds: Array = IOU_THRESHOLDS,
    max_detections: int = MAX_DETECTIONS,
) -> Array:
    """Average precision of each class at each IoU threshold.

    found, truth: one for each image. max_detections: of a class in an image, the best of them.
    The mean over all, `np.nanmean`, is COCO's AP; that of row 0 is AP at IoU 0.5.

    Returns: (T, num_classes), NaN for classes of which there is no object that counts.
    Raises: ValueError if there are not as many of both, or if shapes do not fit; TypeError or
        ValueError for a num_classes or max_detections that is no such number.
    """
    integer("num_classes", num_classes, least=1)
    integer("max_detections", max_detections, least=1)
    thresholds, pairs = np.asarray(iou_thresholds), list(zip(found, truth, strict=True))

    def of_class(label):
        options = {"iou_thresholds": thresholds, "max_detections": max_detections}
        return [match(*pair, label, **options) for pair in pairs]

    return areas([of_class(label) for label in range(num_classes)], len(thresholds))


def areas(by_class: Sequence[Sequence[Matches]], thresholds: int = len(IOU_THRESHOLDS)) -> Array:
    """Average precision (T, K) from the matches of every image, for each class in its turn.

    Returns: as average_precision.
    """
    found = np.full((thresholds, len(by_class)), np.nan)
    for label, matches in enumerate(by_class):
        if any(m.objects for m in matches):
            found[:, label] = [area_under(precision_recall(matches, t)) for t in range(thresholds)]
    return found


def _joined(parts, dtype):
    return np.concatenate(parts) if parts else np.zeros(0, dtype)


def _check_sizes(name, boxes, **arrays):
    """All arrays must be as long as the boxes, which are (N, 4)."""
    shape = np.shape(boxes)
    if len(shape) != 2 or shape[1] != 4:
        raise ValueError(f"{name} have shape {shape}, but must be (N, 4)")
    for other, array in arrays.items():
        if np.shape(array) != shape[:1]:
            raise ValueError(
                f"{other} has shape {np.shape(array)}, but must be {shape[:1]}: one for each of "
                f"the boxes {shape}"
            )
