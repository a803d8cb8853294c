"""Helpers for data sets: checks of a data set and of a sample's number, and the box of a mask."""

from typing import Any

import numpy as np

from nn_scratch.arguments import shown, whole
from nn_scratch.backend import Array


def data_set(name: str, value: Any) -> Any:
    """Check that `value` has a length and `sample(epoch, index)`, and return it.

    Raises: TypeError if it has not.
    """
    if callable(getattr(value, "sample", None)) and hasattr(value, "__len__"):
        return value
    raise TypeError(f"{name} is {shown(value)}, but must have a length and sample(epoch, index)")


def sample_at(epoch: Any, index: Any, count: int | None = None) -> tuple[int, int]:
    """Check the number of an epoch and that of a sample, and return both. With `count`, there are
    that many samples; without it, samples are drawn, and there is one for any number.

    Raises: TypeError for what is not a whole number, ValueError for a number out of range.
    """
    epoch, index = whole("epoch", epoch), whole("index", index)
    if count is not None and index >= count:
        raise ValueError(f"index is {index}, but there are {count} samples, numbered from 0")
    return epoch, index


def tight_box(mask: Array) -> tuple[int, int, int, int]:
    """The smallest box (x, y, w, h) that holds all True pixels of a mask (H, W)."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1
