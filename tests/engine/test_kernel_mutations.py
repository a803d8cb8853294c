"""Are the kernels' tests any good? Bugs are planted, one at a time, and must be caught: by a wrong
result, or by the address sanitizer at the first access beyond an array."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from standin.kernels import GPLUSPLUS

TESTS = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(
    GPLUSPLUS is None or sys.platform != "linux", reason="needs g++ and its sanitizers on Linux"
)

PLANTED = [
    ("pool", "!(value <= best)", "!(value < best)"),  # the last tie wins
    ("pool", " && best == best", ""),  # a number wins over NaN
    ("pool", "p * sh - top + i * dh", "p * sh - top + i"),  # dilation ignored
    ("pool", "q * sw - left + j * dw", "q * sw + j * dw"),  # padding ignored
    ("pool", "w < 0 || w >= width", "w < 0"),  # reads the next row
    ("pool", "* height * width;\n  float best", "* width * width;\n  float best"),
    ("pool", "at / windows * pixels", "at / pixels * windows"),
    ("pool", "sum += values[window]", "sum = values[window]"),  # the last window only
    ("pool", "min(rows - 1, (h + top) / sh)", "min(rows - 1, h / sh)"),
    ("pool", "if (at >= pixels) return;", ""),  # writes beyond the image
    ("conv", "n0 + lane < n_count && k + r < last ? b", "k + r < last ? b"),
    ("conv", "n0 + lane < n_count && k + r < last ? b", "n0 + lane < n_count ? b"),
    ("conv", "mine.i * sh - top, w0 = mine.j * sw - left", "mine.i * sh, w0 = mine.j * sw"),
    ("conv", "m < m_count && k < last ? a", "k < last ? a"),  # reads beyond w
    ("conv", "m < m_count && k < last ? a", "m < m_count ? a"),
    ("conv", "place.next(rows, columns);", ""),
    ("conv", "if (++i < rows) return;\n    i = 0;", "++i;\n    return;"),  # never the next channel
    ("conv", "right[k][j / 4 * 64 + tx * 4 + j % 4]", "right[k][tx * 8 + j]"),
    ("conv", "if (i * dilation % stride != r) continue;", ""),  # between two windows
    ("conv", "up = down.tap_distance * dh / sh", "up = down.tap_distance"),
    ("conv", "w[((long long)group * f + m) * depth + k]", "w[(long long)m * depth + k]"),
    ("conv", "blockIdx.z % groups, phase = blockIdx.z / groups", "0, phase = blockIdx.z / groups"),
    ("conv", "split = gridDim.z / groups", "split = gridDim.z"),
    ("conv", "* kh + i) * kw + j]", "* kw + j) * kh + i]"),  # the kernel transposed
    ("conv", "phase.tap_distance = i - phase.tap", "phase.tap_distance = 1"),
    ("conv", "(r - before) % stride", "r % stride"),
    ("conv", "int h = down.pixel + to.i", "int h = to.i"),
    ("conv", "f, count, first, last, rows", "f, count, first, depth, rows"),  # terms twice
    ("conv", "min(depth, first + each)", "first + each"),
    ("conv", "z < splits", "z < splits - 1"),
    (
        "conv",
        "if (m < m_count && n < n_count) put",
        "if (n < n_count) put",
    ),  # channels that are none
    ("pool", "(at > 0 && targets[at] == targets[at - 1])", "false"),  # the last sum is the least
    ("pool", "i < count && targets[i]", "targets[i]"),  # reads beyond
    ("norm", "if (seen == 0) near = value;", "near = value;"),
    ("norm", "a.apart + b.apart + step * step * a.count * share", "a.apart + b.apart"),
    ("norm", "variance[channel] = all.apart / all.count", "variance[channel] = all.apart"),
    ("norm", "rectified && value < 0.f", "value < 0.f"),
    ("norm", "last = min(count, first + each);\n  float sum", "last = first + each;\n  float sum"),
    ("norm", "products[t] += products[t + half];", ""),
    ("norm", "int k = at / pixels % channels", "int k = at % channels"),
    ("loss", "expf(scores[(long long)k * pixels] - top)", "expf(scores[(long long)k * pixels])"),
    ("loss", "mine[(long long)labels[at] * pixels]", "mine[labels[at]]"),
    ("loss", "k == labels[at] ? 1.f", "k == labels[at] ? 0.f"),
]


FETCHED = "right[my_first + r][lane] = next_right[r];\n"
MULTIPLIED = "  }\n#pragma unroll\n  for (int i = 0; i < 4; i++)"
BARRIER = "    __syncthreads();\n"
RACES = [
    ("conv", FETCHED + BARRIER, FETCHED),  # multiplies what is not fetched yet
    ("conv", BARRIER + MULTIPLIED, MULTIPLIED),  # fetches over what is still multiplied
    (
        "norm",
        "{\n    __syncthreads();\n    if (t < half)",
        "{\n    if (t < half)",
    ),  # too early
    ("pool", "x[at] = sum;", "x[at / 2] = sum;"),  # two threads, one place
]


def check(*change, sanitizer="address,undefined", library="libasan.so"):
    """The process that checks the kernels with this change, under a sanitizer."""
    found = subprocess.check_output([GPLUSPLUS, f"-print-file-name={library}"], text=True)
    environment = {
        **os.environ,
        "LD_PRELOAD": found.strip(),
        "ASAN_OPTIONS": "detect_leaks=0:detect_stack_use_after_return=0",
        "TSAN_OPTIONS": "halt_on_error=1",
        "NN_SCRATCH_SANITIZE": sanitizer,
        "PYTHONPATH": str(TESTS),
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "standin.check_kernels", *change]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


def unseen(planted, **sanitizer):
    """Check the kernels as they are and with each bug; returns the bugs that nobody saw."""
    clean = check(**sanitizer)
    if clean.returncode and "LD_PRELOAD" in clean.stderr:
        pytest.skip("the sanitizer's library cannot be loaded here")
    assert clean.returncode == 0, clean.stderr
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda change: check(*change, **sanitizer), planted))
    assert not [r.stderr for r in results if "stands in" in r.stderr]
    return [p for p, r in zip(planted, results, strict=True) if r.returncode == 0]


def test_planted_bugs_are_caught():
    assert not unseen(PLANTED)


def test_planted_races_are_caught():
    assert not unseen(RACES, sanitizer="thread", library="libtsan.so")
