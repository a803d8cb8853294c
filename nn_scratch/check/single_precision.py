"""The passes in float32, in which nets are trained, compared with float64."""

import numpy as np

from nn_scratch.check.comparison import norm

# An error in float32 may be as large as the sum of these:
SENSITIVE = 30  # times the effect of rounding the inputs to float32
ROUNDED = 1e-3  # times the size of the gradient, and a tenth of that of the largest gradient


def in_single_precision(adapter, cotangents, in_double, report):
    """Run both passes in float32, and add to the report what is wrong with them.

    in_double: the Passes in float64. A result whose dtype is not that of the inputs is a problem in
    a layer, since the next layer refuses to mix dtypes; in a function it is only noted.
    """
    raised, lost, wide = _in_single_precision(adapter, cotangents)
    wide = _other_dtypes(in_double, np.float64) + wide
    report.problems += raised
    if adapter.layer is None:
        report.doubts += lost
        report.notes += wide
    else:
        report.problems += lost + wide


def rounds_to_single(adapter) -> bool:
    """Whether forward computes in float32 although its inputs are float64: its results, or one of
    its inputs on the way, have no more digits than float32."""
    values, needed = adapter.values, adapter.needed()
    fine = _perturbed(values, needed, 0.5e-9, 1e-9)
    outputs = adapter.outputs(fine)
    if _moves(outputs, adapter.outputs(_perturbed(values, needed, 0.5e-6, 1e-6))):
        with np.errstate(all="ignore"):
            if all(np.array_equal(y, y.astype(np.float32)) for y in outputs):
                return True
    return any(_rounds(adapter, fine, outputs, name) for name in needed)


def _rounds(adapter, fine, outputs, name):
    """Whether rounding one input to float32 changes no output, while a relative change of 1e-6
    does."""
    with np.errstate(all="ignore"):
        single = {**fine, name: fine[name].astype(np.float32).astype(np.float64)}
    if not all(map(np.array_equal, outputs, adapter.outputs(single))):
        return False
    return _moves(outputs, adapter.outputs({**fine, name: fine[name] * (1 + 1e-6)}))


def _moves(outputs, others):
    """Whether most of the outputs differ. If they do not, they are too coarse to tell anything."""
    return np.mean([(y != z).mean() for y, z in zip(outputs, others, strict=True)]) > 0.8


def _perturbed(values, needed, low, high):
    """The values, each changed by a random relative amount from `low` to `high`. Values that are
    not needed, such as targets, stay: a target that is not exactly 0 or 1 may mean nothing."""
    rng = np.random.default_rng(0)
    moved = {n: v * (1 + rng.uniform(low, high, v.shape)) for n, v in values.items()}
    return {n: moved[n] if n in needed else v for n, v in values.items()}


def _in_single_precision(adapter, cotangents):
    """Three lists of sentences about both passes in float32: errors they raise and results that are
    not finite; results that lose too much to rounding; results of other dtypes."""
    try:
        single = adapter.in_dtype(np.float32)
        values = {n: v.astype(np.float32).astype(np.float64) for n, v in single.values.items()}
        cotangents = tuple(np.float32(c).astype(np.float64) for c in cotangents)
        with np.errstate(all="ignore"):
            passes = single.passes(values, cotangents)
    except Exception as error:
        return [f"in float32: {type(error).__name__}: {error}"], [], []
    found = _numbers(adapter, values, cotangents, passes)
    infinite = [sentence for sentence, finite in found if not finite]
    lost = [sentence for sentence, finite in found if finite]
    return infinite, lost, _other_dtypes(passes, np.float32)


def _other_dtypes(passes, dtype):
    """Sentences about float results whose dtype is not that of the inputs."""
    return [
        f"{'forward' if name == 'y' else 'backward'} gives {found} for {np.dtype(dtype)} input"
        + ("" if name == "y" else f" (gradient of {name})")
        for name, found in passes.dtypes.items()
        if isinstance(found, np.dtype) and found.kind == "f" and found != dtype
    ]


def _numbers(adapter, values, cotangents, single):
    """Pairs (sentence, whether finite) for results in float32 whose error is larger than the
    rounding of the inputs explains."""
    rounded = _perturbed(values, adapter.needed(), -(2.0**-24), 2.0**-24)
    with np.errstate(all="ignore"):
        double = adapter.passes(values, cotangents)
        moved = adapter.passes(rounded, cotangents)
    found = []
    exact, nearby, ours = (_all_results(p) for p in (double, moved, single))
    largest = max((norm(a) for name, a in exact.items() if name[0] != "y"), default=0.0)
    for name, right in exact.items():
        if not _in_range(right):
            continue
        allowed = ROUNDED * norm(right) + 1e-37 + SENSITIVE * norm(right - nearby[name])
        if name[0] != "y":
            allowed += ROUNDED / 10 * largest
        difference = norm(ours[name] - right)
        if not difference <= allowed:
            what = "forward" if name[0] == "y" else f"the gradient of {name[1]}"
            error = difference / max(norm(right), 1e-37)
            finite = bool(np.isfinite(error))
            by = f"is off by {100 * error:.1g} %" if finite else "is not finite"
            found.append((f"in float32 {what} {by}, where float64 is right", finite))
    return found


def _all_results(passes):
    """The outputs and the gradients in one dict, under ("y", index) and ("gradient", name)."""
    results = {("y", str(i)): y for i, y in enumerate(passes.outputs)}
    given = {("gradient", n): g for n, g in passes.gradients.items() if g is not None}
    return results | given


def _in_range(array):
    """Whether float32 can hold the values."""
    return bool(np.isfinite(array).all() and np.abs(array).max(initial=0) < 1e30)
