"""Pictures of images, label maps, boxes and small arrays. Each returns a matplotlib Figure."""

from collections.abc import Mapping, Sequence
from unicodedata import bidirectional

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from nn_scratch.backend import Array
from nn_scratch.evaluation.boxes import box_iou
from nn_scratch.geometry import integer
from nn_scratch.plotting import given
from nn_scratch.plotting.colours import (
    CLASS_COLOURS,
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
    TITLE,
    fitted,
    legend_below,
    on_a_page,
    options,
    plain,
    text_width,
    title,
    write,
)
from nn_scratch.validate import number

PANEL = 1.6  # inches, of one image among others
MOST = 1000  # classes that get colours where their number is not told


def plot_segmentation(
    images: Array, truths: Array, class_names: Sequence[str], predictions: Array | None = None
) -> Figure:
    """Rows of image | truth | prediction, with a legend of the classes that occur; or without the
    predictions.

    images (N, 1 or 3, H, W) with values from 0 to 1; truths, predictions (N, H, W) integer, the
    places of class_names (other labels are black).

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    images = given.images("images", images)
    pixels = len(images), *images.shape[2:]
    given.names("class_names", class_names)
    shown = {"image": images, "truth": given.label_map("truths", truths, pixels)}
    if predictions is not None:
        shown["prediction"] = given.label_map("predictions", predictions, pixels)
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
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    image = given.image("image", image)
    labels = given.label_map("labels", labels, image.shape[1:])
    if not (labels > 0).any():
        raise ValueError("labels has no object: every pixel is background")
    given.names("class_names", class_names, least=int(labels.max()) + 1)
    found = {k: tight_box(labels == k) for k in np.unique(labels[labels > 0]).tolist()}
    largest = max(found, key=lambda k: np.count_nonzero(labels == k))
    answers = {
        "classification": f"one class: {class_names[largest]}",
        "localization": "one class, one box",
        "detection": "each object in its box",
        "semantic segmentation": "every pixel has a class",
    }
    figure = Figure(figsize=(9.2, 2.9), layout="constrained")
    axes = figure.subplots(1, 4)
    for axis, (task, answer) in zip(axes, answers.items(), strict=True):
        axis.set(xticks=[], yticks=[], title=task)
        axis.set_xlabel(plain(answer), **options(answer))
        show_image(axis, image)
    draw_named_boxes(axes[1], [(largest, found[largest])], class_names)
    draw_named_boxes(axes[2], found.items(), class_names)
    axes[3].imshow(coloured(labels, len(class_names)))
    class_legend(figure, labels, class_names)
    return figure


def plot_overlay(image: Array, labels: Array, class_names: Sequence[str]) -> Figure:
    """A photograph with its label map laid over it, and a legend of the classes that occur.

    image (1 or 3, H, W) with values from 0 to 1; labels (H, W) integer, the places of class_names.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    image = given.image("image", image)
    labels = given.label_map("labels", labels, image.shape[1:])
    given.names("class_names", class_names)
    figure, axis = photograph(image)
    axis.imshow(coloured(labels, len(class_names)), alpha=0.5)
    class_legend(figure, labels, class_names)
    return figure


def plot_box(image: Array, box: Array, name: object) -> Figure:
    """A photograph with a box and its name.

    image (1 or 3, H, W) with values from 0 to 1; box (4,): (x, y, w, h) in pixels.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    image, box = given.image("image", image), given.boxes("box", box, (4,))
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
    captions: Sequence[object] | None = None,
) -> Figure:
    """A grid of images with the true and the predicted box, and their IoU; or the true one alone.

    images (N, 1 or 3, H, W) with values from 0 to 1; boxes (N, 4) in pixels; names: the true and
    the predicted class of each image; captions: the first line above each image.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    images = given.images("images", images)
    true_boxes = given.boxes("true_boxes", true_boxes, (len(images), 4))
    if boxes is not None:
        boxes = given.boxes("boxes", boxes, (len(images), 4))
    texts = {"true_names": true_names, "names": names, "captions": captions}
    for what, each in texts.items():
        given.names(what, each, least=len(images), optional=True)
    drawn = [(true_boxes, TRUTH_COLOUR, "-", "truth")]
    if boxes is not None:
        drawn.append((boxes, PREDICTION_COLOUR, "--", "prediction"))
    columns = min(len(images), 6)
    rows = -(-len(images) // columns)
    ious = None if boxes is None else box_iou(true_boxes, boxes)
    titles = []
    for i in range(len(images)):
        seen = [] if captions is None else [fitted(captions[i], PANEL)]
        if true_names is not None and names is not None:
            seen += _seen_as(true_names[i], names[i], PANEL)
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
        title(axis, *titles[i], size=on_a_page(TITLE, figure))
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


def plot_images(
    images: Mapping[str, Array],
    *,
    columns: int | None = None,
    size: float = 1.7,
    class_names: Sequence[str] | None = None,
) -> Figure:
    """Images side by side under their titles; `size` is the height of one in inches.

    images: a dict from title to a photograph or drawing (1 or 3, H, W) with values from 0 to 1, a
    map of real values (H, W), from its smallest, black, to its largest, white, or a label map
    (H, W) of integers, in the colours of the classes; with class_names there is a legend of those
    that occur.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    images = {what: _drawable(image) for what, image in given.titled("images", images).items()}
    columns = len(images) if columns is None else integer("columns", columns, least=1)
    columns = min(columns, len(images))
    size = number("size", size, 0, given.INCHES, above=True)
    if class_names is not None:
        given.names("class_names", class_names)
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
        title(axis, *(plain(line) for line in lines), size=on_a_page(TITLE, figure))
        if image.ndim == 3:
            show_image(axis, image)
        elif image.dtype.kind in "iu":
            axis.imshow(coloured(image, min(MOST, max(len(CLASS_COLOURS), int(image.max()) + 1))))
        else:
            axis.imshow(image, cmap="gray")
    if class_names is not None:
        maps = [m.ravel() for m in images.values() if m.ndim == 2 and m.dtype.kind in "iu"]
        class_legend(figure, np.concatenate([*maps, np.zeros(0, int)]), class_names)
    return figure


def _drawable(image):
    """A photograph (1 or 3, H, W), or a map (H, W) of labels or of real values."""
    found = given.array("images", image)
    if found.ndim != 2:
        return given.image("images", found)
    if 0 in found.shape:
        raise ValueError(f"images holds a map of shape {found.shape}, but must have pixels")
    return found if found.dtype.kind in "iu" else found.astype(np.float64)


def plot_arrays(
    arrays: Mapping[str, Array],
    *,
    columns: int | None = None,
    cell: float = 0.42,
    marks: Mapping[str, tuple[int, int, int, int]] | None = None,
    scale: float | None = None,
    shared: bool = True,
) -> Figure:
    """Small 2-D arrays side by side, as coloured cells with their numbers.

    arrays: a dict from title to array. White is 0, blue negative, orange positive; NaN is left
    empty, and −∞ is grey. All share one scale, or, if not `shared`, each has its own. `cell` is the
    size of a cell in inches, `columns` how many arrays go in a row. marks: a dict from title to
    (row, column, height, width), framed cells. scale: the value of full colour, if it is not to be
    the largest.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    arrays = {what: _cells(array) for what, array in given.titled("arrays", arrays).items()}
    columns = len(arrays) if columns is None else integer("columns", columns, least=1)
    columns = min(columns, len(arrays))
    cell = number("cell", cell, 0, given.INCHES, above=True)
    scale = None if scale is None else number("scale", scale, 0, above=True)
    marks = {} if marks is None else given.titled("marks", marks, least=0)
    marks = {what: given.boxes("marks", cells, (4,)) for what, cells in marks.items()}
    if not isinstance(shared, (bool, np.bool_)):
        raise TypeError(f"shared is {shared!r}, but must be True or False")
    items = list(arrays.items())
    rows = [items[i : i + columns] for i in range(0, len(items), columns)]
    # In cells: each column as wide as its widest array or title, each row with a line for titles.
    letter = 0.0085 * max(9, 21 * cell) / cell
    widths = [
        max(max(array.shape[1], letter * len(what)) for what, array in items[column::columns])
        for column in range(columns)
    ]
    heights = [1.2 + max(array.shape[0] for _, array in row) for row in rows]
    size = sum(widths) + 0.8 * columns, sum(heights)
    figure = Figure(figsize=(cell * size[0], cell * size[1]))
    axis = figure.add_axes((0, 0, 1, 1), xlim=(0, size[0]), ylim=(size[1], 0))
    axis.set_axis_off()
    largest = {
        what: float(np.abs(array[np.isfinite(array)]).max(initial=0)) for what, array in items
    }
    most = scale or max(largest.values()) or 1.0
    for row, entries in enumerate(rows):
        for column, (what, array) in enumerate(entries):
            left = 0.4 + sum(widths[:column]) + 0.8 * column
            top = sum(heights[:row]) + 1 + (heights[row] - 1.2 - array.shape[0]) / 2
            write(
                axis.text(left, top - 0.2, "", fontsize=max(9, 21 * cell), va="bottom"), plain(what)
            )
            own = most if shared else largest[what] or 1.0
            draw_cells(axis, array, left, top, own, size=max(8, 19 * cell))
            if what in marks:
                down, right, high, wide = marks[what]
                place = left + right, top + down
                axis.add_patch(Rectangle(place, wide, high, fill=False, ec="#222222", lw=2.2))
    return figure


def _cells(array):
    """An array of at most two axes, with at least one cell."""
    found = np.atleast_2d(given.array("arrays", array))
    if found.ndim != 2 or not found.size:
        raise ValueError(f"arrays holds an array of shape {found.shape}, but must be 2-D")
    if np.isposinf(found).any():
        raise ValueError("arrays holds infinity, but its numbers must be finite, −∞ or NaN")
    return found.astype(np.float64) + 0.0  # no minus before a zero
