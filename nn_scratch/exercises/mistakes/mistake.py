"""What a mistake is, and what it is made from."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import NamedTuple

import numpy as np


class Mistake(NamedTuple):
    """A known wrong answer, or a relation of a wrong answer to the right one.

    variants: from an Attempt, yields one (key, dict) for each way to make the mistake: the results
    that it changes, by name. A result that is missing is not touched, or there is no telling on
    this case. `key` is the same for the same way on every case; in `says` it stands for {key}, and
    the name of the wrong result for {result}. A variant without a key goes by its number.
    rank: of two mistakes that explain the same, the one of lower rank is named. whole: it has so
    many ways that one always fits a single case; all cases must agree. shown: from a key and the
    exercise's name, what stands for {key}, if not the key itself.
    """

    name: str
    says: str
    asks: str
    exercises: tuple
    variants: Callable
    rank: float = 0
    whole: bool = False
    shown: Callable | None = None


class Wording(NamedTuple):
    """What is said of a Mistake's `key` in these exercises, or in all if there are none."""

    mistake: str
    key: str
    exercises: str
    name: str
    says: str
    asks: str

    def fits(self, mistake, key, exercise):
        """Whether it is meant for this key of this mistake in this exercise."""
        meant = not self.exercises or exercise in self.exercises.split()
        return mistake == self.mistake and meant and fnmatchcase(str(key), self.key)


def register(found, rank=0, whole=False, shown=None):
    """A decorator that adds a Mistake to the list `found`. Without exercises it is for all."""

    def mistake(exercises, name, says, asks):
        def add(variants):
            meant = tuple(exercises.split())
            known = Mistake(name, says, asks, meant, variants, rank, whole, shown)
            found.append(known)
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


def off_by(trial, change, axes):
    """Padding that is moved by one on these axes, where there is any."""
    (padding,) = trial.pairs("padding")
    return tuple(
        (p + change, p - change) if p and axis in axes else (p, p) for axis, p in enumerate(padding)
    )
