"""Exercises are judged by the loops of `naive` alone: whatever state a student's ops are in."""

import subprocess
import sys

import numpy as np
import pytest

from nn_scratch import naive, ops
from nn_scratch.exercises import check_exercise
from nn_scratch.exercises.exercise import EXERCISES
from nn_scratch.exercises.workspace import items, solution_of
from nn_scratch.user_file import load_file

# Runs the command line in an interpreter in which these rooms cannot be imported.
WITHOUT_OPS = """
import sys

class Broken:
    def find_spec(self, name, path=None, target=None):
        if name.startswith(("nn_scratch.ops", "nn_scratch.engine", "nn_scratch.layers")):
            raise SyntaxError(f"{name} is being edited")

sys.meta_path.insert(0, Broken())
from nn_scratch.cli import main
sys.exit(main(sys.argv[1:]))
"""


def nn_scratch(folder, *words):
    """The command in an interpreter without ops, engine and layers."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_OPS, *words], cwd=folder, capture_output=True, text=True
    )


@pytest.mark.slow
def test_exercises_run_where_ops_cannot_be_imported(tmp_path):
    assert nn_scratch(tmp_path, "check").returncode == 1  # it needs them
    assert nn_scratch(tmp_path, "exercise", "start").returncode == 0
    blank = nn_scratch(tmp_path, "exercise", "conv2d")
    assert "conv2d is not written yet" in blank.stdout and blank.returncode == 1, blank.stderr
    for function in ("conv2d_backward", "batch_norm2d_backward"):
        item = next(item for item in items() if function in item.functions)
        (tmp_path / "exercises" / item.name).write_text(solution_of(item).read_text())
        right = nn_scratch(tmp_path, "exercise", function)
        assert right.returncode == 0, right.stdout + right.stderr
        assert f"{function}: right on all" in right.stdout
    path = tmp_path / "exercises" / item.name
    path.write_text(solution_of(item).read_text().replace("return dx,", "return -dx,"))
    wrong = nn_scratch(tmp_path, "exercise", "batch_norm2d_backward")
    assert wrong.returncode == 1 and "The mistake: sign" in wrong.stdout, wrong.stderr
    unknown = nn_scratch(tmp_path, "exercise", "conv3d")
    assert unknown.returncode == 2 and "there is no exercise 'conv3d'" in unknown.stderr
    assert "Traceback" not in unknown.stderr


@pytest.mark.parametrize("name", ["conv2d", "conv2d_backward", "linear", "softmax_backward"])
def test_edited_ops_change_no_verdict(name, monkeypatch):
    def broken(function):
        return lambda *arguments, **options: 2 * np.asarray(function(*arguments, **options)[0])

    for op in ops.__all__:
        monkeypatch.setattr(ops, op, broken(getattr(ops, op)))
    item = next(item for item in items() if name in item.functions)
    report = check_exercise(name, getattr(load_file(solution_of(item)), name))
    assert report.ok, str(report)


def test_a_blank_is_answered_without_computing_all_cases(monkeypatch):
    """Only what is right in the first case may be computed."""
    exercise = EXERCISES["conv2d_backward"]
    monkeypatch.setattr(exercise, "trials", [type(t)(exercise, t.case) for t in exercise.trials])
    asked = []

    def counted(*arguments, **options):
        asked.append(arguments)
        return naive.conv2d_backward(*arguments, **options)

    monkeypatch.setattr(exercise, "definition", counted)

    def blank(dy, x, w, *, stride, padding):
        raise NotImplementedError

    assert check_exercise("conv2d_backward", blank).to_do
    assert len(asked) <= 1


OWN_FORWARD = [  # with a forward pass among the exercises that takes the same values
    name
    for name in EXERCISES
    if name.endswith("_backward") and not name.startswith(("two_", "softmax"))
]


@pytest.mark.parametrize("name", OWN_FORWARD)
def test_the_definitions_agree_with_differences_of_the_forward_pass(name):
    """What judges a backward pass is the slope of Σ dy·y, number by number."""
    exercise = EXERCISES[name]
    forward = EXERCISES[name.removesuffix("_backward")]
    for trial in exercise.trials:
        options = trial.options if forward.keywords else {}
        for result, value in exercise.gradient_of.items():
            slope = np.empty_like(trial[value])
            for place in np.ndindex(slope.shape):
                sides = [_loss(trial, forward, options, value, place, t) for t in (1e-5, -1e-5)]
                slope[place] = (sides[0] - sides[1]) / 2e-5
            size = max(1, np.abs(trial.right[result]).max())
            assert np.abs(slope - trial.right[result]).max() < 1e-5 * size, (trial.case, result)


def _loss(trial, forward, options, value, place, t):
    moved = trial[value].copy()
    moved[place] += t
    values = {**trial.values, value: moved}
    if trial.op == "max_pool2d":  # the pool gathers by the switches that it has
        n, c = moved.shape[:2]
        switches = trial["switches"].reshape(n, c, -1)
        y = np.take_along_axis(moved.reshape(n, c, -1), switches, 2).reshape(trial["dy"].shape)
    else:
        y = forward.definition(*(values[a] for a in forward.arguments), **options)
    y = y[0] if isinstance(y, tuple) else y
    return (trial.values.get("dy", 1.0) * y).sum()
