"""Which library an array belongs to; the way to a GPU that is not there is one clear sentence."""

import subprocess
import sys

import numpy as np
import pytest

from nn_scratch import layers
from nn_scratch.backend import to_device, to_host, why_no_gpu, xp_of


def test_numpy_arrays():
    a = np.ones(3)
    assert xp_of(a, None, a) is np
    assert to_device(a, "cpu") is a and to_host(a) is a
    with pytest.raises(ValueError, match="device is 'tpu'"):
        to_device(a, "tpu")


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
