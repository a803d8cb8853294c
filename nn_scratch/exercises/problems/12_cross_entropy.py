"""12 Softmax cross-entropy (lesson 06)

Of one sample, or of one pixel, the loss is −log (the natural one, ln) of the
softmax probability of its true class; over several it is the mean.

By hand: the scores 0 and ln 3 have the probabilities 1/4 and 3/4. If the true
class is 0, the loss is ln 4 = 1.386.
"""

import numpy as np


def cross_entropy(scores, labels):
    """scores (N, K) or (N, K, H, W), labels (N,) or (N, H, W), integers
    -> loss, a number."""
    raise NotImplementedError


def cross_entropy_backward(scores, labels):
    """-> dscores in the shape of scores. There is no dy: here backward begins.

    By hand: in the example above, dscores = 1/4 − 1 and 3/4.
    """
    raise NotImplementedError
