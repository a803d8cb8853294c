"""Pictures can be drawn from what the nets give; how they look is for eyes."""

import numpy as np
import pytest

from helpers import draw, legend_as_read
from nn_scratch.data.digits import CLASS_NAMES
from nn_scratch.plotting import box_formats, charts, figures, outlines, roofline, scores


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("count", [1, 5])
def test_segmentation(count, channels, tmp_path):
    labels = np.random.default_rng(0).integers(0, 11, (count, 6, 8))
    images = draw(count, channels, 6, 8)
    for found, titles in (None, ["image", "truth"]), (labels, ["image", "truth", "prediction"]):
        figure = figures.plot_segmentation(images, labels, CLASS_NAMES, found)
        figure.savefig(tmp_path / "picture.png")
        assert (tmp_path / "picture.png").stat().st_size > 1000
        assert legend_as_read(figure) == [CLASS_NAMES[k] for k in np.unique(labels)]
        columns = 2 if count > 3 else 1
        assert [axis.get_title() for axis in figure.axes if axis.get_title()] == columns * titles
        drawn = [axis for axis in figure.axes if axis.images]
        assert len(drawn) == count * len(titles)


def test_every_class_has_a_colour_whatever_their_number():
    labels = np.arange(100).reshape(1, 10, 10)
    names = [f"class {label}" for label in range(80)]
    figure = figures.plot_segmentation(draw(1, 1, 10, 10), labels, names, labels)
    shown = figure.axes[1].images[0].get_array()
    assert shown.shape == (10, 10, 3)
    assert len(np.unique(shown.reshape(-1, 3)[:70], axis=0)) == 70
    assert (shown[8:] == shown[9, 9]).all()  # labels that are no class, and stand out


def test_overlay_and_box(tmp_path):
    labels = np.array([[0, 0, 2], [2, 2, 255]])
    figure = figures.plot_overlay(draw(3, 2, 3), labels, ["a", "b", "c"])
    figure.savefig(tmp_path / "overlay.png")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "c"]
    figure = figures.plot_box(draw(1, 6, 8), np.array([1.0, 2, 3, 4]), "cat")
    figure.savefig(tmp_path / "box.png")
    (patch,) = figure.axes[0].patches
    assert patch.get_bbox().bounds == (0.5, 1.5, 3, 4) and figure.axes[0].get_title() == "cat"


def test_dots(tmp_path):
    figure = charts.plot_dots(["a", "b"], {"iou": [[1, 2], [3]], "ms": [[1], [9]]}, ["ms"])
    figure.savefig(tmp_path / "picture.png")
    assert [axis.get_xscale() for axis in figure.axes] == ["linear", "log"]
    assert [list(line.get_xdata()) for line in figure.axes[0].lines] == [[1, 2], [3]]


def test_dots_of_groups_have_a_colour_and_a_marker_each(tmp_path):
    rows = [[1, 2], [3], [4]]
    figure = charts.plot_dots(["a", "b", "c"], {"iou": rows}, groups=["old", "old", "new"])
    figure.savefig(tmp_path / "picture.png")
    looks = [(line.get_color(), line.get_marker()) for line in figure.axes[0].lines]
    assert looks[0] == looks[1] and all(a != b for a, b in zip(looks[0], looks[2], strict=True))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["old", "new"]


def test_outlines_lie_on_the_sides_of_pixels(tmp_path):
    truth = np.zeros((5, 7), int)
    truth[1:3, 2:5] = 2
    found = {"same": truth, "moved": np.roll(truth, 1, axis=1), "nothing": 0 * truth}
    figure = outlines.plot_outlines(draw(1, 5, 7), truth, found, ["background", "a", "b"])
    figure.savefig(tmp_path / "picture.png")
    for axis, (what, labels) in zip(figure.axes, found.items(), strict=True):
        casing, true_lines, lines = (c.get_segments() for c in axis.collections)
        np.testing.assert_array_equal(casing, true_lines)
        assert len(true_lines) == 2 * (2 + 3) and axis.get_title() == what
        assert len(lines) == (0 if what == "nothing" else 10)
        if len(lines):
            corners = np.concatenate(lines)
            rows, columns = np.nonzero(labels)
            assert corners.min(axis=0).tolist() == [columns.min() - 0.5, rows.min() - 0.5]
            assert corners.max(axis=0).tolist() == [columns.max() + 0.5, rows.max() + 0.5]


def test_outlines_name_the_classes_that_have_many_pixels(tmp_path):
    truth = np.zeros((20, 30), int)
    found = truth.copy()
    found[3:6, 4:9], found[10, 20:24] = 1, 2
    figure = outlines.plot_outlines(draw(1, 20, 30), truth, {"a": found}, ["", "one", "$two"])
    figure.savefig(tmp_path / "picture.png")
    (text,) = figure.axes[0].texts
    assert text.get_text() == "one" and text.get_position() == (6, 4)


@pytest.mark.parametrize(
    ("columns", "named"), [((4, 5), ["two"]), ((4, 6), ["two", "one"]), ((1, 8), ["two", "one"])]
)
def test_outlines_write_no_name_beside_a_larger_one(columns, named):
    """Two names side by side would be read as one."""
    found = np.zeros((20, 30), int)
    found[:, columns[0]], found[:, columns[1] : columns[1] + 3] = 1, 2
    figure = outlines.plot_outlines(draw(1, 20, 30), 0 * found, {"a": found}, ["", "one", "two"])
    assert [text.get_text() for text in figure.axes[0].texts] == named


def test_scores_become_probabilities_and_a_gradient(tmp_path):
    figure = scores.plot_scores([2.0, 1, 0], 1, ["a", "$b", "c"])
    figure.savefig(tmp_path / "picture.png")
    z, p, gradient = ([bar.get_width() for bar in axis.patches] for axis in figure.axes)
    assert z == [2, 1, 0]
    np.testing.assert_allclose(p, [0.6652, 0.2447, 0.0900], atol=1e-4)
    np.testing.assert_allclose(gradient, [0.6652, -0.7553, 0.0900], atol=1e-4)
    assert [bar.get_hatch() for bar in figure.axes[0].patches] == ["", "////", ""]


@pytest.mark.parametrize("given", [[2.0, 1, 0], [-9.0, 9, 3], [0.0, 0, 0]])
def test_probabilities_and_gradients_have_one_scale(given):
    """As long on paper for as much, whatever the scores are."""
    figure = scores.plot_scores(given, 1, ["a", "b", "c"])
    figure.draw_without_rendering()
    lengths = [np.ptp(axis.transData.transform([(0, 0), (1, 0)])[:, 0]) for axis in figure.axes[1:]]
    assert lengths[0] == pytest.approx(lengths[1], rel=0.01)
    assert lengths[0] == pytest.approx(lengths_of([5.0, -1, 0.0]), rel=0.05)


def lengths_of(given):
    """The pixels of a probability of 1."""
    figure = scores.plot_scores(given, 0, ["a", "b", "c"])
    figure.draw_without_rendering()
    return np.ptp(figure.axes[1].transData.transform([(0, 0), (1, 0)])[:, 0])


@pytest.mark.parametrize(
    ("given", "truth", "names", "message"),
    [
        ([1.0], 0, ["a"], "scores has 1 number"),
        ([1.0, np.nan], 0, ["a", "b"], "scores holds"),
        ([1.0, 2], 2, ["a", "b"], "truth is 2"),
        ([1.0, 2], 0, ["a"], "class_names has 1"),
    ],
)
def test_scores_refuse_nonsense_by_name(given, truth, names, message):
    with pytest.raises((ValueError, TypeError), match=message):
        scores.plot_scores(given, truth, names)


def test_a_box_in_three_formats(tmp_path):
    figure = box_formats.plot_box_formats(draw(1, 12, 15), [3, 2, 4, 6])
    figure.savefig(tmp_path / "picture.png")
    numbers = [axis.get_title().split("\n")[-1] for axis in figure.axes]
    assert numbers == ["3, 2, 4, 6", "3, 2, 7, 8", "5, 5, 4, 6"]
    centre = figure.axes[2].lines[0]
    assert (centre.get_xdata()[0], centre.get_ydata()[0]) == (4.5, 4.5)  # pixel 0 begins at −0.5
    with pytest.raises(ValueError, match="box is"):
        box_formats.plot_box_formats(draw(1, 12, 15), [3, 2, 0, 6])


def test_boxes(tmp_path):
    boxes = np.array([[1.0, 2, 3, 4]] * 7)
    figure = figures.plot_boxes(draw(7, 1, 6, 8), boxes, boxes, [3] * 7, [5] * 7)
    figure.savefig(tmp_path / "picture.png")
    assert figure.axes[0].get_title() == "3 seen as 5\nIoU 1.00"
    captions = [f"epoch {n}" for n in range(7)]
    figure = figures.plot_boxes(draw(7, 1, 6, 8), boxes, boxes, captions=captions)
    assert figure.axes[6].get_title() == "epoch 6\nIoU 1.00"
    alone = figures.plot_boxes(draw(7, 1, 6, 8), boxes)
    assert [len(axis.patches) for axis in alone.axes[:7]] == [1] * 7
    assert [text.get_text() for text in alone.legends[0].get_texts()] == ["truth"]


def test_arrays(tmp_path):
    figure = figures.plot_arrays({"x": np.eye(2), "y": np.arange(4) - 2}, columns=1)
    figure.savefig(tmp_path / "picture.png")
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["x", "1", "0", "0", "1", "y", "-2", "-1", "0", "1"]


def test_infinity_below_is_written_and_changes_no_colour(tmp_path):
    array = np.array([[1.0, -np.inf], [np.nan, -2]])
    figure = figures.plot_arrays({"one": array})
    figure.savefig(tmp_path / "picture.png")
    (axis,) = figure.axes
    assert [text.get_text() for text in axis.texts] == ["one", "1", "−∞", "-2"]
    (cells,) = axis.collections
    assert cells.norm.vmax == 2
    assert np.ma.getmaskarray(cells.get_array()).ravel().tolist() == [False, True, True, False]
    with pytest.raises(ValueError, match="arrays holds infinity"):
        figures.plot_arrays({"one": -array})


def test_arrays_share_a_scale_or_have_their_own():
    arrays = {"small": np.eye(2), "large": 10 * np.eye(2)}
    for shared, expected in (True, [10, 10]), (False, [1, 10]):
        figure = figures.plot_arrays(arrays, shared=shared)
        assert [mesh.get_clim()[1] for mesh in figure.axes[0].collections] == expected


def test_label_maps_among_images_have_a_legend():
    images = {"image": draw(1, 4, 5), "labels": np.eye(4, 5, dtype=int) * 2}
    figure = figures.plot_images(images, class_names=["a", "b", "c"])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "c"]


def test_images(tmp_path):
    labels = np.arange(40).reshape(5, 8) % 11
    images = {"grey": draw(1, 5, 8), "colour": draw(3, 5, 8), "map": draw(5, 8), "labels": labels}
    figure = figures.plot_images(images, columns=3)
    figure.savefig(tmp_path / "images.png")
    shown = [axis for axis in figure.axes if axis.images]
    assert [axis.get_title() for axis in shown] == list(images)
    assert all(axis.axison for axis in shown) and len(figure.axes) == 6


def test_lines_and_roofline(tmp_path):
    figure = charts.plot_lines({"a": [1, 2], "b": [2, 1]}, [1, 10], xlabel="x", ylabel="y")
    figure.savefig(tmp_path / "lines.png")
    assert len(figure.axes[0].lines) == 2
    marked = charts.plot_lines({"a": [1, 2]}, [1, 2], xlabel="x", ylabel="y", marks={"$c": 1.5})
    marked.savefig(tmp_path / "marked.png")
    assert marked.axes[0].lines[0].get_ydata() == [1.5, 1.5]
    assert marked.axes[0].texts[0].get_text() == "$c"
    few = charts.plot_lines({"a": [1, 40]}, [1, 2], xlabel="x", ylabel="y", logarithmic="y")
    few.savefig(tmp_path / "few.png")
    ticks = [text.get_text() for text in few.axes[0].get_yticklabels()]
    assert {"1", "2", "5", "10", "20"} <= set(ticks)
    for values, side in ([5, 3, 1, 1], "left"), ([1, 1, 3, 5], "right"):
        figure = charts.plot_lines({"a": values}, range(4), xlabel="x", ylabel="y", marks={"c": 1})
        assert figure.axes[0].texts[0].get_ha() == side
    many = charts.plot_lines({"a": range(200)}, range(200), xlabel="step", ylabel="y")
    assert many.axes[0].lines[0].get_markevery() == 8
    assert all(float(t).is_integer() for t in many.axes[0].get_xticks())
    roof = roofline.plot_roofline({"here": (10, 50)}, bandwidth=20, rate=100)
    roof.savefig(tmp_path / "roof.png")
    assert [text.get_text() for text in roof.axes[0].texts][-1] == "here"
    assert roof.axes[0].lines[0].get_ydata().max() == 100


def test_shares_fill_every_bar(tmp_path):
    bars = {"one": {"a": 1.0, "b": 3.0}, "two": {"b": 2.0, "c": 2.0}}
    figure = charts.plot_shares(bars)
    figure.savefig(tmp_path / "picture.png")
    widths = [patch.get_width() for patch in figure.axes[0].patches]
    assert widths == [25, 0, 75, 50, 0, 50]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b", "c"]


def test_losses(tmp_path):
    history = {"steps": [{"loss": 1 / (step + 1)} for step in range(40)]}
    figure = charts.plot_losses({"one": history, "two": history})
    figure.savefig(tmp_path / "picture.png")
    assert [axis.get_title() for axis in figure.axes] == ["one", "two"]


def test_label_maps_of_huge_numbers_take_no_huge_table():
    figure = figures.plot_images({"labels": np.array([[0, 2**40], [1, 5]])})
    shown = figure.axes[0].images[0].get_array()
    assert (shown[0, 1] == 0).all() and len(np.unique(shown.reshape(-1, 3), axis=0)) == 4
