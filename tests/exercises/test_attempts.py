"""Passes in other styles than the zoo's: every right one is right, every wrong one is rejected,
most get a name, and whatever they do ends in a report that fits a screen."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from nn_scratch.exercises import check_exercise
from nn_scratch.exercises.exercise import EXERCISES


def beside(name):
    """A module that stands beside this file."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


attempts, detection = beside("attempts"), beside("attempts_detection")
RIGHT = attempts.RIGHT | detection.RIGHT
WRONG = attempts.WRONG | detection.WRONG
STYLES = [(name, code) for name, codes in detection.STYLES.items() for code in codes]

PLAIN = {"raises", "wrong_shape", "wrong_dtype", "changes_inputs", "not_finite", "returns_none"}
TALLEST = 55  # lines of a screen
WIDEST = 80  # but for a line of the student's own


def made(name, code):
    """The function of this name in a piece of code."""
    namespace = {}
    exec(attempts.PRELUDE + code, namespace)
    return namespace[name]


@pytest.mark.parametrize("name", RIGHT)
def test_right_ones_are_right(name):
    report = check_exercise(name, made(name, RIGHT[name]))
    assert report.ok, str(report)


@pytest.mark.slow
@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_wrong_ones_are_rejected(name):
    named = 0
    for old, new, truth in WRONG[name]:
        report = check_exercise(name, made(name, RIGHT[name].replace(old, new, 1)))
        assert not report.ok and report.case, truth
        lines = str(report).splitlines()
        assert len(lines) <= TALLEST and max(map(len, lines)) <= WIDEST, str(report)
        named += report.mistake not in (*PLAIN, None)
    assert named >= (0.85 if name in detection.WRONG else 0.5) * len(WRONG[name]), named


@pytest.mark.parametrize("name, code", STYLES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_no_style_is_accused(name, code):
    report = check_exercise(name, made(name, code))
    assert report.ok, str(report)


def test_there_are_many():
    assert sum(map(len, WRONG.values())) >= 260 and len(RIGHT) >= 28
    assert sum(map(len, detection.WRONG.values())) >= 60 and len(STYLES) >= 12


def negative(function):
    return lambda *a, **o: each(function(*a, **o), lambda r: -r)


def as_float32(function):
    return lambda *a, **o: each(function(*a, **o), lambda r: r.astype(np.float32))


def empty(function):
    return lambda *a, **o: each(function(*a, **o), lambda r: r[..., :0])


def one_axis_more(function):
    return lambda *a, **o: each(function(*a, **o), lambda r: r[None])


def all_nan(function):
    return lambda *a, **o: each(function(*a, **o), lambda r: r * np.nan)


def flat(function):
    return lambda *a, **o: each(function(*a, **o), lambda r: r.ravel())


def strings(function):
    return lambda *a, **o: each(function(*a, **o), lambda r: r.astype(str))


def objects(function):
    return lambda *a, **o: each(function(*a, **o), lambda r: [object()])


def none(function):
    return lambda *a, **o: None


def nothing(function):
    return lambda *a, **o: ()


def too_many(function):
    return lambda *a, **o: (function(*a, **o), 1, 2)


def the_arguments(function):
    return lambda *a, **o: a


def each(result, change):
    """A change of every array in a result, within tuples too."""
    if isinstance(result, tuple):
        return tuple(each(part, change) for part in result)
    return change(np.asarray(result, np.float64))


@pytest.mark.slow
@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_whatever_comes_back_is_a_report(name):
    """Also what has no sense at all ends in a report, never in a traceback of ours."""
    right = EXERCISES[name].definition
    odd = [negative, as_float32, empty, one_axis_more, all_nan, flat, strings, objects, none,
           nothing, too_many, the_arguments]  # fmt: skip
    for change in odd:
        if change is flat and name in ("iou", "nms"):
            continue  # they are flat
        report = check_exercise(name, change(right))
        assert not report.ok, (change, str(report))
        assert "search for a name failed" not in str(report), (change, str(report))
        assert len(str(report).splitlines()) <= TALLEST, str(report)
