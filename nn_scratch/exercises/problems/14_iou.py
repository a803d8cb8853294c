"""14 IoU, and two formats of a box (lesson 10)

A box is (x, y, w, h): its top left corner, its width and its height. Or it is
written by its corners, (x1, y1, x2, y2), where x2 = x + w and y2 = y + h.

The IoU of two boxes is the area that they share, divided by the area that at
least one of them covers. Boxes that do not meet share nothing.

By hand: the boxes (0, 0, 4, 4) and (2, 0, 4, 4) share 2·4 = 8 and cover
16 + 16 − 8 = 24: their IoU is 1/3. By its corners the second is (2, 0, 6, 4).
"""

import numpy as np


def to_corners(boxes):
    """boxes (N, 4) as (x, y, w, h) -> (N, 4) as (x1, y1, x2, y2)."""
    raise NotImplementedError


def from_corners(corners):
    """corners (N, 4) as (x1, y1, x2, y2) -> (N, 4) as (x, y, w, h)."""
    raise NotImplementedError


def iou(a, b):
    """a, b (N, 4), rows (x, y, w, h) -> (N,): the IoU of each pair of rows."""
    raise NotImplementedError
