"""13 Batch norm (lesson 08)

For every channel: mean and variance over all images and pixels (the variance
divided by their count), then

    x̂ = (x − mean) / √(var + 1e-5)        y = w·x̂ + b

The running statistics, for later, move a tenth of the way to the batch's:
0.9·old + 0.1·new, where the new variance is divided by count − 1.

By hand: the samples 1 and 3 of one channel have the mean 2 and the variance 1;
with w = 2 and b = 0 they become −2 and 2 (but for the 1e-5).
"""

import numpy as np


def batch_norm2d(x, w, b, running_mean, running_var):
    """x (N, C, H, W), all others (C,)
    -> y (N, C, H, W), (mean, var), (new running_mean, new running_var)."""
    raise NotImplementedError


def batch_norm2d_backward(dy, x, w, statistics):
    """dy (N, C, H, W) -> dx, dw, db.

    statistics is (mean, var) as batch_norm2d returned it.

    By hand: with dy = 1 0 in the example above, dw = −1, db = 1, and dx is 0 0
    (but for the 1e-5): of two samples, each normalized one is −1 or 1, whatever
    x is.
    """
    raise NotImplementedError
