import numpy as np


def logarithms(scores):
    """log p and log(1 − p), without ever making a p that is 0 or 1."""
    return -np.logaddexp(0, -scores), -np.logaddexp(0, scores)


def focal_loss(scores, target):
    log_p, log_q = logarithms(scores)
    p, q = np.exp(log_p), np.exp(log_q)
    centre = target == 1
    cells = np.where(centre, q**2 * log_p, (1 - target) ** 4 * p**2 * log_q)
    return -cells.sum() / max(centre.sum(), 1)


def focal_loss_backward(scores, target):
    log_p, log_q = logarithms(scores)
    p, q = np.exp(log_p), np.exp(log_q)
    centre = target == 1
    at_centres = q**2 * (2 * p * log_p - q)
    elsewhere = (1 - target) ** 4 * p**2 * (p - 2 * q * log_q)
    return np.where(centre, at_centres, elsewhere) / max(centre.sum(), 1)
