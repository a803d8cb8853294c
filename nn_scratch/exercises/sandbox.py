"""Calling a student's function: whatever it does, there is an answer and no traceback."""

import copy
import ctypes
import inspect
import threading
import time
import traceback
from typing import Any, NamedTuple

import numpy as np

LIMIT = 10.0  # seconds that one call may take; the first may have to import a library
TIMING = 0.01  # seconds for which calls are timed, if one is not longer
NOT_WRITTEN = "is not written yet: it raises NotImplementedError"


class Answer(NamedTuple):
    """What came of a call: the results, arrays in a flat tuple, or a problem and what to say of it.

    problem: None, or "raises", "returns_none", "wrong_shape" (also a wrong number of results),
    "wrong_dtype", "not_finite", "changes_inputs" or "timeout".
    """

    results: tuple | None
    problem: str | None = None
    message: str = ""


def call(function, arguments, options, expected, limit=LIMIT):
    """The Answer of function(*arguments, **options).

    expected: a dict from the results' names to arrays of the right shape and kind. Results of a
    wrong shape, dtype or with NaN come along with the problem, for who wants to look at them.
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
    """How long a call takes, the best of a few; None if one of them does not end well."""
    best = float("inf")
    until = time.perf_counter() + TIMING
    while best == float("inf") or time.perf_counter() < until:
        took, error = _in_time(lambda: _taken(function, arguments, options), limit)
        if error is not None:
            return None
        best = min(best, took)
    return best


def _taken(function, arguments, options):
    start = time.perf_counter()
    function(*arguments, **options)
    return time.perf_counter() - start


def explain(error):
    """What was raised, and in which line of whose file."""
    if isinstance(error, NotImplementedError):
        return NOT_WRITTEN
    frames = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in frames if frame.filename != __file__]
    where = f", line {frames[0].lineno}: {frames[0].line}" if frames else ""
    return f"raises {type(error).__name__}: {error}{where}"


def _judge(results, expected):
    """The first problem of the results' shapes, dtypes and values: its name and a sentence."""
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
    """Tuples and lists of results, and those within them, as one tuple."""
    if not isinstance(result, tuple | list):
        # A subclass of NumPy's arrays may answer as it likes; its numbers are judged, not its word.
        return (np.asarray(result) if isinstance(result, np.ndarray) else result,)
    return tuple(part for entry in result for part in flat(entry))


def _is_row(result, expected):
    """Whether numbers in a list are meant as the one array of integers that is wanted."""
    wanted = list(expected.values())
    whole = len(wanted) == 1 and wanted[0].ndim == 1 and wanted[0].dtype.kind in "iu"
    return whole and isinstance(result, list) and all(np.ndim(part) == 0 for part in result)


def _row(numbers):
    return np.array(numbers, None if numbers else np.int64)


def _restore(arguments, kept):
    """Put back what was written into arguments; returns the numbers of those."""
    changed = []
    for number, pair in enumerate(zip(arguments, kept, strict=True)):
        for argument, before in zip(*map(flat, pair), strict=True):
            if isinstance(argument, np.ndarray) and not np.array_equal(argument, before):
                argument[...] = before
                changed.append(number)
    return changed


def _named(function, number):
    """The name of a function's parameter, or its number where names cannot be known."""
    try:
        return list(inspect.signature(function).parameters)[number]
    except (TypeError, ValueError, IndexError):
        return f"number {number + 1}"


class _TimeUp(BaseException):
    """Raised within a student's code when its time is over."""


def _in_time(work, limit):
    """(result, exception) of work(), which is stopped after `limit` seconds.

    It runs in a thread of its own, into which an exception can be sent: that ends loops in Python,
    on every system. What hangs within a library call is left behind.
    """
    outcome: list[Any] = [None, None]

    def run():
        try:
            outcome[0] = work()
        except BaseException as error:  # whatever it is, it is the student's
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
