"""Mistakes in ReLU and softmax."""

import numpy as np

from nn_scratch import naive
from nn_scratch.exercises.mistakes.mistake import register

FOUND = []
mistake = register(FOUND)
later = register(FOUND, rank=1)


# ---------------------------------------------------------------- ReLU


@mistake(
    "relu_backward",
    "mask_missing",
    "dy passes everywhere, also where x is negative.",
    "By how much does max(x, 0) grow with x where x is −2?",
)
def mask_missing(case):
    yield {"dx": case["dy"]}


@mistake(
    "relu_backward",
    "mask_of_dy",
    "The mask asks where dy is positive, not where x is.",
    "Which pixels did the forward pass let through?",
)
def mask_of_dy(case):
    yield {"dx": naive.relu(case["dy"])}
    yield {"dx": case["dy"] * (case["dy"] > 0) * (case["x"] > 0)}


@mistake(
    "relu_backward",
    "mask_turned",
    "dy passes where x is negative, and is stopped where x is positive.",
    "By how much does max(x, 0) grow with x where x is 3?",
)
def mask_turned(case):
    yield {"dx": case["dy"] * (case["x"] < 0)}


@mistake(
    "relu_backward",
    "value_for_slope",
    "dy is multiplied by the value of relu(x); the slope is wanted, 0 or 1.",
    "What is the derivative of x where x is 3?",
)
def value_for_slope(case):
    yield {"dx": case["dy"] * naive.relu(case["x"])}
    yield {"dx": case["dy"] * case["x"]}


@later(
    "relu_backward",
    "mask_of_whole",
    "The mask looks at {key}, not at each number.",
    "Which numbers of x decide over one number of dx?",
)
def mask_of_whole(case):
    x, dy = case["x"], case["dy"]
    for said, axes in (("whole rows", -1), ("whole columns", 0), ("the whole array", None)):
        for how, mask in (("any number positive", (x > 0).any(axis=axes, keepdims=True)),
                          ("all numbers positive", (x > 0).all(axis=axes, keepdims=True)),
                          ("their sum", x.sum(axis=axes, keepdims=True) > 0)):  # fmt: skip
            yield f"{said} ({how})", {"dx": dy * mask}


@mistake(
    "relu",
    "negatives_dropped",
    "The negative numbers are left out; they must become zero and keep their places.",
    "What does x[x > 0] give, and what shape has it?",
)
def negatives_dropped(case):
    yield {"y": case["x"][case["x"] > 0]}
    yield {"y": case["x"][case["x"] >= 0]}


@mistake(
    "relu",
    "mask_for_value",
    "This is {key}.",
    "What is max(3, 0)?",
)
def mask_for_value(case):
    x = case["x"]
    yield "the mask, 0 or 1, not the value", {"y": (x > 0).astype(float)}
    yield "the mask with its negation: 1 where x is negative", {"y": (x < 0).astype(float)}
    yield "min(x, 0), the negative part", {"y": np.minimum(x, 0)}
    yield "max(−x, 0), with the sign of x turned", {"y": np.maximum(-x, 0)}
    yield "x itself", {"y": x}
    yield "max(x, 0) of the whole array: its largest number", {"y": np.full(x.shape, x.max())}
    yield "max(x, 1)", {"y": np.maximum(x, 1)}


# ---------------------------------------------------------------- softmax


@later(
    "softmax",
    "other_shares",
    "y is {key}.",
    "What must the probabilities of one sample sum to, and what stands below the line?",
)
def other_shares(case):
    x = case["x"]
    e = np.exp(x - x.max())
    shares = naive.softmax(x)
    yield "exp(x) divided by the sum over the whole array", {"y": e / e.sum()}
    apart = np.exp(x - x.max(axis=0, keepdims=True))
    said = "exp(x − the largest of each class), not of each sample, divided by its sum"
    yield said, {"y": apart / apart.sum(axis=1, keepdims=True)}
    yield "exp(x), which is not divided by its sum", {"y": np.exp(x)}
    yield "the softmax over the last axis", {"y": naive.softmax(x, axis=-1)}
    said = "exp(x) divided by sums that stand along the wrong axis (keepdims is missing)"
    own = np.exp(x - x.max(axis=1, keepdims=True))
    yield "exp(x − the largest), which is not divided by its sum", {"y": own}
    if x.ndim == 2 and len(x) == x.shape[1]:
        yield said, {"y": e / e.sum(axis=1)}
        yield (said, "own"), {"y": own / own.sum(axis=1)}
        powers = np.exp(x - x.max(axis=1))
        yield (said, "both"), {"y": powers / powers.sum(axis=1)}
        yield (
            "exp(x) with the maxima along the wrong axis (keepdims is missing)",
            {"y": powers / powers.sum(axis=1, keepdims=True)},
        )
    for axis in range(x.ndim):
        if axis != 1:
            yield f"the softmax over axis {axis}", {"y": naive.softmax(x, axis=axis)}
            sums = own.sum(axis=axis, keepdims=True)
            yield f"exp(x) divided by its sums over axis {axis}", {"y": own / sums}
    if x.ndim == 4:
        pixels = e / e.sum(axis=(2, 3), keepdims=True)
        yield "the softmax over the pixels", {"y": pixels}
        yield "the softmax over all but the batch", {"y": e / e.sum(axis=(1, 2, 3), keepdims=True)}
        k = x.shape[1]
        rows = x.reshape(-1, k)
        yield (
            "the softmax of rows in which classes and pixels are mixed",
            {"y": naive.softmax(rows).reshape(x.shape)},
        )
    yield "x divided by the sum of x", {"y": x / x.sum(axis=1, keepdims=True)}
    yield "the logarithm of the softmax", {"y": np.log(shares)}
    yield "exp(x) divided by its largest", {"y": e / e.max(axis=1, keepdims=True)}
    yield "exp(x) divided by its mean", {"y": shares * x.shape[1]}
    yield (
        "2 to the power of x, as shares",
        {
            "y": 2.0 ** (x - x.max(1, keepdims=True))
            / (2.0 ** (x - x.max(1, keepdims=True))).sum(1, keepdims=True)
        },
    )
    yield "the softmax of the softmax", {"y": naive.softmax(shares)}
    yield "the softmax of −x", {"y": naive.softmax(-x)}
    yield "the softmax of |x|", {"y": naive.softmax(np.abs(x))}
    yield "1 at the largest score, else 0", {"y": (x == x.max(1, keepdims=True)).astype(float)}
    yield "the sigmoid of each score", {"y": 1 / (1 + np.exp(-x))}
    root = np.sqrt((e * e).sum(axis=1, keepdims=True))
    yield "exp(x) divided by the root of the sum of its squares", {"y": e / root}


@later(
    "softmax_backward",
    "other_jacobian",
    "dx is {key}.",
    "∂y[j]/∂x[k] is y[j]·([j = k] − y[k]). Which of these products are left in your code?",
)
def other_jacobian(case):
    dy, y = case["dy"], case["y"]
    total = (y * dy).sum(axis=1, keepdims=True)
    again = naive.softmax(y)
    yield (
        "the right formula with softmax(y) for y: y has been through it already",
        {"dx": again * (dy - (again * dy).sum(axis=1, keepdims=True))},
    )
    yield (
        "dy·y·(1 − y) + y·Σ y·dy over the others: their minus is missing",
        {"dx": y * (1 - y) * dy + y * (total - y * dy)},
    )
    yield "the products with the other classes only", {"dx": -y * (total - y * dy)}
    yield "dy − Σ y·dy, without the y in front", {"dx": dy - total}
    yield "y·(dy − Σ dy), without y in the sum", {"dx": y * (dy - dy.sum(axis=1, keepdims=True))}
    yield (
        "y·(dy − mean of y·dy), a mean for the sum",
        {"dx": y * (dy - (y * dy).mean(axis=1, keepdims=True))},
    )
    yield "y·(dy − mean of dy)", {"dx": y * (dy - dy.mean(axis=1, keepdims=True))}
    yield "dy·(y − y²) of the class alone", {"dx": dy * (y - y * y)}
    yield "y·(1 − y), without dy", {"dx": y * (1 - y)}
    yield "y − dy, as for cross-entropy", {"dx": y - dy}
    yield "dy·y·(1 − dy·y)", {"dx": dy * y * (1 - dy * y)}
    yield "dy·y − Σ y·dy, the second term without y", {"dx": dy * y - total}
    yield "y·dy − y²·Σ dy", {"dx": y * dy - y * y * dy.sum(axis=1, keepdims=True)}
    for axes in (0, -1, (1, 2, 3), None, (0, 1)):
        if (axes == -1 and dy.ndim == 2) or (isinstance(axes, tuple) and dy.ndim < len(axes) + 1):
            continue
        over = (y * dy).sum(axis=axes, keepdims=True)
        said = "the whole array" if axes is None else f"axis {axes}"
        yield f"y·(dy − Σ y·dy) with the sum over {said}", {"dx": y * (dy - over)}
    if y.ndim == 4:
        k = y.shape[1]
        rows, row_dy = y.reshape(-1, k), dy.reshape(-1, k)
        mixed = rows * (row_dy - (rows * row_dy).sum(axis=1, keepdims=True))
        yield (
            "computed on rows in which classes and pixels are mixed",
            {"dx": mixed.reshape(y.shape)},
        )
    if y.ndim == 2 and len(y) == y.shape[1]:
        yield (
            "with sums that stand along the wrong axis (keepdims is missing)",
            {"dx": y * (dy - (y * dy).sum(axis=1))},
        )
