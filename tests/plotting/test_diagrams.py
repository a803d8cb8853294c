"""The drawings show what the ops compute; how they look is for eyes."""

import numpy as np
import pytest

from helpers import draw
from nn_scratch import ops
from nn_scratch.plotting import diagrams


def texts(axis):
    return [text.get_text() for text in axis.texts]


@pytest.mark.parametrize("size", [1, 3, 5])
def test_filtered(size, tmp_path):
    image, kernel = draw(1, 8, 9), draw(size, size, seed=1)
    figure = diagrams.plot_filtered(image, {"mine": kernel, "turned": kernel[::-1, ::-1]})
    figure.savefig(tmp_path / "picture.png")
    shown = [axis.images[0].get_array() for axis in figure.axes if axis.images]
    assert len(shown) == 3
    y = ops.conv2d(image[None], kernel[None, None], padding=size // 2)[0, 0]
    np.testing.assert_array_equal(shown[1], y)


def test_signed(tmp_path):
    maps = {"one": draw(4, 5), "two": -3 * draw(4, 5), "three": 0 * draw(4, 5)}
    figure = diagrams.plot_signed(maps, columns=2)
    figure.savefig(tmp_path / "picture.png")
    shown = [axis.images[0] for axis in figure.axes if axis.images]
    most = abs(maps["two"]).max()
    for image, values in zip(shown, maps.values(), strict=True):
        np.testing.assert_array_equal(image.get_array(), values)
        assert image.get_clim() == (-most, most)
    for wrong, message in ((np.ones(3), "maps has shape"), (maps["one"] * np.inf, "maps holds")):
        with pytest.raises(ValueError, match=message):
            diagrams.plot_signed({"one": wrong})


@pytest.mark.parametrize(
    ("kernel", "stride", "even"),
    [
        (np.outer([0.5, 1, 0.5], [0.5, 1, 0.5]), 2, True),
        (np.ones((3, 3)), 2, False),
        (np.ones((3, 3)), 3, True),
        (np.arange(16.0).reshape(4, 4), 2, False),
    ],
)
def test_phases(kernel, stride, even, tmp_path):
    figure = diagrams.plot_phases({"kernel": kernel}, stride)
    figure.savefig(tmp_path / "picture.png")
    weights, sums, painted = figure.axes
    assert [float(t) for t in texts(weights)] == kernel.ravel().tolist()
    assert len(texts(sums)) == stride**2
    assert painted.get_title() == ("even inside" if even else "a checkerboard")
    inside = painted.images[0].get_array()[4:-4, 4:-4]
    assert (len(np.unique(inside)) == 1) == even


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ([2, 0, 4, 4], "IoU = 8 / 24 = 0.33"),
        ([9, 0, 4, 4], "IoU = 0 / 32 = 0.00"),
        ([1, 1, 2, 3], "IoU = 6 / 16 = 0.38"),
    ],
)
def test_two_boxes(box, said, tmp_path):
    figure = diagrams.plot_two_boxes([0, 0, 4, 4], box)
    figure.savefig(tmp_path / "picture.png")
    assert figure.axes[0].get_title().endswith(said)


def test_two_heads(tmp_path):
    probabilities = np.array([0.2, 0.7, 0.1])
    names = ["a", "b", "c"]
    figure = diagrams.plot_two_heads(draw(1, 8, 9), probabilities, [1, 2, 3, 4], names, 32)
    figure.savefig(tmp_path / "picture.png")
    canvas, _, bars, where = figure.axes
    assert [bar.get_height() for bar in bars.patches] == probabilities.tolist()
    assert where.patches[0].get_bbox().bounds == (0.5, 1.5, 3, 4)
    assert "linear, 32 → 3" in "".join(texts(canvas)) and "32 → 4" in "".join(texts(canvas))


def test_filtered_with_nothing_negative_is_grey():
    image = draw(1, 9, 7).clip(0, 1)
    figure = diagrams.plot_filtered(image, {"blur": np.ones((3, 3)) / 9, "edge": np.eye(3) - 0.3})
    grey, signed = [shown for axis in figure.axes for shown in axis.images][1:]
    assert grey.get_cmap().name == "gray" and grey.get_clim()[0] == 0
    assert signed.get_clim()[0] == -signed.get_clim()[1]


@pytest.mark.parametrize("layers", [["one"], ["a $1", "b", "a long name of a layer"]])
def test_chain(layers, tmp_path):
    figure = diagrams.plot_chain(layers)
    figure.savefig(tmp_path / "picture.png")
    shown = texts(figure.axes[0])
    assert shown.count("$=$") == 2 * (len(layers) - 1)  # y of one is x of the next, and dy is dx
    assert shown.count("$dy$") == len(layers) and {"loss", "$L$"} < set(shown)
    assert all(name in shown or len(name) > 12 for name in layers)


@pytest.mark.parametrize(("layers", "error"), [([], ValueError), ("conv", TypeError)])
def test_chain_of_nothing(layers, error):
    with pytest.raises(error, match="layers"):
        diagrams.plot_chain(layers)


@pytest.mark.parametrize(("count", "size", "idle"), [(10, 4, 2), (8, 4, 0), (5, 8, 3), (1, 1, 0)])
def test_threads(count, size, idle, tmp_path):
    figure = diagrams.plot_threads(count, size)
    figure.savefig(tmp_path / "picture.png")
    shown = texts(figure.axes[0])
    assert shown.count("idle") == idle
    blocks = -(-count // size)
    assert [name for name in shown if name.startswith("block")] == [
        f"block {n}" for n in range(blocks)
    ]
    assert sum(name.isdigit() for name in shown) == blocks * size + count


def test_views(tmp_path):
    views = {"near": (3, 3), "far": (9, 7)}
    figure = diagrams.plot_views(draw(1, 8, 9), views, (2, 6))
    figure.savefig(tmp_path / "picture.png")
    (axis,) = figure.axes
    assert [p.get_bbox().bounds for p in axis.patches] == [(4.5, 0.5, 3, 3), (2.5, -2.5, 7, 9)]
    (left, right), (low, high) = axis.get_xlim(), axis.get_ylim()
    assert left <= 2.5 and right >= 9.5 and high <= -2.5 and low >= 7.5
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["near: 3×3", "far: 9×7"]
