"""Where time goes, and who works when: bars, timelines, and all that computes at once.

Each returns a matplotlib Figure.
"""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import NullLocator

from nn_scratch.arguments import a_text, whole
from nn_scratch.geometry import flag
from nn_scratch.plotting import given
from nn_scratch.plotting.charts import HATCHES
from nn_scratch.plotting.colours import LINE_COLOURS
from nn_scratch.plotting.text import fitted, legend_below, options, plain, text_width, write
from nn_scratch.validate import number

PALE = {"fc": "#cfe2f3", "ec": "0.4"}
LARGEST = 0.12  # inches, of a square
MOST_UNITS = 512  # groups, and units in each
LEAST = "#d55e00"  # Okabe & Ito: a mark within a bar


def plot_bars(
    bars: Mapping[str, float],
    *,
    xlabel: str,
    texts: Mapping[str, str] | None = None,
    least: Mapping[str, float] | None = None,
    mark: str = "least possible",
    logarithmic: bool = False,
) -> Figure:
    """A horizontal bar for each name, with its value written at its end.

    bars: a dict from name to a number above 0. texts: what to write instead of the value. least: a
    dict from name to a number that is marked in its bar; `mark` says in the legend what it is.

    Returns: a Figure.
    Raises: ValueError and TypeError, which name the argument, for bars that are not valid.
    """
    a_text("xlabel", xlabel), a_text("mark", mark), flag("logarithmic", logarithmic)
    bars = {
        name: number("bars", value, 0, given.MOST)
        for name, value in given.titled("bars", bars).items()
    }
    texts = given.titled("texts", texts or {}, least=0)
    least = {
        name: number("least", value, 0, given.MOST)
        for name, value in given.titled("least", least or {}, least=0).items()
    }
    most = max(bars.values())
    if not most or (logarithmic and not min(bars.values())):
        raise ValueError(f"bars is {dict(bars)}, but a bar must be longer than 0")
    figure = Figure(figsize=(7.6, 0.75 + 0.36 * len(bars)), layout="constrained")
    axis = figure.add_subplot(xlabel=xlabel, xscale="log" if logarithmic else "linear")
    rows = np.arange(len(bars))
    axis.barh(rows, list(bars.values()), 0.66, color=LINE_COLOURS[0])
    for row, (name, value) in enumerate(bars.items()):
        label = axis.annotate(
            "", (value, row), (5, 0), textcoords="offset points", va="center", fontsize=10
        )
        write(label, plain(texts.get(name, f"{value:,.3g}")))
        if name in least:
            axis.plot([least[name]] * 2, [row - 0.4, row + 0.4], color=LEAST, lw=3)
    if logarithmic:
        low = min([*bars.values(), *(v for v in least.values() if v)])
        axis.set_xlim(low / 2, most * (most / low) ** 0.25)
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_locator(NullLocator())
    else:
        axis.set_xlim(0, 1.18 * most)
    names = [fitted(name, 2.6, 10) for name in bars]
    axis.set_yticks(rows, names, **options(*names))
    axis.invert_yaxis()
    axis.grid(axis="x", color="0.92")
    axis.set_axisbelow(True)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)
    if least:
        legend_below(figure, [Line2D([], [], color=LEAST, lw=3)], [mark])
    return figure


def plot_timeline(
    rows: Mapping[str, Sequence[tuple[float, float, str]]],
    *,
    xlabel: str,
    kinds: Sequence[str] | None = None,
) -> Figure:
    """Who does what when: a row for each name, and in it a bar for each piece of work.

    rows: a dict from name to pieces, each (start, length, what). A piece has what is done written
    in it where there is room; or, with `kinds`, which lists all that is done, a colour for each and
    a legend.

    Returns: a Figure.
    Raises: ValueError and TypeError, which name the argument, for rows that are not valid.
    """
    a_text("xlabel", xlabel)
    rows = {name: _pieces(pieces) for name, pieces in given.titled("rows", rows).items()}
    every = list(dict.fromkeys(what for pieces in rows.values() for *_, what in pieces))
    if kinds is not None:
        given.names("kinds", kinds, least=1)
        kinds = [str(kind) for kind in kinds]
        if missing := [what for what in every if what not in kinds]:
            raise ValueError(f"kinds is {list(kinds)}, but rows have {missing[0]!r}")
    end = max((start + length for p in rows.values() for start, length, _ in p), default=1.0)
    figure = Figure(figsize=(8.2, 0.8 + 0.5 * len(rows)), layout="constrained")
    axis = figure.add_subplot(xlabel=xlabel, xlim=(0, end * 1.01))
    styles = zip(kinds or every, cycle(LINE_COLOURS), cycle(HATCHES), strict=False)
    looks: dict[str, dict[str, Any]] = {
        what: {"fc": colour, "hatch": hatch} for what, colour, hatch in styles
    }
    for row, pieces in enumerate(rows.values()):
        for start, length, what in pieces:
            look = PALE if kinds is None else looks[what] | {"ec": "white"}
            axis.barh(row, length, 0.72, start, **look)
            room = 6.2 * length / end  # inches
            if kinds is None and text_width(plain(what), 9) < room:
                middle = start + length / 2, row
                write(axis.text(*middle, "", ha="center", va="center", fontsize=9), plain(what))
    names = [fitted(name, 1.6, 10) for name in rows]
    axis.set_yticks(range(len(names)), names, **options(*names))
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)
    if kinds is not None:
        legend_below(figure, [Patch(ec="white", **looks[what]) for what in kinds], list(kinds))
    return figure


def plot_units(machines: Mapping[str, tuple[int, int]]) -> Figure:
    """Machines side by side, a small square for each of their arithmetic units, all to one scale.

    machines: a dict from name to (groups, units in each): cores and their lanes, or the
    multiprocessors of a card and their units.

    Returns: a Figure.
    Raises: ValueError and TypeError, which name the argument, for machines that are not valid.
    """
    sizes = {}
    for name, counts in given.titled("machines", machines).items():
        if not isinstance(counts, (tuple, list)) or len(counts) != 2:
            raise TypeError(f"machines has {counts!r}, but must have (groups, units in each)")
        sizes[name] = tuple(whole("machines", count, 1, MOST_UNITS) for count in counts)
    drawn = {name: _squares(*counts) for name, counts in sizes.items()}
    said = {name: f"{groups} × {n} = {groups * n:,} units" for name, (groups, n) in sizes.items()}
    least = [max(text_width(line, 10) for line in (plain(n), said[n])) for n in sizes]
    widths = [max(x + w for x, _, w, _ in frames) for _, frames in drawn.values()]
    height = max(y + h for _, frames in drawn.values() for _, y, _, h in frames)
    scale = _scale(widths, least, 8.6 - 0.3 * (len(widths) + 1))
    figure = Figure(figsize=(8.6, scale * height + 0.65))
    axis = figure.add_axes((0, 0, 1, 1), xlim=(0, 8.6), ylim=(scale * height + 0.1, -0.55))
    axis.set_axis_off()
    left = 0.3
    for (name, (corners, frames)), width, text in zip(drawn.items(), widths, least, strict=True):
        squares = [Rectangle((left + scale * x, scale * y), *[0.8 * scale] * 2) for x, y in corners]
        axis.add_collection(PatchCollection(squares, fc=LINE_COLOURS[0], ec="none", snap=False))
        around = [
            Rectangle((left + scale * x, scale * y), w * scale, h * scale) for x, y, w, h in frames
        ]
        axis.add_collection(PatchCollection(around, fc="none", ec="0.6", lw=0.6))
        write(axis.text(left, -0.1, "", va="bottom", fontsize=10), plain(name), said[name])
        left += max(scale * width, text) + 0.3
    return figure


def _scale(widths, least, room):
    """Inches for a square, so that all machines, none narrower than its text, fill the room."""
    low, high = 0.0, min(LARGEST, room / max(widths))
    for _ in range(40):
        scale = (low + high) / 2
        taken = sum(max(scale * width, text) for width, text in zip(widths, least, strict=True))
        low, high = (scale, high) if taken < room else (low, scale)
    return max(low, 1e-3)


def _squares(groups, units):
    """The corners (n, 2) of all units, groups in a block that is about as wide as a page, and the
    frames (x, y, w, h) of the groups."""
    inner = min(units, int(np.ceil(np.sqrt(units))))
    wide, high = inner + 1.0, -(-units // inner) + 1.0
    across = min(groups, max(1, int(np.ceil(np.sqrt(2.2 * groups * high / wide)))))
    corners, frames = [], []
    for group in range(groups):
        row, column = divmod(group, across)
        x, y = column * (wide + 0.6), row * (high + 0.6)
        frames.append((x, y, wide, high))
        at = np.arange(units)
        corners.append(np.stack([x + 0.6 + at % inner, y + 0.6 + at // inner], axis=1))
    return np.concatenate(corners), frames


def _pieces(pieces):
    """Pieces of work as (start, length, what)."""
    found = []
    for piece in pieces:
        if not isinstance(piece, (tuple, list)) or len(piece) != 3:
            raise TypeError(f"rows has {piece!r}, but must have (start, length, what)")
        start, length, what = piece
        start, length = (number("rows", n, 0, given.MOST) for n in (start, length))
        found.append((start, length, str(what)))
    return found
