"""Random calls of every public op: a right result, or an error that names the argument.

    python benchmarks/random_calls.py                  20,000 calls, some minutes
    python benchmarks/random_calls.py --calls 500 --seed 3

Arguments are mostly legal and sometimes not: sizes, options, dtypes and layouts of all kinds, NaN
and infinity among the values. A result must be that of the plain loops in
nn_scratch.naive; a refusal must be a ValueError or TypeError with the name of an argument in it; no
input may change.
Prints how many calls were computed and how many refused, and every fault. Exits with 1 if there
are faults.
"""

import argparse
import inspect
import sys
import warnings
from collections import Counter

import numpy as np

from nn_scratch import naive, ops

STRANGE = 0, -1, 1.5, True, None, "2", (1,), (1, 2, 3), 2**31, 2**62, 10**30, float("nan")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    counts, faults = try_calls(options.calls, options.seed)
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def try_calls(calls, seed):
    """How many calls were computed and refused, and the faults found, as text."""
    counts, faults = Counter(), []
    for number in range(calls):
        rng = np.random.default_rng([seed, number])
        name = list(MAKERS)[number % len(MAKERS)]
        positional, keywords = MAKERS[name](rng)
        spoil(rng, positional, keywords)
        outcome, fault = try_call(name, positional, keywords)
        counts[outcome] += 1
        if fault:
            given = [*map(short, positional), *(f"{k}={short(v)}" for k, v in keywords.items())]
            faults.append(f"call {number}: {name}({', '.join(given)}): {fault}")
    return counts, faults


def try_call(name, positional, keywords):
    """("computed" or "refused", what is wrong with that or None)."""
    arrays = [a for a in (*positional, *keywords.values()) if isinstance(a, np.ndarray)]
    before = [a.copy() for a in arrays]
    function = getattr(ops, name)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            result = function(*positional, **keywords)
        except (ValueError, TypeError) as error:
            known = {*inspect.signature(function).parameters, "kernel_size", "stride", "padding"}
            named = any(word in str(error) for word in (*known, "groups", "window", "dtypes"))
            return "refused", None if named else f"{type(error).__name__} names nothing: {error}"
        except MemoryError:
            return "refused", None
        except Exception as error:
            return "refused", f"{type(error).__name__}: {error}"
        for array, copy in zip(arrays, before, strict=True):
            if not np.array_equal(array, copy, equal_nan=array.dtype.kind == "f"):
                return "computed", "an input was changed"
        slow = getattr(naive, name, None)
        # Python's min and max, of which the loops of smooth_l1_loss_backward are made, drop NaN.
        dropped = name == "smooth_l1_loss_backward" and np.isnan(result).any()
        if slow is None or dropped or sum(a.size for a in arrays) > 700:
            return "computed", None
        try:
            expected = slow(*positional, **keywords)
        except (ArithmeticError, ValueError):  # Python's floats raise where arrays give NaN
            return "computed", None
        return "computed", difference(result, expected)


def difference(found, expected):
    """What is different between two results, or None."""
    if isinstance(found, tuple):
        pairs = zip(found, expected, strict=True)
        return next((text for one, other in pairs if (text := difference(one, other))), None)
    if found is None or expected is None:
        return None if found is expected else "None"
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        return f"shape {found.shape} instead of {expected.shape}"
    some = np.isfinite(expected)
    if not np.isfinite(found)[some].all():  # the loops also see what they multiply by 0
        return f"{(~np.isfinite(found))[some].sum()} numbers should be finite"
    near = 1e-4 if found.dtype == np.float32 else 1e-9
    size = np.abs(expected[some]).max(initial=1)
    off = np.abs(found[some] - expected[some]).max(initial=0)
    return None if off <= near * size else f"off by {off / size:.1e}"


def short(value):
    return f"{value.dtype}{value.shape}" if isinstance(value, np.ndarray) else repr(value)


# ---------------------------------------------------------------- arguments


def spoil(rng, positional, keywords):
    """Now and then something strange: a value, an option, a dtype, a layout, a shape."""
    if keywords and rng.random() < 0.15:
        keywords[str(rng.choice(list(keywords)))] = STRANGE[rng.integers(len(STRANGE))]
    at = int(rng.integers(len(positional)))
    array = positional[at]
    if not isinstance(array, np.ndarray):
        if rng.random() < 0.1:
            positional[at] = STRANGE[rng.integers(len(STRANGE))]
        return
    kind = rng.random()
    if kind < 0.05 and array.dtype.kind == "f" and array.size:
        array.reshape(-1)[rng.integers(array.size)] = [np.nan, np.inf, -np.inf][rng.integers(3)]
    elif kind < 0.1:
        kinds = "f2", "f4", "f8", ">f4", "i4", "u1", "?", "c8", "O"
        positional[at] = array.astype(kinds[rng.integers(len(kinds))])
    elif kind < 0.15:
        positional[at] = array[..., ::-1]
    elif kind < 0.2:
        positional[at] = np.asfortranarray(array)
    elif kind < 0.23:
        positional[at] = array[:0]
    elif kind < 0.26:
        positional[at] = array[..., :-1]
    elif kind < 0.28:
        array.flags.writeable = False
    elif kind < 0.3:
        positional[at] = [array.tolist(), None, np.ma.array(array), 3.0][rng.integers(4)]


def values(rng, *shape):
    return rng.standard_normal(shape)


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


def conv_backward(rng):
    (x, w), options = conv(rng)
    try:
        dy = values(rng, *ops.conv2d(x, w, **options).shape)
    except ValueError:
        dy = values(rng, 1, 1, 1, 1)
    return [dy, x, w], options


def transposed(rng):
    (x, w), options = conv(rng)
    options["stride"] = min(options["stride"], 3)
    return [values(rng, len(x), len(w), *x.shape[2:]), w], options


def transposed_backward(rng):
    (x, w), options = transposed(rng)
    try:
        dy = values(rng, *ops.conv_transpose2d(x, w, **options).shape)
    except ValueError:
        dy = values(rng, 1, 1, 1, 1)
    return [dy, x, w], options


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
    "conv2d_backward": conv_backward,
    "conv_transpose2d": transposed,
    "conv_transpose2d_backward": transposed_backward,
    "cross_entropy": labelled,
    "cross_entropy_backward": labelled,
    "focal_loss": heat_map,
    "focal_loss_backward": heat_map,
    "leaky_relu": one,
    "leaky_relu_backward": two,
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
    "softmax": one,
    "softmax_backward": two,
}

if __name__ == "__main__":
    sys.exit(main())
