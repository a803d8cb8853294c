"""The matrix of a student's linear function, found by unit vectors, beside the right matrix."""

from typing import NamedTuple

import numpy as np

LINEAR = {  # function: the argument that it is linear in, its result, the argument with its size
    "bilinear_upsample2d": ("x", "y", "size"),
    "bilinear_upsample2d_backward": ("dy", "dx", "input_size"),
}
LARGEST = 8  # a matrix with more rows is not shown


class OwnMatrix(NamedTuple):
    """The matrices of the student's and of the right function along one axis.

    yours, right (m, n): the share of each of n pixels of `given` in each of m pixels of `result`.
    """

    axis: str
    given: str
    result: str
    yours: np.ndarray
    right: np.ndarray

    def sums_and_places(self, array):
        """For each row of a matrix the sum of its shares, and, in a forward pass, the mean position
        of the pixels that it reads, weighted by the shares."""
        sums = array.sum(axis=1, keepdims=True)
        if self.result != "y":
            return sums
        safe = np.where(np.abs(sums) > 1e-9, sums, np.nan)
        return np.concatenate([sums, array @ np.arange(array.shape[1])[:, None] / safe], axis=1)


def own_matrix(trial, ask):
    """The OwnMatrix of the first axis whose matrix is wrong, or None.

    ask: a function from changed values to the results of the student's function by name, or None.
    """
    if trial.exercise.name not in LINEAR:
        return None
    given, result, size = LINEAR[trial.exercise.name]
    for axis, word in ((0, "rows"), (1, "columns")):
        n, m = trial[given].shape[2 + axis], trial[size][axis]
        found = []
        for answer in (ask, lambda changes: trial.solve(**changes)):
            line = [1, 1]
            line[axis] = m
            columns = [_answer(answer, given, size, unit, axis, line) for unit in np.eye(n)]
            found.append(_stacked([c and c[result] for c in columns], m))
        yours, right = found
        if yours is not None and not np.allclose(yours, right) and m <= LARGEST:
            return OwnMatrix(word, given, result, yours, right)
    return None


def _answer(answer, given, size, unit, axis, line):
    """The results for one unit vector, given as an image of one row or one column."""
    image = unit.reshape((1, 1, -1, 1) if axis == 0 else (1, 1, 1, -1))
    return answer({given: image, size: tuple(line)})


def _stacked(columns, m):
    """The results as the columns of a matrix; None if one of them does not consist of m numbers."""
    kinds = {np.asarray(column).dtype.kind for column in columns}
    if not kinds <= set("fiub") or any(np.size(column) != m for column in columns):
        return None
    return np.stack([np.ravel(column) for column in columns], axis=1)
