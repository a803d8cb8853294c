"""11 Softmax (lesson 06)

y[n, k] = exp(x[n, k]) / Σ exp(x[n, l]), summed over the classes l, which are
axis 1; more axes, the pixels of an image, may follow. Large x must not
overflow.

By hand: the scores 0 and ln 3 give 1/4 and 3/4.
"""

import numpy as np


def softmax(x):
    """x (N, K, …) -> y of the same shape."""
    raise NotImplementedError


def softmax_backward(dy, y):
    """dy -> dx; y is what softmax gave.

    By hand: with dy = 0 16 in the example above, dx = −3 3.
    """
    raise NotImplementedError
