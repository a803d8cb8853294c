"""What threads of a card share: places that several write to, strips that several read.

Each returns a matplotlib Figure.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from nn_scratch.arguments import words
from nn_scratch.backend import Array
from nn_scratch.geometry import integer, pair
from nn_scratch.plotting import given

TAPS, HIT, FREE, READ = "#56b4e9", "#e69f00", "white", "0.93"


def plot_scatter_and_gather(
    switches: Array,
    input_size: tuple[int, int],
    *,
    kernel_size: int | tuple[int, int],
    stride: int | tuple[int, int],
) -> Figure:
    """A max-pool's backward pass two ways. As a scatter: an arrow from each window to the pixel
    that it chose, and pixels that several write to in orange. As a gather: for one such pixel, and
    one that nobody chose, an arrow from each window that sees it, solid where it was chosen.

    switches (P, Q): of one plane; input_size: (H, W).

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    height, width = given.size("input_size", input_size)
    found = given.array("switches", switches, "iu")
    kernel, step = given.size("kernel_size", kernel_size), given.size("stride", stride)
    expected = tuple(
        (n - k) // s + 1 for n, k, s in zip((height, width), kernel, step, strict=True)
    )
    if found.shape != expected:
        raise ValueError(f"switches has shape {found.shape}, but input_size asks for {expected}")
    if ((found < 0) | (found >= height * width)).any():
        raise ValueError(f"switches must lie from 0 to {height * width - 1}")
    hits = np.bincount(found.ravel(), minlength=height * width).reshape(height, width)
    figure = Figure(figsize=(8.2, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axis in (left, right):
        axis.set(xlim=(-1.3, width + 0.2), ylim=(height + 4.4, -0.6), aspect="equal")
        axis.set_axis_off()
    left.set_title("scatter: a thread for each window", fontsize=11)
    right.set_title("gather: a thread for each pixel", fontsize=11)
    windows = _row(left, found.shape, width)
    pixels = _grid(
        left, hits.shape, 0, 4, np.where(hits > 1, HIT, np.where(hits, TAPS, FREE)), hits
    )
    for window, switch in enumerate(found.ravel()):
        _arrow(left, windows[window], pixels[switch], "-")
    seen = _seen(hits.shape, found.shape, kernel, step)
    most = int(hits.argmax())
    aside = abs(np.arange(width) - most % width) / width  # so that arrows do not lie on each other
    none = int(np.where(hits == 0, seen + aside, -1).argmax())
    asking = np.full(hits.size, FREE, dtype=object)
    asking[[none, most]] = READ, HIT
    windows = _row(right, found.shape, width)
    pixels = _grid(right, hits.shape, 0, 4, asking.reshape(hits.shape))
    for pixel in dict.fromkeys((most, none)):
        row, column = divmod(pixel, width)
        for window, (p, q) in enumerate(np.ndindex(found.shape)):
            top, start = p * step[0], q * step[1]
            if top <= row < top + kernel[0] and start <= column < start + kernel[1]:
                chosen = found[p, q] == pixel
                _arrow(right, windows[window], pixels[pixel], "-" if chosen else ":")
    for axis in (left, right):
        axis.text(-1.2, 0.5, "dy", fontsize=11, va="center")
        axis.text(width / 2, height + 4.25, "dx", fontsize=11, ha="center", va="center")
    return figure


def plot_tile(
    product: tuple[int, int, int], tile: tuple[int, int], depth: int, *, names: Sequence[str]
) -> Figure:
    """A block's share of a matrix product: its tile of the result, the rows and columns that it
    needs, and the strips of them that it fetches at a time. To scale.

    product: (rows, depth, columns) of the whole; tile: (rows, columns) of one block; depth: how far
    a strip reaches; names: of the left, the right and the resulting matrix.

    Returns: a Figure.
    Raises: ValueError and TypeError for numbers that do not fit each other; they name them.
    """
    if not isinstance(product, (tuple, list)) or len(product) != 3:
        raise TypeError(f"product is {product!r}, but must be (rows, depth, columns)")
    high, deep, wide = (integer("product", n, least=1) for n in product)
    rows, columns = pair("tile", tile, least=1)
    depth = integer("depth", depth, least=1)
    names = words("names", names, least=3)
    if rows > high or columns > wide or depth > deep:
        raise ValueError(f"tile {rows}×{columns} and depth {depth} do not fit product {product}")
    gap = 0.12 * (deep + wide)
    size = deep + gap + wide, deep + gap + high
    figure = Figure(figsize=(6.4, 6.4 * (size[1] + 0.7 * gap) / size[0]))
    axis = figure.add_axes((0.02, 0.02, 0.96, 0.96), xlim=(-3, size[0] + 3), aspect="equal")
    axis.set(ylim=(size[1] + 0.35 * gap, -0.35 * gap))
    axis.set_axis_off()
    corner = deep + gap
    top, left = (high // rows - 1) // 2 * rows, (wide // columns - 1) // 2 * columns
    at = (deep // depth - 1) // 2 * depth
    places = {
        names[0]: ((0, corner), (deep, high), (0, top, deep, rows), (at, top, depth, rows)),
        names[1]: ((corner, 0), (wide, deep), (left, 0, columns, deep), (left, at, columns, depth)),
        names[2]: ((corner, corner), (wide, high), None, (left, top, columns, rows)),
    }
    for name, ((x, y), whole, used, now) in places.items():
        axis.add_patch(Rectangle((x, y), *whole, fc=READ, ec="0.5"))
        if used:
            axis.add_patch(
                Rectangle((x + used[0], y + used[1]), *used[2:], fc="#cfe8f7", ec="none")
            )
        colour = TAPS if used else HIT
        axis.add_patch(Rectangle((x + now[0], y + now[1]), *now[2:], fc=colour, ec="0.2", lw=1))
        if used:
            axis.text(x, y - 0.06 * gap, name, fontsize=10, va="bottom", parse_math=False)
        else:  # above it an arrow comes in
            below = y + whole[1] + 0.06 * gap
            axis.text(x, below, name, fontsize=10, va="top", parse_math=False)
    middle = corner + left + columns / 2, corner + top + rows / 2
    axis.text(*middle, f"{rows}×{columns}", ha="center", va="center", fontsize=10)
    under: dict[str, Any] = {"ha": "center", "va": "top", "fontsize": 9}
    axis.text(at + depth / 2, corner + top + rows + 3, f"{rows}×{depth}", **under)
    beside: dict[str, Any] = {"ha": "right", "va": "center", "fontsize": 9}
    axis.text(corner + left - 4, at + depth / 2, f"{depth}×{columns}", **beside)
    for start, end in (
        ((at + depth, corner + top + rows / 2), (corner + left, corner + top + rows / 2)),
        ((corner + left + columns / 2, at + depth), (corner + left + columns / 2, corner + top)),
    ):
        _line(axis, start, end)
    return figure


def _row(axis, shape, width):
    """Windows side by side, with their places in dy. Returns the middles of their lower edges."""
    count = shape[0] * shape[1]
    side = min(1.0, 0.8 * width / count)
    ends = []
    for number, (p, q) in enumerate(np.ndindex(shape)):
        middle = (number + 0.5) * width / count
        corner = middle - side / 2, 0.5 - side / 2
        axis.add_patch(Rectangle(corner, side, side, fc=TAPS, ec="0.6", lw=0.7))
        if side == 1:
            axis.text(middle, 0.5, f"{p}, {q}", ha="center", va="center", fontsize=9)
        ends.append((middle, 0.5 + side / 2))
    return ends


def _grid(axis, shape, left, top, colours, numbers=None):
    """Cells of size 1, coloured, with numbers that are not 0. Returns their middles."""
    middles = []
    for row, column in np.ndindex(shape):
        place = left + column, top + row
        axis.add_patch(Rectangle(place, 1, 1, fc=colours[row, column], ec="0.6", lw=0.7))
        middles.append((place[0] + 0.5, place[1] + 0.5))
        if numbers is not None and numbers[row, column]:
            said = f"{numbers[row, column]}×" if numbers[row, column] > 1 else ""
            axis.text(place[0] + 0.5, place[1] + 0.7, said, ha="center", va="center", fontsize=9)
    return middles


def _seen(size, windows, kernel, stride):
    """How many windows see each pixel."""
    counts = np.zeros(size, int)
    for p, q in np.ndindex(windows):
        top, left = p * stride[0], q * stride[1]
        counts[top : top + kernel[0], left : left + kernel[1]] += 1
    return counts


def _arrow(axis, start, end, style):
    """An arrow from one cell to another: solid where a value goes, dotted where it is asked for."""
    look = {"arrowstyle": "-|>", "mutation_scale": 11, "color": "0.15", "ls": style, "lw": 1.2}
    end = end[0], end[1] - 0.3
    axis.add_patch(FancyArrowPatch(start, end, shrinkA=3, shrinkB=0, zorder=3, **look))


def _line(axis, start, end):
    """A thin arrow from a strip to the tile that is made of it."""
    look = {"arrowstyle": "-|>", "mutation_scale": 10, "color": "0.3", "ls": "--", "lw": 0.9}
    axis.add_patch(FancyArrowPatch(start, end, shrinkA=2, shrinkB=2, **look))
