"""The workbook as a student uses it: blanks, hints, solutions, commands, pytest."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

from nn_scratch.cli import main
from nn_scratch.exercises import check_exercise
from nn_scratch.exercises.exercise import EXERCISES
from nn_scratch.exercises.screens import TITLES
from nn_scratch.exercises.workspace import PRISTINE, Workbook, hints_for, items, solution_of, start
from nn_scratch.user_file import UserCodeError, load_file

FUNCTIONS = [(item, function) for item in items() for function in item.functions]


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A started workbook, in exercises/ of the present folder."""
    monkeypatch.chdir(tmp_path)
    return start("exercises")[0]


def solve(book, item):
    shutil.copyfile(solution_of(item), book.path(item))


def test_every_exercise_has_a_file_and_every_file_an_exercise():
    assert {function for _, function in FUNCTIONS} == set(EXERCISES)
    assert len(FUNCTIONS) == len(EXERCISES)
    assert [item.number for item in items()] == [f"{i + 1:02}" for i in range(len(items()))]


@pytest.mark.parametrize("item, function", FUNCTIONS, ids=lambda part: getattr(part, "name", part))
def test_blank_fails_solution_passes_hints_exist(item, function):
    blank = check_exercise(function, getattr(load_file(PRISTINE / item.name), function))
    assert not blank.ok and blank.to_do and blank.mistake == "raises"
    assert str(blank) == f"{function} is not written yet."
    solved = check_exercise(function, getattr(load_file(solution_of(item)), function))
    assert solved.ok, str(solved)
    hints = hints_for(function)
    assert hints and all(len(hint) > 20 for hint in hints)


@pytest.mark.parametrize("item", items(), ids=lambda item: item.name)
def test_solutions_stand_on_their_own_and_blanks_say_all(item):
    solution = solution_of(item).read_text(encoding="utf-8")
    assert "nn_scratch" not in solution
    blank = (PRISTINE / item.name).read_text(encoding="utf-8")
    assert "By hand" in blank and blank.count("raise NotImplementedError") == len(item.functions)
    assert re.search(r"lesson \d\d", item.title)


def image(*rows):
    return np.array([[rows]], float)


def test_the_numbers_worked_by_hand():
    """What the statements say, computed by the solutions."""
    f = {n: getattr(load_file(solution_of(item)), n) for item, n in FUNCTIONS}
    one = {"stride": 1, "padding": 0}
    x, w = image([1, 2], [3, 4]), image([1, 0], [2, -1])
    assert f["conv2d"](x, w, np.array([5.0]), **one) == 8
    dx, dw, db = f["conv2d_backward"](image([2]), x, w, **one)
    same(dx, [2, 0, 4, -2]), same(dw, [2, 4, 6, 8]), same(db, [2])
    y, switch = f["max_pool2d"](image([1, 5], [7, 2]), 2, stride=2, padding=0)
    assert y == 7 and switch == 2
    same(f["max_pool2d_backward"](image([3]), switch, (2, 2)), [0, 0, 3, 0])
    same(f["max_unpool2d"](image([4]), switch, (2, 2)), [0, 0, 4, 0])
    same(f["max_unpool2d_backward"](x, switch), [3])
    large = image([1, 2, 3, 4], [5, 6, 7, 8])
    same(f["nearest_unpool2d"](image([1, 2]), 2), [1, 1, 2, 2] * 2)
    same(f["nearest_unpool2d_backward"](large, 2), [14, 22])
    same(f["bed_of_nails_unpool2d"](image([1, 2]), 2), [1, 0, 2, 0, 0, 0, 0, 0])
    same(f["bed_of_nails_unpool2d_backward"](large, 2), [1, 3])
    same(f["bilinear_upsample2d"](image([1, 3]), (1, 4)), [1, 1.5, 2.5, 3])
    same(f["bilinear_upsample2d_backward"](image([0, 4, 0, 0]), (1, 2)), [3, 1])
    x, w = image([1, 2]), image([3, 1])
    same(f["conv_transpose2d"](x, w, np.zeros(1), **one), [3, 7, 2])
    dx, dw, db = f["conv_transpose2d_backward"](image([1, 10, 100]), x, w, **one)
    same(dx, [13, 130]), same(dw, [21, 210]), same(db, [111])
    x = np.array([[-2.0, 3]])
    same(f["relu"](x), [0, 3]), same(f["relu_backward"](np.array([[5.0, 7]]), x), [0, 7])
    x, w = np.array([[1.0, 2]]), np.array([[3.0, 4]])
    assert f["linear"](x, w, np.array([5.0])) == 16
    for found, by_hand in zip(
        f["linear_backward"](np.array([[10.0]]), x, w), ([30, 40], [10, 20], [10]), strict=True
    ):
        same(found, by_hand)
    x, ones = np.array([1.0, 3]).reshape(2, 1, 1, 1), np.ones(1)
    y, statistics, _ = f["batch_norm2d"](x, 2 * ones, 0 * ones, 0 * ones, ones)
    same(y, [-2, 2], 1e-4), same(statistics, [2, 1])
    dy = np.array([1.0, 0]).reshape(2, 1, 1, 1)
    dx, dw, db = f["batch_norm2d_backward"](dy, x, 2 * ones, statistics)
    same(dx, [0, 0], 1e-4), same(dw, [-1], 1e-4), same(db, [1])
    scores = np.array([[0, np.log(3)]])
    y = f["softmax"](scores)
    same(y, [0.25, 0.75]), same(f["softmax_backward"](np.array([[0.0, 16]]), y), [-3, 3])
    same(f["cross_entropy"](scores, np.array([0])), 1.386, 1e-3)
    same(f["cross_entropy_backward"](scores, np.array([0])), [-0.75, 0.75])
    d, zero = np.array([[0.5, 3]]), np.zeros((1, 2))
    same(f["mse_loss"](d, zero), 4.625), same(f["mse_loss_backward"](d, zero), [0.5, 3])
    same(f["smooth_l1_loss"](d, zero), 1.3125)
    same(f["smooth_l1_loss_backward"](d, zero), [0.25, 0.5])
    box = np.array([[0.5, 0, 0, 0]])
    _, dboxes = f["two_losses_backward"](scores, box, np.array([0]), 0 * box, box_weight=10)
    same(dboxes, [2.5, 0, 0, 0])
    step = f["sgd_step"](*(np.array([v]) for v in (1.0, 2.0, 3.0)), lr=0.1, momentum=0.5)
    same(step[0], [0.65]), same(step[1], [3.5])
    step = f["adam_step"](*(np.array([v]) for v in (1.0, 2.0, 0.0, 0.0)), 1, lr=0.1)
    same(step[0], [0.9])
    a, b = np.array([[0.0, 0, 4, 4]]), np.array([[2.0, 0, 4, 4]])
    same(f["iou"](a, b), [1 / 3]), same(f["to_corners"](b), [2, 0, 6, 4])
    same(f["from_corners"](f["to_corners"](b)), b.ravel())
    column = np.array([[1.0], [0], [0], [0]])
    dfeatures, _, _ = f["two_heads_backward"](
        np.array([[5.0]]), np.array([[7.0, 0, 0, 0]]), np.array([[2.0]]), np.array([[3.0]]), column
    )
    assert dfeatures == 22
    scores, target = np.log(3) * np.ones((1, 1, 1, 3)), image([1, 0, 0.5])
    same(f["focal_loss"](scores, target), 0.8465, 1e-4)
    same(f["focal_loss_backward"](scores, target), [-0.0426, 0.8118, 0.0507], 1e-4)
    boxes, scores = np.array([[x, 0.0, 4, 4] for x in (0, 2, 5)]), np.array([0.6, 0.9, 0.7])
    same(f["nms"](boxes, scores, 0.3), [1, 2]), same(f["nms"](boxes, scores, 0.1), [1])


def same(found, by_hand, tolerance=1e-12):
    np.testing.assert_allclose(np.ravel(found), np.ravel(by_hand), atol=tolerance)


# ---------------------------------------------------------------- the commands


def test_start_keeps_what_is_there(book, capsys):
    solve(book, items()[0])
    assert main(["exercise", "start"]) == 0
    said = capsys.readouterr().out
    assert str(book.folder.resolve()) in said
    assert "kept as they are: 01_relu.py, 02_linear.py, 03_convolution.py and" in said
    assert book.path(items()[0]).read_text() == solution_of(items()[0]).read_text()
    assert main(["exercise", "start", "elsewhere"]) == 0
    assert len(list((book.folder.parent / "elsewhere").glob("*.py"))) == len(items()) + 1


@pytest.mark.slow
def test_the_list(book, capsys):
    solve(book, items()[0])
    linear = book.path(items()[1])
    half = solution_of(items()[1]).read_text().replace("+ b", "- b")
    linear.write_text(half)
    book.path(items()[2]).write_text("def conv2d(:\n")
    book.path(items()[3]).unlink()
    assert main(["exercise"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].endswith("done") and lines[-1] == f"1 of {len(items())} done"
    assert lines[3].endswith("linear fails at one number, linear_backward done")
    assert "line 1: invalid syntax" in lines[4] and lines[5].endswith("file missing")
    assert lines[6].endswith("to do")
    assert main(["exercise", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["state"] == "done"


@pytest.mark.parametrize("what", ["05", "5", "05_max_unpool.py", "exercises/05_max_unpool.py"])
def test_an_exercise_goes_by_number_or_file(what, book, capsys):
    assert main(["exercise", what]) == 1
    output = capsys.readouterr().out
    assert f"checking {book.path(items()[4]).resolve()}" in output
    assert "max_unpool2d is not written yet" in output
    solve(book, items()[4])
    assert main(["exercise", what]) == 0
    assert "max_unpool2d_backward: right on all" in capsys.readouterr().out


def test_one_function_alone(book, capsys):
    assert main(["exercise", "max_unpool2d_backward"]) == 1
    assert capsys.readouterr().out.count("not written yet") == 1


def test_inside_the_folder(book, monkeypatch, capsys):
    monkeypatch.chdir("exercises")
    assert main(["exercise", "01"]) == 1
    assert "relu is not written yet" in capsys.readouterr().out


def test_json_and_plot(book, tmp_path, capsys):
    item = items()[0]
    book.path(item).write_text(solution_of(item).read_text().replace("x > 0", "dy > 0"))
    assert main(["exercise", "01", "--plot", str(tmp_path / "wrong.png")]) == 1
    assert "The mistake: mask_of_dy" in capsys.readouterr().out
    assert (tmp_path / "wrong.png").stat().st_size > 1_000
    assert main(["exercise", "01", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [r["mistake"] for r in found["results"]] == [None, "mask_of_dy"]
    assert found["results"][1]["cases"] == {"one row": False} and not found["ok"]


def test_a_statement_fits_a_terminal():
    for item in items():
        text = (PRISTINE / item.name).read_text(encoding="utf-8")
        assert max(map(len, text.splitlines())) <= 80, item.name


def test_a_title_leaves_room_for_the_state():
    assert max(len(item.title) for item in items()) < TITLES


@pytest.mark.slow
def test_hints_come_one_by_one(book, capsys):
    count = len(hints_for("relu_backward"))
    item = items()[0]
    path = book.path(item)
    path.write_text(
        path.read_text().replace("raise NotImplementedError", "return np.maximum(x, 0)", 1)
    )
    shown = []
    for _ in range(count + 1):
        assert main(["exercise", "01", "--hint"]) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0].startswith(f"relu_backward, hint 1 of {count}")  # relu is right already
    assert len(set(shown)) == count and shown[-1] == shown[-2]
    assert "That was the last: nn-scratch exercise 01 --solution" in shown[-1]
    solve(book, item)
    assert main(["exercise", "01", "--hint"]) == 0
    assert "all right already" in capsys.readouterr().out


def test_solution_and_reset(book, monkeypatch, capsys):
    item = items()[1]
    assert main(["exercise", "linear", "--solution"]) == 0
    assert capsys.readouterr().out == solution_of(item).read_text()
    solve(book, item)
    monkeypatch.setattr("builtins.input", lambda question: "n")
    assert main(["exercise", "reset", "02"]) == 0
    assert "Nothing was changed" in capsys.readouterr().out
    monkeypatch.setattr("builtins.input", lambda question: "y")
    assert main(["exercise", "reset", "02"]) == 0
    assert book.path(item).read_text() == (PRISTINE / item.name).read_text()


def test_where_nobody_can_be_asked_the_answer_is_no(book, monkeypatch, capsys):
    item = items()[1]
    solve(book, item)
    written = book.path(item).read_text()
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["exercise", "reset", "02"]) == 0
    assert "Nothing was changed" in capsys.readouterr().out
    assert book.path(item).read_text() == written


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["99"], "there is no exercise '99'; the nearest are"),
        (["conv3d"], "there is no exercise 'conv3d'; the nearest are conv2d, "),
        (["reset"], "which exercise?"),
    ],
)
def test_wrong_calls(arguments, message, book, capsys):
    assert main(["exercise", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_before_the_start(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["exercise", "01"]) == 2
    assert "`nn-scratch exercise start` puts them" in capsys.readouterr().err


@pytest.mark.parametrize(
    "code, message",
    [
        ("def relu(x:\n", "line 1"),
        ("import nothing_of_this_name\n", "fails on import: ModuleNotFoundError"),
        ("def rleu(x): return x\n", "has no relu; it has rleu"),
    ],
)
def test_a_file_that_cannot_be_used_gets_one_sentence(code, message, book, capsys):
    book.path(items()[0]).write_text(code)
    assert main(["exercise", "01"]) == 2
    error = capsys.readouterr().err
    assert message in error and "01_relu.py" in error and error.count("\n") == 1


def test_watching(book, monkeypatch, capsys):
    """Checked at once, and again when the file is saved; then interrupted."""
    item = items()[0]
    sleeps = []

    def sleep(seconds):
        sleeps.append(seconds)
        if len(sleeps) == 2:
            solve(book, item)
            later = time.time() + 10
            os.utime(book.path(item), (later, later))
        if len(sleeps) == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr("nn_scratch.exercises.workspace.time.sleep", sleep)
    assert main(["exercise", "01", "--watch"]) == 130
    output = capsys.readouterr().out
    assert output.count("checking") == 2
    assert output.index("not written yet") < output.index("relu: right on all")


@pytest.mark.slow
def test_pytest_in_the_folder(book):
    solve(book, items()[0])
    item = items()[1]
    book.path(item).write_text(solution_of(item).read_text().replace("dy.T @ x", "-dy.T @ x"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-k", "relu or (linear and not bilinear)"],
        cwd=book.folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "1 failed, 16 passed, 5 skipped" in done.stdout, done.stdout
    assert "The mistake: sign" in done.stdout and "Traceback" not in done.stdout


def test_a_folder_without_exercises(tmp_path):
    with pytest.raises(UserCodeError, match="there are no exercises in"):
        Workbook(tmp_path)
