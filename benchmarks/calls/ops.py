"""Every op, against the plain loops of nn_scratch.naive."""

import numpy as np

from calls.frame import Call, difference, values
from nn_scratch import naive, ops

LARGEST, MOST = 700, 20_000  # numbers that the loops are given, and that they are to make


def call(name, make):
    """A maker of calls of an op from one of its arguments."""

    def made(rng):
        positional, keywords = make(rng)
        return Call(getattr(ops, name), positional, keywords, by_loops(name), sure=False)

    return made


def by_loops(name):
    """What is wrong with a result by the loops of this name."""

    def fault(result, *positional, **keywords):
        arrays = [a for a in (*positional, *keywords.values()) if isinstance(a, np.ndarray)]
        made = sum(a.size for a in flat(result) if a is not None)
        if made > MOST or sum(a.size for a in arrays) > LARGEST:
            return None
        return difference(result, getattr(naive, name)(*positional, **keywords))

    return fault


def flat(result):
    """The arrays in a result."""
    if isinstance(result, tuple):
        return [array for part in result for array in flat(part)]
    return [result]


# ---------------------------------------------------------------- arguments


def images(rng, most=7):
    n, c = rng.integers(1, 3), rng.integers(1, 4)
    return values(rng, n, c, *rng.integers(2, most, 2))


def geometry(rng, kernel=True):
    found = {"stride": int(rng.integers(1, 4)), "padding": int(rng.integers(0, 2))}
    if kernel:
        found["dilation"] = int(rng.integers(1, 3))
    if rng.random() < 0.05:
        found["stride"] = int(rng.choice([50, 1000, 10**6]))
    return found


def conv(rng):
    groups = int(rng.choice([1, 1, 2]))
    n, c, f = rng.integers(1, 3), groups * rng.integers(1, 3), groups * rng.integers(1, 3)
    x, w = (
        values(rng, n, c, *rng.integers(3, 8, 2)),
        values(rng, f, c // groups, *rng.integers(1, 4, 2)),
    )
    return [x, w], {**geometry(rng), "groups": groups}


def backward_of(op, made):
    """Calls of an op's backward pass: dy before what the op takes."""

    def calls(rng):
        (x, w), options = made(rng)
        try:
            dy = values(rng, *op(x, w, **options).shape)
        except ValueError:
            dy = values(rng, 1, 1, 1, 1)
        return [dy, x, w], options

    return calls


def transposed(rng):
    (x, w), options = conv(rng)
    options["stride"] = min(options["stride"], 3)
    return [values(rng, len(x), len(w), *x.shape[2:]), w], options


def max_pool(rng):
    return [images(rng), int(rng.integers(1, 4))], {
        **geometry(rng),
        "ceil_mode": bool(rng.integers(2)),
    }


def switches(rng):
    x = images(rng)
    y, found = ops.max_pool2d(x, 2)
    return values(rng, *y.shape), found, x.shape[2:]


def unpool(rng):
    x, found, size = switches(rng)
    return [x, found, size], {"collisions": str(rng.choice(["sum", "overwrite", "mean"]))}


def unpool_backward(rng):
    x, found, size = switches(rng)
    return [values(rng, *x.shape[:2], *size), found], {}


def average(rng):
    options = geometry(rng, kernel=False)
    return [images(rng), 2], {**options, "count_include_pad": bool(rng.integers(2))}


def average_backward(rng):
    (x, kernel), options = average(rng)
    try:
        dy = values(rng, *ops.avg_pool2d(x, kernel, **options).shape)
    except ValueError:
        dy = x
    return [dy, x.shape[2:], kernel], options


def resized(rng):
    return [images(rng), tuple(map(int, rng.integers(1, 9, 2)))], {}


def interpolated(rng):
    arguments, _ = resized(rng)
    return arguments, {"align_corners": bool(rng.integers(2))}


def scaled(rng):
    return [images(rng), int(rng.integers(1, 4))], {}


def scaled_backward(rng):
    n, c, h, w = rng.integers(1, 4, 4)
    return [values(rng, n, c, 2 * h, 2 * w), 2], {}


def one(rng):
    return [images(rng)], {}


def two(rng):
    x = images(rng)
    return [x, values(rng, *x.shape)], {}


def along(make):
    def made(rng):
        arguments, _ = make(rng)
        return arguments, {"axis": int(rng.integers(-4, 4))}

    return made


def sloping(make):
    def made(rng):
        arguments, _ = make(rng)
        return arguments, {"negative_slope": float(rng.random())}

    return made


def linear(rng):
    n, i, o = rng.integers(1, 6, 3)
    return [values(rng, n, i), values(rng, o, i), values(rng, o)], {}


def linear_backward(rng):
    (x, w, _), _ = linear(rng)
    return [values(rng, len(x), len(w)), x, w], {}


def norm(rng):
    x = images(rng)
    w, b, mean, var = (values(rng, x.shape[1]) for _ in range(4))
    options = {"momentum": float(rng.random()), "eps": 1e-5, "training": bool(rng.integers(2))}
    return [x, w, b, mean, var**2], options


def norm_backward(rng):
    x = images(rng)
    w, mean, var = (values(rng, x.shape[1]) for _ in range(3))
    return [values(rng, *x.shape), x, w, (mean, var**2)], {"eps": 1e-5}


def labelled(rng):
    scores = images(rng) if rng.integers(2) else values(rng, *rng.integers(1, 6, 2))
    labels = rng.integers(0, scores.shape[1], (scores.shape[0], *scores.shape[2:]))
    return [scores, labels], {"ignore_index": [None, 0, 255][rng.integers(3)]}


def smooth(rng):
    return two(rng)[0], {"beta": float(rng.random()) + 0.1}


def heat_map(rng):
    x = images(rng)
    return [x, np.maximum(0, 1 - rng.exponential(1, x.shape).round(1))], {"alpha": 2.0, "beta": 4.0}


def binary(rng):
    x = images(rng)
    return [x, rng.integers(0, 2, x.shape).astype(float)], {"alpha": 0.25, "gamma": 2.0}


def masked(rng):
    (x, target), _ = two(rng)
    return [x, target, rng.integers(0, 2, (x.shape[0], *x.shape[2:])) == 1], {}


MAKERS = {
    "adaptive_avg_pool2d": resized,
    "adaptive_avg_pool2d_backward": resized,
    "avg_pool2d": average,
    "avg_pool2d_backward": average_backward,
    "batch_norm2d": norm,
    "batch_norm2d_backward": norm_backward,
    "bed_of_nails_unpool2d": scaled,
    "bed_of_nails_unpool2d_backward": scaled_backward,
    "bilinear_upsample2d": interpolated,
    "bilinear_upsample2d_backward": interpolated,
    "conv2d": conv,
    "conv2d_backward": backward_of(ops.conv2d, conv),
    "conv_transpose2d": transposed,
    "conv_transpose2d_backward": backward_of(ops.conv_transpose2d, transposed),
    "cross_entropy": labelled,
    "cross_entropy_backward": labelled,
    "focal_loss": heat_map,
    "focal_loss_backward": heat_map,
    "leaky_relu": sloping(one),
    "leaky_relu_backward": sloping(two),
    "linear": linear,
    "linear_backward": linear_backward,
    "masked_l1_loss": masked,
    "masked_l1_loss_backward": masked,
    "max_pool2d": max_pool,
    "max_pool2d_backward": lambda rng: (list(switches(rng)), {}),
    "max_unpool2d": unpool,
    "max_unpool2d_backward": unpool_backward,
    "mse_loss": two,
    "mse_loss_backward": two,
    "nearest_unpool2d": scaled,
    "nearest_unpool2d_backward": scaled_backward,
    "relu": one,
    "relu_backward": two,
    "sigmoid": one,
    "sigmoid_backward": two,
    "sigmoid_focal_loss": binary,
    "sigmoid_focal_loss_backward": binary,
    "smooth_l1_loss": smooth,
    "smooth_l1_loss_backward": smooth,
    "softmax": along(one),
    "softmax_backward": along(two),
}

TABLE = {f"ops.{name}": call(name, make) for name, make in MAKERS.items()}
