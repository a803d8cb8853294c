"""Names in pictures are text, however long and strange they are, and lie inside the picture."""

import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from helpers import draw, legend_as_read
from nn_scratch.plotting import charts, figures, roofline
from nn_scratch.plotting.text import fitted, legend_below, plain, text_width

CAMVID = [
    *("sky", "building", "pole", "road_marking", "road", "pavement", "tree", "sign_symbol"),
    *("fence", "vehicle", "pedestrian", "bike"),
]
STRANGE = [
    *("_nolegend_", "$x_2$", "a$b$c", r"$\frac$", "%s {x}", "two\nlines", "\x1b[31mred", "\t", ""),
    *("猫", "\u0645\u0631\u062d\u0628\u0627", "\u05e9\u05dc\u05d5\u05dd", "\u202eevil", "\ud800"),
    *("e\u0301te\u0301", "😀", "\U000f0000", "x" * 400, "a very long name, and it ends with one"),
]
NAMES = {
    "CamVid": CAMVID,
    "three long": [f"american pit bull terrier {number}" for number in range(3)],
    "forty": [f"number {number}" for number in range(40)],
    "two hundred": [f"c{number}" for number in range(200)],
    "one, very long": ["word " * 60],
    "strange": STRANGE,
}


def pictures(names):
    """Every picture that has a legend of classes, with all of them in it."""
    count = len(names)
    labels = np.resize(np.arange(count), (30, 41))
    image = draw(3, 30, 41)
    yield figures.plot_overlay(image, labels, names)
    yield figures.plot_segmentation(image[None], labels[None], names)
    for number in 1, 5:
        images, maps = np.stack([image] * number), np.stack([labels] * number)
        yield figures.plot_segmentation(images, maps, names, maps)


@pytest.mark.slow
@pytest.mark.parametrize("kind", NAMES)
def test_legends_lie_inside_the_picture_and_below_the_images(kind, tmp_path):
    for figure in pictures(NAMES[kind]):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            figure.savefig(tmp_path / "picture.png")
        (legend,) = figure.legends
        frame, whole = legend.get_window_extent(), figure.bbox
        assert frame.x0 >= 0 and frame.y0 >= 0 and frame.x1 <= whole.x1
        assert frame.y1 <= min(axis.get_window_extent().y0 for axis in figure.axes) + 1
        for text in legend.get_texts():
            box = text.get_window_extent()
            assert frame.x0 <= box.x0 and box.x1 <= frame.x1
        shown = [text.get_text() for text in legend.get_texts()]
        assert len(shown) == len(NAMES[kind])
        heights = [axis.get_window_extent().height for axis in figure.axes if axis.images]
        assert min(heights) > 0.5 * figure.dpi  # half an inch


def test_what_legends_show(tmp_path):
    figure = next(pictures(STRANGE[:9]))
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    expected = [*STRANGE[:5], r"two\nlines", r"\x1b[31mred", r"\t", ""]
    assert sorted(shown) == sorted(expected)


@pytest.mark.parametrize(("count", "width"), [(1, 3), (5, 3), (7, 3), (8, 4), (11, 7), (25, 5)])
def test_legends_are_read_row_by_row(count, width):
    """Rows are full, but for the last."""
    figure = Figure(figsize=(width, 2), layout="constrained")
    names = [f"class {n}" for n in range(count)]
    legend = legend_below(figure, [Patch() for _ in names], names)
    assert legend_as_read(figure) == names
    assert legend.get_window_extent().x1 <= figure.bbox.x1


@pytest.mark.slow
@pytest.mark.parametrize(
    "draw_names",
    [
        lambda names: figures.plot_box(draw(3, 20, 31), np.array([1, 2, 9, 9]), names[0]),
        lambda names: figures.plot_boxes(
            np.stack([draw(1, 20, 20)] * len(names)),
            np.array([[1, 2, 9, 9]] * len(names)),
            np.array([[2, 2, 9, 9]] * len(names)),
            names,
            names[::-1],
        ),
        lambda names: charts.plot_dots(
            names, {"iou": [[1]] * len(names), names[0]: [[1]] * len(names)}
        ),
        lambda names: charts.plot_lines({n: [1, 2] for n in names}, [1, 2], xlabel="x", ylabel="y"),
        lambda names: charts.plot_lines(
            {n: [1, 2] for n in names[:4]}, [1, 2], xlabel="x", ylabel="y"
        ),
        lambda names: charts.plot_losses({n: {"steps": [{"loss": 1}]} for n in names[:3]}),
        lambda names: roofline.plot_roofline({n: (1, 2) for n in names[:6]}, 20, 100),
        lambda names: figures.plot_images({n: draw(5, 8) for n in names}, columns=4),
        lambda names: figures.plot_arrays({n: np.eye(2) for n in names}, columns=4),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_every_picture_can_be_drawn_with_strange_names(draw_names, order, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = draw_names(STRANGE[::order])
        figure.savefig(tmp_path / "picture.png")
    for axis in figure.axes:
        if axis.get_title():
            assert axis.title.get_window_extent().y1 <= figure.bbox.y1 + 1


@pytest.mark.parametrize("name", [name for name in STRANGE if name])
@pytest.mark.parametrize("inches", [0.5, 1.6, 3.0])
def test_fitted_names_are_no_wider_than_their_place(name, inches):
    text = fitted(name, inches)
    assert text_width(text, 9) <= inches
    assert text == plain(name) or text_width(plain(name), 9) > inches
    assert len(text) == len(plain(name)) or "…" in text


def test_what_no_font_has_is_an_escape():
    assert plain("a\U000f0000b") == r"a\U000f0000b"
    assert plain("Käfer") == "Käfer"
