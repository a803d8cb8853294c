"""The matrix of a student's linear function, by unit vectors, beside the right one."""

from typing import NamedTuple

import numpy as np

LINEAR = {  # what a function is linear in, what it gives, and which argument is the size of that
    "bilinear_upsample2d": ("x", "y", "size"),
    "bilinear_upsample2d_backward": ("dy", "dx", "input_size"),
}
LARGEST = 8  # rows that are shown


class OwnMatrix(NamedTuple):
    """yours and right (m, n): what a line of n pixels of `given` adds to each of m of `result`."""

    axis: str
    given: str
    result: str
    yours: np.ndarray
    right: np.ndarray

    def sums_and_places(self, array):
        """For each line the sum of its shares, and, in a forward pass, the place where it looks:
        the mean of the pixels' numbers, weighted by the shares."""
        sums = array.sum(axis=1, keepdims=True)
        if self.result != "y":
            return sums
        safe = np.where(np.abs(sums) > 1e-9, sums, np.nan)
        return np.concatenate([sums, array @ np.arange(array.shape[1])[:, None] / safe], axis=1)


def own_matrix(trial, ask):
    """The OwnMatrix of the first axis whose matrix is wrong, or None.

    ask: from changed values to the function's results by name, or None.
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
    """The results of one unit vector, as an image of one row or one column."""
    image = unit.reshape((1, 1, -1, 1) if axis == 0 else (1, 1, 1, -1))
    return answer({given: image, size: tuple(line)})


def _stacked(columns, m):
    """The results as the columns of a matrix; None if one of them is not m numbers."""
    kinds = {np.asarray(column).dtype.kind for column in columns}
    if not kinds <= set("fiub") or any(np.size(column) != m for column in columns):
        return None
    return np.stack([np.ravel(column) for column in columns], axis=1)
