"""What passes give and take, as plain arrays: their results by name, copies, and who wrote into
what."""

from typing import NamedTuple

import numpy as np

from nn_scratch.backend import is_array, to_host
from nn_scratch.check.signatures import is_float_array


class Passes(NamedTuple):
    """One forward and one backward pass.

    outputs: float64 copies of the results that got a dy; gradients: by name, float64 or None;
    dtypes: what forward gave ("y") and backward ("dx" is under "x"); count: how many gradients
    backward returned, or None for none at all; written: pairs (pass, argument) of the arrays that
    a pass wrote into.
    """

    outputs: tuple
    gradients: dict
    dtypes: dict
    count: int | None  # type: ignore[assignment]  # tuples have a method of that name
    written: list


class Watch:
    """Arrays and copies of them: which have been written into since?"""

    def __init__(self, arrays):
        self.kept = []
        self.add(arrays)

    def add(self, arrays):
        """Watch these too."""
        self.kept += [(n, a, to_host(a).copy()) for n, a in arrays.items() if is_array(a)]

    def changed(self):
        """The names of those that were changed since the last time."""
        found = []
        for i, (name, array, before) in enumerate(self.kept):
            now = np.asarray(to_host(array))
            if not np.array_equal(now, before, equal_nan=now.dtype.kind == "f"):
                found.append(name)
                self.kept[i] = name, array, now.copy()
        return found


def check_results(results):
    """Refuse what forward returned if its first part is no array. Raises TypeError."""
    if not is_float_array(results[0]):
        first = results[0]
        what = f"an array of {first.dtype}" if is_array(first) else type(first).__name__
        cure = "is a return missing?" if first is None else "it must return an array of real values"
        raise TypeError(f"forward returns {what}: {cure}")


def name_gradients(returned, arguments, names):
    """What backward returned, by the names of the values, and how many there were.

    Several gradients stand in the order of forward's arguments: of all of them, or of those that
    are differentiated; a dict has them as "x" or "dx".
    """
    if isinstance(returned, dict):
        keys = {name: _key_of(name, returned) for name in names}
        return {name: returned.get(key) for name, key in keys.items()}, len(returned)
    if returned is None:
        return dict.fromkeys(names), None
    several = isinstance(returned, tuple) or (
        isinstance(returned, list) and (len(names) > 1 or any(map(is_array, returned)))
    )
    given = list(returned) if several else [returned]
    order = names
    if len(given) == len(arguments) and len(given) > len(names):
        order = list(arguments)
    by_name = dict(zip(order, [*given, *[None] * len(order)], strict=False))
    return {name: by_name[name] for name in names}, len(given)


def _key_of(name, returned):
    choices = name, f"d{name}", f"d_{name}", f"grad_{name}", f"{name}_grad"
    return next((key for key in choices if key in returned), name)


def to_float64(array, name="y"):
    """A float64 copy of plain numbers, whatever subclass of an array they come as, on the host."""
    plain = np.asarray(to_host(array) if is_array(array) else array)
    if plain.dtype.kind not in "biuf":
        raise TypeError(f"{name} is an array of {plain.dtype}, but must hold real values")
    return np.array(plain, np.float64, subok=False)


def float_values(arguments):
    """The arrays of real values among the arguments, as float64 copies."""
    return {
        name: to_float64(value)
        for name, value in arguments.items()
        if is_array(value) and value.dtype.kind == "f"
    }


def as_tuple(result):
    if isinstance(result, tuple):
        return result if result else (None,)
    if isinstance(result, list) and any(map(is_array, result)):
        return tuple(result)
    return (result,)


def copied(value):
    """A plain copy of an array; anything else as it is."""
    return np.array(to_host(value), subok=False) if is_array(value) else value


def apart(first, y):
    """How far two results are apart, relative to the largest value."""
    if first.shape != y.shape:
        return np.inf
    with np.errstate(all="ignore"):
        differ = np.abs(first - y)[~((first == y) | (np.isnan(first) & np.isnan(y)))]
        largest = max(np.abs(first).max(initial=0), np.finfo(np.float64).tiny)
        return float(np.nan_to_num(differ, nan=np.inf).max(initial=0) / largest)
