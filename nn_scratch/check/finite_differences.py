"""The numerical side: the slope of a subject's outputs along a direction, by differences."""

from typing import NamedTuple

import numpy as np

STEP = 1e-6
SHRINK, SHRINKS = 1 / 64, 6  # of the step, as long as the function bends within it
BENT = 1e-7  # of the slope: what halving the step may change, or the function bends
OTHER_STEP = 2**0.5 - 1  # beside 1: there is no period of which both are multiples


class Slope(NamedTuple):
    """d/dt of Σ cotangent · output along a direction.

    At a kink (ReLU at 0, two equal maxima) there is no single slope: any value from `low` to
    `high`, the slopes of the two sides taken output by output, is right. Elsewhere all are equal.
    `rounding` is what floating point can make of it, and how far smaller steps still change it.
    """

    value: float
    low: float
    high: float
    rounding: float

    def distance(self, claimed):
        """How far a claimed slope is from a right one."""
        return max(self.low - claimed, claimed - self.high, 0.0)


def slope(subject, values, name, direction, cotangents):
    """The Slope of `subject` at `values`, when values[name] moves along `direction`.

    First with large steps: an op that is linear in this value has no error of higher order, so
    that they are exact to rounding. Otherwise with a small step and with half of it: between them,
    the difference of the two sides halves for a smooth function and stays for a kink. Where the
    slope itself changes (1/x near 0), or a step leaves the domain, smaller ones follow.
    """
    exact = exact_slope(subject, values, name, direction, cotangents)
    if exact:
        return exact
    step = STEP * float(np.abs(values[name]).max(initial=1))
    for _ in range(SHRINKS):
        whole, half = (
            _sides(subject, values, name, direction, cotangents, s) for s in (step, step / 2)
        )
        change = abs(whole.value - half.value)
        if change <= max(BENT * abs(half.value), half.rounding):
            break
        step *= SHRINK
    rounding = max(change, half.rounding)
    if half.gap > max(0.6 * whole.gap, half.rounding):
        return Slope(half.value, half.low, half.high, rounding)
    return Slope(half.value, half.value, half.value, rounding)


def exact_slope(subject, values, name, direction, cotangents):
    """The Slope with step 1, if the op is linear there, else None.

    It is if the two sides agree, and another step finds the same: the two sides of tanh also agree
    at 0, with every step, but each step finds another slope.
    """
    first = _sides(subject, values, name, direction, cotangents, 1.0)
    if not first.gap <= first.rounding < np.inf:  # the step may have left the domain
        return None
    other = _sides(subject, values, name, direction, cotangents, OTHER_STEP)
    apart = max(other.gap, abs(other.value - first.value))
    if not apart <= first.rounding + other.rounding < np.inf:
        return None
    return Slope(first.value, first.value, first.value, first.rounding)


class _Sides(NamedTuple):
    value: float
    low: float
    high: float
    rounding: float

    @property
    def gap(self):
        return self.high - self.low


def _sides(subject, values, name, direction, cotangents, step):
    """Slopes on both sides of `values` with one step, output by output."""
    low = high = value = size = 0.0
    with np.errstate(all="ignore"):  # a step of 1 may leave the domain
        before, here, after = (
            subject.outputs({**values, name: values[name] + t * direction})
            for t in (-step, 0, step)
        )
        for c, b, h, a in zip(cotangents, before, here, after, strict=True):
            left, right = c * (h - b) / step, c * (a - h) / step
            low += float(np.minimum(left, right).sum())
            high += float(np.maximum(left, right).sum())
            value += float((c * (a - b)).sum()) / (2 * step)
            size += float(np.abs(c * h).sum() + np.abs(c * (a - b)).sum())
    rounding = 8 * np.finfo(np.float64).eps * size / step
    return _Sides(value, low, high, rounding)
