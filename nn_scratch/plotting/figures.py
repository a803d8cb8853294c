"""Pictures of what a net learned. Every function returns a matplotlib Figure."""

from collections.abc import Collection, Mapping, Sequence
from itertools import cycle
from unicodedata import bidirectional

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, NullLocator

from nn_scratch.backend import Array
from nn_scratch.evaluation.boxes import box_iou
from nn_scratch.plotting.colours import (
    CLASS_COLOURS,
    LINE_COLOURS,
    MARKERS,
    PREDICTION_COLOUR,
    TRUTH_COLOUR,
    coloured,
)
from nn_scratch.plotting.parts import (
    class_legend,
    draw_box,
    draw_cells,
    draw_named_boxes,
    photograph,
    show_image,
    tight_box,
)
from nn_scratch.plotting.text import (
    LEGEND,
    TITLE,
    fitted,
    legend,
    legend_below,
    options,
    plain,
    text_width,
    title,
    write,
)

PANEL = 1.6  # inches, of one image among others
MOST = 1000  # classes that get colours where their number is not told
INSIDE = 6  # names that a legend inside a chart may have


def plot_segmentation(
    images: Array, truths: Array, class_names: Sequence[str], predictions: Array | None = None
) -> Figure:
    """Rows of image | truth | prediction, with a legend of the classes that occur; or without the
    predictions.

    images (N, 1 or 3, H, W) with values from 0 to 1; truths, predictions (N, H, W) integer, the
    places of class_names (other labels are black).

    Returns: a Figure.
    """
    shown = {"image": images, "truth": truths}
    if predictions is not None:
        shown["prediction"] = predictions
    columns = 2 if len(images) > 3 else 1
    rows, panels = -(-len(images) // columns), len(shown)
    figure = Figure(figsize=(PANEL * panels * columns, 1.62 * rows + 0.3), layout="constrained")
    axes = figure.subplots(rows, panels * columns, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for sample in range(len(images)):
        row, column = sample % rows, panels * (sample // rows)
        own = axes[row, column : column + panels]
        for axis, (what, arrays) in zip(own, shown.items(), strict=True):
            axis.set_axis_on()
            axis.set(xticks=[], yticks=[], title=what if row == 0 else "")
            if what == "image":
                show_image(axis, arrays[sample])
            else:
                axis.imshow(coloured(arrays[sample], len(class_names)))
    _, *label_maps = shown.values()
    class_legend(figure, np.stack(label_maps), class_names)
    return figure


def plot_four_tasks(image: Array, labels: Array, class_names: Sequence[str]) -> Figure:
    """The image four times, each with the answer that one task asks for: classification,
    localization, detection, semantic segmentation.

    image (1 or 3, H, W) with values from 0 to 1; labels (H, W): the class of each pixel, 0 for
    background; class_names: a name for each class. The first two tasks are about one object: the
    largest. Objects of one class count as one, so choose an image where each class occurs once.

    Returns: a Figure.
    """
    found = {k: tight_box(labels == k) for k in np.unique(labels[labels > 0]).tolist()}
    largest = max(found, key=lambda k: np.count_nonzero(labels == k))
    answers = {
        "classification": f"it shows a {class_names[largest]}",
        "localization": f"a {class_names[largest]}, in this box",
        "detection": "these objects, each in its box",
        "semantic segmentation": "every pixel has a class",
    }
    figure = Figure(figsize=(9.2, 2.9), layout="constrained")
    axes = figure.subplots(1, 4)
    for axis, (task, answer) in zip(axes, answers.items(), strict=True):
        axis.set(xticks=[], yticks=[], title=task)
        axis.set_xlabel(plain(answer), **options(answer))
        show_image(axis, image)
    draw_named_boxes(axes[1], {largest: found[largest]}, class_names)
    draw_named_boxes(axes[2], found, class_names)
    axes[3].imshow(coloured(labels, len(class_names)))
    return figure


def plot_overlay(image: Array, labels: Array, class_names: Sequence[str]) -> Figure:
    """A photograph with its label map laid over it, and a legend of the classes that occur.

    image (1 or 3, H, W) with values from 0 to 1; labels (H, W) integer, the places of class_names.

    Returns: a Figure.
    """
    figure, axis = photograph(image)
    axis.imshow(coloured(labels, len(class_names)), alpha=0.5)
    class_legend(figure, labels, class_names)
    return figure


def plot_box(image: Array, box: Array, name: str) -> Figure:
    """A photograph with a box and its name.

    image (1 or 3, H, W) with values from 0 to 1; box (4,): (x, y, w, h) in pixels.

    Returns: a Figure.
    """
    figure, axis = photograph(image)
    draw_box(axis, box, PREDICTION_COLOUR, "-")
    title(axis, fitted(name, figure.get_figwidth() - 0.2, 12), size=12)
    return figure


def plot_boxes(
    images: Array,
    true_boxes: Array,
    boxes: Array | None = None,
    true_names: Sequence[object] | None = None,
    names: Sequence[object] | None = None,
) -> Figure:
    """A grid of images with the true and the predicted box, and their IoU; or the true one alone.

    images (N, 1 or 3, H, W) with values from 0 to 1; boxes (N, 4) in pixels; names: the true and
    the predicted class of each image.

    Returns: a Figure.
    """
    drawn = [(true_boxes, TRUTH_COLOUR, "-", "truth")]
    if boxes is not None:
        drawn.append((boxes, PREDICTION_COLOUR, "--", "prediction"))
    columns = min(len(images), 6)
    rows = -(-len(images) // columns)
    ious = None if boxes is None else box_iou(true_boxes, boxes)
    titles = []
    for i in range(len(images)):
        seen = []
        if true_names is not None and names is not None:
            seen = _seen_as(true_names[i], names[i], PANEL)
        titles.append(seen if ious is None else [*seen, f"IoU {ious[i]:.2f}"])
    lines = max(map(len, titles))
    height = PANEL + 0.32 + 0.16 * lines
    figure = Figure(figsize=((PANEL + 0.1) * columns, height * rows), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis in axes:
        axis.set_axis_off()
    for i, axis in enumerate(axes[: len(images)]):
        show_image(axis, images[i])
        for found, colour, style, _ in drawn:
            draw_box(axis, found[i], colour, style)
        title(axis, *titles[i])
    handles = [
        Rectangle((0, 0), 1, 1, fill=False, ec=colour, ls=style, lw=2)
        for _, colour, style, _ in drawn
    ]
    legend_below(figure, handles, [what for *_, what in drawn])
    return figure


def _seen_as(true_name, name, inches):
    """What was seen as what, in one line if it fits, else in two."""
    line = f"{plain(true_name)} seen as {plain(name)}"
    from_the_right = any(bidirectional(letter) in ("R", "AL") for letter in line)
    if text_width(line, TITLE) <= inches and not from_the_right:
        return [line]
    return [fitted(true_name, inches), fitted(f"seen as {name}", inches)]


def plot_losses(histories: Mapping[str, dict]) -> Figure:
    """The loss of every training step and its running mean, one panel for each named history.

    histories: a dict from name to a history as from training.fit.

    Returns: a Figure.
    """
    figure = Figure(figsize=(4.6 * len(histories), 3.2), layout="constrained")
    axes = figure.subplots(1, len(histories), squeeze=False)[0]
    for axis, (name, history) in zip(axes, histories.items(), strict=True):
        losses = np.array([step["loss"] for step in history["steps"]])
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
    names: Sequence[str], panels: Mapping[str, Sequence], logarithmic: Collection[str] = ()
) -> Figure:
    """A row for each name, and side by side a panel for each title: one dot for each value.

    panels: a dict from title to the values of each row, a list for each; those in `logarithmic`
    have a logarithmic axis.

    Returns: a Figure.
    """
    figure = Figure(figsize=(2.2 + 2.3 * len(panels), 1 + 0.27 * len(names)), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axis, (what, rows) in zip(axes, panels.items(), strict=True):
        for row, values in enumerate(rows):
            axis.plot(values, [row] * len(values), "o", color="#0072b2", alpha=0.6, ms=6)
        if what in logarithmic:
            axis.set_xscale("log")
            values = [value for row in rows for value in row]
            wide = max(values) > 100 * min(values)
            axis.xaxis.set_major_locator(LogLocator(subs=(1,) if wide else (1, 2, 5), numticks=6))
            axis.xaxis.set_minor_locator(NullLocator())
            axis.xaxis.set_major_formatter("{x:g}")
        title(axis, fitted(what, 2.2, 10), size=10, pad=10)
        axis.margins(x=0.12)
        axis.grid(axis="y", color="0.9")
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.tick_params(axis="y", length=0)
    texts = [fitted(name, 2.2, 10) for name in names]
    axes[0].set_yticks(range(len(texts)), texts, **options(*texts))
    axes[0].invert_yaxis()
    return figure


def plot_images(
    images: Mapping[str, Array], *, columns: int | None = None, size: float = 1.7
) -> Figure:
    """Images side by side under their titles; `size` is the height of one in inches.

    images: a dict from title to a photograph or drawing (1 or 3, H, W) with values from 0 to 1, a
    map of real values (H, W), from its smallest, black, to its largest, white, or a label map
    (H, W) of integers, in the colours of the classes.

    Returns: a Figure.
    """
    columns = columns or len(images)
    rows = -(-len(images) // columns)
    height, width = next(iter(images.values())).shape[-2:]
    figure = Figure(
        figsize=(columns * (size * width / height + 0.15), rows * (size + 0.35)),
        layout="constrained",
    )
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis in axes:
        axis.set_axis_off()
    for axis, (what, image) in zip(axes, images.items(), strict=False):
        axis.set_axis_on()
        axis.set(xticks=[], yticks=[])
        lines = str(what).split("\n")  # a title may be written in several lines
        title(axis, *(plain(line) for line in lines))
        if image.ndim == 3:
            show_image(axis, image)
        elif image.dtype.kind in "iu":
            axis.imshow(coloured(image, min(MOST, max(len(CLASS_COLOURS), int(image.max()) + 1))))
        else:
            axis.imshow(image, cmap="gray")
    return figure


def plot_roofline(
    points: Mapping[str, tuple[float, float]], bandwidth: float, rate: float
) -> Figure:
    """What a machine can do against how many operations come with each byte (Williams et al. 2009).

    points: a dict from name to (operations per byte, GFLOP/s); bandwidth in GB/s, rate in GFLOP/s.

    Returns: a Figure.
    """
    figure = Figure(figsize=(5.6, 3.4), layout="constrained")
    axis = figure.add_subplot()
    x = np.geomspace(0.05, 1000, 200)
    axis.plot(x, np.minimum(rate, bandwidth * x), color="#222222", lw=1.6)
    axis.text(0.07, bandwidth * 0.16, f"{bandwidth:.0f} GB/s", rotation=36, fontsize=8)
    axis.text(800, rate * 1.15, f"{rate:.0f} GFLOP/s", fontsize=8, ha="right")
    dots = [
        axis.plot(intensity, reached, "o", color=colour)[0]
        for (intensity, reached), colour in zip(points.values(), cycle(LINE_COLOURS), strict=False)
    ]
    axis.set(xlabel="operations for each byte moved", ylabel="GFLOP/s", xscale="log", yscale="log")
    axis.set_ylim(top=3 * rate)
    axis.grid(color="0.92")
    axis.spines[["top", "right"]].set_visible(False)
    legend(axis, dots, [fitted(name, 2.5, LEGEND) for name in points], loc="lower right")
    return figure


def plot_lines(
    lines: Mapping[str, Sequence[float]],
    x: Sequence[float],
    *,
    xlabel: str,
    ylabel: str,
    logarithmic: str = "",
) -> Figure:
    """A line with dots for each name, over the same x.

    lines: a dict from name to values, as many as x has. logarithmic: names axes: "x", "y" or "xy".

    Returns: a Figure.
    """
    figure = Figure(figsize=(5.6, 3.4), layout="constrained")
    axis = figure.add_subplot()
    styles = zip(cycle(MARKERS), cycle(LINE_COLOURS), strict=False)
    drawn = [
        axis.plot(x, values, marker=marker, color=colour, ms=5, lw=1.4)[0]
        for values, (marker, colour) in zip(lines.values(), styles, strict=False)
    ]
    axis.set(xlabel=xlabel, ylabel=ylabel)
    if "x" in logarithmic:
        axis.set_xscale("log")
        axis.set_xticks(x, [f"{value:g}" for value in x])
        axis.xaxis.set_minor_locator(NullLocator())
    if "y" in logarithmic:
        axis.set_yscale("log")
    axis.grid(color="0.92")
    axis.spines[["top", "right"]].set_visible(False)
    if len(lines) > INSIDE:
        legend_below(figure, drawn, list(lines))
    elif len(lines) > 1:
        legend(axis, drawn, [fitted(name, 2.5, LEGEND) for name in lines])
    return figure


def plot_arrays(
    arrays: Mapping[str, Array],
    *,
    columns: int | None = None,
    cell: float = 0.42,
    marks: Mapping[str, tuple[int, int, int, int]] | None = None,
    scale: float | None = None,
) -> Figure:
    """Small 2-D arrays side by side, as coloured cells with their numbers.

    arrays: a dict from title to array. All share one scale: white is 0, blue negative, orange
    positive; NaN is left empty. `cell` is the size of a cell in inches, `columns` how many arrays
    go in a row. marks: a dict from title to (row, column, height, width), framed cells. scale: the
    value of full colour, if it is not to be the largest.

    Returns: a Figure.
    """
    arrays = {what: np.atleast_2d(np.asarray(array)) for what, array in arrays.items()}
    columns = columns or len(arrays)
    items = list(arrays.items())
    rows = [items[i : i + columns] for i in range(0, len(items), columns)]
    # In cells: each column as wide as its widest array or title, each row with a line for titles.
    letter = 0.075 / cell
    widths = [
        max(max(array.shape[1], letter * len(what)) for what, array in items[column::columns])
        for column in range(columns)
    ]
    heights = [1.2 + max(array.shape[0] for _, array in row) for row in rows]
    size = sum(widths) + 0.8 * columns, sum(heights)
    figure = Figure(figsize=(cell * size[0], cell * size[1]))
    axis = figure.add_axes((0, 0, 1, 1), xlim=(0, size[0]), ylim=(size[1], 0))
    axis.set_axis_off()
    known = [np.abs(array[~np.isnan(array)]) for array in arrays.values()]
    most = scale or max(float(values.max(initial=0)) for values in known) or 1.0
    for row, entries in enumerate(rows):
        for column, (what, array) in enumerate(entries):
            left = 0.4 + sum(widths[:column]) + 0.8 * column
            top = sum(heights[:row]) + 1 + (heights[row] - 1.2 - array.shape[0]) / 2
            write(axis.text(left, top - 0.2, "", fontsize=9, va="bottom"), plain(what))
            draw_cells(axis, array, left, top, most)
            if marks and what in marks:
                down, right, high, wide = marks[what]
                place = left + right, top + down
                axis.add_patch(Rectangle(place, wide, high, fill=False, ec="#222222", lw=2.2))
    return figure
