"""Which array is which: told by the memory it lies in, and by its values when it was made."""

from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any
from zlib import crc32

import numpy as np

from nn_scratch.backend import Array, is_array, is_cupy, to_host

ADVICE = "let layers make it, such as Add or Concat where two arrays meet"
SUM = "it is the sum of what {} and {} made: let the layer Add do that"
JOINED = "it has the channels of what {} and {} made: let the layer Concat do that"


@dataclass(eq=False)
class Value:
    """An array on its way. number: its place among all of them; step: what made it, None for the
    net's inputs. checksum: of its values when it was made, by which a change in place is seen."""

    number: int
    array: Array
    step: Any
    checksum: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's shape."""
        return tuple(self.array.shape)

    @property
    def is_intact(self) -> bool:
        """Whether nothing changed the array in place."""
        return self.checksum == checksum(self.array)


def arrays_in(found: Any) -> list[Array]:
    """The arrays in what a layer takes, gives or saves: in tuples, lists and dicts too."""
    if isinstance(found, dict):
        found = tuple(found.values())
    if isinstance(found, tuple | list):
        return [array for part in found for array in arrays_in(part)]
    return [found] if is_array(found) else []


def place(array: Any) -> tuple:
    """By which two arrays are known to be the same, while both are held."""
    start = array.data.ptr if is_cupy(array) else array.__array_interface__["data"][0]
    return start, tuple(array.shape), tuple(array.strides), array.dtype.str


def checksum(array: Array) -> int:
    """By which it is seen that an array was changed in place."""
    return crc32(np.ascontiguousarray(to_host(array)).data)


def owner(array: Any) -> Array:
    """The array whose memory this one is a view of; itself if it is no view."""
    return owner(array.base) if is_array(array.base) else array


def view_of(array: Array, values: list[Value]) -> tuple[str, dict, tuple[Value]] | None:
    """How an array follows from an earlier one in whose memory it lies: ("Slice", {start, stop},
    (that one,)), or ("Reshape", {shape}, …); None if it does not, or in another way."""
    for value in reversed(values):
        if place(owner(value.array)) == place(owner(array)) and value.is_intact:
            found = _view(array, value.array)
            if found:
                return *found, (value,)
    return None


def _view(array, whole):
    """("Slice", {start, stop}), ("Reshape", {shape}) or None."""
    if array.size == whole.size and array.flags.c_contiguous and whole.flags.c_contiguous:
        return "Reshape", {"shape": tuple(array.shape)}
    if array.ndim != whole.ndim:
        return None
    left, start = place(array)[0] - place(whole)[0], []
    for stride in whole.strides:
        start.append(left // stride if stride else 0)
        left -= start[-1] * stride
    stop = [first + n for first, n in zip(start, array.shape, strict=True)]
    if place(whole[tuple(map(slice, start, stop))]) != place(array):
        return None
    return "Slice", {"start": tuple(start), "stop": tuple(stop)}


def made_of(array: Array, values: list[Value]) -> tuple[str, tuple[Value, ...]]:
    """What an array is seen to be made of: (advice with a place for each, earlier Values), the
    latest if several would do."""
    if not array.any():  # zeros may be the sum of anything
        return ADVICE, ()
    for b, a in combinations([v for v in reversed(values) if v.shape == array.shape], 2):
        if (a.array + b.array == array).all():
            return SUM, (a, b)
    for a, b in permutations(values, 2):
        if _are_joined(array, a.array, b.array):
            return JOINED, (a, b)
    return ADVICE, ()


def _are_joined(array, a, b):
    """Whether an array has the channels of a, then those of b."""
    if not array.ndim == a.ndim == b.ndim > 1 or a.shape[1] + b.shape[1] != array.shape[1]:
        return False
    parts = array[:, : a.shape[1]], array[:, a.shape[1] :]
    pairs = zip((a, b), parts, strict=True)
    return all(one.shape == part.shape and (one == part).all() for one, part in pairs)
