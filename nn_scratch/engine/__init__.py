"""How the primitives are computed; `ops/` says what is computed.

Three modules offer the same primitives under the same names:

    plain   array code for NumPy and CuPy alike. It says what each primitive means.
    cpu     NumPy arrays, fast: blocks that fit the cache, one thread a core.
    cuda    CuPy arrays: our own kernels where they apply.

`engine_of(x)` gives the one that computes with x. Setting NN_SCRATCH_ENGINE=plain, or calling
`use("plain")`, gives `plain` for every array, so that whoever edits it sees what changes.
"""

import os
from types import ModuleType

import numpy as np

from nn_scratch.backend import Array, is_cupy
from nn_scratch.engine import cpu, cuda, plain
from nn_scratch.engine.cpu.ways import Choice, which_way

__all__ = ["Choice", "EngineError", "current", "engine_of", "use", "which_way"]

NAMES = "fast", "plain"
_name = None  # of the engine that is on; None until somebody asks


class EngineError(ValueError):
    """There is no engine of this name."""


def engine_of(x: Array) -> ModuleType:
    """Choose who computes.

    Returns: the module whose primitives compute with x.
    Raises: TypeError if x is not an array.
    """
    on_cpu = isinstance(x, np.ndarray)
    if not on_cpu and not is_cupy(x):
        raise TypeError(f"x is a {type(x).__name__}, but must be an array")
    if (_name or current()) == "plain":
        return plain
    return cpu if on_cpu else cuda


def current() -> str:
    """The name of the engine that is on.

    Returns: "fast" or "plain"; at first what NN_SCRATCH_ENGINE says, else "fast".
    Raises: EngineError for other values of NN_SCRATCH_ENGINE.
    """
    global _name
    if _name is None:
        _name = _checked("NN_SCRATCH_ENGINE", os.environ.get("NN_SCRATCH_ENGINE") or "fast")
    return _name


class use:
    """Compute with the engine of this name, "fast" or "plain", from now on:

        use("plain")            until the next call
        with use("plain"): …    until the block ends

    It holds for the whole process, all of its threads. Raises EngineError for other names.
    """

    def __init__(self, name: str) -> None:
        global _name
        name = _checked("name of the engine", name)
        self._before, _name = current(), name

    def __enter__(self) -> None:
        return None

    def __exit__(self, *error: object) -> None:
        global _name
        _name = self._before


def _checked(what, name):
    if not isinstance(name, str) or name not in NAMES:
        raise EngineError(f'{what} is {name!r}, but must be "fast" or "plain"')
    return name
