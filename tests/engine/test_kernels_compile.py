"""NVIDIA's compilers take every kernel without a warning, also where there is no card."""

import ctypes
import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

from nn_scratch.engine.cuda import launch

SOURCES = sorted((Path(launch.__file__).parent).glob("*.cu"))
every_kernel = pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
every_card = pytest.mark.parametrize("card", ["sm_75", "sm_80", "sm_90"])
TILES = {"conv.cu": launch.ROWS}  # of what is compiled several times


def defines(source):
    """Options of the compiler, each of which makes other kernels of a source."""
    return [f"-DROWS={rows}" for rows in TILES.get(source.name, [1])]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not installed")
@every_card
@every_kernel
def test_nvcc_has_nothing_to_say(source, card, tmp_path):
    command = ["nvcc", "-cubin", "-std=c++14", f"-arch={card}", "-Werror", "all-warnings"]
    command += ["-Xptxas", "-warn-spills,-warn-lmem-usage"]  # registers that went to memory
    for define in defines(source):
        done = subprocess.run(
            [*command, define, source, "-o", tmp_path / "kernels.cubin"],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def nvrtc():
    """The library that compiles for CuPy while a program runs."""
    try:
        found = importlib.util.find_spec("nvidia.cuda_nvrtc")
    except ModuleNotFoundError:  # there is no package `nvidia` at all
        found = None
    if found is None:
        pytest.skip("nvidia-cuda-nvrtc-cu12 is not installed")
    (folder,) = found.submodule_search_locations
    return ctypes.CDLL(str(next(Path(folder).glob("lib/libnvrtc.so*"))))


@pytest.mark.slow
@every_card
@every_kernel
def test_nvrtc_has_nothing_to_say(source, card, nvrtc):
    for define in defines(source):
        compile_with(nvrtc, source.read_bytes(), f"--gpu-architecture={card}", define)


def compile_with(nvrtc, code, *options):
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    assert nvrtc.nvrtcCreateProgram(ctypes.byref(program), code, b"", 0, None, None) == 0
    options = [option.encode() for option in ("--std=c++14", *options)]
    given = (ctypes.c_char_p * len(options))(*options)
    status = nvrtc.nvrtcCompileProgram(program, len(options), given)
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    assert (status, log.value.decode()) == (0, "")
    assert nvrtc.nvrtcGetCUBINSize(program, ctypes.byref(size)) == 0 and size.value > 0
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
