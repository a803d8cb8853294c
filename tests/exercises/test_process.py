"""A student's file never rules the tool: whatever it does, there is one true answer."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from nn_scratch.cli import main
from nn_scratch.exercises import process, screens
from nn_scratch.exercises.process import Limits, Task, exit_status, run, verdict
from nn_scratch.exercises.workspace import items, solution_of, start
from nn_scratch.user_file import UserCodeError

pytestmark = pytest.mark.slow

posix = pytest.mark.skipif(os.name != "posix", reason="what only POSIX has")
RIGHT = (
    "import numpy as np\n"
    "def relu(x):\n    return np.maximum(x, 0)\n"
    "def relu_backward(dy, x):\n    return dy * (x > 0)\n"
)
ITEM = next(item for item in items() if "relu" in item.functions)
WRONG = RIGHT.replace("return dy", "return -dy")
ENDLESS = "while True: __import__('time').sleep(0.01)\n"  # and the processor has a rest


@pytest.fixture
def judged(tmp_path):
    """What becomes of a file with this text, as an exercise or for check."""

    def judge(text, kind="exercise", names=("relu", "relu_backward"), folder=tmp_path, **limits):
        path = folder / "mine.py"
        path.write_text(text, encoding="utf-8")
        names = names if kind == "exercise" else ("relu",)
        return run([Task(kind, str(path), names)], Limits(**{"seconds": 60, **limits}))[0]

    return judge


def mistakes(outcome):
    return [result["mistake"] for result in outcome.results]


def refuse(word):
    raise ValueError(f"{word} is no JSON")


@pytest.mark.parametrize("kind", ["exercise", "check"])
def test_right_and_wrong(kind, judged):
    right, wrong = judged(RIGHT, kind), judged(WRONG, kind)
    assert verdict([right]) is True and exit_status([right]) == 0
    assert verdict([wrong]) is False and exit_status([wrong]) == 1
    assert exit_status([right, wrong]) == 1
    assert not right.printed and not wrong.printed


# ---------------------------------------------------------------- ends of the program


def that_end(cases):
    """Names of the cases that end by themselves."""
    memory = pytest.mark.skipif(sys.platform != "linux", reason="the system does not limit memory")
    return [
        pytest.param(name, marks=memory if mistake == "memory" else ())
        for name, (_, mistake) in cases.items()
        if mistake != "timeout"
    ]


@pytest.fixture
def judged_together(judged, tmp_path):
    """What becomes of files with these texts, by name. All are judged at the same time, for the
    processor has little to do while files hang."""

    def judge(texts, kind, seconds):
        folders = [tmp_path / str(number) for number in range(len(texts))]
        for folder in folders:
            folder.mkdir()
        with ThreadPoolExecutor(len(texts)) as threads:
            waiting = [
                threads.submit(judged, text, kind, folder=folder, seconds=seconds)
                for text, folder in zip(texts.values(), folders, strict=True)
            ]
        return {name: one.result() for name, one in zip(texts, waiting, strict=True)}

    return judge


AT_IMPORT = {
    "sys.exit(0)": ("import sys\nsys.exit(0)\n", "ended"),
    "exit": ("exit()\n", "ended"),
    "SystemExit": ("raise SystemExit('done')\n", "ended"),
    "unittest": ("import unittest\nunittest.main(argv=['mine'])\n", "ended"),
    "os._exit": ("import os\nos._exit(0)\n", "ended"),
    "interrupt": ("raise KeyboardInterrupt\n", "ended"),
    "argparse": ("import argparse\nargparse.ArgumentParser().parse_args(['--help'])\n", "ended"),
    "loop": ("while True: pass\n", "timeout"),
    "sleep": ("import time\ntime.sleep(1000)\n", "timeout"),
    "memory": ("import numpy as np\na = np.ones((1 << 34,))\n", "memory"),
}
if os.name == "posix":
    AT_IMPORT |= {
        "abort": ("import os\nos.abort()\n", "crashed"),
        "segfault": ("import ctypes\nctypes.string_at(0)\n", "crashed"),
        "kill": ("import os\nos.kill(os.getpid(), 9)\n", "crashed"),
        "deaf loop": (
            "import signal, time\n"
            "for s in (signal.SIGTERM, signal.SIGINT): signal.signal(s, signal.SIG_IGN)\n"
            "while True:\n"
            "    try:\n        while True: time.sleep(0.01)\n"
            "    except BaseException: pass\n",
            "timeout",
        ),
    }


def assert_it_ended_at_import(outcome, mistake):
    assert set(mistakes(outcome)) == {mistake}
    assert exit_status([outcome]) == 4 and verdict([outcome]) is False
    assert all(result["text"].count("\n") == 0 for result in outcome.results)
    assert "mine.py" in outcome.results[0]["text"]


@pytest.mark.parametrize("kind", ["exercise", "check"])
@pytest.mark.parametrize("name", that_end(AT_IMPORT))
def test_a_file_that_ends_when_it_is_imported(name, kind, judged):
    text, mistake = AT_IMPORT[name]
    assert_it_ended_at_import(judged(RIGHT + text, kind), mistake)


@pytest.mark.parametrize("kind", ["exercise", "check"])
def test_files_that_hang_when_they_are_imported(kind, judged_together):
    hang = {name: RIGHT + text for name, (text, how) in AT_IMPORT.items() if how == "timeout"}
    for outcome in judged_together(hang, kind, seconds=1).values():
        assert_it_ended_at_import(outcome, "timeout")


IN_A_PASS = {
    "sys.exit(0)": ("import sys; sys.exit(0)", "ended"),
    "quit": ("quit()", "ended"),
    "os._exit": ("import os; os._exit(0)", "ended"),
    "loop": ("while True: pass", "timeout"),
    "sleep": ("import time; time.sleep(1000)", "timeout"),
    "memory": ("np.ones((1 << 34,))", "memory"),
    "interrupt": ("raise KeyboardInterrupt", "ended"),
}
if os.name == "posix":
    IN_A_PASS |= {
        "segfault": ("import ctypes; ctypes.string_at(0)", "crashed"),
        "abort": ("import os; os.abort()", "crashed"),
        "regular expression": (  # holds the interpreter and hears nothing
            "import re; re.match(r'(a+)+$', 'a' * 40 + 'b')",
            "timeout",
        ),
    }


def within_backward(code):
    return RIGHT.replace("return dy", f"{code}\n    return dy")


def assert_its_pass_ended(outcome, kind, mistake):
    assert exit_status([outcome]) == 4 and verdict([outcome]) is False
    if kind == "exercise":  # the other function is judged all the same
        assert mistakes(outcome) == [None, mistake]
        assert outcome.results[0]["ok"] and "relu_backward" in outcome.results[1]["text"]
    else:
        assert mistakes(outcome) == [mistake]


@pytest.mark.parametrize("kind", ["exercise", "check"])
@pytest.mark.parametrize("name", that_end(IN_A_PASS))
def test_a_pass_that_ends(name, kind, judged):
    code, mistake = IN_A_PASS[name]
    assert_its_pass_ended(judged(within_backward(code), kind), kind, mistake)


@pytest.mark.parametrize("kind", ["exercise", "check"])
def test_passes_that_hang(kind, judged_together):
    """The other function of an exercise must be judged before the time is over."""
    hang = {n: within_backward(code) for n, (code, how) in IN_A_PASS.items() if how == "timeout"}
    for outcome in judged_together(hang, kind, 6 if kind == "exercise" else 1).values():
        assert_its_pass_ended(outcome, kind, "timeout")


def test_one_that_ends_does_not_hide_the_next(tmp_path):
    texts = ["import os\nos._exit(0)\n", WRONG, ENDLESS, RIGHT, "def relu(:\n"]
    tasks = []
    for i, text in enumerate(texts):
        (tmp_path / f"f{i}.py").write_text(text)
        tasks.append(Task("exercise", str(tmp_path / f"f{i}.py"), ("relu", "relu_backward")))
    found = run(tasks, Limits(seconds=3))
    assert [mistakes(outcome) for outcome in found[:4]] == [
        ["ended", "ended"],
        [None, "sign"],
        ["timeout", "timeout"],
        [None, None],
    ]
    assert "f4.py, line 1" in found[4].error
    assert [exit_status([outcome]) for outcome in found] == [4, 1, 4, 0, 2]


@posix
def test_the_line_that_hangs_or_crashes_is_named(judged):
    loop = RIGHT.replace("return dy", "import re\n    re.match(r'(a+)+$', 'a' * 40)\n    return dy")
    hung = judged(loop.replace("'a' * 40", "'a' * 40 + 'b'"), seconds=3)
    assert "in line 6 of mine.py" in hung.results[1]["text"]
    crashed = judged(RIGHT + "\nimport ctypes\nctypes.string_at(0)\n")
    assert "SIGSEGV" in crashed.results[0]["text"] and "line 8" in crashed.results[0]["text"]


# ---------------------------------------------------------------- output and forged reports

FORGED = {
    "prints": 'print(\'{"ok": true, "results": []}\')\nimport os\nos._exit(0)\n',
    "a file of reports": (
        "import glob, json, os, tempfile\n"
        "for folder in glob.glob(tempfile.gettempdir() + '/nn_scratch-*'):\n"
        "    for path in glob.glob(folder + '/*'):\n"
        "        fake = {'token': 'x', 'stage': 'done', 'error': None, 'imports': [],\n"
        "                'results': [{'name': 'relu', 'ok': True, 'mistake': None, 'text': ''}]}\n"
        "        open(path, 'w').write(json.dumps(fake))\n"
        "os._exit(0)\n"
    ),
    "an exit handler": "import atexit, os\natexit.register(os._exit, 0)\n",
    "an empty report": (
        "import glob, os, tempfile\n"
        "for path in glob.glob(tempfile.gettempdir() + '/nn_scratch-*/*'): os.remove(path)\n"
        "os._exit(0)\n"
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_report_counts_for_nothing(name, tmp_path, monkeypatch, judged):
    (tmp_path / "private").mkdir()  # so that the files of tests beside this one are let alone
    monkeypatch.setenv("TMPDIR", str(tmp_path / "private"))
    monkeypatch.setattr(process.tempfile, "tempdir", None)
    outcome = judged(WRONG + FORGED[name])
    assert verdict([outcome]) is False and exit_status([outcome]) in (1, 4)
    assert not list((tmp_path / "private").iterdir())


def test_a_process_that_cannot_be_started_is_said(judged, monkeypatch):
    monkeypatch.setattr(process, "CODE", "import nothing_of_this_name")
    with pytest.raises(UserCodeError, match=r"no process can be started .* ModuleNotFoundError"):
        judged(RIGHT)


@pytest.mark.parametrize(
    "code",
    [
        "print('hello')",
        "import sys; sys.stderr.write('hello')",
        "import os; os.write(1, b'hello')",
        "import os; os.system('echo hello')",
        "import sys; sys.__stdout__.write('hello')",
        "import warnings; warnings.warn('hello')",
    ],
)
def test_what_a_file_prints_is_kept_apart(code, judged):
    outcome = judged(f"{code}\n{RIGHT}")
    assert verdict([outcome]) is True and "hello" in outcome.printed


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.stdout.close(); sys.stderr.close()",
        "import os; os.close(1); os.close(2)",
        "import os; os.chdir('/')",
        "import sys; sys.stdout = None; sys.setrecursionlimit(90)",
        "import numpy; numpy.seterr(all='raise')",
        "import warnings; warnings.simplefilter('error')",
        "import threading, time; threading.Thread(target=time.sleep, args=(99,)).start()",
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)",
        "open('/dev/null', 'rb').read(); print('Σ ∂ \\ud800')",
    ],
)
def test_a_right_file_with_odd_habits_is_right(code, judged):
    outcome = judged(f"{code}\n{RIGHT}")
    assert verdict([outcome]) is True, outcome


def test_endless_output_is_bounded(judged):
    outcome = judged(RIGHT + "while True: print('x' * 1000)\n", seconds=2)
    assert mistakes(outcome) == ["timeout", "timeout"]
    assert len(outcome.printed) < 30_000 and "bytes more" in outcome.printed


def test_nothing_that_steers_a_terminal_is_passed_on(judged):
    printed = judged(RIGHT + "print('\\x1b[2J\\x07red')\n").printed
    assert "\x1b" not in printed and "\x07" not in printed and "red" in printed


@posix
@pytest.mark.parametrize("leave", ["", "import os; os.setpgid(0, 0)"])
def test_what_a_file_starts_holds_nothing_up(leave, judged, tmp_path):
    child = f"import time; {leave or 'pass'}; time.sleep(100)"
    code = f"import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', {child!r}])\n"
    code += f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\n"
    assert verdict([judged(code + RIGHT)]) is True
    if not leave:  # it is in the group, and has been ended with it
        time.sleep(0.2)
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", (tmp_path / "pid").read_text()], capture_output=True
        ).stdout.strip()
        assert not state or state.startswith(b"Z")
    else:  # it is still there: it was not waited for
        os.kill(int((tmp_path / "pid").read_text()), 9)


def test_input_is_empty(judged):
    outcome = judged(RIGHT.replace("return dy", "input('?')\n    return dy"))
    assert mistakes(outcome) == [None, "raises"] and "EOFError" in outcome.results[1]["text"]


# ---------------------------------------------------------------- imports


def test_files_import_their_neighbours(tmp_path, judged):
    (tmp_path / "helper.py").write_text("def positive(x):\n    return x > 0\n")
    (tmp_path / "01_relu.py").write_text(RIGHT)
    (tmp_path / "random.py").write_text("raise RuntimeError('not the one of Python')\n")
    texts = {
        "at the top": "from helper import positive\n" + RIGHT.replace("(x > 0)", "positive(x)"),
        "in a pass": RIGHT.replace("return dy", "import helper\n    return dy"),
        "by number": "from ex_01 import relu, relu_backward\n",
        "by number, short": "import ex_1\nrelu, relu_backward = ex_1.relu, ex_1.relu_backward\n",
    }
    for name, text in texts.items():
        assert verdict([judged(text)]) is True, name


def test_names_like_those_of_other_modules(tmp_path):
    for name in ("copy", "json", "numpy", "nn_scratch", "inspect", "types"):
        path = tmp_path / name / f"{name}.py"
        path.parent.mkdir()
        path.write_text(RIGHT.replace("import numpy as np\n", "").replace("np.maximum", "max_"))
        path.write_text(path.read_text() + "def max_(x, least):\n    return x * (x > least)\n")
        task = Task("exercise", str(path), ("relu", "relu_backward"))
        assert verdict(run([task], folder=path.parent)) is True, name


DATACLASS = "from __future__ import annotations\nfrom dataclasses import dataclass, field\n"


@pytest.mark.parametrize(
    "text",
    [
        DATACLASS + "@dataclass\nclass P:\n    k: list = field(default_factory=list)\n",
        DATACLASS + "@dataclass(slots=True)\nclass P:\n    k: float\n    def f(self) -> P: ...\n",
        "import typing\nclass P(typing.NamedTuple):\n    k: 'int'\ntyping.get_type_hints(P)\n",
        "import pickle\nclass P: pass\npickle.loads(pickle.dumps(P()))\n",
    ],
)
@pytest.mark.parametrize("kind", ["exercise", "check"])
def test_classes_that_ask_for_their_module(text, kind, judged):
    assert verdict([judged(text + RIGHT, kind)]) is True


# ---------------------------------------------------------------- the commands


@pytest.mark.parametrize(
    "text, status",
    [
        (RIGHT, 0),
        ("print('{\"ok\": true}')\n" + RIGHT, 0),
        (WRONG, 1),
        (RIGHT.replace("return dy", "print('x'); dy"), 1),
        (RIGHT.replace("return dy *", "return np.nan *"), 1),
        ("def relu(:\n", 2),
        ("import sys; sys.exit(0)\n" + RIGHT, 4),
        (RIGHT.replace("return dy", "import os; os._exit(0)\n    return dy"), 4),
        (RIGHT + ENDLESS, 4),
    ],
)
def test_json_and_status(text, status, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    start("exercises")
    (tmp_path / "exercises" / ITEM.name).write_text(text)
    limit = ["--json", "--time-limit", "3" if "while True" in text else "60"]
    check = f"exercises/{ITEM.name}:relu"
    for command in (["exercise", ITEM.number, *limit], ["check", check, *limit]):
        capsys.readouterr()
        assert main(command) == status
        found = json.loads(capsys.readouterr().out, parse_constant=refuse)
        assert found["ok"] is (status == 0)
        assert all({"name", "ok", "mistake"} <= result.keys() for result in found["results"])
        assert found["results"] or found["error"]


def test_the_screen_shows_what_was_printed_under_a_heading(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    start("exercises")
    path = tmp_path / "exercises" / ITEM.name
    path.write_text(RIGHT.replace("return dy", "print('a\\n' * 30, 'a' * 200)\n    return dy"))
    assert main(["exercise", ITEM.number]) == 0
    output = capsys.readouterr().out
    assert output.index("right on all") > output.index(f"What {ITEM.name} printed:\n  a")
    assert "lines more" in output and max(map(len, output.splitlines()[1:])) <= 80
    assert main(["check", f"exercises/{ITEM.name}:relu"]) == 0
    assert f"What {ITEM.name} printed:\n  a" in capsys.readouterr().out


def test_limits_are_said_and_can_be_set(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("import time\ntime.sleep(1.5)\n" + RIGHT)
    assert main(["check", "mine.py:relu", "--time-limit", "1"]) == 4
    said = " ".join(capsys.readouterr().out.split())
    assert "did not end within 1 second and was stopped, in line 2 of mine.py" in said
    assert main(["check", "mine.py:relu", "--time-limit", "30"]) == 0
    with pytest.raises(SystemExit):
        main(["check", "mine.py:relu", "--time-limit", "-1"])
    assert "not a number above 0" in capsys.readouterr().err
    if sys.platform == "linux":
        (tmp_path / "mine.py").write_text("import numpy as np\na = np.ones(1 << 27)\n" + RIGHT)
        assert main(["check", "mine.py:relu", "--memory-limit", "900"]) == 4
        said = "mine.py, when it is imported, takes more memory than it may have"
        assert said in capsys.readouterr().out
        assert main(["check", "mine.py:relu", "--memory-limit", "3000"]) == 0


def test_the_command_loads_little():
    """Neither the tool nor the student's process needs figures, progress bars or images."""
    code = (
        "import sys; from nn_scratch.exercises import screens, workspace, process, child; "
        "print([m for m in ('matplotlib', 'tqdm', 'PIL', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "code, mistake",
    [
        ("return None", "returns_none"),
        ("return (dy * (x > 0))[:1]", "wrong_shape"),
        ("return dy * (x > 0) * np.nan", "not_finite"),
        ("x[x < 0] = 0; return dy * (x > 0)", "changes_inputs"),
        ("dy *= x > 0; return dy", "changes_inputs"),
        ("raise ArithmeticError('no')", "raises"),
        ("return undefined", "raises"),
    ],
)
@pytest.mark.parametrize("kind", ["exercise", "check"])
def test_plain_troubles_have_their_names(code, mistake, kind, judged):
    outcome = judged(RIGHT.replace("return dy * (x > 0)", code), kind)
    assert mistakes(outcome)[-1] == mistake and verdict([outcome]) is False


def test_long_sentences_are_broken_tables_are_not():
    table = f"  a{' ' * 90}b"
    text = screens._filled(f"{'word ' * 30}\n{table}\n    {'word ' * 30}")
    lines = text.split("\n")
    assert table in lines and lines[1].startswith("  word word")
    assert all(len(line) <= 80 for line in lines if line != table)
    assert lines[-1].startswith("      word")


@pytest.mark.parametrize("error", [3e-8, 1e-7, 5e-6, 0.3])
def test_plot_draws_whatever_is_called_wrong(error, tmp_path, monkeypatch, capsys):
    """Drawing and judging have the same tolerance: 1e-9 of the largest value of a linear op."""
    monkeypatch.chdir(tmp_path)
    book, _ = start("exercises")
    item, _ = book.find("linear")
    text = solution_of(item).read_text().replace("x @ w.T", f"x @ w.T * (1 + {error})")
    book.path(item).write_text(text)
    assert main(["exercise", "linear", "--plot", "wrong.png"]) == 1
    assert capsys.readouterr().out.endswith("\nwrong.png\n")
    assert (tmp_path / "wrong.png").stat().st_size > 1_000
    for place, why in (("no/such/place.png", "No such file"), ("wrong.abc", "abc")):
        assert main(["exercise", "linear", "--plot", place]) == 2
        said = capsys.readouterr().err
        assert f"{place} cannot be written" in said and why in said


@pytest.mark.parametrize(
    "code",
    [
        "return None",
        "return dy[0]",
        "raise ValueError",
        "return np.full_like(dy, np.nan)",
        "exit()",
    ],
)
def test_plot_has_nothing_to_draw_of_plain_troubles(code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    start("exercises")
    (tmp_path / "exercises" / ITEM.name).write_text(RIGHT.replace("return dy * (x > 0)", code))
    assert main(["exercise", ITEM.number, "--plot", "wrong.png"]) == (4 if code == "exit()" else 1)
    assert not (tmp_path / "wrong.png").exists() and capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "arguments",
    [["exercise", "99"], ["exercise", "reset"], ["check", "conv2"], ["check", "a.py"]],
)
def test_a_wrong_call_is_json_too(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    start("exercises")
    assert main([*arguments, "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False and found["results"] == [] and len(found["error"]) > 10


@posix
@pytest.mark.parametrize("stop", ["SIGTERM", "SIGKILL"])
def test_the_file_ends_when_the_tool_is_killed(stop, tmp_path):
    """As `timeout 60 nn-scratch check …` does."""
    noted = tmp_path / "pid"
    code = f"import os, time\nopen({str(noted)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    (tmp_path / "mine.py").write_text(RIGHT + code)
    command = [sys.executable, "-m", "nn_scratch", "check", "mine.py:relu", "--time-limit", "600"]
    tool = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE)
    try:
        assert until(lambda: noted.exists() and noted.read_text())
    finally:
        tool.send_signal(getattr(signal, stop))
        tool.communicate()
    pid = noted.read_text()
    state = ["ps", "-o", "stat=", "-p", pid]
    assert until(lambda: subprocess.run(state, capture_output=True).stdout.strip()[:1] in b"Z")


def until(happened, seconds=120):
    """Whether something happens, on a machine however slow."""
    end = time.monotonic() + seconds
    while not happened() and time.monotonic() < end:
        time.sleep(0.1)
    return happened()
