"""Random calls: what a call is, how its arguments are spoiled, and what it must come to.

A call that is made with right arguments must give the right result. Of most, one argument is then
spoiled: the call must give what is right for it as well, or a ValueError or TypeError with the name
of an argument in it. Nothing that was given may change, and nothing may be warned of.
"""

import inspect
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import is_dataclass
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

LARGE = 1e15  # float32 still holds its square
LIMIT = 60  # seconds that no call may take
NONSENSE = None, "text", object()
NUMBERS = 0, -1, 1.5, True, float("nan"), 500, 2**31 - 1, 2**62, 10**30
STRANGE = *NUMBERS, (), (1,), (1, 2, 3), [], {}
KINDS = "f2", "f4", "f8", ">f4", "i4", "u1", ">i8", "?", "c8", "O", "U3"


class Call(NamedTuple):
    """A call with right arguments; with most likely right ones if they are not `sure`. fault: what
    is wrong with its result, as text, or None; it is given the result and the arguments, spoiled
    ones too, and may raise where they have none. names: other names that arguments have."""

    function: Callable
    positional: list
    keywords: dict[str, Any]
    fault: Callable[..., str | None] | None = None
    sure: bool = True
    names: tuple[str, ...] = ()


class Verdict(NamedTuple):
    """outcome: "computed" or "refused". fault: what is wrong with that, or None."""

    outcome: str
    fault: str | None


def equal_to(oracle: Callable, near: float | None = None) -> Callable[..., str | None]:
    """A `fault` by comparison with what another function makes of the same arguments."""
    return lambda result, *given, **options: difference(result, oracle(*given, **options), near)


# ---------------------------------------------------------------- spoiling


def spoiled(rng: np.random.Generator, call: Call) -> tuple[Call, str | int]:
    """The call with one strange argument, and which: its keyword or its place."""
    places = [*range(len(call.positional)), *call.keywords]
    place = places[rng.integers(len(places))]
    positional, keywords = [*call.positional], dict(call.keywords)
    into: Any = keywords if isinstance(place, str) else positional
    into[place] = strange(rng, into[place])
    return call._replace(positional=positional, keywords=keywords), place


def strange(rng: np.random.Generator, value: Any) -> Any:
    """Something else in the place of a value: nonsense, or nearly the same."""
    if isinstance(value, np.ndarray) and rng.random() < 0.8:
        return strange_array(rng, value)
    if isinstance(value, list | tuple) and len(value) and rng.random() < 0.6:
        parts, place = [*value], int(rng.integers(len(value)))
        parts[place] = strange(rng, parts[place])
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    choices = NONSENSE if rng.random() < 0.4 else STRANGE
    return choices[rng.integers(len(choices))]


def strange_array(rng: np.random.Generator, array: np.ndarray) -> Any:
    """An array of another content, dtype, layout or shape, or what looks like one."""
    ways: list[Callable[[], Any]] = [
        lambda: array.astype(KINDS[rng.integers(len(KINDS))]),
        lambda: array[..., ::-1],
        lambda: np.asfortranarray(array),
        lambda: array[:0],
        lambda: array[..., :-1],
        lambda: array[None],
        lambda: array[0] if array.ndim and len(array) else array,
        lambda: np.repeat(array, 2, axis=0) if array.ndim else array,
        lambda: read_only(array),
        lambda: array.tolist(),
        lambda: np.ma.array(array),
        lambda: with_one(rng, array),
        lambda: with_one(rng, array),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ways[rng.integers(len(ways))]()


def read_only(array: np.ndarray) -> np.ndarray:
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def with_one(rng: np.random.Generator, array: np.ndarray) -> np.ndarray:
    """The array with one number that should not be there."""
    copy = array.copy()
    if copy.size and copy.dtype.kind in "fi":
        choices = [np.nan, np.inf, -np.inf, 1e30, -1.0] if copy.dtype.kind == "f" else [-1, 99]
        copy.flat[rng.integers(copy.size)] = choices[rng.integers(len(choices))]
    return copy


# ---------------------------------------------------------------- judging


def try_call(call: Call, place: str | int | None = None) -> Verdict:
    """Call, and judge what comes of it. place: of the argument that is spoiled."""
    given = [*call.positional, *call.keywords.values()]
    before, begin = deepcopy(contents(given)), time.perf_counter()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            result = call.function(*call.positional, **call.keywords)
        except (ValueError, TypeError) as error:
            may = place is not None or not call.sure
            return Verdict("refused", unnamed(call, error) if may else said(error))
        except MemoryError as error:
            return Verdict("refused", said(error))
        except Exception as error:
            return Verdict("refused", said(error))
    if time.perf_counter() - begin > LIMIT:
        return Verdict("computed", "it took too long")
    if not same(contents(given), before):
        return Verdict("computed", "an argument was changed")
    if warned and finite(result) and finite(given):  # of NaN and infinity one may well be warned
        return Verdict("computed", f"warns: {warned[0].message}")
    if place is not None and (why := not_meant(call, place)):
        return Verdict("computed", why)
    if call.fault is None:
        return Verdict("computed", None)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Verdict("computed", call.fault(result, *call.positional, **call.keywords))
    except (
        ArithmeticError,
        ValueError,
        MemoryError,
    ):  # Python's floats raise where arrays give NaN
        return Verdict("computed", None)


def finite(value: Any) -> bool:
    """Whether all numbers in arguments or a result are finite, with squares that are."""
    if isinstance(value, list | tuple):
        return all(map(finite, value))
    if not isinstance(value, float | np.ndarray | np.floating):
        return True
    numbers = np.asarray(value)
    return numbers.dtype.kind not in "fc" or bool((np.abs(numbers) < LARGE).all())


def said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def unnamed(call: Call, error: Exception) -> str | None:
    """The fault of an error that names no argument."""
    texts = set(texts_in([call.positional, call.keywords]))
    names = {
        *parameters(call),
        *call.names,
        *texts,
        "kernel_size",
        "stride",
        "padding",
        "groups",
        "dtypes",
    }
    named = any(
        re.search(rf"(?<![A-Za-z0-9]){re.escape(n)}(?![A-Za-z0-9])", str(error)) for n in names
    )
    return None if named else f"names nothing: {said(error)}"


def texts_in(value: Any) -> Iterator[str]:
    """The texts and paths in arguments: a file that is wrong may be told by its own name."""
    if isinstance(value, str | PathLike):
        yield str(value)
    elif isinstance(value, list | tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts_in(part)


def parameters(call: Call) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(call.function).parameters)


def not_meant(call: Call, place: str | int) -> str | None:
    """What is wrong if an argument of a kind that the signature does not allow was accepted."""
    is_record = is_dataclass(call.function) and not hasattr(call.function, "__post_init__")
    if is_record or hasattr(call.function, "_fields"):  # it takes anything; who uses it looks
        return None
    found = parameters(call)
    name = place if isinstance(place, str) else None
    if name is None:
        name = [*found][min(place, len(found) - 1)]
    if name not in found or found[name].kind in (
        inspect.Parameter.VAR_POSITIONAL,
        inspect.Parameter.VAR_KEYWORD,
    ):
        return None
    annotation = found[name].annotation
    words = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    words = f"{words} {annotation}"
    value = call.keywords[name] if name in call.keywords else call.positional[place]
    if re.search(r"\b(Any|object)\b", words) or annotation is inspect.Parameter.empty:
        return None
    allowed = {
        type(None): r"None|Optional",
        str: r"str|Path|PathLike",
        bool: r"bool",
        object: r"$^",
        float: r"float|ndarray|complex|Sequence",
    }.get(type(value), "")
    return None if re.search(allowed, words) else f"took {value!r} for {name}"


def contents(value: Any) -> Any:
    """The arrays in arguments, whatever holds them, so that changes can be seen."""
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, list | tuple):
        return [contents(part) for part in value]
    if isinstance(value, dict):
        return {key: contents(part) for key, part in value.items()}
    return None


def same(a: Any, b: Any) -> bool:
    """Whether nothing changed, to the last bit."""
    if isinstance(a, np.ndarray):
        if a.dtype.kind == "O":
            return a.shape == b.shape and repr(a) == repr(b)
        return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return a is b is None


def difference(found: Any, expected: Any, near: float | None = None) -> str | None:
    """What is different between two results, or None."""
    if isinstance(found, list | tuple) and isinstance(expected, list | tuple):
        if len(found) != len(expected):
            return f"{len(found)} results instead of {len(expected)}"
        pairs = zip(found, expected, strict=True)
        return next((text for one, other in pairs if (text := difference(one, other, near))), None)
    if found is None or expected is None or isinstance(expected, str):
        return None if found == expected else f"{found!r} instead of {expected!r}"
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        return f"shape {found.shape} instead of {expected.shape}"
    if found.dtype.kind not in "fc":
        return None if (found == expected).all() else f"{found} instead of {expected}"
    some = np.isfinite(expected)
    if not np.isfinite(found)[some].all():  # the loops also see what they multiply by 0
        return f"{(~np.isfinite(found))[some].sum()} numbers should be finite"
    near = near or (1e-4 if found.dtype == np.float32 else 1e-9)
    size = np.abs(expected[some]).max(initial=1)
    off = np.abs(found[some] - expected[some]).max(initial=0)
    return None if off <= near * size else f"off by {off / size:.1e}"


def short(value: Any) -> str:
    """A value as it stands in the report of a fault."""
    if isinstance(value, np.ndarray):
        return f"{type(value).__name__} {value.dtype}{value.shape}"
    if isinstance(value, list | tuple) and value and not hasattr(value, "_fields"):
        return f"[{', '.join(map(short, value[:4]))}]"
    return " ".join(repr(value).split())[:100]


def described(name: str, call: Call) -> str:
    """A call as text."""
    given = [*map(short, call.positional), *(f"{k}={short(v)}" for k, v in call.keywords.items())]
    return f"{name}({', '.join(given)})"


# ---------------------------------------------------------------- what tables are made from


def signed(function: Callable, positional: list, **keywords: Any) -> Call:
    """A call whose result nobody knows but that it must come."""
    return Call(function, positional, keywords)


def values(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape)


def pick(rng: np.random.Generator, *choices: Any) -> Any:
    return choices[rng.integers(len(choices))]


def sizes(rng: np.random.Generator, count: int, least: int = 1, most: int = 6) -> list[int]:
    return [int(n) for n in rng.integers(least, most + 1, count)]


def public(package: str) -> Iterator[str]:
    """The names of what can be called in a package, but for its exceptions."""
    module = sys.modules[f"nn_scratch.{package}"]
    for name in module.__all__:
        found = getattr(module, name)
        is_error = isinstance(found, type) and issubclass(found, Exception)
        if callable(found) and not is_error:
            yield name
