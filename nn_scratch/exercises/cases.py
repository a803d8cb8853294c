"""Ladders: for each op cases that grow one difficulty at a time, of integers small enough to redo
on paper. The first that fails says what has not been thought of."""

from dataclasses import dataclass, field
from functools import partial

import numpy as np

from nn_scratch import ops

INTEGERS = np.array([-3, -2, -1, 1, 2, 3], np.float64)


@dataclass(frozen=True)
class Rung:
    """One case. adds: what it asks that the rungs below do not.

    values: arrays, sizes and whatever else the op and its backward pass take, by name. options: its
    keyword arguments. A rung with `needs` is only for functions that take an argument of that name.
    """

    name: str
    adds: str
    values: dict
    options: dict = field(default_factory=dict)
    needs: str | None = None


def _convolving(op, name, adds, n, c, f, size, kernel, stride=1, padding=0, **more):
    """A rung of conv2d or conv_transpose2d, from c to f channels."""
    options = {"stride": stride, "padding": padding, **more}
    groups = more.get("groups", 1)
    channels = (f, c // groups) if op is ops.conv2d else (c, f // groups)
    rng = _generator(op.__name__, name)
    x, w = draw(rng, n, c, *size), draw(rng, *channels, *kernel)
    dy = draw(rng, *op(x, w, **options).shape)
    values = {"x": x, "w": w, "b": draw(rng, f), "dy": dy}
    return Rung(name, adds, values, options, next(iter(more), None))


def convolution():
    """Of conv2d: x, w, b, dy, with stride and padding."""
    rung = partial(_convolving, ops.conv2d)
    return [
        rung("one pixel", "y = w·x + b", 1, 1, 1, (1, 1), (1, 1)),
        rung("one window", "one output sums over a window", 1, 1, 1, (2, 2), (2, 2)),
        rung("overlap", "neighbouring windows share pixels", 1, 1, 1, (3, 3), (2, 2)),
        rung("stride", "windows two pixels apart, which still overlap", 1, 1, 1, (5, 5), (3, 3), 2),
        rung("padding", "a ring of zeros around x", 1, 1, 1, (3, 3), (3, 3), 1, 1),
        rung("wide padding", "two rings", 1, 1, 1, (3, 3), (3, 3), 1, 2),
        rung("channels", "two channels in, two out", 1, 2, 2, (3, 3), (2, 2)),
        rung("more channels", "two in, three out", 1, 2, 3, (3, 3), (2, 2)),
        rung("batch", "three images", 3, 1, 1, (3, 3), (2, 2)),
        rung("oblong", "height and width differ, and so do the kernel's", 1, 1, 1, (4, 3), (3, 2)),
        rung("leftover rows", "no window reaches the last row", 1, 1, 1, (4, 6), (3, 2), 2),
        rung("all together", "everything at once", 2, 2, 3, (7, 6), (3, 2), 2, 1),
        rung("unequal pairs", "(vertical, horizontal)", 2, 2, 3, (5, 6), (3, 2), (2, 1), (1, 0)),
        rung("dilation", "holes in the kernel", 1, 2, 2, (6, 6), (2, 2), 1, 0, dilation=2),
        rung("groups", "two groups of channels", 2, 4, 4, (3, 3), (2, 2), 1, 0, groups=2),
    ]


def transpose_convolution():
    """Of conv_transpose2d: x, w, b, dy, with stride and padding."""
    rung = partial(_convolving, ops.conv_transpose2d)
    return [
        rung("one pixel", "y = w·x + b", 1, 1, 1, (1, 1), (1, 1)),
        rung("one painting", "one pixel paints the whole kernel", 1, 1, 1, (1, 1), (2, 2)),
        rung("overlap", "neighbouring paintings overlap, and add", 1, 1, 1, (2, 2), (2, 2)),
        rung("stride", "paintings two pixels apart, which overlap", 1, 1, 1, (2, 2), (3, 3), 2),
        rung("padding", "a ring is cut off the painting", 1, 1, 1, (3, 3), (3, 3), 1, 1),
        rung("wide padding", "two rings are cut off", 1, 1, 1, (4, 4), (3, 3), 1, 2),
        rung("channels", "two channels in, two out", 1, 2, 2, (2, 2), (2, 2)),
        rung("more channels", "two in, three out", 1, 2, 3, (2, 2), (2, 2)),
        rung("batch", "three images", 3, 1, 1, (2, 2), (2, 2)),
        rung("oblong", "height and width differ, and so do the kernel's", 1, 1, 1, (3, 2), (3, 2)),
        rung("gaps", "the stride is larger than the kernel", 1, 1, 1, (2, 3), (2, 2), 3),
        rung("all together", "everything at once", 2, 2, 3, (4, 3), (3, 4), 2, 1),
        rung("unequal pairs", "(vertical, horizontal)", 2, 2, 3, (4, 3), (3, 2), (2, 1), (1, 0)),
        rung("output_padding", "a row and a column more", *(1, 1, 1, (2, 2), (3, 3), 2, 1),
             output_padding=1),
        rung("dilation", "holes in the kernel", 1, 2, 2, (3, 3), (2, 2), 1, 0, dilation=2),
        rung("groups", "two groups of channels", 2, 4, 4, (2, 2), (2, 2), 1, 0, groups=2),
    ]  # fmt: skip


def max_pool():
    """Of max_pool2d: x, kernel_size, switches, dy, input_size."""

    def rung(name, adds, shape, kernel, stride=None, padding=0, x=None):
        rng = _generator("max-pool", name)
        if x is None:  # no ties: every value once
            x = rng.permutation(np.prod(shape)).reshape(shape).astype(np.float64) - 5
        options = {"stride": stride or kernel, "padding": padding}
        y, switches = ops.max_pool2d(x, kernel, **options)
        values = {"x": x, "kernel_size": kernel, "switches": switches, "dy": draw(rng, *y.shape)}
        values["input_size"] = x.shape[2:]
        return Rung(name, adds, values, options)

    ties = np.array([[2, 2, 5, 1], [2, 1, 4, 2], [3, 0, -1, -1], [3, 3, -1, -1]], np.float64)
    shared = _generator("max-pool", "overlap").permutation(25).reshape(1, 1, 5, 5) - 5.0
    shared[0, 0, 1, 2] = 25  # in the two upper windows
    below = -1 - np.arange(9.0).reshape(1, 1, 3, 3)[..., ::-1]
    return [
        rung("one window", "the largest of four, and where it stood", (1, 1, 2, 2), 2),
        rung("windows", "a plane of windows", (1, 1, 4, 4), 2),
        rung("oblong", "height and width differ", (1, 1, 4, 6), 2),
        rung("overlap", "windows share pixels, two of them their maximum", (1, 1, 5, 5), 3, 2,
             x=shared),
        rung("ties", "two equal maxima: the first in reading order", (1, 1, 4, 4), 2,
             x=ties[None, None]),
        rung("padding", "padding never wins, not even over negative values", (1, 1, 3, 3), 3, 2, 1,
             below),
        rung("channels", "each plane has its own switches", (1, 3, 4, 4), 2),
        rung("batch", "and so has each image", (2, 2, 4, 4), 2),
        rung("leftover rows", "no window reaches the last row", (1, 1, 5, 7), 2),
        rung("all together", "everything at once", (2, 3, 7, 6), 3, 2, 1),
        rung("unequal pairs", "(vertical, horizontal)", (2, 2, 6, 5), (3, 2), (2, 1), (1, 0)),
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
    """Of max_unpool2d: x, switches, output_size, dy. The rungs of a pool, back up."""
    pools = {rung.name: rung.values for rung in max_pool()}
    found = []
    for name, adds in UNPOOLING.items():
        pool = pools[name]
        values = {"x": pool["dy"], "switches": pool["switches"]}
        values["output_size"] = pool["input_size"]
        values["dy"] = draw(_generator("max-unpool", name), *pool["x"].shape)
        found.append(Rung(name, adds, values))
    return found


def block_unpool(title):
    """Of nearest and bed of nails: x, scale, dy."""

    def rung(name, adds, shape, scale):
        rng = _generator(title, name)
        down, right = scale if isinstance(scale, tuple) else (scale, scale)
        n, c, height, width = shape
        values = {"x": draw(rng, *shape), "scale": scale}
        values["dy"] = draw(rng, n, c, height * down, width * right)
        return Rung(name, adds, values)

    return [
        rung("one pixel", "becomes a block of four", (1, 1, 1, 1), 2),
        rung("blocks", "side by side", (1, 1, 2, 2), 2),
        rung("larger blocks", "of nine", (1, 1, 2, 2), 3),
        rung("oblong", "height and width differ", (1, 1, 2, 3), 2),
        rung("channels", "each on its own", (1, 2, 2, 2), 2),
        rung("batch", "and each image", (3, 2, 2, 2), 2),
        rung("unequal pairs", "(vertical, horizontal)", (2, 2, 2, 3), (3, 2)),
    ]


def bilinear():
    """Of bilinear_upsample2d: x, size, dy, input_size."""

    def rung(name, adds, shape, size):
        rng = _generator("bilinear", name)
        values = {"x": draw(rng, *shape), "size": size, "input_size": shape[2:]}
        values["dy"] = draw(rng, *shape[:2], *size)
        return Rung(name, adds, values)

    return [
        rung("one pixel", "spreads everywhere", (1, 1, 1, 1), (2, 2)),
        rung("a row", "two pixels become four", (1, 1, 1, 2), (1, 4)),
        rung("a plane", "in both directions", (1, 1, 2, 2), (4, 4)),
        rung("oblong", "height and width differ", (1, 1, 2, 3), (4, 6)),
        rung("channels and batch", "each plane on its own", (2, 2, 2, 2), (4, 4)),
        rung("no whole factor", "three pixels become five", (1, 1, 3, 2), (5, 3)),
    ]


def activation():
    """Of relu and softmax: x, y (of softmax), dy."""

    def rung(name, adds, *shape):
        rng = _generator("activation", name)
        x = draw(rng, *shape)
        values = {"x": x, "dy": draw(rng, *shape)}
        if len(shape) > 1:
            values["y"] = ops.softmax(x)
        return Rung(name, adds, values)

    return [
        rung("one row", "one sample", 1, 4),
        rung("batch", "three samples", 3, 4),
        rung("square", "as many samples as values", 3, 3),
        rung("images", "a value for each channel of each pixel", 2, 3, 2, 4),
    ]


def linear():
    """Of linear: x, w, b, dy."""

    def rung(name, adds, n, c, f):
        rng = _generator("linear", name)
        values = {"x": draw(rng, n, c), "w": draw(rng, f, c), "b": draw(rng, f)}
        return Rung(name, adds, {**values, "dy": draw(rng, n, f)})

    return [
        rung("one number", "y = w·x + b", 1, 1, 1),
        rung("one sample", "two numbers in, two out", 1, 2, 2),
        rung("oblong", "two in, three out", 1, 2, 3),
        rung("batch", "four samples", 4, 2, 2),
        rung("all together", "three samples, two in, four out", 3, 2, 4),
    ]


def batch_norm():
    """Of batch_norm2d: x, w, b, running_mean, running_var, statistics, dy."""

    def rung(name, adds, *shape):
        rng = _generator("batch norm", name)
        x, (w, b, mean, var) = draw(rng, *shape), draw(rng, 4, shape[1])
        values = {"x": x, "w": w, "b": b, "running_mean": mean, "running_var": var**2 + 1}
        values["statistics"] = ops.batch_norm2d(x, w, b, mean, var**2 + 1)[1]
        return Rung(name, adds, {**values, "dy": draw(rng, *shape)})

    return [
        rung("one channel", "the mean and variance of four samples", 4, 1, 1, 1),
        rung("pixels", "the pixels of one image count as samples", 1, 1, 2, 3),
        rung("channels", "each has its own mean, variance, weight and bias", 3, 2, 1, 2),
        rung("all together", "two images, three channels", 2, 3, 2, 3),
    ]


def cross_entropy():
    """Of cross_entropy: scores, labels."""

    def rung(name, adds, *shape):
        rng = _generator("cross-entropy", name)
        labels = rng.integers(0, shape[1], (shape[0], *shape[2:]))
        return Rung(name, adds, {"scores": draw(rng, *shape), "labels": labels})

    return [
        rung("one sample", "three classes", 1, 3),
        rung("batch", "the mean of four samples", 4, 3),
        rung("square", "as many samples as classes", 3, 3),
        rung("pixels", "a label for each pixel", 2, 3, 2, 2),
    ]


def box_loss():
    """Of mse_loss and smooth_l1_loss: prediction, target; differences on both sides of 1."""

    def rung(name, adds, *shape):
        rng = _generator("box loss", name)
        target = draw(rng, *shape)
        away = rng.choice([-2.5, -0.5, 0.25, 0.75, 3.0], shape)
        return Rung(name, adds, {"prediction": target + away, "target": target})

    return [
        rung("one number", "a single difference", 1, 1),
        rung("one box", "the mean of four", 1, 4),
        rung("batch", "three boxes", 3, 4),
    ]


def two_losses():
    """Of the localizer's loss: scores, boxes, labels, targets, box_weight."""

    def rung(name, adds, n, k, box_weight):
        rng = _generator("two losses", name)
        targets = draw(rng, n, 4)
        values = {
            "scores": draw(rng, n, k),
            "boxes": targets + rng.choice([-2.0, -0.5, 0.5, 1.0], (n, 4)),
            "labels": rng.integers(0, k, n),
            "targets": targets,
        }
        return Rung(name, adds, values, {"box_weight": box_weight})

    return [
        rung("one image", "λ = 1", 1, 3, 1.0),
        rung("weighted", "λ = 10", 1, 3, 10.0),
        rung("batch", "three images, λ = 4", 3, 2, 4.0),
    ]


def two_heads():
    """Of the localizer's heads: features, class_weight, box_weight, dscores, dboxes."""

    def rung(name, adds, n, features, k):
        rng = _generator("two heads", name)
        values = {
            "features": draw(rng, n, features),
            "class_weight": draw(rng, k, features),
            "box_weight": draw(rng, 4, features),
            "dscores": draw(rng, n, k),
            "dboxes": draw(rng, n, 4),
        }
        return Rung(name, adds, values)

    return [
        rung("one image", "one feature", 1, 1, 1),
        rung("features", "three of them", 1, 3, 2),
        rung("as many classes as numbers", "four", 1, 4, 4),
        rung("batch", "three images", 3, 5, 2),
    ]


def draw(rng, *shape):
    """Integers from −3 to 3 without 0, as float64."""
    return rng.choice(INTEGERS, shape)


def _generator(*words):
    """The same numbers for the same words, in every process."""
    return np.random.default_rng(list("/".join(words).encode()))
