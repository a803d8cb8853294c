"""What a check found, as data and as text."""

from dataclasses import dataclass, field


@dataclass
class GradientRow:
    """One gradient: its largest relative error, and where it was found."""

    name: str
    error: float
    tolerance: float
    compared: str
    place: tuple | None = None
    yours: float = 0.0
    numerical: float = 0.0
    wrong: int = 0

    @property
    def ok(self):
        return self.error <= self.tolerance

    def text(self, width):
        """One line, or two, with `width` letters for the name."""
        line = f"  {self.name:<{width}} {self.error:>8.1e}   {verdict(self.ok)}   {self.compared}"
        if not self.ok:
            line += (
                f"\n      {self.wrong} wrong; the worst at {self.place}: "
                f"yours {self.yours:.6g}, numerical {self.numerical:.6g}"
            )
        return line


@dataclass
class GradientReport:
    """`ok`, and as text a line for each gradient and each problem."""

    name: str
    rows: list
    problems: list = field(default_factory=list)
    skipped: list = field(default_factory=list)

    @property
    def ok(self):
        return not self.problems and all(row.ok for row in self.rows)

    def __bool__(self):
        return self.ok

    def __str__(self):
        lines = [f"{self.name}: gradients {verdict(self.ok)}"]
        width = _width(self.rows)
        if self.rows:
            lines += [f"  {'gradient of':<{width}}    error           compared"]
        lines += [row.text(width) for row in self.rows]
        lines += [f"  problem: {problem}" for problem in self.problems]
        if self.skipped:
            lines.append(f"  not compared, for backward returns nothing: {', '.join(self.skipped)}")
        return "\n".join(lines)

    def _repr_pretty_(self, printer, cycle):  # how notebooks show it
        printer.text(str(self))


@dataclass
class AdjointRow:
    """The two sides of the identity for one value."""

    name: str
    left: float
    right: float
    gap: float
    tolerance: float

    @property
    def ok(self):
        return self.gap <= self.tolerance

    def text(self, width):
        """One line, with `width` letters for the name."""
        gap = "equal" if self.gap == 0 else f"{self.gap:.1e}"
        return (
            f"  {self.name:<{width}} {self.left:>14.8g} {self.right:>14.8g}   {gap:>7}   "
            f"{verdict(self.ok)}"
        )


@dataclass
class AdjointReport:
    """`ok`, the largest `gap`, and as text a line for each value."""

    name: str
    rows: list

    @property
    def ok(self):
        return bool(self.rows) and all(row.ok for row in self.rows)

    @property
    def gap(self):
        return max((row.gap for row in self.rows), default=float("nan"))

    def __bool__(self):
        return self.ok

    def __str__(self):
        width = _width(self.rows)
        lines = [f"{self.name}: adjoint {verdict(self.ok)}"]
        lines.append(f"  {'in':<{width}}       ⟨J u, g⟩      ⟨u, Jᵀ g⟩       gap")
        return "\n".join([*lines, *(row.text(width) for row in self.rows)])

    def _repr_pretty_(self, printer, cycle):  # how notebooks show it
        printer.text(str(self))


def _width(rows):
    """Letters for the longest name."""
    return max([12, *(len(row.name) for row in rows)])


def verdict(ok):
    return "right" if ok else "WRONG"
