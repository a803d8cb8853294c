"""Objects in windows: what a window that slides over the image is to say, and what it says.

There is a window for every cell of stride × stride pixels, with its middle in the cell's. It says
which class fills it, or that none does, and where in it the box lies: in cells, from the top left
corner of the window's own cell. This is the older way to detect (Sermanet et al. 2013, OverFeat):
neighbouring windows all see the same object, and non-maximum suppression has to choose.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nn_scratch import ops
from nn_scratch.backend import Array, to_host
from nn_scratch.evaluation.heat_maps import countable_objects
from nn_scratch.evaluation.records import Detections, Objects
from nn_scratch.geometry import integer

OPEN = -1  # the label of windows that need say neither
CENTRAL, INSIDE = 0.25, 0.5  # how far from an object's centre, in sides of its box
LEAST = 0.01  # a less likely window is not looked at: most are, and cost suppression its time


class WindowTargets(NamedTuple):
    """What windows are to say: labels (N, h, w), 0 for none, k + 1 for class k, OPEN for either;
    boxes (N, 4, h, w) in cells, which count where filled (N, h, w) bool. num_filled: how many."""

    labels: Array
    boxes: Array
    filled: Array
    num_filled: int


def window_targets(
    truth: Sequence[Objects], num_classes: int, map_size: tuple[int, int], stride: int
) -> WindowTargets:
    """What windows in h × w = `map_size` cells are to say of the objects of N images.

    An object fills the windows whose middle lies in the central quarter of its box, and the one
    that holds its centre; whether it fills those with their middle elsewhere in its box is left
    open. Of several objects the smallest counts. Windows on difficult objects are open.

    Returns: the WindowTargets; boxes in float32.
    Raises: ValueError for labels that are no class, and boxes without area or not finite.
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
    """The boxes that windows say: for each class that a window holds with a probability of at least
    min_score, its box with that score. Many are of one object: see detection.nms.

    output: scores (N, 1 + K, h, w), background first, and boxes (N, 4, h, w) in cells, on the host
    or on a GPU.

    Returns: the Detections of each image. They may reach beyond the image.
    """
    scores, boxes = output
    chances, boxes = to_host(ops.softmax(scores))[:, 1:], to_host(boxes)
    return [_decoded(*of_image, stride, min_score) for of_image in zip(chances, boxes, strict=True)]


def _decoded(chances, boxes, stride, least):
    """The Detections of one image: chances (K, h, w), boxes (4, h, w)."""
    labels, y, x = np.nonzero(chances >= least)
    found = boxes[:, y, x].T.astype(np.float64)
    found[:, :2] += np.stack([x, y], axis=1)
    found[:, 2:] = np.maximum(found[:, 2:], 0)
    return Detections(stride * found, chances[labels, y, x], labels)
