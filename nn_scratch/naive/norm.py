"""Batch normalization, channel by channel."""

from itertools import product
from typing import Any

import numpy as np

from nn_scratch.arguments import parts
from nn_scratch.backend import Array
from nn_scratch.geometry import flag
from nn_scratch.validate import check_batch_norm, check_shape, number


def batch_norm2d(
    x: Array,
    w: Array,
    b: Array,
    running_mean: Array,
    running_var: Array,
    *,
    training: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
    relu: bool = False,
) -> tuple[Array, tuple[Array, Array], tuple[Array, Array]]:
    """Each channel is shifted and scaled to mean 0 and variance 1, then by b and w.

    Returns: y (N, C, H, W), statistics, running: two pairs (mean, var), each (C,).
    Raises: as the op of this name, for arguments that do not fit.
    """
    check_batch_norm(x, w, b=b, running_mean=running_mean, running_var=running_var)
    momentum, eps = number("momentum", momentum, 0, 1), number("eps", eps, 0)
    training, relu = flag("training", training), flag("relu", relu)
    y = np.zeros_like(x)
    mean, var = running_mean.copy(), running_var.copy()
    new_mean, new_var = running_mean.copy(), running_var.copy()
    for c in range(x.shape[1]):
        values = [float(v) for v in x[:, c].flat]
        if training and len(values) == 1:
            raise ValueError(f"x {x.shape} has one value per channel, which has no variance")
        if training and values:
            mean[c] = sum(values) / len(values)
            squares = sum((v - mean[c]) ** 2 for v in values)
            var[c] = squares / len(values)
            new_mean[c] = (1 - momentum) * running_mean[c] + momentum * mean[c]
            new_var[c] = (1 - momentum) * running_var[c] + momentum * squares / (len(values) - 1)
        sigma = np.sqrt(np.float64(var[c]) + eps)
        for n, h, v in product(range(x.shape[0]), range(x.shape[2]), range(x.shape[3])):
            y[n, c, h, v] = w[c] * (x[n, c, h, v] - mean[c]) / sigma + b[c]
            if relu:
                y[n, c, h, v] = max(y[n, c, h, v], 0)
    return y, (mean, var), (new_mean, new_var)


def batch_norm2d_backward(
    dy: Array,
    x: Array,
    w: Array,
    statistics: tuple[Array, Array],
    *,
    training: bool = True,
    eps: float = 1e-5,
    relu: bool = False,
    y: Array | None = None,
) -> tuple[Array, Array, Array]:
    """The chain rule through the three places where x stands: itself, the mean, the variance.

    With y = w·d/σ + b, d = x − mean and σ = √(var + eps): the variance gets Σ dy·w·d·(−1/2)/σ³,
    the mean gets −Σ dy·w/σ (its share through the variance is zero, because d sums to zero), and
    each x gets dy·w/σ plus 2·d/count of the variance's and 1/count of the mean's.

    Returns: dx, dw, db in the shapes of x, w and b.
    Raises: as the op of this name, for arguments that do not fit.
    """
    training, relu = flag("training", training), flag("relu", relu)
    eps = number("eps", eps, 0)
    kept: Any = y if relu else None
    mean, var = parts("statistics", statistics, 2)
    check_batch_norm(x, w, dy=dy, y=kept, **{"statistics[0]": mean, "statistics[1]": var})
    check_shape("dy", dy, x.shape, "the shape of x")
    if relu:
        if kept is None:
            raise TypeError("with relu=True, y is needed: what batch_norm2d returned")
        check_shape("y", kept, x.shape, "the shape of x")
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(w)
    for c in range(x.shape[1]):
        places = list(product(range(x.shape[0]), range(x.shape[2]), range(x.shape[3])))
        sigma = np.sqrt(np.float64(var[c]) + eps)
        g = {(n, h, v): float(dy[n, c, h, v]) for n, h, v in places}
        if relu:
            g = {(n, h, v): g[n, h, v] if kept[n, c, h, v] > 0 else 0.0 for n, h, v in places}
        d = {(n, h, v): float(x[n, c, h, v]) - float(mean[c]) for n, h, v in places}
        dw[c] = sum(g[place] * d[place] / sigma for place in places)
        db[c] = sum(g.values())
        dvar = sum(g[place] * float(w[c]) * d[place] for place in places) * -0.5 / sigma**3
        dmean = -sum(g.values()) * float(w[c]) / sigma
        for n, h, v in places:
            direct = g[n, h, v] * float(w[c]) / sigma
            through = (2 * d[n, h, v] * dvar + dmean) / len(places) if training else 0.0
            dx[n, c, h, v] = direct + through
    return dx, dw, db
