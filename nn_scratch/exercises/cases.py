"""For each op, cases that grow one difficulty at a time, of numbers small enough to redo on paper.
The first that fails says what has not been thought of.

The values are chosen so that different mistakes give different numbers: no two equal numbers in a
small array, both signs, sums that are not zero. One case of each op has zeros and tenths: an array
of integers, or of single precision, cannot hold those.
"""

from dataclasses import dataclass, field
from functools import partial

import numpy as np

from nn_scratch import naive

FEW = np.array([-5, -4, -3, -2, -1, 1, 2, 3, 4, 5], np.float64)
INTEGERS = np.array([-3, -2, -1, 1, 2, 3], np.float64)
TENTHS = np.arange(-29, 30) / 10  # 0 is among them


@dataclass(frozen=True)
class Case:
    """One case. adds: what it asks that the cases before do not.

    values: arrays, sizes and whatever else the op and its backward pass take, by name. options: its
    keyword arguments. A case with `needs` is only for functions that take an argument of that name.
    """

    name: str
    adds: str
    values: dict
    options: dict = field(default_factory=dict)
    needs: str | None = None


# ---------------------------------------------------------------- convolution


def _convolving(op, name, adds, n, c, f, size, kernel, stride=1, padding=0, draw=None, **more):
    """A case of conv2d or conv_transpose2d, from c to f channels."""
    options = {"stride": stride, "padding": padding, **more}
    groups = more.get("groups", 1)
    channels = (f, c // groups) if op is naive.conv2d else (c, f // groups)
    rng, draw = _generator(op.__name__, name), draw or integers
    x, w = draw(rng, n, c, *size), draw(rng, *channels, *kernel)
    dy = draw(rng, *op(x, w, **options).shape)
    values = {"x": x, "w": w, "b": draw(rng, f), "dy": dy}
    return Case(name, adds, values, options, next(iter(more), None))


def convolution():
    """Of conv2d: x, w, b, dy, with stride and padding."""
    case = partial(_convolving, naive.conv2d)
    return [
        case("one pixel", "y = w·x + b", 1, 1, 1, (1, 1), (1, 1)),
        case("one window", "one output sums over a window", 1, 1, 1, (2, 2), (2, 2)),
        case("overlap", "neighbouring windows share pixels", 1, 1, 1, (3, 3), (2, 2)),
        case("stride", "windows two pixels apart, which still overlap", 1, 1, 1, (5, 5), (3, 3), 2),
        case("padding", "a ring of zeros around x", 1, 1, 1, (3, 3), (3, 3), 1, 1),
        case("wide padding", "two rings", 1, 1, 1, (3, 3), (3, 3), 1, 2),
        case("channels", "two channels in, two out", 1, 2, 2, (3, 3), (2, 2)),
        case("more channels", "two in, three out", 1, 2, 3, (3, 3), (2, 2)),
        case("batch", "two images", 2, 1, 2, (3, 3), (2, 2)),
        case("tenths", "numbers that are not whole, and zeros", 1, 2, 2, (3, 3), (2, 2), 1, 1,
             draw=tenths),
        case("oblong", "height and width differ, and so do the kernel's", 1, 1, 1, (4, 3), (3, 2)),
        case("leftover rows", "no window reaches the last row", 1, 1, 1, (4, 6), (3, 2), 2),
        case("unequal pairs", "(vertical, horizontal)", 1, 1, 2, (5, 6), (3, 2), (2, 1), (1, 0)),
        case("all together", "everything at once", 2, 2, 3, (7, 6), (3, 2), (2, 3), (1, 2)),
        case("dilation", "holes in the kernel", 1, 2, 2, (6, 6), (2, 2), 1, 0, dilation=2),
        case("groups", "two groups of channels", 2, 4, 4, (3, 3), (2, 2), 1, 0, groups=2),
    ]  # fmt: skip


def transpose_convolution():
    """Of conv_transpose2d: x, w, b, dy, with stride and padding."""
    case = partial(_convolving, naive.conv_transpose2d)
    return [
        case("one pixel", "y = w·x + b", 1, 1, 1, (1, 1), (1, 1)),
        case("one painting", "one pixel paints the whole kernel", 1, 1, 1, (1, 1), (2, 2)),
        case("overlap", "neighbouring paintings overlap, and add", 1, 1, 1, (2, 2), (2, 2)),
        case("stride", "paintings two pixels apart, which overlap", 1, 1, 1, (2, 2), (3, 3), 2),
        case("padding", "a ring is cut off the painting", 1, 1, 1, (3, 3), (3, 3), 1, 1),
        case("wide padding", "two rings are cut off", 1, 1, 1, (4, 4), (3, 3), 1, 2),
        case("channels", "two channels in, two out", 1, 2, 2, (2, 2), (2, 2)),
        case("more channels", "two in, three out", 1, 2, 3, (2, 2), (2, 2)),
        case("batch", "two images", 2, 1, 2, (2, 2), (2, 2)),
        case("tenths", "numbers that are not whole, and zeros", 1, 2, 2, (2, 2), (2, 2), 2, 0,
             draw=tenths),
        case("oblong", "height and width differ, and so do the kernel's", 1, 1, 1, (3, 2), (3, 2)),
        case("gaps", "the stride is larger than the kernel", 1, 1, 1, (2, 3), (2, 2), 3),
        case("unequal pairs", "(vertical, horizontal)", 1, 1, 2, (4, 3), (3, 2), (2, 1), (1, 0)),
        case("all together", "everything at once", 2, 2, 3, (4, 3), (3, 4), (2, 3), (1, 2)),
        case("output_padding", "a row and a column more", *(1, 1, 1, (2, 2), (3, 3), 2, 1),
             output_padding=1),
        case("dilation", "holes in the kernel", 1, 2, 2, (3, 3), (2, 2), 1, 0, dilation=2),
        case("groups", "two groups of channels", 2, 4, 4, (2, 2), (2, 2), 1, 0, groups=2),
    ]  # fmt: skip


# ---------------------------------------------------------------- pooling


WINDOWS = [[1, -3, -7, -2], [4, -6, -5, -8], [-9, 2, 3, 5], [0, -1, 6, -4]]
TIES = [
    [2, 5, 3, 1, 0, 0],  # 5 twice, off the diagonal; 3 on it, and 3 stands in the window before
    [5, 3, 1, 3, 0, 0],  # zeros only
    [-1, -4, -2, -4, -1, 3],
    [-2, -1, -3, -5, 3, -5],
]
AFTER_RELU = [[0, 0, 0, 0], [0, 2, 5, 0], [0, 4, 1, 0], [0, 0, 0, 0]]


def max_pool():
    """Of max_pool2d: x, kernel_size, switches, dy, input_size."""

    def case(name, adds, shape, kernel, stride=None, padding=0, x=None):
        rng = _generator("max-pool", name)
        if x is None:  # no ties: every value once
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

    shared = _generator("max-pool", "overlap").permutation(25).reshape(1, 1, 5, 5) - 5.0
    shared[0, 0, 1, 2] = 25  # in the two upper windows
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
    """Of max_unpool2d: x, switches, output_size, dy. The cases of a pool, back up."""
    pools = {case.name: case.values for case in max_pool()}
    found = []
    for name, adds in UNPOOLING.items():
        pool, rng = pools[name], _generator("max-unpool", name)
        draw = tenths if name == "tenths" else integers
        x = draw(rng, *pool["dy"].shape) if name == "tenths" else pool["dy"]
        values = {"x": x, "switches": pool["switches"], "output_size": pool["input_size"]}
        values["dy"] = draw(rng, *pool["x"].shape)
        found.append(Case(name, adds, values))
    return found


# ---------------------------------------------------------------- upsampling


def block_unpool(title):
    """Of nearest and bed of nails: x, scale, dy."""

    def case(name, adds, shape, scale, draw=integers):
        rng = _generator(title, name)
        down, right = scale if isinstance(scale, tuple) else (scale, scale)
        n, c, height, width = shape
        values = {"x": draw(rng, *shape), "scale": scale}
        values["dy"] = draw(rng, n, c, height * down, width * right)
        return Case(name, adds, values)

    return [
        case("one pixel", "becomes a block of four", (1, 1, 1, 1), 2),
        case("blocks", "side by side", (1, 1, 2, 2), 2),
        case("larger blocks", "of nine", (1, 1, 2, 2), 3),
        case("oblong", "height and width differ", (1, 1, 2, 3), 2),
        case("tenths", "numbers that are not whole, and zeros", (1, 1, 2, 2), 2, tenths),
        case("channels", "each on its own", (1, 2, 2, 2), 2),
        case("batch", "and each image", (3, 2, 2, 2), 2),
        case("unequal pairs", "(vertical, horizontal)", (2, 2, 2, 3), (3, 2)),
    ]


def bilinear():
    """Of bilinear_upsample2d: x, size, dy, input_size."""

    def case(name, adds, shape, size, draw=integers):
        rng = _generator("bilinear", name)
        values = {"x": draw(rng, *shape), "size": size, "input_size": shape[2:]}
        values["dy"] = draw(rng, *shape[:2], *size)
        return Case(name, adds, values)

    return [
        case("one pixel", "spreads everywhere", (1, 1, 1, 1), (2, 2)),
        case("a row", "two pixels become four", (1, 1, 1, 2), (1, 4)),
        case("a plane", "in both directions", (1, 1, 2, 2), (4, 4)),
        case("oblong", "height and width differ", (1, 1, 2, 3), (4, 6)),
        case("tenths", "numbers that are not whole, and zeros", (1, 1, 3, 3), (6, 6), tenths),
        case("no whole factor", "three pixels become five", (1, 1, 3, 2), (5, 3)),
        case("channels and batch", "each plane on its own", (2, 2, 2, 2), (4, 4)),
    ]


# ---------------------------------------------------------------- pointwise, linear, norm


def activation():
    """Of relu: x, dy. Where x is 0, dy is 0, so that both slopes at the kink are right."""

    def case(name, adds, x, *shape):
        rng = _generator("relu", name)
        values = rng.choice(np.arange(-14, 40) / 4, shape) if x is None else np.array(x)
        dy = quarters(rng, *values.shape)
        return Case(name, adds, {"x": values, "dy": np.where(values == 0, 0, dy)})

    return [
        case("one row", "numbers on both sides of 0", [[-2.0, 3.0, 0.5, -0.25, 1.5]]),
        case("zero", "and 0 itself", [[0.0, -3.0, 2.0, -0.5, 8.0, 0.25]]),
        case("square", "three samples", None, 3, 3),
        case("batch", "of four numbers each", None, 3, 4),
        case("images", "a number for each channel of each pixel", None, 2, 3, 2, 4),
    ]


def softmax():
    """Of softmax: x, y, dy."""

    def case(name, adds, x, *shape):
        rng = _generator("softmax", name)
        x = integers(rng, *shape) if x is None else np.array(x)
        return Case(name, adds, {"x": x, "y": naive.softmax(x), "dy": integers(rng, *x.shape)})

    large = [[3000.0, 2998.0, -3000.0], [-1002.0, -1000.0, -1001.0], [0.0, 1.0, 2.0]]
    return [
        case("one row", "one sample", None, 1, 4),
        case("square", "as many samples as classes", None, 3, 3),
        case("batch", "three samples", None, 3, 4),
        case("images", "a score for each class of each pixel", None, 2, 3, 2, 4),
        case("large scores", "exp(1000) is too large for a number", large),
    ]


def linear():
    """Of linear: x, w, b, dy."""

    def case(name, adds, n, c, f, draw=integers):
        rng = _generator("linear", name)
        values = {"x": draw(rng, n, c), "w": draw(rng, f, c), "b": draw(rng, f)}
        return Case(name, adds, {**values, "dy": draw(rng, n, f)})

    return [
        case("one number", "y = w·x + b", 1, 1, 1),
        case("one sample", "two numbers in, two out", 1, 2, 2),
        case("square", "two samples", 2, 2, 2),
        case("batch", "three samples, two in, three out", 3, 2, 3),
        case("tenths", "numbers that are not whole, and zeros", 3, 3, 3, tenths),
        case("all together", "three samples, two in, four out", 3, 2, 4),
    ]


def batch_norm():
    """Of batch_norm2d: x, w, b, running_mean, running_var, statistics, dy."""

    def case(name, adds, x, dy=None):
        rng, x = _generator("batch norm", name), np.asarray(x, np.float64)
        channels = x.shape[1]
        w, b = np.array([2.0, -3.0, 0.5])[:channels], np.array([5.0, 1.0, -4.0])[:channels]
        mean, var = np.array([10.0, -2.0, 3.0])[:channels], np.array([4.0, 0.5, 7.0])[:channels]
        dy = quarters(rng, *x.shape) + 0.5 if dy is None else np.reshape(dy, x.shape)
        values = {"x": x, "w": w, "b": b, "running_mean": mean, "running_var": var}
        values["statistics"] = naive.batch_norm2d(x, w, b, mean, var)[1]
        return Case(name, adds, {**values, "dy": dy})

    def drawn(name, *shape):
        return integers(_generator("batch norm x", name), *shape)

    one = np.reshape([0.0, 2.0, 2.0, 8.0], (4, 1, 1, 1))
    near = np.reshape([1.0, 1.01, 1.03, 1.0, 0.98, 1.02], (1, 1, 2, 3))
    return [
        case("one channel", "four samples, of mean 3 and variance 9", one, [1.0, -2.0, 3.0, 2.0]),
        case("pixels", "the pixels of an image count as samples", drawn("pixels", 1, 1, 2, 3)),
        case("nearly constant", "a variance so small that the 1e-5 shows", near),
        case("images and pixels", "all of them together", drawn("both", 2, 1, 2, 2)),
        case("channels", "each has its own mean, variance, w and b", drawn("channels", 3, 2, 1, 2)),
        case("all together", "two images, three channels", drawn("all", 2, 3, 2, 3)),
    ]


# ---------------------------------------------------------------- losses


def cross_entropy():
    """Of cross_entropy: scores, labels."""

    def case(name, adds, labels, scores=None, classes=3):
        rng, labels = _generator("cross-entropy", name), np.array(labels)
        if scores is None:
            scores = integers(rng, len(labels), classes, *labels.shape[1:])
        return Case(name, adds, {"scores": np.array(scores), "labels": labels})

    large = [[1000.0, 0.0, -1000.0], [-1002.0, -1000.0, -1001.0], [0.0, 998.0, 1000.0]]
    pixels = [[[0, 2, 1], [1, 0, 2], [2, 2, 0]]]
    images = [[[0, 2], [1, 0]], [[2, 1], [0, 2]]]
    return [
        case("one sample", "three classes", [1]),
        case("square", "the mean of three samples", [2, 0, 1]),
        case("batch", "four samples", [1, 0, 2, 2]),
        case("pixels", "a label for each pixel", pixels),
        case("images", "and for those of each image", images),
        case("large scores", "exp(1000) is too large for a number", [0, 2, 2], large),
        case("far below", "a true class that is given no chance", [2, 1, 0], large),
    ]


DIFFERENCES = np.array([-2.5, -1.5, -0.75, -0.25, 0.25, 0.5, 1.25, 3.0])


def box_loss():
    """Of mse_loss and smooth_l1_loss: prediction, target; differences on both sides of 1."""

    def case(name, adds, differences, *shape):
        rng = _generator("box loss", name)
        away = rng.choice(DIFFERENCES, shape) if differences is None else np.array(differences)
        target = integers(rng, *away.shape)
        return Case(name, adds, {"prediction": target + away, "target": target})

    return [
        case("two numbers", "a small difference and a large one", [[0.75, -2.5]]),
        case("one box", "the mean of four", [[-1.5, 0.25, 3.0, -0.75]]),
        case("batch", "three boxes", None, 3, 4),
        case("zero", "a number that is met", [[0.0, -0.5, 2.0, 0.0], [1.5, 0.0, -3.0, 0.5]]),
    ]


def two_losses():
    """Of the localizer's loss: scores, boxes, labels, targets, box_weight."""

    def case(name, adds, labels, classes, box_weight, scores=None):
        rng, n = _generator("two losses", name), len(labels)
        targets = integers(rng, n, 4)
        values = {
            "scores": integers(rng, n, classes) if scores is None else np.array(scores),
            "boxes": targets + rng.choice(DIFFERENCES, (n, 4), replace=n > 2),
            "labels": np.array(labels),
            "targets": targets,
        }
        return Case(name, adds, values, {"box_weight": box_weight})

    large = [[1000.0, 0.0, -1000.0], [-1002.0, -1000.0, -1001.0], [0.0, 998.0, 1000.0]]
    return [
        case("one image", "λ = 1", [1], 3, 1.0),
        case("weighted", "λ = 10", [2], 3, 10.0),
        case("batch", "three images, λ = 4", [1, 0, 1], 2, 4.0),
        case("large scores", "exp(1000) is too large for a number", [0, 2, 1], 3, 0.5, large),
    ]


def two_heads():
    """Of the localizer's heads: features, class_weight, box_weight, dscores, dboxes."""

    def case(name, adds, n, features, k, draw=integers):
        rng = _generator("two heads", name)
        values = {
            "features": draw(rng, n, features),
            "class_weight": draw(rng, k, features),
            "box_weight": draw(rng, 4, features),
            "dscores": draw(rng, n, k),
            "dboxes": draw(rng, n, 4),
        }
        return Case(name, adds, values)

    return [
        case("one image", "four features, four classes, four numbers of a box", 1, 4, 4),
        case("features", "three of them, and two classes", 1, 3, 2),
        case("batch", "three images", 3, 5, 2),
        case("tenths", "numbers that are not whole, and zeros", 2, 3, 3, tenths),
    ]


# ---------------------------------------------------------------- optimizers and boxes


def sgd():
    """Of an SGD step: w, dw, velocity, with lr and momentum."""

    def case(name, adds, velocity, lr, momentum, *shape):
        rng = _generator("sgd", name)
        w, dw, held = (integers(rng, *shape) for _ in range(3))
        values = {"w": w, "dw": dw, "velocity": held if velocity else 0 * held}
        return Case(name, adds, values, {"lr": lr, "momentum": momentum})

    return [
        case("no momentum", "w goes down its gradient", False, 0.5, 0.0, 4),
        case("first step", "the velocity begins at zero", False, 0.5, 0.75, 4),
        case("under way", "there is a velocity already", True, 0.5, 0.75, 4),
        case("an array", "of two axes", True, 0.1, 0.9, 2, 3),
    ]


def adam():
    """Of an Adam step: w, dw, mean, square, step, with lr."""

    def case(name, adds, step, lr, *shape):
        rng = _generator("adam", name)
        w, dw, mean = (integers(rng, *shape) for _ in range(3))
        square = np.abs(integers(rng, *shape)) / 4
        if step == 1:
            mean, square = 0 * mean, 0 * square
        values = {"w": w, "dw": dw, "mean": mean, "square": square, "step": step}
        return Case(name, adds, values, {"lr": lr})

    still = case("small gradients", "so small that the 1e-8 shows, and a zero", 1, 0.5, 4)
    still.values["dw"] = np.array([1e-7, -3e-8, 0.0, 2e-6])
    return [
        case("first step", "mean and square begin at zero", 1, 0.5, 4),
        case("under way", "the third step", 3, 0.5, 4),
        still,
        case("an array", "of two axes, long under way", 40, 0.1, 2, 3),
    ]


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
    """Of IoU: a and b; of the two formats: boxes and corners."""
    found = []
    for name, (adds, *pair) in BOXES.items():
        a, b = (np.array(rows, np.float64) for rows in pair)
        corners = np.concatenate([b[:, :2], b[:, :2] + b[:, 2:]], axis=1)
        found.append(Case(name, adds, {"a": a, "b": b, "boxes": b, "corners": corners}))
    return found


# ---------------------------------------------------------------- numbers


def integers(rng, *shape):
    """Small integers but 0, as float64; no two equal ones in a small array."""
    size = int(np.prod(shape))
    if size <= len(FEW):
        return rng.choice(FEW, size, replace=False).reshape(shape)
    return rng.choice(INTEGERS, shape)


def tenths(rng, *shape):
    """Numbers like −1.7, which no integer and no single precision holds; some of them are 0."""
    drawn = rng.choice(TENTHS, shape)
    if drawn.size > 4:
        drawn.flat[::5] = 0
    return drawn


def quarters(rng, *shape):
    """Fractions of both signs but 0, which are exact."""
    return rng.choice([-2.75, -2, -1.5, -1.25, -0.75, 0.5, 1, 1.25, 1.75, 2.5, 3], shape)


def _generator(*words):
    """The same numbers for the same words, in every process."""
    return np.random.default_rng(list("/".join(words).encode()))
