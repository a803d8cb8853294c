"""The numerical side: the slope of a subject's outputs along a direction, by differences."""

from typing import NamedTuple

import numpy as np

STEP = 1e-6


class Slope(NamedTuple):
    """d/dt of Σ cotangent · output along a direction.

    At a kink (ReLU at 0, two equal maxima) there is no single slope: any value from `low` to
    `high`, the slopes of the two sides taken output by output, is right. Elsewhere all are equal.
    `rounding` is what floating point can make of it.
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

    First with step 1: an op that is linear in this value has no error of higher order, so that
    the large step is exact to rounding. Otherwise with a small step and with half of it: between
    them, the difference of the two sides halves for a smooth function and stays for a kink.
    """
    exact = exact_slope(subject, values, name, direction, cotangents)
    if exact:
        return exact
    scale = float(np.abs(values[name]).max(initial=0)) or 1.0
    whole, half = (
        _sides(subject, values, name, direction, cotangents, step * scale)
        for step in (STEP, STEP / 2)
    )
    if half.gap > max(0.6 * whole.gap, half.rounding):
        return Slope(half.value, half.low, half.high, half.rounding)
    return Slope(half.value, half.value, half.value, half.rounding)


def exact_slope(subject, values, name, direction, cotangents):
    """The Slope with step 1, if the two sides agree: the op is linear there. Else None."""
    sides = _sides(subject, values, name, direction, cotangents, 1.0)
    if not sides.gap <= sides.rounding:
        return None
    return Slope(sides.value, sides.value, sides.value, sides.rounding)


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
