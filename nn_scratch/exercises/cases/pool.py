"""Cases of max-pooling, and of unpooling by its switches."""

import numpy as np

from nn_scratch import naive
from nn_scratch.exercises.cases.case import Case, generator, integers, tenths

WINDOWS = [[1, -3, -7, -2], [4, -6, -5, -8], [-9, 2, 3, 5], [0, -1, 6, -4]]
TIES = [
    [2, 5, 3, 1, 0, 0],  # two fives off the diagonal, two threes on it, and a three to their left
    [5, 3, 1, 3, 0, 0],  # zeros only
    [-1, -4, -2, -4, -1, 3],
    [-2, -1, -3, -5, 3, -5],
]
AFTER_RELU = [[0, 0, 0, 0], [0, 2, 5, 0], [0, 4, 1, 0], [0, 0, 0, 0]]


def max_pool():
    """For max_pool2d: x, kernel_size, switches, dy, input_size."""

    def case(name, adds, shape, kernel, stride=None, padding=0, x=None):
        rng = generator("max-pool", name)
        if x is None:  # every value occurs once, so that there are no ties
            x = rng.permutation(int(np.prod(shape))).reshape(shape).astype(np.float64) - 5
        options = {"stride": stride or kernel, "padding": padding}
        y, switches = naive.max_pool2d(x, kernel, **options)
        values = {
            "x": x,
            "kernel_size": kernel,
            "switches": switches,
            "dy": integers(rng, *y.shape),
        }
        values["input_size"] = x.shape[2:]
        return Case(name, adds, values, options)

    def image(rows):
        return np.array(rows, np.float64)[None, None]

    shared = generator("max-pool", "overlap").permutation(25).reshape(1, 1, 5, 5) - 5.0
    shared[0, 0, 1, 2] = 25  # the maximum of both upper windows
    below = image([[-3, -2, -1], [-6, -5, -4], [-9, -8, -7]])
    return [
        case("one window", "the largest of four, and where it stood", (1, 1, 2, 2), 2,
             x=image([[1, -9], [7, 2]])),
        case("windows", "a plane of windows", (1, 1, 4, 4), 2, x=image(WINDOWS)),
        case("overlap", "windows share pixels, two of them their maximum", (1, 1, 5, 5), 3, 2,
             x=shared),
        case("ties", "equal maxima: the first in reading order", (1, 1, 4, 6), 2, x=image(TIES)),
        case("padding", "padding never wins, not even over negative values", (1, 1, 3, 3), 3, 2, 1,
             below),
        case("zeros", "padding does not win over zeros either", (1, 1, 4, 4), 2, 2, 1,
             image(AFTER_RELU)),
        case("far below", "nor over very small values", (1, 1, 3, 3), 2, 2, 1, 3000 * below),
        case("channels", "each plane has its own switches", (1, 3, 4, 4), 2),
        case("batch", "and so has each image", (2, 2, 4, 4), 2),
        case("wide", "fewer rows than columns", (1, 1, 2, 4), 2,
             x=image([[3, 1, -2, 6], [0, 2, -4, 5]])),
        case("oblong", "height and width differ", (1, 1, 4, 6), 2),
        case("tall", "more rows than columns", (1, 1, 6, 4), 2),
        case("tenths", "numbers that are not whole", (1, 1, 4, 4), 2,
             x=image(WINDOWS) / 10),
        case("leftover rows", "no window reaches the last row", (1, 1, 5, 7), 2),
        case("unequal pairs", "(vertical, horizontal)", (1, 1, 6, 5), (3, 2), (2, 1), (1, 0)),
        case("all together", "everything at once", (2, 3, 7, 6), 3, 2, 1),
    ]  # fmt: skip


UNPOOLING = {
    "one window": "one value, four places",
    "windows": "a plane of values",
    "overlap": "windows overlapped: two values go to one place",
    "channels": "each plane has its own switches",
    "batch": "and so has each image",
    "wide": "fewer rows than columns",
    "oblong": "height and width differ",
    "tall": "more rows than columns",
    "tenths": "numbers that are not whole",
    "leftover rows": "the last row belongs to no window",
    "unequal pairs": "of a pool with unequal windows",
    "all together": "everything at once",
}


def max_unpool():
    """For max_unpool2d: x, switches, output_size, dy, made from the cases of max_pool2d."""
    pools = {case.name: case.values for case in max_pool()}
    found = []
    for name, adds in UNPOOLING.items():
        pool, rng = pools[name], generator("max-unpool", name)
        draw = tenths if name == "tenths" else integers
        x = draw(rng, *pool["dy"].shape) if name == "tenths" else pool["dy"]
        values = {"x": x, "switches": pool["switches"], "output_size": pool["input_size"]}
        values["dy"] = draw(rng, *pool["x"].shape)
        found.append(Case(name, adds, values))
    return found
