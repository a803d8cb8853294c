"""What several pictures have in common: an image, a box, a legend of classes."""

from itertools import cycle

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from nn_scratch.plotting.colours import BOX_COLOURS, SIGNED, class_colours
from nn_scratch.plotting.text import legend_below, plain, write


def photograph(image):
    """A Figure of one photograph, and its axis."""
    height, width = image.shape[1:]
    figure = Figure(figsize=(6, 0.4 + 6 * height / width), layout="constrained")
    axis = figure.add_subplot()
    axis.set_axis_off()
    show_image(axis, image)
    return figure, axis


def draw_box(axis, box, colour, style):
    """A box (x, y, w, h) in pixels of the image in an axis."""
    x, y, w, h = (float(v) for v in box)
    # Pixel 0 reaches from −0.5 to 0.5 in matplotlib's coordinates.
    axis.add_patch(Rectangle((x - 0.5, y - 0.5), w, h, fill=False, ec=colour, ls=style, lw=2))


def draw_named_boxes(axis, boxes, class_names):
    """Pairs (class, (x, y, w, h)), each with its name in the corner at the bottom left."""
    for colour, (k, box) in zip(cycle(BOX_COLOURS), boxes, strict=False):
        draw_box(axis, box, colour, "-")
        x, y, _, height = box
        axis.text(
            *(x + 0.3, y + height - 1.2),
            plain(class_names[k]),
            color="black",
            fontsize=8,
            parse_math=False,
            bbox={"facecolor": colour, "edgecolor": colour, "pad": 1},
        )


def tight_box(mask):
    """The smallest box (x, y, w, h) around the True pixels of mask (H, W)."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1


def class_legend(figure, labels, class_names):
    """A legend of the classes that occur among labels."""
    present = [int(label) for label in np.unique(labels) if 0 <= label < len(class_names)]
    colours = class_colours(len(class_names))
    handles = [Patch(facecolor=colours[k], edgecolor="grey") for k in present]
    legend_below(figure, handles, [class_names[k] for k in present])


def show_image(axis, image):
    """image (1, H, W) in grey or (3, H, W) in colour."""
    if image.shape[0] == 1:
        axis.imshow(image[0], cmap="gray", vmin=0, vmax=1)
    else:
        axis.imshow(np.clip(image.transpose(1, 2, 0), 0, 1))


def draw_cells(axis, array, left, top, most, size=8):
    """One array as cells of size 1 with its corner at (left, top); numbers of `size` points. −∞ is
    written, and NaN is not."""
    x, y = left + np.arange(array.shape[1] + 1), top + np.arange(array.shape[0] + 1)
    finite = np.where(np.isfinite(array), array, np.nan)
    axis.pcolormesh(x, y, finite, cmap=SIGNED, vmin=-most, vmax=most, edgecolors="0.75", lw=0.5)
    for (row, column), value in np.ndenumerate(array):
        if np.isnan(value):
            continue
        text, colour = (f"{value:g}", "black") if np.isfinite(value) else ("−∞", "0.5")
        place = left + column + 0.5, top + row + 0.5
        axis.text(*place, text, ha="center", va="center", fontsize=size, color=colour)


def draw_square(axis, left, top, colour, text=""):
    """One cell of size 1, with a number or another short text."""
    axis.add_patch(Rectangle((left, top), 1, 1, fc=colour, ec="0.35", lw=0.6))
    if text:
        place = left + 0.5, top + 0.5
        write(axis.text(*place, "", ha="center", va="center", fontsize=11), plain(text))


def edges(labels):
    """The sides of pixels between two classes, as lines ((x, y), (x, y)) in pixels."""
    rows, columns = np.nonzero(labels[1:] != labels[:-1])
    level = [((x - 0.5, y + 0.5), (x + 0.5, y + 0.5)) for y, x in zip(rows, columns, strict=True)]
    rows, columns = np.nonzero(labels[:, 1:] != labels[:, :-1])
    upright = [((x + 0.5, y - 0.5), (x + 0.5, y + 0.5)) for y, x in zip(rows, columns, strict=True)]
    return level + upright
