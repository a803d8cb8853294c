"""Looking inside: what an answer needs of the image, and how labels come to be."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from nn_scratch.arguments import items
from nn_scratch.backend import Array
from nn_scratch.evaluation.answers import answer_of
from nn_scratch.evaluation.occlusion import box_score, class_score, label_score, occlusion
from nn_scratch.graph.memory import arrays_in
from nn_scratch.layers import Layer, inference_mode
from nn_scratch.layers.inference import evaluation_mode
from nn_scratch.plotting import given
from nn_scratch.plotting.colours import PREDICTION_COLOUR, coloured
from nn_scratch.plotting.parts import class_legend, draw_box, show_image
from nn_scratch.plotting.text import plain, title

PANEL, CAPTION = 1.9, 0.42  # inches
IN_A_ROW = 4  # panels of a film that stands still
NEEDED = LinearSegmentedColormap.from_list(
    "needed", ["#e69f0000", "#e69f00dd", "#ffe9b8"]
)  # over the image


def plot_occlusion(
    net: Layer,
    image: Array,
    pixels: Sequence[tuple[int, int]],
    class_names: Sequence[str],
    *,
    window: int = 5,
    step: int = 1,
) -> Figure:
    """What the labels of single pixels need of the image: image | labels | for each of `pixels`
    (row, column), in orange where its label suffers while a square is covered.

    net: gives scores (N, K, H, W). image (1 or 3, H, W) with values from 0 to 1. class_names: K of
    them. window, step: as in evaluation.occlusion.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    image = given.image_for(net, image)
    pixels = [given.pixel("pixels", pixel, image.shape[1:]) for pixel in items("pixels", pixels)]
    scores, answer = _output(net, image)
    if answer is None or answer.boxes is not None:
        raise ValueError("net gives no scores (N, K, H, W) of classes for the pixels of the image")
    given.names("class_names", class_names, least=scores.shape[1])
    labels = answer.labels
    figure, axes = _panels(2 + len(pixels))
    show_image(axes[0], image)
    title(axes[0], "image")
    axes[1].imshow(coloured(labels, len(class_names)))
    title(axes[1], "labels")
    for axis, (row, column) in zip(axes[2:], pixels, strict=True):
        needed = occlusion(net, image, label_score(scores, (row, column)), window=window, step=step)
        _show_needed(axis, image, needed)
        axis.plot(column, row, "+", color="#56b4e9", ms=11, mew=2)
        title(axis, f"this {plain(class_names[labels[row, column]])} needs")
    class_legend(figure, labels, class_names)
    return figure


def plot_box_occlusion(
    net: Layer, image: Array, class_names: Sequence[str], *, window: int = 5, step: int = 1
) -> Figure:
    """What a localizer needs of the image: image and box | in orange, where the box suffers while a
    square is covered | where the class does.

    net: gives scores (N, K) and boxes in fractions, (N, 4) or (N, K, 4). image (1 or 3, H, W) with
    values from 0 to 1. class_names: K of them. window, step: as in evaluation.occlusion.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    image = given.image_for(net, image)
    output, answer = _output(net, image)
    if answer is None or answer.boxes is None or output[0].ndim != 2:
        raise ValueError("net gives no class scores (N, K) and boxes (N, 4) or (N, K, 4)")
    given.names("class_names", class_names, least=output[0].shape[1])
    name = plain(class_names[int(answer.labels[0])])
    figure, axes = _panels(3)
    show_image(axes[0], image)
    title(axes[0], f"{name}, in this box")
    for axis, score, what in (
        (axes[1], box_score(output), "the box needs"),
        (axes[2], class_score(output), f"to be a {name} it needs"),
    ):
        _show_needed(axis, image, occlusion(net, image, score, window=window, step=step))
        title(axis, what)
    for axis in axes[:2]:
        draw_box(axis, answer.boxes[0], PREDICTION_COLOUR, "-")
    return figure


def plot_learning(
    image: Array, truth: Array, film: Mapping[int, Array], class_names: Sequence[str]
) -> Figure:
    """Rows of four: an image, its labels (H, W) at each step of the film, as training.film gives
    them, and the truth.

    image (1 or 3, H, W) with values from 0 to 1; truth (H, W); film: label maps by step.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    image = given.image("image", image)
    truth, film = given.label_map("truth", truth, image.shape[1:]), _film("film", film, image)
    given.names("class_names", class_names)
    figure, axes = _panels(len(film) + 2, most=IN_A_ROW)
    show_image(axes[0], image)
    title(axes[0], "image")
    named = {f"step {step}": labels for step, labels in film.items()} | {"truth": truth}
    for axis, (name, labels) in zip(axes[1:], named.items(), strict=True):
        axis.imshow(coloured(labels, len(class_names)))
        title(axis, name)
    class_legend(figure, np.stack(list(named.values())), class_names)
    return figure


def animate_learning(
    image: Array,
    truth: Array,
    films: Mapping[str, Mapping[int, Array]],
    class_names: Sequence[str],
) -> Iterator[Figure]:
    """Frames: image | truth | the labels that each of `films` has at a step, side by side, from the
    first step to the last: how a net learns, and beside it how one with a wrong backward pass does
    not.

    image (1 or 3, H, W) with values from 0 to 1; truth (H, W); films: by name, label maps by step,
    as training.film gives them, of the same steps.

    Returns: Figures, one after the other, all of one size.
    Raises: ValueError and TypeError, as the first frame is asked for, for what has another shape or
        kind; they name it.
    """
    image = given.image("image", image)
    truth = given.label_map("truth", truth, image.shape[1:])
    given.names("class_names", class_names)
    films = {n: _film("films", film, image) for n, film in given.titled("films", films).items()}
    if len({tuple(film) for film in films.values()}) > 1:
        raise ValueError(f"films have steps {[[*film] for film in films.values()]}, not the same")
    seen = np.stack([truth, *(labels for film in films.values() for labels in film.values())])
    for step in next(iter(films.values())):
        figure, axes = _panels(2 + len(films), CAPTION)
        show_image(axes[0], image)
        title(axes[0], "image")
        axes[1].imshow(coloured(truth, len(class_names)))
        title(axes[1], "truth")
        for axis, (name, film) in zip(axes[2:], films.items(), strict=True):
            axis.imshow(coloured(film[step], len(class_names)))
            title(axis, plain(name))
        figure.suptitle(f"step {step}", fontsize=11)
        class_legend(figure, seen, class_names)
        yield figure


def _output(net, image):
    """What the net returns for one image, in evaluation mode, and what that says."""
    with evaluation_mode(net), inference_mode(net):
        try:
            output = net(image[None])
        except (ValueError, TypeError) as error:
            raise ValueError(f"net does not take an image {image.shape}: {error}") from error
    return output, answer_of(arrays_in(output), image.shape[1:])


def _film(name, film, image):
    """Label maps of an image by step."""
    steps = given.titled(name, film).items()
    return {step: given.label_map(name, labels, image.shape[1:]) for step, labels in steps}


def _panels(count, above=0.0, most=given.MANY):
    """A Figure with square panels side by side, at most so many in a row."""
    columns, rows = min(count, most), -(-count // most)
    size = PANEL * columns, (PANEL + 0.3) * rows + above
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes[count:]:
        axis.remove()
    for axis in axes[:count]:
        axis.set(xticks=[], yticks=[])
    return figure, axes[:count]


def _show_needed(axis: Axes, image, needed):
    """The image, darker, and over it in orange what is needed."""
    show_image(axis, 0.6 * image)
    most = max(float(needed.max()), 1e-12)
    axis.imshow(np.maximum(needed, 0) / most, cmap=NEEDED, vmin=0, vmax=1)
