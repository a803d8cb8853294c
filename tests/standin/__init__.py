"""A stand-in for CuPy, for machines without a GPU: it computes with NumPy, but obeys CuPy's rules.

What CuPy refuses is refused: NumPy arrays mixed in, implicit conversion to NumPy, names that CuPy
lacks and arguments that it does not take (as far as its wheel is installed to ask, which needs no
GPU). Reductions give arrays of no dimension. Every wait for the device is counted, in `waits`.

`installed()` puts it in CuPy's place for a while.
"""

import importlib
import sys
from contextlib import contextmanager

from standin.array import ndarray, waits
from standin.module import make_module

__all__ = ["installed", "ndarray", "waits"]


def real_cupy():
    """CuPy itself, or None where it is not installed."""
    try:
        return importlib.import_module("cupy")
    except ImportError:
        return None


@contextmanager
def installed():
    """Within, `import cupy` gives the stand-in. What CuPy has loaded of itself stays loaded."""
    real = real_cupy()
    sys.modules["cupy"] = module = make_module(real)
    try:
        yield module
    finally:
        del sys.modules["cupy"]
        if real is not None:
            sys.modules["cupy"] = real
