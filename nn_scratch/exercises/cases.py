"""For each op, cases that grow one difficulty at a time, of integers small enough to redo
on paper. The first that fails says what has not been thought of."""

from dataclasses import dataclass, field
from functools import partial

import numpy as np

from nn_scratch import naive

INTEGERS = np.array([-3, -2, -1, 1, 2, 3], np.float64)


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


def _convolving(op, name, adds, n, c, f, size, kernel, stride=1, padding=0, **more):
    """A case of conv2d or conv_transpose2d, from c to f channels."""
    options = {"stride": stride, "padding": padding, **more}
    groups = more.get("groups", 1)
    channels = (f, c // groups) if op is naive.conv2d else (c, f // groups)
    rng = _generator(op.__name__, name)
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
        case("batch", "three images", 3, 1, 1, (3, 3), (2, 2)),
        case("oblong", "height and width differ, and so do the kernel's", 1, 1, 1, (4, 3), (3, 2)),
        case("leftover rows", "no window reaches the last row", 1, 1, 1, (4, 6), (3, 2), 2),
        case("all together", "everything at once", 2, 2, 3, (7, 6), (3, 2), 2, 1),
        case("unequal pairs", "(vertical, horizontal)", 2, 2, 3, (5, 6), (3, 2), (2, 1), (1, 0)),
        case("dilation", "holes in the kernel", 1, 2, 2, (6, 6), (2, 2), 1, 0, dilation=2),
        case("groups", "two groups of channels", 2, 4, 4, (3, 3), (2, 2), 1, 0, groups=2),
    ]


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
        case("batch", "three images", 3, 1, 1, (2, 2), (2, 2)),
        case("oblong", "height and width differ, and so do the kernel's", 1, 1, 1, (3, 2), (3, 2)),
        case("gaps", "the stride is larger than the kernel", 1, 1, 1, (2, 3), (2, 2), 3),
        case("all together", "everything at once", 2, 2, 3, (4, 3), (3, 4), 2, 1),
        case("unequal pairs", "(vertical, horizontal)", 2, 2, 3, (4, 3), (3, 2), (2, 1), (1, 0)),
        case("output_padding", "a row and a column more", *(1, 1, 1, (2, 2), (3, 3), 2, 1),
             output_padding=1),
        case("dilation", "holes in the kernel", 1, 2, 2, (3, 3), (2, 2), 1, 0, dilation=2),
        case("groups", "two groups of channels", 2, 4, 4, (2, 2), (2, 2), 1, 0, groups=2),
    ]  # fmt: skip


def max_pool():
    """Of max_pool2d: x, kernel_size, switches, dy, input_size."""

    def case(name, adds, shape, kernel, stride=None, padding=0, x=None):
        rng = _generator("max-pool", name)
        if x is None:  # no ties: every value once
            x = rng.permutation(np.prod(shape)).reshape(shape).astype(np.float64) - 5
        options = {"stride": stride or kernel, "padding": padding}
        y, switches = naive.max_pool2d(x, kernel, **options)
        values = {"x": x, "kernel_size": kernel, "switches": switches, "dy": draw(rng, *y.shape)}
        values["input_size"] = x.shape[2:]
        return Case(name, adds, values, options)

    ties = np.array([[2, 2, 5, 1], [2, 1, 4, 2], [3, 0, -1, -1], [3, 3, -1, -1]], np.float64)
    shared = _generator("max-pool", "overlap").permutation(25).reshape(1, 1, 5, 5) - 5.0
    shared[0, 0, 1, 2] = 25  # in the two upper windows
    below = -1 - np.arange(9.0).reshape(1, 1, 3, 3)[..., ::-1]
    return [
        case("one window", "the largest of four, and where it stood", (1, 1, 2, 2), 2),
        case("windows", "a plane of windows", (1, 1, 4, 4), 2),
        case("oblong", "height and width differ", (1, 1, 4, 6), 2),
        case("overlap", "windows share pixels, two of them their maximum", (1, 1, 5, 5), 3, 2,
             x=shared),
        case("ties", "two equal maxima: the first in reading order", (1, 1, 4, 4), 2,
             x=ties[None, None]),
        case("padding", "padding never wins, not even over negative values", (1, 1, 3, 3), 3, 2, 1,
             below),
        case("channels", "each plane has its own switches", (1, 3, 4, 4), 2),
        case("batch", "and so has each image", (2, 2, 4, 4), 2),
        case("leftover rows", "no window reaches the last row", (1, 1, 5, 7), 2),
        case("all together", "everything at once", (2, 3, 7, 6), 3, 2, 1),
        case("unequal pairs", "(vertical, horizontal)", (2, 2, 6, 5), (3, 2), (2, 1), (1, 0)),
    ]  # fmt: skip


UNPOOLING = {
    "one window": "one value, four places",
    "windows": "a plane of values",
    "oblong": "height and width differ",
    "overlap": "windows overlapped: two values go to one place",
    "channels": "each plane has its own switches",
    "batch": "and so has each image",
    "leftover rows": "the last row belongs to no window",
    "all together": "everything at once",
    "unequal pairs": "of a pool with unequal windows",
}


def max_unpool():
    """Of max_unpool2d: x, switches, output_size, dy. The cases of a pool, back up."""
    pools = {case.name: case.values for case in max_pool()}
    found = []
    for name, adds in UNPOOLING.items():
        pool = pools[name]
        values = {"x": pool["dy"], "switches": pool["switches"]}
        values["output_size"] = pool["input_size"]
        values["dy"] = draw(_generator("max-unpool", name), *pool["x"].shape)
        found.append(Case(name, adds, values))
    return found


def block_unpool(title):
    """Of nearest and bed of nails: x, scale, dy."""

    def case(name, adds, shape, scale):
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
        case("channels", "each on its own", (1, 2, 2, 2), 2),
        case("batch", "and each image", (3, 2, 2, 2), 2),
        case("unequal pairs", "(vertical, horizontal)", (2, 2, 2, 3), (3, 2)),
    ]


def bilinear():
    """Of bilinear_upsample2d: x, size, dy, input_size."""

    def case(name, adds, shape, size):
        rng = _generator("bilinear", name)
        values = {"x": draw(rng, *shape), "size": size, "input_size": shape[2:]}
        values["dy"] = draw(rng, *shape[:2], *size)
        return Case(name, adds, values)

    return [
        case("one pixel", "spreads everywhere", (1, 1, 1, 1), (2, 2)),
        case("a row", "two pixels become four", (1, 1, 1, 2), (1, 4)),
        case("a plane", "in both directions", (1, 1, 2, 2), (4, 4)),
        case("oblong", "height and width differ", (1, 1, 2, 3), (4, 6)),
        case("channels and batch", "each plane on its own", (2, 2, 2, 2), (4, 4)),
        case("no whole factor", "three pixels become five", (1, 1, 3, 2), (5, 3)),
    ]


def activation():
    """Of relu and softmax: x, y (of softmax), dy."""

    def case(name, adds, *shape):
        rng = _generator("activation", name)
        x = draw(rng, *shape)
        values = {"x": x, "dy": draw(rng, *shape)}
        if len(shape) > 1:
            values["y"] = naive.softmax(x)
        return Case(name, adds, values)

    return [
        case("one row", "one sample", 1, 4),
        case("batch", "three samples", 3, 4),
        case("square", "as many samples as values", 3, 3),
        case("images", "a value for each channel of each pixel", 2, 3, 2, 4),
    ]


def linear():
    """Of linear: x, w, b, dy."""

    def case(name, adds, n, c, f):
        rng = _generator("linear", name)
        values = {"x": draw(rng, n, c), "w": draw(rng, f, c), "b": draw(rng, f)}
        return Case(name, adds, {**values, "dy": draw(rng, n, f)})

    return [
        case("one number", "y = w·x + b", 1, 1, 1),
        case("one sample", "two numbers in, two out", 1, 2, 2),
        case("oblong", "two in, three out", 1, 2, 3),
        case("batch", "four samples", 4, 2, 2),
        case("all together", "three samples, two in, four out", 3, 2, 4),
    ]


def batch_norm():
    """Of batch_norm2d: x, w, b, running_mean, running_var, statistics, dy."""

    def case(name, adds, *shape):
        rng = _generator("batch norm", name)
        x, (w, b, mean, var) = draw(rng, *shape), draw(rng, 4, shape[1])
        values = {"x": x, "w": w, "b": b, "running_mean": mean, "running_var": var**2 + 1}
        values["statistics"] = naive.batch_norm2d(x, w, b, mean, var**2 + 1)[1]
        return Case(name, adds, {**values, "dy": draw(rng, *shape)})

    return [
        case("one channel", "the mean and variance of four samples", 4, 1, 1, 1),
        case("pixels", "the pixels of one image count as samples", 1, 1, 2, 3),
        case("channels", "each has its own mean, variance, weight and bias", 3, 2, 1, 2),
        case("all together", "two images, three channels", 2, 3, 2, 3),
    ]


def cross_entropy():
    """Of cross_entropy: scores, labels."""

    def case(name, adds, *shape):
        rng = _generator("cross-entropy", name)
        labels = rng.integers(0, shape[1], (shape[0], *shape[2:]))
        return Case(name, adds, {"scores": draw(rng, *shape), "labels": labels})

    return [
        case("one sample", "three classes", 1, 3),
        case("batch", "the mean of four samples", 4, 3),
        case("square", "as many samples as classes", 3, 3),
        case("pixels", "a label for each pixel", 2, 3, 2, 2),
    ]


def box_loss():
    """Of mse_loss and smooth_l1_loss: prediction, target; differences on both sides of 1."""

    def case(name, adds, *shape):
        rng = _generator("box loss", name)
        target = draw(rng, *shape)
        away = rng.choice([-2.5, -0.5, 0.25, 0.75, 3.0], shape)
        return Case(name, adds, {"prediction": target + away, "target": target})

    return [
        case("one number", "a single difference", 1, 1),
        case("one box", "the mean of four", 1, 4),
        case("batch", "three boxes", 3, 4),
    ]


def two_losses():
    """Of the localizer's loss: scores, boxes, labels, targets, box_weight."""

    def case(name, adds, n, k, box_weight):
        rng = _generator("two losses", name)
        targets = draw(rng, n, 4)
        values = {
            "scores": draw(rng, n, k),
            "boxes": targets + rng.choice([-2.0, -0.5, 0.5, 1.0], (n, 4)),
            "labels": rng.integers(0, k, n),
            "targets": targets,
        }
        return Case(name, adds, values, {"box_weight": box_weight})

    return [
        case("one image", "λ = 1", 1, 3, 1.0),
        case("weighted", "λ = 10", 1, 3, 10.0),
        case("batch", "three images, λ = 4", 3, 2, 4.0),
    ]


def two_heads():
    """Of the localizer's heads: features, class_weight, box_weight, dscores, dboxes."""

    def case(name, adds, n, features, k):
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
        case("one image", "one feature", 1, 1, 1),
        case("features", "three of them", 1, 3, 2),
        case("as many classes as numbers", "four", 1, 4, 4),
        case("batch", "three images", 3, 5, 2),
    ]


def draw(rng, *shape):
    """Integers from −3 to 3 without 0, as float64."""
    return rng.choice(INTEGERS, shape)


def _generator(*words):
    """The same numbers for the same words, in every process."""
    return np.random.default_rng(list("/".join(words).encode()))
