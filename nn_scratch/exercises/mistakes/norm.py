"""Mistakes in batch norm, ReLU and softmax."""

import numpy as np

from nn_scratch import naive
from nn_scratch.exercises.mistakes.mistake import register

FOUND = []
mistake = register(FOUND)

EPS = 1e-5


# ---------------------------------------------------------------- batch norm


@mistake(
    "batch_norm2d_backward",
    "mean_constant",
    "The mean is treated as a constant; it depends on x.",
    "If one pixel of a channel grows, what does the channel's mean do?",
)
def mean_constant(case):
    dy, centred, sigma, w = _parts(case)
    projected = centred / sigma * (dy * centred / sigma).mean(axis=(0, 2, 3), keepdims=True)
    yield {"dx": w / sigma * (dy - projected)}


@mistake(
    "batch_norm2d_backward",
    "variance_constant",
    "The variance is treated as a constant; it depends on x.",
    "If one pixel moves away from the mean, what does the channel's variance do?",
)
def variance_constant(case):
    dy, _, sigma, w = _parts(case)
    yield {"dx": w / sigma * (dy - dy.mean(axis=(0, 2, 3), keepdims=True))}


@mistake(
    "batch_norm2d_backward",
    "statistics_constant",
    "Mean and variance are treated as constants; both depend on x.",
    "Which of the three places where x stands in the formula have you differentiated?",
)
def statistics_constant(case):
    dy, _, sigma, w = _parts(case)
    yield {"dx": w / sigma * dy}


@mistake(
    "batch_norm2d_backward",
    "weight_missing",
    "dx lacks the factor w.",
    "What multiplies the normalized x on its way to y?",
)
def weight_missing(case):
    yield {"dx": case.solve(w=np.ones_like(case["w"]))["dx"]}


@mistake(
    "batch_norm2d_backward",
    "not_normalized",
    "dw uses x as it is; y is w times the *normalized* x.",
    "What does w multiply in the forward pass?",
)
def not_normalized(case):
    dy, centred, _, _ = _parts(case)
    yield {"dw": (dy * case["x"]).sum(axis=(0, 2, 3))}
    yield {"dw": (dy * centred).sum(axis=(0, 2, 3))}


@mistake(
    "batch_norm2d batch_norm2d_backward",
    "unbiased_variance",
    "The variance is divided by count − 1; for normalizing it is divided by the count.",
    "Which of the two variances makes the mean square of the normalized x equal to 1?",
)
def unbiased_variance(case):
    _, centred, _, w = _parts(case)
    count = centred.size // centred.shape[1]
    if count == 1:
        yield {}
        return
    var = (centred**2).sum(axis=(0, 2, 3)) / (count - 1)
    if "y" in case.right:
        b = case["b"][:, None, None]
        yield {"y": w * centred / np.sqrt(var[:, None, None] + EPS) + b, "var": var}
        yield {"y": w * centred / np.sqrt(var[:, None, None] + EPS) + b}
    else:
        yield case.solve(statistics=(case["statistics"][0], var))


@mistake(
    "batch_norm2d",
    "statistics_per_image",
    "Each image has its own mean and variance; batch norm takes those of the whole batch.",
    "Over which axes of (N, C, H, W) does a channel's mean go?",
)
def statistics_per_image(case):
    x, w, b = case["x"], case["w"][:, None, None], case["b"][:, None, None]
    mean, var = (f(axis=(2, 3), keepdims=True) for f in (x.mean, x.var))
    yield {"y": w * (x - mean) / np.sqrt(var + EPS) + b}


@mistake(
    "batch_norm2d",
    "momentum_exchanged",
    "The running statistics keep a tenth of the old values; they take a tenth of the new ones.",
    "After a million batches, shall one batch still matter much?",
)
def momentum_exchanged(case):
    results = case.solve(momentum=0.9)
    yield {name: results[name] for name in ("running_mean", "running_var")}


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
    "It is asked where dy is positive, not where x is.",
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


@mistake(
    "relu_backward",
    "forward_again",
    "This is the forward pass once more: the values of relu(x), without dy.",
    "What tells you how much the loss grows with each output, and where is it in your result?",
)
def forward_again(case):
    yield {"dx": naive.relu(case["x"])}


@mistake(
    "relu",
    "absolute",
    "Negative values lose their sign; they become zero.",
    "What is max(−2, 0)?",
)
def absolute(case):
    yield {"y": np.abs(case["x"])}


# ---------------------------------------------------------------- softmax


@mistake(
    "softmax_backward",
    "second_term_missing",
    "The Jacobian's second term is missing: each y depends on every x, through the sum.",
    "If one score grows, what happens to the other probabilities?",
)
def second_term_missing(case):
    dy, y = case["dy"], case["y"]
    yield {"dx": dy * y}
    yield {"dx": dy * y * (1 - y)}


@mistake(
    "softmax softmax_backward",
    "wrong_axis",
    "The sum goes over another axis than the classes'.",
    "What shall sum to 1: the scores of one sample, or those of one class?",
)
def wrong_axis(case):
    yield case.solve(axis=0)
    yield case.solve(axis=-1)


@mistake(
    "softmax",
    "not_divided",
    "These are the exponentials; they are not divided by their sum.",
    "What do probabilities sum to?",
)
def not_divided(case):
    x = case["x"]
    yield {"y": np.exp(x)}
    yield {"y": np.exp(x - x.max(axis=1, keepdims=True))}


def _parts(case):
    """dy, x − mean, σ and w, ready to broadcast."""
    x = case["x"]
    mean, var = (f(axis=(0, 2, 3), keepdims=True) for f in (x.mean, x.var))
    return case["dy"], x - mean, np.sqrt(var + EPS), case["w"][:, None, None]
