"""Mistakes in linear layers."""

import numpy as np

from nn_scratch.exercises.mistakes.mistake import register, square

FOUND = []
mistake = register(FOUND)


@mistake(
    "linear",
    "weight_transposed",
    "w is transposed: its rows are the outputs.",
    "w is (out, in). Which product of x (N, in) and w gives (N, out)?",
)
def weight_transposed(case):
    if not square(case["w"]):
        yield {}
        return
    yield {n: r for n, r in case.solve(w=case["w"].T).items() if n in ("y", "dx")}


@mistake(
    "linear_backward",
    "assigned_not_added",
    "Only the last sample counts: = stands where += belongs.",
    "Over what do dw and db sum?",
)
def linear_assigned(case):
    last = case.solve(x=case["x"][-1:], dy=case["dy"][-1:])
    yield {"dw": last["dw"], "db": last["db"]}


@mistake(
    "linear",
    "bias_along_samples",
    "The bias is added along the samples, not along the outputs: b stands there as a column.",
    "Which axis of y (N, F) does b belong to, and with which axis does b[:, None] meet?",
)
def bias_along_samples(case):
    product = case["x"] @ case["w"].T
    yield {"y": product + case["b"][:, None]}


@mistake(
    "linear conv2d conv_transpose2d",
    "bias_multiplied",
    "The bias is {key}; it must be added, b[f] to every number of output f.",
    "What is y where x is zero everywhere?",
)
def bias_multiplied(case):
    b = case["b"].reshape(-1, *[1] * (case.right["y"].ndim - 2))
    product = case.right["y"] - b
    yield "multiplied", {"y": product * b}
    yield "its mean, the same for all outputs", {"y": product + b.mean()}
    yield "its sum, the same for all outputs", {"y": product + b.sum()}
    yield "its first entry, the same for all outputs", {"y": product + b.ravel()[0]}


@mistake(
    "linear",
    "weight_not_transposed",
    "x is multiplied by w as it is, x·w; y is x·wᵀ.",
    "w is (out, in). Over which of its axes must the sum go?",
)
def weight_not_transposed(case):
    yield {"y": case["x"] @ case["w"] + case["b"]}
    yield {"y": case["w"] @ case["x"].T + case["b"]}
    yield {"y": (case["w"] @ case["x"].T) + case["b"][:, None]}
    yield {"y": np.outer(case["x"].sum(axis=1), case["w"].sum(axis=1)) + case["b"]}


@mistake(
    "linear_backward",
    "weight_not_transposed",
    "dx multiplies dy by wᵀ; dx is dy·w.",
    "dy is (N, out), w is (out, in). Which product of them is (N, in)?",
)
def weight_transposed_in_backward(case):
    yield {"dx": case["dy"] @ case["w"].T}
    yield {"dx": (case["w"] @ case["dy"].T).T}


@mistake(
    "linear_backward",
    "weight_gradient_transposed",
    "dw stands as (in, out); like w it must be (out, in).",
    "Which product of dy (N, out) and x (N, in) has the shape of w?",
)
def weight_gradient_transposed(case):
    dw = case.right["dw"].T
    yield "everywhere", {"dw": dw}
    yield "where its shape allows", {"dw": dw} if square(dw) else {}
