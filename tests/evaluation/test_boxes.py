"""Boxes: (x, y, w, h), one converter, intersection over union."""

import numpy as np
import pytest

from helpers import draw
from nn_scratch.evaluation import boxes


def test_converters_are_inverse_and_know_width_from_height():
    pixels = np.array([[10.0, 5, 20, 30]])
    fractions = boxes.to_fractions(pixels, (50, 200))  # height, width
    np.testing.assert_allclose(fractions, [[0.05, 0.1, 0.1, 0.6]])
    np.testing.assert_allclose(boxes.to_pixels(fractions, (50, 200)), pixels)
    assert boxes.to_fractions(pixels.astype(np.float32), (50, 200)).dtype == np.float32


def test_iou_by_hand():
    a = np.array([[0, 0, 2, 2], [0, 0, 2, 2], [0, 0, 2, 2], [0, 0, 4, 1], [0, 0, -1, 2]])
    b = np.array([[0, 0, 2, 2], [1, 1, 2, 2], [2, 0, 2, 2], [1, 0, 2, 1], [0, 0, -1, 2]])
    np.testing.assert_allclose(boxes.box_iou(a, b), [1, 1 / 7, 0, 1 / 2, 0])


def test_iou_counts_like_pixels():
    """The same as counting pixels of masks, on integer boxes."""
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 8, (2, 50, 4))
    grid = np.mgrid[:16, :16]
    for box, other, iou in zip(a, b, boxes.box_iou(a, b), strict=True):
        masks = [
            (grid[1] >= x) & (grid[1] < x + w) & (grid[0] >= y) & (grid[0] < y + h)
            for x, y, w, h in (box, other)
        ]
        union = (masks[0] | masks[1]).sum()
        assert iou == pytest.approx((masks[0] & masks[1]).sum() / union if union else 0)


def test_success_rate():
    assert boxes.success_rate([0.5, 0.49, 0.9, 0.0]) == 0.5


def test_bad_shapes():
    with pytest.raises(ValueError, match=r"b has shape \(4,\), but must be \(3, 4\)"):
        boxes.box_iou(draw(3, 4), draw(4))


def test_the_best_constant_box():
    """No box of the data, nor their median or mean, is better, nor one near it."""
    many = np.abs(np.random.default_rng(0).normal([10, 20, 30, 15], [1, 2, 3, 4], (500, 4)))

    def score(box):
        return boxes.box_iou(np.broadcast_to(box, many.shape), many).mean()

    best = boxes.best_constant_box(many)
    near = best + np.random.default_rng(1).uniform(-1, 1, (100, 4))
    others = (*many[:100], *near, np.median(many, axis=0), many.mean(axis=0))
    assert all(score(box) < score(best) for box in others)
