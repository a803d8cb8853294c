"""What can be wrong with a backward pass besides its numbers.

The functions called problems_… return a list of sentences, one for each problem.
"""

import numpy as np

from nn_scratch.check.finite_differences import Line, draw_direction
from nn_scratch.check.layer_faults import unregistered
from nn_scratch.check.signatures import parameters_of

SAME = 1e-13  # relative: two calls of one function may add in another order
STRIDED = 1e-10  # the same for arrays that are not contiguous


def problems_of_results(adapter, passes, idle):
    """(problems, skipped). Problems: gradients that are missing, too many, of a wrong shape or not
    finite. Skipped: names of values without a gradient that need none, because they are targets or
    statistics, or because no output depends on them (`idle`)."""
    found = []
    lacking = [n for n in adapter.values if passes.gradients[n] is None]
    missing = [n for n in lacking if n in adapter.needed() and n not in idle]
    missing_inputs = [n for n in missing if n in adapter.arguments]
    missing_params = [n for n in missing if n not in adapter.arguments]
    if missing_inputs:
        found.append(_sentence_of_missing(adapter, passes.count, missing_inputs))
    if missing_params:
        found.append(f"there is no gradient of {', '.join(missing_params)} in grads")
    most = max(len(parameters_of(adapter.forward)), len(adapter.arguments))
    if passes.count and passes.count > most and not _takes_any(adapter.forward):
        arguments = f"{most} argument{'s' * (most > 1)}"
        found.append(f"backward returns {passes.count} gradients, but forward takes {arguments}")
    for name, gradient in passes.gradients.items():
        value = adapter.values[name]
        if gradient is None:
            continue
        if gradient.shape != value.shape:
            found.append(
                f"the gradient of {name} has shape {gradient.shape}, but {name} has {value.shape}"
            )
        elif not np.isfinite(gradient).all() and _all_finite(passes.outputs):
            found.append(f"the gradient of {name} is not finite everywhere")
    return found, [n for n in lacking if n not in missing]


def _all_finite(outputs):
    return all(np.isfinite(y).all() for y in outputs)


def _sentence_of_missing(adapter, count, missing):
    if count is None:
        return "backward returns None: is a `return` missing?"
    wanted = ", ".join(f"d{n}" for n in adapter.arguments if n in adapter.needed())
    return (
        f"backward returns no gradient of {', '.join(missing)}, on which the result depends: "
        f"return {wanted}, in this order"
    )


def without_effect(adapter, cotangents, names, rng):
    """Those of the named values that no output depends on."""
    found = []
    for name in names:
        direction = draw_direction(rng, adapter.values[name].shape)
        s = Line(adapter, adapter.values, name, direction, cotangents).slope()
        if s.value == s.low == s.high == 0:
            found.append(name)
    return found


def problems_of_writing(passes):
    """Arrays that a pass wrote into."""
    words = {"y": "y, which forward has returned"}
    return [f"{which} changes {words.get(name, name)}" for which, name in passes.written]


def problems_of_layer(adapter):
    """Sub-layers that are used but not registered."""
    if adapter.layer is None or adapter.random:
        return []
    return unregistered(adapter.layer, lambda: adapter.outputs(adapter.values))


def problems_of_repetition(adapter, values, cotangents, passes):
    """Gradients that change at a second call or with arrays that are not contiguous, are not added
    to the former ones, or are not zero for a dy of zeros. It makes sense only if forward is not
    random."""
    found = []
    again = adapter.gradients(values, cotangents)
    if not _same(again, passes.gradients, SAME):
        found.append("a second call of backward gives something else")
    elif not passes.written:
        found += _not_added(adapter, values, cotangents, passes.gradients)

    zeros = adapter.gradients(values, tuple(np.zeros_like(c) for c in cotangents))
    found += [
        f"a dy of zeros gives a gradient of {name} that is not zero"
        for name, gradient in zeros.items()
        if gradient is not None and np.any(gradient)
    ]
    try:
        strided = adapter.passes(values, cotangents, convert=_strided).gradients
    except Exception as error:
        found.append(f"arrays that are not contiguous: {type(error).__name__}: {error}")
        return found
    if not _same(strided, passes.gradients, STRIDED):
        found.append("arrays that are not contiguous give another gradient")
    return found


def reused_outputs(adapter, values):
    """A problem if forward writes its result into the array that it returned before."""
    first = adapter.raw_output(values)
    if first is None:
        return []
    kept = first.copy()
    moved = {name: value + 0.25 for name, value in values.items()}
    try:
        adapter.raw_output(moved)
    except Exception:  # forward need not accept the moved values
        return []
    if np.array_equal(first, kept, equal_nan=True):
        return []
    return ["forward returns the same array again: a second call changes the result of the first"]


def _not_added(adapter, values, cotangents, once):
    twice = adapter.added_twice(values, cotangents)
    return [
        f"backward sets the gradient of {name}, but must add to it: grads[...] += …"
        for name, gradient in twice.items()
        if once[name] is not None
        and gradient.shape == once[name].shape
        and not np.allclose(gradient, 2 * once[name])
    ]


def _takes_any(function):
    return any(p.kind is p.VAR_POSITIONAL for p in parameters_of(function))


def _same(some, others, tolerance):
    """Whether two sets of gradients are equal up to `tolerance` times the largest value of all of
    them. A gradient whose true value is zero consists of rounding, so its own size is no scale."""
    pairs = [(g, others[name]) for name, g in some.items() if g is not None]
    if any(other is None or g.shape != other.shape for g, other in pairs):
        return False
    largest = max((np.abs(g).max(initial=0) for g, _ in pairs), default=0)
    return all(np.abs(g - other).max(initial=0) <= tolerance * largest for g, other in pairs)


def _strided(array):
    """The same values in an array that is not contiguous in memory."""
    wide = np.zeros((*array.shape, 2), array.dtype)
    wide[..., 0] = array
    return wide[..., 0]
