"""Drawings of windows: what a pool keeps of them, and which pixels a kernel reads.

Each returns a matplotlib Figure.
"""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.patheffects import withStroke

from nn_scratch.arguments import items, whole
from nn_scratch.backend import Array
from nn_scratch.ops import conv_transpose2d, max_pool2d
from nn_scratch.plotting import given
from nn_scratch.plotting.colours import BOX_COLOURS, VALUES, WINDOW_COLOURS
from nn_scratch.plotting.parts import draw_square, show_image
from nn_scratch.plotting.text import fitted, title

READ, SEEN = "#0072b2", LinearSegmentedColormap.from_list("seen", ["#d6e9f8", "#0a3f6b"])
FIRST, SECOND = "#56b4e9", "#e69f00"  # the two sets of pairs
FRAMES = (*BOX_COLOURS[:3], "#9966ff")  # violet: told from green with any deficiency
PATCHES = ("#e69f00", "#56b4e9", "#cc79a7", "#f0e442")  # Okabe & Ito, without what is dark
CORNERS = (0, 0), (1, 0), (0, 1), (1, 1)  # of frames, for their numbers: right or not, low or not
INSET = 1.5  # pixels, from a corner to its number
CASING = [withStroke(linewidth=4.5, foreground="black")]
CENTRED: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9, "clip_on": True}
SIDE = 2.6  # inches, of an image
MOST_TAPS, MOST_PIXELS = 15, 100  # of a kernel along a side; of all that is seen


def plot_pooled(images: Mapping[str, Array], kernel_size: int = 2) -> Figure:
    """Images cut into windows, with a dot where each window has its maximum, and beside each, in
    its true relative size, what max-pooling makes of it; a dot and its pixel share their colour.

    images: a dict from title to an image (1, H, W) with values from 0 to 1, all of one size;
    kernel_size: the height, width and stride of the windows.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    images = {
        what: given.grey_image("images", x) for what, x in given.titled("images", images).items()
    }
    kernel_size = whole("kernel_size", kernel_size, 1, given.MANY)
    height, width = next(iter(images.values())).shape[1:]
    widths = (1, 1 / kernel_size) * len(images)
    size = SIDE * sum(widths) * width / height + 1.0, SIDE + 0.3
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(1, len(widths), squeeze=False, width_ratios=widths)[0]
    shades = Normalize(0, 1)
    pairs = zip(images.items(), axes[::2], axes[1::2], strict=True)
    for (what, image), left, right in pairs:
        y, switches = (a[0, 0] for a in max_pool2d(image[None], kernel_size))
        show_image(left, image)
        _window_lines(left, y.shape, kernel_size)
        rows, columns = np.divmod(switches.ravel(), image.shape[2])
        colours = {"cmap": VALUES, "norm": shades}
        dot = 72 * 0.55 * SIDE / height
        left.scatter(columns, rows, dot**2, y.ravel(), ec="white", lw=0.5, **colours)
        shown = right.imshow(y, **colours)
        title(left, fitted(what, 2.4, 11), size=11)
        title(right, f"{len(y)}×{y.shape[1]}", size=11)
        for axis in (left, right):
            axis.set(xticks=[], yticks=[])
    figure.colorbar(shown, ax=list(axes), shrink=0.8, aspect=18, label="value")
    return figure


def plot_switches(x: Array, kernel_size: int = 2, dy: Array | None = None) -> Figure:
    """A few numbers in the colours of their windows, each with the pixel's number in its corner and
    a frame around each maximum; and what a max-pool makes of them, with its switches. With dy: what
    goes back, and where.

    x (H, W); kernel_size: the height, width and stride of the windows; dy: an array of y's shape.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    x, kernel_size = given.plane("x", x), whole("kernel_size", kernel_size, 1, given.MANY)
    y, switches = (a[0, 0] for a in max_pool2d(x[None, None], kernel_size))
    panels = [("x", x, x.shape), ("y = max, and its switch", y, y.shape)]
    if dy is not None:
        dy = given.plane("dy", dy)
        if dy.shape != y.shape:
            raise ValueError(f"dy has shape {dy.shape}, but must be {y.shape}, as y")
        panels[1:] = [("dy", dy, y.shape), ("dx", None, x.shape)]
    gap = 1.6
    wide = sum(shape[1] + gap for *_, shape in panels) + 0.4
    figure = Figure(figsize=(0.62 * wide, 0.62 * (len(x) + 1.1)))
    axis = figure.add_axes((0, 0, 1, 1), xlim=(-0.4, wide - 0.4), ylim=(len(x) + 0.2, -0.9))
    axis.set_axis_off()
    left = 0.0
    for name, values, shape in panels:
        top = (len(x) - shape[0]) / 2
        axis.text(left, top - 0.25, name, fontsize=12, va="bottom")
        for p, q in np.ndindex(shape):
            here = left + q, top + p
            inside = shape == x.shape
            window = (p // kernel_size, q // kernel_size) if inside else (p, q)
            known = window[0] < len(y) and window[1] < y.shape[1]
            colour = WINDOW_COLOURS[(window[0] * y.shape[1] + window[1]) % len(WINDOW_COLOURS)]
            number = p * x.shape[1] + q
            chosen = inside and known and switches[window] == number
            pale = name == "dx" and not chosen
            given_back = dy[window] if dy is not None and chosen else 0
            value = given_back if values is None else values[p, q]
            draw_square(axis, *here, colour if known and not pale else "white", f"{value:g}")
            if name.startswith("y"):
                small = f"switch {switches[p, q]}"
                axis.text(here[0] + 0.5, here[1] + 0.87, small, fontsize=8, ha="center")
            elif name == "x":
                axis.text(here[0] + 0.1, here[1] + 0.31, f"{number}", fontsize=8, color="0.2")
            if chosen:
                place = here[0] + 0.05, here[1] + 0.05
                axis.add_patch(Rectangle(place, 0.9, 0.9, fill=False, ec="black", lw=2, zorder=3))
        left += shape[1] + gap
    return figure


def plot_overlap(x: Array, dy: Array, kernel_size: int, stride: int) -> Figure:
    """Windows that overlap, each framed in a colour of its own, and what the backward pass of a
    max-pool adds up where they chose the same pixel.

    x (H, W); dy: what comes back, of y's shape; kernel_size, stride: of the windows.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    x, dy = given.plane("x", x), given.plane("dy", dy)
    size = whole("kernel_size", kernel_size, 1, given.MANY)
    stride = whole("stride", stride, 1, given.MANY)
    y, switches = (a[0, 0] for a in max_pool2d(x[None, None], size, stride=stride))
    if dy.shape != y.shape:
        raise ValueError(f"dy has shape {dy.shape}, but must be {y.shape}, as y")
    (high, wide), gap = x.shape, 1.3
    starts = {"x": 0.0, "dy": wide + gap, "dx": wide + dy.shape[1] + 2 * gap}
    end = starts["dx"] + wide
    figure = Figure(figsize=(0.56 * (end + 0.7), 0.56 * (high + 1.2)))
    axis = figure.add_axes((0, 0, 1, 1), xlim=(-0.4, end + 0.3), ylim=(high + 0.3, -0.9))
    axis.set_axis_off()
    middle = (high - len(dy)) / 2
    for name, left in starts.items():
        top = middle if name == "dy" else 0
        axis.text(left, top - 0.25, name, fontsize=12, va="bottom")
    terms: dict[int, list[str]] = {}
    for place, value in np.ndenumerate(x):
        draw_square(axis, place[1], place[0], "white", f"{value:g}")
    looks = zip(np.ndindex(y.shape), cycle(FRAMES), cycle(("-", "--", "-.", ":")))
    for at, ((p, q), colour, style) in enumerate(looks):
        inset = 0.05 + 0.065 * (at % 4)  # frames that meet stay apart
        corner, side = (q * stride + inset, p * stride + inset), size - 2 * inset
        how: dict[str, Any] = {"fill": False, "ec": colour, "ls": style, "lw": 2.2, "zorder": 3}
        axis.add_patch(Rectangle(corner, side, side, **how))
        draw_square(axis, starts["dy"] + q, middle + p, colour, f"{dy[p, q]:g}")
        terms.setdefault(int(switches[p, q]), []).append(f"{dy[p, q]:g}")
    for r, c in np.ndindex(x.shape):
        found = terms.get(r * wide + c, ["0"])
        draw_square(axis, starts["dx"] + c, r, "#e8e8e8" if found != ["0"] else "white")
        text = "+\n".join("+".join(found[i : i + 2]) for i in range(0, len(found), 2))
        centre = starts["dx"] + c + 0.5, r + 0.5
        axis.text(*centre, text, ha="center", va="center", fontsize=11)
    return figure


def plot_patches(image: Array, places: Sequence[tuple[int, int]], window: int) -> Figure:
    """Windows of an image, framed in it and enlarged beside it under the same number; each lies
    around a marked pixel, and what lies beside the image is black.

    image (1, H, W) with values from 0 to 1; places: pixels (row, column); window: an odd size.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    image, window = given.grey_image("image", image), whole("window", window, 1, given.MANY)
    if window % 2 == 0:
        raise ValueError(f"window is {window}, but must be odd: a pixel stands in its middle")
    places, half = items("places", places, least=1), window // 2
    found = [given.pixel("places", place, image.shape[1:]) for place in places]
    padded = np.pad(image, ((0, 0), (half, half), (half, half)))
    figure = Figure(figsize=(2.9 + 1.85 * len(found), 3), layout="constrained")
    around, *others = figure.subplots(1, 1 + len(found), width_ratios=(1.5, *[1] * len(found)))
    show_image(around, padded)
    size = padded.shape[1:]
    around.add_patch(Rectangle((half - 0.5, half - 0.5), *image.shape[:0:-1], fill=False, ec="0.5"))
    title(around, f"image, and {half} zeros around it", size=10)
    looks = zip(cycle(PATCHES), cycle(CORNERS), strict=False)
    pairs = zip(found, others, looks, strict=False)
    for number, ((row, column), axis, (colour, (right, low))) in enumerate(pairs, 1):
        left, top = column - 0.5, row - 0.5  # padding has moved everything by half a window
        frame: dict[str, Any] = {"fill": False, "ec": colour, "lw": 2.5, "path_effects": CASING}
        around.add_patch(Rectangle((left, top), window, window, **frame))
        around.plot(column + half, row + half, "s", color=colour, mec="black", ms=5)
        inner = window - 2 * INSET  # so that numbers at the image's edge are whole
        corner = left + INSET + right * inner, top + INSET + low * inner
        around.text(*corner, f"{number}", bbox={"fc": colour, "pad": 1.5}, **CENTRED)
        show_image(axis, padded[:, row : row + window, column : column + window])
        axis.plot(half, half, "s", color=colour, mec="black", ms=7)
        title(axis, f"{number}: around ({row}, {column})", size=10)
        for spine in axis.spines.values():
            spine.set(color=colour, lw=3)
        axis.set(xticks=[], yticks=[])
    around.set(xticks=[], yticks=[], xlim=(-0.5, size[1] - 0.5), ylim=(size[0] - 0.5, -0.5))
    return figure


def plot_dilation(kernel_size: int, dilations: Sequence[int]) -> Figure:
    """Which pixels a square kernel reads at each dilation, and below, shaded, all that the layers
    up to there see together when they follow one another; darker where more ways lead.

    Returns: a Figure.
    Raises: ValueError and TypeError unless kernel_size is an integer of at least 1 and dilations a
        list of such.
    """
    k = whole("kernel_size", kernel_size, 1, MOST_TAPS)
    found = given.array("dilations", dilations, "iu")
    if found.ndim != 1 or not found.size or found.min() < 1:
        raise ValueError(f"dilations is {dilations!r}, but must list integers of at least 1")
    steps = found.tolist()
    side = (k - 1) * sum(steps) + 3
    if side > MOST_PIXELS:
        raise ValueError(f"dilations is {steps}: more than {MOST_PIXELS} pixels would be seen")
    figure = Figure(figsize=(2.35 * len(steps), 5.3), layout="constrained")
    axes = figure.subplots(2, len(steps), squeeze=False)
    seen, middle = np.ones((1, 1)), side // 2
    for dilation, above, below in zip(steps, *axes, strict=True):
        taps = np.ones((1, 1, k, k))
        seen = conv_transpose2d(seen[None, None], taps, dilation=dilation)[0, 0]
        span = (k - 1) * dilation + 1
        first = (side - span) // 2
        for i, j in np.ndindex(k, k):
            draw_square(above, first + j * dilation, first + i * dilation, READ)
        above.add_patch(Rectangle((first, first), span, span, fill=False, ec="0.25", lw=1.4))
        start = (side - len(seen)) // 2
        for (row, column), ways in np.ndenumerate(seen):
            if ways:
                draw_square(below, start + column, start + row, SEEN(ways / seen.max()))
        title(above, f"dilation {dilation}: {k * k} pixels of {span}×{span}", size=10.5)
        title(below, f"together: {len(seen)}×{len(seen)}", size=11)
        for axis in (above, below):
            axis.plot(middle + 0.5, middle + 0.5, "o", color="white", mec="black", ms=5)
            axis.set(xlim=(0, side), ylim=(side, 0), aspect="equal")
            axis.set_xticks(range(side + 1), [])
            axis.set_yticks(range(side + 1), [])
            axis.tick_params(length=0)
            axis.grid(color="0.9", lw=0.6)
            axis.set_axisbelow(True)
            for spine in axis.spines.values():
                spine.set_color("0.8")
    return figure


def plot_dense_pool(line: Array, taps: int = 2) -> Figure:
    """Why a pool that moves by 1 needs a dilated kernel behind it, in one dimension: the pairs of a
    line from pixel 0 and from pixel 1, then all of them interleaved, and which of them a kernel of
    so many taps reads.

    line (W,), W at least 4.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    line = given.array("line", line)
    if line.ndim != 1:
        raise ValueError(f"line has shape {line.shape}, but must be (W,)")
    line = given.plane("line", line[None])[0]
    taps = whole("taps", taps, 1, given.MANY)
    if len(line) < max(4, 2 * taps):
        raise ValueError(f"line has {len(line)} numbers, but must have {max(4, 2 * taps)} or more")
    pairs = max_pool2d(line.reshape(1, 1, 1, -1), (1, 2), stride=1)[0].ravel()
    figure = Figure(figsize=(8.6, 3.6))
    axis = figure.add_axes((0, 0, 1, 1), xlim=(-4.6, len(line) + 3.9), ylim=(6.5, -0.1))
    axis.set_axis_off()
    rows = {
        "the line": (0.2, range(len(line)), line, lambda at: "white"),
        "stride 2, from pixel 0": (1.9, range(0, len(pairs), 2), pairs, lambda at: FIRST),
        "stride 2, from pixel 1": (3.2, range(1, len(pairs), 2), pairs, lambda at: SECOND),
        "stride 1: all pairs": (5.2, range(len(pairs)), pairs, lambda at: (FIRST, SECOND)[at % 2]),
    }
    for name, (top, places, values, colour) in rows.items():
        shift = 0.0 if values is line else 0.5  # a pair stands below the middle of its two
        axis.text(-0.4, top + 0.5, name, ha="right", va="center", fontsize=11)
        for at in places:
            draw_square(axis, at + shift, top, colour(at), f"{values[at]:g}")
    for top, step, said in (
        (1.9, 2, f"a kernel of {taps}\nreads neighbours"),
        (5.2, 2, "with dilation 2\nit reads the same"),
    ):
        for place in (0.5 + step * tap for tap in range(taps)):
            axis.add_patch(Rectangle((place, top), 1, 1, fill=False, ec="black", lw=2.6, zorder=3))
        axis.text(len(line) + 0.1, top + 0.5, said, ha="left", va="center", fontsize=10)
    for at in range(0, len(pairs), 2):
        _arrow(axis, (at + 1, 2.95), (at + 1, 5.15), FIRST)
    for at in range(1, len(pairs), 2):
        _arrow(axis, (at + 1, 4.25), (at + 1, 5.15), SECOND)
    return figure


def _window_lines(axis: Axes, shape, size) -> None:
    """The borders between the windows of an image."""
    rows, columns = (np.arange(n + 1) * size - 0.5 for n in shape)
    how: dict[str, Any] = {"colors": "#9aa7b0", "lw": 0.6, "alpha": 0.7}
    axis.hlines(rows, columns[0], columns[-1], **how)
    axis.vlines(columns, rows[0], rows[-1], **how)


def _arrow(axis, start, end, colour) -> None:
    axis.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=9, color=colour))
