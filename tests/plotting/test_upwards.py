"""Drawings of the ways up show what the ops compute, and refuse what they cannot draw, by name."""

import numpy as np
import pytest

from nn_scratch import ops
from nn_scratch.plotting import upwards
from nn_scratch.plotting.colours import WINDOW_COLOURS

IMAGE = np.random.default_rng(0).random((1, 7, 10), dtype=np.float32)


def test_blocks_have_the_colour_of_their_value(tmp_path):
    small = np.array([[1.0, 2, 3]])
    nails = ops.bed_of_nails_unpool2d(small[None, None], 2)[0, 0]
    figure = upwards.plot_blocks({"small": small, "nails": nails})
    figure.savefig(tmp_path / "picture.png")
    (axis,) = figure.axes
    numbers = [text.get_text() for text in axis.texts if text.get_text().isdigit()]
    assert "".join(numbers) == "123" + "102030" + "000000"
    colours = [patch.get_facecolor() for patch in axis.patches]
    assert colours[:3] == colours[3:9:2]
    assert len(set(colours[:3])) == 3 and set(colours[9:]) == {(1.0, 1.0, 1.0, 1.0)}
    assert len(WINDOW_COLOURS) == len(set(WINDOW_COLOURS))


def test_zeros_are_white_only_where_a_block_has_one_value():
    small = np.array([[0.0, 2]])
    full = np.array([[1.0, 0, 3, 4], [0, 5, 6, 0]])
    figure = upwards.plot_blocks({"small": small, "full": full, "sparse": full * (full > 5)})
    colours = [patch.get_facecolor() for patch in figure.axes[0].patches]
    first, second = colours[:2]
    assert colours[2:10] == 2 * [first, first, second, second]
    assert colours[10:].count((1.0, 1.0, 1.0, 1.0)) == 7


@pytest.mark.parametrize("image", [IMAGE, 3 * IMAGE])
def test_points_are_dots_only_where_the_value_is_the_image_s_own(image, tmp_path):
    found = np.zeros((7, 10), np.float32)
    found[1, 2], found[3, 4], found[6, 9] = image[0, 1, 2], image[0, 3, 4], 0.123
    figure = upwards.plot_points(image, {"mine": found})
    figure.savefig(tmp_path / "picture.png")
    (axis,) = figure.axes
    dots, crosses = axis.collections
    assert dots.get_offsets().tolist() == [[2, 1], [4, 3]]
    assert crosses.get_offsets().tolist() == [[9, 6]]
    assert axis.get_title() == "mine: 67% in place"


@pytest.mark.parametrize(("count", "wanted"), [(2, 4), (3, 5), (4, 2), (1, 3)])
def test_interpolation_writes_the_shares(count, wanted, tmp_path):
    figure = upwards.plot_interpolation(count, wanted)
    figure.savefig(tmp_path / "picture.png")
    (axis,) = figure.axes
    found = [float(t.get_text()) for t in axis.texts if t.get_text()[0].isdigit()]
    assert len(found) == len([line for line in axis.lines if len(line.get_xdata()) == 2])
    assert sum(found) == pytest.approx(wanted, abs=0.02)  # each new pixel's shares sum to 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: upwards.plot_blocks({}), "arrays is empty"),
        (lambda: upwards.plot_blocks({"a": np.ones(3)}), r"arrays has shape \(3,\)"),
        (
            lambda: upwards.plot_blocks({"a": np.ones((2, 2)), "b": np.ones((4, 5))}),
            r"arrays holds \(4, 5\), but must hold \(2, 2\) or \(4, 4\)",
        ),
        (lambda: upwards.plot_points(IMAGE, {"a": np.ones((2, 2))}), r"maps holds \(2, 2\)"),
        (lambda: upwards.plot_points(IMAGE, {"a": IMAGE[0] * np.nan}), "maps holds NaN"),
        (lambda: upwards.plot_interpolation(0, 3), "count is 0"),
        (lambda: upwards.plot_interpolation(2, 2.5), "wanted is 2.5"),
    ],
)
def test_what_cannot_be_drawn(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
