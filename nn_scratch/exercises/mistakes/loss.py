"""Mistakes in the losses."""

import numpy as np

from nn_scratch.exercises.mistakes.mistake import register

FOUND = []
mistake = register(FOUND)
later = register(FOUND, rank=1)


@later(
    "cross_entropy cross_entropy_backward",
    "other_labels",
    "This is what comes out {key}.",
    "Which class has the number 0, and does every label count?",
)
def other_labels(case):
    labels, k = case["labels"], case["scores"].shape[1]
    for said, changed in (("if labels count from 1", labels - 1), ("with labels + 1", labels + 1),
                          ("with class k − 1 − label", k - 1 - labels),
                          ("if class 0 is the true one everywhere", 0 * labels),
                          ("if the largest score's class is taken for the true one",
                           case["scores"].argmax(axis=1)),
                          ("if the label of the first sample is taken for all",
                           np.broadcast_to(labels.reshape(-1)[:1], labels.shape))):  # fmt: skip
        yield said, case.solve(labels=changed % k)
    yield "if pixels labelled 0 do not count", case.solve(ignore_index=0)
    counted = max(int((labels != 0).sum()), 1)
    zero = {n: r * counted / labels.size for n, r in case.solve(ignore_index=0).items()}
    yield "if pixels labelled 0 add nothing, but are counted", zero
    if labels.ndim == 3 and labels.shape[1] == labels.shape[2]:
        yield (
            "if the rows and columns of labels are exchanged",
            case.solve(labels=labels.swapaxes(1, 2)),
        )
