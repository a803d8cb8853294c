"""How far a reader follows a convolution: Python calls and files of nn_scratch, as profilers see
them. CONTRIBUTING.md describes the way."""

import os
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import nn_scratch
from nn_scratch import engine, layers

ROOT = Path(nn_scratch.__file__).parent
CONTRIBUTING = ROOT.parent / "CONTRIBUTING.md"


def calls(function):
    """How often functions of each file of nn_scratch are called."""
    found = Counter()

    def profile(frame, event, argument):
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(str(ROOT) + os.sep):
            found[Path(file).relative_to(ROOT).as_posix()] += 1

    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
    return found


@pytest.mark.parametrize(
    "name, forward, backward", [("fast", (60, 10), (120, None)), ("plain", (45, 7), (90, 7))]
)
def test_the_second_call_of_a_convolution(name, forward, backward):
    layer = layers.Conv2d(3, 4, 3, padding=1, rng=0)
    x = np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype(np.float32)
    with engine.use(name):
        layer.backward(layer(x))
        there, back = (
            calls(lambda: layer(x)),
            calls(lambda: layer.backward(np.ones_like(x[:, [0] * 4]))),
        )
    for found, (most_calls, most_files) in (there, forward), (back, backward):
        assert 10 < sum(found.values()) <= most_calls, found
        assert most_files is None or len(found) <= most_files, found
    way = CONTRIBUTING.read_text(encoding="utf-8").partition("## The way of a convolution")[2]
    assert way
    for file in {*there, *back}:
        assert f"`{file}`" in way, f"CONTRIBUTING.md leaves {file} out"
