"""Blocks: everything once, work for every thread, bounded size."""

import numpy as np
import pytest

from helpers import draw
from nn_scratch.engine.cpu import tiling


@pytest.mark.parametrize("least_rows", [1, 12])
@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize(
    "n, size, position_bytes",
    [
        (1, (7, 5), 9),
        (5, (300, 400), 900),
        (32, (10, 10), 1600),
        (3, (1, 1), 1),
        (2, (3, 9000), 4e5),
    ],
)
def test_every_position_once_in_blocks_of_bounded_size(
    n, size, position_bytes, threads, least_rows, monkeypatch
):
    monkeypatch.setenv("NN_SCRATCH_THREADS", str(threads))
    seen = np.zeros((n, *size), int)
    for block in tiling.cut(n, size, int(position_bytes), 100, least_rows):
        images, rows, columns = block.shape
        assert min(images, rows, columns) > 0
        assert images == 1 or rows == size[0]
        if least_rows == 1:  # then positions of a block lie side by side in y
            assert rows == 1 or columns == size[1]
        elif block.bottom < size[0]:
            assert 2 * rows >= min(least_rows, size[0])
        assert images * rows * columns * position_bytes <= max(tiling.BLOCK_BYTES, position_bytes)
        seen[block.images, block.top : block.bottom, block.left : block.right] += 1
    assert (seen == 1).all()


@pytest.mark.parametrize(
    "n, size", [(1, (64, 64)), (1, (2048, 2048)), (3, (360, 480)), (8, (32, 32))]
)
def test_every_thread_gets_as_many_blocks(n, size, monkeypatch):
    monkeypatch.setenv("NN_SCRATCH_THREADS", "4")
    assert len(tiling.cut(n, size, 64 * 9 * 4, 64 * 9 * 64)) % 4 == 0


def test_small_calls_stay_in_one_block(monkeypatch):
    monkeypatch.setenv("NN_SCRATCH_THREADS", "4")
    assert tiling.cut(8, (8, 8), 100, 100) == [tiling.Block(0, 8, 0, 8, 0, 8)]
    assert len(tiling.cut(8, (8, 8), 100, 100_000)) == 4


@pytest.mark.parametrize("top, left", [(-2, -3), (0, 0), (3, 2), (-9, 0), (0, 20), (4, 5)])
def test_padded(top, left):
    x = draw(2, 3, 5, 6)
    wide = np.pad(x, ((0, 0), (0, 0), (30, 30), (30, 30)))
    for height, width in (4, 5), (1, 1), (12, 14):
        expected = wide[:1, :, 30 + top : 30 + top + height, 30 + left : 30 + left + width]
        np.testing.assert_array_equal(
            tiling.padded(x, slice(0, 1), top, height, left, width), expected
        )
