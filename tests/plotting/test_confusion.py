"""The table says percents of its rows, under the names of the classes."""

import numpy as np
import pytest

from nn_scratch.plotting import plot_confusion, plot_counts


def test_confusion(tmp_path):
    figure = plot_confusion(np.array([[3, 1, 0], [0, 0, 0], [1, 0, 7]]), ["a", "_b", "$c"])
    figure.savefig(tmp_path / "picture.png")
    (axis,) = figure.axes
    assert [t.get_text() for t in axis.texts] == ["75%", "25%", "0%", "12%", "0%", "88%"]
    assert [t.get_text() for t in axis.get_yticklabels()] == ["a", "_b", "$c"]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("predicted", "true")


@pytest.mark.parametrize("counts", [[[7, 1], [1, 3]], [[0, 0], [0, 0]], [[0, 12], [0, 5]]])
def test_counts(counts, tmp_path):
    figure = plot_counts(np.array(counts), ["a", "b"])
    figure.savefig(tmp_path / "picture.png")
    (axis,) = figure.axes
    assert [t.get_text() for t in axis.texts] == [str(n) for row in counts for n in row]
    assert np.max(axis.images[0].get_array()) == (100 if np.any(counts) else 0)
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("predicted", "true")


@pytest.mark.parametrize("plot", [plot_confusion, plot_counts])
@pytest.mark.parametrize(
    ("confusion", "names", "message"),
    [
        (np.zeros((2, 3)), ["a", "b", "c"], r"confusion has shape \(2, 3\)"),
        (-np.ones((2, 2)), ["a", "b"], "confusion must hold counts"),
        (np.full((2, 2), np.nan), ["a", "b"], "confusion must hold counts"),
        (np.ones((2, 2)), ["a"], "class_names has 1 names"),
        ("text", ["a"], "confusion is str"),
    ],
)
def test_no_confusion(plot, confusion, names, message):
    with pytest.raises((ValueError, TypeError), match=message):
        plot(confusion, names)
