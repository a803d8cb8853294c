"""Squares that are filled as far as a work is done."""

import numpy as np
import pytest
from matplotlib.patches import Circle

from nn_scratch import plotting


@pytest.mark.parametrize("side", [1, 7, 200])
def test_progress(side, tmp_path):
    done = {"a $b": 0.0, "least": 1e-9, "half": 0.5, "all": 1.0}
    figure = plotting.plot_progress(done, side)
    figure.savefig(tmp_path / "picture.png")
    axes = figure.axes[: len(done)]
    assert [axis.get_title() for axis in axes] == list(done)
    drawn = [np.asarray(axis.images[0].get_array()) for axis in axes]
    counts = [int(cells.sum()) for cells in drawn]
    assert counts == [0, 1, max(round(0.5 * side**2), 1), side**2]
    for cells, count in zip(drawn, counts, strict=True):
        assert cells.shape == (side, side) and cells.ravel()[:count].all()
    assert [axis.get_xlabel() for axis in axes] == [f"{n:,} of {side**2:,} cells" for n in counts]
    rings = [any(isinstance(p, Circle) for p in axis.patches) for axis in axes]
    assert rings == [False, side == 200, False, False]


@pytest.mark.parametrize("done", [{}, {"a": 1.5}, {"a": -0.1}, {"a": float("nan")}])
def test_shares_that_are_none_are_named(done):
    with pytest.raises(ValueError, match="done"):
        plotting.plot_progress(done)
