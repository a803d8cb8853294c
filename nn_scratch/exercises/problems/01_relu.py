"""01 ReLU (lesson 00)

y = max(x, 0), number by number.

By hand: −2 3 gives 0 3.
"""

import numpy as np


def relu(x):
    """x of any shape -> y of the same shape."""
    raise NotImplementedError


def relu_backward(dy, x):
    """dy -> dx. By hand: with dy = 5 7 in the example above, dx = 0 7."""
    raise NotImplementedError
