"""Thirty and more plausible mistakes in the backward passes of the detection losses: the checker
accepts none of them, on the library's own examples."""

import numpy as np
import pytest

from nn_scratch import ops
from nn_scratch.check import check_gradients
from nn_scratch.check.cases import op_cases

CASES = {case.name: case for case in reversed(op_cases())}  # the first of each name


def probabilities(z):
    p, q = ops.sigmoid(z), ops.sigmoid(-z)
    return p, q, np.log(p), np.log(q)


def focal(centre=None, elsewhere=None, count=None, where=None):
    """A backward pass of focal_loss that is right but for what is given."""

    def backward(scores, target, alpha=2.0, beta=4.0):
        p, q, log_p, log_q = probabilities(scores)
        at = target == 1 if where is None else where(target)
        known = {"p": p, "q": q, "lp": log_p, "lq": log_q, "y": target, "a": alpha, "b": beta}
        right = (
            q**alpha * (alpha * p * log_p - q),
            (1 - target) ** beta * p**alpha * (p - alpha * q * log_q),
        )
        one, other = (
            r if f is None else f(**known) for f, r in zip((centre, elsewhere), right, strict=True)
        )
        return np.where(at, one, other) / (at.sum() if count is None else count(target))

    return backward


FOCAL = {
    "sign at centres": focal(lambda p, q, lp, a, **_: -(q**a) * (a * p * lp - q)),
    "sign elsewhere": focal(None, lambda p, q, lq, y, a, b, **_: -((1 - y) ** b) * p**a * p),
    "focus as a constant at centres": focal(lambda q, a, **_: -(q**a) * q),
    "focus as a constant elsewhere": focal(None, lambda p, y, a, b, **_: (1 - y) ** b * p**a * p),
    "cross-entropy's slope at centres": focal(lambda q, **_: -q),
    "cross-entropy's slope elsewhere": focal(None, lambda p, **_: p),
    "alpha forgotten at centres": focal(lambda p, q, lp, a, **_: q**a * (p * lp - q)),
    "alpha forgotten elsewhere": focal(
        None, lambda p, q, lq, y, a, b, **_: (1 - y) ** b * p**a * (p - q * lq)
    ),
    "power not lowered": focal(lambda p, q, lp, a, **_: a * q ** (a + 1) * p * lp - q ** (a + 1)),
    "p for q at centres": focal(lambda p, q, lp, a, **_: p**a * (a * p * lp - q)),
    "q for p elsewhere": focal(
        None, lambda p, q, lq, y, a, b, **_: (1 - y) ** b * q**a * (p - a * q * lq)
    ),
    "centres and others exchanged": focal(
        lambda p, q, lq, a, **_: p**a * (p - a * q * lq),
        lambda p, q, lp, y, a, b, **_: (1 - y) ** b * q**a * (a * p * lp - q),
    ),
    "log p for log q": focal(
        None, lambda p, q, lp, y, a, b, **_: (1 - y) ** b * p**a * (p - a * q * lp)
    ),
    "no penalty reduced": focal(None, lambda p, q, lq, a, **_: p**a * (p - a * q * lq)),
    "penalty by Y, not by 1 − Y": focal(
        None, lambda p, q, lq, y, a, b, **_: y**b * p**a * (p - a * q * lq)
    ),
    "beta forgotten": focal(None, lambda p, q, lq, y, a, **_: (1 - y) * p**a * (p - a * q * lq)),
    "beta for alpha": focal(
        None, lambda p, q, lq, y, a, b, **_: (1 - y) ** a * p**b * (p - b * q * lq)
    ),
    "slope in p, not in z, at centres": focal(
        lambda p, q, lp, a, **_: a * q ** (a - 1) * lp - q**a / p
    ),
    "slope in p, not in z, elsewhere": focal(
        None, lambda p, q, lq, y, a, b, **_: (1 - y) ** b * (p**a / q - a * p ** (a - 1) * lq)
    ),
    "every place that is not 0 a centre": focal(where=lambda y: y > 0),
    "no centre": focal(where=lambda y: y > 1, count=lambda y: (y == 1).sum()),
    "nothing elsewhere": focal(None, lambda y, **_: 0 * y),
    "mean over all places": focal(count=lambda y: y.size),
    "mean over the images": focal(count=len),
    "sum, not divided": focal(count=lambda y: 1),
    "divided by the sum of the target": focal(count=lambda y: y.sum()),
    "divided by one more": focal(count=lambda y: (y == 1).sum() + 1),
    "log base 2": focal(lambda p, q, lp, a, **_: q**a * (a * p * lp / np.log(2) - q)),
    "half": focal(count=lambda y: 2 * (y == 1).sum()),
}


def l1(change):
    """A backward pass of masked_l1_loss with `change` made to its sign, mask and count."""

    def backward(prediction, target, mask):
        sign, where = np.sign(prediction - target), mask[:, None]
        return change(sign, where, mask.sum(), prediction - target)

    return backward


L1 = {
    "no mask": l1(lambda sign, where, count, d: sign / count),
    "the other places": l1(lambda sign, where, count, d: sign * ~where / count),
    "sign": l1(lambda sign, where, count, d: -sign * where / count),
    "d, not its sign": l1(lambda sign, where, count, d: d * where / count),
    "2d, as of squares": l1(lambda sign, where, count, d: 2 * d * where / count),
    "mean over all places": l1(lambda sign, where, count, d: sign * where / where.size),
    "mean over all numbers": l1(lambda sign, where, count, d: sign * where / d.size),
    "also by channels": l1(lambda sign, where, count, d: sign * where / (count * d.shape[1])),
    "sum": l1(lambda sign, where, count, d: sign * where),
    "first channel alone": l1(
        lambda sign, where, count, d: sign * where / count * (np.arange(4) == 0)[:, None, None]
    ),
    "ones": l1(lambda sign, where, count, d: where / count + 0 * d),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FOCAL)
def test_wrong_focal_loss(name):
    case = CASES["focal_loss"]
    assert check_gradients((ops.focal_loss, FOCAL[name]), *case.inputs).ok is False


@pytest.mark.slow
@pytest.mark.parametrize("name", L1)
def test_wrong_masked_l1_loss(name):
    case = CASES["masked_l1_loss"]
    assert check_gradients((ops.masked_l1_loss, L1[name]), *case.inputs).ok is False


def test_what_is_right_is_accepted():
    """The wrong ones are wrong for what is changed in them, and for nothing else."""
    assert check_gradients((ops.focal_loss, focal()), *CASES["focal_loss"].inputs).ok
    right = l1(lambda sign, where, count, d: sign * where / count)
    assert check_gradients((ops.masked_l1_loss, right), *CASES["masked_l1_loss"].inputs).ok


def test_an_object_more_than_centres():
    """num_objects reaches backward too."""
    case = CASES["focal_loss"]

    def backward(scores, target, num_objects):
        return ops.focal_loss_backward(scores, target)

    forward = ops.focal_loss
    assert check_gradients((forward, backward), *case.inputs, num_objects=9).ok is False
    pair = (forward, ops.focal_loss_backward)
    assert check_gradients(pair, *case.inputs, num_objects=9).ok
