"""07 Bed of nails (lesson 03)

Each pixel goes to the top left of a block of scale × scale pixels, whose rest
is zero. scale is one number or (vertical, horizontal).

By hand: the row 1 2 with scale 2 gives 1 0 2 0 / 0 0 0 0.
"""

import numpy as np


def bed_of_nails_unpool2d(x, scale):
    """x (N, C, H, W) -> y (N, C, H·sh, W·sw)."""
    raise NotImplementedError


def bed_of_nails_unpool2d_backward(dy, scale):
    """dy (N, C, H·sh, W·sw) -> dx (N, C, H, W).

    By hand: dy = 1 2 3 4 / 5 6 7 8 gives the row 1 3.
    """
    raise NotImplementedError
