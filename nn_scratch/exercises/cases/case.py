"""The class of cases, and the random numbers that cases are made of.

The values are chosen so that different mistakes give different results: no two numbers in a small
array are equal, both signs occur, and sums are not zero. One case of each op has zeros and tenths,
which an array of integers or of single precision cannot hold.
"""

from dataclasses import dataclass, field

import numpy as np

FEW = np.array([-5, -4, -3, -2, -1, 1, 2, 3, 4, 5], np.float64)
INTEGERS = np.array([-3, -2, -1, 1, 2, 3], np.float64)
TENTHS = np.arange(-29, 30) / 10  # 0 is among them


@dataclass(frozen=True)
class Case:
    """One case of an exercise. adds: the difficulty that it adds to the cases before.

    values: arrays, sizes and other arguments of the op and its backward pass, by name. options:
    their keyword arguments. needs: a parameter; the case is only for functions that have it.
    """

    name: str
    adds: str
    values: dict
    options: dict = field(default_factory=dict)
    needs: str | None = None


def integers(rng, *shape):
    """Small integers other than 0, as float64; in a small array no two are equal."""
    size = int(np.prod(shape))
    if size <= len(FEW):
        return rng.choice(FEW, size, replace=False).reshape(shape)
    return rng.choice(INTEGERS, shape)


def tenths(rng, *shape):
    """Numbers like −1.7, which are neither integers nor exact in single precision; some are 0."""
    drawn = rng.choice(TENTHS, shape)
    if drawn.size > 4:
        drawn.flat[::5] = 0
    return drawn


def quarters(rng, *shape):
    """Fractions of both signs other than 0, which are exact in binary."""
    return rng.choice([-2.75, -2, -1.5, -1.25, -0.75, 0.5, 1, 1.25, 1.75, 2.5, 3], shape)


def generator(*words):
    """A generator that is seeded by words, and gives the same numbers in every process."""
    return np.random.default_rng(list("/".join(words).encode()))
