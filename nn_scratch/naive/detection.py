"""Losses of detectors, and their gradients in the first argument."""

from math import exp, log1p

import numpy as np

from nn_scratch.backend import Array
from nn_scratch.validate import check_masked, check_target, number


def focal_loss(
    scores: Array,
    target: Array,
    *,
    alpha: float = 2.0,
    beta: float = 4.0,
    num_objects: float | None = None,
) -> Array:
    """The sum of −(1 − p)^alpha log p where target is 1, and of −(1 − target)^beta p^alpha
    log(1 − p) elsewhere, divided by the number of objects.

    Returns: a scalar of the scores' dtype.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_target(scores, target)
    alpha, beta = number("alpha", alpha, 0), number("beta", beta, 0)
    total = 0.0
    for place in np.ndindex(scores.shape):
        p, q, log_p, log_q = _probabilities(float(scores[place]))
        y = float(target[place])
        total -= q**alpha * log_p if y == 1 else (1 - y) ** beta * p**alpha * log_q
    return scores.dtype.type(total / _count(target == 1, num_objects))


def focal_loss_backward(
    scores: Array,
    target: Array,
    *,
    alpha: float = 2.0,
    beta: float = 4.0,
    num_objects: float | None = None,
) -> Array:
    """Its slope in each score, from the product rule with p' = p q.

    Returns: dscores, in the shape of scores.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_target(scores, target)
    alpha, beta = number("alpha", alpha, 0), number("beta", beta, 0)
    dscores = np.zeros_like(scores)
    count = _count(target == 1, num_objects)
    for place in np.ndindex(scores.shape):
        p, q, log_p, log_q = _probabilities(float(scores[place]))
        y = float(target[place])
        if y == 1:
            slope = q**alpha * (alpha * p * log_p - q)
        else:
            slope = (1 - y) ** beta * p**alpha * (p - alpha * q * log_q)
        dscores[place] = slope / count
    return dscores


def sigmoid_focal_loss(
    scores: Array,
    target: Array,
    *,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    num_objects: float | None = None,
) -> Array:
    """The sum of −alpha (1 − p)^gamma log p where target is 1, and of −(1 − alpha) p^gamma
    log(1 − p) where it is 0, divided by the number of objects.

    Returns: a scalar of the scores' dtype.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_target(scores, target, binary=True)
    gamma = number("gamma", gamma, 0)
    alpha = None if alpha is None else number("alpha", alpha, 0, 1)
    total = 0.0
    for place in np.ndindex(scores.shape):
        p, q, log_p, log_q = _probabilities(float(scores[place]))
        if target[place] == 1:
            total -= (1 if alpha is None else alpha) * q**gamma * log_p
        else:
            total -= (1 if alpha is None else 1 - alpha) * p**gamma * log_q
    return scores.dtype.type(total / _count(target == 1, num_objects))


def sigmoid_focal_loss_backward(
    scores: Array,
    target: Array,
    *,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    num_objects: float | None = None,
) -> Array:
    """Its slope in each score, from the product rule with p' = p q.

    Returns: dscores, in the shape of scores.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_target(scores, target, binary=True)
    gamma = number("gamma", gamma, 0)
    alpha = None if alpha is None else number("alpha", alpha, 0, 1)
    dscores = np.zeros_like(scores)
    count = _count(target == 1, num_objects)
    for place in np.ndindex(scores.shape):
        p, q, log_p, log_q = _probabilities(float(scores[place]))
        if target[place] == 1:
            slope = (1 if alpha is None else alpha) * q**gamma * (gamma * p * log_p - q)
        else:
            slope = (1 if alpha is None else 1 - alpha) * p**gamma * (p - gamma * q * log_q)
        dscores[place] = slope / count
    return dscores


def _probabilities(z):
    """p = σ(z), 1 − p, and the logarithms of both."""
    log_p = min(z, 0.0) - log1p(exp(-abs(z)))
    log_q = min(-z, 0.0) - log1p(exp(-abs(z)))
    return exp(log_p), exp(log_q), log_p, log_q


def masked_l1_loss(
    prediction: Array, target: Array, mask: Array, *, num_objects: float | None = None
) -> Array:
    """The sum of |prediction − target| over the places of the mask, divided by the number of
    objects.

    Returns: a scalar of the prediction's dtype.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_masked(prediction, target, mask)
    total = 0.0
    for n, c, i, j in np.ndindex(prediction.shape):
        if mask[n, i, j]:
            total += abs(float(prediction[n, c, i, j]) - float(target[n, c, i, j]))
    return prediction.dtype.type(total / _count(mask, num_objects))


def masked_l1_loss_backward(
    prediction: Array, target: Array, mask: Array, *, num_objects: float | None = None
) -> Array:
    """The sign of prediction − target at the places of the mask, divided by the number of objects.

    Returns: the gradient, in the shape of prediction.
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_masked(prediction, target, mask)
    gradient = np.zeros(prediction.shape, prediction.dtype)
    count = _count(mask, num_objects)
    for n, c, i, j in np.ndindex(prediction.shape):
        if mask[n, i, j]:
            d = float(prediction[n, c, i, j]) - float(target[n, c, i, j])
            gradient[n, c, i, j] = np.sign(d) / count
    return gradient


def _count(is_object, num_objects):
    """The number of objects, at least 1."""
    if num_objects is None:
        return max(int(is_object.sum()), 1)
    return max(number("num_objects", num_objects, 0), 1)
