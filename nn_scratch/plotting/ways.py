"""Several ways to do the same, side by side. Returns a matplotlib Figure."""

from collections.abc import Mapping
from itertools import cycle

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from nn_scratch.arguments import a_text
from nn_scratch.backend import Array
from nn_scratch.plotting import given
from nn_scratch.plotting.charts import LEAST
from nn_scratch.plotting.colours import LINE_COLOURS, MARKERS
from nn_scratch.plotting.text import fitted, legend_below, options
from nn_scratch.validate import number

NAME = 3.4  # inches, the widest
CLOSE = 0.01  # of the axis: marks so near to each other would hide one another


def plot_ways(rows: Mapping[str, Mapping[str, float]], *, xlabel: str) -> Figure:
    """A row for each name, and in it a mark for each way: how long each takes, say, to do the same.
    The axis is logarithmic, so that equal distances are equal ratios in all rows. Marks that would
    hide one another stand one above the other.

    rows: a dict from name to a dict from way to a number above 0; not every row needs every way.

    Returns: a Figure.
    Raises: ValueError and TypeError, which name the argument, for rows that are not valid.
    """
    a_text("xlabel", xlabel)
    rows = {
        name: {
            way: number("rows", value, LEAST, given.MOST)
            for way, value in given.titled("rows", row).items()
        }
        for name, row in given.titled("rows", rows).items()
    }
    ways = list(dict.fromkeys(way for row in rows.values() for way in row))
    styles = dict(zip(ways, zip(cycle(MARKERS), cycle(LINE_COLOURS), strict=False), strict=False))
    figure = Figure(figsize=(8.2, 0.7 + 0.34 * len(rows)), layout="constrained")
    axis = figure.add_subplot(xlabel=xlabel, xscale="log")
    everything = np.array([value for row in rows.values() for value in row.values()])
    near = (everything.max() / everything.min()) ** CLOSE
    for at, row in enumerate(rows.values()):
        values = list(row.values())
        axis.plot([min(values), max(values)], [at, at], color="0.8", lw=2, zorder=1)
        for way, value in row.items():
            marker, colour = styles[way]
            y = at + _aside(way, row, near)
            axis.plot(value, y, marker, color=colour, ms=8, mec="white", mew=0.8, zorder=2)
    _plain_ticks(axis, everything)
    names = [fitted(name, NAME, 10) for name in rows]
    axis.set_yticks(range(len(names)), names, **options(*names))
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.grid(axis="x", color="0.92")
    axis.set_axisbelow(True)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)
    handles = [Line2D([], [], ls="", marker=m, color=colour, ms=8) for m, colour in styles.values()]
    legend_below(figure, handles, ways)
    return figure


def _aside(way: str, row: Mapping[str, float], near: float) -> float:
    """How far below its line a mark stands: above and below in turn, if it would hide another."""
    hidden = [name for name, value in row.items() if 1 / near < value / row[way] < near]
    return 0 if len(hidden) == 1 else 0.22 * (-1) ** (hidden.index(way) + 1)


def _plain_ticks(axis, values: Array):
    """Numbers as one writes them along a logarithmic axis of few decades."""
    if values.max() < 1e4 * values.min():
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=12))
        axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_locator(NullLocator())
