"""Losses of detectors: forward gives a number, backward the gradient of that number in the first
argument.

Almost every place of a detector's maps is background. Summed up, their many small losses drown the
few objects, unless places that are already right count next to nothing: the focal loss multiplies
each term by a power of how wrong it still is (Lin et al. 2017, RetinaNet, arXiv 1708.02002).

Both forms of it are one formula. With u = z where there is an object and u = −z elsewhere, σ(u) is
the probability of what is true there, and with p = σ(u), q = 1 − p and a weight w for each place

    L = −w q^γ log p        dL/du = w q^γ (γ p log p − q)        dL/dz = ±dL/du

What is summed is divided by the number of objects, or by 1 where there is none: then all terms are
background, and still count.
"""

from typing import Any

from nn_scratch.backend import Array, is_cupy, xp_of
from nn_scratch.engine import engine_of
from nn_scratch.geometry import flag
from nn_scratch.validate import check_masked, check_target, number

# ---------------------------------------------------------------- the focal loss of heat maps


def focal_loss(
    scores: Array,
    target: Array,
    *,
    alpha: float = 2.0,
    beta: float = 4.0,
    num_objects: float | Array | None = None,
    checked: bool = False,
) -> Array:
    """The penalty-reduced focal loss of heat maps (Law and Deng 2018, CornerNet, equation 1; Zhou
    et al. 2019, CenterNet). With p = σ(scores) and Y = target, the sum of

        −(1 − p)^alpha log p                  where Y is exactly 1: the centre of an object
        −(1 − Y)^beta p^alpha log(1 − p)      elsewhere: less of a mistake near a centre

    divided by the number of objects. scores and target are of one shape, which may be any; target
    is from 0 to 1. num_objects: how many there are, if not as many as ones in target: two objects
    may share a centre, and other processes may hold other parts of the batch. `checked` says that
    target is known to be from 0 to 1; then, on a GPU, the host waits for nothing.

    Returns: a scalar of the scores' dtype.
    Raises: ValueError if the shapes differ, or for a target outside 0 … 1, a negative alpha, beta
        or num_objects; TypeError if values are not both float32 or both float64.
    """
    terms, count = _heat_map(scores, target, alpha, beta, num_objects, checked)
    return terms.losses().sum() / count


def focal_loss_backward(
    scores: Array,
    target: Array,
    *,
    alpha: float = 2.0,
    beta: float = 4.0,
    num_objects: float | Array | None = None,
    checked: bool = False,
) -> Array:
    """The gradient of focal_loss in the scores z: with p = σ(z) and q = 1 − p

        q^alpha (alpha p log p − q)                      where target is 1
        (1 − Y)^beta p^alpha (p − alpha q log q)         elsewhere

    divided by the number of objects.

    Returns: dscores, in the shape of scores.
    Raises: as focal_loss.
    """
    terms, count = _heat_map(scores, target, alpha, beta, num_objects, checked)
    return terms.slopes() / count


def _heat_map(scores, target, alpha, beta, num_objects, checked):
    """The terms of focal_loss, and what their sum is divided by."""
    alpha, beta = number("alpha", alpha, 0), number("beta", beta, 0)
    check_target(scores, target, flag("checked", checked))
    is_object = target == 1
    weight = xp_of(target).where(is_object, target.dtype.type(1), (1 - target) ** beta)
    return _Terms(scores, is_object, weight, alpha), _count(scores, is_object, num_objects)


# ---------------------------------------------------------------- the binary focal loss


def sigmoid_focal_loss(
    scores: Array,
    target: Array,
    *,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    num_objects: float | Array | None = None,
    checked: bool = False,
) -> Array:
    """The binary focal loss (Lin et al. 2017, equation 5). With p = σ(scores), the sum of

        −alpha (1 − p)^gamma log p            where target is 1
        −(1 − alpha) p^gamma log(1 − p)       where target is 0

    divided by the number of objects. scores and target are of one shape, which may be any. With
    alpha None both kinds of places have the weight 1; with gamma 0 besides, this is the binary
    cross-entropy. num_objects, checked: as focal_loss.

    Returns: a scalar of the scores' dtype.
    Raises: ValueError if the shapes differ, or for a target that is neither 0 nor 1, an alpha
        outside 0 … 1, a negative gamma or num_objects; TypeError if values are not both float32 or
        both float64.
    """
    terms, count = _binary(scores, target, alpha, gamma, num_objects, checked)
    return terms.losses().sum() / count


def sigmoid_focal_loss_backward(
    scores: Array,
    target: Array,
    *,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    num_objects: float | Array | None = None,
    checked: bool = False,
) -> Array:
    """The gradient of sigmoid_focal_loss in the scores z: with p = σ(z) and q = 1 − p

        alpha q^gamma (gamma p log p − q)                where target is 1
        (1 − alpha) p^gamma (p − gamma q log q)          where target is 0

    divided by the number of objects.

    Returns: dscores, in the shape of scores.
    Raises: as sigmoid_focal_loss.
    """
    terms, count = _binary(scores, target, alpha, gamma, num_objects, checked)
    return terms.slopes() / count


def _binary(scores, target, alpha, gamma, num_objects, checked):
    """The terms of sigmoid_focal_loss, and what their sum is divided by."""
    gamma = number("gamma", gamma, 0)
    if alpha is not None:
        alpha = number("alpha", alpha, 0, 1)
    check_target(scores, target, flag("checked", checked), binary=True)
    is_object, dtype = target == 1, target.dtype.type
    weights = (1.0, 1.0) if alpha is None else (alpha, 1 - alpha)
    weight = xp_of(target).where(is_object, *map(dtype, weights))
    return _Terms(scores, is_object, weight, gamma), _count(scores, is_object, num_objects)


# ---------------------------------------------------------------- what both have in common


class _Terms:
    """One term for each place, with p the probability of what is true there."""

    def __init__(self, z, is_object, weight, gamma):
        xp = xp_of(z)
        self.sign = xp.where(is_object, z.dtype.type(1), z.dtype.type(-1))
        self.u = u = self.sign * z
        self.log_p = xp.minimum(u, 0) - xp.log1p(xp.exp(-xp.abs(u)))  # exp never overflows
        self.q = engine_of(z).sigmoid(-u)  # 1 − p would lose all digits near p = 1
        self.focus, self.gamma = weight * self.q**gamma, gamma

    def losses(self):
        return -self.focus * self.log_p

    def slopes(self):
        p = engine_of(self.u).sigmoid(self.u)
        return self.sign * self.focus * (self.gamma * p * self.log_p - self.q)


# ---------------------------------------------------------------- L1 where there is an object


def masked_l1_loss(
    prediction: Array,
    target: Array,
    mask: Array,
    *,
    num_objects: float | Array | None = None,
) -> Array:
    """The sum of |prediction − target| over the places of the mask, divided by the number of
    objects: of the sizes and offsets that a detector gives everywhere, those at the centres of
    objects count (Zhou et al. 2019, CenterNet, equations 2 and 3).

    prediction and target (N, C, H, W); mask (N, H, W) of bools, one for all C values of a place.
    num_objects: as focal_loss, here if not as many as places in the mask.

    Returns: a scalar of the prediction's dtype.
    Raises: ValueError if shapes do not fit, or for a negative num_objects; TypeError if values are
        not both float32 or both float64, or mask is not of bools.
    """
    difference, count = _masked(prediction, target, mask, num_objects)
    return engine_of(difference).l1(difference) / count


def masked_l1_loss_backward(
    prediction: Array,
    target: Array,
    mask: Array,
    *,
    num_objects: float | Array | None = None,
) -> Array:
    """The gradient of masked_l1_loss in prediction: the sign of prediction − target where the mask
    is True, else 0, divided by the number of objects. Where both are equal, the gradient is 0.

    Returns: the gradient, in the shape of prediction.
    Raises: as masked_l1_loss.
    """
    difference, count = _masked(prediction, target, mask, num_objects)
    return engine_of(difference).l1_slopes(difference) / count


def _masked(prediction, target, mask, num_objects):
    """prediction − target where the mask is True, else 0; and what their sum is divided by."""
    check_masked(prediction, target, mask)
    xp = xp_of(prediction, mask)
    # What stands elsewhere does not count, be it NaN.
    difference = xp.where(mask[:, None], prediction - target, prediction.dtype.type(0))
    return difference, _count(prediction, mask, num_objects)


def _count(like, is_object, num_objects) -> Any:
    """What sums over objects are divided by: their number, at least 1, in the dtype of `like`."""
    if num_objects is None:
        num_objects = is_object.sum()
    elif not is_cupy(num_objects):
        num_objects = number("num_objects", num_objects, 0)
    xp = xp_of(like)
    return xp.maximum(xp.asarray(num_objects, like.dtype), like.dtype.type(1))
