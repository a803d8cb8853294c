"""Ways to do the same stand in one row, each with its own mark."""

import pytest

from nn_scratch import plotting


def test_ways(tmp_path):
    rows = {"pool_$x$": {"ours": 0.1, "theirs": 0.25}, "product": {"theirs": 2, "_a third": 30.0}}
    figure = plotting.plot_ways(rows, xlabel="milliseconds")
    figure.savefig(tmp_path / "picture.png")
    (axis,) = figure.axes
    marks = [line for line in axis.lines if line.get_marker() != "None"]
    drawn = [(line.get_xdata()[0], line.get_ydata()[0]) for line in marks]
    assert drawn == [(0.1, 0), (0.25, 0), (2, 1), (30, 1)]
    spans = [tuple(line.get_xdata()) for line in axis.lines if line not in marks]
    assert spans == [(0.1, 0.25), (2, 30)]
    looks = [(line.get_marker(), line.get_color()) for line in marks]
    assert looks[1] == looks[2] and len(set(looks)) == 3  # a way looks alike in every row
    assert [label.get_text() for label in axis.get_yticklabels()] == list(rows)
    legend = figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["ours", "theirs", "_a third"]
    assert axis.get_ylim()[0] > axis.get_ylim()[1]  # the first row above
    shown = {label.get_text() for label in axis.get_xticklabels()}
    assert {"0.1", "0.2", "1", "20"} <= shown


@pytest.mark.parametrize("value", [2.0, 2.01, 1.99])
def test_no_mark_hides_another(value):
    rows = {"a": {"x": 2.0, "y": value, "z": 20.0}, "b": {"x": 1.0, "y": 1.1, "z": 9.0}}
    axis = plotting.plot_ways(rows, xlabel="ms").axes[0]
    heights = [line.get_ydata()[0] for line in axis.lines if line.get_marker() != "None"]
    assert heights[0] == -heights[1] < 0 and heights[2:] == [0, 1, 1, 1]


def test_many_decades_have_fewer_ticks(tmp_path):
    figure = plotting.plot_ways({"a": {"x": 1e-6, "y": 1e6}}, xlabel="seconds")
    figure.savefig(tmp_path / "picture.png")
    assert len(figure.axes[0].get_xticks()) < 20


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({}, "rows is empty"),
        ({"a": {}}, "rows is empty"),
        ({"a": 3}, "rows is a int"),
        ({"a": {"x": 0}}, "rows is 0"),
        ({"a": {"x": float("nan")}}, "rows is nan"),
        ({"a": {"x": "1"}}, "rows is '1'"),
    ],
)
def test_what_cannot_be_drawn_is_named(rows, message):
    with pytest.raises((ValueError, TypeError), match=message):
        plotting.plot_ways(rows, xlabel="ms")
