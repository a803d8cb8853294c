"""Cases of activations, linear layers and batch norm."""

import numpy as np

from nn_scratch import naive
from nn_scratch.exercises.cases.case import Case, generator, integers, quarters, tenths


def activation():
    """For relu: x, dy. Where x is 0, dy is 0, because both slopes at the kink are right."""

    def case(name, adds, x, *shape):
        rng = generator("relu", name)
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
    """For softmax: x, y, dy."""

    def case(name, adds, x, *shape):
        rng = generator("softmax", name)
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
    """For linear: x, w, b, dy."""

    def case(name, adds, n, c, f, draw=integers):
        rng = generator("linear", name)
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
    """For batch_norm2d: x, w, b, running_mean, running_var, statistics, dy."""

    def case(name, adds, x, dy=None):
        rng, x = generator("batch norm", name), np.asarray(x, np.float64)
        channels = x.shape[1]
        w, b = np.array([2.0, -3.0, 0.5])[:channels], np.array([5.0, 1.0, -4.0])[:channels]
        mean, var = np.array([10.0, -2.0, 3.0])[:channels], np.array([4.0, 0.5, 7.0])[:channels]
        dy = quarters(rng, *x.shape) + 0.5 if dy is None else np.reshape(dy, x.shape)
        values = {"x": x, "w": w, "b": b, "running_mean": mean, "running_var": var}
        values["statistics"] = naive.batch_norm2d(x, w, b, mean, var)[1]
        return Case(name, adds, {**values, "dy": dy})

    def drawn(name, *shape):
        return integers(generator("batch norm x", name), *shape)

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
