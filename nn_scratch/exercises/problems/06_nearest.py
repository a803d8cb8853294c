"""06 Nearest unpooling (lesson 03)

Each pixel becomes a block of scale × scale equal pixels. scale is one number or
(vertical, horizontal).

By hand: the row 1 2 with scale 2 gives 1 1 2 2 / 1 1 2 2.
"""

import numpy as np


def nearest_unpool2d(x, scale):
    """x (N, C, H, W) -> y (N, C, H·sh, W·sw)."""
    raise NotImplementedError


def nearest_unpool2d_backward(dy, scale):
    """dy (N, C, H·sh, W·sw) -> dx (N, C, H, W).

    By hand: dy = 1 2 3 4 / 5 6 7 8 gives the row 14 22.
    """
    raise NotImplementedError
