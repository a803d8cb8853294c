"""Mistakes in the losses."""

import numpy as np

from nn_scratch import naive
from nn_scratch.exercises.mistakes.mistake import register
from nn_scratch.exercises.mistakes.own_terms import one_hot

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


@later(
    "cross_entropy",
    "other_formula",
    "Your loss is {key}.",
    "What does one sample give by hand: its probabilities, the logarithm of the true one?",
)
def other_formula(case):
    scores, hot, count = case["scores"], one_hot(case), case["labels"].size
    y = naive.softmax(scores)
    true = (y * hot).sum(axis=1)
    picked = (scores * hot).sum(axis=1)
    log_sum = np.log(np.exp(scores - scores.max()).sum(axis=1)) + scores.max()
    for said, loss in (
        ("taken over the samples, not the classes",
         -(np.log(naive.softmax(scores, axis=0)) * hot).sum() / count),
        ("taken over the last axis, which is not the classes'",
         -(np.log(naive.softmax(scores, axis=-1)) * hot).sum() / count),
        ("the logarithm without its minus", np.log(true).mean()),
        ("−log of the mean probability: the mean comes before the logarithm", -np.log(true.mean())),
        ("minus the mean probability, without the logarithm", -true.mean()),
        ("one minus the mean probability", 1 - true.mean()),
        ("minus the true class's score, without the softmax", -picked.mean()),
        ("the mean of log Σ exp(scores), without the true class's score", log_sum.mean()),
        ("log Σ exp(scores) plus the score, where it must be minus", (log_sum + picked).mean()),
        ("the sum of −log over all classes", -np.log(y).sum() / count),
        ("the mean of −log over all classes", -np.log(y).mean()),
        ("the entropy of the softmax, −Σ y·log y", -(y * np.log(y)).sum() / count),
        ("a logarithm to the base 2", -np.log2(true).mean()),
        ("a logarithm to the base 10", -np.log10(true).mean()),
        ("the squared distance of the softmax from the truth", ((y - hot) ** 2).sum() / count),
        ("the mean squared distance of the softmax from the truth", ((y - hot) ** 2).mean()),
        ("−log of the softmax of the softmax", -np.log((naive.softmax(y) * hot).sum(1)).mean()),
        ("−log(1 − y) summed over the wrong classes too, as for two classes each",
         -(np.log(true).sum() + (np.log(1 - y) * (1 - hot)).sum()) / count),
        ("the largest of the samples' losses", -np.log(true).max()),
        ("the loss of the first sample", -np.log(true.reshape(-1)[0])),
        ("the loss of the last sample", -np.log(true.reshape(-1)[-1])),
        ("−log of the largest probability, whatever the label", -np.log(y.max(axis=1)).mean()),
        ("a log of the exponentials that are not divided", -np.log(np.exp(picked)).mean()),
        ("the logarithm with 1e-8 added", -np.log(true + 1e-8).mean()),
        ("the logarithm with 1e-7 added", -np.log(true + 1e-7).mean()),
        ("the logarithm with 1e-6 added", -np.log(true + 1e-6).mean()),
        ("the logarithm with 1e-5 added", -np.log(true + 1e-5).mean()),
        ("−log with the probability over the whole array",
         -np.log((np.exp(scores - scores.max()) * hot).sum(1)
                 / np.exp(scores - scores.max()).sum()).mean()),
    ):  # fmt: skip
        yield said, {"loss": np.asarray(loss)}
    last = np.moveaxis(hot, 1, -1)
    if scores.ndim == 4 and last.shape == scores.shape:
        yield (
            "computed with a truth whose classes stand in the last axis",
            {"loss": -(last * np.log(y)).sum() / count},
        )
    per_class = -(np.log(y) * hot).sum() / scores.size
    yield "divided by the number of scores; it must be the number of labels", {"loss": per_class}
    yield "divided by the number of classes", {"loss": -(np.log(y) * hot).sum() / scores.shape[1]}
    yield "divided by the number of images only", {"loss": -(np.log(y) * hot).sum() / len(scores)}


@later(
    "cross_entropy_backward two_losses_backward",
    "other_gradient",
    "Your dscores is {key}.",
    "For one sample: which probability has each class, and what is taken from the true one?",
)
def other_gradient(case):
    scores, hot, count = case["scores"], one_hot(case), case["labels"].size
    y = naive.softmax(scores)
    right = case.right["dscores"]
    true = (y * hot).sum(axis=1, keepdims=True)
    for said, made in (
        ("the softmax with 1 added at the true class", (y + hot) / count),
        ("−1/y at the true class: the logarithm's gradient, not taken through the softmax",
         -hot / np.maximum(true, 1e-300) / count),
        ("y·(1 − y), the diagonal of the softmax alone", y * (1 - y) / count),
        ("right at the true class, and zero elsewhere", right * hot),
        ("right elsewhere, and zero at the true class", right * (1 - hot)),
        ("right elsewhere, and the whole probability, without − 1, at the true class", y / count),
        ("the softmax minus 1 at the largest score",
         (y - (scores == scores.max(1, keepdims=True))) / count),
        ("the right one times the true class's probability", right * true),
        ("the right one times the loss", right * -np.log(np.maximum(true, 1e-300)).mean()),
        ("exp(scores) minus the truth: not divided by the sum", (np.exp(scores) - hot) / count),
        ("the scores minus the truth: the softmax is forgotten", (scores - hot) / count),
        ("the logarithm of the softmax minus the truth",
         (np.log(np.maximum(y, 1e-300)) - hot) / count),
        ("the one of a squared error on the softmax", 2 * (y - hot) / count),
        ("1/K − truth: every class is given the same probability",
         (1 / scores.shape[1] - hot) / count),
        ("the gradient through softmax(softmax)", (naive.softmax(y) - hot) / count),
        ("softmax minus 1 divided by the number of labels: only the 1 is divided", y - hot / count),
        ("the softmax divided by the number of labels, minus 1 that is not divided",
         y / count - hot),
        ("0 − the truth, without the softmax", -hot / count),
    ):  # fmt: skip
        yield said, {"dscores": made}
    yield "divided by the number of classes", {"dscores": right * count / scores.shape[1]}
    if scores.ndim == 4:
        k = scores.shape[1]
        mixed = naive.softmax(scores.reshape(-1, k)).reshape(scores.shape)
        yield (
            "with a softmax of rows in which classes and pixels are mixed",
            {"dscores": (mixed - hot) / count},
        )
        last = np.moveaxis(hot, 1, -1)
        if last.shape == scores.shape:
            yield (
                "computed with a truth whose classes stand in the last axis",
                {"dscores": (y - last) / count},
            )
        flat_hot = np.eye(k)[case["labels"].ravel()].reshape(scores.shape)
        yield (
            "with a truth whose classes stand in the last axis: it is only reshaped",
            {"dscores": (y - flat_hot) / count},
        )


BRANCHES = {
    "d²/2": lambda d: d * d / 2, "d²": lambda d: d * d, "|d|": np.abs,
    "|d| − 1/2": lambda d: np.abs(d) - 0.5,
    "d": lambda d: d, "d − 1/2": lambda d: d - 0.5, "|d| + 1/2": lambda d: np.abs(d) + 0.5,
    "|d|/2": lambda d: np.abs(d) / 2, "0": lambda d: 0 * d, "|d| − 1": lambda d: np.abs(d) - 1,
    "1": lambda d: 1 + 0 * d, "√|d|": lambda d: np.sqrt(np.abs(d)),
}  # fmt: skip


BORDERS = {"|d| < 1": lambda d: np.abs(d) < 1, "d < 1": lambda d: d < 1,
           "|d| < 1/2": lambda d: np.abs(d) < 0.5, "|d| < 2": lambda d: np.abs(d) < 2,
           "|d| > 1": lambda d: np.abs(d) > 1, "d² < 2": lambda d: d * d < 2,
           "d > 0": lambda d: d > 0}  # fmt: skip


@register(FOUND, rank=4.2)(
    "smooth_l1_loss mse_loss",
    "other_formula",
    "Your {result} {is} {key}.",
    "Compute the loss of a single d by hand, once for 0.5 and once for −3. What does yours give?",
)
def other_branches(attempt):
    """A mean, or a sum, of other branches."""
    d = attempt["prediction"] - attempt["target"]
    means = {
        "the mean of ": np.mean,
        "the sum of ": np.sum,
        "the root of the mean of ": lambda a: np.sqrt(np.mean(a)),
        "the largest of ": np.max,
        "the mean over the boxes of the sum of ": lambda a: a.sum() / len(a),
    }
    for over, reduce in means.items():
        for said, inner in BRANCHES.items():
            yield over + said, {"loss": reduce(inner(d))}
            if attempt.op == "smooth_l1_loss":
                for where, test in BORDERS.items():
                    for outer_said, outer in BRANCHES.items():
                        made = reduce(np.where(test(d), inner(d), outer(d)))
                        yield f"{over}{said} where {where}, else {outer_said}", {"loss": made}
    for said, value in (("the square of the mean of d", d.mean() ** 2), ("the mean of d", d.mean()),
                        ("the absolute value of the mean of d", abs(d.mean())),
                        ("the root of the sum of d²", np.sqrt((d**2).sum()))):  # fmt: skip
        yield said, {"loss": value}
