"""Charts of values and of descents show what they are given, and refuse what they cannot draw."""

import numpy as np
import pytest

from helpers import draw
from nn_scratch.plotting import charts, roofline


def test_ridges_have_their_mean_and_deviation(tmp_path):
    panels = {"before": {"a": 3 + 2 * draw(4, 50), "b": draw(7, 30, seed=1)}, "after": {"a": [1.0]}}
    figure = charts.plot_ridges(panels)
    figure.savefig(tmp_path / "picture.png")
    before, after = figure.axes
    assert before.get_xlim() == after.get_xlim()
    assert [label.get_text() for label in before.get_yticklabels()] == ["a", "b"]
    spans = [line.get_xdata() for line in before.lines if len(line.get_xdata()) == 2][:2]
    for span, values in zip(spans, panels["before"].values(), strict=True):
        np.testing.assert_allclose(np.mean(span), values.mean(), rtol=1e-5)
        np.testing.assert_allclose(np.ptp(span) / 2, values.std(), rtol=1e-5)


def test_a_valley_shows_its_lowest_place_and_the_ways(tmp_path):
    x, y = np.linspace(-2, 2, 9), np.linspace(-1, 3, 7)
    loss = (x[None] - 1) ** 2 + 2 * (y[:, None] - 1) ** 2 + 0.1
    ways = {"short": [(0.0, 0.0), (0.5, 0.5)], "none": [(2.0, 3.0)]}
    figure = charts.plot_valley(loss, x, y, ways, xlabel="a", ylabel="b")
    figure.savefig(tmp_path / "picture.png")
    for axis, places in zip(figure.axes, ways.values(), strict=True):
        line, _, start, star = axis.lines
        assert line.get_xydata().tolist() == [list(place) for place in places]
        assert start.get_xydata().tolist() == [list(places[0])]
        assert star.get_xydata().tolist() == [[1.0, 1.0]]


VALLEY = {"xlabel": "a", "ylabel": "b"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: charts.plot_ridges({}), "panels is empty"),
        (lambda: charts.plot_ridges({"a": {}}), "panels is empty"),
        (lambda: charts.plot_ridges({"a": {"b": [np.nan]}}), "panels holds NaN"),
        (lambda: charts.plot_ridges({"a": {"b": "text"}}), "panels is str"),
        (
            lambda: charts.plot_valley(np.ones((2, 3)), [0, 1], [0, 1], {"a": [(0, 0)]}, **VALLEY),
            r"loss has shape \(2, 3\), but must be \(2, 2\)",
        ),
        (
            lambda: charts.plot_valley(np.ones((2, 2)), [0, 1], [0, 1], {"a": [0, 0]}, **VALLEY),
            "ways has shape",
        ),
        (
            lambda: charts.plot_valley(np.ones((2, 2)), [0, 1], [0, 1], {"a": [(0,)]}, **VALLEY),
            "ways has shape",
        ),
        (
            lambda: charts.plot_valley(-np.ones((2, 2)), [0, 1], [0, 1], {"a": [(0, 0)]}, **VALLEY),
            "loss has values below zero",
        ),
    ],
)
def test_what_cannot_be_drawn(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_dots_that_are_missing_are_left_out():
    panels = {"iou": [[0.5, np.nan], [0.7]], "ms": [[np.nan], [np.nan]]}
    figure = charts.plot_dots(["a", "b"], panels, logarithmic=["ms"])
    figure.draw_without_rendering()
    shown = [line.get_xdata().tolist() for line in figure.axes[0].lines]
    assert np.array_equal(shown[0], [0.5, np.nan], equal_nan=True) and shown[1] == [0.7]


def test_a_mark_stands_in_its_panel_alone():
    figure = charts.plot_dots(["a"], {"ratio": [[0.5, 2]], "ms": [[3]]}, marks={"ratio": 1})
    figure.draw_without_rendering()
    ratio, ms = figure.axes
    assert ratio.lines[-1].get_xdata() == [1, 1] and len(ratio.lines) == 2 and len(ms.lines) == 1


def test_shares_have_their_numbers_and_looks_of_their_own():
    parts = {"a": 0.4, "b": 0.04, "c": 0.2, "d": 0.1, "e": 0.1, "f": 0.1, "g": 0.06}
    figure = charts.plot_shares({"one": parts})
    figure.draw_without_rendering()
    (axis,) = figure.axes
    assert [text.get_text() for text in axis.texts] == ["40", "20", "10", "10", "10", "6"]
    looks = [(bar.get_facecolor(), bar.get_hatch()) for bar in axis.patches]
    assert len(set(looks)) == len(parts)
    assert len({colour for colour, _ in looks}) == len(parts)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: charts.plot_losses({"net": {"steps": []}}), "histories"),
        (lambda: charts.plot_losses({"net": [1, 2]}), "histories holds"),
        (lambda: charts.plot_dots(["a"], {"iou": [[1], [2]]}), "panels holds .* but must hold 1"),
        (lambda: charts.plot_dots(["a"], {"iou": [[0]]}, ["iou"]), "panels holds"),
        (lambda: charts.plot_dots(["a"], {"iou": [[1]]}, groups=["x", "y"]), "groups has 2"),
        (lambda: charts.plot_dots(["a"], {"iou": [[1]]}, marks={"iou": "x"}), "marks is 'x'"),
        (lambda: charts.plot_lines({"a": [1, 2]}, [1], xlabel="x", ylabel="y"), "lines has shape"),
        (
            lambda: charts.plot_lines({"a": [0]}, [1], xlabel="x", ylabel="y", logarithmic="y"),
            "lin",
        ),
        (lambda: charts.plot_shares({"a": {"b": 0}}), "bars holds a bar whose parts are all 0"),
        (lambda: roofline.plot_roofline({"a": (1, 0)}, 1, 1), "points holds"),
        (lambda: roofline.plot_roofline({"a": (1, 1)}, 0, 1), "bandwidth is 0"),
    ],
)
def test_charts_refuse_nonsense_by_name(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_a_name_in_a_roofline_stays_in_the_picture_and_beside_its_point():
    points = {"near": (1, 10), "7×7": (770, 900), "a name too long to stand below": (770, 90)}
    figure = roofline.plot_roofline(points, 100, 1000)
    figure.draw_without_rendering()
    labels = {text.get_text(): text for text in figure.axes[0].texts}
    assert [labels[name].get_ha() for name in points] == ["left", "center", "right"]
    for name in points:
        box = labels[name].get_window_extent()
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
