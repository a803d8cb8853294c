"""Pictures of what a net learned. Every function returns a matplotlib Figure."""

from itertools import cycle

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import LogLocator, NullLocator

from nn_scratch.evaluation.boxes import box_iou

# White, then Paul Tol's "muted" scheme and near-black: distinct for colour-blind readers too.
CLASS_COLOURS = (
    "#ffffff",
    "#332288",
    "#88ccee",
    "#44aa99",
    "#117733",
    "#999933",
    "#ddcc77",
    "#cc6677",
    "#882255",
    "#aa4499",
    "#222222",
    "#dddddd",
)
NO_CLASS = "#808080"
SIGNED = LinearSegmentedColormap.from_list("signed", ["#56b4e9", "white", "#e69f00"])
LINE_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#222222")  # Okabe & Ito
MARKERS = "os^DvP"
BOX_COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#cc79a7")  # Okabe & Ito
TRUTH_COLOUR, PREDICTION_COLOUR = "#56b4e9", "#e69f00"


def plot_segmentation(images, truths, class_names, predictions=None):
    """Rows of image | truth | prediction, with a legend of the classes that occur; or without the
    predictions.

    images (N, 1 or 3, H, W) with values from 0 to 1; truths, predictions (N, H, W) integer.
    """
    shown = {"image": images, "truth": truths}
    if predictions is not None:
        shown["prediction"] = predictions
    columns = 2 if len(images) > 3 else 1
    rows, panels = -(-len(images) // columns), len(shown)
    figure = Figure(figsize=(1.6 * panels * columns, 1.62 * rows + 0.9), layout="constrained")
    axes = figure.subplots(rows, panels * columns, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for sample in range(len(images)):
        row, column = sample % rows, panels * (sample // rows)
        own = axes[row, column : column + panels]
        for axis, (title, arrays) in zip(own, shown.items(), strict=True):
            axis.set_axis_on()
            axis.set(xticks=[], yticks=[], title=title if row == 0 else "")
            if title == "image":
                _show_image(axis, arrays[sample])
            else:
                axis.imshow(_coloured(arrays[sample], len(class_names)))
    _, *label_maps = shown.values()
    _class_legend(figure, np.stack(label_maps), class_names, 2 * panels * columns)
    return figure


def plot_four_tasks(image, labels, class_names):
    """The image four times, each with the answer that one task asks for: classification,
    localization, detection, semantic segmentation.

    image (1 or 3, H, W) with values from 0 to 1; labels (H, W): the class of each pixel, 0 for
    background; class_names: a name for each class. The first two tasks are about one object: the
    largest. Objects of one class count as one, so choose an image where each class occurs once.

    Returns: a Figure.
    """
    found = {k: _tight_box(labels == k) for k in np.unique(labels[labels > 0]).tolist()}
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
        axis.set(xticks=[], yticks=[], title=task, xlabel=answer)
        _show_image(axis, image)
    _draw_named_boxes(axes[1], {largest: found[largest]}, class_names)
    _draw_named_boxes(axes[2], found, class_names)
    axes[3].imshow(_coloured(labels, len(class_names)))
    return figure


def plot_overlay(image, labels, class_names):
    """A photograph (1 or 3, H, W) with its label map (H, W) laid over it, and a legend."""
    figure, axis = _photograph(image)
    axis.imshow(_coloured(labels, len(class_names)), alpha=0.5)
    _class_legend(figure, np.unique(labels), class_names, 6)
    return figure


def plot_box(image, box, name):
    """A photograph (1 or 3, H, W) with a box (x, y, w, h) in pixels and a name."""
    figure, axis = _photograph(image)
    _draw_box(axis, box, PREDICTION_COLOUR, "-")
    axis.set_title(name)
    return figure


def plot_boxes(images, true_boxes, boxes=None, true_names=None, names=None):
    """A grid of images with the true and the predicted box, and their IoU; or the true one alone.

    images (N, 1 or 3, H, W) with values from 0 to 1; boxes (N, 4) in pixels; names: the true and
    the predicted class of each image.
    """
    drawn = [(true_boxes, TRUTH_COLOUR, "-", "truth")]
    if boxes is not None:
        drawn.append((boxes, PREDICTION_COLOUR, "--", "prediction"))
    columns = min(len(images), 6)
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(1.7 * columns, 2.0 * rows + 0.5), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis in axes:
        axis.set_axis_off()
    ious = None if boxes is None else box_iou(true_boxes, boxes)
    for i, axis in enumerate(axes[: len(images)]):
        _show_image(axis, images[i])
        for found, colour, style, _ in drawn:
            _draw_box(axis, found[i], colour, style)
        title = "" if ious is None else f"IoU {ious[i]:.2f}"
        if names is not None:
            title = f"{true_names[i]} seen as {names[i]}\n{title}"
        axis.set_title(title, fontsize=9)
    figure.legend(
        handles=[
            Rectangle((0, 0), 1, 1, fill=False, ec=colour, ls=style, lw=2, label=label)
            for _, colour, style, label in drawn
        ],
        loc="outside lower center",
        ncols=2,
        frameon=False,
    )
    return figure


def plot_losses(histories):
    """The loss of every training step and its running mean, one panel for each named history."""
    figure = Figure(figsize=(4.6 * len(histories), 3.2), layout="constrained")
    axes = figure.subplots(1, len(histories), squeeze=False)[0]
    for axis, (name, history) in zip(axes, histories.items(), strict=True):
        losses = np.array([step["loss"] for step in history["steps"]])
        window = max(1, len(losses) // 25)
        mean = np.convolve(losses, np.ones(window) / window, mode="valid")
        axis.plot(losses, color="0.75", lw=0.8, label="each step")
        axis.plot(np.arange(window - 1, len(losses)), mean, color="#0072b2", label="running mean")
        axis.set(title=name, xlabel="step", ylabel="loss", yscale="log")
        axis.legend(frameon=False)
        axis.spines[["top", "right"]].set_visible(False)
    return figure


def plot_dots(names, panels, logarithmic=()):
    """A row for each name, and side by side a panel for each title: one dot for each value.

    panels: a dict from title to the values of each row, a list for each; those in `logarithmic`
    have a logarithmic axis.
    """
    figure = Figure(figsize=(2.2 + 2.3 * len(panels), 1 + 0.27 * len(names)), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axis, (title, rows) in zip(axes, panels.items(), strict=True):
        for row, values in enumerate(rows):
            axis.plot(values, [row] * len(values), "o", color="#0072b2", alpha=0.6, ms=6)
        if title in logarithmic:
            axis.set_xscale("log")
            values = [value for row in rows for value in row]
            wide = max(values) > 100 * min(values)
            axis.xaxis.set_major_locator(LogLocator(subs=(1,) if wide else (1, 2, 5), numticks=6))
            axis.xaxis.set_minor_locator(NullLocator())
            axis.xaxis.set_major_formatter("{x:g}")
        axis.set_title(title, fontsize=10, pad=10)
        axis.margins(x=0.12)
        axis.grid(axis="y", color="0.9")
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.tick_params(axis="y", length=0)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    return figure


def plot_images(images, *, columns=None, size=1.7):
    """Images side by side under their titles; `size` is the height of one in inches.

    images: a dict from title to a photograph or drawing (1 or 3, H, W) with values from 0 to 1, a
    map of real values (H, W), from its smallest, black, to its largest, white, or a label map
    (H, W) of integers, in the colours of the classes.
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
    for axis, (title, image) in zip(axes, images.items(), strict=False):
        axis.set_axis_on()
        axis.set(xticks=[], yticks=[])
        axis.set_title(title, fontsize=9)
        if image.ndim == 3:
            _show_image(axis, image)
        elif image.dtype.kind in "iu":
            axis.imshow(_coloured(image, max(len(CLASS_COLOURS), int(image.max()) + 1)))
        else:
            axis.imshow(image, cmap="gray")
    return figure


def plot_roofline(points, bandwidth, rate):
    """What a machine can do against how many operations come with each byte (Williams et al. 2009).

    points: a dict from name to (operations per byte, GFLOP/s); bandwidth in GB/s, rate in GFLOP/s.
    """
    figure = Figure(figsize=(5.6, 3.4), layout="constrained")
    axis = figure.add_subplot()
    x = np.geomspace(0.05, 1000, 200)
    axis.plot(x, np.minimum(rate, bandwidth * x), color="#222222", lw=1.6)
    axis.text(0.07, bandwidth * 0.16, f"{bandwidth:.0f} GB/s", rotation=36, fontsize=8)
    axis.text(800, rate * 1.15, f"{rate:.0f} GFLOP/s", fontsize=8, ha="right")
    for (name, (intensity, reached)), colour in zip(points.items(), LINE_COLOURS, strict=False):
        axis.plot(intensity, reached, "o", color=colour, label=name)
    axis.set(xlabel="operations for each byte moved", ylabel="GFLOP/s", xscale="log", yscale="log")
    axis.set_ylim(top=3 * rate)
    axis.grid(color="0.92")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, loc="lower right")
    return figure


def plot_lines(lines, x, *, xlabel, ylabel, logarithmic=""):
    """A line with dots for each name, over the same x; `logarithmic` names axes: "x", "y", "xy"."""
    figure = Figure(figsize=(5.6, 3.4), layout="constrained")
    axis = figure.add_subplot()
    styles = zip(cycle(MARKERS), cycle(LINE_COLOURS), strict=False)
    for (name, values), (marker, colour) in zip(lines.items(), styles, strict=False):
        axis.plot(x, values, marker=marker, color=colour, ms=5, lw=1.4, label=name)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    if "x" in logarithmic:
        axis.set_xscale("log")
        axis.set_xticks(x, [f"{value:g}" for value in x])
        axis.xaxis.set_minor_locator(NullLocator())
    if "y" in logarithmic:
        axis.set_yscale("log")
    axis.grid(color="0.92")
    axis.spines[["top", "right"]].set_visible(False)
    if len(lines) > 1:
        axis.legend(frameon=False)
    return figure


def plot_arrays(arrays, *, columns=None, cell=0.42, marks=None, scale=None):
    """Small 2-D arrays side by side, as coloured cells with their numbers.

    arrays: a dict from title to array. All share one scale: white is 0, blue negative, orange
    positive; NaN is left empty. `cell` is the size of a cell in inches, `columns` how many arrays
    go in a row. marks: a dict from title to (row, column, height, width), framed cells. scale: the
    value of full colour, if it is not to be the largest.
    """
    arrays = {title: np.atleast_2d(np.asarray(array)) for title, array in arrays.items()}
    columns = columns or len(arrays)
    items = list(arrays.items())
    rows = [items[i : i + columns] for i in range(0, len(items), columns)]
    # In cells: each column as wide as its widest array or title, each row with a line for titles.
    letter = 0.075 / cell
    widths = [
        max(max(array.shape[1], letter * len(title)) for title, array in items[column::columns])
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
        for column, (title, array) in enumerate(entries):
            left = 0.4 + sum(widths[:column]) + 0.8 * column
            top = sum(heights[:row]) + 1 + (heights[row] - 1.2 - array.shape[0]) / 2
            axis.text(left, top - 0.2, title, fontsize=9, va="bottom")
            _draw_cells(axis, array, left, top, most)
            if marks and title in marks:
                down, right, high, wide = marks[title]
                place = left + right, top + down
                axis.add_patch(Rectangle(place, wide, high, fill=False, ec="#222222", lw=2.2))
    return figure


def _draw_cells(axis, array, left, top, most):
    """One array as cells of size 1 with its corner at (left, top)."""
    x, y = left + np.arange(array.shape[1] + 1), top + np.arange(array.shape[0] + 1)
    axis.pcolormesh(x, y, array, cmap=SIGNED, vmin=-most, vmax=most, edgecolors="0.75", lw=0.5)
    for (row, column), value in np.ndenumerate(array):
        if np.isnan(value):
            continue
        place = left + column + 0.5, top + row + 0.5
        axis.text(*place, f"{value:g}", ha="center", va="center", fontsize=8)


def _photograph(image):
    """A Figure of one photograph, and its axis."""
    height, width = image.shape[1:]
    figure = Figure(figsize=(6, 0.9 + 6 * height / width), layout="constrained")
    axis = figure.add_subplot()
    axis.set_axis_off()
    _show_image(axis, image)
    return figure, axis


def _draw_box(axis, box, colour, style):
    x, y, w, h = (float(v) for v in box)
    # Pixel 0 reaches from −0.5 to 0.5 in matplotlib's coordinates.
    axis.add_patch(Rectangle((x - 0.5, y - 0.5), w, h, fill=False, ec=colour, ls=style, lw=2))


def _draw_named_boxes(axis, boxes, class_names):
    """Boxes {class: (x, y, w, h)}, each with its name in the corner at the bottom left."""
    for colour, (k, box) in zip(cycle(BOX_COLOURS), boxes.items()):
        _draw_box(axis, box, colour, "-")
        x, y, _, height = box
        axis.text(
            *(x + 0.3, y + height - 1.2),
            class_names[k],
            color="black",
            fontsize=8,
            parse_math=False,
            bbox={"facecolor": colour, "edgecolor": colour, "pad": 1},
        )


def _tight_box(mask):
    """The smallest box (x, y, w, h) around the True pixels of mask (H, W)."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1


def _colours(count):
    """One colour for each class; from the 13th on, matplotlib's."""
    more = [to_hex(c) for name in ("tab20", "tab20b", "tab20c") for c in colormaps[name].colors]
    return [colour for colour, _ in zip(cycle((*CLASS_COLOURS, *more)), range(count))]


def _coloured(labels, count):
    """A label map (H, W) as colours (H, W, 3); labels that are no class are grey."""
    table = np.array([to_rgb(colour) for colour in (*_colours(count), NO_CLASS)])
    known = (labels >= 0) & (labels < count)
    return table[np.where(known, labels, count)]


def _class_legend(figure, labels, class_names, columns):
    """A legend of the classes that occur among labels."""
    present = [int(label) for label in np.unique(labels) if 0 <= label < len(class_names)]
    colours = _colours(len(class_names))
    figure.legend(
        handles=[
            Patch(facecolor=colours[k], edgecolor="grey", label=class_names[k]) for k in present
        ],
        loc="outside lower center",
        ncols=min(len(present), columns),
        frameon=False,
    )


def _show_image(axis, image):
    """image (1, H, W) in grey or (3, H, W) in colour."""
    if image.shape[0] == 1:
        axis.imshow(image[0], cmap="gray", vmin=0, vmax=1)
    else:
        axis.imshow(np.clip(image.transpose(1, 2, 0), 0, 1))
