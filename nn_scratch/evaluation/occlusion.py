"""Occlusion (Zeiler & Fergus 2014, arXiv 1311.2901, §4.2): cover pieces of an image one after
another, and see which of them a net's answer depends on."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nn_scratch.arguments import a_function, an_array, an_instance, filled, reals, shown, whole
from nn_scratch.backend import Array, to_host
from nn_scratch.evaluation.boxes import box_iou
from nn_scratch.geometry import pair
from nn_scratch.layers import Layer, inference_mode
from nn_scratch.layers.inference import evaluation_mode
from nn_scratch.validate import check_values

BATCH = 64  # covered images in one forward pass
BEYOND = 5  # pixels by which a square may be larger than the image


def occlusion(
    net: Layer, image: Array, score: Callable[[Any], Array], *, window: int = 5, step: int = 1
) -> np.ndarray:
    """How much a score of the net's output falls while a pixel is covered.

    image (C, H, W), on the CPU. score: a function from the net's output for a batch to one number
    for each image; label_score, class_score and box_score make such functions. A square of
    window × window pixels moves over the image by `step` pixels, and beyond its edges, so that
    every pixel is covered equally often. The square has the median of each channel, which is the
    background of most images. The net is run in evaluation mode.

    Returns: (H, W) float64: the mean fall of the score over all squares that cover the pixel, which
        is negative where the score rises.
    Raises: TypeError or ValueError if window or step is not a whole number of at least 1, if the
        window is much larger than the image, or if net, image or score is of a wrong kind.
    """
    an_instance("net", net, Layer)
    a_function("score", score)
    check_values(image=image)
    _, height, width = filled("image", an_array("image", image, ("C", "H", "W"))).shape
    window, step = whole("window", window, 1, BEYOND + max(height, width)), whole("step", step, 1)
    tops, lefts = (range(1 - window, side, step) for side in (height, width))
    squares = [
        (slice(max(top, 0), top + window), slice(max(left, 0), left + window))
        for top in tops
        for left in lefts
    ]
    grey = np.median(image, axis=(1, 2), keepdims=True)
    falls, covers = np.zeros((height, width)), np.zeros((height, width))
    with evaluation_mode(net), inference_mode(net):
        (whole_score,) = _scored(score, net(image[None]), 1)
        for begin in range(0, len(squares), BATCH):
            some = squares[begin : begin + BATCH]
            batch = np.repeat(image[None], len(some), axis=0)
            for covered, (rows, columns) in zip(batch, some, strict=True):
                covered[:, rows, columns] = grey
            values = _scored(score, net(batch), len(some))
            for square, value in zip(some, values, strict=True):
                falls[square] += whole_score - value
                covers[square] += 1
    return falls / np.maximum(covers, 1)


def _scored(score, output, count):
    """The score of each of `count` images, from the net's output."""
    try:
        return reals("what it gives", score(output), count)
    except (TypeError, ValueError) as error:
        raise type(error)(f"score does not take what the net gives: {error}") from error


def label_score(scores: Array, pixel: tuple[int, int]) -> Callable[[Array], Array]:
    """A score for `occlusion`: by how much the score of a pixel's label exceeds the other labels'.

    scores (1, K, H, W): the net's output for the uncovered image, which decides on the label.
    pixel: (row, column).

    Returns: a function from scores (N, K, H, W) to N differences.
    Raises: TypeError or ValueError for other scores, or a pixel outside of them.
    """
    scores = _scores("scores", scores, 1, "K", "H", "W")
    best = int(_at(pixel, scores)[0].argmax())
    return lambda scores: _margin(_at(pixel, _scores("scores", scores, "N", "K", "H", "W")), best)


def class_score(output: tuple[Array, Array]) -> Callable[[tuple], Array]:
    """A score for `occlusion`: by how much the score of the image's class exceeds the others.

    output: a localizer's output for the uncovered image, (scores (1, K), boxes), which decides on
    the class.

    Returns: a function from such an output for N images to N differences.
    Raises: TypeError or ValueError for another output.
    """
    scores, _ = _scores_and_boxes("output", output, 1)
    best = int(scores[0].argmax())
    return lambda output: _margin(_scores_and_boxes("output", output, "N")[0], best)


def box_score(output: tuple[Array, Array]) -> Callable[[tuple], Array]:
    """A score for `occlusion`: the IoU of the box with the box for the uncovered image.

    output: a localizer's output for the uncovered image, (scores (1, K), boxes), with boxes (1, 4),
    or (1, K, 4) for one box a class, of which that of the class with the highest score counts.

    Returns: a function from such an output for N images to N IoUs.
    Raises: TypeError or ValueError for another output.
    """
    _, first = _scores_and_boxes("output", output, 1)
    return lambda output: _iou_with(first, _scores_and_boxes("output", output, "N")[1])


def _margin(scores, best):
    """The scores of class `best` minus the largest other score, from scores (N, K)."""
    if scores.shape[1] <= best:
        raise ValueError(f"scores {scores.shape} have no class {best}")
    return scores[:, best] - np.delete(scores, best, axis=1).max(axis=1)


def _iou_with(first, boxes):
    """The IoU of each box (N, 4) with the first (1, 4)."""
    return box_iou(np.broadcast_to(first, boxes.shape), boxes)


def _scores(name, scores, *shape):
    """Check scores of at least two classes, and return them in the host's memory."""
    found = to_host(an_array(name, scores, shape)).astype(np.float64, copy=False)
    if found.shape[1] < 2:
        raise ValueError(
            f"{name} has shape {found.shape}, but needs at least two classes to compare"
        )
    return found


def _at(pixel, scores):
    """The scores (N, K) at a pixel (row, column)."""
    row, column = pair("pixel", pixel, least=0)
    height, width = scores.shape[2:]
    if row >= height or column >= width:
        raise ValueError(
            f"pixel is {(row, column)}, but the scores are of {height} × {width} pixels"
        )
    return scores[:, :, row, column]


def _scores_and_boxes(name, output, count):
    """Check a localizer's output, and return its scores (N, K) and, in the host's memory, the boxes
    (N, 4) of the classes with the highest scores."""
    if not isinstance(output, tuple | list) or len(output) != 2:
        raise TypeError(f"{name} is {shown(output)}, but must be a pair (scores, boxes)")
    scores = _scores(f"{name}[0]", output[0], count, "K")
    boxes = to_host(an_array(f"{name}[1]", output[1], ("…", 4)))
    if boxes.ndim == 3:
        boxes = an_array(f"{name}[1]", boxes, (*scores.shape, 4))
        boxes = boxes[np.arange(len(boxes)), scores.argmax(axis=1)]
    return scores, an_array(f"{name}[1]", boxes, (len(scores), 4))
