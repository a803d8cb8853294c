"""Bugs to plant in the kernels, one at a time, and the process that must catch each: by a wrong
result, or by a sanitizer at the first access beyond an array, or at the first race."""

import json
import os
import subprocess
import sys
from pathlib import Path

from standin.check_kernels import NOT_TRIED, SURVIVED
from standin.kernels import GPLUSPLUS

TESTS = Path(__file__).parents[1]

PLANTED = [
    ("pool", "!(value <= best)", "!(value < best)"),  # the last tie wins
    ("pool", " && best == best", ""),  # a number wins over NaN
    ("pool", "i++, h += dh", "i++, h++"),  # dilation ignored
    ("pool", "at % columns * sw - left", "at % columns * sw"),  # padding ignored
    ("pool", "w < 0 || w >= width", "w < 0"),  # reads the next row
    ("pool", "x + plane * height * width", "x + plane * width * width"),
    ("pool", "x[plane * pixels + ", "x[plane * windows + "),
    ("pool", "y[plane * windows + at] =", "y[at] ="),  # every plane in one place
    ("pool", "sum += values[window]", "sum = values[window]"),  # the last window only
    ("pool", "min(rows - 1, (h + top) / sh)", "min(rows - 1, h / sh)"),
    ("pool", "if (at >= height * width) return;", ""),  # writes beyond the image
    ("conv", "min(n0 + t, n_count - 1)", "n0 + t"),  # reads beyond the last image
    ("conv", "min(m0 + m_of(r), m_count - 1)", "m0 + m_of(r)"),  # reads beyond w
    ("conv", "k0 + t < last ? k_part(k0 + t) : outside", "k_part(k0 + t)"),  # beyond the sum
    ("conv", "unsigned(k.h + n.h) < unsigned(height)", "k.h + n.h < height"),
    ("conv", "unsigned(k.w + n.w) < unsigned(width)", "true"),  # reads the next row
    ("conv", "i = row - outer * rows", "i = row"),  # never the next channel
    ("conv", "to.i * sh - top, to.j * sw - left", "to.i * sh, to.j * sw"),
    ("conv", "tap.j * dw - left", "tap.j - left"),  # dilation ignored
    ("conv", "right[k][column_of(j)]", "right[k][tx * 8 + j]"),
    ("conv", "(ROWS < 32 ? ROWS / 8 : 4)", "4"),  # tiles of few rows
    ("conv", "if (i * dilation % stride != r) continue;", ""),  # between two windows
    ("conv", "phase.tap_distance * dilation / stride", "phase.tap_distance"),
    ("conv", "image.part(group * f * depth + at", "image.part(at"),  # the first group's weights
    ("conv", "blockIdx.z % groups, phase = blockIdx.z / groups", "0, phase = blockIdx.z / groups"),
    ("conv", "split = gridDim.z / groups", "split = gridDim.z"),
    ("conv", "* kh + i) * kw + j, k.outer", "* kw + j) * kh + i, k.outer"),  # w transposed
    ("conv", "phase.tap_distance = i - phase.tap", "phase.tap_distance = 1"),
    ("conv", "(r - before) % stride", "r % stride"),
    ("conv", "int h = down.pixel + to.i", "int h = to.i"),
    ("conv", "f, count, first, last, {g", "f, count, first, depth, {g"),  # terms twice
    ("conv", "min(depth, first + each)", "first + each"),
    ("conv", "image.part(part * f * count + at", "image.part(at"),  # every part in one place
    ("conv", "z < splits", "z < splits - 1"),
    ("conv", "if (m < m_count) {", "{"),  # channels that are none
    ("pool", "(at > 0 && targets[at] == targets[at - 1])", "false"),  # the last sum is the least
    ("pool", "i < count && targets[i]", "targets[i]"),  # reads beyond
    ("norm", "if (seen == 0) near = value;", "near = value;"),
    ("norm", "a.apart + b.apart + step * step * a.count * share", "a.apart + b.apart"),
    ("norm", "variance[channel] = all.apart / all.count", "variance[channel] = all.apart"),
    ("norm", "rectified && value < 0.f", "value < 0.f"),
    ("norm", "last = min(count, first + each);\n  float sum", "last = first + each;\n  float sum"),
    ("norm", "products[t] += products[t + half];", ""),
    ("norm", "int k = plane % channels", "int k = plane / channels"),
    ("norm", "int c = plane % channels", "int c = pixel % channels"),
    ("loss", "expf(scores[(long long)k * pixels] - *top)", "expf(scores[(long long)k * pixels])"),
    ("loss", "mine[(long long)labels[at] * pixels]", "mine[labels[at]]"),
    ("loss", "k == labels[at] ? -others", "k == labels[at] ? others"),
    ("loss", "factors[at] == 0 ? 0 : e * scale", "e * scale"),
    ("loss", "if (k != label) *others", "*others"),
]


FETCHED = "fetch(first);\n"
PREPARED = "    prepare(k0 + DEPTH);\n"
MULTIPLIED = "  }\n  bool is_number = true;\n"
BARRIER = "    __syncthreads();\n"
RACES = [
    ("conv", FETCHED + BARRIER[2:], FETCHED),  # prepares what is still read
    ("conv", PREPARED + BARRIER, PREPARED),  # multiplies what is not fetched yet
    ("conv", BARRIER + MULTIPLIED, MULTIPLIED),  # fetches over what is still multiplied
    (
        "conv",
        "if (n0 + column_of(j) >= n_count) continue;",
        "",
    ),  # all beyond write to the last column
    (
        "norm",
        "{\n    __syncthreads();\n    if (t < half)",
        "{\n    if (t < half)",
    ),  # too early
    ("pool", "gridDim.y * blockDim.y)\n    y[", "gridDim.y)\n    y["),  # planes written twice
    ("pool", "width + at] = sum;", "width + at / 2] = sum;"),  # two threads, one place
]


# Bugs are planted without the sanitizer of undefined behaviour, which takes as long to compile as
# all the rest; none of them needs it.
ADDRESSES = {"sanitizer": "address", "library": "libasan.so"}
THREADS = {"sanitizer": "thread", "library": "libtsan.so"}


def check(*arguments, sanitizer, library, planted=()):
    """The process that checks the kernels under a sanitizer, as they are or with bugs planted."""
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
    return subprocess.run(
        [sys.executable, "-m", "standin.check_kernels", *arguments],
        env=environment,
        input=json.dumps(planted),
        capture_output=True,
        text=True,
        timeout=600,
    )


def outcomes(planted, **sanitizer):
    """Each of the planted bugs with how it ended: "caught", "survived" or "not tried"."""
    done = check("--planted", planted=planted, **sanitizer)
    if done.returncode:
        raise RuntimeError(done.stderr)
    words = {SURVIVED: "survived", NOT_TRIED: "not tried"}
    found = [words.get(how, "caught") for how in json.loads(done.stdout)]
    return list(zip(planted, found, strict=True))
