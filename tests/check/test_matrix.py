"""as_matrix writes a linear op down; its transpose is the backward pass."""

import numpy as np
import pytest

from helpers import draw_integers
from nn_scratch import ops
from nn_scratch.check import as_matrix


def test_convolution_and_its_transpose():
    w = draw_integers(3, 2, 3, 2)
    options = {"stride": (2, 1), "padding": (1, 0)}
    a = as_matrix(lambda x: ops.conv2d(x, w, **options), (1, 2, 5, 4))
    assert a.shape == (3 * 3 * 3, 2 * 5 * 4)
    x = draw_integers(1, 2, 5, 4, seed=1)
    np.testing.assert_array_equal(a @ x.ravel(), ops.conv2d(x, w, **options).ravel())
    transpose = as_matrix(
        lambda g: ops.conv_transpose2d(g, w, output_size=(5, 4), **options), (1, 3, 3, 3)
    )
    np.testing.assert_array_equal(transpose, a.T)


def test_what_is_not_linear_is_refused():
    w, b = draw_integers(3, 2, 3, 2), np.ones(3)
    with pytest.raises(ValueError, match="leave the bias out"):
        as_matrix(lambda x: ops.conv2d(x, w, b), (1, 2, 5, 4))
    with pytest.raises(ValueError, match="not linear"):
        as_matrix(ops.relu, (2, 3))
