import numpy as np


def sgd_step(w, dw, velocity, *, lr, momentum):
    velocity = momentum * velocity + dw
    return w - lr * velocity, velocity


def adam_step(w, dw, mean, square, step, *, lr):
    mean = 0.9 * mean + 0.1 * dw
    square = 0.999 * square + 0.001 * dw**2
    corrected_mean = mean / (1 - 0.9**step)
    corrected_square = square / (1 - 0.999**step)
    return w - lr * corrected_mean / (np.sqrt(corrected_square) + 1e-8), mean, square
