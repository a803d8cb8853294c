"""Mistakes in the localizer's step: two losses, and two heads on the same features."""

import numpy as np

from nn_scratch import naive
from nn_scratch.exercises.mistakes.mistake import register

FOUND = []
mistake = register(FOUND)


@mistake(
    "two_losses_backward",
    "box_weight_missing",
    "The gradient of the box term is not multiplied by λ.",
    "The loss is L_class + λ·L_box. What is its derivative in the boxes?",
)
def box_weight_missing(case):
    yield {"dboxes": case.solve(box_weight=1.0)["dboxes"]}


@mistake(
    "two_losses_backward",
    "box_weight_on_both",
    "λ multiplies the class term as well; it belongs to the box term alone.",
    "The loss is L_class + λ·L_box. What is its derivative in the scores?",
)
def box_weight_on_both(case):
    yield {"dscores": case["box_weight"] * case.right["dscores"]}


@mistake(
    "two_losses_backward",
    "not_averaged",
    "The losses are summed over the images, or the boxes' four numbers; they are averaged.",
    "If the batch is given twice, shall the loss double?",
)
def not_averaged(case):
    images = len(case["labels"])
    both = {name: images * right for name, right in case.right.items()}
    yield both
    yield {**both, "dboxes": both["dboxes"] * 4}
    yield {"dboxes": case.right["dboxes"] * 4}


@mistake(
    "two_losses_backward",
    "one_hot_missing",
    "dscores is the softmax alone: nothing is taken from the true class.",
    "Which way shall the true class's score move, up or down?",
)
def one_hot_missing(case):
    yield {"dscores": naive.softmax(case["scores"]) / len(case["labels"])}


@mistake(
    "two_heads_backward",
    "one_head_only",
    "Only one of the heads passes its gradient on; the features feed both.",
    "If a feature grows, which outputs of the net change?",
)
def one_head_only(case):
    yield {"dfeatures": case["dscores"] @ case["class_weight"]}
    yield {"dfeatures": case["dboxes"] @ case["box_weight"]}


@mistake(
    "two_heads_backward",
    "heads_averaged",
    "The gradients of the two heads are averaged; where a value goes two ways, they add.",
    "y = a·x + b·x. What is its derivative in x?",
)
def heads_averaged(case):
    yield {"dfeatures": case.right["dfeatures"] / 2}


@mistake(
    "two_heads_backward",
    "weight_transposed",
    "The weights are transposed.",
    "scores = features · class_weightᵀ. Which product of dscores gives the shape of features?",
)
def weight_transposed(case):
    for swapped in (("class",), ("box",), ("class", "box")):
        total = np.zeros_like(case["features"])
        for head, dy in (("class", case["dscores"]), ("box", case["dboxes"])):
            w = case[f"{head}_weight"]
            turned = head in swapped and w.shape[0] == w.shape[1]
            total += dy @ (w.T if turned else w)
        yield {"dfeatures": total}


@mistake(
    "two_heads_backward",
    "weight_gradient_missing",
    "A head's weight gradient is zero.",
    "Which of the heads' parameters shall be trained?",
)
def weight_gradient_missing(case):
    for name in ("dclass_weight", "dbox_weight"):
        yield {name: np.zeros_like(case.right[name])}
