"""09 Transpose convolution (lesson 04)

Each pixel of x paints the kernel, times its value, into y; where paintings
overlap, they add. The painting of pixel (h, w) begins at row h·sh − ph and
column w·sw − pw; what falls outside is lost. H rows give (H − 1)·sh − 2·ph + kh
rows of y. Note the order of the axes of w: the input first.

By hand: the row 1 2, painted with the row 3 1 at stride 1, gives
3 1+6 2 = 3 7 2.
"""

import numpy as np


def conv_transpose2d(x, w, b, *, stride, padding):
    """x (N, C, H, W), w (C, F, kh, kw), b (F,) -> y (N, F, P, Q).

    stride and padding are each one number or (vertical, horizontal).
    """
    raise NotImplementedError


def conv_transpose2d_backward(dy, x, w, *, stride, padding):
    """dy (N, F, P, Q) -> dx, dw, db, in the shapes of x, w, b.

    By hand: with dy = 1 10 100 in the example above, dx = 13 130,
    dw = 21 210, db = 111.
    """
    raise NotImplementedError
