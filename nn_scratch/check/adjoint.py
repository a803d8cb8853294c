"""The adjoint identity: ⟨J u, g⟩ = ⟨u, Jᵀ g⟩, a test of backward that needs no oracle."""

from typing import Any

import numpy as np

from nn_scratch.arguments import a_seed
from nn_scratch.check.adapters import make_adapter
from nn_scratch.check.comparison import agrees, comparable
from nn_scratch.check.finite_differences import Line
from nn_scratch.check.report import AdjointReport, AdjointRow
from nn_scratch.validate import number

TINY = float(np.finfo(np.float64).tiny)


def check_adjoint(
    target: Any, *inputs: Any, rtol: float = 1e-6, seed: int = 0, **options: Any
) -> AdjointReport:
    """Check that backward is the adjoint of forward's derivative J, for each input and parameter.

    The arguments are those of check_gradients. Where the op is linear in a value, J is the op
    itself, and all values are replaced by small integers: floating point adds and multiplies
    small integers exactly, so that the two sides agree to the last bit unless the op divides.
    Elsewhere J u is computed at the given inputs by finite differences.

    Returns: an AdjointReport: `assert report.ok, report`.
    Raises: what check_gradients raises.
    """
    rtol, seed = number("rtol", rtol, 0, 1, above=True), a_seed("seed", seed)
    adapter = make_adapter(target, inputs, options)
    if not adapter.values or not all(v.size for v in adapter.values.values()):
        return AdjointReport(adapter.name, [], ["there is nothing to compare"])
    rng = np.random.default_rng(seed)
    adapter.choose_plan(lambda adapter: agrees(adapter, rtol))
    values = adapter.values
    g = tuple(_integers(y, rng) for y in adapter.outputs_again(values))
    given = adapter.gradients(values, g)
    checked = {n: v for n, v in values.items() if comparable(given[n], v)}
    integers = {**values, **{name: _integers(v, rng) for name, v in checked.items()}}
    rows = [_row(adapter, name, values, integers, g, rtol, rng) for name in checked]
    doubts = ["forward is random"] if adapter.random else []
    return AdjointReport(adapter.name, [] if doubts else rows, doubts)


def _row(adapter, name, values, integers, g, rtol, rng):
    """Both sides of the identity for one value."""
    u = _integers(values[name], rng)
    exact = _exact(adapter, integers, name, u, g)
    at = integers if exact else values
    gradient = adapter.gradients(at, g)[name]
    right = float((u * gradient).sum())
    tolerance = 1e-12 if exact else rtol
    line = Line(adapter, at, name, u, g)
    numerical = exact or line.slope()
    size = float(np.abs(u * gradient).sum())
    if not exact and numerical.distance(right) > rtol * size:
        careful = line.careful_slope()
        if not numerical.kink or careful.uncertainty < numerical.uncertainty:
            numerical = careful
    # At a kink, any slope between those of the two sides is right: take the nearest.
    left = min(max(right, numerical.low), numerical.high)
    gap = abs(left - right) / max(size, numerical.uncertainty / tolerance, TINY)
    unsure = not exact and gap <= tolerance and numerical.uncertainty > rtol * size > 0
    return AdjointRow(name, left, right, gap, tolerance, unsure)


def _exact(adapter, integers, name, u, g):
    """The exact slope at small integers, or None if forward refuses them or is not linear."""
    try:
        return Line(adapter, integers, name, u, g).exact_slope()
    except Exception:  # integers may lie outside forward's domain
        return None


def _integers(like, rng):
    return rng.integers(-4, 5, like.shape).astype(np.float64)
