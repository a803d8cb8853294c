"""What several test modules share: arrays to compute on, and how close is close."""

from itertools import product

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

TOLERANCE = {np.dtype(np.float32): 2e-6, np.dtype(np.float64): 1e-12}


def draw(*shape, dtype=np.float64, seed=0):
    """Standard normal values."""
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def draw_integers(*shape, seed=0, dtype=np.float64):
    """Small integers, which floating point adds and multiplies exactly."""
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(dtype)


def strided(array):
    """The same values behind strides that are neither contiguous nor positive throughout."""
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array[..., ::-1]
    view = wide[..., ::2][..., ::-1]
    return view


def assert_close(actual, expected, scale=1.0):
    """Equal to rounding, relative to the largest value; of one shape and dtype."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype
    if expected.size:
        size = max(1.0, float(np.abs(expected).max()))
        tolerance = scale * TOLERANCE[actual.dtype] * size
        assert float(np.abs(actual - expected).max()) <= tolerance


def legend_as_read(figure):
    """The texts of a figure's legend, row by row, where they stand once it is drawn."""
    figure.draw(FigureCanvasAgg(figure).get_renderer())
    (legend,) = figure.legends
    boxes = {text: text.get_window_extent() for text in legend.get_texts()}
    return [
        t.get_text() for t in sorted(boxes, key=lambda t: (-round(boxes[t].y0 / 12), boxes[t].x0))
    ]


def grid(**choices):
    """All combinations of the choices as dicts, for parametrize, with readable ids."""
    return [
        pytest.param(
            dict(zip(choices, values, strict=True)),
            id="-".join(f"{name}={value}" for name, value in zip(choices, values, strict=True)),
        )
        for values in product(*choices.values())
    ]
