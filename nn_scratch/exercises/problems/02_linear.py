"""02 Linear layer (lesson 00)

y[n, f] = b[f] + Σ x[n, c] · w[f, c], summed over c.

By hand: x = 1 2, w = 3 4 and b = 5 give 1·3 + 2·4 + 5 = 16.
"""

import numpy as np


def linear(x, w, b):
    """x (N, C), w (F, C), b (F,) -> y (N, F)."""
    raise NotImplementedError


def linear_backward(dy, x, w):
    """dy (N, F) -> dx, dw, db, in the shapes of x, w, b.

    By hand: with dy = 10 in the example above, dx = 30 40, dw = 10 20, db = 10.
    """
    raise NotImplementedError
