"""04 Max-pooling and its switches (lesson 02)

y is the largest value of each window, and its switch says where in the plane
that value stood: row times the image's width plus column, counted in x without
its padding. Padding never wins. Of equal values the first in reading order
wins.

By hand: the image 1 5 / 7 2 has the maximum 7 and the switch 1·2 + 0 = 2.
"""

import numpy as np


def max_pool2d(x, kernel_size, *, stride, padding):
    """x (N, C, H, W) -> y (N, C, P, Q), switches (N, C, P, Q) of integers.

    kernel_size, stride and padding: each one number or (vertical, horizontal).
    """
    raise NotImplementedError


def max_pool2d_backward(dy, switches, input_size):
    """dy (N, C, P, Q) -> dx (N, C, H, W), where input_size is (H, W).

    By hand: with dy = 3 in the example above, dx = 0 0 / 3 0.
    """
    raise NotImplementedError
