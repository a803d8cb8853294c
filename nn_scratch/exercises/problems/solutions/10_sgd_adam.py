import numpy as np


def sgd_step(w, dw, velocity, *, lr, momentum):
    new_velocity = momentum * velocity + dw
    return w - lr * new_velocity, new_velocity


def adam_step(w, dw, mean, square, step, *, lr):
    new_mean = 0.9 * mean + 0.1 * dw
    new_square = 0.999 * square + 0.001 * dw**2
    corrected_mean = new_mean / (1 - 0.9**step)
    corrected_square = new_square / (1 - 0.999**step)
    new_w = w - lr * corrected_mean / (np.sqrt(corrected_square) + 1e-8)
    return new_w, new_mean, new_square
