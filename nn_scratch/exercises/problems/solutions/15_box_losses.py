import numpy as np


def mse_loss(prediction, target):
    return ((prediction - target) ** 2).mean()


def mse_loss_backward(prediction, target):
    return 2 * (prediction - target) / prediction.size


def smooth_l1_loss(prediction, target):
    d = prediction - target
    return np.where(np.abs(d) < 1, d**2 / 2, np.abs(d) - 0.5).mean()


def smooth_l1_loss_backward(prediction, target):
    return np.clip(prediction - target, -1, 1) / prediction.size
