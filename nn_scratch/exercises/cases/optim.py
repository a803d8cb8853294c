"""Cases of the steps of optimizers."""

import numpy as np

from nn_scratch.exercises.cases.case import Case, generator, integers


def sgd():
    """For a step of SGD: w, dw, velocity; options lr and momentum."""

    def case(name, adds, velocity, lr, momentum, *shape):
        rng = generator("sgd", name)
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
    """For a step of Adam: w, dw, mean, square, step; option lr."""

    def case(name, adds, step, lr, *shape):
        rng = generator("adam", name)
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
