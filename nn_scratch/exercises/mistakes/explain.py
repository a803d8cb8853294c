"""Which known mistake explains all that a function gave."""

from typing import NamedTuple

import numpy as np

TOLERANCE = 1e-6
SMALLEST = 1e-2  # of all integers, the results are nothing but rounding below that


class Explanation(NamedTuple):
    """A mistake's name, what it is, and a question that leads on."""

    name: str
    says: str
    asks: str


def explain(seen, mistakes):
    """The Explanation of what a function gave on all cases, or None if not exactly one fits.

    seen: pairs (Trial, dict of results as the function gave them; None where it gave none).
    """
    seen = [(case, found) for case, found in seen if found is not None]
    wrong = {
        name
        for case, found in seen
        for name, right in case.right.items()
        if not _equal(found[name], right)
    }
    fitting = []
    for mistake in mistakes:
        made = [list(mistake.variants(case)) for case, _ in seen]
        if all(
            any(_fits(seen, made, name, k) for k in range(len(made[0]))) for name in sorted(wrong)
        ):
            fitting.append(Explanation(mistake.name, mistake.says, mistake.asks))
    if not fitting:
        return _common_factor(seen, wrong)
    return fitting[0] if len({found.name for found in fitting}) == 1 else None


def _fits(seen, made, name, k):
    """Whether the result `name` is what the k-th variant gives, on every case."""
    explained = False
    for (case, found), variants in zip(seen, made, strict=True):
        right, given, wrong = case.right[name], found[name], variants[k].get(name)
        if np.shape(given) != right.shape:
            if wrong is not None and wrong.shape == right.shape:
                return False  # the mistake would give numbers here
            continue
        if not _equal(given, right if wrong is None else wrong):
            return False
        explained |= wrong is not None and not _equal(wrong, right)
    return explained


def _common_factor(seen, wrong):
    """An Explanation if all wrong results are one number times the right ones."""
    factors = []
    for case, found in seen:
        for name in wrong:
            right, given = case.right[name], np.asarray(found[name])
            if right.dtype.kind != "f" or given.shape != right.shape:
                return None
            if right.any():
                factor = float((given * right).sum() / (right * right).sum())
                if not _equal(given, factor * right):
                    return None
                factors.append(factor)
    if not factors or np.ptp(factors) > TOLERANCE * np.abs(factors).max() or not factors[0]:
        return None
    all_wrong = " and ".join(sorted(wrong))
    if abs(factors[0] + 1) < TOLERANCE:
        return Explanation(
            "sign",
            f"The sign of {all_wrong} is wrong; all else is right.",
            "If this number grows a little, does the loss grow or fall, and what does your minus "
            "say?",
        )
    return Explanation(
        "factor",
        f"Your {all_wrong} is {factors[0]:.4g} times the right one; all else is right.",
        "Which constant of the forward pass is differentiated twice, or not at all?",
    )


def _equal(a, b):
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return False
    size = max(np.abs(b).max(initial=0), np.abs(a).max(initial=0), SMALLEST)
    return bool(np.abs(a - b).max(initial=0) <= TOLERANCE * size)
