"""NVIDIA's compilers take every kernel without a warning, also where there is no card."""

import ctypes
import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

from nn_scratch.engine.cuda import launch

FOLDER = Path(launch.__file__).parent
CARDS = "sm_75", "sm_80", "sm_90"
BUILDS = [(source, card, "-DROWS=64") for source in sorted(FOLDER.glob("*.cu")) for card in CARDS]
BUILDS += [(FOLDER / "conv.cu", CARDS[-1], f"-DROWS={rows}") for rows in launch.ROWS[:-1]]
every_build = pytest.mark.parametrize(
    "source, card, define",
    [pytest.param(*build, id=f"{build[0].name}{build[1:]}") for build in BUILDS],
)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not installed")
@every_build
def test_nvcc_has_nothing_to_say(source, card, define, tmp_path):
    command = ["nvcc", "-cubin", "-std=c++14", f"-arch={card}", "-Werror", "all-warnings"]
    command += ["-Xptxas", "-warn-spills,-warn-lmem-usage"]  # registers that went to memory
    command += [define, source, "-o", tmp_path / "kernels.cubin"]
    done = subprocess.run(command, capture_output=True, text=True)
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
@every_build
def test_nvrtc_has_nothing_to_say(source, card, define, nvrtc):
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    code = source.read_bytes()
    assert nvrtc.nvrtcCreateProgram(ctypes.byref(program), code, b"", 0, None, None) == 0
    options = "--std=c++14", f"--gpu-architecture={card}", define
    given = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
    status = nvrtc.nvrtcCompileProgram(program, len(options), given)
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    assert (status, log.value.decode()) == (0, "")
    assert nvrtc.nvrtcGetCUBINSize(program, ctypes.byref(size)) == 0 and size.value > 0
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
