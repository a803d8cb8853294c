"""Run cases and show them as a table: what `nn-scratch check` does."""

import json
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from nn_scratch.check.adjoint import check_adjoint
from nn_scratch.check.cases import Case, catalogue
from nn_scratch.check.gradients import check_gradients
from nn_scratch.check.report import AdjointReport, GradientReport, verdict
from nn_scratch.check.user_code import UserCodeError, explained_errors, user_case
from nn_scratch.exercises.exercise import EXERCISES
from nn_scratch.exercises.grade import check_exercise

HEADING = f"{'op, layer or net':<42}{'largest relative error of each gradient':<48}adjoint gap"


@dataclass
class Result:
    """Both reports of one case."""

    case: Case
    gradients: GradientReport
    adjoint: AdjointReport

    @property
    def ok(self):
        return self.gradients.ok and self.adjoint.ok

    def line(self):
        """One line of the table."""
        errors = sorted(self.gradients.rows, key=lambda row: -row.error)
        shown = "  ".join(f"{row.name} {row.error:.0e}" for row in errors)
        if len(errors) > 3:
            shown = f"{len(errors)} gradients, the worst {errors[0].error:.0e}"
        gap = "0" if self.adjoint.gap == 0 else f"{self.adjoint.gap:.0e}"
        case = self.case
        return f"{case.name:<23}{case.note:<19}{shown:<48}{gap:>11}   {verdict(self.ok)}"

    def as_dict(self):
        """For a grader."""
        return {
            "name": self.case.name,
            "note": self.case.note,
            "ok": self.ok,
            "gradient_errors": {row.name: row.error for row in self.gradients.rows},
            "problems": self.gradients.problems,
            "adjoint_gap": self.adjoint.gap,
        }


def run_case(case):
    """The Result of one case."""
    gradients = check_gradients(case.target, *case.inputs, **case.options)
    adjoint = check_adjoint(case.target, *case.inputs, **case.options)
    gradients.name = adjoint.name = f"{case.name} ({case.note})" if case.note else case.name
    return Result(case, gradients, adjoint)


def library_cases(name=None):
    """All cases of the library, or those called `name`."""
    cases = catalogue()
    if name is None:
        return cases
    found = [case for case in cases if case.name == name]
    if not found:
        names = list(dict.fromkeys(case.name for case in cases))
        near = get_close_matches(name, names, cutoff=0.4) or names
        raise UserCodeError(
            f"there is no op or layer {name}; did you mean {', '.join(near)}? "
            "A layer of your own is FILE.py:NAME"
        )
    return found


def check_and_show(what=None, *, as_json=False):
    """Check all of the library, one name, or FILE.py:NAME; print a table, or JSON.

    Returns whether everything is right.
    """
    path, colon, name = (what or "").rpartition(":")
    if colon:
        with explained_errors(path, name):
            cases = [user_case(path, name)]
        if not as_json:
            print(f"checking {name} in {Path(path).resolve()}\n")
    else:
        cases = library_cases(what)

    results = []
    if not as_json:
        print(HEADING)
    for case in cases:
        with explained_errors(path if colon else None, case.name):
            results.append(run_case(case))
        if not as_json:
            print(results[-1].line())
    wrong = [result for result in results if not result.ok]
    if as_json:
        print(json.dumps({"ok": not wrong, "results": [r.as_dict() for r in results]}, indent=1))
        return not wrong
    for result in wrong:
        print(f"\n{result.gradients}\n{result.adjoint}")
        if colon and (named := _named(result.case)) is not None:
            print(f"\n{named}")
    print(f"\n{len(results) - len(wrong)} right, {len(wrong)} wrong")
    return not wrong


def _named(case):
    """The ExerciseReport of a user's function that goes by the name of an exercise, if the mistake
    in it is known."""
    if isinstance(case.target, tuple) and f"{case.name}_backward" in EXERCISES:
        for name, function in zip((case.name, f"{case.name}_backward"), case.target, strict=True):
            report = check_exercise(name, function)
            if report.explanation:
                return report
    return None
