"""Truth and prediction as outlines over an image. Returns a matplotlib Figure."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from nn_scratch.backend import Array
from nn_scratch.plotting import given
from nn_scratch.plotting.colours import PREDICTION_COLOUR, TRUTH_COLOUR, class_colours, coloured
from nn_scratch.plotting.parts import edges, show_image
from nn_scratch.plotting.text import fitted, legend_below, title, write

DASHES = (0, (1, 0.9))  # short ones: an outline is made of sides of pixels
# Below the true outline, which would be lost on a bright image.
CASING: dict[str, Any] = {"colors": "black", "lw": 4.2, "capstyle": "projecting"}
HALO = [withStroke(linewidth=2.5, foreground="white")]
NAMED = 0.01  # of all pixels, from which a class has its name written on it
APART = 0.1  # of the image's longer side: names that are closer would be read as one


def plot_outlines(
    image: Array, truth: Array, predictions: Mapping[str, Array], class_names: Sequence[str]
) -> Figure:
    """Truth and prediction as outlines over each other, a panel for each prediction, whose classes
    are laid over the image as colours, and named if they fill a hundredth of it and a larger class
    has no name there.

    image (1 or 3, H, W) with values from 0 to 1; truth (H, W): the class of each pixel, 0 for
    background; predictions: a dict from title to a label map (H, W). An outline lies between what
    is background and what is not.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    image = given.image("image", image)
    pixels = image.shape[1:]
    truth = given.label_map("truth", truth, pixels)
    predictions = {
        what: given.label_map("predictions", labels, pixels)
        for what, labels in given.titled("predictions", predictions).items()
    }
    most = max(int(labels.max()) for labels in predictions.values())
    given.names("class_names", class_names, least=most + 1)
    figure = Figure(figsize=(max(2.9 * len(predictions), 4.4), 3.2), layout="constrained")
    axes = figure.subplots(1, len(predictions), squeeze=False)[0]
    drawn = {
        "true outline": (truth, TRUTH_COLOUR, "-"),
        "predicted outline": (None, PREDICTION_COLOUR, DASHES),
    }
    for axis, (what, labels) in zip(axes, predictions.items(), strict=True):
        axis.set(xticks=[], yticks=[])
        title(axis, fitted(what, 2.8, 11), size=11)
        show_image(axis, image)
        axis.imshow(coloured(labels, len(class_names)), alpha=0.6 * (labels > 0))
        axis.add_collection(LineCollection(edges(truth > 0), **CASING))
        for shown, colour, style in drawn.values():
            sides = edges((labels if shown is None else shown) > 0)
            axis.add_collection(LineCollection(sides, colors=colour, ls=style, lw=2.2))
        _write_names(axis, labels, class_names)
    lines = [Line2D([], [], color=colour, ls=style, lw=2) for _, colour, style in drawn.values()]
    present = [k for k in np.unique(list(predictions.values())).tolist() if k > 0]
    colours = class_colours(len(class_names))
    patches = [Patch(facecolor=colours[k], edgecolor="grey") for k in present]
    handles = [*lines, *patches]
    legend_below(figure, handles, [*drawn, *(class_names[k] for k in present)])
    return figure


def _write_names(axis, labels, class_names):
    """The name of each class that has many pixels, the largest first, on that one of them nearest
    to their middle, unless a name is there already."""
    classes, counts = np.unique(labels[labels > 0], return_counts=True)
    taken: list[Array] = []
    for k in classes[np.argsort(-counts, kind="stable")].tolist():
        places = np.argwhere(labels == k)
        row, column = place = places[((places - places.mean(axis=0)) ** 2).sum(axis=1).argmin()]
        free = all(abs(place - other).max() >= APART * max(labels.shape) for other in taken)
        if free and len(places) >= NAMED * labels.size:
            taken.append(place)
            how = {"ha": "center", "va": "center", "fontsize": 11, "weight": "bold"}
            text = axis.text(column, row, "", path_effects=HALO, clip_on=True, **how)
            write(text, fitted(class_names[k], 1, 11))
