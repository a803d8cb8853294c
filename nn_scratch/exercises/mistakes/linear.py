"""Mistakes in linear layers."""

from nn_scratch.exercises.mistakes.mistake import register

FOUND = []
mistake = register(FOUND)


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
    "The bias is {key}; b[f] must be added to every number of output f.",
    "What is y where x is zero everywhere?",
)
def bias_multiplied(case):
    b = case["b"].reshape(-1, *[1] * (case.right["y"].ndim - 2))
    product = case.right["y"] - b
    yield "multiplied", {"y": product * b}
    yield "the mean of b, the same for all outputs", {"y": product + b.mean()}
    yield "the sum of b, the same for all outputs", {"y": product + b.sum()}
    yield "the first entry of b, the same for all outputs", {"y": product + b.ravel()[0]}
