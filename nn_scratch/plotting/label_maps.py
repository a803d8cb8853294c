"""Label maps beside their image, each with a title. Returns a matplotlib Figure."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from nn_scratch.backend import Array
from nn_scratch.plotting import given
from nn_scratch.plotting.colours import coloured
from nn_scratch.plotting.parts import class_legend, show_image
from nn_scratch.plotting.text import fitted, title

PANEL = 3.1  # inches, of the longer side of an image


def plot_label_maps(image: Array, maps: Mapping[str, Array], class_names: Sequence[str]) -> Figure:
    """An image, and beside it label maps, with a legend of the classes that occur in them.

    image (1 or 3, H, W) with values from 0 to 1; maps: a dict from title to a label map (H, W),
    integer, the places of class_names (other labels are black).

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    image = given.image("image", image)
    height, width = image.shape[1:]
    shown = {
        what: given.label_map("maps", labels, (height, width))
        for what, labels in given.titled("maps", maps).items()
    }
    given.names("class_names", class_names)
    wide, high = PANEL * width / max(height, width), PANEL * height / max(height, width)
    figure = Figure(figsize=((wide + 0.1) * (1 + len(shown)), high + 0.8), layout="constrained")
    axes = figure.subplots(1, 1 + len(shown))
    show_image(axes[0], image)
    for axis, (what, labels) in zip(axes[1:], shown.items(), strict=True):
        axis.imshow(coloured(labels, len(class_names)))
        title(axis, fitted(what, wide, 11), size=11)
    for axis in axes:
        axis.set(xticks=[], yticks=[])
    class_legend(figure, list(shown.values()), class_names)
    return figure
