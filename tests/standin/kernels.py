"""The stand-in's RawModule: the very same CUDA C, compiled by g++ and run on the CPU.

A block's threads are fibers (fibers.h), or real threads for the thread sanitizer (threads.h). Each
launch is checked against the kernel's signature, for CUDA itself reads whatever it is given.
"""

import ctypes
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import threading
from functools import lru_cache
from math import prod
from pathlib import Path

import numpy as np

from standin.array import ndarray

HERE = Path(__file__).parent
GPLUSPLUS = shutil.which("g++")
FOLDER = "NN_SCRATCH_STANDIN_FOLDER"  # names the folder of the libraries, which processes may share
# "address,undefined": stop at the first access beyond an array; "thread": at the first race. The
# sanitizer's library must be loaded before all others (LD_PRELOAD).
SANITIZE = os.environ.get("NN_SCRATCH_SANITIZE", "")
TYPES = {
    "float": (np.float32, ctypes.c_float),
    "double": (np.float64, ctypes.c_double),
    "int": (np.int32, ctypes.c_int),
    "long long": (np.int64, ctypes.c_longlong),
    "unsigned char": (np.uint8, ctypes.c_ubyte),
}
KERNEL = re.compile(
    r'extern\s+"C"\s+__global__\s+void\s+(?:__launch_bounds__\([^)]*\)\s+)?(\w+)\s*\(([^)]*)\)'
)


class RawModule:
    """As cupy.RawModule(code=…, options=…): functions by name."""

    def __init__(self, *, code, options=(), backend="nvrtc", name_expressions=None):
        self.signatures = {name: _parameters(text) for name, text in KERNEL.findall(code)}
        defines = [option for option in options if option.startswith("-D")]
        self.library = ctypes.CDLL(str(_compiled(code, self.signatures, defines)))

    def get_function(self, name):
        """The kernel, called as kernel(grid, block, arguments)."""
        if name not in self.signatures:
            raise ValueError(f"named symbol not found: {name}")
        signature, function = self.signatures[name], getattr(self.library, f"launch_{name}")

        def launch(grid, block, arguments, shared_mem=0):
            _check_shape(name, grid, block)
            if len(arguments) != len(signature):
                raise TypeError(
                    f"{name} takes {len(signature)} arguments, but {len(arguments)} are given"
                )
            passed = [
                _passed(f"{name}, argument {i} ({word})", given, *kind)
                for i, (given, (word, *kind)) in enumerate(zip(arguments, signature, strict=True))
            ]
            sizes = [*grid, *[1] * (3 - len(grid)), *block, *[1] * (3 - len(block))]
            function((ctypes.c_uint * 6)(*sizes), *passed)

        return launch


def _parameters(text):
    """(name, type, whether it is a pointer) of each parameter."""
    found = []
    for parameter in text.split(","):
        plain = re.sub(r"\b(const|__restrict__)\b", "", parameter)
        kind, name = plain.replace("*", " ").rsplit(None, 1)
        found.append((name, " ".join(kind.split()), "*" in plain))
    return found


def _check_shape(name, grid, block):
    threads = prod(block)
    if not (0 < threads <= 1024 and 0 < grid[0] < 2**31 and all(0 < g < 65536 for g in grid[1:])):
        raise ValueError(f"{name}: no card launches a grid of {grid} blocks of {block} threads")
    if not all(isinstance(n, int) for n in (*grid, *block)):
        raise TypeError(f"{name}: grid {grid} and block {block} must be ints")


def _passed(where, given, kind, pointer):
    """What ctypes hands over for one argument, which must be of exactly this kind."""
    dtype, c_type = TYPES[kind]
    if not pointer:
        if not isinstance(given, np.generic) or given.dtype != dtype:
            raise TypeError(f"{where} is {type(given).__name__}, but must be np.{dtype.__name__}")
        return c_type(given.item())
    if not isinstance(given, ndarray):
        raise TypeError(f"{where} is {type(given)}, but must be a device array")
    if given.dtype != dtype:
        raise TypeError(f"{where} holds {given.dtype}, but must hold {np.dtype(dtype)}")
    if not given.inside.flags.c_contiguous:
        raise ValueError(f"{where} is not contiguous")
    return ctypes.c_void_p(given.inside.ctypes.data)


def _compiled(code, signatures, defines):
    """The shared library of some CUDA C; compiled once for each text."""
    if GPLUSPLUS is None:
        raise RuntimeError("g++ is not installed, by which the stand-in runs kernels")
    header = HERE / ("threads.h" if SANITIZE == "thread" else "fibers.h")
    flags = ["-O1", "-std=c++17", "-fPIC", "-w"]
    flags += [f"-fsanitize={SANITIZE}", "-fno-sanitize-recover"] if SANITIZE else []
    source = f"{code}\n{_launchers(signatures, '__shared__' in code)}"
    precompiled = _made(
        header.read_text(), f".{header.name}.gch", [*flags, "-x", "c++-header", header]
    )
    include = "-include", precompiled.with_suffix("")
    return _made(source, ".so", [*flags, *defines, "-shared", *include, "-x", "c++", "-"])


def _made(source, suffix, flags):
    """What g++ makes of this text, in the folder that processes may share; made only once."""
    key = hashlib.sha256("\n".join([source, *map(str, flags)]).encode()).hexdigest()
    made = Path(os.environ.get(FOLDER) or _own_folder().name) / f"{key[:16]}{suffix}"
    if not made.exists():
        unfinished = made.with_suffix(f".{os.getpid()}-{threading.get_ident()}.tmp")
        done = subprocess.run(
            [GPLUSPLUS, *flags, "-o", unfinished], input=source, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"the kernels do not compile:\n{done.stderr}")
        unfinished.replace(made)
    return made


@lru_cache(maxsize=1)
def _own_folder():
    """Removed when this process ends."""
    return tempfile.TemporaryDirectory(prefix="stand-in-")


def _launchers(signatures, shared):
    """For each kernel a C function that runs its grid; `shared` says whether blocks have memory."""
    lines = []
    for name, parameters in signatures.items():
        typed = ", ".join(f"{kind}{'*' if p else ''} {word}" for word, kind, p in parameters)
        words = ", ".join(word for word, _, _ in parameters)
        lines.append(
            f'extern "C" void launch_{name}(unsigned *sizes, {typed}) {{\n'
            f"  card::run(sizes, {int(shared)}, [=] {{ {name}({words}); }});\n}}"
        )
    return "\n".join(lines)
