"""Losses: forward gives a number, backward the gradient of that number in the first argument."""

import warnings

import numpy as np

from nn_scratch.backend import Array, is_cupy, xp_of
from nn_scratch.engine import engine_of
from nn_scratch.geometry import flag
from nn_scratch.validate import check_cross_entropy, check_labels, check_regression, number

# ---------------------------------------------------------------- cross-entropy


def cross_entropy(
    scores: Array,
    labels: Array,
    *,
    weight: Array | None = None,
    ignore_index: int | None = None,
    checked: bool = False,
) -> Array:
    """Softmax cross-entropy, the weighted mean over all labels: Σ w[y]·l / Σ w[y], with
    l = log Σ_k exp(s_k) − s_y.

    scores (N, K) or (N, K, H, W); labels integer, (N,) or (N, H, W); weight (K,), one for each
    class. Labels equal to `ignore_index` do not count. `checked` says that check_labels has seen
    the labels before. Then, on a GPU, there is no warning either: the host would have to wait for
    it.

    Returns: a scalar of the scores' dtype; NaN, with a warning, when no label counts.
    Raises: ValueError for labels outside 0 … K − 1, shapes that do not fit and an empty batch;
        TypeError for scores that are not float32 or float64 and labels that are no integers.
    """
    check_cross_entropy(scores, labels, weight, ignore_index)
    if not flag("checked", checked):
        check_labels(labels, scores.shape[1], ignore_index)
    shares, total, known = _shares(scores, labels, weight, ignore_index)
    if not (checked and is_cupy(total)) and not total > 0:
        warnings.warn("cross_entropy: no label counts, so the loss is NaN", stacklevel=2)
        return scores.dtype.type(np.nan)
    terms = engine_of(scores).cross_entropy_terms(scores, known)
    terms = xp_of(terms).where(shares == 0, terms.dtype.type(0), terms)  # NaN there does not count
    return (shares * terms).sum() / total


def cross_entropy_backward(
    scores: Array,
    labels: Array,
    *,
    weight: Array | None = None,
    ignore_index: int | None = None,
    checked: bool = False,
) -> Array:
    """The gradient of cross_entropy: (softmax(scores) − onehot(labels)) · w[y] / Σ w[y].

    Zero where the label is ignored, and everywhere when no label counts.

    Returns: dscores, in the shape of scores.
    Raises: as cross_entropy.
    """
    check_cross_entropy(scores, labels, weight, ignore_index)
    if not flag("checked", checked):
        check_labels(labels, scores.shape[1], ignore_index)
    shares, total, known = _shares(scores, labels, weight, ignore_index)
    total = xp_of(scores).where(total > 0, total, total.dtype.type(1))
    return engine_of(scores).cross_entropy_slopes(scores, known, shares / total)


def _shares(scores, labels, weight, ignore_index):
    """What each label counts, in the labels' shape; the sum of it; and the labels with 0 for those
    that do not count."""
    xp = xp_of(scores)
    counted = xp.ones(labels.shape, bool) if ignore_index is None else labels != ignore_index
    known = labels if ignore_index is None else xp.where(counted, labels, 0)
    shares = counted.astype(scores.dtype)
    if weight is not None:
        shares = shares * weight[known]
    return shares, shares.sum(), known


# ---------------------------------------------------------------- regression


def mse_loss(prediction: Array, target: Array) -> Array:
    """The mean of (prediction − target)². Both of one shape, which may be any.

    Returns: a scalar of their dtype.
    Raises: ValueError if the shapes differ or are empty; TypeError if values are not both float32
        or both float64.
    """
    difference = _difference(prediction, target)
    return engine_of(difference).mse(difference)


def mse_loss_backward(prediction: Array, target: Array) -> Array:
    """The gradient of mse_loss in prediction: 2 (prediction − target) / count.

    Returns: the gradient, in the shape of prediction.
    Raises: ValueError if the shapes differ or are empty; TypeError if values are not both float32
        or both float64.
    """
    difference = _difference(prediction, target)
    return engine_of(difference).mse_slopes(difference)


def smooth_l1_loss(prediction: Array, target: Array, *, beta: float = 1.0) -> Array:
    """The mean of ½ d²/beta where |d| < beta, else |d| − ½ beta, with d = prediction − target
    (Girshick 2015, equation 3, beta = 1).

    Returns: a scalar of their dtype.
    Raises: ValueError if the shapes differ or are empty, or beta is not positive; TypeError if
        values are not both float32 or both float64.
    """
    difference = _difference(prediction, target)
    beta = number("beta", beta, 0, above=True)
    return engine_of(difference).smooth_l1(difference, beta)


def smooth_l1_loss_backward(prediction: Array, target: Array, *, beta: float = 1.0) -> Array:
    """The gradient of smooth_l1_loss in prediction: clip(d / beta, −1, 1) / count.

    Returns: the gradient, in the shape of prediction.
    Raises: ValueError if the shapes differ or are empty, or beta is not positive; TypeError if
        values are not both float32 or both float64.
    """
    difference = _difference(prediction, target)
    beta = number("beta", beta, 0, above=True)
    return engine_of(difference).smooth_l1_slopes(difference, beta)


def _difference(prediction, target):
    check_regression(prediction, target)
    return prediction - target
