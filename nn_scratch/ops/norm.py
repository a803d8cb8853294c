"""Batch normalization (Ioffe & Szegedy 2015, algorithm 1), over batch and image of each channel.

The ReLU that mostly follows can be had with it: it then costs no pass over memory of its own.
"""

from collections.abc import Callable

from nn_scratch.arguments import shown
from nn_scratch.backend import Array, xp_of
from nn_scratch.engine import engine_of
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
    all_reduce: Callable[[Array], Array] | None = None,
) -> tuple[Array, tuple[Array, Array], tuple[Array, Array]]:
    """y = w · (x − mean) / √(var + eps) + b, with one mean and variance for each channel.

    x (N, C, H, W); w, b, running_mean, running_var (C,).

    In training the statistics are the batch's, with the biased variance (divided by the count), and
    the new running ones are (1 − momentum)·old + momentum·batch, with the unbiased variance
    (divided by count − 1). Otherwise the statistics are the running ones, which stay as they are.
    Nothing is mutated. An empty batch has no statistics: the running ones serve. With `relu`, y is
    max(y, 0).

    `all_reduce` adds an array up over all processes that share the batch; the statistics are then
    those of the whole batch.

    Returns: y (N, C, H, W), statistics, running: two pairs (mean, var), each (C,).
    Raises: ValueError for shapes that do not fit, in training with one value per channel, and for
        a momentum or eps out of range;
        TypeError if values are not all float32 or all float64.
    """
    check_batch_norm(x, w, b=b, running_mean=running_mean, running_var=running_var)
    momentum, eps = number("momentum", momentum, 0, 1), number("eps", eps, 0)
    training, relu = flag("training", training), flag("relu", relu)
    running = statistics = running_mean, running_var
    if training:
        count, statistics = _moments(x, statistics, all_reduce)
        if count == 1:
            raise ValueError(
                f"x {x.shape} has one value per channel: its variance is 0 and y would be b, "
                "whatever x is; use a larger batch or image, or training=False"
            )
    if training and count:
        mean, var = statistics
        unbiased = var * (count / (count - 1))
        running = (
            running_mean + momentum * (mean - running_mean),
            running_var + momentum * (unbiased - running_var),
        )
    scale = w / xp_of(x).sqrt(statistics[1] + eps)
    y = engine_of(x).batch_norm_elemt(x, statistics, scale, b, relu)
    return y, statistics, running


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
    all_reduce: Callable[[Array], Array] | None = None,
) -> tuple[Array, Array, Array]:
    """The gradients of batch_norm2d, from dy (N, C, H, W) and the statistics that it returned.

    With `relu`, dy counts only where y, which it returned as well, is positive.

    In training, mean and variance depend on x, so that dx loses its mean and its component along
    the normalized x (the paper's section 3, the chain rule simplified): with σ = √(var + eps) and
    x̂ = (x − mean)/σ,  dx = w/σ · (dy − mean(dy) − x̂ · mean(dy · x̂)).

    With `all_reduce` the two means are those of the whole batch; dw and db are this process's part.

    Returns: dx, dw, db in the shapes of x, w and b.
    Raises: ValueError for shapes that do not fit; TypeError with `relu` but without y, or if values
        are not all float32 or all float64.
    """
    training, relu = flag("training", training), flag("relu", relu)
    y = y if relu else None
    if not isinstance(statistics, (tuple, list)) or len(statistics) != 2:
        raise TypeError(f"statistics is {shown(statistics)}, but must be the pair (mean, var)")
    mean, var = statistics
    check_batch_norm(x, w, dy=dy, y=y, **{"statistics[0]": mean, "statistics[1]": var})
    eps = number("eps", eps, 0)
    check_shape("dy", dy, x.shape, "the shape of x")
    if relu:
        if y is None:
            raise TypeError("with relu=True, y is needed: what batch_norm2d returned")
        check_shape("y", y, x.shape, "the shape of x")
    sigma = xp_of(x).sqrt(var + eps)
    engine = engine_of(x)
    # With relu, dy is a new array.
    db, products, dy = engine.batch_norm_backward_reduce(dy, x, statistics, y)
    dw = products / sigma
    if not training:
        zero = xp_of(x).zeros_like(w)
        dx = engine.batch_norm_backward_elemt(dy, x, statistics, w / sigma, zero, zero, relu)
        return dx, dw, db
    count, sum_dy, sum_dy_x = _whole(all_reduce, x, x.size // x.shape[1], db, dw)
    along, constant = (-w / sigma * s / max(count, 1) for s in (sum_dy_x / sigma, sum_dy))
    dx = engine.batch_norm_backward_elemt(dy, x, statistics, w / sigma, along, constant, relu)
    return dx, dw, db


def _moments(x, otherwise, all_reduce):
    """The count, mean and variance of the whole batch; without a batch, the moments `otherwise`.

    Parts of a batch are merged without cancellation (Chan et al. 1979): the variance is the mean of
    the parts' variances and of the squared distances of their means.
    """
    own = x.size // x.shape[1]
    mean, var = engine_of(x).batch_norm_stats(x) if own else otherwise
    if all_reduce is None:
        return own, (mean, var)
    count, total = _whole(all_reduce, x, own, own * mean)
    if not count:
        return 0, otherwise
    whole = total / count
    _, total = _whole(all_reduce, x, own, own * (var + (mean - whole) ** 2))
    return count, (whole, total / count)


def _whole(all_reduce, x, count, *sums):
    """The count and the sums, each (C,), added up over all processes."""
    if all_reduce is None:
        return count, *sums
    xp = xp_of(x)
    packed = xp.concatenate([xp.full(1, count, x.dtype), *sums])
    added = all_reduce(packed)
    return int(added[0]), *added[1:].reshape(len(sums), -1)
