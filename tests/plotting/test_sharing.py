"""Arrows go where the switches say; tiles are drawn to scale."""

import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch

from helpers import draw
from nn_scratch import ops
from nn_scratch.plotting import plot_scatter_and_gather, plot_tile


def arrows(axis):
    return [patch for patch in axis.patches if isinstance(patch, FancyArrowPatch)]


@pytest.mark.parametrize(
    ("size", "kernel", "stride"), [((5, 5), 3, 2), ((6, 4), 2, 2), ((7, 5), 3, 1)]
)
def test_scatter_and_gather(size, kernel, stride, tmp_path):
    x = draw(1, 1, *size)
    _, switches = (a[0, 0] for a in ops.max_pool2d(x, kernel, stride=stride))
    figure = plot_scatter_and_gather(switches, size, kernel_size=kernel, stride=stride)
    figure.savefig(tmp_path / "picture.png")
    left, right = figure.axes
    assert len(arrows(left)) == switches.size
    hits = np.bincount(switches.ravel(), minlength=size[0] * size[1])
    solid = [arrow for arrow in arrows(right) if arrow.get_linestyle() in ("-", "solid")]
    assert len(solid) == hits.max()
    written = [text.get_text() for text in left.texts if "×" in text.get_text()]
    assert written == [f"{n}×" for n in hits if n > 1]


@pytest.mark.parametrize(
    ("switches", "message"),
    [
        (np.zeros((2, 3), int), r"switches has shape \(2, 3\), but input_size asks for \(2, 2\)"),
        (np.full((2, 2), 25), "switches must lie from 0 to 24"),
        (np.zeros((2, 2)), "switches is float64"),
    ],
)
def test_no_switches(switches, message):
    with pytest.raises((ValueError, TypeError), match=message):
        plot_scatter_and_gather(switches, (5, 5), kernel_size=3, stride=2)


def test_tile(tmp_path):
    names = ("weights", "columns", "output")
    figure = plot_tile((128, 288, 512), (64, 128), 16, names=names)
    figure.savefig(tmp_path / "picture.png")
    (axis,) = figure.axes
    shown = [text.get_text() for text in axis.texts]
    assert set(shown) == {*names, "64×128", "64×16", "16×128"}
    sizes = [(p.get_width(), p.get_height()) for p in axis.patches if not arrows_like(p)]
    assert {(288, 128), (512, 288), (512, 128), (128, 64), (16, 64), (128, 16)} <= set(sizes)


def arrows_like(patch):
    return isinstance(patch, FancyArrowPatch)


@pytest.mark.parametrize(
    ("product", "tile", "depth", "message"),
    [
        ((8, 8), (2, 2), 2, r"product is \(8, 8\)"),
        ((8, 8, 8), (9, 2), 2, "tile 9×2"),
        ((8, 8, 8), (2, 2), 0, "depth is 0"),
    ],
)
def test_no_tile(product, tile, depth, message):
    with pytest.raises((ValueError, TypeError), match=message):
        plot_tile(product, tile, depth, names=("a", "b", "c"))
