"""Mistakes in the losses."""

import numpy as np

from nn_scratch import naive
from nn_scratch.exercises.mistakes.mistake import register

FOUND = []
mistake = register(FOUND)

LOSSES = "cross_entropy mse_loss smooth_l1_loss"


@mistake(
    f"{LOSSES} {' '.join(f'{name}_backward' for name in LOSSES.split())}",
    "not_averaged",
    "The losses are summed, or averaged over the wrong number; they are averaged over all.",
    "If the batch is given twice, shall the loss double?",
)
def not_averaged(case):
    labels = case["labels"] if case.op == "cross_entropy" else case["prediction"]
    for count in (labels.size, labels.size / len(labels), len(labels)):
        yield {name: right * count for name, right in case.right.items()}


@mistake(
    "cross_entropy_backward",
    "one_hot_missing",
    "This is the softmax alone: nothing is taken from the true class.",
    "Which way shall the true class's score move, up or down?",
)
def one_hot_missing(case):
    yield {"dscores": naive.softmax(case["scores"]) / case["labels"].size}


@mistake(
    "cross_entropy_backward",
    "only_true_class",
    "Only the true class's score gets a gradient; all scores enter through the sum.",
    "If a wrong class's score grows, what happens to the probability of the true one?",
)
def only_true_class(case):
    right = case.right["dscores"]
    yield {"dscores": right * _one_hot(case)}
    yield {"dscores": -_one_hot(case) / case["labels"].size}


@mistake(
    "cross_entropy cross_entropy_backward",
    "wrong_axis",
    "The softmax goes over another axis than the classes'.",
    "What shall sum to 1: the scores of one sample, or those of one class?",
)
def wrong_axis(case):
    scores, count = case["scores"], case["labels"].size
    for axis in (0, -1):
        shares = naive.softmax(scores, axis=axis)
        if "loss" in case.right:
            yield {"loss": np.asarray(-(np.log(shares) * _one_hot(case)).sum() / count)}
        else:
            yield {"dscores": (shares - _one_hot(case)) / count}


@mistake(
    "cross_entropy",
    "log_missing",
    "This is the probability of the true class, not its logarithm.",
    "What is the loss of a prediction that is certain, and of one that is certain and wrong?",
)
def log_missing(case):
    likely = (naive.softmax(case["scores"]) * _one_hot(case)).sum() / case["labels"].size
    yield {"loss": np.asarray(-likely)}
    yield {"loss": np.asarray(1 - likely)}


@mistake(
    "mse_loss mse_loss_backward",
    "half_missing",
    "This is for half the square, whose derivative has no 2; here it is the square.",
    "What is the derivative of d²?",
)
def half_missing(case):
    yield {name: right / 2 for name, right in case.right.items()}


@mistake(
    "smooth_l1_loss smooth_l1_loss_backward",
    "square_everywhere",
    "Large differences are squared, too; from 1 on the loss is a straight line.",
    "How steep shall the loss be for a box that is far off?",
)
def square_everywhere(case):
    d = case["prediction"] - case["target"]
    yield (
        {"loss": np.asarray((d**2).mean() / 2)}
        if "loss" in case.right
        else {"dprediction": d / d.size}
    )


@mistake(
    "smooth_l1_loss smooth_l1_loss_backward",
    "straight_everywhere",
    "Small differences are on a straight line, too; below 1 the loss is half the square.",
    "What is the slope at a difference of 0.5?",
)
def straight_everywhere(case):
    d = case["prediction"] - case["target"]
    if "loss" in case.right:
        yield {"loss": np.asarray(np.abs(d).mean())}
        yield {"loss": np.asarray((np.abs(d) - 0.5).mean())}
    else:
        yield {"dprediction": np.sign(d) / d.size}
        yield {}


def _one_hot(case):
    """Ones (N, K, …) where a class is the true one."""
    classes = np.arange(case["scores"].shape[1])
    return np.moveaxis(case["labels"][..., None] == classes, -1, 1).astype(np.float64)
