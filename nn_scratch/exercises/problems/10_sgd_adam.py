"""10 SGD with momentum, and Adam (lesson 05)

One step changes a parameter w by its gradient dw. SGD keeps a velocity, Adam
the running means of dw and of dw² (mean and square); all of the shape of w, and
zero before the first step. step counts from 1.

    SGD     velocity ← momentum·velocity + dw            w ← w − lr·velocity

    Adam    mean ← 0.9·mean + 0.1·dw
            square ← 0.999·square + 0.001·dw²
            m̂ = mean / (1 − 0.9^step)
            ŝ = square / (1 − 0.999^step)
            w ← w − lr·m̂ / (√ŝ + 1e-8)

The arrays that are given stay as they are: return new ones.

By hand: w = 1, dw = 2 and velocity = 3, with lr = 0.1 and momentum = 0.5, give
the velocity 3.5 and w = 0.65. Adam's first step of w = 1 with dw = 2 and
lr = 0.1 gives w = 0.9, whatever dw is.
"""

import numpy as np


def sgd_step(w, dw, velocity, *, lr, momentum):
    """Three arrays of one shape -> w, velocity, both new."""
    raise NotImplementedError


def adam_step(w, dw, mean, square, step, *, lr):
    """Four arrays of one shape, step = 1, 2, 3 … -> w, mean, square, new."""
    raise NotImplementedError
