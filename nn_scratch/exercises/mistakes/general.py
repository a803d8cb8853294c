"""Mistakes that can be made in passes of many kinds."""

import numpy as np

from nn_scratch.exercises.mistakes.mistake import register

FOUND = []
mistake = register(FOUND)

WITH_DY = (
    "conv2d_backward conv_transpose2d_backward max_pool2d_backward max_unpool2d_backward "
    "nearest_unpool2d_backward bed_of_nails_unpool2d_backward bilinear_upsample2d_backward "
    "relu_backward softmax_backward linear_backward batch_norm2d_backward"
)
SUMMING = "conv2d_backward conv_transpose2d_backward linear_backward batch_norm2d_backward"


@mistake(
    WITH_DY,
    "dy_ignored",
    "dy is not used: this is the gradient of the sum of y, as if dy were ones everywhere.",
    "The loss does not grow equally with every output. Where does dy enter the chain rule?",
)
def dy_ignored(case):
    yield case.solve(dy=np.ones_like(case["dy"]))


@mistake(
    SUMMING,
    "mean_for_sum",
    "A mean stands where the sum belongs: the result is too small by the number of terms.",
    "The loss is already a number; dy has its 1/N in it. What is left to average?",
)
def mean_for_sum(case):
    counts = [len(case["dy"]), case["dy"][0, 0].size, case["dy"][:, 0].size]
    for count in counts:
        yield {name: right / count for name, right in case.right.items()}


@mistake(
    WITH_DY,
    "only_first_image",
    "Only the first image of the batch counts.",
    "Which index of your arrays is the batch, and where do you go through all of it?",
)
def only_first_image(case):
    dy = case["dy"].copy()
    dy[1:] = 0
    yield case.solve(dy=dy)
    # Computed with all images, but returned or added for the first only.
    first = {}
    for name, right in case.right.items():
        if len(right) == len(dy) and right.ndim == dy.ndim:
            first[name] = np.concatenate([right[:1], np.zeros_like(right[1:])])
    yield first


@mistake(
    "conv2d conv_transpose2d linear",
    "bias_missing",
    "The bias is not added.",
    "What is y where x is zero everywhere?",
)
def bias_missing(case):
    yield case.solve(b=np.zeros_like(case["b"]))
