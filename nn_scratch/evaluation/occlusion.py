"""What an answer needs of the image: cover a piece of it, and see how much the answer suffers
(Zeiler & Fergus 2014, arXiv 1311.2901, §4.2)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nn_scratch.arguments import a_function, an_array, an_instance, filled, reals, shown, whole
from nn_scratch.backend import Array, to_host
from nn_scratch.evaluation.boxes import box_iou
from nn_scratch.geometry import pair
from nn_scratch.layers import Layer, inference_mode
from nn_scratch.validate import check_values

BATCH = 64
BEYOND = 5  # pixels that a square may be larger than the image


def occlusion(
    net: Layer, image: Array, score: Callable[[Any], Array], *, window: int = 5, step: int = 1
) -> np.ndarray:
    """How much `score` falls while a pixel is covered.

    A square of window × window pixels moves over image (C, H, W), on the CPU, by `step` pixels, and
    beyond its edges, so that every pixel is covered equally often; it has each channel's median, as
    the background of most images. score: one number for each image of a batch, from the net's
    output, as label_score and box_score make. The net is run in evaluation mode.

    Returns: (H, W), float64: the mean fall over all squares that cover the pixel; negative where
    the score rises.
    Raises: TypeError or ValueError if window or step is not a whole number from 1 on, if the window
        is far larger than the image, or for what is no net, image or score.
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
    training = net.training
    net.eval()
    try:
        with inference_mode(net):
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
    finally:
        net.train(training)
    return falls / np.maximum(covers, 1)


def _scored(score, output, count):
    """A number for each of `count` images, from what the net says of them."""
    try:
        return reals("what it gives", score(output), count)
    except (TypeError, ValueError) as error:
        raise type(error)(f"score does not take what the net gives: {error}") from error


def label_score(scores: Array, pixel: tuple[int, int]) -> Callable[[Array], Array]:
    """For `occlusion`: how far the label of a pixel (row, column) is ahead of all others. scores
    (1, K, H, W): what the net says of the whole image.

    Returns: a function from scores (N, K, H, W) to N differences.
    Raises: TypeError or ValueError for other scores, or a pixel that they do not have.
    """
    scores = _scores("scores", scores, 1, "K", "H", "W")
    best = int(_at(pixel, scores)[0].argmax())
    return lambda scores: _margin(_at(pixel, _scores("scores", scores, "N", "K", "H", "W")), best)


def class_score(output: tuple[Array, Array]) -> Callable[[tuple], Array]:
    """For `occlusion`: how far the class of an image is ahead of all others. output: what a
    localizer says of the whole image, (scores (1, K), boxes).

    Returns: a function from such output to N differences.
    Raises: TypeError or ValueError for other output.
    """
    scores, _ = _said("output", output, 1)
    best = int(scores[0].argmax())
    return lambda output: _margin(_said("output", output, "N")[0], best)


def box_score(output: tuple[Array, Array]) -> Callable[[tuple], Array]:
    """For `occlusion`: the IoU of the box with that of the whole image. output: (scores, boxes
    (1, 4)), what a localizer says of it; with a box for each class, (1, K, 4), the likeliest
    class's.

    Returns: a function from such output to N IoUs.
    Raises: TypeError or ValueError for other output.
    """

    _, first = _said("output", output, 1)
    return lambda output: _iou_with(first, _said("output", output, "N")[1])


def _margin(scores, best):
    """How far one class's scores (N, K) are above the largest other."""
    if scores.shape[1] <= best:
        raise ValueError(f"scores {scores.shape} have no class {best}")
    return scores[:, best] - np.delete(scores, best, axis=1).max(axis=1)


def _iou_with(first, boxes):
    """The IoU of each box (N, 4) with the first (1, 4)."""
    return box_iou(np.broadcast_to(first, boxes.shape), boxes)


def _scores(name, scores, *shape):
    """Scores on the host, of two classes or more."""
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


def _said(name, output, count):
    """Scores (N, K) and the likeliest class's boxes (N, 4) that a localizer says, on the host."""
    if not isinstance(output, tuple | list) or len(output) != 2:
        raise TypeError(f"{name} is {shown(output)}, but must be a pair (scores, boxes)")
    scores = _scores(f"{name}[0]", output[0], count, "K")
    boxes = to_host(an_array(f"{name}[1]", output[1], ("…", 4)))
    if boxes.ndim == 3:
        boxes = an_array(f"{name}[1]", boxes, (*scores.shape, 4))
        boxes = boxes[np.arange(len(boxes)), scores.argmax(axis=1)]
    return scores, an_array(f"{name}[1]", boxes, (len(scores), 4))
