"""Checks of the arguments of public functions: numbers, words, lists, and arrays of a given shape.
The arrays of ops are checked by validate.py, the windows of a convolution by geometry.py.

Each function takes the name and the value of an argument. It returns the value in the form in which
it is used, or raises a TypeError or ValueError that names the argument, and says what it is and
what it must be.
"""

from collections.abc import Callable, Iterable, Sequence
from math import prod
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from nn_scratch.backend import is_array, is_cupy
from nn_scratch.geometry import LARGEST, integer
from nn_scratch.validate import check_plain

LONGEST = 60  # letters of a value that a message shows
REALS, INTEGERS, FLAGS = "fiu", "iu", "b"  # NumPy's letters for kinds of numbers
KINDS = {REALS: "real numbers", INTEGERS: "integers", FLAGS: "True and False"}
MOST_CLASSES = 10_000
ROOM = 2**28  # the largest number of elements of a result


def shown(value: Any) -> str:
    """A value as text for a message: the dtype and shape of an array, and the repr of others.

    Returns: one line, which is shortened if it is long.
    """
    if is_array(value):
        return f"an array of {value.dtype} {tuple(value.shape)}"
    text = " ".join(repr(value).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


# ---------------------------------------------------------------- single values


def whole(name: str, value: Any, least: int = 0, most: int = LARGEST) -> int:
    """A whole number from `least` to `most`.

    Raises: TypeError if it is not a whole number, ValueError if it is out of range.
    """
    found = integer(name, value, least)
    if found > most:
        raise ValueError(f"{name} is {value}, but must be at most {most}")
    return found


def class_count(name: str, value: Any) -> int:
    """A number of classes.

    Raises: TypeError or ValueError for another value.
    """
    return whole(name, value, 1, MOST_CLASSES)


def optional(check: Callable, name: str, value: Any, *more: Any) -> Any:
    """None, or the result of `check` for any other value."""
    return None if value is None else check(name, value, *more)


def a_label(name: str, value: Any) -> int:
    """A label, which may be negative, as the label of pixels that do not count often is.

    Raises: TypeError if it is not a whole number.
    """
    return integer(name, value, least=-LARGEST)


def real(name: str, value: Any) -> float:
    """Any real number, also NaN and infinity.

    Raises: TypeError if it is not a number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} is {shown(value)}, but must be a number")
    return float(value)


def finite(name: str, value: Any) -> float:
    """Any finite number.

    Raises: TypeError if it is not a number, ValueError for NaN and infinity.
    """
    found = real(name, value)
    if not np.isfinite(found):
        raise ValueError(f"{name} is {value}, but must be finite")
    return found


def axis_of(name: str, value: Any, found: Any) -> int:
    """The number of an axis of the array `found`; negative numbers count from the last axis.

    Raises: TypeError or ValueError if the array has no such axis.
    """
    axis = integer(name, value, least=-LARGEST)
    if -found.ndim <= axis < found.ndim:
        return axis
    raise ValueError(f"{name} is {axis}, but an array {tuple(found.shape)} has {found.ndim} axes")


def a_text(name: str, value: Any) -> str:
    """A text.

    Raises: TypeError if it is not a text.
    """
    if isinstance(value, str):
        return value
    raise TypeError(f"{name} is {shown(value)}, but must be a text")


def one_of(name: str, value: Any, choices: Iterable[Any]) -> Any:
    """One of several words.

    Raises: ValueError, with the words, for any other.
    """
    choices = list(choices)
    if isinstance(value, str) and value in choices:
        return value
    raise ValueError(f"{name} is {shown(value)}, but must be one of {', '.join(choices)}")


def an_instance(name: str, value: Any, kind: Any, what: str = "") -> Any:
    """An instance of a class. what: the class in words for the message, by default its name.

    Raises: TypeError for anything else.
    """
    if isinstance(value, kind):
        return value
    what = what or f"a {kind.__name__}"
    is_class = f"the class {value.__name__}" if isinstance(value, type) else shown(value)
    raise TypeError(f"{name} is {is_class}, but must be {what}")


def a_function(name: str, value: Any, what: str = "a function") -> Callable:
    """A function, or another object that can be called.

    Raises: TypeError if it cannot be called.
    """
    if callable(value):
        return value
    raise TypeError(f"{name} is {shown(value)}, but must be {what}")


def several(name: str, values: Any) -> Iterable:
    """A list or another iterable, but not a text, a set or a dict.

    Raises: TypeError for anything else.
    """
    if isinstance(values, str | bytes | dict | set | frozenset) or not _is_iterable(values):
        raise TypeError(f"{name} is {shown(values)}, but must be a list or the like")
    return values


def items(name: str, values: Any, kind: Any = object, least: int = 0) -> list:
    """The items of an iterable (see `several`), each of which must be an instance of `kind`.

    Raises: TypeError for other values or items, ValueError for fewer items than `least`.
    """
    found = list(several(name, values))
    for number, item in enumerate(found):
        an_instance(f"{name}[{number}]", item, kind)
    if len(found) < least:
        raise ValueError(f"{name} has {len(found)} items, but must have at least {least}")
    return found


def parts(name: str, value: Any, count: int) -> tuple:
    """A tuple or a list of `count` things.

    Raises: TypeError for anything else, ValueError for more or fewer things.
    """
    if not isinstance(value, tuple | list):
        raise TypeError(f"{name} is {shown(value)}, but must be a tuple")
    if len(value) != count:
        raise ValueError(f"{name} has {len(value)} parts, but must have {count}")
    return tuple(value)


def words(name: str, values: Any, least: int = 1) -> list[str]:
    """At least `least` texts, all of which are different.

    Raises: TypeError for other things, ValueError for fewer texts, or for a text that occurs twice.
    """
    found = items(name, values, str, least)
    if len(set(found)) < len(found):
        twice = next(text for text in found if found.count(text) > 1)
        raise ValueError(f"{name} has {twice!r} twice")
    return found


def a_path(name: str, value: Any) -> Path:
    """The path of a file or folder.

    Raises: TypeError for anything else, ValueError for a text that no path can be.
    """
    if not isinstance(value, str | PathLike):
        raise TypeError(f"{name} is {shown(value)}, but must be a path")
    found = Path(value)
    if "\0" in str(found):
        raise ValueError(f"{name} is {shown(value)}, but no path has a zero in it")
    return found


def each(name: str, values: Any, check: Callable[[str, Any], Any]) -> list:
    """The results of `check` for each item of an iterable (see `several`).

    Raises: TypeError for a value without items, and what the check raises.
    """
    return [check(f"{name}[{number}]", item) for number, item in enumerate(items(name, values))]


def a_generator(name: str, value: Any) -> np.random.Generator:
    """The random generator that a Generator, a seed or None stands for.

    Raises: TypeError or ValueError for anything else.
    """
    kinds = np.random.Generator | np.random.SeedSequence | np.random.BitGenerator
    if value is None or isinstance(value, kinds):
        return np.random.default_rng(value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return np.random.default_rng([a_seed(name, part) for part in value])
    return np.random.default_rng(a_seed(name, value))


def a_seed(name: str, value: Any) -> int:
    """A seed: a whole number of at least 0, of any size.

    Raises: TypeError or ValueError for anything else.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value > LARGEST:
        return value
    return integer(name, value, least=0)


# ---------------------------------------------------------------- arrays


def as_array(name: str, value: Any) -> np.ndarray:
    """A list, a number or the like as a NumPy array.

    Raises: TypeError if NumPy cannot convert it.
    """
    try:
        return np.asarray(value)
    except (ValueError, TypeError, RuntimeError, OverflowError) as error:
        raise TypeError(f"{name} cannot be read as one array: {error}") from None


def an_array(name: str, value: Any, shape: Sequence, kinds: str = REALS) -> Any:
    """An array of a given shape and kind of numbers; lists and the like are converted.

    shape: for each axis a number, which is its length, or a letter for any length; "…" at the
    beginning stands for any axes. kinds: NumPy's letters of the kinds that are allowed. CuPy's
    arrays stay on the GPU.

    Raises: TypeError for other things or kinds, ValueError for other shapes.
    """
    check_plain(name, value)
    found = value if is_cupy(value) else as_array(name, value)
    if found.dtype.kind not in kinds and not (found.size == 0 and found is not value):
        got = f"has dtype {found.dtype}" if found is value else f"is {shown(value)}"
        raise TypeError(f"{name} {got}, but must hold {KINDS[kinds]}")
    if not _fits(found.shape, shape):
        wanted = ", ".join(map(str, shape)) + "," * (len(shape) == 1)
        raise ValueError(f"{name} has shape {tuple(found.shape)}, but must be ({wanted})")
    return found


def reals(name: str, value: Any, *shape: Any, finite: bool = False) -> Any:
    """Real numbers as a float64 array of this shape (see `an_array`).

    Raises: what an_array raises; ValueError for NaN or infinity if they must be finite.
    """
    found = an_array(name, value, shape).astype(np.float64, copy=False)
    if finite and not np.isfinite(found).all():
        raise ValueError(f"{name} holds NaN or infinity, but must be finite")
    return found


def shares(name: str, value: Any, *shape: Any) -> Any:
    """Numbers from 0 to 1 as a float64 array of this shape (see `an_array`).

    Raises: what an_array raises; ValueError for other numbers.
    """
    found = reals(name, value, *shape, finite=True)
    if found.size and not (found.min() >= 0 and found.max() <= 1):
        raise ValueError(
            f"{name} holds numbers from {found.min():g} to {found.max():g}, but must lie between "
            "0 and 1"
        )
    return found


def integers(name: str, value: Any, *shape: Any) -> Any:
    """Whole numbers as an array of this shape (see `an_array`) and of any integer dtype.

    Raises: what an_array raises.
    """
    found = an_array(name, value, shape, INTEGERS)
    return found if found.dtype.kind in INTEGERS else found.astype(np.int64)


def flags(name: str, value: Any, *shape: Any) -> Any:
    """An array of bools of this shape (see `an_array`); integers 0 and 1 are converted.

    Raises: what an_array raises.
    """
    if isinstance(value, np.ndarray) and value.dtype.kind in INTEGERS:
        value = value.astype(bool) if ((value == 0) | (value == 1)).all() else value
    return an_array(name, value, shape, FLAGS).astype(bool, copy=False)


def filled(name: str, found: Any) -> Any:
    """An array that is not empty.

    Raises: ValueError if it is empty.
    """
    if found.size:
        return found
    raise ValueError(f"{name} has shape {tuple(found.shape)}, but must not be empty")


def labels_below(name: str, labels: Any, num_classes: int) -> None:
    """Check that labels are from 0 to num_classes − 1.

    Raises: ValueError if they are not.
    """
    if labels.size and not 0 <= labels.min() <= labels.max() < num_classes:
        raise ValueError(
            f"{name} has labels from {labels.min()} to {labels.max()}, but {num_classes} classes "
            f"have the labels 0 to {num_classes - 1}"
        )


def room_for(names: str, *shape: int) -> None:
    """Check that an array of this shape is not so large that it must be a mistake.

    names: of the arguments that the shape comes from.

    Raises: ValueError for a shape that would fill the memory.
    """
    if prod(map(int, shape)) > ROOM:
        raise ValueError(f"{names} ask for an array {shape}, of more than {ROOM} numbers")


def _is_iterable(value):
    """Whether a value can be iterated over, which an array without axes cannot."""
    return isinstance(value, Iterable) and getattr(value, "ndim", 1) > 0


def _fits(found, wanted):
    """Whether a shape fits the wanted one, see an_array."""
    if wanted and wanted[0] == "…":
        wanted = wanted[1:]
        found = found[len(found) - len(wanted) :] if len(found) >= len(wanted) else ()
    return len(found) == len(wanted) and all(
        isinstance(n, str) or n == m for n, m in zip(wanted, found, strict=True)
    )
