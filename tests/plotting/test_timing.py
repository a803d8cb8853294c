"""Bars, timelines and machines show the numbers that they are given."""

import numpy as np
import pytest

from nn_scratch import plotting


def texts(axis):
    return [text.get_text() for text in axis.texts]


@pytest.mark.parametrize("logarithmic", [False, True])
def test_bars(logarithmic, tmp_path):
    bars = {"loops": 200.0, "_a $product$": 0.5, "fast": 0.004}
    figure = plotting.plot_bars(
        bars,
        xlabel="seconds",
        texts={"loops": "3 min"},
        least={"fast": 0.001},
        mark="possible",
        logarithmic=logarithmic,
    )
    figure.savefig(tmp_path / "picture.png")
    (axis,) = figure.axes
    assert [bar.get_width() for bar in axis.patches] == list(bars.values())
    assert texts(axis) == ["3 min", "0.5", "0.004"]
    assert [label.get_text() for label in axis.get_yticklabels()] == list(bars)
    assert list(axis.lines[0].get_xdata()) == [0.001, 0.001]
    low, high = axis.get_xlim()
    assert low < 0.001 and high > 200
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["possible"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plotting.plot_bars({}, xlabel="s"), "bars is empty"),
        (lambda: plotting.plot_bars({"a": -1}, xlabel="s"), "bars is -1"),
        (lambda: plotting.plot_bars({"a": "1"}, xlabel="s"), "bars is '1'"),
        (lambda: plotting.plot_bars({"a": 0, "b": 1}, xlabel="s", logarithmic=True), "bars is"),
        (lambda: plotting.plot_bars({"a": 1}, xlabel="s", least={"a": None}), "least is None"),
        (lambda: plotting.plot_timeline({}, xlabel="s"), "rows is empty"),
        (lambda: plotting.plot_timeline({"a": [(1, 2)]}, xlabel="s"), r"rows has \(1, 2\)"),
        (lambda: plotting.plot_timeline({"a": [(1, -2, "x")]}, xlabel="s"), "rows is -2"),
        (lambda: plotting.plot_timeline({"a": [(1, 2, "x")]}, xlabel="s", kinds="x"), "kinds is"),
        (lambda: plotting.plot_timeline({"a": [(1, 2, "x")]}, xlabel="s", kinds=["y"]), "kinds is"),
        (lambda: plotting.plot_units({"a": 3}), "machines has 3"),
        (lambda: plotting.plot_units({"a": (0, 3)}), "machines is 0"),
    ],
)
def test_what_cannot_be_drawn_is_named(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_timeline(tmp_path):
    rows = {"host": [(0, 1, "start"), (1, 0.01, "start")], "card": [(0.5, 3, "work"), (4, 2, "x")]}
    figure = plotting.plot_timeline(rows, xlabel="µs")
    figure.savefig(tmp_path / "picture.png")
    (axis,) = figure.axes
    shown = [(bar.get_x(), bar.get_width()) for bar in axis.patches]
    expected = [(start, length) for pieces in rows.values() for start, length, _ in pieces]
    np.testing.assert_allclose(shown, expected)
    assert texts(axis) == ["start", "work", "x"]  # in the shortest piece is no room
    assert axis.get_xlim()[1] > 6


def test_a_timeline_with_kinds_has_colours_instead_of_words(tmp_path):
    rows = {"core": [(0, 1, "copy"), (1, 1, "multiply"), (2, 1, "copy")]}
    figure = plotting.plot_timeline(rows, xlabel="ms", kinds=["copy", "multiply", "wait"])
    figure.savefig(tmp_path / "picture.png")
    (axis,) = figure.axes
    first, second, third = (bar.get_facecolor() for bar in axis.patches)
    assert first == third != second and not texts(axis)
    shown = [t.get_text() for t in figure.legends[0].get_texts()]
    assert shown == ["copy", "multiply", "wait"]


@pytest.mark.parametrize("counts", [(2, 16), (108, 64), (1, 1), (3, 7)])
def test_units(counts, tmp_path):
    groups, units = counts
    figure = plotting.plot_units({"a processor": (2, 8), "a card": counts})
    figure.savefig(tmp_path / "picture.png")
    (axis,) = figure.axes
    assert [len(c.get_paths()) for c in axis.collections] == [16, 2, groups * units, groups]
    assert texts(axis)[1] == f"a card\n{groups} × {units} = {groups * units:,} units"
    sides = [c.get_paths()[0].get_extents().width for c in axis.collections[::2]]
    assert np.isclose(sides[0], sides[1])  # one scale
    for collection in axis.collections:  # all of it is in the picture
        for path in collection.get_paths():
            box = path.get_extents()
            assert box.x0 >= 0 and box.x1 <= 8.6
            assert box.y1 <= axis.get_ylim()[0]
