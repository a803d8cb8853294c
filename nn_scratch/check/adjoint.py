"""The adjoint identity: ⟨J u, g⟩ = ⟨u, Jᵀ g⟩, a test of backward that needs no oracle."""

import numpy as np

from nn_scratch.check.adapters import make_subject
from nn_scratch.check.finite_differences import exact_slope, slope
from nn_scratch.check.report import AdjointReport, AdjointRow

TINY = np.finfo(np.float64).tiny


def check_adjoint(target, *inputs, rtol=1e-6, seed=0, **options):
    """Check that backward is the adjoint of forward's derivative J, in each value.

    Arguments as check_gradients. Where the op is linear in a value, J is the op itself and all
    values are replaced by small integers: floating point adds and multiplies them exactly, so the
    two sides must agree to the last bit unless the op divides. Elsewhere J u is taken at the
    given inputs by differences.

    Returns an AdjointReport: `assert report.ok, report`.
    """
    subject = make_subject(target, inputs, options)
    rng = np.random.default_rng(seed)
    g = tuple(_integers(y, rng) for y in subject.outputs(subject.values))
    given = subject.gradients(subject.values, g)
    checked = {name: v for name, v in subject.values.items() if given[name] is not None}
    integers = {**subject.values, **{name: _integers(v, rng) for name, v in checked.items()}}
    rows = []
    for name, value in checked.items():
        u = _integers(value, rng)
        exact = exact_slope(subject, integers, name, u, g)
        at = integers if exact else subject.values
        gradient = subject.gradients(at, g)[name]
        numerical = exact or slope(subject, at, name, u, g)
        right = float((u * gradient).sum())
        left = min(max(right, numerical.low), numerical.high)  # at a kink any slope between
        tolerance = 1e-12 if exact else rtol
        size = max(float(np.abs(u * gradient).sum()), numerical.rounding / tolerance, TINY)
        rows.append(AdjointRow(name, left, right, abs(left - right) / size, tolerance))
    return AdjointReport(subject.name, rows)


def _integers(like, rng):
    return rng.integers(-4, 5, like.shape).astype(np.float64)
