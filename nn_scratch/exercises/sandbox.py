"""Call a student's function so that whatever it does becomes an Answer, and no error is raised."""

import copy
import ctypes
import inspect
import threading
import time
import traceback
from typing import Any, NamedTuple

import numpy as np

LIMIT = 10.0  # seconds for one call; the first may have to import a library
TIMING = 0.01  # seconds during which calls are repeated to measure their time
NOT_WRITTEN = "is not written yet: it raises NotImplementedError"


class Answer(NamedTuple):
    """What came of a call: the results, a flat tuple of arrays, or a problem and its message.

    problem: None, or "raises", "returns_none", "wrong_shape" (also for a wrong number of results),
    "wrong_dtype", "not_finite", "changes_inputs" or "timeout". message: the predicate of a sentence
    about the function.
    """

    results: tuple | None
    problem: str | None = None
    message: str = ""


def call(function, arguments, options, expected, limit=LIMIT):
    """The Answer of function(*arguments, **options).

    expected: a dict from the names of the results to arrays of the right shapes and dtypes. Results
    with a wrong shape, a wrong dtype or NaN are returned together with the problem.
    """
    kept = [copy.deepcopy(value) for value in arguments]
    result, error = _in_time(lambda: function(*arguments, **options), limit)
    changed = _restore(arguments, kept)
    if isinstance(error, _TimeUp):
        return Answer(None, "timeout", f"did not end within {limit:g} seconds and was stopped")
    if error is not None:
        return Answer(None, "raises", explain(error))
    results = (_row(result),) if _is_row(result, expected) else flat(result)
    if all(part is None for part in results):
        return Answer(None, "returns_none", "returns None: is a return missing?")
    if len(results) != len(expected):
        return Answer(
            None,
            "wrong_shape",
            f"returns {len(results)} arrays, but {len(expected)} are wanted: {', '.join(expected)}",
        )
    if changed:
        message = f"writes into its argument {_named(function, changed[0])}: work on a copy"
        return Answer(results, "changes_inputs", message)
    problem, message = _judge(results, expected)
    return Answer(results, problem, message)


def seconds(function, arguments, options, limit=LIMIT):
    """The time of a call, the fastest of several; None if one of them fails."""
    best = float("inf")
    until = time.perf_counter() + TIMING
    while best == float("inf") or time.perf_counter() < until:
        took, error = _in_time(lambda: _timed(function, arguments, options), limit)
        if error is not None:
            return None
        best = min(best, took)
    return best


def _timed(function, arguments, options):
    """The seconds of a call."""
    start = time.perf_counter()
    function(*arguments, **options)
    return time.perf_counter() - start


def explain(error):
    """The predicate of a sentence about an error, with the line that raised it."""
    if isinstance(error, NotImplementedError):
        return NOT_WRITTEN
    frames = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in frames if frame.filename != __file__]
    where = f", line {frames[0].lineno}: {frames[0].line}" if frames else ""
    return f"raises {type(error).__name__}: {error}{where}"


def _judge(results, expected):
    """(problem, message) of the first result with a wrong shape, dtype or value."""
    for (name, right), found in zip(expected.items(), results, strict=True):
        if found is None:
            return "returns_none", f"gives None for {name}"
        found = np.asarray(found)
        if found.shape != right.shape:
            return (
                "wrong_shape",
                f"gives {name} the shape {found.shape}, but it must be {right.shape}",
            )
        if right.dtype.kind == "f" and found.dtype != right.dtype:
            return "wrong_dtype", f"gives {name} as {found.dtype}, but it must be {right.dtype}"
        if right.dtype.kind in "iu" and found.dtype.kind not in "iu":
            return "wrong_dtype", f"gives {name} as {found.dtype}, but it must hold integers"
        if found.dtype.kind == "f" and not np.isfinite(found).all():
            return "not_finite", f"gives {name} with NaN or infinity in it"
    return None, ""


def flat(result):
    """Nested tuples and lists of results as one flat tuple."""
    if not isinstance(result, tuple | list):
        # A subclass of NumPy's arrays might define comparisons that are always true.
        return (np.asarray(result) if isinstance(result, np.ndarray) else result,)
    return tuple(part for entry in result for part in flat(entry))


def _is_row(result, expected):
    """Whether a list of numbers is meant as the single array of integers that is expected."""
    wanted = list(expected.values())
    whole = len(wanted) == 1 and wanted[0].ndim == 1 and wanted[0].dtype.kind in "iu"
    return whole and isinstance(result, list) and all(np.ndim(part) == 0 for part in result)


def _row(numbers):
    return np.array(numbers, None if numbers else np.int64)


def _restore(arguments, kept):
    """Restore arguments that were written into, and return their positions."""
    changed = []
    for number, pair in enumerate(zip(arguments, kept, strict=True)):
        for argument, before in zip(*map(flat, pair), strict=True):
            if isinstance(argument, np.ndarray) and not np.array_equal(argument, before):
                argument[...] = before
                changed.append(number)
    return changed


def _named(function, number):
    """The name of a parameter of a function, or its number if the function has no signature."""
    try:
        return list(inspect.signature(function).parameters)[number]
    except (TypeError, ValueError, IndexError):
        return f"number {number + 1}"


class _TimeUp(BaseException):
    """Raised in a student's code when its time is over."""


def _in_time(work, limit):
    """(result, exception) of work(), which is stopped after `limit` seconds.

    It runs in a thread of its own, in which an exception can be raised from outside. That ends
    loops in Python, on every system. A thread that hangs in a library call is abandoned.
    """
    outcome: list[Any] = [None, None]

    def run():
        try:
            outcome[0] = work()
        except BaseException as error:  # any error is part of the student's answer
            outcome[1] = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(limit)
    if thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(_TimeUp)
        )
        thread.join(1.0)
        return None, _TimeUp()
    return tuple(outcome)
