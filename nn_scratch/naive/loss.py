"""Losses, and their gradients in the first argument."""

from math import exp, log

import numpy as np

from nn_scratch.backend import Array
from nn_scratch.validate import check_cross_entropy, check_labels, check_regression, number


def cross_entropy(
    scores: Array, labels: Array, *, weight: Array | None = None, ignore_index: int | None = None
) -> Array:
    """The weighted mean of −log(softmax of the true class's score).

    Returns: a scalar of the scores' dtype; NaN when no label counts.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_cross_entropy(scores, labels, weight, ignore_index)
    check_labels(labels, scores.shape[1], ignore_index)
    total = weights = 0.0
    for place, label, share in _counted(labels, weight, ignore_index):
        line = _line(scores, place)
        total += share * (log(sum(exp(s - max(line)) for s in line)) + max(line) - line[label])
        weights += share
    return scores.dtype.type(total / weights if weights else np.nan)


def cross_entropy_backward(
    scores: Array, labels: Array, *, weight: Array | None = None, ignore_index: int | None = None
) -> Array:
    """The softmax, minus 1 at the true class, times the label's part of the mean.

    Returns: dscores, in the shape of scores.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_cross_entropy(scores, labels, weight, ignore_index)
    check_labels(labels, scores.shape[1], ignore_index)
    dscores = np.zeros_like(scores)
    weights = sum(share for _, _, share in _counted(labels, weight, ignore_index))
    for place, label, share in _counted(labels, weight, ignore_index):
        line = _line(scores, place)
        total = sum(exp(s - max(line)) for s in line)
        for k, s in enumerate(line):
            slope = exp(s - max(line)) / total - (k == label)
            dscores[(place[0], k, *place[1:])] = slope * share / weights if weights else 0.0
    return dscores


def _counted(labels, weight, ignore_index):
    """(place, label, weight) of every label that is not ignored."""
    for place in np.ndindex(labels.shape):
        label = int(labels[place])
        if label != ignore_index:
            yield place, label, 1.0 if weight is None else float(weight[label])


def _line(scores, place):
    """The scores of all classes for the label at a place."""
    return [float(s) for s in scores[(place[0], slice(None), *place[1:])]]


# ---------------------------------------------------------------- regression


def mse_loss(prediction: Array, target: Array) -> Array:
    """The mean squared difference.

    Returns: a scalar of their dtype.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_regression(prediction, target)
    total = 0.0
    for place in np.ndindex(prediction.shape):
        d = float(prediction[place]) - float(target[place])
        total += d * d
    return prediction.dtype.type(total / prediction.size)


def mse_loss_backward(prediction: Array, target: Array) -> Array:
    """Twice the difference, as its part of the mean.

    Returns: the gradient, in the shape of prediction.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_regression(prediction, target)
    gradient = np.zeros(prediction.shape, prediction.dtype)
    for place in np.ndindex(prediction.shape):
        d = float(prediction[place]) - float(target[place])
        gradient[place] = 2 * d / prediction.size
    return gradient


def smooth_l1_loss(prediction: Array, target: Array, *, beta: float = 1.0) -> Array:
    """The mean of a square near zero, and of the distance away from it.

    Returns: a scalar of their dtype.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_regression(prediction, target)
    beta = number("beta", beta, 0, above=True)
    total = 0.0
    for place in np.ndindex(prediction.shape):
        d = abs(float(prediction[place]) - float(target[place]))
        total += 0.5 * d * d / beta if d < beta else d - 0.5 * beta
    return prediction.dtype.type(total / prediction.size)


def smooth_l1_loss_backward(prediction: Array, target: Array, *, beta: float = 1.0) -> Array:
    """d/beta near zero, the sign of d away from it, as its part of the mean.

    Returns: the gradient, in the shape of prediction.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_regression(prediction, target)
    beta = number("beta", beta, 0, above=True)
    gradient = np.zeros(prediction.shape, prediction.dtype)
    for place in np.ndindex(prediction.shape):
        d = float(prediction[place]) - float(target[place])
        slope = max(-1.0, min(1.0, d / beta)) if d == d else d  # NaN stays NaN
        gradient[place] = slope / prediction.size
    return gradient
