"""An ExerciseReport as text: plain characters, right in a terminal, a pipe and a notebook."""

from textwrap import fill

import numpy as np

from nn_scratch.exercises.describe_error import where

WIDTH = 96
PLANES = 2  # of one array that are shown
EQUAL = "·"
ERROR = "yours − right"


def text(report):
    """The screen that a student reads."""
    return "\n".join(_success(report) if report.ok else _failure(report))


# ---------------------------------------------------------------- wrong


def _failure(report):
    exercise, step = report.exercise, report.failed
    if report.to_do:
        yield f"{exercise.name} is not written yet."
        return
    number = len(report.steps)
    yield f"{exercise.name}: not yet. Case {number}, {step.case.name}: {step.case.adds}"
    yield ""
    if report.trouble:
        yield _filled(f"Your function {report.trouble}.", "  ")
        yield ""
        yield f"  It was called as {_call(step.trial)}"
        return
    yield f"  {_call(step.trial)}"
    yield ""
    arguments = {name: step.case.values[name] for name in exercise.arguments}
    yield from _side_by_side({n: a for n, a in arguments.items() if isinstance(a, np.ndarray)})
    results = dict(zip(exercise.results, step.answer.results, strict=True))
    for name, right in step.right.items():
        wrong = _wrong(np.asarray(results[name]), right, exercise.tolerance)
        if not wrong.any():
            yield f"  {name} is right."
            yield ""
            continue
        yield f"  {name} is wrong {where(wrong, name, step.trial)}:"
        yield from _compared(np.asarray(results[name]), right, wrong)
        yield from _adjoint(step.trial, name, results[name], right)
    yield from _named(report)


def _compared(given, right, wrong):
    """yours | right | difference, of the planes with errors."""
    difference = given - right
    planes = [place for place in np.ndindex(wrong.shape[:-2]) if wrong[place].any()]
    for place in planes[:PLANES]:
        at = "".join(f"{i}, " for i in place)
        if place:
            yield f"    plane [{at}:, :]"
        shown = np.where(wrong[place], difference[place], 0)
        maps = {"yours": given[place], "right": right[place], ERROR: shown}
        yield from _side_by_side(maps, "    ")
    if len(planes) > PLANES:
        yield f"    and {len(planes) - PLANES} more planes"
        yield ""


def _adjoint(trial, name, given, right):
    """The two numbers that must be equal, for a backward pass."""
    if name not in trial.exercise.gradient_of:
        return
    value = trial.exercise.gradient_of[name]
    u = trial[value]
    if "dy" in trial.values:
        yield (
            f"  adjoint: ⟨J u, dy⟩ = {_number((u * right).sum())}, but ⟨u, your {name}⟩ = "
            f"{_number((u * given).sum())}, with u = {value}"
        )
        yield ""


def _named(report):
    if report.explanation:
        yield f"  The mistake: {report.mistake}"
        yield _filled(report.explanation.says, "    ")
        yield _filled(f"Ask yourself: {report.explanation.asks}", "    ")
    else:
        yield "  No single mistake that we know explains all of this; it may be two at once."
        yield _filled(
            "Ask yourself: what is new in this case, and where is the first wrong number? Redo "
            "that one on paper.",
            "    ",
        )
    yield f"  The derivation: {report.exercise.lesson}"


def _call(trial):
    """The call as one would type it, with the arrays' shapes."""
    given = []
    for name in trial.exercise.arguments:
        value = trial[name]
        given.append(
            f"{name} {value.shape}" if isinstance(value, np.ndarray) else _plain(name, value)
        )
    given += [f"{name}={value}" for name, value in trial.call[1].items()]
    return f"{trial.exercise.name}({', '.join(given)})"


def _plain(name, value):
    if isinstance(value, tuple) and any(isinstance(part, np.ndarray) for part in value):
        return f"{name} ({', '.join(str(part.shape) for part in value)})"
    return f"{name}={value}"


# ---------------------------------------------------------------- right


def _success(report):
    exercise, steps = report.exercise, report.steps
    yield f"{exercise.name}: right on all {len(steps)} cases."
    yield ""
    yield f"  {'case':<28}{'largest error':>14}   allowed {exercise.tolerance:.0e}"
    for step in steps:
        error = "exact" if step.error == 0 else f"{step.error:.0e}"
        yield f"  {step.case.name:<28}{error:>14}"
    yield ""
    if report.seconds:
        own, library = report.seconds
        longer = f"{own / library:.1f} times as long as" if own > library else "no longer than"
        yield f"  On the last case it took {1e6 * own:,.0f} µs, {longer} the library's own."


# ---------------------------------------------------------------- arrays


def _side_by_side(arrays, indent="  "):
    """Lines with small arrays beside each other, their first planes if they have several."""
    blocks = []
    for title, array in arrays.items():
        array = np.asarray(array)
        lines = _block(array, EQUAL if title == ERROR else "0")
        head = f"{title} {array.shape}" if indent == "  " else title
        width = max(len(head), *(len(line) for line in lines)) if lines else len(head)
        blocks.append((head, lines, width))
    for row in _rows(blocks):
        height = max(len(lines) for _, lines, _ in row)
        yield indent + "   ".join(head.ljust(width) for head, _, width in row).rstrip()
        for i in range(height):
            cells = ((lines[i] if i < len(lines) else "").ljust(width) for _, lines, width in row)
            yield (indent + "   ".join(cells)).rstrip()
        yield ""


def _rows(blocks):
    """The blocks in rows that are not too wide."""
    row, used = [], 0
    for block in blocks:
        if row and used + block[2] > WIDTH:
            yield row
            row, used = [], 0
        row.append(block)
        used += block[2] + 3
    if row:
        yield row


def _block(array, zero):
    """The lines of an array: of its last two axes, the planes below each other."""
    planes = array.reshape(-1, *array.shape[-2:]) if array.ndim > 2 else [np.atleast_2d(array)]
    words = [
        [[_number(v) if v else zero for v in line] for line in plane] for plane in planes[:PLANES]
    ]
    widest = max((len(w) for plane in words for line in plane for w in line), default=1)
    lines = []
    for k, plane in enumerate(words):
        lines += [""] if k else []
        lines += [" ".join(word.rjust(widest) for word in line) for line in plane]
    if len(planes) > PLANES:
        lines.append(f"… {len(planes) - PLANES} more")
    return lines


def _number(value):
    value = float(value)
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.3g}"


def _wrong(given, right, tolerance):
    size = max(float(np.abs(right).max(initial=0)), 1e-3)
    return np.abs(given - right) > tolerance * size


def _filled(sentence, indent):
    return fill(sentence, WIDTH, initial_indent=indent, subsequent_indent=indent)
