"""Which array library an array belongs to, and the way between host and device.

There is no global switch: the data decide. Importing nn_scratch never imports CuPy.
"""

import sys
from typing import TypeAlias

import numpy as np

# What every op takes and gives: a NumPy array, or a CuPy array, which has the same interface and
# which type checkers therefore treat as NumPy's.
Array: TypeAlias = np.ndarray

DEVICES = ("cpu", "gpu")
INSTALL = "pip install -e '.[cuda12]' (or cuda13) in the checkout"
MISSING_FILE = "No such file", "Failed to find", "cannot open"  # in errors of CuPy's
_proven = set()  # CuPy, once it has computed: asking again would make the host wait


class DeviceError(RuntimeError):
    """A GPU is wanted and cannot be used, for the reason that the message gives."""


def is_cupy(array):
    """Whether `array` is a CuPy array, found out without importing CuPy."""
    return type(array).__module__.partition(".")[0] == "cupy"


def is_array(value):
    """Whether `value` is an array of a library that nn_scratch computes with."""
    return isinstance(value, np.ndarray) or is_cupy(value)


def xp_of(*arrays):
    """The module (`numpy` or `cupy`) that the arrays belong to; None entries do not count.

    Raises TypeError when host and device arrays are mixed.
    """
    on_gpu = {is_cupy(array) for array in arrays if array is not None}
    if on_gpu == {True, False}:
        raise TypeError(
            "NumPy and CuPy arrays are mixed in one call: move them to one place first, "
            'with layer.to("gpu") or nn_scratch.backend.to_device(array, "gpu")'
        )
    return sys.modules["cupy"] if on_gpu == {True} else np


def to_device(array, device):
    """`array` on "cpu" or "gpu": itself when it is there already, else a copy."""
    if device not in DEVICES:
        raise ValueError(f'device is {device!r}, but must be "cpu" or "gpu"')
    if device == "cpu":
        return to_host(array)
    if is_cupy(array):
        return array
    if sys.modules.get("cupy") not in _proven and (reason := why_no_gpu()):
        raise DeviceError(reason)
    return sys.modules["cupy"].asarray(array)


def to_host(array):
    """`array` as a NumPy array."""
    return array.get() if is_cupy(array) else np.asarray(array)


def choose_device(wanted, local_rank=0):
    """ "cpu" or "gpu" for "cpu", "gpu" or "auto", which takes a GPU if there is one, and says why
    there is none. `local_rank` numbers the processes that share this machine: each has a card of
    its own, as far as there are cards.

    Raises DeviceError, with the reason, if "gpu" is wanted and there is none.
    """
    reason = None if wanted == "cpu" else why_no_gpu(local_rank)
    if reason and wanted == "gpu":
        raise DeviceError(reason)
    if reason:
        print(f"on the CPU: {reason}", file=sys.stderr)
    return "cpu" if reason or wanted == "cpu" else "gpu"


def why_no_gpu(local_rank=0):
    """None when a GPU can be used, else one sentence that says what is missing, and how to get it.

    Really computes something on the card, by a kernel and by a library: a driver that loads may
    still lack the compiler, or cuBLAS. From then on this is the card of the process; with a
    `local_rank` above 0 it is the one of that number, counted round and round.
    """
    try:
        import cupy
    except ModuleNotFoundError:
        return f"CuPy is not installed: {INSTALL}"
    except ImportError as error:
        return _what_is_missing(error)
    try:
        if local_rank:
            cupy.cuda.Device(local_rank % cupy.cuda.runtime.getDeviceCount()).use()
        ones = cupy.ones((2, 2), cupy.float32)
        total = int((ones @ ones).sum())
    except Exception as error:  # CuPy raises different types for no driver, no device, no NVRTC
        return _what_is_missing(error)
    if total != 8:
        return f"CuPy computes wrongly: the sum of [[2, 2], [2, 2]] gave {total}"
    _proven.add(cupy)
    return None


def _what_is_missing(error):
    """The sentence for an error of CuPy's."""
    cause = error.__cause__ or error  # CuPy puts a page of advice around what the loader said
    first_line, *_ = str(cause).strip().split("\n")
    said = f"{type(cause).__name__}: {first_line}"
    if "cudaErrorInsufficientDriver" in said:
        remedy = "NVIDIA's driver is missing or too old, see https://www.nvidia.com/drivers"
    elif "cudaErrorNoDevice" in said:
        remedy = "the driver finds no NVIDIA card"
    elif isinstance(error, ImportError) or any(words in said for words in MISSING_FILE):
        remedy = f"libraries of CUDA are missing, which come with {INSTALL}"
    else:
        return f"CuPy is installed but cannot compute: {said}"
    return f"CuPy is installed, but {remedy} ({said})"
