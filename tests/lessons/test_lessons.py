"""The lessons: they run, and the committed notebooks are what their sources say."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

LESSONS = Path(__file__).parents[2] / "lessons"

spec = importlib.util.spec_from_file_location("build", LESSONS / "build.py")
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)

SOURCES = build.lessons()


def name(path):
    return path.stem


def test_there_are_lessons():
    assert [source.name[:2] for source in SOURCES] == ["01", "04"]


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_a_lesson_runs(source):
    """As a plain script: every assert in it holds."""
    done = subprocess.run([sys.executable, source], capture_output=True, text=True, cwd=LESSONS)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_the_notebook_was_built_from_its_source(source):
    assert build.up_to_date(source), f"run: python lessons/build.py {source.name[:2]}"
    assert source.with_suffix(".ipynb").stat().st_size < 1_000_000


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_the_notebook_holds_the_source_executed_in_order(source):
    jupytext = pytest.importorskip("jupytext", reason="jupytext is not installed")
    notebook = json.loads(source.with_suffix(".ipynb").read_text())
    expected = jupytext.read(source).cells
    assert len(notebook["cells"]) == len(expected)
    for cell, wanted in zip(notebook["cells"], expected, strict=True):
        assert "".join(cell["source"]) == wanted.source
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    kinds = {output["output_type"] for cell in code for output in cell["outputs"]}
    assert "error" not in kinds
    streams = {o.get("name") for cell in code for o in cell["outputs"]} - {None}
    assert streams <= {"stdout"}


def test_editing_a_source_makes_its_notebook_out_of_date(tmp_path):
    source = tmp_path / "01_x.py"
    source.write_text("# %%\n1 + 1\n")
    assert not build.up_to_date(source)
    notebook = {"metadata": {"source_hash": build.source_hash(source)}}
    source.with_suffix(".ipynb").write_text(json.dumps(notebook))
    assert build.up_to_date(source)
    source.write_text("# %%\n1 + 2\n")
    assert not build.up_to_date(source)


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_equations_that_are_referred_to_exist(source):
    text = source.read_text()
    tags = set(re.findall(r"\\tag\{(\d+)\}", text))
    assert tags == {str(n) for n in range(1, len(tags) + 1)}
    assert set(re.findall(r"[Ee]quations? \((\d+)\)", text)) <= tags


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_the_exercise_s_blank_fails_and_is_run_by_the_command_shown(source, tmp_path):
    text = source.read_text()
    (block,) = re.findall(r"# ```python\n(.*?)# ```", text, re.DOTALL)
    ((file, function),) = re.findall(r"nn-scratch check (\w+\.py):(\w+)", text)
    code = "".join(line[2:] or "\n" for line in block.splitlines(keepends=True))
    (tmp_path / file).write_text(code)
    command = [sys.executable, "-m", "nn_scratch", "check", f"{file}:{function}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    solved = code.replace("    return dx, dw", f"    return ops.{SOLUTIONS[function]}[:2]")
    (tmp_path / file).write_text(solved)
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


SOLUTIONS = {
    "conv2d": "conv2d_backward(dy, x, w, stride=stride)",
    "up": "conv_transpose2d_backward(dy, x, w, stride=stride)",
}
