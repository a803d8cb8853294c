"""The stand-in's module: CuPy's names, computed by NumPy."""

import inspect
import time
import types

import numpy as np

from standin.array import WAITING, apply, ndarray, unwrapped, waits, wrapped
from standin.kernels import RawModule

# What CuPy lacks and someone might miss, for where its wheel is not installed to be asked.
LACKING = {"errstate", "seterr", "ma", "matrix", "char", "rec"}
# What CuPy 14.0 does by atomic operations; 14.1 can do more.
ATOMIC = {
    "add": ("int32", "uint32", "uint64", "float16", "float32", "float64"),
    "subtract": ("int32", "uint32"),
    "maximum": ("int32", "uint32", "uint64", "float32", "float64"),
    "minimum": ("int32", "uint32", "uint64", "float32", "float64"),
}
HOST = {"result_type", "dtype", "finfo", "iinfo", "shape", "ndim", "broadcast_shapes"}


class Module(types.ModuleType):
    """A module like numpy, or like one within it. Names go to NumPy if CuPy has them."""

    def __init__(self, name, host, real):
        super().__init__(name)
        self._host, self._real = host, real

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        if name in LACKING or (self._real is not None and not hasattr(self._real, name)):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        host = getattr(self._host, name)
        real = getattr(self._real, name, None)
        if inspect.ismodule(host):
            return Module(f"{self.__name__}.{name}", host, real)
        if isinstance(host, np.ufunc):
            return Ufunc(host)
        if isinstance(host, type) or not callable(host) or name in HOST:
            return host
        return _function(self.__name__, name, host, real)


class Ufunc:
    def __init__(self, host):
        self.host = host

    def __call__(self, *inputs, **options):
        return apply(self.host, inputs, options)

    def at(self, array, index, values):
        """In place. Atomic on a card: float32 is not added up in the same order twice."""
        if array.dtype not in ATOMIC.get(self.host.__name__, ()):
            raise TypeError(f"cupy.{self.host.__name__}.at does not support {array.dtype}")
        self.host.at(array.inside, unwrapped(index), unwrapped(values))


def _function(module, name, host, real):
    def function(*arguments, **options):
        if inspect.isfunction(real):
            try:
                inspect.signature(real).bind(*arguments, **options)
            except TypeError as error:
                raise TypeError(f"{module}.{name}: {error}") from None
        waits[0] += name in WAITING
        return wrapped(host(*unwrapped(arguments), **unwrapped(options)))

    return function


def make_module(real):
    """The module `cupy`, checked against the real one if that is given."""
    module = Module("cupy", np, real)
    module.__version__ = "0 (stand-in)"
    if real is not None:
        module.__path__ = real.__path__  # for what the real one imports of itself only now
    module.ndarray = ndarray
    module.RawModule = RawModule
    module.array = lambda a, dtype=None: ndarray(np.array(_any(a), dtype))
    module.asarray = _asarray
    module.ascontiguousarray = lambda a, dtype=None: ndarray(
        np.ascontiguousarray(unwrapped(a), dtype)
    )
    module.asnumpy = _asnumpy
    module.argsort = lambda a, axis=-1: ndarray(np.argsort(a.inside, axis, kind="stable"))
    module.get_array_module = lambda *arrays: (
        module if any(isinstance(a, ndarray) for a in arrays) else np
    )
    module.cuda = _cuda()
    module.get_default_memory_pool = _Pool
    return module


class _Pool:
    """A memory pool that holds nothing."""

    def free_all_blocks(self):
        pass

    def total_bytes(self):
        return 0


def _asarray(a, dtype=None):
    if isinstance(a, ndarray) and dtype in (None, a.dtype):
        return a
    return ndarray(np.array(_any(a), dtype))


def _any(a):
    """From host or device: these two functions are the way from one to the other."""
    return a.inside if isinstance(a, ndarray) else a


def _asnumpy(a):
    return a.get() if isinstance(a, ndarray) else np.asarray(a)


def _cuda():
    cuda = types.ModuleType("cupy.cuda")
    runtime = types.ModuleType("cupy.cuda.runtime")
    runtime.getDeviceProperties = lambda device: {"name": b"stand-in", "major": 0, "minor": 0}
    cuda.runtime = runtime

    class Stream:
        null = None

        def __init__(self, ptr=1):
            self.ptr = ptr

        def __enter__(self):
            entered.append(self)

        def __exit__(self, *_):
            entered.pop()

        def synchronize(self):
            waits[0] += 1

    class Event:
        def record(self):
            self.time = time.perf_counter()

        def synchronize(self):
            waits[0] += 1

    cuda.Stream, cuda.Event = Stream, Event
    cuda.get_elapsed_time = lambda start, end: 1e3 * (end.time - start.time)
    Stream.null = Stream(0)
    entered = [Stream.null]
    cuda.get_current_stream = lambda: entered[-1]
    return cuda
