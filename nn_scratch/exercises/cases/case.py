"""What a case is, and the numbers that cases are made of.

The values are chosen so that different mistakes give different numbers: no two equal numbers in a
small array, both signs, sums that are not zero. One case of each op has zeros and tenths: an array
of integers, or of single precision, cannot hold those.
"""

from dataclasses import dataclass, field

import numpy as np

FEW = np.array([-5, -4, -3, -2, -1, 1, 2, 3, 4, 5], np.float64)
INTEGERS = np.array([-3, -2, -1, 1, 2, 3], np.float64)
TENTHS = np.arange(-29, 30) / 10  # 0 is among them


@dataclass(frozen=True)
class Case:
    """One case. adds: what it asks that the cases before do not.

    values: arrays, sizes and whatever else the op and its backward pass take, by name. options: its
    keyword arguments. A case with `needs` is only for functions that take an argument of that name.
    """

    name: str
    adds: str
    values: dict
    options: dict = field(default_factory=dict)
    needs: str | None = None


def integers(rng, *shape):
    """Small integers but 0, as float64; no two equal ones in a small array."""
    size = int(np.prod(shape))
    if size <= len(FEW):
        return rng.choice(FEW, size, replace=False).reshape(shape)
    return rng.choice(INTEGERS, shape)


def tenths(rng, *shape):
    """Numbers like −1.7, which no integer and no single precision holds; some of them are 0."""
    drawn = rng.choice(TENTHS, shape)
    if drawn.size > 4:
        drawn.flat[::5] = 0
    return drawn


def quarters(rng, *shape):
    """Fractions of both signs but 0, which are exact."""
    return rng.choice([-2.75, -2, -1.5, -1.25, -0.75, 0.5, 1, 1.25, 1.75, 2.5, 3], shape)


def generator(*words):
    """The same numbers for the same words, in every process."""
    return np.random.default_rng(list("/".join(words).encode()))
