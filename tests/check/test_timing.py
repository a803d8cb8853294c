"""`check --time`: what is timed, and what is remembered; never how long it took."""

import json

import numpy as np
import pytest

from nn_scratch import engine, layers
from nn_scratch.check import timing
from nn_scratch.check.cases import CheckCase
from nn_scratch.check.run import library_cases
from nn_scratch.cli.main import main


@pytest.fixture(autouse=True)
def quick(tmp_path, monkeypatch):
    monkeypatch.setattr(timing, "ROUNDS", 1)
    monkeypatch.setattr(timing, "SECONDS", 0)
    monkeypatch.setenv("NN_SCRATCH_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("name", ["conv2d", "cross_entropy", "max_unpool2d", "Localizer", "linear"])
def test_every_kind_of_case_can_be_timed(name):
    for case in library_cases(name):
        found = timing.time_case(case)
        assert found.seconds > 0 and found.plain > 0 and found.last is None
        assert found.gain == found.plain / found.seconds
        assert found.shape[0] == 8 * len(case.inputs[0])


def test_images_are_larger_where_the_case_takes_them():
    assert timing.time_case(library_cases("relu")[0]).shape == (16, 4, 28, 24)
    assert timing.time_case(library_cases("linear")[0]).shape == (40, 4)


def test_the_engines_take_turns_and_the_one_that_is_on_stays_on():
    used = []

    class Notes(layers.Layer):
        def forward(self, x):
            used.append((engine.current(), x.dtype))
            return x

        def backward(self, dy):
            return dy

    before = engine.current()
    timing.time_case(CheckCase("notes", "", Notes(), (np.ones((2, 3)),)))
    assert {name for name, _ in used} >= {before, "plain"}
    assert used[-1][1] == np.float32
    assert engine.current() == before


def test_the_last_time_is_remembered_for_each_case_and_shape(monkeypatch):
    (case,) = library_cases("relu")
    first = timing.time_case(case)
    second = timing.time_case(case)
    assert second.last == first.seconds
    assert timing.time_case(library_cases("softmax")[0]).last is None
    assert timing.time_case(case, "mine.py:relu").last is None
    monkeypatch.setattr(timing, "TIMES_BATCH", 3)
    assert timing.time_case(case).last is None


@pytest.mark.parametrize("content", ["", "[]", '{"a": ', '{"relu (16, 4, 28, 24) fast": "soon"}'])
def test_a_spoilt_memory_is_no_reason_to_fail(content):
    path = timing.cache_file()
    path.parent.mkdir()
    path.write_text(content)
    (case,) = library_cases("relu")
    assert timing.time_case(case).last is None
    assert timing.time_case(case).last is not None


def test_a_memory_that_cannot_be_written(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NN_SCRATCH_CACHE", str(tmp_path / "file"))
    assert timing.time_case(library_cases("relu")[0]).last is None


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (None, "first time"),
        (2.1e-3, "as last time"),
        (4e-3, "2.0 × as fast"),
        (1e-3, "2.0 × as long"),
    ],
)
def test_the_line(last, words):
    line = timing.Timing("conv2d", (16, 4, 28, 24), 2e-3, 5e-3, last).line()
    assert line == f"{'conv2d':<33}16×4×28×24    2.00 ms   2.5  {words}"
    assert max(len(line), len(timing.HEADING), len(timing.LEGEND)) <= 80


def test_the_command(capsys):
    assert main(["check", "relu", "--time"]) == 0
    assert "1 right, 0 wrong" in (output := capsys.readouterr().out)
    assert timing.HEADING in output and "first time" in output and timing.LEGEND in output
    assert main(["check", "relu", "--time", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["timings"]
    assert found[0]["name"] == "relu" and found[0]["ratio_to_last"] > 0
    assert main(["check", "relu", "--json"]) == 0
    assert "timings" not in json.loads(capsys.readouterr().out)


@pytest.mark.slow
def test_a_file_of_ones_own(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text("def f(x): return x * x\ndef f_backward(dy, x): return 2 * x * dy\n")
    assert main(["check", f"{path}:f", "--time", "--json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert result["timing"]["shape"] == [16, 4, 28, 24]
    assert main(["check", f"{path}:f", "--time"]) == 0
    assert "gain" in capsys.readouterr().out
