"""The matrix of a student's function, by unit vectors, beside the right one."""

import numpy as np
import pytest

from nn_scratch import naive
from nn_scratch.exercises import check_exercise
from nn_scratch.exercises.exercise import EXERCISES
from nn_scratch.exercises.own_matrix import own_matrix


def matrix(n, m, shift=0.5):
    """Of one axis; with a shift of 0.5, the right one."""
    found = np.zeros((m, n))
    for i in range(m):
        at = min(max((i + shift) * n / m - shift, 0), n - 1)
        low = int(at)
        found[i, low] += 1 - (at - low)
        found[i, min(low + 1, n - 1)] += at - low
    return found


def forward(rows=0.5, columns=0.5):
    def bilinear_upsample2d(x, size):
        a, b = matrix(x.shape[2], size[0], rows), matrix(x.shape[3], size[1], columns)
        return a @ x @ b.T

    return bilinear_upsample2d


def backward(rows=0.5, columns=0.5):
    def bilinear_upsample2d_backward(dy, input_size):
        a = matrix(input_size[0], dy.shape[2], rows)
        return a.T @ dy @ matrix(input_size[1], dy.shape[3], columns)

    return bilinear_upsample2d_backward


@pytest.mark.parametrize("shifts, axis, size", [((0, 0.5), "rows", 0), ((0.5, 0), "columns", 1)])
def test_the_wrong_axis_is_shown_with_its_matrix(shifts, axis, size):
    report = check_exercise("bilinear_upsample2d", forward(*shifts))
    found, trial = report.matrix, report.failed.trial
    n, m = trial["x"].shape[2 + size], trial["size"][size]
    assert found.axis == axis and (found.given, found.result) == ("x", "y")
    np.testing.assert_allclose(found.yours, matrix(n, m, 0))
    np.testing.assert_allclose(found.right, matrix(n, m))


def test_backward_shows_the_transpose():
    found = check_exercise("bilinear_upsample2d_backward", backward(columns=0)).matrix
    np.testing.assert_allclose(found.yours, matrix(2, 4, 0).T)
    np.testing.assert_allclose(found.right, matrix(2, 4).T)
    np.testing.assert_allclose(found.sums_and_places(found.right), [[2], [2]])


def test_sums_and_places_of_a_forward_pass():
    found = check_exercise("bilinear_upsample2d", forward(0.5, 0)).matrix
    expected = [[1, 0], [1, 0.25], [1, 0.75], [1, 1]]  # (i + 1/2)/2 − 1/2, cut off
    np.testing.assert_allclose(found.sums_and_places(found.right), expected)
    np.testing.assert_allclose(found.sums_and_places(found.yours)[:, 1], [0, 0.5, 1, 1])


def test_the_screen_holds_both():
    text = str(check_exercise("bilinear_upsample2d", forward(0.5, 0)))
    assert "Your function is a matrix along the columns" in text
    assert "yours: sum, place" in text and max(map(len, text.splitlines())) <= 80
    text = str(check_exercise("bilinear_upsample2d_backward", backward(0.5, 0)))
    assert "shares of dy in one pixel of dx" in " ".join(text.split()) and "right: sum" in text


def test_no_matrix_where_none_is_wrong_or_there_is_none():
    assert check_exercise("bilinear_upsample2d", forward()).matrix is None

    def shifted(x, size):
        return naive.bilinear_upsample2d(x, size) + 1.0 * (x.shape[0] > 1)

    report = check_exercise("bilinear_upsample2d", shifted)
    assert not report.ok and report.matrix is None
    assert check_exercise("relu", lambda x: -x).matrix is None
    trial = EXERCISES["bilinear_upsample2d"].trials[2]
    for odd in (None, {"y": np.array("text")}, {"y": np.zeros(3)}):
        assert own_matrix(trial, lambda changes, odd=odd: odd) is None
