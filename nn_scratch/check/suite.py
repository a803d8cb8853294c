"""Run cases and show them as a table: what `nn-scratch check` does."""

from dataclasses import dataclass
from difflib import get_close_matches

from nn_scratch.check.adjoint import check_adjoint
from nn_scratch.check.catalogue import Case, catalogue
from nn_scratch.check.gradient import check_gradients
from nn_scratch.check.report import AdjointReport, GradientReport, verdict

HEADING = f"{'':<23}{'':<19}{'largest relative error of each gradient':<48}adjoint gap"


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
        shown = "  ".join(f"{row.name} {row.error:.0e}" for row in errors[:3])
        if len(errors) > 3:
            shown += f"  and {len(errors) - 3} smaller"
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
    return Result(
        case,
        check_gradients(case.target, *case.inputs, **case.options),
        check_adjoint(case.target, *case.inputs, **case.options),
    )


def library_cases(name=None):
    """All cases of the library, or those called `name`. Raises KeyError with near names."""
    cases = catalogue()
    if name is None:
        return cases
    found = [case for case in cases if case.name == name]
    if not found:
        names = list(dict.fromkeys(case.name for case in cases))
        near = get_close_matches(name, names, cutoff=0.4) or names
        raise KeyError(f"there is no op or layer {name}; did you mean {', '.join(near)}?")
    return found
