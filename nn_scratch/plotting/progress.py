"""How far several have come at one moment. Returns a matplotlib Figure."""

from collections.abc import Mapping

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from nn_scratch.arguments import whole
from nn_scratch.backend import Array
from nn_scratch.plotting import given
from nn_scratch.plotting.colours import LINE_COLOURS
from nn_scratch.plotting.text import fitted, title
from nn_scratch.validate import number

PANEL, COLUMNS, MOST_CELLS = 2.4, 3, 1000  # inches; panels in a row; along a side
STATES = ListedColormap(["#e8e8e8", LINE_COLOURS[0]])


def plot_progress(done: Mapping[str, float], side: int = 200) -> Figure:
    """A square of side × side cells for each name, filled from the top as far as its work is done,
    with the number of filled cells below; a ring where they are too few to be seen.

    done: a dict from name to the share that is done, from 0 to 1. A share above 0 fills at least
    one cell.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    side = whole("side", side, 1, MOST_CELLS)
    shares = {
        name: number("done", share, 0, 1) for name, share in given.titled("done", done).items()
    }
    columns = min(COLUMNS, len(shares))
    rows = -(-len(shares) // columns)
    size = (PANEL + 0.1) * columns, (PANEL + 0.6) * rows
    figure = Figure(figsize=size, layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis in axes[len(shares) :]:
        axis.set_axis_off()
    for axis, (name, share) in zip(axes, shares.items(), strict=False):
        cells = _filled(share, side)
        count = int(cells.sum())
        axis.imshow(cells, cmap=STATES, vmin=0, vmax=1, interpolation="nearest")
        if 0 < count < 0.01 * cells.size:
            radius = 0.05 * side
            ring = Circle((0, 0), radius, fill=False, ec="#d55e00", lw=2, clip_on=False)
            axis.add_patch(ring)
        axis.spines[:].set_visible(False)  # they would hide the first cells
        axis.set(xticks=[], yticks=[], xlabel=f"{count:,} of {cells.size:,} cells")
        title(axis, fitted(name, PANEL, 10), size=10)
    return figure


def _filled(share: float, side: int) -> Array:
    """(side, side): 1 in the cells that are filled, row after row from the top."""
    count = max(round(share * side**2), int(share > 0))
    return (np.arange(side**2) < count).astype(np.int8).reshape(side, side)
