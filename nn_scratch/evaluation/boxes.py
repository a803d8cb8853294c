"""Boxes (x, y, w, h): the top left corner and the size, in pixels of the image.

Nets predict fractions of the image, so that their outputs do not grow with the image. to_fractions
and to_pixels are the only place where one is converted to the other.
"""

import numpy as np

from nn_scratch.arguments import an_array, flags, reals
from nn_scratch.backend import Array, xp_of
from nn_scratch.geometry import pair
from nn_scratch.validate import VALUES, number


def to_fractions(boxes: Array, image_size: tuple[int, int]) -> Array:
    """Convert boxes from pixels to fractions of their image.

    boxes (N, 4), or (N, K, 4). image_size: (height, width) in pixels.

    Returns: boxes of the same shape, with x and w divided by the width, and y and h by the height;
        float32 stays float32, everything else becomes float64.
    Raises: TypeError or ValueError for other shapes, or a size that is not above 0.
    """
    boxes = _of_values("boxes", boxes)
    return boxes / _size(boxes, image_size)


def to_pixels(fractions: Array, image_size: tuple[int, int]) -> Array:
    """Convert boxes from fractions of their image to pixels.

    fractions (N, 4), or (N, K, 4). image_size: (height, width) in pixels.

    Returns: boxes of the same shape, with x and w times the width, and y and h times the height;
        float32 stays float32, everything else becomes float64.
    Raises: TypeError or ValueError for other shapes, or a size that is not above 0.
    """
    fractions = _of_values("fractions", fractions)
    return fractions * _size(fractions, image_size)


def box_iou(a: Array, b: Array) -> Array:
    """Intersection over union of boxes a (N, 4) and b (N, 4), pair by pair.

    A box of negative width or height is empty. The IoU is 0 for two empty boxes, and if a number of
    a box is not finite.

    Returns: (N,) float64 from 0 to 1.
    Raises: TypeError or ValueError if a and b are not both numbers (N, 4).
    """
    a = reals("a", a, "N", 4)
    return _share(a, reals("b", b, len(a), 4))


def iou_matrix(a: Array, b: Array, *, crowd: Array | None = None) -> Array:
    """Intersection over union of every box of a (A, 4) with every box of b (B, 4).

    crowd (B,) bool: which boxes of b are around many objects. For these the result is the share of
    a's box that lies inside, as in COCO, because a box around one object can never cover a crowd.
    Boxes that are empty or not finite are treated as in box_iou.

    Returns: (A, B) float64 from 0 to 1.
    Raises: TypeError or ValueError for other shapes, or values that are not numbers.
    """
    a, b = reals("a", a, "A", 4), reals("b", b, "B", 4)
    if crowd is None:
        return _share(a[:, None], b)
    crowd = flags("crowd", crowd, len(b))
    return np.where(crowd, _share(a[:, None], b, of_union=False), _share(a[:, None], b))


def _share(a, b, of_union=True):
    """The intersection of boxes (..., 4), divided by their union or by a; 0 if that is 0."""
    sizes_a, sizes_b = np.maximum(a[..., 2:], 0), np.maximum(b[..., 2:], 0)
    with np.errstate(invalid="ignore", over="ignore"):
        starts = np.maximum(a[..., :2], b[..., :2])
        ends = np.minimum(a[..., :2] + sizes_a, b[..., :2] + sizes_b)
        intersection = np.maximum(ends - starts, 0).prod(axis=-1)
        whole = sizes_a.prod(axis=-1) + (sizes_b.prod(axis=-1) - intersection) * of_union
        whole = np.broadcast_to(whole, intersection.shape)
        shares = np.divide(intersection, whole, out=np.zeros_like(intersection), where=whole > 0)
    return np.where(np.isfinite(shares), shares, 0)


def success_rate(ious: Array, threshold: float = 0.5) -> float:
    """The share of boxes whose IoU reaches the threshold.

    ious (N,): IoUs, as box_iou returns them.

    Returns: a number from 0 to 1; NaN if there is no box.
    Raises: TypeError or ValueError for other shapes, or a threshold outside 0 … 1.
    """
    ious = reals("ious", ious, "N", finite=True)
    threshold = number("threshold", threshold, 0, 1)
    return float(np.mean(ious >= threshold)) if ious.size else float("nan")


def best_constant_box(boxes: Array) -> Array:
    """The box with the largest mean IoU with boxes (N, 4), which is the best prediction without
    looking at the images. The search starts at the median, and changes one number at a time in ever
    smaller steps.

    Returns: (4,) float64.
    Raises: TypeError or ValueError if boxes are not finite numbers (N, 4) with N ≥ 1.
    """
    boxes = reals("boxes", boxes, "N", 4, finite=True)
    if not len(boxes):
        raise ValueError("boxes are none, but must be at least one")

    def score(box):
        return box_iou(np.broadcast_to(box, boxes.shape), boxes).mean()

    box = np.median(boxes, axis=0)
    best, step = score(box), np.ptp(boxes, axis=0).max() / 4
    for _ in range(10):  # the last step is a thousandth of the first
        moved = True
        while moved:
            moved = False
            for change in step * np.concatenate([np.eye(4), -np.eye(4)]):
                if (found := score(box + change)) > best:
                    box, best, moved = box + change, found, True
        step /= 2
    return box


def _of_values(name, boxes):
    """Boxes (..., 4) in float32 or float64."""
    boxes = an_array(name, boxes, ("…", 4))
    return boxes if boxes.dtype in VALUES else boxes.astype(np.float64)


def _size(boxes, image_size):
    """The array (width, height, width, height) by which boxes in pixels are divided."""
    height, width = pair("image_size", image_size)
    return xp_of(boxes).asarray([width, height, width, height], boxes.dtype)
