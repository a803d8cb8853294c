"""Reports of checks, as data and as text. A verdict is True, False, or None: cannot be told."""

import math
import textwrap
from dataclasses import dataclass, field

WORDS = {True: "right", False: "WRONG", None: "cannot be told"}


def verdict(ok: bool | None) -> str:
    """The word for a verdict."""
    return WORDS[ok]


def together(verdicts) -> bool | None:
    """One verdict for several: False if one is False, else None if one is None, else True."""
    found = list(verdicts)
    if any(ok is False for ok in found):
        return False
    return None if any(ok is None for ok in found) else True


@dataclass
class GradientRow:
    """One gradient: its largest relative error, and the place of that error.

    unsure: the relative uncertainty of the numerical slope if it is too large for a verdict; else
    None.
    """

    name: str
    error: float
    tolerance: float
    compared: str
    place: tuple | None = None
    yours: float = 0.0
    numerical: float = 0.0
    wrong: int = 0
    unsure: float | None = None

    @property
    def ok(self) -> bool | None:
        """Whether the gradient is right; None if rounding or noise hides it."""
        if self.unsure is not None:
            return None
        return bool(self.error <= self.tolerance)

    def text(self, width: int) -> str:
        """One line, or two, with `width` letters for the name."""
        word = "right" if self.ok else "WRONG" if self.ok is False else "?    "
        line = f"  {self.name:<{width}} {self.error:>8.1e}   {word}   {self.compared}"
        if self.ok is None:
            line += f"\n      the slope is not known well enough: to {_percent(self.unsure)}"
        elif not self.ok and self.place is not None:
            count = f"{self.wrong} wrong; " if self.wrong else ""
            line += (
                f"\n      {count}the worst at {self.place}: "
                f"yours {self.yours:.6g}, numerical {self.numerical:.6g}"
            )
        return line


class Report:
    """A report that prints itself, even if an error occurs while its text is made."""

    name: str

    @property
    def ok(self) -> bool | None:
        """True, False, or None: cannot be told."""
        raise NotImplementedError

    def text(self) -> str:
        """The report as it is shown."""
        raise NotImplementedError

    def __bool__(self) -> bool:
        return self.ok is True

    def __str__(self) -> str:
        try:
            return self.text()
        except Exception as error:
            return (
                f"{self.name}: {verdict(self.ok)}\n  the rest of this report cannot be drawn: "
                f"{type(error).__name__}: {error}"
            )

    __repr__ = __str__

    def _repr_pretty_(self, printer, cycle):  # notebooks call this to show a value
        printer.text(str(self))


@dataclass(repr=False)
class GradientReport(Report):
    """What a gradient check found. As text it has a line for each gradient and each problem.

    rows: one for each gradient that was compared. problems: sentences about what is wrong besides
    the numbers. skipped: names of inputs that backward gives no gradient for, and need not.
    doubts: sentences that say why there is no verdict. notes: sentences worth reading about what is
    not wrong.
    """

    name: str
    rows: list[GradientRow]
    problems: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool | None:
        """Whether all gradients are right; None if that cannot be told."""
        if self.problems:
            return False
        return together([*(row.ok for row in self.rows), *(None for _ in self.doubts)])

    @property
    def reason(self) -> str:
        """One sentence that says why the verdict is not True; empty if it is."""
        if self.ok:
            return ""
        if self.problems:
            return self.problems[0]
        wrong = [row.name for row in self.rows if row.ok is False]
        if wrong:
            return f"the gradient of {', '.join(wrong)} differs from the slope of forward"
        return self.doubts[0] if self.doubts else "rounding or noise hides the slope of forward"

    def text(self) -> str:
        """The report for people: a heading, a line for each gradient, and everything else found."""
        because = f", because {self.reason}" if self.ok is None else ""
        lines = [_wrapped(f"{self.name}: gradients {verdict(self.ok)}{because}")]
        width = _width(self.rows)
        if self.rows:
            lines += [f"  {'gradient of':<{width}}    error           compared"]
        lines += [row.text(width) for row in self.rows]
        lines += [_wrapped(f"  problem: {problem}") for problem in self.problems]
        if self.ok is False:
            lines += [_wrapped(f"  besides: {doubt}") for doubt in self.doubts]
        lines += [_wrapped(f"  note: {note}") for note in self.notes]
        if self.skipped:
            names = ", ".join(self.skipped)
            lines.append(_wrapped(f"  not compared, for backward returns nothing: {names}"))
        return "\n".join(lines)

    def as_dict(self) -> dict:
        """For a program: plain values that JSON can hold."""
        return {
            "name": self.name,
            "ok": self.ok,
            "reason": self.reason,
            "gradient_errors": {row.name: _finite(row.error) for row in self.rows},
            "problems": list(self.problems),
            "doubts": list(self.doubts),
            "notes": list(self.notes),
            "not_compared": list(self.skipped),
        }


@dataclass
class AdjointRow:
    """The two sides of the identity for one value."""

    name: str
    left: float
    right: float
    gap: float
    tolerance: float
    unsure: bool = False

    @property
    def ok(self) -> bool | None:
        """Whether both sides agree; None if rounding or noise hides one."""
        if self.unsure:
            return None
        return bool(self.gap <= self.tolerance)

    def text(self, width: int) -> str:
        """One line, with `width` letters for the name."""
        gap = "equal" if self.gap == 0 else f"{self.gap:.1e}"
        return (
            f"  {self.name:<{width}} {self.left:>14.8g} {self.right:>14.8g}   {gap:>7}   "
            f"{verdict(self.ok)}"
        )


@dataclass(repr=False)
class AdjointReport(Report):
    """What an adjoint check found. As text it has a line for each value."""

    name: str
    rows: list[AdjointRow]
    doubts: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool | None:
        """Whether the identity holds; None if that cannot be told."""
        open_ones = [None for _ in self.doubts] or ([] if self.rows else [None])
        return together([*(row.ok for row in self.rows), *open_ones])

    @property
    def reason(self) -> str:
        """One sentence that says why the verdict is not True; empty if it is."""
        if self.ok:
            return ""
        wrong = [row.name for row in self.rows if row.ok is False]
        if wrong:
            return f"in {', '.join(wrong)}, backward is not the adjoint of forward's derivative"
        if self.doubts:
            return self.doubts[0]
        return "rounding or noise hides it" if self.rows else "there is nothing to compare"

    @property
    def gap(self) -> float:
        """The largest relative difference of the two sides."""
        return max((row.gap for row in self.rows), default=float("nan"))

    def text(self) -> str:
        """The report for people: a heading, and a line for each value."""
        width = _width(self.rows)
        because = f", because {self.reason}" if self.ok is None else ""
        lines = [_wrapped(f"{self.name}: adjoint {verdict(self.ok)}{because}")]
        lines.append(f"  {'in':<{width}}       ⟨J u, g⟩      ⟨u, Jᵀ g⟩       gap")
        return "\n".join([*lines, *(row.text(width) for row in self.rows)])

    def as_dict(self) -> dict:
        """For a program: plain values that JSON can hold."""
        return {
            "name": self.name,
            "ok": self.ok,
            "reason": self.reason,
            "gaps": {row.name: _finite(row.gap) for row in self.rows},
        }


def _wrapped(sentence):
    """A sentence wrapped to lines of at most 80 characters, indented from the second on."""
    indent = "      " if sentence.startswith(" ") else "  "
    return textwrap.fill(
        sentence, 80, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _width(rows):
    """The width of the column of names."""
    return max([12, *(len(row.name) for row in rows)])


def _percent(ratio):
    return f"{100 * ratio:.1g} %" if ratio < 1 else "not even its size"


def _finite(value):
    """The number as a float, or None if it is not finite, since JSON has no infinity or NaN."""
    return float(value) if math.isfinite(value) else None
