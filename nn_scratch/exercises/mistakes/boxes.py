"""Mistakes in the heads of a localizer, in IoU, and in formats of boxes."""

import numpy as np

from nn_scratch.exercises.mistakes.mistake import register

FOUND = []
mistake = register(FOUND)
later = register(FOUND, rank=1)


@mistake(
    "two_heads_backward",
    "weight_transposed",
    "The weights are transposed.",
    "scores = features · class_weightᵀ. Which product of dscores gives the shape of features?",
)
def weight_transposed(case):
    for swapped in (("class",), ("box",), ("class", "box")):
        total = np.zeros_like(case["features"])
        for head, dy in (("class", case["dscores"]), ("box", case["dboxes"])):
            w = case[f"{head}_weight"]
            turned = head in swapped and w.shape[0] == w.shape[1]
            total += dy @ (w.T if turned else w)
        yield {"dfeatures": total}


@mistake(
    "two_heads_backward",
    "heads_joined",
    "What the heads send back is {key}; where a value goes two ways, gradients add.",
    "y = a·x + b·x. What is its derivative in x?",
)
def heads_joined(case):
    a, b = case["dscores"] @ case["class_weight"], case["dboxes"] @ case["box_weight"]
    yield "put side by side", {"dfeatures": np.concatenate([a, b], axis=1)}
    yield "put one below the other", {"dfeatures": np.concatenate([a, b])}
    yield "stacked", {"dfeatures": np.stack([a, b])}
    yield "multiplied", {"dfeatures": a * b}
    yield "subtracted", {"dfeatures": a - b}
    yield ("subtracted", 1), {"dfeatures": b - a}
    yield "compared: the larger is taken", {"dfeatures": np.maximum(a, b)}
    yield "summed over the images, too", {"dfeatures": (a + b).sum(axis=0)}


# ---------------------------------------------------------------- IoU


@mistake(
    "iou",
    "other_iou",
    "Your IoU is the right one but {key}.",
    "Draw both boxes on paper. Where does the shared box begin and end, and what covers both?",
)
def other_iou(case):
    a, b = case["a"], case["b"]
    areas = a[:, 2:].prod(axis=1), b[:, 2:].prod(axis=1)
    shared = dict(_shared_areas(a, b))
    for said, part in shared.items():
        for over, area in _divisors(a, b, areas, part).items():
            if said or over:
                yield f"{said} {over}".strip(), {"iou": part / area}
    whole = np.sum(shared[""]) / (sum(areas) - shared[""]).sum()
    yield "one for all boxes, of the sums of the areas", {"iou": whole}
    yield "taken from 1", {"iou": 1 - case.right["iou"]}


def _shared_areas(a, b):
    """Pairs (words, array) of the right intersection, whose words are empty, and of wrong ones."""
    sizes_a, sizes_b = a[:, 2:], b[:, 2:]
    for said, part in (("", 0), ("with centres for the corners ", 0.5)):
        one, two = a[:, :2] - part * sizes_a, b[:, :2] - part * sizes_b
        width = np.minimum(one + sizes_a, two + sizes_b) - np.maximum(one, two)
        cut = np.maximum(width, 0)
        yield said.strip(), cut.prod(axis=1)
        yield f"{said}with a shared part that may be negative", width.prod(axis=1)
        both = np.maximum(width.prod(axis=1), 0)
        yield f"{said}cut off at 0 after width and height are multiplied", both
        larger = np.maximum(width + 1, 0).prod(axis=1)
        yield f"{said}with one pixel more for each side", larger
        yield f"{said}with the sum of width and height for the area", cut.sum(axis=1)
        yield f"{said}of the widths only", cut[:, 0]
        absolute = np.abs(width).prod(axis=1)
        yield f"{said}with absolute values for what is negative", absolute
    ends = np.minimum(sizes_a, sizes_b) - np.maximum(a[:, :2], b[:, :2])
    yield "with width and height taken for the lower right corner", np.maximum(ends, 0).prod(axis=1)
    yield "with the box around both for the shared one", _hull(a, b)
    smaller = np.minimum(sizes_a, sizes_b).prod(axis=1)
    yield "with the smaller width and height for the shared ones", smaller


def _divisors(a, b, areas, part):
    """A dict from words to the right union, whose words are empty, and to wrong divisors."""
    corner_areas = [np.maximum(c[:, 2:] - c[:, :2], 0).prod(axis=1) for c in (a, b)]
    return {
        "": sum(areas) - part,
        "divided by the sum of the areas, in which the shared one counts twice": sum(areas),
        "divided by the smaller area": np.minimum(*areas),
        "divided by the larger area": np.maximum(*areas),
        "divided by the first area": areas[0],
        "divided by the second area": areas[1],
        "divided by the box around both": _hull(a, b),
        "not divided: it is the shared area": 1,
        "divided by the sum of the areas plus the shared one": sum(areas) + part,
        "with areas of widths and heights taken for corners": sum(corner_areas) - part,
        "divided by the union plus 1": sum(areas) - part + 1,
        "doubled, over the sum of the areas (the Dice coefficient)": sum(areas) / 2,
    }


def _hull(a, b):
    """The areas of the boxes around both boxes of each pair."""
    ends = np.maximum(a[:, :2] + a[:, 2:], b[:, :2] + b[:, 2:])
    return (ends - np.minimum(a[:, :2], b[:, :2])).prod(axis=1)


@mistake(
    "to_corners from_corners",
    "other_format",
    "Your {result} are {key}.",
    "What do the four numbers of the other format mean, in their order?",
)
def other_format(case):
    name, given = next(iter(case.right)), case[next(iter(case.trial.exercise.arguments))]
    x, y, w, h = given.T
    for said, columns in (
        ("(x, x + w, y, y + h): their order is another", (x, x + w, y, y + h)),
        ("(x, y, w, h) as they were", (x, y, w, h)),
        ("centre ± half the size: x and y are taken for the centre",
         (x - w / 2, y - h / 2, x + w / 2, y + h / 2)),
        ("(x, y, x + h, y + w): width and height are exchanged", (x, y, x + h, y + w)),
        ("(x, y, x − w, y − h)", (x, y, x - w, y - h)),
        ("with one pixel taken off, x + w − 1 and y + h − 1", (x, y, x + w - 1, y + h - 1)),
        ("(y, x, y + h, x + w): rows before columns", (y, x, y + h, x + w)),
        ("the centre and the size", (x + w / 2, y + h / 2, w, h)),
        ("(x1, y1, x2 − x1 + 1, y2 − y1 + 1)", (x, y, w - x + 1, h - y + 1)),
        ("the centre and the size", ((x + w) / 2, (y + h) / 2, w - x, h - y)),
        ("(x1, y1, y2 − y1, x2 − x1): width and height are exchanged", (x, y, h - y, w - x)),
        ("(x1, y1, x1 − x2, y1 − y2): the signs are turned", (x, y, x - w, y - h)),
        ("(x1, y1, x2 + x1, y2 + y1): sums for differences", (x, y, w + x, h + y)),
        ("(x1, y1, |x2 − y1|, |y2 − x1|)", (x, y, w - y, h - x)),
        ("(y1, x1, y2 − y1, x2 − x1): rows before columns", (y, x, h - y, w - x)),
    ):  # fmt: skip
        yield said, {name: np.stack(columns, axis=1)}
