"""What a mistake is, and what it is made from."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Mistake(NamedTuple):
    """A known wrong answer.

    variants: from a Trial, yields one dict for each way to make the mistake: the results that it
    changes, by name. A result that is missing is not touched, or there is no telling on this case.
    Every case yields the same number of dicts.
    """

    name: str
    says: str
    asks: str
    exercises: tuple
    variants: Callable


def register(found):
    """A decorator that adds a Mistake to the list `found`."""

    def mistake(exercises, name, says, asks):
        def add(variants):
            found.append(Mistake(name, says, asks, tuple(exercises.split()), variants))
            return variants

        return add

    return mistake


def without_last(array, rows=True, columns=True):
    """A copy (…, H, W) with zeros in its last row, its last column, or both."""
    array = array.copy()
    if rows:
        array[..., -1, :] = 0
    if columns:
        array[..., -1] = 0
    return array


def in_corner(array, size):
    """Zeros of `size` (H, W), with the array (…, h, w) at the top left, as much as fits."""
    whole = np.zeros((*array.shape[:-2], *size), array.dtype)
    part = array[..., : size[0], : size[1]]
    whole[..., : part.shape[-2], : part.shape[-1]] = part
    return whole


def square(array):
    """Whether the last two axes are equally long."""
    return array.shape[-1] == array.shape[-2]


def ring(array):
    """A copy (…, H, W) with zeros in its outermost rows and columns."""
    array = array.copy()
    array[..., [0, -1], :] = 0
    array[..., [0, -1]] = 0
    return array


def off_by(case, change, axes):
    """Padding that is moved by one on these axes, where there is any."""
    (padding,) = case.pairs("padding")
    return tuple(
        (p + change, p - change) if p and axis in axes else (p, p) for axis, p in enumerate(padding)
    )
