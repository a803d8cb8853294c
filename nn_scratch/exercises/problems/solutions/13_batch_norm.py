import numpy as np

AXES = (0, 2, 3)
EPS = 1e-5


def wide(values):
    return values[:, None, None]


def batch_norm2d(x, w, b, running_mean, running_var):
    mean, var = x.mean(axis=AXES), x.var(axis=AXES)
    count = x.size // x.shape[1]
    y = wide(w) * (x - wide(mean)) / np.sqrt(wide(var) + EPS) + wide(b)
    unbiased = var * count / (count - 1)
    running = 0.9 * running_mean + 0.1 * mean, 0.9 * running_var + 0.1 * unbiased
    return y, (mean, var), running


def batch_norm2d_backward(dy, x, w, statistics):
    mean, var = statistics
    sigma = np.sqrt(wide(var) + EPS)
    normalized = (x - wide(mean)) / sigma
    db, dw = dy.sum(axis=AXES), (dy * normalized).sum(axis=AXES)
    count = x.size // x.shape[1]
    dx = wide(w) / sigma * (dy - wide(db) / count - normalized * wide(dw) / count)
    return dx, dw, db
