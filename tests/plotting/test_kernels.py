"""Kernels share a scale, blue to orange; each stands above its own map."""

import numpy as np
import pytest

from helpers import draw
from nn_scratch.plotting import plot_kernels


def test_kernels(tmp_path):
    kernels, maps = draw(3, 5, 4), draw(3, 7, 9, seed=1)
    figure = plot_kernels(kernels, maps)
    figure.savefig(tmp_path / "picture.png")
    above, below = figure.axes[:3], figure.axes[3:]
    for k in range(3):
        np.testing.assert_array_equal(above[k].images[0].get_array(), kernels[k])
        assert above[k].images[0].get_clim() == (-abs(kernels).max(), abs(kernels).max())
        np.testing.assert_array_equal(below[k].images[0].get_array(), maps[k])
    assert [axis.get_title() for axis in above] == ["kernel 0", "kernel 1", "kernel 2"]


@pytest.mark.parametrize(
    ("kernels", "maps", "message"),
    [
        (np.zeros((3, 3)), np.zeros((1, 4, 4)), r"kernels has shape \(3, 3\)"),
        (np.zeros((2, 3, 3)), np.zeros((1, 4, 4)), "maps has 1 maps, but there are 2 kernels"),
        (np.zeros((2, 3, 3)), np.zeros((2, 0, 4)), "maps has shape"),
        (np.zeros((2, 3, 3)), "text", "maps is str"),
    ],
)
def test_no_kernels(kernels, maps, message):
    with pytest.raises((ValueError, TypeError), match=message):
        plot_kernels(kernels, maps)
