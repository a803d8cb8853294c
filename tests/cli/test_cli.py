"""The commands, run as a user runs them."""

import json
import subprocess
import sys

import pytest
from PIL import Image

from nn_scratch import engine
from nn_scratch.check import run
from nn_scratch.check.cases import catalogue
from nn_scratch.cli import main
from nn_scratch.engine import plain


def nn_scratch(*arguments):
    """Exit status, standard output, standard error of a real process."""
    done = subprocess.run(
        [sys.executable, "-m", "nn_scratch", *map(str, arguments)], capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
def test_check_everything(capsys):
    assert main(["check"]) == 0
    output = capsys.readouterr().out
    assert max(map(len, output.splitlines())) <= 80
    assert "conv2d" in output and "SegNet" in output and "WRONG" not in output
    assert f"{len(catalogue())} right, 0 wrong" in output


def test_check_one_as_json(capsys):
    assert main(["check", "conv2d", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] and {r["name"] for r in found["results"]} == {"conv2d"}
    assert set(found["results"][0]["gradient_errors"]) == {"x", "w", "b"}


MINE = """
import numpy as np
from nn_scratch import ops
from nn_scratch.layers import Conv2d, Layer

class Good(Layer):
    def forward(self, x):
        self.saved = x
        return x ** 3
    def backward(self, dy):
        return 3 * self.saved ** 2 * dy

class Bad(Good):
    def backward(self, dy):
        return 2 * self.saved ** 2 * dy

class MyConv(Conv2d):
    pass

class Raises(Layer):
    def forward(self, x):
        raise ArithmeticError("cannot count")

class Needs(Layer):
    def __init__(self, width):
        super().__init__()

class WithExample(Good):
    @staticmethod
    def example():
        return WithExample(), np.ones((2, 3))

class NoLayer:
    pass

def conv2d(x, w, b, **options):
    return ops.conv2d(x, w, b, **options)

def conv2d_backward(dy, x, w, **options):
    dx, dw, db = ops.conv2d_backward(dy, x, w, **options)
    return dx, dw[:, :, ::-1], db

def alone(x):
    return x
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "my_layers.py"
    path.write_text(MINE)
    return path


@pytest.mark.parametrize("name", ["Good", "MyConv", "WithExample"])
def test_a_right_layer_of_ones_own(name, mine, capsys):
    assert main(["check", f"{mine}:{name}"]) == 0
    output = capsys.readouterr().out
    assert f"checking {name} in {mine}" in output and "1 right, 0 wrong" in output


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Bad", "conv2d", "conv2d_backward"])
def test_a_wrong_one(name, mine, capsys):
    assert main(["check", f"{mine}:{name}"]) == 1
    output = capsys.readouterr().out
    assert "0 right, 1 wrong" in output and "the worst at" in output


@pytest.mark.slow
def test_a_known_mistake_is_named(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text(
        "from nn_scratch import ops\n"
        "def conv2d(x, w, b, *, stride=1, padding=0, dilation=1):\n"
        "    return ops.conv2d(x, w, b, stride=stride, padding=padding, dilation=dilation)\n"
        "def conv2d_backward(dy, x, w, *, stride=1, padding=0, dilation=1):\n"
        "    options = {'stride': stride, 'padding': padding, 'dilation': dilation}\n"
        "    dx, _, _ = ops.conv2d_backward(dy, x, w[:, :, ::-1, ::-1], **options)\n"
        "    return dx, *ops.conv2d_backward(dy, x, w, **options)[1:]\n"
    )
    assert main(["check", f"{path}:conv2d"]) == 1
    assert "The mistake: kernel_rotated" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Needs", "Needs needs width to be made: add to FILE a function example()"),
        ("NoLayer", "NoLayer in FILE is a class, but no Layer"),
        ("alone", "FILE has alone, but no alone_backward"),
        ("missing", "FILE has no missing; it has Good, Bad, MyConv"),
    ],
)
def test_what_cannot_be_checked_is_explained(name, message, mine, capsys):
    assert main(["check", f"{mine}:{name}"]) == 2
    assert message.replace("FILE", str(mine)) in capsys.readouterr().err


@pytest.mark.slow
def test_a_pass_that_raises_is_wrong(mine, capsys):
    assert main(["check", f"{mine}:Raises"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "raises ArithmeticError: cannot count" in said and "my_layers.py, line 22)" in said
    assert main(["check", f"{mine}:Raises", "--json", "--time"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["results"]
    assert (found["ok"], found["mistake"]) == (False, "raises")


@pytest.mark.parametrize("name", ["conv2d", "max_pool2d", "Conv2d"])
def test_an_op_that_raises_is_listed_as_failing(name, monkeypatch, capsys):
    def broken(*arguments, **options):
        raise ArithmeticError("taken out")

    for primitive in "conv_forward", "max_pool_argmax":
        monkeypatch.setattr(plain, primitive, broken)
    with engine.use("plain"):
        assert main(["check", name]) == 1
    said = capsys.readouterr().out
    cases = sum(case.name == name for case in catalogue())
    assert said.count("raises ArithmeticError: taken out") == cases
    assert f"0 right, {cases} wrong" in said


@pytest.mark.slow
def test_files_that_cannot_be_read(tmp_path, capsys):
    assert main(["check", f"{tmp_path}/none.py:f"]) == 2
    assert "there is no file" in capsys.readouterr().err
    (tmp_path / "broken.py").write_text("def f(:\n")
    assert main(["check", f"{tmp_path}/broken.py:f"]) == 2
    assert "broken.py, line 1: invalid syntax" in capsys.readouterr().err
    (tmp_path / "fails.py").write_text("1 / 0\n")
    assert main(["check", f"{tmp_path}/fails.py:f"]) == 2
    assert "fails on import: ZeroDivisionError" in capsys.readouterr().err


def test_a_module_level_example(tmp_path, capsys):
    path = tmp_path / "pair.py"
    path.write_text(
        "import numpy as np\n"
        "def scale(x, *, factor): return factor * x\n"
        "def scale_backward(dy, *, factor): return factor * dy\n"
        "def example(): return np.ones((3, 2)), {'factor': 5.0}\n"
    )
    assert main(["check", f"{path}:scale"]) == 0
    assert "scale" in capsys.readouterr().out


def test_unknown_names(capsys):
    assert main(["check", "conv2"]) == 2
    assert "did you mean conv2d" in capsys.readouterr().err


def test_info(capsys):
    assert main(["info"]) == 0
    output = capsys.readouterr().out
    assert all(word in output for word in ("NumPy", "BLAS", "threads", "GPU"))


def test_info_draws_a_net(tmp_path, capsys):
    picture = tmp_path / "drawings" / "segnet.png"
    assert main(["info", "segmentation", "--net", "segnet", "--draw", str(picture)]) == 0
    output = capsys.readouterr().out
    assert "MaxUnpool2d" in output and "fcn-max-unpool-skips" in output
    assert max(map(len, output.splitlines())) <= 80
    with Image.open(picture) as drawn:
        assert drawn.width > 1200 and drawn.height > 200
    assert main(["info", "--draw", str(picture)]) == 2
    assert "--draw: for which task?" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_without_arguments_shows_its_use():
    status, _, errors = nn_scratch()
    assert status == 2 and "usage: nn-scratch" in errors


@pytest.mark.slow
def test_train_writes_and_resumes(tmp_path, capsys, few_scenes):
    arguments = ["train", "localization", "--scenes", "40", "--out", str(tmp_path / "run")]
    assert main([*arguments, "--epochs", "1"]) == 0
    assert "success" in capsys.readouterr().out
    assert (tmp_path / "run" / "picture.png").stat().st_size > 10_000
    saved = json.loads((tmp_path / "run" / "history.json").read_text())
    assert saved["settings"]["scenes"] == 40 and len(saved["steps"]) == 2
    assert main([*arguments, "--epochs", "1"]) == 0
    capsys.readouterr()
    assert main([*arguments, "--epochs", "2"]) == 2
    errors = capsys.readouterr().err
    assert "other settings" in errors and "Traceback" not in errors


@pytest.mark.slow
def test_demo(tmp_path, monkeypatch, capsys, few_scenes):
    """The whole demonstration, on a size for tests, and with a few of the checks."""
    from nn_scratch.cli import demo

    size, cases = {"epochs": 1, "scenes": 32}, run.library_cases()[::10]
    monkeypatch.setattr(run, "library_cases", lambda: cases)
    monkeypatch.setattr(demo, "QUICK", dict.fromkeys(demo.QUICK, size))
    assert main(["demo", "--quick", "--out", str(tmp_path)]) == 0
    output = capsys.readouterr().out
    assert "all right" in output and "mean IoU" in output and "success" in output
    for name in "segmentation.png", "localization.png", "losses.png", "segmentation.html":
        assert (tmp_path / name).stat().st_size > 10_000
        assert str(tmp_path / name) in output
    assert (tmp_path / "segmentation.html").resolve().as_uri() in output


@pytest.mark.slow
def test_a_wrong_case_is_named_in_full(monkeypatch, capsys):
    from nn_scratch import ops

    right = ops.max_pool2d_backward

    def wrong(dy, switches, input_size, **geometry):
        return 3 * right(dy, switches, input_size, **geometry)

    monkeypatch.setattr(ops, "max_pool2d_backward", wrong)
    assert main(["check", "max_pool2d"]) == 1
    output = capsys.readouterr().out
    assert "max_pool2d (overlapping): gradients WRONG" in output and "0 right, 2 wrong" in output
    assert main(["check", "max_pool2d", "--json"]) == 1
    assert not json.loads(capsys.readouterr().out)["ok"]
