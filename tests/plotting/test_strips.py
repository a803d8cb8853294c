"""A strip shows the frames that are asked for, in their order."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from helpers import draw_integers
from nn_scratch.plotting import animate_convolution, plot_strip

COLOURS = np.array([(1.0, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0)])


def frames(size=(2, 1)):
    """Four frames of one colour each."""
    return (Figure(figsize=size, facecolor=colour) for colour in COLOURS)


def colours(figure):
    """The colour in the middle of each picture, from 0 to 1."""
    pictures = [axis.images[0].get_array() for axis in figure.axes]
    return np.array([p[p.shape[0] // 2, p.shape[1] // 2] for p in pictures]) / 255


@pytest.mark.parametrize("at", [(0,), (2, 0), (3, 1, 1, 2), range(4)])
def test_it_shows_the_frames_in_the_order_asked_for(at):
    figure = plot_strip(frames(), at, columns=2)
    np.testing.assert_allclose(colours(figure), COLOURS[list(at)], atol=0.01)


@pytest.mark.parametrize(("count", "columns", "rows"), [(4, 3, 2), (3, 3, 1), (2, 5, 1), (3, 1, 3)])
def test_frames_keep_their_shape_and_do_not_overlap(count, columns, rows):
    figure = plot_strip(frames((3, 2)), range(count), columns)
    wide, high = figure.get_size_inches()
    boxes = [axis.get_position() for axis in figure.axes]
    assert len(boxes) == count
    for box in boxes:
        assert box.width * wide / (box.height * high) == pytest.approx(3 / 2)
        assert min(box.x0, box.y0) >= -1e-9 and max(box.x1, box.y1) <= 1 + 1e-9
    assert len({round(box.y0, 6) for box in boxes}) == rows
    corners = {(round(box.x0, 6), round(box.y0, 6)) for box in boxes}
    assert len(corners) == count


def test_it_takes_a_film():
    film = animate_convolution(draw_integers(3, 4), draw_integers(2, 2, seed=1))
    figure = plot_strip(film, (0, 5))
    first, last = (axis.images[0].get_array() for axis in figure.axes)
    assert first.shape == last.shape and (first != last).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"at": (4,)}, "at is 4"),
        ({"at": ()}, "at is empty"),
        ({"at": (0.5,)}, "at is 0.5"),
        ({"frames": []}, "frames has 0 items"),
        ({"frames": ["a"]}, r"frames\[0\] is 'a'"),
        ({"columns": 0}, "columns is 0"),
    ],
)
def test_what_cannot_be_shown_is_named(change, message):
    with pytest.raises((TypeError, ValueError), match=message):
        plot_strip(**{"frames": frames(), "at": (0,)} | change)
