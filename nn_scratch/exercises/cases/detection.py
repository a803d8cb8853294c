"""Cases of a detector's loss, and of non-maximum suppression."""

import numpy as np

from nn_scratch.exercises.cases.case import Case, generator

SCORES = np.array([-2.5, -1.75, -1.0, -0.5, 0.25, 0.75, 1.5, 2.0])
AROUND = [[0.0, 0.125, 0.5], [0.25, 1.0, 0.96], [0.0, 0.375, 0.75]]


def focal_loss():
    """For focal_loss: scores and target, with centres, their surroundings, and background."""

    def case(name, adds, target, scores=None):
        rng, target = generator("focal loss", name), np.array(target, np.float64)
        target = target.reshape((1,) * (4 - target.ndim) + target.shape)
        drawn = rng.choice(SCORES, target.shape, replace=target.size > len(SCORES))
        scores = drawn if scores is None else np.reshape(scores, target.shape)
        return Case(name, adds, {"scores": scores, "target": target})

    large = [[1000.0, -1000.0, 0.5], [-1000.0, 1000.0, -800.0]]
    return [
        case("one centre", "score ln 3, p = 3/4", [[1.0]], [[np.log(3)]]),
        case("background", "cells whose target is 0", [[1.0, 0.0, 0.0]], [[1.5, -0.5, 0.75]]),
        case("surroundings", "targets between 0 and 1", AROUND),
        case("two centres", "the sum is divided by their number", [[1.0, 0.25, 0.0, 1.0]]),
        case("classes", "a map each, with unequal numbers of centres",
             [[[1.0, 0.5], [0.0, 1.0]], [[0.0, 0.0], [1.0, 0.75]]]),
        case("batch", "all images together, one of them without a centre",
             [[[[1.0, 0.5, 1.0], [0.25, 1.0, 0.0]]], [[[0.0, 0.0, 0.95], [0.5, 0.0, 0.0]]]]),
        case("all together", "two images of two classes",
             [[[[1.0, 0.25, 0.0]], [[0.5, 1.0, 1.0]]], [[[0.0, 0.75, 1.0]], [[0.125, 0.0, 0.5]]]]),
        case("no centre", "nothing to divide by", [[0.0, 0.5, 0.25], [0.0, 0.94, 0.75]]),
        case("large scores", "exp(1000) is too large for a number",
             [[1.0, 1.0, 1.0], [0.0, 0.25, 0.5]], large),
    ]  # fmt: skip


GROUPS = [  # four boxes on one object, three on another, one alone
    [10, 10, 8, 6], [11, 10, 8, 6], [30, 12, 5, 9], [10, 11, 8, 6], [30, 13, 5, 9],
    [50, 3, 4, 4], [12, 11, 7, 6], [31, 12, 5, 8],
]  # fmt: skip


def nms():
    """For nms: boxes, scores, iou_threshold."""

    def case(name, adds, boxes, scores, threshold):
        values = {
            "boxes": np.array(boxes, np.float64).reshape(-1, 4),
            "scores": np.array(scores, np.float64),
            "iou_threshold": threshold,
        }
        return Case(name, adds, values)

    row = [[0, 0, 4, 4], [2, 0, 4, 4], [5, 0, 4, 4]]
    chain = [[3, 1, 6, 4], [6, 1, 6, 4], [9, 1, 6, 4], [12, 1, 6, 4]]
    nested = [[2, 3, 10, 8], [4, 5, 3, 2], [4, 5, 8, 6], [20, 3, 3, 4], [19, 2, 8, 7]]
    corner = [[0, 0, 6, 5], [8, 8, 5, 6], [12, 13, 5, 6]]
    limit = [[4, 2, 4, 2], [4, 2, 2, 2], [20, 7, 4, 3], [20, 7, 4, 2]]
    equal = [[7, 1, 4, 6], [7, 2, 4, 6], [20, 1, 3, 5], [1, 20, 6, 2]]
    small = [
        [0.5, 0.25, 0.5, 0.5], [0.625, 0.25, 0.5, 0.5], [2.5, 1, 1.5, 0.5], [2.5, 1.25, 1.5, 0.75],
        [6, 1.5, 2, 0.5], [7, 1.5, 1, 0.5], [8.5, 3, 1, 1], [12, 1, 0.5, 0.5], [12.75, 1, 0.5, 0.5],
    ]  # fmt: skip
    scores = [0.35, 0.95, 0.15, 0.65, 0.15, 0.85, 0.65, 0.75]
    return [
        case("apart", "boxes that do not meet: all are kept, the best first",
             [[1, 1, 4, 3], [8, 2, 3, 5], [1, 9, 5, 4]], [0.3, 0.8, 0.5], 0.4),
        case("overlap", "the middle box is best, and removes one", row, [0.6, 0.9, 0.7], 0.3),
        case("chain", "what was removed removes nothing", chain, [0.9, 0.8, 0.7, 0.6], 0.3),
        case("best in between", "neither the first nor the last", chain, [0.4, 0.6, 0.9, 0.8], 0.2),
        case("within", "a box within another can have a small IoU", nested,
             [0.9, 0.8, 0.7, 0.6, 0.5], 0.5),
        case("diagonal", "boxes that meet in neither direction", corner, [0.8, 0.9, 0.7], 0.1),
        case("at the threshold", "an IoU that is equal to it is not larger", limit,
             [0.9, 0.8, 0.6, 0.7], 0.5),
        case("equal scores", "the lower number comes first", equal, [0.5, 0.5, 0.7, 0.5], 0.5),
        case("small scores", "a score is no threshold", row, [0.02, 0.01, 0.04], 0.3),
        case("fractions", "of pixels", small,
             [0.55, 0.85, 0.65, 0.6, 0.2, 0.3, 0.1, 0.4, 0.45], 0.25),
        case("many", "three objects, eight boxes, scores that are equal", GROUPS, scores, 0.75),
        case("no box", "and nothing to keep", [], [], 0.5),
    ]  # fmt: skip
