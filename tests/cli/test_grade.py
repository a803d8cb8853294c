"""A course's submissions, of all kinds: every row is true, and none stops the others."""

import csv
import json
import shutil
import sys

import pytest

from nn_scratch.cli import main
from nn_scratch.exercises.workspace import PRISTINE, items, solution_of

ITEM = {function: item for item in items() for function in item.functions}
ENDLESS = "while True: __import__('time').sleep(0.01)\n"  # and the processor has a rest
RELU, LINEAR, SOFTMAX = (ITEM[name].name for name in ("relu", "linear", "softmax"))


@pytest.fixture
def course(tmp_path):
    """A function that adds a student: with some exercises solved, and then changed."""

    def add(student, *changes, names=(RELU, LINEAR)):
        folder = tmp_path / "course" / student
        folder.mkdir(parents=True)
        for item in items():
            if item.name in names:
                shutil.copyfile(solution_of(item), folder / item.name)
        for name, old, new in changes:
            text = (folder / name).read_text(encoding="utf-8")
            assert old in text
            (folder / name).write_text(text.replace(old, new), encoding="utf-8")
        return folder

    add.folder = tmp_path / "course"
    return add


@pytest.fixture
def graded(course, capsys):
    """What `grade --json` says of the course, by student."""

    def grade(*options):
        capsys.readouterr()
        assert main(["grade", str(course.folder), "--json", *options]) == 0
        rows = json.loads(capsys.readouterr().out)["students"]
        return {row["student"]: row for row in rows}

    return grade


def states(row):
    return {name: entry["state"] for name, entry in row["exercises"].items()}


def mistakes(row):
    return {name: entry["mistake"] for name, entry in row["exercises"].items()}


@pytest.mark.slow
def test_rows_columns_and_cells(course, capsys, tmp_path):
    course("anna")
    course("ben", (RELU, "return", "return -1 *"), names=[RELU])
    (course("=cara", names=[]) / LINEAR).write_bytes((PRISTINE / LINEAR).read_bytes())
    (course.folder / "notes.txt").write_text("no student")
    (course.folder / ".git").mkdir()
    path = tmp_path / "table.csv"
    assert main(["grade", str(course.folder), "--csv", str(path)]) == 0
    said = capsys.readouterr()
    assert said.out == "" and "anna                      4 of  4 right" in said.err
    with open(path, newline="", encoding="utf-8") as file:
        head, cara, anna, ben = csv.reader(file)
    functions = ["relu", "relu_backward", "linear", "linear_backward"]
    assert head == ["student", "right", *functions, "notes"]
    assert cara[:2] == ["'=cara", "0"] and cara[2] == "missing" and cara[4].startswith("to do; ")
    assert anna[:2] == ["anna", "4"] and all(cell.startswith("right; ") for cell in anna[2:6])
    assert ben[1] == "0" and ben[2].startswith("fails at one row; sign; ") and ben[4] == "missing"
    assert main(["grade", str(course.folder)]) == 0
    assert capsys.readouterr().out.startswith("student,right,relu,relu_backward,")


@pytest.mark.slow
def test_every_way_to_break_a_submission(course, graded):
    first = (RELU, "import numpy as np\n", "import numpy as np\n")
    for student, text in {
        "01-endless": ENDLESS,
        "02-exits": "import sys; sys.exit(0)\n",
        "03-dies": "import os; os._exit(0)\n",
        "04-crashes": "import os; os.abort()\n",
        "05-prints": "print('{\"ok\": true}\\n' * 1000)\n",
        "06-raises": "raise ValueError('no')\n",
        "07-is none": "def relu(:\n",
    }.items():
        course(student, (*first[:2], first[1] + text))
    course("08-endless pass", (RELU, "return", f"{ENDLESS}    return"))
    course("09-dead pass", (LINEAR, "return", "import os; os._exit(0)\n    return"))
    course("10-nothing", names=[])
    (course("11-unreadable", names=[LINEAR]) / RELU).write_bytes(b"\xff\xfe\x00")
    (course("12-odd files") / "a folder.py").mkdir()
    (course.folder / "12-odd files" / "deep.py").write_text("x = " + "-" * 100_000 + "1\n")
    rows = graded("--time-limit", "5")
    assert [row["right"] for row in rows.values()] == [2, 2, 2, 2, 4, 2, 2, 2, 2, 0, 2, 4]
    both = [set(mistakes(row).values()) - {None} for row in rows.values()]
    crashed = "crashed" if sys.platform != "win32" else "ended"
    assert both[:5] == [{"timeout"}, {"ended"}, {"ended"}, {crashed}, set()]
    assert both[7:10] == [{"timeout"}, {"ended"}, set()]
    for student, note in {
        "06-raises": f"{RELU} fails on import: ValueError: no",
        "07-is none": f"{RELU}, line",
        "10-nothing": "no exercise was handed in",
        "11-unreadable": RELU,
        "12-odd files": "deep.py is no Python",
    }.items():
        assert note in rows[student]["notes"][0]
    assert states(rows["06-raises"])["relu"] == "cannot be used"


@pytest.mark.parametrize(
    "text",
    [
        "from nn_scratch.naive import relu, relu_backward\n",
        "import nn_scratch.ops as o\nrelu, relu_backward = o.relu, o.relu_backward\n",
        "from importlib import import_module\no = import_module('nn_scratch.naive')\n"
        "relu, relu_backward = o.relu, o.relu_backward\n",
        "def relu(x):\n    import nn_scratch\n    return nn_scratch.naive.relu(x)\n",
    ],
)
def test_who_imports_the_answer_is_judged_and_marked(text, course, graded):
    (course("zoe", names=[]) / RELU).write_text(text)
    row = graded()["zoe"]
    assert states(row)["relu"] == "right" and row["notes"][0] == "imports nn_scratch"


@pytest.mark.slow
def test_a_framework_is_marked_a_word_is_not(course, graded):
    course("ann", (RELU, "import numpy as np\n", "import numpy as np\nNAMES = ['torch', 'jax']\n"))
    for student, text in {
        "ben": "try:\n    import tensorflow\nexcept ImportError:\n    pass\n",
        "cy": "try:\n    __import__('jax.numpy')\nexcept ImportError:\n    pass\n",
        "di": "import sys\nsys.modules.get('x'), sys.modules['nn_scratch']\n",
    }.items():
        course(student, (RELU, "import numpy as np\n", "import numpy as np\n" + text))
    notes = {student: row["notes"] for student, row in graded().items()}
    assert notes.pop("ann") == []
    names = "tensorflow", "jax", "nn_scratch"
    assert list(notes.values()) == [[f"imports {name}"] for name in names]


@pytest.mark.slow
def test_files_go_by_number_by_function_and_lie_anywhere(course, graded):
    texts = [solution_of(ITEM[name]).read_text(encoding="utf-8") for name in ("relu", "linear")]
    (course("one file", names=[]) / "all.py").write_text("\n\n".join(texts), encoding="utf-8")
    deeper = course("folder", names=[]) / "week 1" / "exercises"
    deeper.mkdir(parents=True)
    for name, text in zip((RELU, LINEAR), texts, strict=True):
        (deeper / name).write_text(text, encoding="utf-8")
    other = course("own names", names=[])
    (other / f"{int(RELU[:2])}_mine.py").write_text(texts[0], encoding="utf-8")
    (other / "helper.py").write_text("lambda_ = 3\n")
    (other / "line.py").write_text("import helper\n" + texts[1], encoding="utf-8")
    (other / "test_all.py").write_text("raise ValueError\n")
    assert {row["right"] for row in graded().values()} == {4}


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["nowhere"], "there is no folder"),
        (["."], "there are no students' folders in"),
        ([".", "--jobs", "0"], "at least 1 student"),
    ],
)
def test_wrong_calls(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["grade", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_a_whole_course(course, graded):
    """Nine submissions of every third exercise, some of them broken, one in every file."""
    names = sorted({item.name for item in items()[::3]} | {RELU, LINEAR, SOFTMAX})
    for i in range(5):
        course(f"student-{i:02}", names=names)
    course("student-05", (SOFTMAX, "return", f"{ENDLESS}    return"), names=names)
    for path in course("student-06", names=names).iterdir():
        path.write_text("import os\nos._exit(0)\n")
    course("student-07", (LINEAR, "def linear(", f"{ENDLESS}def linear("), names=names)
    course("student-08", (RELU, "return", "print('x' * 10**6)\n    return"), names=names)
    rows = graded("--time-limit", "6")
    every = sum(item.name in names for item in ITEM.values())
    assert [row["right"] for row in rows.values()] == [every] * 5 + [every - 2, 0, every - 2, every]


def test_a_table_that_cannot_be_written_is_said_before_the_work(course, tmp_path, capsys):
    course("anna")
    assert main(["grade", str(course.folder), "--csv", str(tmp_path / "no" / "table.csv")]) == 2
    said = capsys.readouterr().err
    assert "table.csv cannot be written: No such file" in said and "anna" not in said
