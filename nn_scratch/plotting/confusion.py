"""Tables of what is taken for what. Each returns a matplotlib Figure."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from nn_scratch.backend import Array
from nn_scratch.plotting import given
from nn_scratch.plotting.colours import SIGNED
from nn_scratch.plotting.text import fitted, options

CELL = 0.5  # inches
WIDEST = 1.4  # inches, of a name


def plot_confusion(confusion: Array, class_names: Sequence[str]) -> Figure:
    """A confusion matrix in percent of its rows: a row for each true class, a column for each
    predicted one. Rows of classes that do not occur are empty.

    confusion (K, K): counts, as of evaluation.segmentation.confusion_matrix.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    counts = _counts(confusion, class_names)
    totals = counts.sum(axis=1, keepdims=True)
    percent = 100 * counts / np.maximum(totals, 1)
    texts = np.where(totals > 0, [[f"{value:.0f}%" for value in row] for row in percent], "")
    return _table(percent, texts, class_names)


def plot_counts(confusion: Array, class_names: Sequence[str]) -> Figure:
    """A confusion matrix as it is counted: a row for each true class, a column for each predicted
    one, and full colour for the largest number.

    confusion (K, K): counts, as of evaluation.segmentation.confusion_matrix.

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    counts = _counts(confusion, class_names)
    texts = [[f"{value:g}" for value in row] for row in counts]
    return _table(100 * counts / max(counts.max(), 1), texts, class_names)


def _counts(confusion, class_names):
    """A confusion matrix that can be drawn, (K, K), and has a name for each class."""
    counts = given.array("confusion", confusion)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not counts.size:
        raise ValueError(f"confusion has shape {counts.shape}, but must be (K, K)")
    if not (np.isfinite(counts).all() and (counts >= 0).all()):
        raise ValueError("confusion must hold counts, 0 or more")
    given.names("class_names", class_names, least=len(counts))
    return counts


def _table(percent, texts, class_names):
    """Cells (K, K) coloured by their percents, with texts and the names of rows and columns."""
    side = CELL * len(percent)
    figure = Figure(figsize=(side + WIDEST + 0.6, side + WIDEST + 0.3), layout="constrained")
    axis = figure.add_subplot(xlabel="predicted", ylabel="true")
    axis.imshow(percent, cmap=SIGNED, vmin=-100, vmax=100)
    for (row, column), text in np.ndenumerate(np.array(texts)):
        if text:
            axis.text(column, row, text, ha="center", va="center", fontsize=10)
    names = [fitted(class_names[k], WIDEST, 10) for k in range(len(percent))]
    places = range(len(names))
    axis.set_xticks(places, names, rotation=30, ha="right", **options(*names))
    axis.set_yticks(places, names, **options(*names))
    axis.tick_params(length=0)
    return figure
