"""The threaded pooling primitives against the plain ones, with blocks as small as they get."""

import numpy as np
import pytest

from helpers import draw, draw_integers, grid, strided
from nn_scratch.engine import plain
from nn_scratch.engine.cpu import pool, tiling
from nn_scratch.geometry import pool_size, pool_windows

GEOMETRIES = [
    *grid(kernel_size=[1], stride=[1, 2], padding=[0], dilation=[1], ceil_mode=[False, True]),
    *grid(
        kernel_size=[2, (3, 2)],
        stride=[None, 1, (2, 3)],
        padding=[0, ((1, 0), (0, 1))],
        dilation=[1, (1, 2)],
        ceil_mode=[False, True],
    ),
]


@pytest.fixture(params=[1, 3], ids=lambda n: f"{n}-threads")
def tiny_blocks(request, monkeypatch):
    """A plane or two in each block, and threads even for the smallest call."""
    monkeypatch.setattr(pool, "BLOCK_PIXELS", 120)
    monkeypatch.setattr(tiling, "SMALL_NUMBERS", 0)
    monkeypatch.setenv("NN_SCRATCH_THREADS", str(request.param))


@pytest.mark.usefixtures("tiny_blocks")
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_same_results_as_the_plain_primitives(geometry):
    geometry = dict(geometry)
    ceil_mode = geometry.pop("ceil_mode")
    windows = pool_windows(**geometry)
    size = 8, 7
    positions = pool_size(size, windows, ceil_mode)
    for x in draw(2, 3, *size), draw_integers(2, 3, *size), strided(draw(2, 3, *size)):
        y, switches = pool.max_pool_argmax(x, windows, positions)
        expected, where = plain.max_pool_argmax(x, windows, positions)
        np.testing.assert_array_equal(y, expected)
        np.testing.assert_array_equal(switches, where)
        assert switches.dtype == where.dtype
        g = draw_integers(*y.shape, seed=1)
        np.testing.assert_array_equal(
            pool.scatter_add(strided(g), switches, size),
            plain.scatter_add(g, switches, size),
        )
        if windows.disjoint:
            np.testing.assert_array_equal(
                pool.scatter_add(g, switches, size, windows),
                plain.scatter_add(g, switches, size),
            )
        np.testing.assert_array_equal(pool.gather(x, switches), y)
        np.testing.assert_array_equal(pool.gather(x, strided(switches)), y)


@pytest.mark.usefixtures("tiny_blocks")
@pytest.mark.parametrize("value", [np.nan, -np.inf, np.inf])
def test_numbers_that_compare_strangely(value):
    x = draw(1, 2, 6, 7)
    x[0, 0, 1:4, 2:5] = value
    x[0, 1] = value
    windows = pool_windows(3, 2, 1)
    positions = pool_size((6, 7), windows)
    for ours, expected in zip(
        pool.max_pool_argmax(x, windows, positions),
        plain.max_pool_argmax(x, windows, positions),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, expected)
