"""Drawings that explain one idea: kernels, phases, chains of layers, boxes, heads, views, threads.

Each returns a matplotlib Figure.
"""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Polygon, Rectangle
from matplotlib.ticker import MultipleLocator

from nn_scratch.arguments import whole
from nn_scratch.backend import Array
from nn_scratch.evaluation.boxes import box_iou
from nn_scratch.geometry import integer
from nn_scratch.ops import conv2d, conv_transpose2d
from nn_scratch.plotting import given
from nn_scratch.plotting.colours import BOX_COLOURS, PREDICTION_COLOUR, SIGNED_MAP, TRUTH_COLOUR
from nn_scratch.plotting.parts import draw_box, draw_cells, show_image
from nn_scratch.plotting.text import fitted, legend_below, plain, title, write
from nn_scratch.validate import number

PHASE_COLOURS = ("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#0072b2", "#d55e00")
IDLE = "0.85"
FAR = 200  # pixels, each of which has a line


def plot_filtered(image: Array, kernels: Mapping[str, Array]) -> Figure:
    """An image, and below each kernel what it makes of the image: blue negative, orange positive;
    grey, from black for 0, if the kernel holds nothing negative, and so makes an image again.

    image (1, H, W) with values from 0 to 1; kernels: a dict from title to (k, k) with k odd; the
    image is padded by k // 2 zeros, so that its size stays.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    shown, kernels = given.grey_image("image", image), given.planes("kernels", kernels)
    x = given.plane("image", np.asarray(image)[0])
    for kernel in kernels.values():
        if kernel.shape[0] != kernel.shape[1] or kernel.shape[0] % 2 == 0:
            raise ValueError(f"kernels holds {kernel.shape}, but must hold (k, k) with k odd")
    figure = Figure(figsize=(2.3 * (1 + len(kernels)), 3.9), layout="constrained")
    axes = figure.subplots(2, 1 + len(kernels), height_ratios=(1, 1.55), squeeze=False)
    axes[0, 0].set_axis_off()
    axes[1, 0].set(xticks=[], yticks=[], title="image")
    show_image(axes[1, 0], shown)
    for column, (what, kernel) in zip(axes.T[1:], kernels.items(), strict=True):
        _cells(column[0], kernel)
        title(column[0], fitted(what, 2.2, 11), size=11)
        y = conv2d(x[None, None], kernel[None, None], padding=kernel.shape[0] // 2)[0, 0]
        most = float(np.abs(y).max()) or 1.0
        look = (SIGNED_MAP, -most) if kernel.min() < 0 else ("gray", 0)
        column[1].imshow(y, cmap=look[0], vmin=look[1], vmax=most)
        column[1].set(xticks=[], yticks=[])
    return figure


def plot_signed(
    maps: Mapping[str, Array], *, columns: int | None = None, size: float = 2.2
) -> Figure:
    """Maps of positive and negative values side by side, blue negative, orange positive, white 0,
    all on the scale that the bar beside them shows.

    maps: a dict from title to (H, W); `size` is the height of one in inches.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    maps = {what: given.plane("maps", m) for what, m in given.titled("maps", maps).items()}
    columns = len(maps) if columns is None else integer("columns", columns, least=1)
    columns, size = min(columns, len(maps)), number("size", size, 0, given.INCHES, above=True)
    rows = -(-len(maps) // columns)
    height, width = next(iter(maps.values())).shape
    wide = size * width / height + 0.15
    figure = Figure(figsize=(columns * wide + 0.9, rows * (size + 0.35)), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat[len(maps) :]:
        axis.set_axis_off()
    most = max(float(np.abs(found).max()) for found in maps.values()) or 1.0
    for axis, (what, found) in zip(axes.flat, maps.items(), strict=False):
        shown = axis.imshow(found, cmap=SIGNED_MAP, vmin=-most, vmax=most)
        axis.set(xticks=[], yticks=[])
        title(axis, fitted(what, wide, 10), size=10)
    bar: Any = figure.colorbar(shown, ax=axes, shrink=0.8, aspect=20 * rows)
    bar.formatter.set_powerlimits((-2, 4))
    return figure


def plot_phases(kernels: Mapping[str, Array], stride: int, size: int = 6) -> Figure:
    """Kernels coloured by phase, and what a transpose convolution with them paints of an image of
    ones, a dot on a pixel of each phase: a checkerboard where the sums of the phases differ.

    kernels: a dict from title to (k, k); size: the height and width of the image of ones.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    kernels = given.planes("kernels", kernels)
    stride, size = whole("stride", stride, 1, 16), whole("size", size, 1, 100)
    figure = Figure(figsize=(7.6, 2.7 * len(kernels)), layout="constrained")
    axes = figure.subplots(len(kernels), 3, squeeze=False, width_ratios=(1, 1, 1.3))
    for row, (what, kernel) in zip(axes, kernels.items(), strict=True):
        sums = np.array(
            [[kernel[a::stride, b::stride].sum() for b in range(stride)] for a in range(stride)]
        )
        _phases(row[0], kernel, stride)
        title(row[0], fitted(what, 2.4, 11), size=11)
        _phases(row[1], sums, stride)
        title(row[1], "sum of each colour", size=11)
        ones = np.ones((1, 1, size, size), kernel.dtype)
        painted = conv_transpose2d(ones, kernel[None, None], stride=stride)[0, 0]
        row[2].imshow(painted, cmap="gray", vmin=min(0, painted.min()), vmax=painted.max())
        start = painted.shape[0] // 2 // stride * stride  # of a block in the middle, a dot a phase
        for a, b in np.ndindex(sums.shape):
            dot = PHASE_COLOURS[(a * stride + b) % len(PHASE_COLOURS)]
            row[2].scatter(start + b, start + a, 22, dot, ec="0.1", lw=0.6)
        row[2].set(xticks=[], yticks=[])
        same = np.allclose(sums, sums[0, 0])
        title(row[2], "even inside" if same else "a checkerboard", size=11)
    return figure


def plot_two_boxes(true_box: Array, box: Array) -> Figure:
    """Two boxes (x, y, w, h) on a grid of pixels, what they share, and the IoU as a fraction.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    boxes = np.array([given.boxes("true_box", true_box, (4,)), given.boxes("box", box, (4,))])
    for name, (x, y, w, h) in zip(("true_box", "box"), boxes, strict=True):
        if w < 0 or h < 0 or np.abs((x, y, w, h)).max() > FAR:
            raise ValueError(f"{name} is {x, y, w, h}, but must have sides and lie within ±{FAR}")
    figure = Figure(figsize=(5.4, 3.6), layout="constrained")
    axis = figure.add_subplot(aspect="equal")
    start = boxes[:, :2].max(axis=0)
    size = np.maximum((boxes[:, :2] + boxes[:, 2:]).min(axis=0) - start, 0)
    axis.add_patch(Rectangle(start, *size, fc="0.8", ec="0.5", hatch="//", lw=0))
    for (x, y, w, h), colour, style in zip(
        boxes, (TRUTH_COLOUR, PREDICTION_COLOUR), ("-", "--"), strict=True
    ):
        axis.add_patch(Rectangle((x, y), w, h, fill=False, ec=colour, ls=style, lw=3))
    ends = (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    axis.set(xlim=(boxes[:, 0].min() - 0.5, ends[0] + 0.5), xlabel="x, columns")
    axis.set(ylim=(ends[1] + 0.5, boxes[:, 1].min() - 0.5), ylabel="y, rows")
    axis.xaxis.set_major_locator(MultipleLocator(1))
    axis.yaxis.set_major_locator(MultipleLocator(1))
    axis.grid(color="0.9")
    axis.set_axisbelow(True)
    shared, areas = float(size.prod()), boxes[:, 2:].prod(axis=1)
    union, iou = areas.sum() - shared, float(box_iou(boxes[:1], boxes[1:])[0])
    lines = (
        f"true (solid): {areas[0]:g} pixels; predicted (dashed): {areas[1]:g}",
        f"shared (hatched): {shared:g};  either: {areas[0]:g} + {areas[1]:g} − {shared:g}"
        f" = {union:g}",
        f"IoU = {shared:g} / {union:g} = {iou:.2f}",
    )
    title(axis, *lines, size=10)
    return figure


def plot_two_heads(
    image: Array, probabilities: Array, box: Array, class_names: Sequence[str], features: int
) -> Figure:
    """A localizer at work: one body, its features, and the answers of both heads; dashed arrows
    show the way of the gradients.

    image (1 or 3, H, W) with values from 0 to 1; probabilities (K,) of the classes; box (4,):
    (x, y, w, h) in pixels; class_names: K names, or a text of K letters; features: how many numbers
    the two heads read.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    image, box = given.image("image", image), given.boxes("box", box, (4,))
    probabilities = given.row("probabilities", probabilities, least=0, most=1)
    class_names = [*class_names] if isinstance(class_names, str) else class_names
    given.names("class_names", class_names, least=len(probabilities))
    features = integer("features", features, least=1)
    figure = Figure(figsize=(9.6, 4.0))
    canvas = figure.add_axes((0, 0, 1, 1), xlim=(0, 9.6), ylim=(0, 4.0))
    canvas.set_axis_off()
    show = figure.add_axes((0.02, 0.24, 0.2, 0.48), xticks=[], yticks=[], title="image")
    show_image(show, image)
    body = [(2.4, 0.95), (2.4, 2.9), (3.9, 2.4), (3.9, 1.45)]
    canvas.add_patch(Polygon(body, fc="0.93", ec="0.4"))
    canvas.text(3.15, 1.93, "body:\nconvolutions,\npools", ha="center", va="center", fontsize=10)
    canvas.add_patch(Rectangle((4.4, 0.95), 0.22, 1.95, fc="#cc79a7", ec="0.3"))
    canvas.text(4.51, 3.0, f"{features} features $f$", ha="center", va="bottom", fontsize=10)
    _arrows(canvas, (3.9, 1.93), (4.4, 1.93))
    heads = (("class head", "z", len(probabilities), 2.75), ("box head", "q", 4, 1.1))
    for name, letter, count, height in heads:
        label = f"{name}, $W_{letter}$\nlinear, {features} → {count}"
        canvas.add_patch(Rectangle((5.3, height - 0.35), 1.6, 0.7, fc="0.93", ec="0.4"))
        canvas.text(6.1, height, label, ha="center", va="center", fontsize=10)
        _arrows(canvas, (4.62, 1.93 + 0.3 * np.sign(height - 1.93)), (5.3, height))
        _arrows(canvas, (6.9, height), (7.35, height))
    canvas.text(2.4, 0.45, "dashed: the gradients; at $f$ the two are added", fontsize=10)
    bars = figure.add_axes((0.795, 0.57, 0.19, 0.31))
    bars.bar(range(len(probabilities)), probabilities, color="#0072b2")
    names = [fitted(name, 0.5, 8) for name in class_names[: len(probabilities)]]
    bars.set_xticks(range(len(probabilities)), names, fontsize=8)
    bars.set(ylim=(0, 1), yticks=[0, 1], title="what: probabilities")
    bars.spines[["top", "right"]].set_visible(False)
    where = figure.add_axes((0.795, 0.07, 0.19, 0.34), xticks=[], yticks=[], title="where: a box")
    show_image(where, image)
    draw_box(where, box, PREDICTION_COLOUR, "-")
    return figure


def plot_views(
    image: Array, views: Mapping[str, tuple[int, int]], pixel: tuple[int, int]
) -> Figure:
    """What nets see around one pixel of an image: a frame for each receptive field, in grey what
    lies beside the image.

    image (1 or 3, H, W) with values from 0 to 1; views: a dict from name to (height, width); pixel:
    (row, column).

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    image = given.image("image", image)
    pixel = given.pixel("pixel", pixel, image.shape[1:])
    views = {what: given.size("views", v) for what, v in given.titled("views", views).items()}
    half = np.max([*views.values()], axis=0) / 2
    start = np.minimum(np.array(pixel) - half, -0.5) - 1
    end = np.maximum(np.array(pixel) + half, np.array(image.shape[1:]) - 0.5) + 1
    high, wide = end - start
    figure = Figure(figsize=(4.2, 4.2 * high / wide), layout="constrained")
    axis = figure.add_subplot(xticks=[], yticks=[], facecolor=IDLE)
    show_image(axis, image)
    row, column = pixel
    frames = []
    styles = zip(views.values(), cycle(BOX_COLOURS), cycle(("-", "--", "-.", ":")), strict=False)
    for (height, width), colour, style in styles:
        place = column - width / 2, row - height / 2
        frame = Rectangle(place, width, height, fill=False, ec=colour, ls=style, lw=3)
        frames.append(axis.add_patch(frame))
    axis.plot(column, row, "s", color=PREDICTION_COLOUR, ms=6)
    axis.set(xlim=(start[1], end[1]), ylim=(end[0], start[0]))
    names = [f"{name}: {height}×{width}" for name, (height, width) in views.items()]
    legend_below(figure, frames, names)
    return figure


def plot_threads(count: int, block_size: int) -> Figure:
    """Blocks of threads above the outputs that they compute; threads without an output are grey.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    count, block_size = (
        whole("count", count, 1, given.MANY),
        whole("block_size", block_size, 1, given.MANY),
    )
    blocks = -(-count // block_size)
    width = blocks * (block_size + 0.6)
    figure = Figure(figsize=(0.52 * width + 0.2, 2.5))
    axis = figure.add_axes((0, 0, 1, 1), xlim=(-0.5, width), ylim=(4.6, 0))
    axis.set_axis_off()
    left = (width - 0.5 - count) / 2
    axis.text(left, 4.4, f"the array of {count} outputs", fontsize=10, va="center")
    for block in range(blocks):
        start, colour = block * (block_size + 0.6), PHASE_COLOURS[block % len(PHASE_COLOURS)]
        axis.add_patch(
            Rectangle((start - 0.12, 0.68), block_size + 0.24, 1.24, fill=False, ec="0.2", lw=1.5)
        )
        axis.text(start, 0.4, f"block {block}", fontsize=10, va="center")
        for thread in range(block_size):
            at = block * block_size + thread
            busy = at < count
            _cell(axis, start + thread, 0.8, thread, colour if busy else IDLE)
            if busy:
                _cell(axis, left + at, 3.1, at, colour)
                ends = (start + thread + 0.5, 1.95), (left + at + 0.5, 3.05)
                axis.add_patch(FancyArrowPatch(*ends, arrowstyle="-|>", color="0.4", lw=0.8))
    for at in range(count, blocks * block_size):
        place = at // block_size * (block_size + 0.6) + at % block_size + 0.5
        axis.text(place, 2.15, "idle", fontsize=8, ha="center", va="center", color="0.35")
    return figure


def plot_chain(layers: Sequence[str]) -> Figure:
    """What layers in a row hand each other: arrays go forward (solid), the derivatives of the loss
    come back (dashed).

    layers: their names, from the first to the last, which is followed by the loss.

    Returns: a Figure.
    Raises: ValueError if there is no name; TypeError if layers is no list of names.
    """
    given.names("layers", layers, least=1)
    width = 2.4 + 2.6 * len(layers)
    figure = Figure(figsize=(width, 1.7))
    axis = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, 1.7))
    axis.set_axis_off()
    centred: dict[str, Any] = {"ha": "center", "va": "center"}
    axis.text(0.35, 0.92, "image", fontsize=10, **centred)
    _arrows(axis, (0.7, 0.92), (1.2, 0.92), back=False)
    for at, name in enumerate(layers):
        left, last = 1.2 + 2.6 * at, at == len(layers) - 1
        axis.add_patch(Rectangle((left, 0.5), 1.2, 0.7, fc="#cfe8f7", ec="0.4"))
        write(axis.text(left + 0.6, 0.85, "", fontsize=10, **centred), fitted(name, 1.1, 10))
        end = left + 2.1 if last else left + 2.6
        _arrows(axis, (left + 1.2, 0.92), (end, 0.92))
        for word, height, colour in (("", 1.08, "0"), ("d", 0.61, "0.35")):
            names = (f"${word}y$",) if last else (f"${word}y$", "$=$", f"${word}x$")
            places = (0.45,) if last else (0.2, 0.7, 1.2)
            for place, text in zip(places, names, strict=True):
                axis.text(left + 1.2 + place, height, text, fontsize=10, color=colour, **centred)
    axis.text(0.95, 1.08, "$x$", fontsize=10, **centred)
    axis.add_patch(Rectangle((width - 1.7, 0.5), 0.9, 0.7, fc="#fbe3c4", ec="0.4"))
    axis.text(width - 1.25, 0.85, "loss", fontsize=10, **centred)
    _arrows(axis, (width - 0.8, 0.92), (width - 0.4, 0.92), back=False)
    axis.text(width - 0.22, 0.9, "$L$", fontsize=14, **centred)
    axis.text(width / 2, 1.45, "forward: solid", fontsize=9, **centred)
    axis.text(width / 2, 0.25, "backward: dashed", fontsize=9, color="0.35", **centred)
    return figure


def _cells(axis: Axes, array: Array) -> None:
    """A small array as cells with their numbers, alone in an axis."""
    draw_cells(axis, array.round(2) + 0.0, 0, 0, float(np.abs(array).max()) or 1.0, size=10)
    axis.set(xlim=(0, array.shape[1]), ylim=(array.shape[0], 0), aspect="equal")
    axis.set_axis_off()


def _phases(axis: Axes, array: Array, stride: int) -> None:
    """Cells with their numbers, coloured by their remainders when divided by the stride."""
    for (i, j), value in np.ndenumerate(array):
        colour = PHASE_COLOURS[(i % stride * stride + j % stride) % len(PHASE_COLOURS)]
        axis.add_patch(Rectangle((j, i), 1, 1, fc=colour, ec="white"))
        axis.text(j + 0.5, i + 0.5, f"{value:.3g}", ha="center", va="center", fontsize=10)
    axis.set(xlim=(0, array.shape[1]), ylim=(array.shape[0], 0), aspect="equal")
    axis.set_axis_off()


def _cell(axis, left, top, number, colour):
    """One square with a number."""
    axis.add_patch(Rectangle((left, top), 1, 1, fc=colour, ec="white"))
    write(axis.text(left + 0.5, top + 0.5, "", ha="center", va="center"), plain(number))


def _arrows(axis, start, end, back=True):
    """An arrow, and below it, if wanted, a dashed one back."""
    low = np.array([0, -0.14])
    axis.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=12, color="0.15"))
    if back:
        axis.add_patch(
            FancyArrowPatch(
                end + low, start + low, arrowstyle="-|>", mutation_scale=10, color="0.45", ls="--"
            )
        )
