"""The gradient check: backward against differences of forward."""

from typing import Any

import numpy as np

from nn_scratch.arguments import a_seed
from nn_scratch.backend import is_array
from nn_scratch.check.adapters import make_adapter
from nn_scratch.check.behaviour import (
    problems_of_layer,
    problems_of_repetition,
    problems_of_results,
    problems_of_writing,
    reused_outputs,
    without_effect,
)
from nn_scratch.check.comparison import DIRECTIONS, Comparison, agrees, comparable
from nn_scratch.check.layer_faults import unregistered
from nn_scratch.check.report import GradientReport
from nn_scratch.check.single_precision import in_single_precision, rounds_to_single
from nn_scratch.validate import number

COARSE = ": that is so coarse that small changes vanish; let it keep the dtype of its input"
HIDDEN = (
    "rounding or noise hides the slope of forward: its result is so large beside its changes, or "
    "so rough, that differences do not see them; leave out a large constant, or check on other "
    "inputs"
)
REPEATS = 8  # calls of forward on the same inputs, which show whether it is random
RANDOM = (
    "forward is random, or remembers earlier calls: it gives different results for the same "
    "input. Give it the same random numbers at every call, rng = np.random.default_rng(0) inside "
    "of forward, or check it where it draws none, as a dropout in evaluation mode: layer.eval()"
)


def check_gradients(
    target: Any, *inputs: Any, rtol: float = 1e-6, seed: int = 0, **options: Any
) -> GradientReport:
    """Compare the gradients of a backward pass with finite differences of its forward pass.

    target: a layer, or a pair of functions (forward, backward).
    inputs: the arguments of forward, arrays of any shape. Arrays of floats among them are
        differentiated, and so are the parameters of a layer.
    rtol: the largest error that counts as right. An error is the largest difference, relative to
        the largest gradient.
    seed: of the random cotangents and directions.
    options: keyword arguments of forward.

    The names of backward's arguments say what it is called with: a dy, arguments of forward, or
    what forward returned besides its result, such as a cache.

    The check computes in float64, on copies, with random cotangents. Each gradient is compared
    along random directions first, and element by element if one of them disagrees or meets a kink.
    Further checks: no gradient is missing; shapes fit; all is finite; a cotangent of zeros gives
    zeros; a second call gives the same, and so do arrays that are not contiguous; no argument is
    written into; the gradients are right for other values of the parameters and in float32.

    The passes run in this process. `nn-scratch check FILE:NAME` runs them in a process of their
    own, which survives a pass that never ends.

    Returns: a GradientReport: `assert report.ok, report`. Its `ok` is True, False, or None if it
        cannot be told, for instance because forward is random or rounding hides its slope.
    Raises: TypeError for a target that is neither a layer nor a pair of functions; TypeError or
        ValueError for an rtol that is not between 0 and 1, or a seed that is not a whole number of
        at least 0; and whatever the passes raise.
    """
    rtol, seed = number("rtol", rtol, 0, 1, above=True), a_seed("seed", seed)
    adapter = make_adapter(target, inputs, options)
    if reason := _proves_nothing(adapter):
        return GradientReport(adapter.name, [], doubts=[reason])
    rng = np.random.default_rng(seed)
    values = adapter.values
    try:
        adapter.choose_plan(lambda adapter: agrees(adapter, rtol))
        for _ in range(REPEATS):
            outputs = adapter.outputs_again(values)
        adapter.note_random_draws(values)
        cotangents = tuple(rng.standard_normal(y.shape) for y in outputs)
        passes = adapter.passes(values, cotangents)
    except Exception as error:
        causes = unregistered(adapter.layer) if adapter.layer else []
        if not causes:
            raise
        problem = f"{causes[0]} (this run ends in {type(error).__name__}: {error})"
        return GradientReport(adapter.name, [], [problem])
    report = GradientReport(adapter.name, [])
    try:
        _fill(report, adapter, cotangents, passes, rtol, rng)
    except Exception as error:  # the passes themselves ran well once
        report.doubts.append(f"a further call ends in {type(error).__name__}: {error}")
    return report


def _proves_nothing(adapter):
    """Why a check on these inputs would say nothing about the passes; None if it would."""
    if not adapter.values:
        given = ", ".join(
            f"{name} holds {value.dtype}" if is_array(value) else f"{name} is {value!r}"
            for name, value in adapter.arguments.items()
        )
        return (
            "there is no array of real values to differentiate by: "
            + (given or "no inputs are given")
            + "; give at least one input as an array of floats"
        )
    empty = [name for name, value in adapter.values.items() if not value.size]
    if empty:
        return f"{', '.join(empty)} has no elements: there is nothing to compare"
    return None


def _fill(report, adapter, cotangents, passes, rtol, rng):
    """Fill the report, once both passes have run."""
    values = adapter.values
    if not any(c.size for c in cotangents):
        report.doubts.append("forward returns an empty array: there is nothing to compare")
        return
    if not all(np.isfinite(y).all() for y in passes.outputs):
        report.doubts.append("what forward returns is not finite everywhere: check other inputs")
    idle = _idle(adapter, cotangents, passes, rng)
    found, report.skipped = problems_of_results(adapter, passes, idle)
    report.problems = found + problems_of_layer(adapter) + problems_of_writing(passes)
    if not found and not adapter.random and not report.doubts:
        report.problems += problems_of_repetition(adapter, values, cotangents, passes)
        report.problems += reused_outputs(adapter, values)
    if not adapter.random and not report.doubts:
        report.rows = _rows(adapter, values, cotangents, passes, rtol, rng)
    _add_doubts(adapter, passes, report)
    if report.ok:
        report.rows += _rows_elsewhere(adapter, cotangents, rtol, rng)
    if report.ok:
        in_single_precision(adapter, cotangents, passes, report)


def _idle(adapter, cotangents, passes, rng):
    """Names of values that get no gradient and need none, because no output depends on them."""
    names = [n for n in adapter.needed() if passes.gradients[n] is None]
    return [] if adapter.random else without_effect(adapter, cotangents, names, rng)


def _rows(adapter, values, cotangents, passes, rtol, rng, directions=DIRECTIONS):
    """A row for each gradient that can be compared."""
    given = passes.gradients
    comparison = Comparison(adapter, values, cotangents, given, rtol, rng)
    return [comparison.row(n, directions) for n in values if comparable(given[n], values[n])]


def _rows_elsewhere(adapter, cotangents, rtol, rng):
    """Rows of the gradients that are right at the given values, but wrong at others.

    Parameters often start at special values, a weight at 1, a bias or a gate at 0, which hide a
    forgotten factor; an array of equal values hides it, too. And a backward that remembers the very
    first input is right for that input only.
    """
    values = _other_values(adapter, rng)
    try:
        with np.errstate(all="ignore"):
            passes = adapter.passes(values, cotangents)
    except Exception:  # forward need not accept values that we made up
        return []
    fit = all(y.shape == c.shape for y, c in zip(passes.outputs, cotangents, strict=True))
    if not fit or not all(np.isfinite(y).all() for y in passes.outputs):
        return []
    rows = _rows(adapter, values, cotangents, passes, rtol, rng, directions=1)
    wrong = [row for row in rows if row.ok is False]
    for row in wrong:
        row.compared += ", at other values" + (" of the parameters" if adapter.layer else "")
    return wrong


def _other_values(adapter, rng):
    """Other values like the given ones: parameters and constant inputs are moved by up to a third
    of their size, and the first input is reversed along an axis."""
    found, needed = {}, adapter.needed()
    first = next(iter(adapter.values))
    for name, value in adapter.values.items():
        constant = name in needed and np.ptp(value) == 0
        if name not in adapter.arguments or constant:
            size = np.where(value == 0, 1.0, np.abs(value))
            found[name] = value + size * rng.uniform(0.1, 0.3, value.shape)
        elif name == first and value.ndim:
            found[name] = value[::-1].copy() if len(value) > 1 else value[..., ::-1].copy()
        else:
            found[name] = value
    return found


def _add_doubts(adapter, passes, report):
    """Add why nothing can be told where the numbers of the report do not settle it."""
    dtype = passes.dtypes["y"]
    if adapter.random:
        report.doubts.append(RANDOM)
    elif report.ok and not report.rows:
        report.doubts.append("backward gives no gradient that could be compared")
    elif isinstance(dtype, np.dtype) and dtype in (np.float32, np.float16):
        report.doubts.insert(0, f"forward gives {dtype} for float64 input{COARSE}")
    elif not report.doubts and rounds_to_single(adapter):
        report.doubts.append(f"forward rounds to float32 on its way{COARSE}")
    elif report.ok is None and not report.doubts:
        report.doubts.append(HIDDEN)
