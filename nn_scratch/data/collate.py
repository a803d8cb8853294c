"""Make a batch of samples: stacked arrays, or lists where images have different numbers of
objects."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nn_scratch.backend import Array
from nn_scratch.data.errors import DataError

Sample = tuple[Array, ...]
Batch = tuple[Any, ...]  # of arrays, or lists of arrays


def collate(samples: Sequence[Sample]) -> Batch:
    """Make a batch by stacking each part of the samples.

    Returns: a tuple of arrays (N, ...).
    Raises: DataError if a part has several sizes.
    """
    return tuple(_stacked(parts) for parts in zip(*samples, strict=True))


def collate_objects(samples: Sequence[Sample]) -> Batch:
    """Make a batch for detection. Images are stacked; the other parts become lists with an array
    for each image, because images have different numbers of objects.

    Returns: (images (N, C, H, W), labels, boxes, difficult), the last three lists of N arrays.
    Raises: DataError if the images have several sizes.
    """
    images, *targets = zip(*samples, strict=True)
    return _stacked(images), *map(list, targets)


def collate_of(dataset: Any) -> Callable[[Sequence[Sample]], Batch]:
    """The function that makes batches of a data set's samples: its own `collate` if it has one."""
    return getattr(dataset, "collate", collate)


def _stacked(parts):
    """Arrays of one size, stacked. Raises DataError if they have several sizes."""
    sizes = sorted({np.shape(part) for part in parts})
    if len(sizes) > 1:
        raise DataError(
            f"one batch would hold arrays of {len(sizes)} sizes, {sizes[0]} and {sizes[1]} among "
            "them: give all images one size (Resize, or nn-scratch train --size)"
        )
    return np.stack(parts)
