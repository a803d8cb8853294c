"""Drawings of the ways up: blocks that a value fills, places that it goes to, pixels in between.

Each returns a matplotlib Figure.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nn_scratch.arguments import whole
from nn_scratch.backend import Array
from nn_scratch.ops import bilinear_upsample2d
from nn_scratch.plotting import given
from nn_scratch.plotting.colours import PREDICTION_COLOUR, TRUTH_COLOUR, WINDOW_COLOURS
from nn_scratch.plotting.parts import draw_square, show_image
from nn_scratch.plotting.text import fitted, legend_below, plain, title, write

MARKS = {"o": TRUTH_COLOUR, "X": PREDICTION_COLOUR}  # the value that stood there, another one
SIDE, CELL = 3.4, 0.52  # inches, of an image and of a number
MOST_PIXELS = 40  # of a line

BOXED: dict[str, Any] = {
    "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
}  # numbers on lines


def plot_blocks(arrays: Mapping[str, Array], size: int = 2) -> Figure:
    """Small arrays as cells with their numbers, in the colours of blocks: a value of a small map
    and the size × size pixels that it stands for share their colour. Where at most one pixel of a
    block has a value, zeros are white.

    arrays: a dict from title to (P, Q) or (size·P, size·Q), the smallest of which is (P, Q).

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    size = whole("size", size, 1, given.MANY)
    arrays = {what: given.plane("arrays", a) for what, a in given.titled("arrays", arrays).items()}
    blocks = min((a.shape for a in arrays.values()), key=np.prod)
    large = tuple(size * n for n in blocks)
    for found in arrays.values():
        if found.shape not in (blocks, large):
            raise ValueError(f"arrays holds {found.shape}, but must hold {blocks} or {large}")
    high = max(a.shape[0] for a in arrays.values())
    letter = 0.16  # of a title, in cells
    widths = [max(a.shape[1], letter * len(what)) + 0.9 for what, a in arrays.items()]
    figure = Figure(figsize=(CELL * (sum(widths) + 0.2), CELL * (high + 1.1)))
    limits: dict[str, Any] = {"xlim": (-0.4, sum(widths) - 0.2), "ylim": (high + 0.15, -0.95)}
    axis = figure.add_axes((0, 0, 1, 1), **limits)
    axis.set_axis_off()
    left = 0.0
    for (what, found), wide in zip(arrays.items(), widths, strict=True):
        top = (high - len(found)) / 2
        write(axis.text(left, top - 0.2, "", fontsize=11, va="bottom"), plain(what))
        each = size if found.shape != blocks else 1
        sparse = each > 1 and np.count_nonzero(found) <= np.prod(blocks)
        for (p, q), value in np.ndenumerate(found):
            block = p // each * blocks[1] + q // each
            colour = WINDOW_COLOURS[block % len(WINDOW_COLOURS)] if value or not sparse else "white"
            draw_square(axis, left + q, top + p, colour, f"{value:g}")
        left += wide
    return figure


def plot_points(image: Array, maps: Mapping[str, Array]) -> Figure:
    """Where sparse maps have their values, over a dimmed image: a dot where the value is the one
    that the image has there, a cross where it is another.

    image (1, H, W) with values from 0 to 1; maps: a dict from title to (H, W), mostly zeros.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    values, image = given.array("image", image), given.grey_image("image", image)
    maps = {what: given.plane("maps", m) for what, m in given.titled("maps", maps).items()}
    for found in maps.values():
        if found.shape != image.shape[1:]:
            raise ValueError(f"maps holds {found.shape}, but the image has {image.shape[1:]}")
    figure = Figure(figsize=(SIDE * len(maps), SIDE), layout="constrained")
    axes = figure.subplots(1, len(maps), squeeze=False)[0]
    mark = 72 * 1.3 * SIDE / image.shape[1]
    for axis, (what, found) in zip(axes, maps.items(), strict=True):
        show_image(axis, 0.55 * image)
        right = (found != 0) & (found == values[0])
        for places, look in ((right, "o"), ((found != 0) & ~right, "X")):
            rows, columns = np.nonzero(places)
            how: dict[str, Any] = {"ec": "0.1", "lw": 0.6, "clip_on": False}  # whole at the edge
            axis.scatter(columns, rows, mark**2, c=MARKS[look], marker=look, zorder=3, **how)
        axis.set(xticks=[], yticks=[])
        share = right.sum() / max(1, np.count_nonzero(found))
        title(axis, fitted(f"{what}: {share:.0%} in place", 3.2, 11), size=11)
    looks = [Line2D([], [], ls="", marker=m, color=MARKS[m], mec="black") for m in "oX"]
    legend_below(figure, looks, ["the image's own value there", "another value"])
    return figure


def plot_interpolation(count: int, wanted: int) -> Figure:
    """How bilinear interpolation makes `wanted` pixels of `count` along one axis: the centres of
    both lie over the same ground, and each new one takes its neighbours' values in these shares.

    Returns: a Figure.
    Raises: ValueError and TypeError if they are no integers of at least 1.
    """
    count, wanted = whole("count", count, 1, MOST_PIXELS), whole("wanted", wanted, 1, MOST_PIXELS)
    shares = bilinear_upsample2d(np.eye(count)[None, :, None], (1, wanted))[0, :, 0]
    figure = Figure(figsize=(7.0, 2.9))
    axis = figure.add_axes((0.02, 0.02, 0.96, 0.96), xlim=(-0.03, 1.17), ylim=(0, 1))
    axis.set_axis_off()
    for number, top, colour, name in (
        (count, 0.8, WINDOW_COLOURS[0], "given"),
        (wanted, 0.08, WINDOW_COLOURS[1], "wanted"),
    ):
        for at in range(number):
            corners = (at / number, (at + 1) / number)
            axis.fill_between(corners, top, top + 0.12, fc=colour, ec="0.3")
            axis.plot((at + 0.5) / number, top + 0.06, "o", color="black", ms=4, zorder=3)
        axis.text(1.02, top + 0.06, name, va="center", fontsize=11)
    for (x, y), share in np.ndenumerate(shares):
        if share > 1e-9:
            ends = np.array([(x + 0.5) / count, (y + 0.5) / wanted])
            axis.plot(ends, (0.8, 0.2), color="0.25", lw=0.5 + 3 * share, zorder=0)
            up = 0.5 if share > 0.5 else 0.2  # small shares stand low, where their lines are apart
            where = ends[1] + up * (ends[0] - ends[1]), 0.2 + 0.6 * up
            axis.text(*where, f"{share:.3g}", ha="center", va="center", fontsize=10, **BOXED)
    return figure
