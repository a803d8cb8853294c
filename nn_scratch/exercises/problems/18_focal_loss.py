"""18 A loss for a map of centres (lesson 11)

A detector gives a map of scores z for each class. Its target Y is 1 at the
centre of each object, falls off around it, and is 0 elsewhere. With
p = 1/(1 + exp(−z)) each cell adds

    (1 − p)² · (−log p)                where Y = 1
    (1 − Y)⁴ · p² · (−log(1 − p))      elsewhere

and the sum is divided by the number of centres, or by 1 if there is none. The
square turns down cells that are nearly right already; (1 − Y)⁴ forgives cells
beside a centre.

By hand: z = ln 3 gives p = 3/4. At a centre it adds 1/16 · ln(4/3) = 0.0180,
where Y = 0 it adds 9/16 · ln 4 = 0.7798, and where Y = 1/2 a sixteenth of that,
0.0487. Together: 0.8465.
"""

import numpy as np


def focal_loss(scores, target):
    """scores and target (N, K, H, W) -> loss, a number.

    Very large scores must not overflow.
    """
    raise NotImplementedError


def focal_loss_backward(scores, target):
    """-> dscores in the shape of scores. There is no dy: here backward begins.

    By hand: in the example above, dscores = −0.0426, 0.8118 and 0.0507.
    """
    raise NotImplementedError
