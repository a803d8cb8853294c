"""The arrays that passes take and return: copies in float64, gradients by name, and a watch over
arrays that no pass may change."""

from typing import NamedTuple

import numpy as np

from nn_scratch.backend import is_array, to_host
from nn_scratch.check.signatures import is_float_array


class Passes(NamedTuple):
    """What was observed of one forward and one backward pass.

    outputs: float64 copies of the results that got a dy. gradients: by the name of the value,
    float64, or None. dtypes: of y under "y", and of each gradient under the name of its value.
    count: how many gradients backward returned; None if it returned None. written: pairs
    (pass, name) for each array that a pass has written into.
    """

    outputs: tuple
    gradients: dict
    dtypes: dict
    count: int | None  # type: ignore[assignment]  # tuples have a method of that name
    written: list


class Watch:
    """Arrays beside copies of them, which show later which arrays were written into."""

    def __init__(self, arrays):
        self.kept = []
        self.add(arrays)

    def add(self, arrays):
        """Watch these arrays, too."""
        self.kept += [(n, a, to_host(a).copy()) for n, a in arrays.items() if is_array(a)]

    def changed(self):
        """The names of the arrays that were changed since the last call."""
        found = []
        for i, (name, array, before) in enumerate(self.kept):
            now = np.asarray(to_host(array))
            if not np.array_equal(now, before, equal_nan=now.dtype.kind == "f"):
                found.append(name)
                self.kept[i] = name, array, now.copy()
        return found


def check_results(results):
    """Raise TypeError if the first result of forward is not an array of floats."""
    if not is_float_array(results[0]):
        first = results[0]
        what = f"an array of {first.dtype}" if is_array(first) else type(first).__name__
        cure = "is a return missing?" if first is None else "it must return an array of real values"
        raise TypeError(f"forward returns {what}: {cure}")


def name_gradients(returned, arguments, names):
    """(gradients by the name of the value, how many backward returned).

    A tuple of gradients is in the order of forward's arguments: there is one for each argument, or
    one for each that is differentiated. In a dict, the gradient of x is called x, dx, d_x, grad_x
    or x_grad.
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
    """A plain float64 copy in the host's memory, of an array of any subclass or of a number."""
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
    """What a pass returned, as a tuple: a tuple, a list of arrays, or a single result."""
    if isinstance(result, tuple):
        return result if result else (None,)
    if isinstance(result, list) and any(map(is_array, result)):
        return tuple(result)
    return (result,)


def copied(value):
    """A plain copy of an array; anything else is returned as it is."""
    return np.array(to_host(value), subok=False) if is_array(value) else value


def relative_difference(first, y):
    """The largest difference of two results, relative to the largest value of the first."""
    if first.shape != y.shape:
        return np.inf
    with np.errstate(all="ignore"):
        differ = np.abs(first - y)[~((first == y) | (np.isnan(first) & np.isnan(y)))]
        largest = max(np.abs(first).max(initial=0), np.finfo(np.float64).tiny)
        return float(np.nan_to_num(differ, nan=np.inf).max(initial=0) / largest)
