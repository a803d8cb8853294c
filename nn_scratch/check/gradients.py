"""The gradient check: backward against differences of forward."""

import numpy as np

from nn_scratch.check.adapters import make_subject
from nn_scratch.check.finite_differences import slope
from nn_scratch.check.report import GradientReport, GradientRow

DIRECTIONS = 3
MOST_ELEMENTS = 2000


def check_gradients(target, *inputs, rtol=1e-6, seed=0, **options):
    """Compare the gradients of a backward pass with finite differences of its forward pass.

    target: a layer, or a pair of functions (forward, backward); see PairSubject for what backward
    is given. inputs: what forward takes; float arrays among them are differentiated, as are a
    layer's parameters. options: further keyword arguments of forward.

    Works on a float64 copy, with random cotangents. Each gradient is first compared along random
    directions; if one disagrees, or meets a kink, element by element. An error is the largest
    difference, relative to the largest gradient. Also checked: shapes, finiteness, that a
    cotangent of zero gives zero, that a second call gives the same, that arrays behind strides do,
    that no argument is changed.

    Returns a GradientReport: `assert report.ok, report`.
    """
    subject = make_subject(target, inputs, options)
    rng = np.random.default_rng(seed)
    values = subject.values
    cotangents = tuple(rng.standard_normal(y.shape) for y in subject.outputs(values))
    gradients = subject.gradients(values, cotangents)
    gradients = {name: None if g is None else np.array(g) for name, g in gradients.items()}

    problems = _problems(subject, values, cotangents, gradients)
    rows = [
        _compare(subject, values, name, gradients[name], cotangents, rtol, rng)
        for name in values
        if _comparable(gradients[name], values[name])
    ]
    skipped = [name for name in values if gradients[name] is None]
    if not rows and not problems:
        problems = ["backward returned no gradient at all"]
    return GradientReport(subject.name, rows, problems, skipped)


def _compare(subject, values, name, gradient, cotangents, rtol, rng):
    """One gradient along random directions, and element by element where those do not settle it."""
    errors = []
    for _ in range(DIRECTIONS):
        direction = rng.standard_normal(gradient.shape)
        numerical = slope(subject, values, name, direction, cotangents)
        claimed = float((gradient * direction).sum())
        scale = max(abs(numerical.value), float(np.linalg.norm(gradient)))
        errors.append(_relative(numerical.distance(claimed), scale, numerical.rounding, rtol))
        if not errors[-1] <= rtol or numerical.low < numerical.high:
            return _compare_elements(subject, values, name, gradient, cotangents, rtol, rng)
    return GradientRow(name, max(errors), rtol, f"{DIRECTIONS} directions")


def _compare_elements(subject, values, name, gradient, cotangents, rtol, rng):
    """One gradient element by element (a random choice of them when there are very many)."""
    chosen = np.arange(gradient.size)
    if gradient.size > MOST_ELEMENTS:
        chosen = np.sort(rng.choice(gradient.size, MOST_ELEMENTS, replace=False))
    slopes = []
    for element in chosen:
        direction = np.zeros(gradient.size)
        direction[element] = 1
        slopes.append(slope(subject, values, name, direction.reshape(gradient.shape), cotangents))

    known = (abs(s.value) for s in slopes if s.rounding < abs(s.value) / 4)  # no jumps
    scale = max(known, default=0.0)
    claimed = gradient.reshape(-1)[chosen]
    errors = np.array(
        [
            _relative(numerical.distance(c), scale, numerical.rounding, rtol)
            for numerical, c in zip(slopes, claimed, strict=True)
        ]
    )
    worst = int(errors.argmax())
    kinks = sum(s.low < s.high for s in slopes)
    compared = f"{len(chosen)} of {gradient.size} elements"
    if kinks:
        compared += f", {kinks} at a kink"
    return GradientRow(
        name,
        float(errors[worst]),
        rtol,
        compared,
        place=tuple(int(i) for i in np.unravel_index(chosen[worst], gradient.shape)),
        yours=float(claimed[worst]),
        numerical=slopes[worst].value,
        wrong=int((~(errors <= rtol)).sum()),
    )


def _relative(distance, scale, rounding, rtol):
    """The error relative to the gradient's size; a size below what rounding can resolve counts as
    that, so that a true gradient of 0 is not measured by noise."""
    return distance / max(scale, rounding / rtol, np.finfo(np.float64).tiny)


def _comparable(gradient, value):
    return gradient is not None and gradient.shape == value.shape and np.isfinite(gradient).all()


def _problems(subject, values, cotangents, gradients):
    """Everything that is wrong besides the numbers, one sentence each."""
    found = []
    for name, value in values.items():
        gradient = gradients[name]
        if gradient is None:
            continue
        if gradient.shape != value.shape:
            found.append(
                f"the gradient of {name} has shape {gradient.shape}, but {name} has {value.shape}"
            )
        elif not np.isfinite(gradient).all():
            found.append(f"the gradient of {name} is not finite everywhere")
    if found:
        return found

    kept = {name: value.copy() for name, value in values.items()}
    kept_cotangents = tuple(c.copy() for c in cotangents)
    if not _same(subject.gradients(values, cotangents), gradients, 0):
        found.append("a second call of backward gives something else")
    found += [
        f"forward or backward changes {name}"
        for name, value in values.items()
        if not np.array_equal(value, kept[name]) or name in subject.changed(kept)
    ]
    if not all(map(np.array_equal, cotangents, kept_cotangents)):
        found.append("backward changes dy")

    found += [
        f"backward sets the gradient of {name}, but must add to it: grads[...] += …"
        for name in subject.not_added(kept, kept_cotangents)
    ]

    zeros = subject.gradients(kept, tuple(np.zeros_like(c) for c in cotangents))
    found += [
        f"a dy of zeros gives a gradient of {name} that is not zero"
        for name, gradient in zeros.items()
        if gradient is not None and np.any(gradient)
    ]
    behind_strides = {name: _strided(value) for name, value in kept.items()}
    strided_cotangents = tuple(map(_strided, kept_cotangents))
    if not _same(subject.gradients(behind_strides, strided_cotangents), gradients, 1e-10):
        found.append("arrays that are not contiguous give another gradient")
    return found


def _same(some, others, tolerance):
    """Whether two sets of gradients are equal, relative to the largest of all: one that is truly
    zero is only rounding, and differs."""
    pairs = [(g, others[name]) for name, g in some.items() if g is not None]
    largest = max((np.abs(g).max(initial=0) for g, _ in pairs), default=0)
    return all(np.abs(g - other).max(initial=0) <= tolerance * largest for g, other in pairs)


def _strided(array):
    """The same values, not contiguous in memory."""
    wide = np.zeros((*array.shape, 2))
    wide[..., 0] = array
    return wide[..., 0]
