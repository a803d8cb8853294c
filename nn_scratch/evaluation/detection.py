"""Non-maximum suppression, and average precision as COCO defines it.

A detector gives any number of boxes with scores. If only boxes with a high score count, there are
few of them, and most are right. With a lower threshold, more of the objects are found (recall
rises), but also more boxes are wrong (precision falls). Average precision is the area under the
curve of precision over recall, and so needs no threshold.

Detections are matched with objects greedily: from the highest score down, each detection takes the
object of its class that it overlaps most, if the IoU is large enough. An object can be taken only
once; further detections of it are wrong. The numbers agree with those of pycocotools up to rounding
(tests/evaluation/test_detection.py).
"""

from collections.abc import Sequence

import numpy as np

from nn_scratch.arguments import class_count, each, integers, reals, shares, whole
from nn_scratch.backend import Array
from nn_scratch.evaluation import records
from nn_scratch.evaluation.boxes import iou_matrix
from nn_scratch.evaluation.records import Curve, Detections, Matches, Objects, ranked
from nn_scratch.validate import number

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)  # COCO's
RECALLS = np.linspace(0, 1, 101)  # the recalls at which COCO reads precision
MAX_DETECTIONS = 100  # of one class in one image


# ---------------------------------------------------------------- non-maximum suppression


def nms(
    boxes: Array, scores: Array, labels: Array | None = None, *, iou_threshold: float = 0.5
) -> Array:
    """Greedy non-maximum suppression. From the highest score down, a box is kept if its IoU with
    each box kept before is at most the threshold.

    boxes (D, 4), scores (D,); of boxes with equal scores, the first comes first. labels (D,): boxes
    of different labels do not suppress each other; without labels, all boxes do.

    Returns: the indices (K,) of the boxes that are kept, the highest score first.
    Raises: ValueError if the shapes do not fit, for scores of NaN, or for a threshold outside
        0 … 1; TypeError for values that are not numbers.
    """
    boxes = reals("boxes", boxes, "D", 4)
    scores = ranked("scores", scores, len(boxes))
    others = np.zeros(len(boxes), int) if labels is None else integers("labels", labels, len(boxes))
    iou_threshold = number("iou_threshold", iou_threshold, 0, 1)
    order = np.argsort(-scores, kind="stable")
    suppresses = iou_matrix(boxes[order], boxes[order]) > iou_threshold
    suppresses &= others[order, None] == others[order]
    alive = np.ones(len(order), bool)
    for i in range(len(order)):
        if alive[i]:
            alive[i + 1 :] &= ~suppresses[i, i + 1 :]
    return order[alive]


# ---------------------------------------------------------------- who found what


def match(
    found: Detections,
    truth: Objects,
    label: int,
    *,
    iou_thresholds: Array = IOU_THRESHOLDS,
    max_detections: int = MAX_DETECTIONS,
) -> Matches:
    """Match the detections of one class with the objects of that class in one image.

    A detection takes the object that counts with which it has the largest IoU, the last of several
    as in COCO. If its IoU with all of them is below the threshold, it may take one that does not
    count. At most max_detections are used, those with the highest scores.

    Returns: the Matches.
    Raises: ValueError if the shapes of boxes, scores and labels do not fit, or for thresholds
        outside 0 … 1; TypeError for arguments of a wrong kind.
    """
    return _matches(
        records.detections("found", found),
        records.objects("truth", truth),
        whole("label", label),
        _thresholds(iou_thresholds),
        whole("max_detections", max_detections, 1),
    )


def _thresholds(iou_thresholds):
    """Check that there is at least one threshold, and that all are from 0 to 1."""
    thresholds = shares("iou_thresholds", iou_thresholds, "T")
    if not len(thresholds):
        raise ValueError("iou_thresholds is empty, but must hold at least one threshold")
    return thresholds


def _matches(found, truth, label, iou_thresholds, max_detections):
    """The same as match, for arguments that are checked already."""
    of_class = truth.labels == label
    there, boxes, crowd = np.flatnonzero(of_class), truth.boxes[of_class], truth.crowd[of_class]
    ignored = truth.difficult[of_class] | crowd
    chosen = np.flatnonzero(found.labels == label)
    chosen = chosen[np.argsort(-found.scores[chosen], kind="stable")][:max_detections]
    least = np.minimum(iou_thresholds, 1 - 1e-10)[:, None]
    ious = iou_matrix(found.boxes[chosen], boxes, crowd=crowd)
    free = np.ones((len(least), len(boxes)), bool)
    right, no_matter = np.zeros((2, len(least), len(chosen)), bool)
    for d in np.flatnonzero((ious >= least.min()).any(axis=1)):
        able = free & (ious[d] >= least)
        counting = able & ~ignored
        able = np.where(counting.any(axis=1, keepdims=True), counting, able)
        taken = len(boxes) - 1 - np.where(able, ious[d], -1)[:, ::-1].argmax(axis=1)
        hits = np.flatnonzero(able.any(axis=1))
        free[hits, taken[hits]] = crowd[taken[hits]]  # a crowd may be taken again
        right[hits, d] = ~ignored[taken[hits]]
        no_matter[hits, d] = ignored[taken[hits]]
    missed, scores = free & ~ignored, found.scores[chosen]
    return Matches(scores, right, no_matter, chosen, there, missed, int((~ignored).sum()))


# ---------------------------------------------------------------- curves and their areas


def precision_recall(matches: Sequence[Matches], threshold: int = 0) -> Curve:
    """The curve of precision over recall of one class, from its matches in all images.

    threshold: the index of the IoU threshold. Precision is right / (right + wrong), recall is
    right / objects; detections that do not count are left out.

    Returns: the Curve; recall is NaN if there is no object.
    Raises: TypeError or ValueError for anything but Matches, or a threshold that they do not have.
    """
    matches, threshold = each("matches", matches, records.matches), whole("threshold", threshold)
    least = min((len(one.right) for one in matches), default=threshold + 1)
    if threshold >= least:
        raise ValueError(f"threshold is {threshold}, but matches have those from 0 to {least - 1}")
    return _curve(matches, threshold)


def _curve(matches, threshold):
    """The same as precision_recall, for arguments that are checked already."""
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
    """Average precision of a curve as COCO defines it: the mean, over 101 recalls from 0 to 1, of
    the highest precision at that recall or a larger one.

    Returns: a number from 0 to 1; 0 without detections, NaN without objects.
    Raises: TypeError or ValueError if `curve` is not a Curve whose recall never falls.
    """
    curve = records.curve("curve", curve)
    if np.isnan(curve.recall).any():
        return float("nan")
    best = np.maximum.accumulate(curve.precision[::-1])[::-1]  # the highest from here on
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

    found, truth: Detections and Objects, one of each for every image. max_detections: how many
    detections of a class in an image count, those with the highest scores. The mean of the result,
    `np.nanmean`, is COCO's AP; the mean of row 0 is AP at IoU 0.5.

    Returns: (T, num_classes); NaN for classes without an object that counts.
    Raises: ValueError if found and truth differ in length, or if shapes do not fit; TypeError or
        ValueError for arguments of a wrong kind.
    """
    num_classes = class_count("num_classes", num_classes)
    options = _thresholds(iou_thresholds), whole("max_detections", max_detections, 1)
    found = each("found", found, records.detections)
    truth = each("truth", truth, records.objects)
    if len(found) != len(truth):
        raise ValueError(f"found is of {len(found)} images, but truth of {len(truth)}")
    pairs = list(zip(found, truth, strict=True))
    by_class = [[_matches(*pair, k, *options) for pair in pairs] for k in range(num_classes)]
    return _areas(by_class, len(options[0]))


def areas(by_class: Sequence[Sequence[Matches]], thresholds: int = len(IOU_THRESHOLDS)) -> Array:
    """Average precision of each class at each IoU threshold, from matches.

    by_class: for each of K classes, a list with the Matches of each image. thresholds: their number
    of IoU thresholds, T.

    Returns: (T, K); NaN for classes without an object that counts.
    Raises: TypeError or ValueError for anything but lists of Matches, or for Matches with another
        number of thresholds.
    """
    thresholds = whole("thresholds", thresholds, 1)
    by_class = each("by_class", by_class, lambda name, found: each(name, found, records.matches))
    numbers = {len(one.right) for matches in by_class for one in matches} - {thresholds}
    if numbers:
        raise ValueError(f"thresholds is {thresholds}, but by_class has {min(numbers)} of them")
    return _areas(by_class, thresholds)


def _areas(by_class, thresholds):
    """The same as areas, for arguments that are checked already."""
    found = np.full((thresholds, len(by_class)), np.nan)
    for label, matches in enumerate(by_class):
        if any(m.objects for m in matches):
            found[:, label] = [area_under(_curve(matches, t)) for t in range(thresholds)]
    return found


def _joined(parts, dtype):
    return np.concatenate(parts) if parts else np.zeros(0, dtype)
