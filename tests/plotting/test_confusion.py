"""The table says percents of its rows, under the names of the classes."""

import numpy as np
import pytest

from nn_scratch.plotting import plot_confusion


def test_confusion(tmp_path):
    figure = plot_confusion(np.array([[3, 1, 0], [0, 0, 0], [1, 0, 7]]), ["a", "_b", "$c"])
    figure.savefig(tmp_path / "picture.png")
    (axis,) = figure.axes
    assert [t.get_text() for t in axis.texts] == ["75%", "25%", "0%", "12%", "0%", "88%"]
    assert [t.get_text() for t in axis.get_yticklabels()] == ["a", "_b", "$c"]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("predicted", "true")


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
def test_no_confusion(confusion, names, message):
    with pytest.raises((ValueError, TypeError), match=message):
        plot_confusion(confusion, names)
