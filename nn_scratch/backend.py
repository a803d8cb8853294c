"""The two array libraries, NumPy and CuPy: which one an array belongs to, and moving arrays.

There is no global switch: each array decides where it is computed. Importing nn_scratch never
imports CuPy.
"""

import sys
from typing import TypeAlias

import numpy as np

# The type of arrays in annotations: NumPy's, or CuPy's, which has the same interface, so that a
# type checker may treat it as NumPy's.
Array: TypeAlias = np.ndarray

DEVICES = ("cpu", "gpu")
INSTALL = "pip install -e '.[cuda12]' (or cuda13) in the checkout"
MISSING_FILE = "No such file", "Failed to find", "cannot open"  # in the messages of CuPy's errors
_proven = set()  # holds CuPy once it has computed, since testing it again would make the host wait


class DeviceError(RuntimeError):
    """A GPU is wanted, but cannot be used; the message says why."""


def is_cupy(array):
    """Whether `array` is a CuPy array. CuPy is not imported for that."""
    return type(array).__module__.partition(".")[0] == "cupy"


def is_array(value):
    """Whether `value` is an array of NumPy or CuPy."""
    return isinstance(value, np.ndarray) or is_cupy(value)


def xp_of(*arrays):
    """The module, `numpy` or `cupy`, that the arrays belong to; None among them is ignored.

    Raises TypeError if arrays of both are mixed.
    """
    on_gpu = {is_cupy(array) for array in arrays if array is not None}
    if on_gpu == {True, False}:
        raise TypeError(
            "NumPy and CuPy arrays are mixed in one call: move them to one place first, "
            'with layer.to("gpu") or nn_scratch.backend.to_device(array, "gpu")'
        )
    return sys.modules["cupy"] if on_gpu == {True} else np


def to_device(array, device):
    """The array on "cpu" or "gpu": itself if it is there already, else a copy."""
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
    """The array as a NumPy array, in the host's memory."""
    return array.get() if is_cupy(array) else np.asarray(array)


def choose_device(wanted, local_rank=0):
    """The device, "cpu" or "gpu", for a wanted "cpu", "gpu" or "auto". With "auto" it is a GPU if
    one can be used; otherwise a line on standard error says why not. local_rank: the number of this
    process among those on this machine, which get different cards if there are several.

    Raises DeviceError, with the reason, if "gpu" is wanted but cannot be used.
    """
    reason = None if wanted == "cpu" else why_no_gpu(local_rank)
    if reason and wanted == "gpu":
        raise DeviceError(reason)
    if reason:
        print(f"on the CPU: {reason}", file=sys.stderr)
    return "cpu" if reason or wanted == "cpu" else "gpu"


def why_no_gpu(local_rank=0):
    """None if a GPU can be used, else a sentence that says what is missing, and how to get it.

    Something is really computed on the card, by a kernel and by a library, because the compiler or
    cuBLAS may be missing even if the driver loads. With a `local_rank` above 0, the process uses
    the card of that number, modulo the number of cards, from then on.
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
    """The sentence about an error of CuPy."""
    cause = error.__cause__ or error  # CuPy wraps the loader's error in a page of advice
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
