"""Detection by a sliding window: the targets of its windows, and the boxes in its outputs.

There is a window for every cell of stride × stride pixels, with its centre in the middle of the
cell. The net gives, for each window, scores of "no object" and of the classes, and a box in cells,
relative to the top left corner of the window's cell. This is an older way to detect objects
(Sermanet et al. 2013, OverFeat). Neighbouring windows find the same object, and non-maximum
suppression has to choose one of them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nn_scratch import ops
from nn_scratch.backend import Array, to_host
from nn_scratch.evaluation.heat_maps import countable_objects
from nn_scratch.evaluation.records import Detections, Objects
from nn_scratch.geometry import integer

OPEN = -1  # the label of windows that are ignored in the loss
CENTRAL, INSIDE = 0.25, 0.5  # the largest distances from an object's centre, in sides of its box
LEAST = 0.01  # windows with a lower probability, which are most, would only slow suppression down


class WindowTargets(NamedTuple):
    """The targets of windows: labels (N, h, w), which are 0 for no object, k + 1 for class k, and
    OPEN for windows to ignore; boxes (N, 4, h, w) in cells, which count where filled (N, h, w) is
    True; num_filled, the number of filled windows."""

    labels: Array
    boxes: Array
    filled: Array
    num_filled: int


def window_targets(
    truth: Sequence[Objects], num_classes: int, map_size: tuple[int, int], stride: int
) -> WindowTargets:
    """The targets of the windows of h × w = `map_size` cells, for the objects of N images.

    An object fills the windows whose centre lies in the central quarter of its box, and the window
    in whose cell its own centre lies. Other windows with their centre in the box are OPEN, and so
    are those on difficult objects. Where several objects fill a window, the smallest counts.

    Returns: the WindowTargets; boxes in float32.
    Raises: ValueError for labels that are not those of a class, or boxes without area or not
        finite.
    """
    height, width = (integer("map_size", n, least=1) for n in map_size)
    labels = np.zeros((len(truth), height, width), np.int64)
    boxes = np.zeros((len(truth), 4, height, width), np.float32)
    corners = np.stack(np.meshgrid(np.arange(width), np.arange(height)))  # x and y, (2, h, w)
    for n, objects in enumerate(truth):
        for label, box, counts in countable_objects(n, objects, num_classes):
            box = box / stride
            middle, size = (box[:2] + box[2:] / 2)[:, None, None], box[2:, None, None]
            far = abs(corners + 0.5 - middle)
            inside, central = ((far <= part * size).all(axis=0) for part in (INSIDE, CENTRAL))
            x, y = np.clip(np.floor(middle[:, 0, 0]).astype(int), 0, (width - 1, height - 1))
            central[y, x] = True
            labels[n][inside] = OPEN
            labels[n][central] = label + 1 if counts else OPEN
            boxes[n, :2, central] = (box[:2, None, None] - corners)[:, central].T
            boxes[n, 2:, central] = box[2:]
    filled = labels > 0
    return WindowTargets(labels, boxes, filled, int(filled.sum()))


def decode_windows(output: Any, stride: int, *, min_score: float = LEAST) -> list[Detections]:
    """The boxes of windows: one for each class whose probability in a window is at least min_score,
    with that probability as score. Many are of the same object; nms chooses among them.

    output: scores (N, 1 + K, h, w), background first, and boxes (N, 4, h, w) in cells, on the host
    or on a GPU.

    Returns: the Detections of each image. Boxes may reach out of the image.
    """
    scores, boxes = output
    probabilities, boxes = to_host(ops.softmax(scores))[:, 1:], to_host(boxes)
    return [
        _decoded(*of_image, stride, min_score)
        for of_image in zip(probabilities, boxes, strict=True)
    ]


def _decoded(probabilities, boxes, stride, least):
    """The Detections of one image: probabilities (K, h, w), boxes (4, h, w)."""
    labels, y, x = np.nonzero(probabilities >= least)
    found = boxes[:, y, x].T.astype(np.float64)
    found[:, :2] += np.stack([x, y], axis=1)
    found[:, 2:] = np.maximum(found[:, 2:], 0)
    return Detections(stride * found, probabilities[labels, y, x], labels)
