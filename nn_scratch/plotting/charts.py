"""Charts: losses, lines, dots, shares. Each returns a matplotlib Figure."""

from collections.abc import Collection, Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from nn_scratch.arguments import a_text, items
from nn_scratch.backend import Array
from nn_scratch.plotting import given
from nn_scratch.plotting.colours import LINE_COLOURS, MARKERS
from nn_scratch.plotting.text import (
    LEGEND,
    fitted,
    legend,
    legend_below,
    options,
    title,
    write,
)
from nn_scratch.validate import number

HATCHES = ("", "//", "..", "\\\\", "xx", "--")  # tell neighbours apart without colour
FEW = 25  # markers on a line
LEAST = 1e-99  # of what is drawn along an axis
INSIDE = 5  # names that a legend inside a chart may have
ROOM = 6  # percent, of a share that has room for its number
SHARE_COLOURS = (*LINE_COLOURS, "#cccccc")
LABEL = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.9}
CENTRED: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9}


def plot_losses(histories: Mapping[str, dict]) -> Figure:
    """The loss of every training step and its running mean, one panel for each named history.

    histories: a dict from name to a history as from training.fit.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    found = {
        name: _losses(history) for name, history in given.titled("histories", histories).items()
    }
    figure = Figure(figsize=(4.6 * len(found), 3.2), layout="constrained")
    axes = figure.subplots(1, len(found), squeeze=False)[0]
    for axis, (name, losses) in zip(axes, found.items(), strict=True):
        window = max(1, len(losses) // 25)
        mean = np.convolve(losses, np.ones(window) / window, mode="valid")
        axis.plot(losses, color="0.75", lw=0.8, label="each step")
        axis.plot(np.arange(window - 1, len(losses)), mean, color="#0072b2", label="running mean")
        axis.set(xlabel="step", ylabel="loss", yscale="log")
        title(axis, fitted(name, 4, 12), size=12)
        axis.legend(frameon=False)
        axis.spines[["top", "right"]].set_visible(False)
    return figure


def plot_dots(
    names: Sequence[str],
    panels: Mapping[str, Sequence],
    logarithmic: Collection[str] = (),
    groups: Sequence[str] | None = None,
    marks: Mapping[str, float] | None = None,
) -> Figure:
    """A row for each name, and side by side a panel for each title: one dot for each value.

    panels: a dict from title to the values of each row, a list for each, with NaN for none; those
    in `logarithmic` have a logarithmic axis. groups: the group of each row; a group has its colour
    and its marker, and rows of one group should follow each other. marks: a dict from the title of
    a panel to a value that has a dashed line there, to compare the dots with.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    given.names("names", names, least=1)
    given.names("groups", groups, least=len(names), optional=True)
    if groups is not None and len(groups) > len(names):
        raise ValueError(f"groups has {len(groups)} entries, but there are {len(names)} names")
    given.names("logarithmic", [*items("logarithmic", logarithmic)])
    marks = {
        what: number("marks", value, LEAST if what in logarithmic else -given.MOST, given.MOST)
        for what, value in given.titled("marks", marks or {}, least=0).items()
    }
    panels = {
        what: _dots(rows, len(names), LEAST if what in logarithmic else -given.MOST)
        for what, rows in given.titled("panels", panels).items()
    }
    width = 2.2 + max(2.3 * len(panels), 3.6)
    figure = Figure(figsize=(width, 1 + 0.27 * len(names)), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    groups = [] if groups is None else [str(group) for group in groups]
    kinds = list(dict.fromkeys(groups))
    styles = dict(zip(kinds, zip(cycle(MARKERS), cycle(LINE_COLOURS), strict=False), strict=False))
    looks = [styles[kind] for kind in groups] if kinds else [("o", LINE_COLOURS[0])] * len(names)
    for axis, (what, rows) in zip(axes, panels.items(), strict=True):
        for row, (values, (marker, colour)) in enumerate(zip(rows, looks, strict=True)):
            axis.plot(values, [row] * len(values), marker, color=colour, alpha=0.7, ms=6)
        if what in logarithmic:
            axis.set_xscale("log")
            values = [value for row in rows for value in row if not np.isnan(value)]
            wide = max(values, default=1) > 100 * min(values, default=1)
            axis.xaxis.set_major_locator(LogLocator(subs=(1,) if wide else (1, 2, 5), numticks=6))
            axis.xaxis.set_minor_locator(NullLocator())
            axis.xaxis.set_major_formatter("{x:g}")
        if what in marks:
            axis.axvline(marks[what], color="0.3", lw=1, ls="--", zorder=0)
        title(axis, fitted(what, 2.2, 10), size=10, pad=10)
        axis.margins(x=0.12)
        axis.grid(axis="y", color="0.9")
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.tick_params(axis="y", length=0)
    texts = [fitted(name, 2.2, 10) for name in names]
    axes[0].set_yticks(range(len(texts)), texts, **options(*texts))
    axes[0].set_ylim(len(texts) - 0.4, -0.6)  # the first row above, none of them on the axis
    if kinds:
        handles = [Line2D([], [], ls="", marker=m, color=colour) for m, colour in styles.values()]
        legend_below(figure, handles, kinds)
    return figure


def plot_lines(
    lines: Mapping[str, Sequence[float]],
    x: Sequence[float],
    *,
    xlabel: str,
    ylabel: str,
    logarithmic: str = "",
    marks: Mapping[str, float] | None = None,
) -> Figure:
    """A line with dots for each name, over the same x.

    lines: a dict from name to values, as many as x has. logarithmic: names axes: "x", "y" or "xy".
    marks: a dict from name to a value that has a dashed line, to compare the others with.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    a_text("xlabel", xlabel), a_text("ylabel", ylabel)
    if logarithmic not in ("", "x", "y", "xy"):
        raise ValueError(f"logarithmic is {logarithmic!r}, but must be '', 'x', 'y' or 'xy'")
    least = {axis: LEAST if axis in logarithmic else -given.MOST for axis in "xy"}
    x = given.row("x", x, least=least["x"])
    lines = {
        name: given.row("lines", values, length=len(x), least=least["y"], gaps=True)
        for name, values in given.titled("lines", lines).items()
    }
    marks = {
        name: number("marks", value, least["y"], given.MOST)
        for name, value in given.titled("marks", marks or {}, least=0).items()
    }
    figure = Figure(figsize=(5.6, 3.4), layout="constrained")
    axis = figure.add_subplot()
    along = np.log(x) if "x" in logarithmic else x
    for name, value in marks.items():
        axis.axhline(value, color="0.3", lw=1.2, ls="--", zorder=0)
        side = _clearer_side(np.abs(np.array(list(lines.values())) - value), along)
        shift = (6, -6)[side], 3
        label = axis.annotate("", (side, value), shift, ("axes fraction", "data"), "offset points")
        label.set(ha=("left", "right")[side], fontsize=LEGEND)
        write(label, fitted(name, 3, LEGEND))
    styles = zip(cycle(MARKERS), cycle(LINE_COLOURS), strict=False)
    every = max(1, len(x) // FEW)  # else they hide the line
    drawn = [
        axis.plot(x, values, marker=marker, color=colour, ms=5, lw=1.4, markevery=every)[0]
        for values, (marker, colour) in zip(lines.values(), styles, strict=False)
    ]
    axis.set(xlabel=xlabel, ylabel=ylabel)
    if all(float(value).is_integer() for value in x):
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    if "x" in logarithmic:
        axis.set_xscale("log")
        axis.set_xticks(x, [f"{value:g}" for value in x])
        axis.xaxis.set_minor_locator(NullLocator())
    if "y" in logarithmic:
        axis.set_yscale("log")
        low, high = axis.get_ylim()
        if high < 1000 * low:  # few decades: plain numbers within them
            axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=10))
            axis.yaxis.set_minor_locator(NullLocator())
            axis.yaxis.set_major_formatter("{x:g}")
    axis.grid(color="0.92")
    axis.spines[["top", "right"]].set_visible(False)
    if len(lines) > INSIDE:
        legend_below(figure, drawn, list(lines))
    elif len(lines) > 1:
        legend(axis, drawn, [fitted(name, 2.5, LEGEND) for name in lines])
    return figure


def plot_shares(bars: Mapping[str, Mapping[str, float]]) -> Figure:
    """A bar for each name, cut into the shares of its parts in percent, which are written in those
    that have room.

    bars: a dict from name to a dict from part to a number; parts keep their colour from bar to bar.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    bars = {name: _shares(bar) for name, bar in given.titled("bars", bars).items()}
    parts = list(dict.fromkeys(part for bar in bars.values() for part in bar))
    figure = Figure(figsize=(8.6, 0.9 + 0.55 * len(bars)), layout="constrained")
    axis = figure.add_subplot(xlabel="share in %", xlim=(0, 100))
    left, handles, rows = np.zeros(len(bars)), [], range(len(bars))
    for count, part in enumerate(parts):
        # After the last colour the first comes again, with another hatching.
        turn, which = divmod(count, len(SHARE_COLOURS))
        colour, hatch = SHARE_COLOURS[which], HATCHES[(which + turn) % len(HATCHES)]
        shares = np.array([100 * bar.get(part, 0.0) for bar in bars.values()])
        drawn = axis.barh(rows, shares, 0.7, left, ec="white", fc=colour, hatch=hatch)
        handles.append(drawn[0])
        for row, share in enumerate(shares):
            if share >= ROOM:
                axis.text(left[row] + share / 2, row, f"{share:.0f}", bbox=LABEL, **CENTRED)
        left += shares
    texts = [fitted(name, 3, 10) for name in bars]
    axis.set_yticks(range(len(bars)), texts, **options(*texts))
    axis.invert_yaxis()
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)
    legend_below(figure, handles, parts)
    return figure


def plot_ridges(panels: Mapping[str, Mapping[str, Array]], *, xlabel: str = "value") -> Figure:
    """How values are spread: a panel for each title, in it one above the other a histogram for each
    name, each with its mean (a dot) and as much as its standard deviation to both sides (a line).
    What lies below zero is pale: a ReLU would cut it off. All panels share their axis.

    panels: a dict from title to a dict from name to an array of finite numbers of any shape.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    a_text("xlabel", xlabel)
    rows = {
        what: {
            name: given.plane("panels", np.reshape(given.array("panels", values), (1, -1)))[0]
            for name, values in given.titled("panels", names).items()
        }
        for what, names in given.titled("panels", panels).items()
    }
    everything = np.concatenate([values for names in rows.values() for values in names.values()])
    low, high = np.percentile(everything, [0.3, 99.7])
    pad = 0.05 * (high - low) or 0.5
    bins = np.linspace(low - pad, high + pad, 101)
    most = max(map(len, rows.values()))
    size = 4.4 * len(rows), 0.62 * most + 0.9
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(1, len(rows), squeeze=False, sharex=True)[0]
    middle = (bins[1:] + bins[:-1]) / 2
    above = bins[1:] > 0
    for axis, (what, names) in zip(axes, rows.items(), strict=True):
        for row, (values, colour) in enumerate(zip(names.values(), cycle(LINE_COLOURS))):
            counts, _ = np.histogram(values, bins)
            ridge = row - 0.8 * counts / (counts.max() or 1)
            axis.fill_between(middle, row, ridge, color=colour, alpha=0.25, lw=0)
            axis.fill_between(middle, row, ridge, where=above, color=colour, alpha=0.9, lw=0)
            axis.plot(middle, ridge, color=colour, lw=0.8)
            mean, spread = values.mean(), values.std()
            axis.plot([mean - spread, mean + spread], [row, row], color="black", lw=2)
            axis.plot(mean, row, "o", color="black", ms=4)
        axis.axvline(0, color="0.4", lw=0.8)
        texts = [fitted(name, 1.4, 10) for name in names]
        axis.set_yticks(range(len(texts)), texts, **options(*texts))
        axis.set(xlabel=xlabel, ylim=(len(names) - 0.75, -0.95), xlim=(bins[0], bins[-1]))
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.tick_params(axis="y", length=0)
        title(axis, fitted(what, 3.6, 11), size=11)
    return figure


def plot_valley(
    loss: Array,
    x: Sequence[float],
    y: Sequence[float],
    ways: Mapping[str, Sequence[tuple[float, float]]],
    *,
    xlabel: str,
    ylabel: str,
) -> Figure:
    """The loss of two weights as a map with lines of equal height, and over it the ways that
    descents take, a dot for each step; a star stands at the lowest place.

    loss (len(y), len(x)), above zero; ways: a dict from title to the places (x, y) of its steps,
    each in a panel of its own. What leaves the map is not shown.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    a_text("xlabel", xlabel), a_text("ylabel", ylabel)
    loss, x, y = given.plane("loss", loss), given.row("x", x), given.row("y", y)
    if loss.shape != (len(y), len(x)):
        raise ValueError(f"loss has shape {loss.shape}, but must be {(len(y), len(x))}")
    if loss.min() < 0 or not loss.max() > LEAST:
        raise ValueError("loss has values below zero, or nothing above it")
    drawn = given.planes("ways", ways)
    for places in drawn.values():
        if places.shape[1] != 2:
            raise ValueError(f"ways has shape {places.shape}, but must be (steps, 2)")
    if min(loss.shape) < 2 or loss.min() == loss.max():
        raise ValueError(f"loss {loss.shape} must have high and low places, in 2 rows and columns")
    if min(np.diff(x).min(), np.diff(y).min()) <= 0:
        raise ValueError("x and y must increase from one place to the next")
    row, column = divmod(int(loss.argmin()), loss.shape[1])
    figure = Figure(figsize=(3.1 * len(drawn), 3.3), layout="constrained")
    axes = figure.subplots(1, len(drawn), squeeze=False, sharey=True)[0]
    levels = np.geomspace(max(loss.min(), loss.max() / 3000), loss.max(), 14)
    for axis, (what, places) in zip(axes, drawn.items(), strict=True):
        axis.contourf(x, y, np.sqrt(loss), 24, cmap="Greys", alpha=0.6)
        axis.contour(x, y, loss, levels, colors="0.45", linewidths=0.5)
        axis.plot(*places.T, "-", color=LINE_COLOURS[0], lw=1.4)
        axis.plot(*places.T, "o", color=LINE_COLOURS[0], ms=4)
        axis.plot(*places[0], "s", color="black", ms=6)
        axis.plot(x[column], y[row], "*", color="#e69f00", mec="black", ms=13)
        axis.set(xlabel=xlabel, xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
        title(axis, fitted(what, 2.8, 11), size=11)
    axes[0].set_ylabel(ylabel)
    return figure


def _losses(history):
    """The losses of a history, from its first step on."""
    steps = history.get("steps") if isinstance(history, Mapping) else None
    if not isinstance(steps, Sequence) or not all(
        isinstance(s, Mapping) and "loss" in s for s in steps
    ):
        raise TypeError(f"histories holds {history!r:.60}, but must hold what training.fit returns")
    return given.row("histories", [step["loss"] for step in steps], gaps=True)


def _clearer_side(distances, x):
    """0 for the left half of a chart or 1 for the right one: where all lines, at these distances
    (lines, len(x)) from a mark, leave more room for its name."""
    middle = (x.min() + x.max()) / 2
    left, right = (
        np.nanmin(distances[:, half], initial=np.inf) for half in (x <= middle, x >= middle)
    )
    return int(right >= left)


def _dots(rows, count, least):
    """The values of each of `count` rows."""
    if not isinstance(rows, (Sequence, np.ndarray)) or isinstance(rows, str) or len(rows) != count:
        raise ValueError(
            f"panels holds {rows!r:.60}, but must hold {count} lists, one for each name"
        )
    return [given.row("panels", values, least=least, gaps=True) for values in rows]


def _shares(bar):
    """The parts of a bar as shares of its sum."""
    parts = given.titled("bars", bar)
    values = given.row("bars", list(parts.values()), least=0)
    if not values.sum():
        raise ValueError("bars holds a bar whose parts are all 0: it has no shares")
    return dict(zip(parts, (values / values.sum()).tolist(), strict=True))
