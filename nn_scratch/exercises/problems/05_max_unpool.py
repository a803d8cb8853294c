"""05 Max-unpooling (lesson 03)

The way back: each value goes to where its pool found the maximum; all other
places are zero. Two values that go to the same place add.

By hand: the value 4 with the switch 2, unpooled to 2 × 2, gives 0 0 / 4 0.
"""

import numpy as np


def max_unpool2d(x, switches, output_size):
    """x (N, C, P, Q), switches of the same shape -> y (N, C, H, W).

    output_size is (H, W).
    """
    raise NotImplementedError


def max_unpool2d_backward(dy, switches):
    """dy (N, C, H, W) -> dx in the shape of switches.

    By hand: with dy = 1 2 / 3 4 in the example above, dx = 3.
    """
    raise NotImplementedError
