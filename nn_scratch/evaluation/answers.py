"""The labels or boxes in a net's outputs, whose meaning is recognized by their shapes."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from nn_scratch.backend import Array, to_host
from nn_scratch.evaluation.boxes import to_pixels
from nn_scratch.evaluation.detection import nms
from nn_scratch.evaluation.heat_maps import decode_centers, map_stride
from nn_scratch.evaluation.windows import decode_windows

LIKELY = 0.3  # the least probability of a box
# By the numbers of channels of the maps that follow the map of classes.
DECODERS: dict[tuple[int, ...], Callable] = {(2, 2): decode_centers, (4,): decode_windows}


class Answer(NamedTuple):
    """The labels (H, W) of pixels; or the labels (D,) of boxes with the boxes (D, 4) in pixels, cut
    at the borders of the image."""

    labels: Array
    boxes: Array | None = None

    @property
    def text(self) -> str:
        """The answer in a word or two."""
        return "labels" if self.boxes is None else f"{len(self.boxes)} found"

    @property
    def classes(self) -> int:
        """The least number of classes that there can be."""
        return int(self.labels.max(initial=-1)) + 1


def answer_of(outputs: Sequence[Array], size: tuple[int, int]) -> Answer | None:
    """The answer in a net's outputs (1, …) for one image of height and width `size`.

    Scores (1, K, H, W) give a label for each pixel. Scores (1, K), with boxes (1, 4) or (1, K, 4)
    in fractions of the image, give a class and its box. The maps of a detector give the boxes with
    a probability of at least 0.3, after non-maximum suppression.

    Returns: the Answer; None for outputs of other shapes.
    """
    first, *others = outputs = [to_host(output) for output in outputs]
    shapes = [output.shape[1:] for output in others]
    if not others and first.shape[2:] == tuple(size) and first.shape[1] > 1:
        return Answer(first[0].argmax(axis=0))
    if first.ndim == 2 and shapes in ([(4,)], [(first.shape[1], 4)]):
        best = first[0].argmax(keepdims=True)
        boxes = others[0] if others[0].ndim == 2 else others[0][0, best]
        return Answer(best, _within(to_pixels(boxes, size), size))
    decode = DECODERS.get(tuple(shape[0] for shape in shapes if shape[1:] == first.shape[2:]))
    if first.ndim != 4 or len(others) > 2 or decode is None:
        return None
    try:
        stride = map_stride(size, first.shape[2:])
    except ValueError:  # the maps do not have the size of a detector's maps
        return None
    (found,) = decode(outputs, stride, min_score=LIKELY)
    kept = nms(found.boxes, found.scores)
    return Answer(found.labels[kept], _within(found.boxes[kept], size))


def _within(boxes, size):
    """Boxes (D, 4), cut at the borders of an image of this height and width."""
    first, last = (np.clip(p, 0, size[::-1]) for p in (boxes[:, :2], boxes[:, :2] + boxes[:, 2:]))
    return np.concatenate([first, last - first], axis=1)
