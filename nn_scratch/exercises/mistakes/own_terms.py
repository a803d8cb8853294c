"""The terms of which each result is the sum, and wrong terms that may replace them."""

import numpy as np

EPS = 1e-5


def terms_of(attempt):
    """For each result, the terms of which it is the sum, by their names in words."""
    v, op, right = attempt.values, attempt.op, attempt.right
    if "b" in v and "y" in right and op != "batch_norm2d":
        wide = v["b"].reshape(-1, *[1] * (right["y"].ndim - 2))
        bias = np.broadcast_to(wide, right["y"].shape)
        return {"y": {"the product of x and w": right["y"] - bias, "the bias": bias}}
    if op == "softmax" and "dx" in right:
        dy, y = v["dy"], v["y"]
        own, shared = y * dy, -y * (y * dy).sum(axis=1, keepdims=True)
        return {"dx": {"y·dy": own, "−y·Σ y·dy": shared}}
    if "dscores" in right and "labels" in v:
        share, truth = softmax(v["scores"]) / v["labels"].size, one_hot(v) / v["labels"].size
        return {"dscores": {"the softmax": share, "minus 1 at the true class": -truth}}
    if op == "cross_entropy":
        scores, count = v["scores"], v["labels"].size
        largest = scores.max(axis=1, keepdims=True)
        total = (np.log(np.exp(scores - largest).sum(axis=1, keepdims=True)) + largest).sum()
        return {"loss": {"log Σ exp(scores)": total / count,
                         "minus the true class's score":
                         -(scores * one_hot(v)).sum() / count}}  # fmt: skip
    if "dfeatures" in right:
        parts = (
            v[f"d{d}"] @ v[w] for d, w in (("scores", "class_weight"), ("boxes", "box_weight"))
        )
        names = "what the class head sends back", "what the box head sends back"
        return {"dfeatures": dict(zip(names, parts, strict=True))}
    return batch_norm_terms(attempt) if op == "batch_norm2d" else {}


def batch_norm_terms(attempt):
    """The terms of the results of batch norm, forward and backward."""
    v, right = attempt.values, attempt.right
    d, sigma = centred(v["x"])
    w = v["w"][:, None, None]
    count = v["x"].size // v["x"].shape[1]
    if "dx" in right:
        dy, hat = v["dy"], d / sigma
        means = [a.mean(axis=(0, 2, 3), keepdims=True) for a in (dy, dy * hat)]
        return {
            "dx": {"dy itself": w / sigma * dy,
                   "the path through the mean": -w / sigma * means[0] + 0 * dy,
                   "the path through the variance": -w / sigma * hat * means[1]},
        }  # fmt: skip
    unbiased = (d**2).sum(axis=(0, 2, 3)) / max(count - 1, 1)
    b = v["b"][:, None, None] + 0 * v["x"]
    return {
        "y": {"w·x̂": w * d / sigma, "b": b},
        "running_mean": {
            "0.9 of the old": 0.9 * v["running_mean"],
            "0.1 of the new": 0.1 * right["mean"],
        },
        "running_var": {"0.9 of the old": 0.9 * v["running_var"], "0.1 of the new": 0.1 * unbiased},
    }


def others_of(attempt, name):
    """Triples (name of a term, what replaces it in words, array) for terms that are often wrong."""
    v = attempt.values
    if name == "dscores":
        count = v["labels"].size
        for axis in (0, -1, None):
            share = softmax(v["scores"], axis)
            yield "the softmax", f"taken over axis {axis}", share / count
        yield "the softmax", "replaced by the scores", v["scores"] / count
        yield "the softmax", "replaced by its logarithm", np.log(softmax(v["scores"])) / count
        yield "the softmax", "replaced by exp(scores)", np.exp(v["scores"]) / count
        yield (
            "minus 1 at the true class",
            "taken from all classes",
            -np.ones(v["scores"].shape) / count,
        )
        yield "minus 1 at the true class", "divided by nothing", -one_hot(v)
        yield "the softmax", "divided by nothing", softmax(v["scores"])
        for shift in (1, -1):
            moved = {**v, "labels": (v["labels"] + shift) % v["scores"].shape[1]}
            yield (
                "minus 1 at the true class",
                f"at the class label + {shift}",
                -one_hot(moved) / count,
            )


def centred(x):
    """x − mean and σ, for each channel."""
    d = x - x.mean(axis=(0, 2, 3), keepdims=True)
    return d, np.sqrt((d**2).mean(axis=(0, 2, 3), keepdims=True) + EPS)


def softmax(scores, axis=1):
    """The softmax along an axis, or over all scores."""
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def one_hot(v):
    """The one-hot labels (N, K, …)."""
    classes = np.arange(v["scores"].shape[1])
    return np.moveaxis(v["labels"][..., None] == classes, -1, 1).astype(np.float64)
