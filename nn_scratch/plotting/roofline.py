"""What a machine can do at most: the roofline. Returns a matplotlib Figure."""

from collections.abc import Mapping
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from nn_scratch.plotting import given
from nn_scratch.plotting.colours import LINE_COLOURS
from nn_scratch.plotting.text import LEGEND, fitted, text_width, write
from nn_scratch.validate import number

MACHINES = 1e-6, 1e9  # what any of them has of a unit
NARROW = 0.5  # inches: a name that has room below a point at the right end


def plot_roofline(
    points: Mapping[str, tuple[float, float]], bandwidth: float, rate: float
) -> Figure:
    """What a machine can do against how many operations come with each byte (Williams et al. 2009).

    points: a dict from name to (operations per byte, GFLOP/s); bandwidth in GB/s, rate in GFLOP/s.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    bandwidth, rate = number("bandwidth", bandwidth, *MACHINES), number("rate", rate, *MACHINES)
    points = {
        name: given.row("points", point, 2, *MACHINES)
        for name, point in given.titled("points", points).items()
    }
    figure = Figure(figsize=(5.6, 3.4), layout="constrained")
    axis = figure.add_subplot()
    x = np.geomspace(0.05, 1000, 200)
    axis.plot(x, np.minimum(rate, bandwidth * x), color="#222222", lw=1.6)
    slope: dict[str, Any] = {
        "rotation": 36,
        "fontsize": 8,
        "clip_on": True,
    }  # it may lie above what is shown
    axis.text(0.07, bandwidth * 0.16, f"{bandwidth:.0f} GB/s", **slope)
    axis.text(800, rate * 1.15, f"{rate:.0f} GFLOP/s", fontsize=8, ha="right")
    colours = cycle(LINE_COLOURS)
    for (name, (intensity, reached)), colour in zip(points.items(), colours, strict=False):
        axis.plot(intensity, reached, "o", color=colour)
        shown = fitted(name, 2.5, LEGEND)
        place, align = (4, -14), "left"
        if intensity > 300:  # else the name would leave the picture
            short = text_width(shown, LEGEND) < NARROW
            place, align = ((0, -17), "center") if short else ((-4, -14), "right")
        label = axis.annotate("", (intensity, reached), place, textcoords="offset points", ha=align)
        write(label, shown)
    axis.set(xlabel="operations for each byte moved", ylabel="GFLOP/s", xscale="log", yscale="log")
    axis.set_ylim(top=3 * rate)
    for each in (axis.xaxis, axis.yaxis):
        each.set_major_formatter("{x:g}")
        each.set_minor_locator(NullLocator())
    axis.grid(color="0.92")
    axis.spines[["top", "right"]].set_visible(False)
    return figure
