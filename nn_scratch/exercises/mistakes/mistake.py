"""What a mistake is, and what it is made from."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Mistake(NamedTuple):
    """A known wrong answer.

    variants: from a Case, yields one dict for each way to make the mistake: the results that it
    changes, by name. A result that is missing is not touched, or there is no telling on this case.
    Every case yields the same number of dicts.
    """

    name: str
    says: str
    asks: str
    exercises: tuple
    variants: Callable


class Case:
    """A rung of an exercise: its values and options, its `right` results by name, and a way to
    solve it with changes. `op` is the exercise's name without "_backward"."""

    def __init__(self, rung, exercise, right):
        self.values, self.options = rung.values, rung.options
        self.op = exercise.name.removesuffix("_backward")
        self.right = right
        self._exercise = exercise

    def __getitem__(self, name):
        """A value or an option."""
        return self.values[name] if name in self.values else self.options[name]

    def solve(self, **changes):
        """The right results for other values or options."""
        values = {name: changes.pop(name, value) for name, value in self.values.items()}
        return self._exercise.solve(values, {**self.options, **changes})

    def pairs(self, *names):
        """Options as (vertical, horizontal)."""
        return [p if isinstance(p, tuple) else (p, p) for p in map(self.__getitem__, names)]


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
