"""Boundary F1 on maps whose boundaries can be counted by hand."""

from math import hypot

import numpy as np
import pytest

from nn_scratch.evaluation.boundary import boundaries, boundary_f1, image_boundary_f1


def halves(column, height=40, width=40):
    """Class 0 left of the column, class 1 from it on."""
    return np.broadcast_to(np.arange(width) >= column, (1, height, width)).astype(int)


def pixels(count, height=40, width=40):
    """A tolerance of so many pixels."""
    return (count + 1e-6) / hypot(height, width)


def test_boundaries_have_another_class_beside_them():
    labels = np.array([[[0, 0, 1], [0, 2, 1], [9, 9, 1]]])
    edges = boundaries(labels, labels != 9)
    np.testing.assert_array_equal(edges[0], [[0, 1, 1], [1, 1, 1], [0, 0, 0]])


@pytest.mark.parametrize("shift, within, expected", [(0, 0, 1), (1, 0, 0), (1, 1, 1), (3, 2, 0)])
def test_a_shifted_edge_counts_within_the_tolerance(shift, within, expected):
    assert boundary_f1(halves(20), halves(20 + shift), 2, tolerance=pixels(within)) == expected


def test_distance_is_euclidean():
    truth, prediction = np.zeros((2, 1, 9, 9), int)
    truth[0, 4, 4], prediction[0, 5, 5] = 1, 1
    # Of class 1 a pixel, √2 away.
    assert boundary_f1(truth, prediction, 2, tolerance=pixels(1, 9, 9)) < 0.9
    assert boundary_f1(truth, prediction, 2, tolerance=pixels(2**0.5, 9, 9)) == 1


def test_precision_and_recall_by_hand():
    """One true edge of two is predicted: precision 1, recall ½, F1 ⅔, for both classes."""
    truth = halves(10) - halves(30)
    prediction = halves(10)
    assert boundary_f1(truth, prediction, 2, tolerance=0) == pytest.approx(2 / 3)


def test_images_are_averaged_and_classes_that_do_not_occur_left_out():
    truth = np.concatenate([halves(20), halves(20), np.zeros((1, 40, 40), int)])
    prediction = np.concatenate([halves(20), halves(25), np.zeros((1, 40, 40), int)])
    assert boundary_f1(truth, prediction, 7, tolerance=pixels(1)) == pytest.approx(1 / 2)


def test_void_makes_no_boundary():
    truth = halves(20)
    truth[0, :, 15:25] = 9
    assert np.isnan(boundary_f1(truth, halves(20), 2, ignore_index=9))
    truth = halves(20)
    truth[0, :10] = 9
    assert boundary_f1(truth, halves(20), 2, ignore_index=9) == 1


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"\(40, 40\), but must be \(1, 40, 40\)"):
        boundary_f1(halves(3), halves(3)[0], 2)


@pytest.mark.parametrize("num_classes, tolerance", [(3, 0.1), (5, 1.0), (40, 0.3), (70, 0.0075)])
def test_it_is_what_a_loop_over_pixels_finds(num_classes, tolerance):
    """For more classes than are looked at together, and to the sides of the images."""
    rng = np.random.default_rng(num_classes)
    truth = rng.integers(0, num_classes, (3, 5, 4)).repeat(2, axis=1).repeat(2, axis=2)[:, :9, :7]
    wrong = rng.random(truth.shape) < 0.3
    prediction = np.where(wrong, rng.integers(0, num_classes, truth.shape), truth)
    found = image_boundary_f1(truth, prediction, num_classes, 1, tolerance)
    expected = [f1_by_loops(*pair, tolerance) for pair in zip(truth, prediction, strict=True)]
    np.testing.assert_allclose(found, expected)


def f1_by_loops(truth, prediction, tolerance, ignored=1):
    distance, scores = tolerance * hypot(*truth.shape), []
    edges = [boundaries(labels[None], truth[None] != ignored)[0] for labels in (truth, prediction)]
    places = [
        [(*at, labels[tuple(at)]) for at in np.argwhere(edge)]
        for labels, edge in zip((truth, prediction), edges, strict=True)
    ]
    for each in {k for _, _, k in (*places[0], *places[1])}:
        true, predicted = ([(h, w) for h, w, k in of if k == each] for of in places)
        shares = [
            np.mean([any(hypot(a - c, b - d) <= distance for c, d in others) for a, b in own])
            if own
            else 0
            for own, others in ((predicted, true), (true, predicted))
        ]
        scores.append(2 * shares[0] * shares[1] / sum(shares) if sum(shares) else 0)
    return np.mean(scores)
