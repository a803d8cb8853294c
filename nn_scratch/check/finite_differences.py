"""Finite differences: the slope of a forward pass along a direction, and how uncertain it is."""

from typing import NamedTuple

import numpy as np

# Steps are powers of two and directions multiples of 1/8, so that x + step · direction is exact.
STEP = 2.0**-20
SHRINK, SHRINKS = 2.0**-6, 6  # the step shrinks while the slope changes within it, so often at most
BENT = 1e-7  # relative: a larger change of the slope at half the step means that the function bends
OTHER_STEP = 2**0.5 - 1  # irrational, so that no period of a function divides both this step and 1
LARGER_STEPS = tuple(2.0**-k for k in (20, 17, 14, 11, 8, 5))
FRACTIONS = np.arange(8, 17) / 16  # of a larger step: a parabola is fitted to these nine steps
SAFETY = 6.0  # bound of the error of the parabola's value at 0, in units of its largest residual


class Slope(NamedTuple):
    """The derivative of Σ cotangent · output along a direction.

    At a kink (ReLU at 0, two equal maxima) there is no single slope: any value from `low` to
    `high`, which add up the slopes of the two sides output by output, is right. Elsewhere `low`,
    `value` and `high` are equal.
    uncertainty: how far rounding, and the choice of the step, can change `value`.
    jump: the outputs jump here, so that no slope can be called wrong.
    """

    value: float
    low: float
    high: float
    uncertainty: float
    jump: bool = False

    @property
    def kink(self) -> bool:
        """Whether the two sides have different slopes."""
        return self.low < self.high

    def distance(self, claimed: float) -> float:
        """How far a claimed slope is from the nearest right one."""
        return max(self.low - claimed, claimed - self.high, 0.0)


def draw_direction(rng, shape):
    """Normal values, rounded to multiples of 1/8."""
    return np.round(8 * rng.standard_normal(shape)) / 8


class _Sides(NamedTuple):
    """Slopes by one step: central, the lower and the higher of the two sides; the rounding error of
    a slope; and whether the outputs moved at all, before and after."""

    value: float
    low: float
    high: float
    rounding: float
    moved: tuple = (True, True)

    @property
    def gap(self):
        return self.high - self.low


class Line:
    """The line of values on which values[name] moves along `direction`, and on it the function
    Σ cotangent · output of `adapter`, whose slope at `values` is looked for.

    unit: the size that steps are relative to, by default the largest value.
    """

    def __init__(self, adapter, values, name, direction, cotangents, unit=None):
        self.adapter, self.values, self.name = adapter, values, name
        self.direction, self.cotangents = direction, cotangents
        self.unit = unit or _unit(values[name])
        self.here = adapter.outputs_again(values)

    def slope(self):
        """The Slope at `values`.

        Large steps come first: for an op that is linear in this value they are exact up to
        rounding. If it is not linear, a small step and half of it are compared: when the step is
        halved, the difference between the slopes of the two sides halves if the function is smooth,
        and stays if there is a kink. Where the slope changes within a step (1/x near 0), or a step
        leaves the domain, smaller steps follow.
        """
        exact = self.exact_slope()
        if exact:
            return exact
        step = STEP * self.unit
        for _ in range(SHRINKS):
            used, whole, half = step, self._sides(step), self._sides(step / 2)
            change = abs(whole.value - half.value)
            if change <= max(BENT * abs(half.value), half.rounding):
                break
            step *= SHRINK
        uncertainty = max(change, half.rounding) if np.isfinite(change) else np.inf
        if half.gap > max(0.6 * whole.gap, half.rounding):
            if self._sides(64 * used).gap >= 0.5 * whole.gap:  # a kink: larger steps see the same
                return Slope(half.value, half.low, half.high, uncertainty)
            if self._smooth_beside(used, whole.gap * used):
                return Slope(half.value, half.low, half.high, 0.0, jump=True)
            uncertainty = max(uncertainty, half.gap)  # neither kink nor jump, but rounding or noise
        return Slope(half.value, half.value, half.value, uncertainty)

    def exact_slope(self):
        """The Slope found with step 1 if the op is linear, else None.

        The op counts as linear if the two sides agree and another step finds the same slope. The
        sides alone prove nothing: those of tanh at 0 agree with every step, but each step finds
        another slope.
        """
        first = self._sides(1.0)
        if not first.gap <= first.rounding < np.inf:  # the step may have left the domain
            return None
        other = self._sides(OTHER_STEP)
        apart = max(other.gap, abs(other.value - first.value))
        if not apart <= first.rounding + other.rounding < np.inf:
            return None
        return Slope(first.value, first.value, first.value, first.rounding)

    def careful_slope(self):
        """A more careful Slope, for where `slope` disagrees with a claim and noise may be the
        reason.

        For several sizes of step, a parabola a + b·h² is fitted to central differences with nine
        steps h. Then a is the slope, and the residual of the fit bounds the effect of noise and of
        terms of higher order. Larger steps see more where rounding hides small changes; the size of
        step with the least uncertainty counts.
        """
        found = [self._fitted(step * self.unit) for step in LARGER_STEPS]
        seen = [slope for slope, moved in found if moved == {True}]
        if seen:  # then steps without any effect were lost in rounding, and do not count
            found = [(slope, moved) for slope, moved in found if moved != {False}]
        return min((slope for slope, _ in found), key=lambda slope: slope.uncertainty)

    def _fitted(self, step):
        """The Slope by a fit to central differences with steps up to `step`; and whether the
        outputs moved, as a set: {True} if they moved on both sides at every step, {False} if they
        never did."""
        sides = [self._sides(step * fraction) for fraction in FRACTIONS.tolist()]
        curves = np.array([(s.value, s.low, s.high) for s in sides])  # (9, 3)
        rounding = max(s.rounding for s in sides)
        if not np.isfinite(curves).all():
            return Slope(0.0, 0.0, 0.0, np.inf), {True, False}
        value, left_over = _intercept(FRACTIONS**2, curves[:, 0], degree=1)
        low, _ = _intercept(FRACTIONS, curves[:, 1], degree=2)
        high, _ = _intercept(FRACTIONS, curves[:, 2], degree=2)
        uncertainty = max(SAFETY * left_over, rounding)
        if high - low <= 4 * uncertainty:
            low = high = value
        moved = {m for s in sides for m in s.moved}
        return Slope(value, min(low, value), max(high, value), uncertainty), moved

    def _smooth_beside(self, step, gap):
        """Whether the outputs are smooth on each side, so that a `gap` between the sides is a jump
        and not noise. Third differences of a smooth function nearly vanish."""
        for sign in (-1, 1):
            points = [self._weighted(sign * 8 * step * k) for k in range(1, 9)]
            if not np.abs(np.diff(points, 3)).max() <= gap / 100:
                return False
        return True

    def _weighted(self, step):
        """Σ cotangent · output at `step` along the direction."""
        outputs = self._outputs(step)
        if outputs is None:
            return np.nan
        with np.errstate(all="ignore"):
            return sum(float((c * y).sum()) for c, y in zip(self.cotangents, outputs, strict=True))

    def _outputs(self, step):
        """The outputs at `step` along the direction; None if forward raises there."""
        moved = self.values[self.name] + step * self.direction
        with np.errstate(all="ignore"):
            try:
                return self.adapter.outputs({**self.values, self.name: moved})
            except Exception:  # forward accepted `values`, but its domain may end beside them
                return None

    def _sides(self, step):
        """The _Sides of `values` by one step, output by output."""
        low = high = value = size = 0.0
        before, after = self._outputs(-step), self._outputs(step)
        if before is None or after is None:
            return _Sides(np.nan, np.nan, np.nan, np.inf)
        with np.errstate(all="ignore"):
            for c, b, h, a in zip(self.cotangents, before, self.here, after, strict=True):
                left, right = c * (h - b) / step, c * (a - h) / step
                low += float(np.minimum(left, right).sum())
                high += float(np.maximum(left, right).sum())
                value += float((c * (a - b)).sum()) / (2 * step)
                size += float(np.abs(c * h).sum() + np.abs(c * (a - b)).sum())
        rounding = 8 * self.adapter.eps * size / step
        moved = tuple(not all(map(np.array_equal, self.here, there)) for there in (before, after))
        return _Sides(value, low, high, rounding, moved)


def _intercept(x, y, degree):
    """The value at 0 of a polynomial fitted to the points, and its largest residual."""
    powers = np.vander(x, degree + 1, increasing=True)
    coefficients = np.linalg.lstsq(powers, y, rcond=None)[0]
    return float(coefficients[0]), float(np.abs(powers @ coefficients - y).max())


def _unit(value):
    """The size that steps are relative to: the largest value rounded to a power of two, at least
    1."""
    return 2.0 ** np.round(np.log2(np.abs(value).max(initial=1)))
