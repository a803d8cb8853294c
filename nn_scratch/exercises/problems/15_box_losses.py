"""15 Losses of a box (lesson 10)

Both compare prediction and target number by number, d = prediction − target,
and take the mean over all numbers: mse_loss of d², smooth_l1_loss of d²/2 where
|d| < 1 and of |d| − 1/2 elsewhere.

By hand: d = 0.5 and 3 give the mean of 0.25 and 9, 4.625; and the mean of 0.125
and 2.5, 1.3125.
"""

import numpy as np


def mse_loss(prediction, target):
    """Two arrays of one shape -> loss, a number."""
    raise NotImplementedError


def mse_loss_backward(prediction, target):
    """-> dprediction. By hand, in the example above: 0.5 and 3."""
    raise NotImplementedError


def smooth_l1_loss(prediction, target):
    """Two arrays of one shape -> loss, a number."""
    raise NotImplementedError


def smooth_l1_loss_backward(prediction, target):
    """-> dprediction. By hand, in the example above: 0.25 and 0.5."""
    raise NotImplementedError
