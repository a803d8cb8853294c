"""Write an ExerciseReport as text that reads well in a terminal, a pipe and a notebook."""

from textwrap import fill

import numpy as np

from nn_scratch.exercises.describe_error import where

WIDTH = 80
PLANES = 2  # planes of an array that are shown
TALL = 4  # rows; of planes with more rows, only one is shown
INDENT = 4
QUESTIONS = 2
GIVEN, COMPUTED = 4, 3  # digits of arguments, which must be exact enough to compute by hand
EQUAL = "·"
ERROR = "yours − right"


def text(report):
    """The screen that a student reads."""
    return "\n".join(_success(report) if report.ok else _failure(report))


# ---------------------------------------------------------------- wrong


def _failure(report):
    """The lines about a function that is wrong."""
    exercise, step = report.exercise, report.failed
    if report.to_do:
        yield f"{exercise.name} is not written yet."
        return
    number = len(report.steps)
    yield _filled(
        f"{exercise.name}: not yet. Case {number}, {step.case.name}: {step.case.adds}", ""
    )
    yield ""
    if report.trouble:
        end = "" if report.trouble.endswith(("?", ".", "!")) else "."
        yield _filled(f"Your function {report.trouble}{end}", "  ")
        yield ""
        yield _filled(f"It was called as {_call(step.trial)}", "  ")
        yield from _lists(step)
        yield from _named(report) if report.explanation else _derivation(exercise)
        return
    yield _filled(_call(step.trial), "  ")
    yield ""
    yield from _side_by_side(_arguments(step.trial), digits=GIVEN)
    yield from _results(report)
    yield from _named(report)


def _lists(step):
    """The arrays of a call and its result, if the result is a list of a wrong length."""
    right = list(step.right.values())
    results = step.answer.results or ()
    if step.answer.problem == "wrong_shape" and len(right) == len(results) == 1:
        given = np.asarray(results[0])
        if right[0].dtype.kind in "iu" and given.dtype.kind in "iu" and given.ndim == 1:
            yield ""
            yield from _side_by_side(_arguments(step.trial), digits=GIVEN)
            yield from _side_by_side({"yours": given, "right": right[0]})
            return
    yield ""


def _arguments(trial):
    """The arrays of a call by name, also those in pairs."""
    arrays = {}
    for name in trial.exercise.arguments:
        value = trial[name]
        if isinstance(value, np.ndarray):
            arrays[name] = value
        elif name == "statistics":
            arrays |= dict(zip(("mean", "var"), value, strict=True))
    return arrays


def _results(report):
    """The lines about each result. The result that the mistake explains, or the first wrong one, is
    shown in full."""
    exercise, step = report.exercise, report.failed
    results = dict(zip(exercise.results, map(np.asarray, step.answer.results), strict=True))
    wrong = {n: exercise.wrong(results[n], right) for n, right in step.right.items()}
    told = report.explanation.results if report.explanation else ()
    shown = next((n for n in wrong if wrong[n].any() and (not told or n in told)), None)
    for name, right in step.right.items():
        if not wrong[name].any():
            yield f"  {name} is right."
        elif name != shown:
            at = _where(wrong[name], name, step.trial)
            yield _filled(f"{name} is wrong, too{':' if at else ''}{at}.", "  ")
        else:
            yield _filled(f"{name} is wrong{_where(wrong[name], name, step.trial)}:", "  ")
            yield from _compared(results[name], right, wrong[name])
            yield from _adjoint(step.trial, name, results[name], right)
            yield from _matrix(report.matrix)
            continue
        yield ""


def _where(wrong, name, trial):
    """A phrase for the wrong places of an array of several numbers."""
    return f" {where(wrong, name, trial)}" if wrong.size > 1 else ""


def _compared(given, right, wrong):
    """The student's, the right numbers and the difference, for the planes with errors."""
    difference = given - right
    if wrong.ndim > 2 and wrong.shape[-2:] == (1, 1):
        given, right, wrong, difference = (
            a.reshape(a.shape[:-2]) for a in (given, right, wrong, difference)
        )
    planes = [place for place in np.ndindex(wrong.shape[:-2]) if wrong[place].any()]
    few = 1 if wrong.shape and wrong.shape[-2:][0] > TALL else PLANES
    for place in planes[:few]:
        at = "".join(f"{i}, " for i in place)
        if place:
            yield f"    plane [{at}:, :]"
        shown = np.where(wrong[place], difference[place], 0)
        maps = {"yours": given[place], "right": right[place], ERROR: shown}
        yield from _side_by_side(maps, "    ")
    if len(planes) > few:
        more = len(planes) - few
        yield f"    and {more} more plane{'s' if more > 1 else ''}"
        yield ""


def _matrix(matrix):
    """The student's own matrix beside the right one, with the sums of its rows."""
    if matrix is None:
        return
    yield _filled(
        f"Your function is a matrix along the {matrix.axis}, found by asking it about one pixel at "
        f"a time. Each line holds the shares of {matrix.given} in one pixel of {matrix.result}:",
        "  ",
    )
    maps, words = {}, "sum, place" if matrix.result == "y" else "sum"
    for title, array in (("yours", matrix.yours), ("right", matrix.right)):
        maps |= {title: array, f"{title}: {words}": matrix.sums_and_places(array)}
    yield from _side_by_side(maps, "    ")


def _adjoint(trial, name, given, right):
    """The two numbers of the adjoint identity, for a linear backward pass."""
    value = trial.exercise.gradient_of.get(name)
    if value is None or "dy" not in trial.values or not trial.exercise.linear:
        return
    left, own = (_number((trial[value] * array).sum()) for array in (right, given))
    if left == own:
        return
    yield _filled(
        f"The adjoint: if {value} moves by {value} itself, J {value} is how y moves, and "
        f"⟨J {value}, dy⟩ = {left}. ⟨{value}, your {name}⟩ must be the same; it is {own}.",
        "  ",
    )
    yield ""


def _named(report):
    """The lines about the mistake, or the questions that may lead to it."""
    found = report.explanation
    if found:
        yield f"  The mistake{'' if found.throughout else ', on this case'}: {report.mistake}"
        for part in found.says.split("\n"):  # code is on a line of its own
            yield _filled(part, "      " if part.startswith("`") else "    ")
        yield _filled(f"Ask yourself: {found.asks}", "    ")
    elif report.questions:
        yield "  Several mistakes that we know give these numbers. Ask yourself:"
        for question in report.questions[:QUESTIONS]:
            yield _filled(question, "    ")
    else:
        yield "  No mistake that we know explains this; it may be two at once."
        yield _filled(
            "Ask yourself: what is new in this case, and where is the first wrong number? Redo "
            "that one on paper.",
            "    ",
        )
    yield from _derivation(report.exercise)


def _derivation(exercise):
    yield f"  The derivation: {exercise.lesson}"


def _call(trial):
    """The call as a line of code, with shapes in place of arrays."""
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
    """The lines about a function that is right."""
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


def _side_by_side(arrays, indent="  ", digits=COMPUTED):
    """Lines with small arrays beside each other, of which the first planes are shown."""
    blocks = []
    for title, array in arrays.items():
        array = np.asarray(array)
        lines = _block(array, EQUAL if title == ERROR else "0", digits)
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
    """The blocks in rows that fit into a line."""
    row, used = [], 0
    for block in blocks:
        if row and used + block[2] > WIDTH - INDENT:
            yield row
            row, used = [], 0
        row.append(block)
        used += block[2] + 3
    if row:
        yield row


def _block(array, zero, digits):
    """The lines of an array, with its planes below each other."""
    if array.ndim > 2 and array.shape[-2:] == (1, 1):
        array = array.reshape(array.shape[:-2])
    planes = array.reshape(-1, *array.shape[-2:]) if array.ndim > 2 else [np.atleast_2d(array)]
    words = [
        [[_number(v, digits) if v else zero for v in line] for line in plane]
        for plane in planes[:PLANES]
    ]
    widest = max((len(w) for plane in words for line in plane for w in line), default=1)
    lines = []
    for k, plane in enumerate(words):
        lines += [""] if k else []
        lines += [" ".join(word.rjust(widest) for word in line) for line in plane]
    if len(planes) > PLANES:
        lines.append(f"… {len(planes) - PLANES} more")
    return lines


def _number(value, digits=COMPUTED):
    """A number as text."""
    value = float(value)
    if not np.isfinite(value):
        return "?"
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.{digits}g}"


def _filled(sentence, indent):
    return fill(sentence, WIDTH, initial_indent=indent, subsequent_indent=indent)
