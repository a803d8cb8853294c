"""What a net says of one pixel, and what its loss answers. Returns a matplotlib Figure."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from nn_scratch.arguments import whole
from nn_scratch.backend import Array
from nn_scratch.ops import softmax
from nn_scratch.plotting import given
from nn_scratch.plotting.colours import LINE_COLOURS, PREDICTION_COLOUR
from nn_scratch.plotting.text import fitted, options, title

WIDEST = 1.1  # inches, of a name
LEAST = 0.01  # of a number that is written beside its bar
ROOM = 0.36  # of what the scores' bars span, beside them for their numbers
BESIDE = 0.3  # for the numbers beside probabilities and gradients


def plot_scores(scores: Array, truth: int, class_names: Sequence[str]) -> Figure:
    """One pixel's scores, the probabilities that softmax makes of them, and the gradient of its
    cross-entropy, probability minus truth: a bar for each class. The true class is hatched.
    Probabilities and gradients are drawn to one scale, the same in every picture.

    scores (K,): finite numbers, at least two; truth: the class that is right, from 0 to K − 1.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    scores = given.row("scores", scores, least=-given.LARGEST, most=given.LARGEST)
    if len(scores) < 2:
        raise ValueError("scores has 1 number, but needs one for each of at least two classes")
    truth = whole("truth", truth, 0, len(scores) - 1)
    given.names("class_names", class_names, least=len(scores))
    p = softmax(scores[None])[0]
    gradient = p - (np.arange(len(p)) == truth)
    panels = {"scores z": scores, "probabilities p": p, "gradient: p minus truth": gradient}
    figure = Figure(figsize=(8.4, 0.8 + 0.27 * len(scores)), layout="constrained")
    low, high = min(scores.min(), 0), max(scores.max(), 0)
    pad = ROOM * (high - low or 1)
    limits = {
        "scores z": (low - pad * (low < 0), high + pad),
        "probabilities p": (0, 1 + BESIDE),
        "gradient: p minus truth": (-1 - BESIDE, 1 + BESIDE),
    }
    axes = figure.subplots(1, 3, sharey=True, width_ratios=(2, 1 + BESIDE, 2 + 2 * BESIDE))
    rows = range(len(scores))
    for axis, (what, values) in zip(axes, panels.items(), strict=True):
        colours = [PREDICTION_COLOUR if value > 0 else LINE_COLOURS[4] for value in values]
        hatches = ["////" if k == truth else "" for k in rows]
        axis.barh(rows, values, 0.75, color=colours, ec="black", lw=0.6, hatch=hatches)
        for row, value in enumerate(values):
            if abs(value) >= LEAST:
                place, side = (value, "left") if value > 0 else (value, "right")
                axis.text(place, row, f" {value:.2f} ", ha=side, va="center", fontsize=9)
        axis.axvline(0, color="0.3", lw=0.8)
        axis.set(xlim=limits[what], xticks=[])
        axis.spines[["top", "right", "left", "bottom"]].set_visible(False)
        axis.tick_params(axis="y", length=0)
        title(axis, fitted(what, 2.4, 11), size=11)
    axes[1].set_xticks([0, 1])
    axes[2].set_xticks([-1, 0, 1])
    names = [fitted(class_names[int(k)], WIDEST, 10) for k in rows]
    axes[0].set_yticks(rows, names, fontsize=10, **options(*names))
    axes[0].invert_yaxis()
    return figure
