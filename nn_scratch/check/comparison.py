"""One gradient against finite differences: right, wrong, or cannot be told."""

import numpy as np

from nn_scratch.check.finite_differences import Line, draw_direction
from nn_scratch.check.report import GradientRow

DIRECTIONS = 3
MOST_ELEMENTS = 2000
CLOSE = 100  # how much larger the uncertainty, an upper bound, may be where the values agree
MOST_WITH_CARE = 64  # elements of one gradient that are compared a second time
TINY = float(np.finfo(np.float64).tiny)


class Comparison:
    """Compares the gradients of an adapter at `values` with finite differences.

    floor: the size of a normal slope, needed where a gradient is zero and gives no scale itself.
    zero: a difference of slopes that the rounding of the outputs explains.
    """

    def __init__(self, adapter, values, cotangents, gradients, rtol, rng):
        self.adapter, self.values, self.cotangents = adapter, values, cotangents
        self.gradients, self.rtol, self.rng = gradients, rtol, rng
        norms = [norm(c) for c in cotangents]
        self.norms = {n: norm(g) for n, g in gradients.items() if g is not None}
        self.floor = max([*norms, *self.norms.values()])
        outputs = adapter.outputs_again(values)
        sizes = (np.abs(c * y).sum() for c, y in zip(cotangents, outputs, strict=True))
        self.zero = 1e-11 * float(sum(sizes))

    def row(self, name, directions=DIRECTIONS) -> GradientRow:
        """The row of the report for one gradient. It is compared along random directions, and
        element by element if one of them disagrees or meets a kink."""
        gradient = self.gradients[name]
        errors, unsure, doubt = [], 0.0, False
        for _ in range(directions):
            direction = draw_direction(self.rng, gradient.shape)
            claimed = float((gradient * direction).sum())
            scale = norm(gradient)
            line = self._line(name, direction)
            numerical = line.slope()
            ok, error = self._judge(numerical, claimed, scale, name)
            if not ok:
                numerical, ok, error = self._with_care(line, claimed, scale)
            if ok is None:
                ok, error = self._by_size(name, direction)
            if ok is False or numerical.kink or numerical.jump:
                return self._by_elements(name, ok is False and not numerical.kink)
            errors.append(error)
            unsure = max(unsure, self._resolution(numerical.uncertainty, scale))
            doubt = doubt or ok is None
        return GradientRow(
            name,
            max(errors),
            self.rtol,
            f"{directions} directions",
            unsure=unsure if doubt else None,
        )

    def _line(self, name, direction, unit=None):
        """The Line on which the value `name` moves along `direction`."""
        return Line(self.adapter, self.values, name, direction, self.cotangents, unit)

    def _element_line(self, name, index):
        """The Line on which only one element of the value moves."""
        direction = np.zeros(self.values[name].size)
        direction[index] = 1
        return self._line(name, direction.reshape(self.values[name].shape))

    def _by_size(self, name, direction):
        """The verdict and error along a direction in which each value moves in proportion to its
        own size. It helps where values of very different sizes have no step in common."""
        gradient, sizes = self.gradients[name], np.abs(self.values[name])
        sizes = 2.0 ** np.round(np.log2(np.where(sizes > 0, sizes, 1.0)))
        claimed, scale = float((gradient * sizes * direction).sum()), norm(gradient * sizes)
        line = self._line(name, sizes * direction, unit=1.0)
        numerical = line.slope()
        ok, error = self._judge(numerical, claimed, scale, name)
        if numerical.kink or numerical.jump:
            return None, error
        if not ok:
            numerical = line.careful_slope()
            straight = numerical._replace(low=numerical.value, high=numerical.value)
            ok, error = self._judge(straight, claimed, scale, name)
        return ok, error

    def _with_care(self, line, claimed, scale):
        """The careful slope with its verdict and error. Its larger steps may meet kinks that lie
        elsewhere, so the claim is first judged by the slope in the middle, then as at a kink."""
        numerical = line.careful_slope()
        straight = numerical._replace(low=numerical.value, high=numerical.value)
        ok, error = self._judge(straight, claimed, scale, line.name)
        if ok is False and numerical.kink:
            return numerical, *self._judge(numerical, claimed, scale, line.name)
        return straight, ok, error

    def _judge(self, numerical, claimed, scale, name):
        """(verdict, error) of one claimed slope. The verdict is None if the numerical slope is not
        known well enough."""
        distance = numerical.distance(claimed)
        size = max(scale, abs(numerical.value) if numerical.uncertainty < np.inf else 0.0)
        error = distance / max(size, self.zero / self.rtol, TINY)
        sure = distance - numerical.uncertainty
        if sure > self.rtol * size and sure > self.zero:
            return False, error
        close = distance <= self.rtol * size
        if numerical.uncertainty <= self.rtol * size * (CLOSE if close else 1):
            return True, error
        if self._is_zero(name) and numerical.uncertainty <= max(self.rtol, 1e-6) * self.floor:
            return True, min(error, distance / self.floor)
        return None, error

    def _is_zero(self, name):
        """Whether a gradient is zero up to rounding, compared with dy and the other gradients. The
        gradient of a bias before batch normalization is an example."""
        own = self.norms[name]
        others = [self.norms[other] for other in self.norms if other != name]
        if own <= 1e-9 * max(others, default=0.0):
            return True
        return own == 0 or (own <= 1e-12 * self.floor and self._is_rounding(name))

    def _is_rounding(self, name):
        """Whether a gradient consists of rounding alone: then it is not even linear in dy."""
        rng = np.random.default_rng(2)
        others = tuple(rng.standard_normal(c.shape) for c in self.cotangents)
        both = tuple(map(np.add, self.cotangents, others))
        second, total = (self.adapter.gradients(self.values, c)[name] for c in (others, both))
        return norm(self.gradients[name] + second - total) > 1e-3 * norm(total)

    @staticmethod
    def _resolution(uncertainty, scale):
        """An uncertainty relative to the size of the gradient."""
        with np.errstate(over="ignore"):
            return float(np.divide(uncertainty, max(scale, TINY)))

    def _by_elements(self, name, wrong):
        """The row of one gradient, compared element by element, or at a random choice of elements
        if there are very many.

        wrong: the gradient is known to be wrong already, and the elements only say where.
        """
        gradient = self.gradients[name]
        chosen = np.arange(gradient.size)
        if gradient.size > MOST_ELEMENTS:
            chosen = np.sort(self.rng.choice(gradient.size, MOST_ELEMENTS, replace=False))
        slopes = [self._element_line(name, i).slope() for i in chosen]
        known = (abs(s.value) for s in slopes if not s.jump and s.uncertainty < abs(s.value) / 4)
        scale = max(known, default=float(np.abs(gradient).max()))
        claimed = gradient.reshape(-1)[chosen]
        verdicts, errors = self._judge_all(name, chosen, slopes, claimed, scale, confirm=not wrong)
        worst = int(
            np.argmax([e + 2 * (v is False) for v, e in zip(verdicts, errors, strict=True)])
        )
        kinks = sum(s.kink or s.jump for s in slopes)
        compared = f"{len(chosen)} of {gradient.size} elements"
        if kinks:
            compared += f", {kinks} at a kink"
        count = sum(v is False for v in verdicts)
        doubt = any(v is None for v in verdicts) and not (wrong or count)
        return GradientRow(
            name,
            max(float(errors[worst]), 2 * self.rtol if wrong else 0.0),
            self.rtol,
            compared,
            place=tuple(int(i) for i in np.unravel_index(chosen[worst], gradient.shape)),
            yours=float(claimed[worst]),
            numerical=slopes[worst].value,
            wrong=count,
            unsure=self._resolution(max(s.uncertainty for s in slopes), scale) if doubt else None,
        )

    def _judge_all(self, name, chosen, slopes, claimed, scale, confirm):
        """Verdicts and errors of the elements. Elements that seem wrong are compared once more with
        careful_slope, until one is found that is wrong; `confirm` asks for that. The verdict on
        those beyond MOST_WITH_CARE stays open."""
        verdicts, errors, looked = [], [], 0
        for i, s, c in zip(chosen, slopes, claimed.tolist(), strict=True):
            ok, error = (True, 0.0) if s.jump else self._judge(s, c, scale, name)
            if ok is None or (ok is False and confirm):
                looked += 1
                if looked <= MOST_WITH_CARE:
                    _, ok, error = self._with_care(self._element_line(name, i), c, scale)
                    confirm = confirm and ok is not False
                elif ok is False:
                    ok = None
            verdicts.append(ok)
            errors.append(error)
        return verdicts, errors


def comparable(gradient, value) -> bool:
    """Whether a gradient is there, finite, and of its value's shape, so that it can be compared."""
    return gradient is not None and gradient.shape == value.shape and np.isfinite(gradient).all()


def agrees(adapter, rtol):
    """Whether the gradients that the adapter's plan gives are right along one direction each."""
    rng = np.random.default_rng(1)
    outputs = adapter.outputs_again(adapter.values)
    cotangents = tuple(rng.standard_normal(y.shape) for y in outputs)
    gradients = adapter.gradients(adapter.values, cotangents)
    if any(gradients[name] is None for name in adapter.needed()):
        return False
    for name, gradient in gradients.items():
        if gradient is None:
            continue
        if not comparable(gradient, adapter.values[name]):
            return False
        direction = draw_direction(rng, gradient.shape)
        numerical = Line(adapter, adapter.values, name, direction, cotangents).slope()
        claimed = float((gradient * direction).sum())
        size = max(norm(gradient), abs(numerical.value))
        if numerical.distance(claimed) > rtol * size + numerical.uncertainty:
            return False
    return True


def norm(array) -> float:
    """The Euclidean norm, without overflow."""
    largest = float(np.abs(array).max(initial=0))
    if not 0 < largest < np.inf:
        return largest
    return largest * float(np.linalg.norm(array / largest))
