"""Which library an array belongs to; the way to a GPU that is not there is one clear sentence."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import standin
from nn_scratch import layers
from nn_scratch.backend import choose_device, to_device, to_host, why_no_gpu, xp_of


def test_numpy_arrays():
    a = np.ones(3)
    assert xp_of(a, None, a) is np
    assert to_device(a, "cpu") is a and to_host(a) is a
    with pytest.raises(ValueError, match="device is 'tpu'"):
        to_device(a, "tpu")


@pytest.mark.slow
def test_importing_never_imports_cupy():
    code = (
        "import sys, nn_scratch.cli, nn_scratch.nets, nn_scratch.check, nn_scratch.training; "
        "assert 'cupy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_a_gpu_the_reason_is_one_sentence():
    reason = why_no_gpu()
    if reason is None:
        pytest.skip("this machine has a usable GPU")
    assert "CuPy" in reason and "\n" not in reason.strip()
    with pytest.raises(RuntimeError, match="CuPy"):
        layers.Linear(2, 2).to("gpu")


class CUDARuntimeError(RuntimeError):
    """As CuPy's."""


@pytest.mark.parametrize(
    "error, remedy",
    [
        (CUDARuntimeError("cudaErrorInsufficientDriver: CUDA driver version …"), "nvidia.com/driv"),
        (CUDARuntimeError("cudaErrorNoDevice: no CUDA-capable device"), "finds no NVIDIA card"),
        (ImportError('Failure finding "libcublasLt.so.12"\nlistdir(…)'), "pip install"),
        (
            RuntimeError('Failure finding "libnvrtc.so.12": No such file: …'),
            "pip install",
        ),
        (RuntimeError("Failed to find CUDA headers."), "pip install"),
        (CUDARuntimeError("cudaErrorECCUncorrectable: memory is broken"), "cannot compute"),
        (RuntimeError(), "cannot compute: RuntimeError"),
    ],
)
def test_what_is_missing(error, remedy, monkeypatch):
    def ones(shape, dtype):
        raise error

    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(ones=ones, float32=np.float32))
    reason = why_no_gpu()
    assert remedy in reason and type(error).__name__ in reason and "\n" not in reason
    assert str(error).partition("\n")[0] in reason


def test_cupy_without_its_libraries_is_not_called_absent(tmp_path, monkeypatch):
    broken = "try:\n    import libcudart\nexcept ImportError as error:\n"
    broken += "    raise ImportError('Failed to import CuPy.\\n\\nCheck the guide') from error\n"
    (tmp_path / "cupy.py").write_text(broken)
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    reason = why_no_gpu()
    assert "libraries of CUDA are missing" in reason and "No module named 'libcudart'" in reason

    monkeypatch.setitem(sys.modules, "cupy", None)  # what makes `import cupy` find nothing
    assert why_no_gpu().startswith("CuPy is not installed: pip install")


def test_a_library_that_is_missing_shows_before_it_is_needed(monkeypatch):
    """Elementwise kernels are compiled, but products of matrices come from cuBLAS."""
    with standin.installed() as cupy:
        assert why_no_gpu() is None

        def no_cublas(*operands):
            raise ImportError("libcublas.so.12")

        monkeypatch.setattr(cupy.ndarray, "__matmul__", no_cublas)
        assert "libcublas.so.12" in why_no_gpu()


@pytest.mark.parametrize(
    "local_rank, cards, used", [(0, 2, []), (1, 2, [1]), (2, 2, [0]), (5, 4, [1])]
)
def test_each_process_of_a_machine_takes_a_card_of_its_own(local_rank, cards, used, monkeypatch):
    """The first keeps the card that is the current one; ranks beyond the cards go round."""
    taken = []

    class Device:
        def __init__(self, number):
            self.number = number

        def use(self):
            taken.append(self.number)

    with standin.installed() as cupy:
        monkeypatch.setattr(cupy.cuda, "Device", Device, raising=False)
        monkeypatch.setattr(cupy.cuda.runtime, "getDeviceCount", lambda: cards, raising=False)
        assert choose_device("gpu", local_rank) == "gpu"
    assert taken == used
