"""A part of what `python benchmarks/random_calls.py` tries; and that it sees what is wrong."""

import importlib
import warnings

import numpy as np
import pytest

from calls.frame import Call, equal_to, public, try_call
from random_calls import TABLE, try_calls

pytestmark = pytest.mark.slow

PACKAGES = [
    *("check", "data", "engine", "evaluation", "exercises", "graph"),
    *("layers", "naive", "nets", "ops", "training"),
]
CALLS = 24  # of each function


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_function_is_called(package):
    importlib.import_module(f"nn_scratch.{package}")
    missing = {f"{package}.{name}" for name in public(package)} - set(TABLE)
    assert not missing, f"no random calls of {', '.join(sorted(missing))}"


@pytest.mark.parametrize("name", sorted(TABLE))
def test_it_is_right_or_refused_by_name(name):
    counts, faults = try_calls([name], CALLS, seed=1)
    assert not faults, "\n".join(faults)
    assert counts["computed"] > 0


# ---------------------------------------------------------------- the judge


def double(x: np.ndarray, times: int = 2) -> np.ndarray:
    return x * times


def changes(x: np.ndarray) -> None:
    x += 1


def warns(x: np.ndarray) -> None:
    warnings.warn("strange", stacklevel=1)


def without_name(x: np.ndarray) -> None:
    raise ValueError("that is wrong")


def trips(x: np.ndarray) -> None:
    raise IndexError("x is out of bounds")


def named(x: np.ndarray) -> None:
    raise TypeError("x is None, but must be an array")


@pytest.mark.parametrize(
    "function, options, fault",
    [
        (double, {}, None),
        (double, {"times": 3}, "off by"),
        (double, {"times": 2.0}, "took 2.0 for times"),
        (double, {"times": True}, "took True for times"),
        (changes, {}, "was changed"),
        (warns, {}, "warns: strange"),
        (without_name, {}, "names nothing: ValueError"),
        (trips, {}, "IndexError"),
        (named, {}, None),
    ],
)
def test_the_judge_sees(function, options, fault):
    wanted = equal_to(lambda x, times=2: 2 * x) if function is double else None
    found = try_call(Call(function, [np.ones(3)], options, wanted), place=[*options, 0][0]).fault
    assert found is None if fault is None else fault in found


def test_a_right_call_must_not_be_refused():
    found = try_call(Call(named, [np.ones(3)], {}))
    assert found.outcome == "refused" and found.fault.startswith("TypeError")
