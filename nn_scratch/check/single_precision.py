"""The passes once more in float32, which is what nets are trained in, against float64."""

import numpy as np

SENSITIVE = 30  # times what a change of the inputs by float32's rounding does
ROUNDED = 1e-3  # of a gradient, and a tenth of it of the largest one: what float32 may cost


def in_single_precision(adapter, cotangents, in_double, report):
    """Run both passes in float32, and add what is wrong with them to the report.

    in_double: the Passes in float64. A result of another dtype than the inputs' is a problem of a
    layer: the next one has weights of the inputs' dtype, and refuses to mix. Of functions it is
    a note.
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
    """Whether forward computes in float32: its results, or what becomes of one of its inputs, have
    no more digits."""
    fine = _moved(adapter, 1e-9)
    outputs = adapter.outputs(fine)
    if _moves(outputs, adapter.outputs(_moved(adapter, 1e-6))):
        with np.errstate(all="ignore"):
            if all(np.array_equal(y, y.astype(np.float32)) for y in outputs):
                return True
    return any(_rounds(adapter, fine, outputs, name) for name in adapter.needed())


def _rounds(adapter, fine, outputs, name):
    """Whether an input might as well be in float32, though smaller changes than float32's are the
    last that its outputs can show."""
    with np.errstate(all="ignore"):
        single = {**fine, name: fine[name].astype(np.float32).astype(np.float64)}
    if not all(map(np.array_equal, outputs, adapter.outputs(single))):
        return False
    return _moves(outputs, adapter.outputs({**fine, name: fine[name] * (1 + 1e-6)}))


def _moves(outputs, others):
    """Whether most of the outputs differ: otherwise they are coarser than float32 themselves."""
    return np.mean([(y != z).mean() for y, z in zip(outputs, others, strict=True)]) > 0.8


def _moved(adapter, size):
    """The values, changed a little, so that they have more digits than float32 holds. A target
    stays: one that is 0 or 1 may mean something else, or nothing, beside it."""
    rng, needed = np.random.default_rng(0), adapter.needed()
    moved = {n: v * (1 + size * rng.uniform(0.5, 1, v.shape)) for n, v in adapter.values.items()}
    return {n: moved[n] if n in needed else v for n, v in adapter.values.items()}


def _in_single_precision(adapter, cotangents):
    """Sentences about both passes in float32: what they raise or give that is not finite, what
    they lose by rounding, and other dtypes."""
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
    """(sentence, finite) of the results in float32 that rounding of the inputs does not explain."""
    with np.errstate(all="ignore"):
        double = adapter.passes(values, cotangents)
        moved = adapter.passes(_rounded(values, adapter.needed()), cotangents)
    found = []
    exact, nearby, ours = (_all_results(p) for p in (double, moved, single))
    largest = max((_norm(a) for name, a in exact.items() if name[0] != "y"), default=0.0)
    for name, right in exact.items():
        if not _in_range(right):
            continue
        allowed = ROUNDED * _norm(right) + 1e-37 + SENSITIVE * _norm(right - nearby[name])
        if name[0] != "y":
            allowed += ROUNDED / 10 * largest
        if not _norm(ours[name] - right) <= allowed:
            what = "forward" if name[0] == "y" else f"the gradient of {name[1]}"
            error = _norm(ours[name] - right) / max(_norm(right), 1e-37)
            finite = bool(np.isfinite(error))
            by = f"is off by {100 * error:.1g} %" if finite else "is not finite"
            found.append((f"in float32 {what} {by}, where float64 is right", finite))
    return found


def _all_results(passes):
    results = {("y", str(i)): y for i, y in enumerate(passes.outputs)}
    given = {("gradient", n): g for n, g in passes.gradients.items() if g is not None}
    return results | given


def _rounded(values, needed):
    """The values, changed by about as much as float32 rounds; a target stays."""
    rng = np.random.default_rng(0)
    moved = {n: v * (1 + 2.0**-24 * rng.uniform(-1, 1, v.shape)) for n, v in values.items()}
    return {n: moved[n] if n in needed else v for n, v in values.items()}


def _in_range(array):
    """Whether float32 can hold the values."""
    return bool(np.isfinite(array).all() and np.abs(array).max(initial=0) < 1e30)


def _norm(array):
    with np.errstate(all="ignore"):
        return float(np.sqrt((array * array).sum()))
