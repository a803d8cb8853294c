"""Cases of boxes."""

import numpy as np

from nn_scratch.exercises.cases.case import Case

BOXES = {  # pairs (x, y, w, h)
    "side by side": (
        "boxes that share a part",
        [[0, 0, 4, 3], [2, 1, 5, 3], [-2, -3, 6, 4]],
        [[3, 1, 5, 4], [4, 2, 2, 7], [1, -1, 3, 5]],
    ),
    "within": ("one box within the other",
               [[1, 2, 8, 6], [4, 3, 2, 1]], [[3, 3, 2, 4], [1, 1, 9, 5]]),
    "apart": ("boxes that do not meet in x",
              [[0, 0, 2, 3], [9, 2, 1, 5]], [[5, 1, 3, 4], [2, 4, 3, 2]]),
    "diagonal": ("nor in y", [[6, 7, 2, 3], [0, 0, 1, 2]], [[1, 1, 3, 4], [4, 5, 3, 2]]),
    "fractions": ("of pixels, and a box that is met", [[0.25, 0.5, 1.75, 2.5], [1, 1, 2, 2]],
                  [[1.5, 0.75, 2.25, 1.25], [1, 1, 2, 2]]),
}  # fmt: skip


def boxes():
    """For iou: a and b. For to_corners and from_corners: boxes and corners."""
    found = []
    for name, (adds, *pair) in BOXES.items():
        a, b = (np.array(rows, np.float64) for rows in pair)
        corners = np.concatenate([b[:, :2], b[:, :2] + b[:, 2:]], axis=1)
        found.append(Case(name, adds, {"a": a, "b": b, "boxes": b, "corners": corners}))
    return found
