"""What an answer needs of the image: cover a piece of it, and see how much the answer suffers
(Zeiler & Fergus 2014, arXiv 1311.2901, §4.2)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nn_scratch.backend import Array, to_host
from nn_scratch.evaluation.boxes import box_iou
from nn_scratch.geometry import integer
from nn_scratch.layers import Layer, inference_mode

BATCH = 64


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
    Raises: TypeError or ValueError if window or step is not a whole number from 1 on.
    """
    window, step = integer("window", window, least=1), integer("step", step, least=1)
    height, width = image.shape[1:]
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
            whole = float(score(net(image[None]))[0])
            for begin in range(0, len(squares), BATCH):
                some = squares[begin : begin + BATCH]
                batch = np.repeat(image[None], len(some), axis=0)
                for covered, (rows, columns) in zip(batch, some, strict=True):
                    covered[:, rows, columns] = grey
                for square, value in zip(some, score(net(batch)), strict=True):
                    falls[square] += whole - float(value)
                    covers[square] += 1
    finally:
        net.train(training)
    return falls / np.maximum(covers, 1)


def label_score(scores: Array, pixel: tuple[int, int]) -> Callable[[Array], Array]:
    """For `occlusion`: how far the label of a pixel (row, column) is ahead of all others. scores
    (1, K, H, W): what the net says of the whole image.

    Returns: a function from scores (N, K, H, W) to N differences.
    """
    row, column = pixel
    best = int(scores[0, :, row, column].argmax())
    return lambda scores: _margin(to_host(scores)[:, :, row, column], best)


def class_score(output: tuple[Array, Array]) -> Callable[[tuple], Array]:
    """For `occlusion`: how far the class of an image is ahead of all others. output: what a
    localizer says of the whole image, (scores (1, K), boxes).

    Returns: a function from such output to N differences.
    """
    best = int(output[0][0].argmax())
    return lambda output: _margin(to_host(output[0]), best)


def box_score(output: tuple[Array, Array]) -> Callable[[tuple], Array]:
    """For `occlusion`: the IoU of the box with that of the whole image. output: (scores, boxes
    (1, 4)), what a localizer says of it; with a box for each class, (1, K, 4), the likeliest
    class's.

    Returns: a function from such output to N IoUs.
    """

    first = _boxes(output)
    return lambda output: box_iou(np.broadcast_to(first, (len(output[0]), 4)), _boxes(output))


def _margin(scores, best):
    """How far one class's scores (N, K) are above the largest other."""
    return scores[:, best] - np.delete(scores, best, axis=1).max(axis=1)


def _boxes(output):
    """The likeliest class's boxes (N, 4)."""
    scores, boxes = map(to_host, output)
    return boxes if boxes.ndim == 2 else boxes[np.arange(len(boxes)), scores.argmax(axis=1)]
