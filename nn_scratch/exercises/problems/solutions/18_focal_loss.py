import numpy as np


def logarithms(logits):
    """log p and log(1 − p), without ever making a p that is 0 or 1."""
    return -np.logaddexp(0, -logits), -np.logaddexp(0, logits)


def focal_loss(logits, targets):
    log_p, log_q = logarithms(logits)
    p, q = np.exp(log_p), np.exp(log_q)
    centre = targets == 1
    cells = np.where(centre, q**2 * log_p, (1 - targets) ** 4 * p**2 * log_q)
    return -cells.sum() / max(centre.sum(), 1)


def focal_loss_backward(logits, targets):
    log_p, log_q = logarithms(logits)
    p, q = np.exp(log_p), np.exp(log_q)
    centre = targets == 1
    at_centres = q**2 * (2 * p * log_p - q)
    elsewhere = (1 - targets) ** 4 * p**2 * (p - 2 * q * log_q)
    return np.where(centre, at_centres, elsewhere) / max(centre.sum(), 1)
