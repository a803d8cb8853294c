"""Batch normalization (Ioffe & Szegedy 2015, algorithm 1), over batch and image of each channel."""

from nn_scratch.backend import xp_of
from nn_scratch.shapes import check_rank, check_shape, check_values

BATCH_AND_IMAGE = (0, 2, 3)


def batch_norm2d(x, w, b, running_mean, running_var, *, training=True, momentum=0.1, eps=1e-5):
    """y = w · (x − mean) / √(var + eps) + b, with one mean and variance for each channel.

    x (N, C, H, W); w, b, running_mean, running_var (C,)
    -> y (N, C, H, W), statistics, running: two pairs (mean, var), each (C,).

    In training the statistics are the batch's, with the biased variance (divided by the count),
    and `running` is (1 − momentum)·old + momentum·batch, with the unbiased variance (divided by
    count − 1). Otherwise the statistics are the running ones, and `running` is unchanged.
    Nothing is mutated. An empty batch has no statistics: the running ones serve.
    """
    _check_arguments(x, w, b=b, running_mean=running_mean, running_var=running_var)
    count = x.size // x.shape[1]
    if training and count == 1:
        raise ValueError(
            f"x {x.shape} has one value per channel: its variance is 0 and y would be b, whatever "
            "x is; use a larger batch or image, or training=False"
        )
    running = statistics = running_mean, running_var
    if training and count:
        mean, var = statistics = x.mean(axis=BATCH_AND_IMAGE), x.var(axis=BATCH_AND_IMAGE)
        unbiased = var * (count / (count - 1))
        running = (
            running_mean + momentum * (mean - running_mean),
            running_var + momentum * (unbiased - running_var),
        )
    y = _normalize(x, statistics, eps)
    y *= _per_channel(w)
    y += _per_channel(b)
    return y, statistics, running


def batch_norm2d_backward(dy, x, w, statistics, *, training=True, eps=1e-5):
    """dy (N, C, H, W) -> dx, dw, db; `statistics` as batch_norm2d returned them.

    In training, mean and variance depend on x, so that dx loses its mean and its component along
    the normalized x (the paper's section 3, the chain rule simplified):
    dx = w/√(var + eps) · (dy − mean(dy) − x̂ · mean(dy · x̂)).
    """
    _check_arguments(x, w, dy=dy)
    check_shape("dy", dy, x.shape, "the shape of x")
    normalized = _normalize(x, statistics, eps)
    db = dy.sum(axis=BATCH_AND_IMAGE)
    dw = (dy * normalized).sum(axis=BATCH_AND_IMAGE)
    scale = _per_channel(w / xp_of(x).sqrt(statistics[1] + eps))
    if not training:
        return scale * dy, dw, db
    count = max(x.size // x.shape[1], 1)
    dx = normalized
    dx *= _per_channel(-dw / count)
    dx -= _per_channel(db / count)
    dx += dy
    dx *= scale
    return dx, dw, db


def _normalize(x, statistics, eps):
    mean, var = statistics
    normalized = x - _per_channel(mean)
    normalized /= _per_channel(xp_of(x).sqrt(var + eps))
    return normalized


def _per_channel(v):
    return v[:, None, None]


def _check_arguments(x, w, **others):
    check_values(x=x, w=w, **others)
    check_rank("x", x, 4)
    for name, array in {"w": w, **others}.items():
        if name != "dy":
            check_shape(name, array, (x.shape[1],), f"one value for each channel of x {x.shape}")
