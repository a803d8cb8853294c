"""Cases of losses, and of two heads that are trained by two losses."""

import numpy as np

from nn_scratch.exercises.cases.case import Case, generator, integers, tenths


def cross_entropy():
    """For cross_entropy: scores, labels."""

    def case(name, adds, labels, scores=None, classes=3):
        rng, labels = generator("cross-entropy", name), np.array(labels)
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
    """For mse_loss and smooth_l1_loss: prediction and target, with differences on both sides of
    1."""

    def case(name, adds, differences, *shape):
        rng = generator("box loss", name)
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
    """For the loss of a localizer: scores, boxes, labels, targets; option box_weight."""

    def case(name, adds, labels, classes, box_weight, scores=None):
        rng, n = generator("two losses", name), len(labels)
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
    """For the heads of a localizer: features, class_weight, box_weight, dscores, dboxes."""

    def case(name, adds, n, features, k, draw=integers):
        rng = generator("two heads", name)
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
