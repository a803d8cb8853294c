"""Boxes are (x, y, w, h): top left corner and size, in pixels of the image.

Nets predict fractions of the image, so that one net's numbers do not grow with its input; these
two converters are the only place where pixels become fractions and back.
"""

import numpy as np

from nn_scratch.arguments import an_array, flags, reals
from nn_scratch.backend import Array, xp_of
from nn_scratch.geometry import pair
from nn_scratch.validate import VALUES, number


def to_fractions(boxes: Array, image_size: tuple[int, int]) -> Array:
    """Boxes in pixels as fractions of their image.

    boxes (N, 4), or (N, K, 4). image_size: (height, width) in pixels.

    Returns: as many boxes: x and w divided by the width, y and h by the height; in float64 if they
        are no float32.
    Raises: TypeError or ValueError for other shapes, and for a size that is not above 0.
    """
    boxes = _of_values("boxes", boxes)
    return boxes / _size(boxes, image_size)


def to_pixels(fractions: Array, image_size: tuple[int, int]) -> Array:
    """Boxes as fractions of their image in pixels.

    fractions (N, 4), or (N, K, 4). image_size: (height, width) in pixels.

    Returns: as many boxes: x and w times the width, y and h times the height; in float64 if they
        are no float32.
    Raises: TypeError or ValueError for other shapes, and for a size that is not above 0.
    """
    fractions = _of_values("fractions", fractions)
    return fractions * _size(fractions, image_size)


def box_iou(a: Array, b: Array) -> Array:
    """Intersection over union of boxes a (N, 4) and b (N, 4), pair by pair.

    A box of negative width or height is empty. Two empty boxes have IoU 0, and so has a box of
    which a number is not finite.

    Returns: (N,) float64 from 0 to 1.
    Raises: TypeError or ValueError if a and b are not both numbers (N, 4).
    """
    a = reals("a", a, "N", 4)
    return _share(a, reals("b", b, len(a), 4))


def iou_matrix(a: Array, b: Array, *, crowd: Array | None = None) -> Array:
    """Intersection over union of every box of a (A, 4) with every box of b (B, 4).

    crowd (B,) bool: boxes of b around many objects. For them the share of a's box that lies inside
    is what counts, as in COCO: of a crowd, no box can be the whole. What else is empty or not
    finite: as box_iou.

    Returns: (A, B) float64 from 0 to 1.
    Raises: TypeError or ValueError for other shapes, and what holds no numbers.
    """
    a, b = reals("a", a, "A", 4), reals("b", b, "B", 4)
    if crowd is None:
        return _share(a[:, None], b)
    crowd = flags("crowd", crowd, len(b))
    return np.where(crowd, _share(a[:, None], b, of_union=False), _share(a[:, None], b))


def _share(a, b, of_union=True):
    """The intersection of boxes (..., 4) as a part of their union, or of a; 0 if that is 0."""
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

    ious (N,): as from box_iou.

    Returns: a number from 0 to 1; NaN if there is no box.
    Raises: TypeError or ValueError for other shapes, and for a threshold outside 0 … 1.
    """
    ious = reals("ious", ious, "N", finite=True)
    threshold = number("threshold", threshold, 0, 1)
    return float(np.mean(ious >= threshold)) if ious.size else float("nan")


def best_constant_box(boxes: Array) -> Array:
    """The one box with the largest mean IoU to boxes (N, 4): what anyone scores who does not look
    at the image. Found by moving one number at a time, in ever smaller steps, from the median.

    Returns: (4,) float64.
    Raises: TypeError or ValueError if boxes are not finite numbers (N, 4), or none.
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
    """What x, y, w and h of boxes are divided by to become fractions."""
    height, width = pair("image_size", image_size)
    return xp_of(boxes).asarray([width, height, width, height], boxes.dtype)
