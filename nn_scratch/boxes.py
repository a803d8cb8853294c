"""Boxes are (x, y, w, h): top left corner and size, in pixels of the image.

Nets predict fractions of the image, so that one net's numbers do not grow with its input; these
two converters are the only place where pixels become fractions and back.
"""

import numpy as np

from nn_scratch.backend import xp_of


def to_fractions(boxes, image_size):
    """Boxes (N, 4) in pixels as fractions of an image of (height, width)."""
    return boxes / _size(boxes, image_size)


def to_pixels(fractions, image_size):
    """Boxes (N, 4) as fractions of an image of (height, width) in pixels."""
    return fractions * _size(fractions, image_size)


def box_iou(a, b):
    """Intersection over union of boxes a (N, 4) and b (N, 4), pair by pair -> (N,).

    A box of negative width or height is empty. Two empty boxes have IoU 0.
    """
    a, b = (np.asarray(boxes, np.float64) for boxes in (a, b))
    if a.ndim != 2 or a.shape != b.shape or a.shape[1] != 4:
        raise ValueError(f"boxes must be two arrays (N, 4) of one shape, not {a.shape}, {b.shape}")
    sizes_a, sizes_b = np.maximum(a[:, 2:], 0), np.maximum(b[:, 2:], 0)
    starts = np.maximum(a[:, :2], b[:, :2])
    ends = np.minimum(a[:, :2] + sizes_a, b[:, :2] + sizes_b)
    intersection = np.maximum(ends - starts, 0).prod(axis=1)
    union = sizes_a.prod(axis=1) + sizes_b.prod(axis=1) - intersection
    return np.divide(intersection, union, out=np.zeros(len(a)), where=union > 0)


def success_rate(ious, threshold=0.5):
    """The share of boxes whose IoU reaches the threshold."""
    return float(np.mean(np.asarray(ious) >= threshold))


def _size(boxes, image_size):
    height, width = image_size
    return xp_of(boxes).asarray([width, height, width, height], boxes.dtype)
