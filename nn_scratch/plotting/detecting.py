"""How objects are found, step by step: points, heat, anchors, suppression, average precision.

Each returns a matplotlib Figure.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, Rectangle

from nn_scratch.arguments import whole
from nn_scratch.backend import Array
from nn_scratch.evaluation.detection import iou_matrix, nms
from nn_scratch.geometry import integer
from nn_scratch.plotting import given
from nn_scratch.plotting.colours import LINE_COLOURS, PREDICTION_COLOUR, TRUTH_COLOUR
from nn_scratch.plotting.outlines import HALO
from nn_scratch.plotting.parts import draw_box, show_image
from nn_scratch.plotting.text import fitted, legend_below, title
from nn_scratch.validate import number

PANEL = 2.2  # inches, of an image
HEAT = LinearSegmentedColormap.from_list(  # clear, orange, and a white heat at the end
    "heat", [(0, "#e69f0000"), (0.5, "#e69f00c0"), (0.9, "#ffc94df0"), (1, "#fff6dc")]
)
GONE = "#cc79a7"  # Okabe & Ito
MARGIN = 2  # cells around the box of a point


def plot_point(image: Array, box: Array, stride: int) -> Figure:
    """An object as a point: its box, the cell of stride × stride pixels that holds its centre, the
    offset of the centre in that cell, and its size; drawn on the image around the box.

    image (1 or 3, H, W) with values from 0 to 1; box (4,): (x, y, w, h) in pixels.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    image, box = given.image("image", image), given.boxes("box", box, (4,))
    stride = whole("stride", stride, 1, given.MANY)
    (x, y), size = box[:2], box[2:]
    centre = box[:2] + size / 2
    cell = np.floor(centre / stride)
    start = np.maximum(np.floor(box[:2] / stride) - MARGIN, 0) * stride
    limit = np.array(image.shape[:0:-1])
    end = np.minimum((np.ceil((box[:2] + size) / stride) + MARGIN) * stride, limit)
    wide, high = end - start
    figure = Figure(figsize=(4.4 * max(wide / high, 0.6) + 2.6, 4.9), layout="constrained")
    axis = figure.add_subplot(
        xlim=(start[0] - 0.5, end[0] - 0.5), ylim=(end[1] - 0.5, start[1] - 0.5)
    )
    show_image(axis, 0.75 * image)
    for place, lines in ((start[0], axis.axvline), (start[1], axis.axhline)):
        for at in np.arange(place, place + max(wide, high) + 1, stride):
            lines(at - 0.5, color="0.55", lw=0.6)
    axis.add_patch(
        Rectangle(
            tuple(cell * stride - 0.5), stride, stride, fc=PREDICTION_COLOUR, ec="none", alpha=0.65
        )
    )
    draw_box(axis, box, TRUTH_COLOUR, "-")
    middle = centre - 0.5
    axis.plot(*middle, "o", color="white", mec="black", ms=7, zorder=4)
    look: dict[str, Any] = {
        "arrowstyle": "<|-|>",
        "mutation_scale": 10,
        "color": TRUTH_COLOUR,
        "shrinkA": 0,
    }
    for ends in (
        ((x - 0.5, y + size[1] + 0.7), (x + size[0] - 0.5, y + size[1] + 0.7)),
        ((x - 1.7, y - 0.5), (x - 1.7, y + size[1] - 0.5)),
    ):
        axis.add_patch(FancyArrowPatch(*ends, shrinkB=0, **look))
    axis.set_xticks(np.arange(start[0], end[0], stride) + stride / 2 - 0.5)
    axis.set_xticklabels([f"{n / stride:.0f}" for n in np.arange(start[0], end[0], stride)])
    axis.set_yticks(np.arange(start[1], end[1], stride) + stride / 2 - 0.5)
    axis.set_yticklabels([f"{n / stride:.0f}" for n in np.arange(start[1], end[1], stride)])
    axis.set(xlabel="cells, across", ylabel="cells, down")
    axis.tick_params(length=0, labelsize=8)
    offset = centre / stride - cell
    said = (
        f"box ({x:g}, {y:g}, {size[0]:g}, {size[1]:g})",
        f"cell: {cell[0]:g} across, {cell[1]:g} down",
        f"offset: {offset[0]:g} and {offset[1]:g} of a cell",
        f"size: {size[0] / stride:g} × {size[1] / stride:g} cells",
    )
    handles = [
        Rectangle((0, 0), 1, 1, fill=False, ec=TRUTH_COLOUR, lw=2),
        Rectangle((0, 0), 1, 1, fc=PREDICTION_COLOUR, alpha=0.65),
        Line2D([], [], ls="", marker="o", color="white", mec="black", ms=7),
        Line2D([], [], color=TRUTH_COLOUR, marker="|"),
    ]
    figure.legend(handles, said, loc="outside right center", frameon=False, fontsize=10)
    return figure


def plot_heat(panels: Mapping[str, tuple[Array, Array]], *, columns: int = 4) -> Figure:
    """Images with heat maps laid over them, from clear, 0, through orange to nearly white, 1.

    panels: a dict from title to (image, heat): image (1 or 3, H, W) with values from 0 to 1, and
    heat (h, w) from 0 to 1, whose cells share out the image.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    drawn = {}
    for what, panel in given.titled("panels", panels).items():
        if not isinstance(panel, (tuple, list)) or len(panel) != 2:
            raise TypeError(f"panels has {panel!r:.60}, but must have (image, heat)")
        heat = given.array("panels", panel[1])
        if heat.ndim != 2 or 0 in heat.shape:
            raise ValueError(f"panels has heat of shape {heat.shape}, but it must be (h, w)")
        drawn[what] = given.image("panels", panel[0]), np.clip(heat.astype(float), 0, 1)
    columns = min(integer("columns", columns, least=1), len(drawn))
    rows = -(-len(drawn) // columns)
    figure = Figure(figsize=((PANEL + 0.1) * columns, (PANEL + 0.35) * rows), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis in axes:
        axis.set_axis_off()
    for axis, (what, (image, heat)) in zip(axes, drawn.items(), strict=False):
        show_image(axis, 0.5 * image)
        height, width = image.shape[1:]
        around = (-0.5, width - 0.5, height - 0.5, -0.5)
        axis.imshow(heat, cmap=HEAT, vmin=0, vmax=1, extent=around, interpolation="nearest")
        title(axis, fitted(what, PANEL))
    return figure


def plot_suppression(boxes: Array, scores: Array, iou_threshold: float = 0.5) -> Figure:
    """Non-maximum suppression, a panel for each round: the best box that is left is kept, and what
    overlaps it by more than the threshold goes, with the IoU beside it.

    boxes (n, 4): (x, y, w, h); scores (n,).

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    scores = given.array("scores", scores)
    boxes = given.boxes("boxes", boxes, (scores.size, 4))
    if scores.ndim != 1 or not scores.size:
        raise ValueError(f"scores has shape {scores.shape}, but must be (n,), and not empty")
    threshold = number("iou_threshold", iou_threshold, 0, 1)
    kept = nms(boxes, scores, iou_threshold=threshold)
    ious = iou_matrix(boxes, boxes)
    low, high = boxes[:, :2].min(axis=0), (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    tall = (high - low)[1] / max((high - low)[0], 1e-9)
    size = PANEL * len(kept), PANEL * np.clip(tall, 0.3, 2) + 0.3
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(1, len(kept), squeeze=False)[0]
    left, done = set(range(len(boxes))), list[int]()
    for turn, (axis, best) in enumerate(zip(axes, kept.tolist(), strict=True), 1):
        left.discard(best)
        gone = [i for i in sorted(left) if ious[best, i] > threshold]
        left -= set(gone)
        for i in sorted(left):
            _outline(axis, boxes[i], "0.6", ":", f"{scores[i]:g}")
        for i in done:
            _outline(axis, boxes[i], TRUTH_COLOUR, "-", f"{scores[i]:g}")
        for i in gone:
            _outline(axis, boxes[i], GONE, "--", f"{scores[i]:g}: IoU {ious[best, i]:.2f}")
        _outline(axis, boxes[best], LINE_COLOURS[0], "-", f"{scores[best]:g}", width=3.5)
        done.append(best)
        pad = np.maximum(0.06 * (high - low), 1e-3 + 1e-6 * np.abs(high))
        axis.set(xlim=(low[0] - pad[0], high[0] + pad[0]), ylim=(high[1] + pad[1], low[1] - pad[1]))
        axis.set(xticks=[], yticks=[], aspect="equal")
        title(axis, f"round {turn}: keep {scores[best]:g}", size=10)
    styles = ((LINE_COLOURS[0], "-"), (TRUTH_COLOUR, "-"), (GONE, "--"), ("0.6", ":"))
    handles = [Line2D([], [], color=colour, ls=style, lw=2.5) for colour, style in styles]
    legend_below(figure, handles, ["the best left", "kept before", "suppressed", "waits"])
    return figure


def plot_precision_recall(right: Sequence[bool], num_objects: int) -> Figure:
    """Precision over recall, a numbered dot for each detection from the best score down; the best
    precision at each recall or more; and the area under that, which is the average precision.

    right: whether each detection is right; num_objects: how many there are to find.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    hits = given.array("right", right, "iub").astype(bool)
    total = integer("num_objects", num_objects, least=1)
    if hits.ndim != 1 or not hits.size or hits.sum() > total:
        raise ValueError(f"right is {hits.tolist()}, but must name at most {total} right ones")
    found = np.cumsum(hits)
    precision, recall = found / np.arange(1, len(hits) + 1), found / total
    best = np.maximum.accumulate(precision[::-1])[::-1]
    area = float((np.diff(recall, prepend=0) * best).sum())
    figure = Figure(figsize=(5.4, 3.5), layout="constrained")
    axis = figure.add_subplot(xlabel="recall", ylabel="precision", xlim=(0, 1.04), ylim=(0, 1.12))
    for start, end, level in zip([0, *recall[:-1]], recall, best, strict=True):
        if end > start:
            box = Rectangle((start, 0), end - start, level, fc="#d5e9f7", ec="white", hatch="//")
            axis.add_patch(box)
    ends, levels = recall[hits], best[hits]
    if hits.any():
        axis.step([0, *ends], [levels[0], *levels], where="pre", color=LINE_COLOURS[0], lw=2)
    axis.plot(recall, precision, color="0.5", lw=1, ls=":")
    for place, (x, y, is_right) in enumerate(zip(recall, precision, hits, strict=True), 1):
        marker, colour = ("o", LINE_COLOURS[0]) if is_right else ("X", LINE_COLOURS[1])
        axis.plot(x, y, marker, color=colour, ms=9, mec="white", zorder=3)
        axis.annotate(f"{place}", (x, y), (7, 4), textcoords="offset points", fontsize=10)
    axis.spines[["top", "right"]].set_visible(False)
    title(axis, f"average precision: the hatched area, {area:.3f}", size=11)
    handles = [
        Line2D([], [], ls="", marker="o", color=LINE_COLOURS[0], ms=8),
        Line2D([], [], ls="", marker="X", color=LINE_COLOURS[1], ms=8),
        Line2D([], [], color=LINE_COLOURS[0], lw=2),
    ]
    legend_below(figure, handles, ["right", "wrong", "the best at this recall or more"])
    return figure


def plot_anchors(
    image: Array, true_boxes: Array, anchors: Array, iou_threshold: float = 0.5
) -> Figure:
    """Anchors over an image, in two panels. Left: the object nearest to the middle, and all anchors
    with the centre of the one that fits it best. Right: at each centre how many of its anchors
    overlap an object by at least the threshold, and for each object that none overlaps so well, the
    anchor nearest to it.

    image (1 or 3, H, W) with values from 0 to 1; true_boxes (G, 4), anchors (A, 4) in pixels.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    image = given.image("image", image)
    true_boxes, anchors = _rows("true_boxes", true_boxes), _rows("anchors", anchors)
    threshold = number("iou_threshold", iou_threshold, 0, 1)
    ious = iou_matrix(true_boxes, anchors)
    from_middle = true_boxes[:, :2] + true_boxes[:, 2:] / 2 - np.array(image.shape[:0:-1]) / 2
    which = int(np.abs(from_middle).max(axis=1).argmin())
    centres = anchors[:, :2] + anchors[:, 2:] / 2
    best = centres[ious[which].argmax()]
    same = np.flatnonzero(np.abs(centres - best).max(axis=1) < 1e-3)
    short = [int(row.argmax()) for row in ious if row.max() < threshold]
    figure = Figure(figsize=(7.4, 3.8 * image.shape[1] / image.shape[2]), layout="constrained")
    left, right = figure.subplots(1, 2)
    fits = ious[which, same] >= threshold
    _anchors(left, image, true_boxes[[which]], anchors[same[fits]], anchors[same[~fits]], 2)
    matched = (ious >= threshold).any(axis=0)
    _anchors(right, image, true_boxes, anchors[:0], anchors[short], 1)
    places, counts = np.unique(centres[matched].round(3), axis=0, return_counts=True)
    for (x, y), count in zip(places, counts, strict=True):
        how: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9, "clip_on": True}
        right.text(x - 0.5, y - 0.5, f"{count}", weight="bold", path_effects=HALO, **how)
    left.set_title("all anchors of one cell", fontsize=11)
    right.set_title("how many of each cell are matched", fontsize=11)
    styles = ((TRUTH_COLOUR, "-"), (PREDICTION_COLOUR, "--"), (GONE, ":"))
    handles = [Line2D([], [], color=colour, ls=style, lw=2) for colour, style in styles]
    names = ["object", f"anchor, IoU ≥ {threshold:g}", "anchor, less"]
    legend_below(figure, handles, names)
    return figure


def _anchors(axis, image, objects, matched, less, width):
    """A panel with an image, and over it anchors that fit, anchors that do not, and objects."""
    axis.set(xticks=[], yticks=[])
    show_image(axis, 0.6 * image)
    look = (matched, PREDICTION_COLOUR, "--", width), (less, GONE, ":", width)
    for boxes, colour, style, lw in (*look, (objects, TRUTH_COLOUR, "-", 2.5)):
        for x, y, w, h in boxes:
            axis.add_patch(
                Rectangle((x - 0.5, y - 0.5), w, h, fill=False, ec=colour, ls=style, lw=lw)
            )
    height, wide = image.shape[1:]
    axis.set(xlim=(-0.5, wide - 0.5), ylim=(height - 0.5, -0.5))


def _rows(name, values):
    """At least one box, (n, 4)."""
    found = given.array(name, values)
    return given.boxes(name, found, (max(len(np.atleast_1d(found)), 1), 4))


def _outline(axis, box, colour, style, text, width=2.0):
    """A box, and what is to be said of it at its corner."""
    x, y, w, h = box
    axis.add_patch(Rectangle((x, y), w, h, fill=False, ec=colour, ls=style, lw=width))
    place, side = ((x + w, y + h), "right") if style == "--" else ((x, y), "left")
    where = {"ha": side, "va": "bottom" if style == "--" else "top"}
    around = {"fc": "white", "ec": "none", "pad": 0.8, "alpha": 0.8}
    axis.text(*place, f" {text} ", fontsize=8, color="black", bbox=around, **where)
