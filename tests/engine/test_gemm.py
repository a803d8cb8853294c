"""Matrix products in pieces, against one gemm."""

import numpy as np
import pytest

from helpers import assert_close, draw
from nn_scratch.engine.cpu import gemm

SHAPES = [
    (32, 27, 2000),
    (5, 3, 97),
    (48, 64, 701),
    (7, 600, 300),
    (64, 144, 250),
    (1, 9, 5000),
    (66, 5, 128),  # rows a multiple of 1024 bytes apart
    (20, 300, 256),
]


@pytest.fixture(params=[1_000_000, 20_000, 300])
def limit(request, monkeypatch):
    monkeypatch.setattr(gemm, "SMALL_PRODUCT", request.param)
    monkeypatch.setattr(gemm, "SHORTEST", 7)
    monkeypatch.setattr(gemm, "FEWEST_ROWS", 2)


@pytest.mark.usefixtures("limit")
@pytest.mark.parametrize("m, k, length", SHAPES)
@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_multiply(m, k, length, batch):
    a, b = draw(*batch[-1:], m, k), draw(*batch, k, length, seed=1)
    wide = np.full((*batch, m, length + 5), np.nan)
    for out in np.empty((*batch, m, length)), wide[..., 3:-2]:
        gemm.multiply(a, b, out=out)
        assert_close(out, a @ b, scale=10)
    assert np.isnan(wide[..., :3]).all() and np.isnan(wide[..., -2:]).all()
    padded = np.zeros((*batch, k, length + 16))
    padded[..., :length] = b
    assert_close(gemm.multiply(a, padded[..., :length], out), a @ b, scale=10)


@pytest.mark.usefixtures("limit")
@pytest.mark.parametrize("k, f, length", SHAPES)
@pytest.mark.parametrize("batch", [(), (3,)])
def test_multiply_transposed(k, f, length, batch):
    a, b = draw(*batch, k, length), draw(*batch, f, length, seed=1)
    expected = a @ b.swapaxes(-1, -2)
    assert_close(gemm.multiply_transposed(a, b), expected, scale=30)
    wide = np.zeros((*batch, k, length + 16))
    wide[..., :length] = a
    assert_close(gemm.multiply_transposed(wide[..., :length], b), expected, scale=30)


def test_pieces_are_small_and_even():
    for m, k, length in SHAPES:
        step = gemm._columns_at_once(m, k, length)
        if step != length:
            assert m * k * step <= gemm.SMALL_PRODUCT and 2 * step >= gemm.SHORTEST
            assert length % step == 0 or length % step > step // 2
