"""The time of a case's forward and backward pass, compared with the plain engine and the last run.

A single step is too short and too noisy to be compared. So the two engines take turns in rounds of
many steps, and the fastest round counts. Timings are stored in a small file in the user's cache
folder; they hold for one machine, and no verdict depends on them.
"""

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nn_scratch import engine
from nn_scratch.backend import is_array
from nn_scratch.check.adapters import Adapter, make_adapter
from nn_scratch.check.cases import CheckCase

ROUNDS = 7
SECONDS = 0.03  # the least time of a round
TIMES_BATCH, TIMES_SIDE = 8, 4  # how many times the images, and the pixels a side, of the case
SAME = 0.1  # relative: a smaller difference to the last time is noise


@dataclass
class Timing:
    """Seconds of a forward and backward pass.

    shape: of the first input; plain: seconds on the plain engine; last: seconds of the last run on
    this machine with this shape, or None.
    """

    name: str
    shape: tuple
    seconds: float
    plain: float
    last: float | None = None

    @property
    def gain(self) -> float:
        """How many times as fast as the plain engine."""
        return self.plain / self.seconds

    def line(self) -> str:
        """One line of the table."""
        if self.last is None:
            since = "first time"
        elif abs(self.seconds / self.last - 1) < SAME:
            since = "as last time"
        elif self.seconds < self.last:
            since = f"{self.last / self.seconds:.1f} × as fast"
        else:
            since = f"{self.seconds / self.last:.1f} × as long"
        shape = "×".join(map(str, self.shape))
        milliseconds = f"{1e3 * self.seconds:.2f} ms"
        return f"{self.name[:32]:<33}{shape:<11}{milliseconds:>10}{self.gain:>6.1f}  {since}"

    def as_dict(self) -> dict:
        """For a program: seconds, and the ratios to the plain engine and to the last run."""
        return {
            "name": self.name,
            "shape": list(self.shape),
            "seconds": self.seconds,
            "times_as_fast_as_plain": self.gain,
            "ratio_to_last": None if self.last is None else self.seconds / self.last,
        }


HEADING = f"{'forward and backward':<33}{'input':<11}{'time':>10}{'gain':>6}  since last time"
LEGEND = "gain: how many times as fast as the plain engine"


def time_case(case: CheckCase, key: str | None = None) -> Timing:
    """Time both passes of a case in float32, on a larger input, and store the result.

    key: the name under which it is stored, by default the case's name and note.

    Returns: a Timing.
    Raises: what the passes raise.
    """
    adapter = _enlarged(case)
    step = _step(adapter)
    seconds = {"fast": np.inf, "plain": np.inf}
    before = engine.current()
    for _ in range(ROUNDS):
        for name in seconds:
            with engine.use("plain" if name == "plain" else before):
                seconds[name] = min(seconds[name], _round(step))
    first = next(iter(adapter.values.values()))
    name = f"{case.name} {case.note}".strip()
    found = Timing(name, first.shape, seconds["fast"], seconds["plain"])
    found.last = _remember(f"{key or name} {first.shape} {before}", found.seconds)
    return found


def _step(adapter: Adapter):
    """A function that runs forward and backward once, and nothing else."""
    adapter.choose_plan(lambda adapter: True)
    outputs = adapter.outputs(adapter.values)
    arguments, options = adapter.argument_copies(adapter.values), adapter.option_copies()
    dys = [np.ones(y.shape, adapter.dtype) if y.ndim else adapter.dtype(1) for y in outputs]

    def step():
        results = adapter.run_forward(arguments, options)
        results = results if isinstance(results, tuple) else (results,)
        adapter.run_backward(*adapter.plan.arguments(dys, arguments, options, results))

    return step


def _round(step):
    """Seconds of a step, as the mean of a round."""
    begin, count = time.perf_counter(), 0
    while count == 0 or time.perf_counter() - begin < SECONDS:
        step()
        count += 1
    return (time.perf_counter() - begin) / count


def _enlarged(case):
    """The adapter of a case in float32 with more and larger images, if forward accepts them: the
    arrays of a check are too small to show where the time goes."""
    for side in (TIMES_SIDE, 1):
        inputs = tuple(_larger(value, case.inputs, side) for value in case.inputs)
        adapter = make_adapter(case.target, inputs, case.options).in_dtype(np.float32)
        try:
            adapter.outputs(adapter.values)
        except Exception:  # forward accepts one size only
            continue
        return adapter
    return make_adapter(case.target, case.inputs, case.options).in_dtype(np.float32)


def _larger(value: Any, inputs: tuple, side: int) -> Any:
    """An input repeated along the batch, and along its sides if it is an image. Inputs whose first
    axis is not the batch, such as weights, stay as they are."""
    first = inputs[0]
    if not is_array(value) or not value.ndim or not is_array(first):
        return value
    if value.shape[0] != first.shape[0]:
        return value
    like_image = value.shape[-2:] == first.shape[-2:] and first.ndim == 4
    sides = (side, side) if like_image and value.ndim > 2 else (1,) * min(2, value.ndim - 1)
    return np.tile(value, (TIMES_BATCH, *(1,) * (value.ndim - 1 - len(sides)), *sides))


def cache_file() -> Path:
    """The file of timings, in NN_SCRATCH_CACHE or the user's cache folder.

    Returns: its path.
    """
    own = os.environ.get("NN_SCRATCH_CACHE")
    if own:
        return Path(own) / "timings.json"
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "nn_scratch" / "timings.json"


def _remember(key: str, seconds: float) -> float | None:
    """Store a timing, and return the former one under this key, or None. If the file cannot be read
    or written, nothing is stored, and no error is raised."""
    path, known = cache_file(), {}
    with suppress(OSError, ValueError):
        known = json.loads(path.read_text(encoding="utf-8"))
    known = known if isinstance(known, dict) else {}
    last = known.get(key)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.{os.getpid()}")
        new.write_text(json.dumps({**known, key: seconds}, indent=1), encoding="utf-8")
        os.replace(new, path)
    return last if isinstance(last, float) and last > 0 else None


__all__ = ["HEADING", "LEGEND", "Timing", "cache_file", "time_case"]
