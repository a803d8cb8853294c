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
