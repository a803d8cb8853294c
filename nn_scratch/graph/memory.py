"""Recognize arrays during a trace, by their memory and by a checksum of their values."""

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
    """An array in a trace. number: its index among all values. step: the Step that made it, or None
    for an input of the net. checksum: of its contents when it was made, which shows whether the
    array was changed in place later."""

    number: int
    array: Array
    step: Any
    checksum: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return tuple(self.array.shape)

    @property
    def is_intact(self) -> bool:
        """Whether the array has not been changed in place."""
        return self.checksum == checksum(self.array)


def arrays_in(found: Any) -> list[Array]:
    """The arrays in a value that may be an array or a nested tuple, list or dict."""
    if isinstance(found, dict):
        found = tuple(found.values())
    if isinstance(found, tuple | list):
        return [array for part in found for array in arrays_in(part)]
    return [found] if is_array(found) else []


def place(array: Any) -> tuple:
    """A key that is the same for two arrays exactly if they are the same view of the same memory,
    as long as both exist."""
    start = array.data.ptr if is_cupy(array) else array.__array_interface__["data"][0]
    return start, tuple(array.shape), tuple(array.strides), array.dtype.str


def checksum(array: Array) -> int:
    """A checksum of the values of an array."""
    return crc32(np.ascontiguousarray(to_host(array)).data)


def owner(array: Any) -> Array:
    """The array that owns the memory of this one: itself, unless it is a view."""
    return owner(array.base) if is_array(array.base) else array


def view_of(array: Array, values: list[Value]) -> tuple[str, dict, tuple[Value]] | None:
    """How an array is a view of an earlier one: ("Slice", {start, stop}, (the earlier Value,)) or
    ("Reshape", {shape}, (the earlier Value,)); None if it is no such view of any."""
    for value in reversed(values):
        if place(owner(value.array)) == place(owner(array)) and value.is_intact:
            found = _view(array, value.array)
            if found:
                return *found, (value,)
    return None


def _view(array, whole):
    """("Slice", {start, stop}) or ("Reshape", {shape}) if `array` is such a view of `whole`, which
    shares its memory; else None."""
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
    """(advice, with a place for each Value's name; the earlier Values that the array is a sum or a
    concatenation of). The latest Values are taken if several fit, and none if none fits."""
    if not array.any():  # zeros can be the sum of many pairs of arrays
        return ADVICE, ()
    for b, a in combinations([v for v in reversed(values) if v.shape == array.shape], 2):
        if (a.array + b.array == array).all():
            return SUM, (a, b)
    for a, b in permutations(values, 2):
        if _are_joined(array, a.array, b.array):
            return JOINED, (a, b)
    return ADVICE, ()


def _are_joined(array, a, b):
    """Whether the channels of an array are those of a, followed by those of b."""
    if not array.ndim == a.ndim == b.ndim > 1 or a.shape[1] + b.shape[1] != array.shape[1]:
        return False
    parts = array[:, : a.shape[1]], array[:, a.shape[1] :]
    pairs = zip((a, b), parts, strict=True)
    return all(one.shape == part.shape and (one == part).all() for one, part in pairs)
