"""03 Convolution (lesson 01)

Each output is a weighted sum over a window of the image:

    y[n, f, p, q] =
        b[f] + Σ x[n, c, p·sh − ph + i, q·sw − pw + j] · w[f, c, i, j]

summed over c, i and j; outside the image, x counts as zero. stride is sh = sw,
or (sh, sw); padding is ph = pw, or (ph, pw). An image of H rows gives
⌊(H + 2·ph − kh) / sh⌋ + 1 rows of y.

By hand: the image 1 2 / 3 4, the kernel 1 0 / 2 −1 and the bias 5 give
1·1 + 2·0 + 3·2 − 4·1 + 5 = 8.
"""

import numpy as np


def conv2d(x, w, b, *, stride, padding):
    """x (N, C, H, W), w (F, C, kh, kw), b (F,) -> y (N, F, P, Q)."""
    raise NotImplementedError


def conv2d_backward(dy, x, w, *, stride, padding):
    """dy (N, F, P, Q) -> dx, dw, db, in the shapes of x, w, b.

    By hand: with dy = 2 in the example above, dx = 2 0 / 4 −2,
    dw = 2 4 / 6 8, db = 2.
    """
    raise NotImplementedError
