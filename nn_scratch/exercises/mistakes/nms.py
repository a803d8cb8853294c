"""Mistakes in non-maximum suppression: the order, the comparison, and what is returned."""

import numpy as np

from nn_scratch.exercises.mistakes.mistake import register

FOUND = []
mistake = register(FOUND)
# Results have so few numbers that a mistake must agree with all cases.
family = register(FOUND, rank=1.5, whole=True)


def overlaps(boxes, kind=""):
    """The overlaps (N, N) of all pairs of boxes: the IoU, or a wrong measure in its place."""
    start, size = boxes[:, :2], boxes[:, 2:]
    if kind == "corners":
        size = size - start
    elif kind == "centres":
        start = start - size / 2
    more = 1 if kind == "one pixel more" else 0
    end = start + size
    both = np.minimum(end[:, None], end) - np.maximum(start[:, None], start)
    both = both + (1 if "pixel" in kind else 0)
    shared = (both if kind == "negative" else np.maximum(both, 0)).prod(axis=-1)
    area = (size + more).prod(axis=-1)
    if kind == "area of sides":
        area = size.sum(axis=-1)
    if kind == "area from corners":
        area = np.maximum(boxes[:, 2:] - boxes[:, :2], 0).prod(axis=-1)
    hull = np.maximum(end[:, None], end) - np.minimum(start[:, None], start)
    below = {
        "smaller": np.minimum(area[:, None], area),
        "larger": np.maximum(area[:, None], area),
        "kept": np.broadcast_to(area[:, None], shared.shape),
        "other": np.broadcast_to(area, shared.shape),
        "sum": area[:, None] + area,
        "dice": (area[:, None] + area) / 2,
        "shared": np.ones(shared.shape),
        "hull": hull.prod(axis=-1),
    }
    with np.errstate(all="ignore"):
        return shared / below.get(kind, area[:, None] + area - shared)


MEASURES = {
    "corners": "the boxes are taken for corners (x1, y1, x2, y2); they are (x, y, w, h)",
    "centres": "x and y are taken for the middle of a box; they are its top left corner",
    "negative": "boxes that meet in neither direction share an area of minus times minus: width "
    "and height must be cut off at 0 before they are multiplied",
    "one pixel more": "widths and heights are one pixel too large",
    "one pixel more shared": "the shared box is one pixel too wide and too high",
    "area from corners": "the areas are those of corners, (w − x)·(h − y); they are w·h",
    "area of sides": "the areas are sums of width and height; they are w·h",
    "smaller": "the shared area is divided by the smaller box, not by the union",
    "larger": "the shared area is divided by the larger box, not by the union",
    "kept": "the shared area is divided by the kept box, not by the union",
    "other": "the shared area is divided by the other box, not by the union",
    "sum": "the shared area is divided by the sum of the areas, in which it counts twice",
    "dice": "twice the shared area is divided by the sum of the areas (Dice), not by the union",
    "shared": "the shared area is not divided by the union",
    "hull": "the shared area is divided by the box around both, not by the union",
}
RULES = {
    "removed": "a box that was removed still removes others",
    "first": "only the best box removes others; the next best that is left must, too",
    "last": "a box is compared only with the one that was kept last",
    "reached": "boxes go whose IoU is equal to the threshold, too; it must be larger",
    "turned": "boxes go whose IoU is smaller than the threshold; those with a larger one must",
    "half": "the threshold is 0.5 whatever is asked",
    "all": "a box goes only if it overlaps all that are kept; one of them is enough",
    "distance": "1 − IoU is compared with the threshold, not the IoU",
    "none": "nothing is removed",
    "any": "every box goes that meets a kept one at all",
    "score": "boxes whose score is below the threshold go as well; it is a threshold for IoUs",
}


def greedy(iou, order, threshold, rule=""):
    """The boxes that greedy suppression by a rule keeps, in the order in which it keeps them."""
    kept, seen = [], []
    for n in order:
        judges = {"removed": seen, "first": seen[:1], "last": kept[-1:], "none": []}.get(rule, kept)
        limit = {"half": 0.5, "any": 0.0}.get(rule, threshold)
        found = [iou[m, n] for m in judges]
        if rule == "distance":
            found = [1 - share for share in found]
        test = {"reached": np.greater_equal, "turned": np.less_equal}.get(rule, np.greater)
        gone = test(found, limit)
        if not (len(gone) and gone.all() if rule == "all" else any(gone)):
            kept.append(n)
        seen.append(n)
    return kept


def orders(scores):
    """Pairs (words, order of the boxes)."""
    down = np.argsort(-scores, kind="stable")
    yield "", down
    yield "the boxes are met as they stand, not by their scores", np.arange(len(scores))
    yield "the boxes are met from the lowest score up", np.argsort(scores, kind="stable")
    yield "of equal scores the last comes first", np.argsort(scores, kind="stable")[::-1]


@family(
    "nms",
    "other_suppression",
    "Your {result} {is} what comes out if {key}.",
    "Do it by hand: which box comes first, which does it remove, and which is the next that is "
    "left?",
)
def other_suppression(case):
    boxes, scores, threshold = case["boxes"], case["scores"], case["iou_threshold"]
    for met, order in orders(scores):
        for kind, said in {"": "", **MEASURES}.items():
            if met and said:
                continue
            if met or said:
                for unknown in (0, np.inf):  # the overlap 0/0 may count as either
                    iou = np.nan_to_num(overlaps(boxes, kind), nan=unknown)
                    kept = greedy(iou, order, threshold)
                    yield (met or said, unknown), {"keep": np.array(kept, np.int64)}
        for rule, said in RULES.items():
            kept = greedy(overlaps(boxes), order, threshold, rule)
            if rule == "score":
                kept = [n for n in kept if scores[n] > threshold]
            key = f"{met}, and {said}" if met else said
            yield key, {"keep": np.array(kept, np.int64)}


@mistake(
    "nms",
    "other_answer",
    "Your {result} {holds} {key}.",
    "What does the statement want: numbers of boxes, or the boxes, and in which order?",
)
def other_answer(case):
    keep, scores, boxes = case.right["keep"], case["scores"], case["boxes"]
    order = list(np.argsort(-scores, kind="stable"))
    inside = np.isin(np.arange(len(scores)), keep)
    yield "the right boxes by their numbers; the best must come first", {"keep": np.sort(keep)}
    yield "the right boxes from the worst to the best", {"keep": keep[::-1]}
    places = np.array([order.index(n) for n in keep], np.int64)
    yield "places in the sorted list, not numbers of boxes", {"keep": places}
    yield ("places in the sorted list, not numbers of boxes", 1), {"keep": np.sort(places)}
    yield "a mask of the boxes that are kept, not their numbers", {"keep": inside}
    yield ("a mask of the boxes that are kept, not their numbers", 1), {"keep": inside.astype(int)}
    yield "the numbers of the boxes that are removed", {"keep": np.flatnonzero(~inside)}
    yield "the boxes themselves, not their numbers", {"keep": boxes[keep]}
    yield "the scores of the kept boxes, not their numbers", {"keep": scores[keep]}
    yield "the best box alone", {"keep": keep[:1]}
    yield "all but the best box", {"keep": keep[1:]}
    yield "all but the last box", {"keep": keep[:-1]}
    yield "the right numbers plus 1: they begin with 0", {"keep": keep + 1}
    yield "the right numbers in a column", {"keep": keep[:, None]}
