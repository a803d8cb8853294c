"""The classes of mistakes and their wordings, and helpers of the catalogue."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import NamedTuple

import numpy as np


class Mistake(NamedTuple):
    """A known mistake: a wrong result, or a relation of a wrong result to the right one.

    variants: a generator that takes an Attempt and yields a pair (key, dict) for each way to make
        the mistake. The dict has the wrong results by name; a result that is not in it is right, or
        the mistake says nothing about it on this case. The key of a way is the same on every case;
        a dict without a key gets its number as key.
    says, asks: a sentence and a question, in which {key} stands for the key, and {result} for the
        names of the wrong results.
    exercises: those that it is for; empty for all.
    rank: of two mistakes that explain the same results, the one of lower rank is named.
    whole: the mistake has so many ways that one of them always fits a single case, so that all
        cases must agree.
    shown: a function from a key and the name of the exercise to the text for {key}, if that is not
        the key itself.
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
    """The name, sentence and question for a key of a Mistake in some exercises, or in all if none
    is named. A * in the key stands for any text."""

    mistake: str
    key: str
    exercises: str
    name: str
    says: str
    asks: str

    def fits(self, mistake, key, exercise):
        """Whether the wording is for this key of this mistake in this exercise."""
        meant = not self.exercises or exercise in self.exercises.split()
        return mistake == self.mistake and meant and fnmatchcase(str(key), self.key)


def register(found, rank=0, whole=False, shown=None):
    """A decorator that adds a Mistake to the list `found`, with its function as variants."""

    def mistake(exercises, name, says, asks):
        def add(variants):
            meant = tuple(exercises.split())
            known = Mistake(name, says, asks, meant, variants, rank, whole, shown)
            found.append(known)
            return variants

        return add

    return mistake


def in_corner(array, size):
    """Zeros of `size` (H, W), with as much of the array (…, h, w) in the top left as fits."""
    whole = np.zeros((*array.shape[:-2], *size), array.dtype)
    part = array[..., : size[0], : size[1]]
    whole[..., : part.shape[-2], : part.shape[-1]] = part
    return whole


def off_by(trial, change, axes):
    """The padding, moved by `change` from one side to the other along these axes."""
    (padding,) = trial.pairs("padding")
    return tuple(
        (p + change, p - change) if p and axis in axes else (p, p) for axis, p in enumerate(padding)
    )
