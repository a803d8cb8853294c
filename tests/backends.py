"""The array libraries that tests run on."""

import os
from contextlib import contextmanager

import numpy as np
import pytest

import standin
from nn_scratch.backend import is_cupy, to_device, to_host, why_no_gpu

REQUIRE_GPU = os.environ.get("REQUIRE_GPU") == "1"
BACKENDS = ["numpy", "stand-in", pytest.param("cupy", marks=pytest.mark.gpu)]


@contextmanager
def device_of(backend):
    """Makes CuPy, or its stand-in, what `import cupy` gives; yields whether there is a device."""
    if backend == "stand-in":
        with standin.installed():
            yield True
    elif backend == "cupy":
        reason = why_no_gpu()
        if reason and REQUIRE_GPU:
            pytest.fail(f"REQUIRE_GPU=1, but {reason}")
        if reason:
            pytest.skip(reason)
        yield True
    else:
        yield False


class OnDevice:
    """The functions of a module, called with NumPy arrays, run on device arrays."""

    def __init__(self, module):
        self._module = module

    def __getattr__(self, name):
        found = getattr(self._module, name)
        if not callable(found):
            return found

        def function(*arguments, **options):
            result = found(*map(moved, arguments), **{n: moved(v) for n, v in options.items()})
            return returned(result)

        return function


def moved(value):
    """NumPy arrays on the device, also within tuples; whatever else as it is."""
    if type(value) is tuple:
        return tuple(map(moved, value))
    return to_device(value, "gpu") if isinstance(value, np.ndarray) else value


def returned(value):
    if isinstance(value, tuple):
        return tuple(map(returned, value))
    return to_host(value) if is_cupy(value) else value
