"""Check a student's function on the cases of an exercise, up to the first that fails."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple

import numpy as np

from nn_scratch.exercises import sandbox
from nn_scratch.exercises.exercise import EXERCISES, Exercise, Trial, size_of
from nn_scratch.exercises.mistakes import Attempt, explain, mistakes_of, not_finite, soil
from nn_scratch.exercises.own_matrix import own_matrix
from nn_scratch.validate import number

DAY = 86_400  # seconds


class Step(NamedTuple):
    """What a function did on one case. error: the largest relative error."""

    trial: Trial
    answer: sandbox.Answer
    error: float

    @property
    def case(self):
        """The Case that was tried."""
        return self.trial.case

    @property
    def right(self):
        """The right results, by name."""
        return self.trial.right

    @property
    def ok(self):
        """Whether the results are right."""
        return self.answer.problem is None and self.error <= self.trial.exercise.tolerance


@dataclass
class ExerciseReport:
    """The result of checking a function. Its text is the screen that a student reads.

    steps: the cases up to the first that failed. mistake: the short name of the mistake, or None.
    explanation: of the mistake, if it is known. ok: whether the function is right on all cases.
    case: the name of the first case that failed, or None.
    """

    exercise: Exercise
    steps: list
    mistake: str | None = None
    explanation: Any = None
    trouble: str | None = None  # the predicate of a sentence about a problem besides numbers
    questions: tuple = ()  # of the mistakes that are possible, if there are several
    matrix: Any = None  # an OwnMatrix, if the function is linear
    seconds: list | None = None  # the times of the function and the library's op on the last case

    @property
    def ok(self):
        """Whether the function is right on all cases."""
        return self.failed is None

    @property
    def case(self):
        """The name of the first case that failed, or None."""
        return None if self.failed is None else self.failed.case.name

    @property
    def failed(self):
        """The Step that failed, or None."""
        last = self.steps[-1]
        return None if last.ok and not self.trouble else last

    @property
    def to_do(self):
        """Whether the function is not written yet."""
        return self.trouble == sandbox.NOT_WRITTEN

    def reached(self, case):
        """Whether a case was tried."""
        return any(step.case.name == case for step in self.steps)

    def as_dict(self):
        """For a program: plain values that JSON can hold."""
        return {
            "name": self.exercise.name,
            "ok": self.ok,
            "case": self.case,
            "mistake": self.mistake,
            "trouble": self.trouble,
            "cases": {s.case.name: s.ok for s in self.steps},
        }

    def __bool__(self):
        return self.ok

    def __str__(self):
        from nn_scratch.exercises.render import text

        return text(self)

    def _repr_pretty_(self, printer, cycle):  # notebooks call this to show a value
        printer.text(str(self))


def check_exercise(
    name: str, function: Callable, *, limit: float = sandbox.LIMIT
) -> ExerciseReport:
    """Check a function on the cases of an exercise, up to the first that fails.

    name: of the exercise, for instance "conv2d_backward".
    function: it is called with float64 arrays, as the function of this name in `ops`, with stride
        and padding if that has them. If it takes `dilation`, `groups` or `output_padding`, it is
        checked with these, too.
    limit: seconds after which a call is stopped.

    The function runs in this process; `nn-scratch exercise` runs it in a process of its own.

    Returns: an ExerciseReport, whatever the function does.
    Raises: ValueError, with the nearest names, if there is no such exercise; TypeError or
        ValueError for a limit that is not above 0.
    """
    exercise, limit = find(name), number("limit", limit, 0, DAY, above=True)
    takes = _parameters(function)
    trials = [trial for trial in exercise.trials if trial.case.needs in (None, *takes)]
    steps = []
    for trial in trials:
        steps.append(_try(trial, function, limit))
        if not steps[-1].ok:
            return _failure(exercise, steps, trials[len(steps) :], function, limit)
    trouble = _afterwards(steps[-1], function, limit)
    if trouble is not None:
        return ExerciseReport(exercise, steps, trouble.problem, trouble=trouble.message)
    return ExerciseReport(exercise, steps, seconds=_seconds(trials[-1], function, limit))


def find(name):
    """The exercise of this name. Raises ValueError, with the nearest names, if there is none."""
    if not isinstance(name, str) or name not in EXERCISES:
        near = ", ".join(get_close_matches(str(name), EXERCISES, 3, cutoff=0))
        raise ValueError(f"name: there is no exercise {name!r}; the nearest are {near}")
    return EXERCISES[name]


def _try(trial, function, limit):
    """The Step of a function on one case."""
    arguments, options = trial.call
    answer = sandbox.call(function, arguments, options, trial.right, limit)
    error = np.inf if answer.problem else _error(answer.results, trial.right)
    return Step(trial, answer, error)


def _seconds(trial, function, limit):
    """The times of the function and of the library's op; None if the library has no such op, or if
    it cannot be imported."""
    try:
        from nn_scratch import ops

        library = getattr(ops, trial.exercise.name)
    except Exception:  # a student may be editing the ops
        return None
    seconds = [sandbox.seconds(f, *trial.call, limit) for f in (function, library)]
    return None if None in seconds else seconds


def _error(results, right):
    """The largest error in any result, relative to the size of that result."""
    return max(
        float(np.abs(found - expected).max(initial=0)) / size_of(expected)
        for found, expected in zip(results, right.values(), strict=True)
    )


def _failure(exercise, steps, later, function, limit):
    """The report about the last of `steps`, which failed, with the name of the mistake if it is
    known. later: the trials that follow."""
    answer = steps[-1].answer
    trouble = answer.message if answer.problem else None
    report = ExerciseReport(exercise, steps, answer.problem, trouble=trouble)
    if answer.problem == "not_finite":
        report.explanation = not_finite(steps[-1].trial, _by_name(exercise, answer))
        report.mistake = report.explanation.name if report.explanation else report.mistake
    if answer.problem not in (None, "wrong_shape", "wrong_dtype") or not _by_name(exercise, answer):
        return report
    # Mistakes that give the same results on this case may differ on the cases that follow.
    further = []
    for trial in later:
        further.append(_try(trial, function, limit))
        if further[-1].answer.problem == "timeout":
            break

    def ask(trial, changes):
        arguments = [changes.get(n, trial.values[n]) for n in exercise.arguments]
        return _by_name(
            exercise, sandbox.call(function, arguments, trial.call[1], trial.right, limit)
        )

    attempts = [
        Attempt(step.trial, _by_name(exercise, step.answer), ask) for step in [*steps, *further]
    ]
    known = mistakes_of(exercise.name)
    try:
        found, questions = explain(attempts, len(steps) - 1, known, not answer.problem)
    except Exception as error:  # the report is still right without a name
        found, questions = None, (f"(The search for a name failed: {error!r}.)",)
    report.explanation, report.questions = found, questions
    if found:
        report.mistake = found.name
    if not answer.problem:
        report.matrix = own_matrix(steps[-1].trial, lambda changes: ask(steps[-1].trial, changes))
    return report


def _by_name(exercise, answer):
    """The results by name; None if some are missing or were changed later."""
    if answer.results is None or answer.problem in ("returns_none", "changes_inputs"):
        return None
    if len(answer.results) != len(exercise.results):
        return None
    return dict(zip(exercise.results, map(np.asarray, answer.results), strict=True))


def _afterwards(step, function, limit):
    """An Answer with what is wrong with a function whose numbers are right; None if nothing is."""
    arguments, options = step.trial.call
    returned = []

    def watched(*given, **named):
        returned.append(function(*given, **named))
        return returned[-1]

    soil(12345.0)
    again = sandbox.call(watched, arguments, options, step.right, limit)
    if again.problem or _error(again.results, step.right) > step.trial.exercise.tolerance:
        return sandbox.Answer(
            None, "not_repeatable", "gives something else when it is called again"
        )
    wanted = step.trial.exercise.returns
    if wanted and _nested(returned[-1]) != [part.count(",") for part in wanted.split(", (")]:
        message = f"returns its results in a row, but it must return {wanted}"
        return sandbox.Answer(None, "wrong_shape", message)
    behind = [_strided(a) for a in arguments]
    strided = sandbox.call(function, behind, options, step.right, limit)
    if strided.problem or _error(strided.results, step.right) > step.trial.exercise.tolerance:
        message = strided.message if strided.problem else "gives something else"
        return sandbox.Answer(
            None, "needs_contiguous", f"with arrays that are not contiguous in memory it {message}"
        )
    return None


def _nested(result):
    """For each result, the number of commas in it if it is a tuple."""
    return [len(part) - 1 if isinstance(part, tuple | list) else 0 for part in result]


def _strided(value):
    """The same values in an array that is not contiguous in memory."""
    if not isinstance(value, np.ndarray) or not value.ndim:
        return value
    wide = np.zeros((*value.shape, 2), value.dtype)
    wide[..., 0] = value
    return wide[..., 0]


def _parameters(function):
    """The names of a function's parameters; none if it has no signature."""
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return ()
