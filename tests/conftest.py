"""Each process of the tests computes with one thread, for pytest starts as many as there are cores.

Tests of threads set their own number. What the stand-in for CuPy compiles is shared by all
processes and removed at the end, when it is also said how much really ran on a GPU.
"""

import os
import tempfile
from collections import Counter

import pytest

for variable in "NN_SCRATCH_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS":
    os.environ.setdefault(variable, "1")  # BLAS reads it once, when NumPy is imported

KERNELS_FOLDER = "NN_SCRATCH_STANDIN_FOLDER"  # where standin/kernels.py puts what it compiles
FOLDER = pytest.StashKey()
ON_GPU = Counter()


def pytest_configure(config):
    if KERNELS_FOLDER not in os.environ:  # the processes that xdist starts inherit it
        config.stash[FOLDER] = tempfile.TemporaryDirectory(prefix="stand-in-")
        os.environ[KERNELS_FOLDER] = config.stash[FOLDER].name


def pytest_unconfigure(config):
    if FOLDER in config.stash:
        config.stash[FOLDER].cleanup()
        del os.environ[KERNELS_FOLDER]


@pytest.fixture
def few_scenes(monkeypatch):
    """Less to validate and to test on than the commands take, where that is not what is tested."""
    for name in "VALIDATION_SCENES", "TEST_SCENES":
        monkeypatch.setattr(f"nn_scratch.data.sources.{name}", 24)


def pytest_runtest_logreport(report):
    if "gpu" in report.keywords and (report.when == "call" or report.outcome == "skipped"):
        ON_GPU[report.outcome] += 1


def pytest_terminal_summary(terminalreporter):
    if ON_GPU:
        ran = ON_GPU["passed"] + ON_GPU["failed"]
        terminalreporter.write_line(f"on a GPU: {ran} of {sum(ON_GPU.values())} GPU tests ran")
