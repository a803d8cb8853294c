"""08 Bilinear upsampling (lesson 03)

Row i of the large image looks at the place (i + ½)·H/P − ½ of the small one,
but not below 0, and mixes the two rows beside it, the nearer the more; below
the last row there is only the last row. Columns likewise. So y = A x Bᵀ, with
one small matrix for the height and one for the width.

By hand: the row 1 3 becomes 1 1.5 2.5 3. Its second pixel looks at
1.5·2/4 − 0.5 = 0.25, a quarter of the way from 1 to 3.
"""

import numpy as np


def bilinear_upsample2d(x, size):
    """x (N, C, H, W) -> y (N, C, P, Q), where size is (P, Q)."""
    raise NotImplementedError


def bilinear_upsample2d_backward(dy, input_size):
    """dy (N, C, P, Q) -> dx (N, C, H, W), where input_size is (H, W).

    By hand: with dy = 0 4 0 0 in the example above, dx = 3 1.
    """
    raise NotImplementedError
