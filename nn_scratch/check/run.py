"""Run check cases and show the results as a table, for `nn-scratch check`."""

from dataclasses import dataclass
from difflib import get_close_matches

from nn_scratch.check.adjoint import check_adjoint
from nn_scratch.check.cases import CheckCase, catalogue
from nn_scratch.check.gradients import check_gradients
from nn_scratch.check.report import AdjointReport, GradientReport, together, verdict
from nn_scratch.check.user_code import explained_errors, raised, user_cases
from nn_scratch.user_file import UserCodeError

ORDER = {False: 0, None: 1, True: 2}  # of several cases the worst verdict is shown
NAME, NOTE, ERRORS = 21, 17, 25  # widths of the table's columns, which fill a line of 80
HEADING = f"{'op, layer or net':<{NAME + NOTE + 2}}{'relative errors':<{ERRORS}} adjoint"


@dataclass
class Result:
    """Both reports of one case."""

    case: CheckCase
    gradients: GradientReport
    adjoint: AdjointReport

    @property
    def ok(self) -> bool | None:
        """The verdict of both reports. If the adjoint check cannot tell, that of the gradients
        decides."""
        if self.gradients.ok and self.adjoint.ok is None:
            return True
        return together([self.gradients.ok, self.adjoint.ok])

    @property
    def raised(self) -> bool:
        """Whether a pass raised an error, which leaves nothing to compare or to time."""
        return any(problem.startswith("raises ") for problem in self.gradients.problems)

    def line(self) -> str:
        """One line of the table."""
        errors = sorted(self.gradients.rows, key=lambda row: -row.error)
        shown = "  ".join(f"{r.name} {r.error:.0e}" if r.error else f"{r.name} 0" for r in errors)
        if len(errors) > 3 or len(shown) > ERRORS:
            shown = f"{len(errors)} gradients, worst {errors[0].error:.0e}"
        gap = "0" if self.adjoint.gap == 0 else f"{self.adjoint.gap:.0e}"
        gap = gap if self.adjoint.rows else "–"
        case = self.case
        word = "?" if self.ok is None else verdict(self.ok)
        return f"{case.name:<{NAME}} {case.note:<{NOTE}} {shown:<{ERRORS}} {gap:>7} {word}"

    def text(self) -> str:
        """Both reports; the adjoint report is left out if it has no rows."""
        return "\n".join([str(self.gradients), *([str(self.adjoint)] if self.adjoint.rows else [])])

    def as_dict(self) -> dict:
        """For a program: plain values that JSON can hold."""
        return {
            **self.gradients.as_dict(),
            "name": self.case.name,
            "note": self.case.note,
            "ok": self.ok,
            "reason": self.gradients.reason or (self.adjoint.reason if not self.ok else ""),
            "adjoint_gap": self.adjoint.gap,
        }


def run_case(case, path=None):
    """The Result of one case. A pass that raises is wrong; `path` is the user's file, so that the
    message can name the line in it."""
    try:
        gradients = check_gradients(case.target, *case.inputs, **case.options)
    except MemoryError:
        raise
    except Exception as error:
        gradients = GradientReport(case.name, [], [raised(error, path)])
    if gradients.rows:
        adjoint = _adjoint(case)
    else:  # no gradient could be compared, so the adjoint identity cannot be tested, either
        adjoint = AdjointReport(gradients.name, [], [gradients.reason])
    gradients.name = adjoint.name = f"{case.name} ({case.note})" if case.note else case.name
    return Result(case, gradients, adjoint)


def _adjoint(case):
    """The adjoint report. It leaves the verdict open if a call raises, since the gradient check
    may not have made that call."""
    try:
        return check_adjoint(case.target, *case.inputs, **case.options)
    except Exception as error:
        return AdjointReport(case.name, [], [f"a call ends in {type(error).__name__}: {error}"])


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


def check_and_show(name=None, *, as_json=False):
    """Check all of the library, or what is called `name`, and return the results. Without
    `as_json`, a table is printed line by line."""
    if as_json:
        return [run_case(case) for case in library_cases(name)]
    results = []
    print(HEADING)
    for case in library_cases(name):
        results.append(run_case(case))
        print(results[-1].line(), flush=True)
    print(details(results))
    return results


def check_own(module, path, name):
    """The Result for a layer or a pair of functions in a module loaded from the user's file at
    `path`; if there are several cases, the worst Result.

    Raises UserCodeError if the user's code raises before a pass is called.
    """
    with explained_errors(path, name):
        results = [run_case(case, path) for case in user_cases(module, path, name)]
    return min(results, key=lambda result: ORDER[result.ok])


def details(results):
    """The text below the table: the full reports of all cases that are not right, then counts."""
    worth_reading = [r for r in results if not r.ok or r.gradients.notes]
    reports = [f"\n{result.text()}" for result in worth_reading]
    counts = {True: "right", False: "wrong", None: "cannot be told"}
    found = [(sum(r.ok is ok for r in results), word) for ok, word in counts.items()]
    said = ", ".join(f"{n} {word}" for n, word in found if n or word != "cannot be told")
    return "\n".join([*reports, f"\n{said}"])
