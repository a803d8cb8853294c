"""One box, written in three ways. Returns a matplotlib Figure."""

from typing import Any

from matplotlib.figure import Figure

from nn_scratch.backend import Array
from nn_scratch.plotting import given
from nn_scratch.plotting.colours import LINE_COLOURS, TRUTH_COLOUR
from nn_scratch.plotting.parts import draw_box, show_image
from nn_scratch.plotting.text import title

SIDE = 2.7  # inches, of a panel
ARROW: dict[str, Any] = {
    "arrowstyle": "<->",
    "color": LINE_COLOURS[1],
    "lw": 2,
    "shrinkA": 0,
    "shrinkB": 0,
}
WORD: dict[str, Any] = {
    "color": "black",
    "fontsize": 10,
    "bbox": {"fc": "white", "ec": "none", "pad": 1.2, "alpha": 0.9},
}


def plot_box_formats(image: Array, box: Array) -> Figure:
    """A box in its image, and what describes it: a corner and its size, two corners, or its centre
    and its size; above each the four numbers.

    image (1 or 3, H, W) with values from 0 to 1; box (4,): (x, y, w, h) in pixels.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    image, box = given.image("image", image), given.boxes("box", box, (4,))
    x, y, w, h = (float(value) for value in box)
    if w <= 0 or h <= 0:
        raise ValueError(f"box is {x, y, w, h}, but must have a width and a height above 0")
    size = ("w", (x, y + h, x + w, y + h)), ("h", (x + w, y, x + w, y + h))
    panels = {
        "corner and size": ((x, y, w, h), "x, y, w, h", {"(x, y)": (x, y)}, size),
        "two corners": (
            *((x, y, x + w, y + h), "x, y, x + w, y + h"),
            *({"(x, y)": (x, y), "(x + w, y + h)": (x + w, y + h)}, ()),
        ),
        "centre and size": (
            *((x + w / 2, y + h / 2, w, h), "x + w/2, y + h/2, w, h"),
            *({"centre": (x + w / 2, y + h / 2)}, size),
        ),
    }
    figure = Figure(figsize=(3 * (SIDE + 0.15), SIDE + 0.75), layout="constrained")
    for axis, (what, (numbers, formula, points, sides)) in zip(
        figure.subplots(1, 3), panels.items(), strict=True
    ):
        show_image(axis, image)
        axis.set(xticks=[], yticks=[])
        draw_box(axis, box, TRUTH_COLOUR, "-")
        for name, ends in sides:
            _draw_side(axis, name, ends)
        for name, (column, row) in points.items():
            _draw_point(axis, name, column - 0.5, row - 0.5, row > y + h / 2)
        title(axis, what, formula, ", ".join(f"{value:g}" for value in numbers), size=10)
    return figure


def _draw_side(axis, name, ends):
    """The length of a side, between its ends, and its letter."""
    x, y, end_x, end_y = (value - 0.5 for value in ends)
    axis.annotate("", (x, y), (end_x, end_y), arrowprops=ARROW)
    axis.text((x + end_x) / 2, (y + end_y) / 2, name, ha="center", va="center", **WORD)


def _draw_point(axis, name, x, y, below):
    """A point of the box, and its name above it, or below."""
    axis.plot(x, y, "o", color=LINE_COLOURS[1], mec="black", ms=8, clip_on=False)
    side, shift = ("top", 9) if below else ("bottom", -9)
    how = {"textcoords": "offset points", "ha": "center", "va": side, **WORD}
    axis.annotate(name, (x, y), (0, -shift), **how)
