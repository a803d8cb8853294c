"""Nets of one's own on the command line: train, resume, evaluate, predict, compare, info."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nn_scratch.cli import main
from nn_scratch.training import Segmentation, fit, load_checkpoint

pytestmark = pytest.mark.slow

SMALL = ("--scenes", 12, "--batch-size", 4)


def run(*arguments):
    return main([str(argument) for argument in arguments])


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty folder with a user's file in it, as the working directory."""
    shutil.copy(Path(__file__).with_name("own_nets.py"), tmp_path / "my_nets.py")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("nn_scratch.data.sources.TEST_SCENES", 12)
    return tmp_path


def train(net, *more, task="segmentation", epochs=1):
    return run("train", task, "--net", f"my_nets.py:{net}", *SMALL, "--epochs", epochs, *more)


def test_from_training_to_a_table(here, capsys):
    """All that a net of the library can do."""
    assert train("MyNet", "--width", 4, epochs=3) == 0
    folder = here / "runs" / "segmentation-digits-my_nets.MyNet-0"
    settings = json.loads((folder / "history.json").read_text())["settings"]
    assert settings["net"] == f"{here / 'my_nets.py'}:MyNet" and settings["width"] == 4
    steps = [s["loss"] for s in json.loads((folder / "history.json").read_text())["steps"]]
    assert len(steps) == 9 and np.mean(steps[-3:]) < np.mean(steps[:3])
    assert (folder / "picture.png").stat().st_size > 10_000
    assert load_checkpoint(folder / "best.npz").net["stages.0.conv.weight"].shape == (4, 1, 3, 3)
    capsys.readouterr()

    assert run("evaluate", folder / "checkpoint.npz", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    last = json.loads((folder / "history.json").read_text())["epochs"][-1]
    assert found["mean_iou"] == pytest.approx(last["mean_iou"])

    Image.fromarray(np.full((30, 50, 3), 80, np.uint8)).save("photo.png")
    assert run("predict", folder / "best.npz", "photo.png") == 0
    assert (here / "predictions" / "photo.png").exists()

    nets = "my_nets.py:MyNet", "my_nets.py:my_function", "fcn-nearest"
    options = ["--seeds", 0, "--width", 3, "--epochs", 1, *SMALL]
    assert run("compare", "segmentation", "--nets", *nets, *options) == 0
    table = (here / "comparisons" / "segmentation-digits" / "comparison.md").read_text()
    assert "| my_nets.MyNet |" in table and "| my_nets.my_function |" in table

    capsys.readouterr()
    assert run("info", "segmentation", "--net", "my_nets.py:MyNet") == 0
    printed = capsys.readouterr().out
    assert "stages.1.conv" in printed and "MyNet" in printed


def test_a_localizer_gets_the_image_size_that_it_names(here):
    assert train("MyLocalizer", "--kernel-size", 5, task="localization") == 0
    folder = here / "runs" / "localization-digits-my_nets.MyLocalizer-0"
    assert load_checkpoint(folder / "best.npz").net["heads.where.bias"].shape == (4,)
    assert run("evaluate", folder / "best.npz") == 0


def test_it_resumes_to_the_last_bit_with_its_dropout(monkeypatch):
    """Dropout draws what it would have drawn."""
    monkeypatch.setitem(fit.__kwdefaults__, "save_every", 1)
    assert train("MyNet", "--out", "whole", epochs=2) == 0
    step, left = Segmentation.step, [4]

    def until(task, net, batch):
        left[0] -= 1
        if left[0] < 0:
            raise ArithmeticError("the power fails")
        return step(task, net, batch)

    monkeypatch.setattr(Segmentation, "step", until)
    assert train("MyNet", "--out", "halved", epochs=2) == 2
    assert len(load_checkpoint("halved/checkpoint.npz").record["history"]["steps"]) == 4
    monkeypatch.setattr(Segmentation, "step", step)
    assert train("MyNet", "--out", "halved", epochs=2) == 0
    whole, halved = (load_checkpoint(f"{name}/checkpoint.npz") for name in ("whole", "halved"))
    for name, array in whole.net.items():
        np.testing.assert_array_equal(halved.net[name], array)
    assert whole.record["history"]["steps"] == halved.record["history"]["steps"]


def test_a_file_that_changed_is_said_and_one_that_is_gone_can_be_found_again(here, capsys):
    assert train("MyNet", "--out", "run") == 0
    capsys.readouterr()
    assert run("evaluate", "run/best.npz") == 0
    assert capsys.readouterr().err == ""
    with (here / "my_nets.py").open("a") as file:
        file.write("\n# a remark\n")
    assert run("evaluate", "run/best.npz") == 0
    assert "my_nets.py has changed since run/best.npz was written" in capsys.readouterr().err
    (here / "my_nets.py").rename(here / "moved.py")
    assert run("evaluate", "run/best.npz") == 2
    assert "that file is gone: say where it is now with --net" in capsys.readouterr().err
    assert run("evaluate", "run/best.npz", "--net", "moved.py:MyNet") == 0
    assert run("evaluate", "run/best.npz", "--net", "moved.py:my_function") == 2
    assert "is of another net" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("net", "message"),
    [
        ("my_nets.py:Forgotten", "Forgotten has no parameters to train"),
        ("my_nets.py:Shrinks", "needs scores (1, 11, 40, 40): one for each of 11 classes"),
        ("my_nets.py:Fails", "Fails raises AttributeError"),
        ("my_nets.py:no_net", "gives a list, but a net is a nn_scratch.layers.Layer"),
        ("my_nets.py:NUMBER", "is no class or function that builds a net"),
        ("my_nets.py:Missing", "my_nets.py has no Missing"),
        ("my_nets.py", "says no name: write my_nets.py:NAME"),
        ("my_nets.py:", "says no name: write my_nets.py:NAME"),
        ("elsewhere.py:MyNet", "there is no file"),
    ],
)
def test_what_is_wrong_with_a_net_is_one_sentence(net, message, capsys):
    assert run("train", "segmentation", "--net", net, *SMALL, "--epochs", 1) == 2
    said = capsys.readouterr().err
    assert message in said and "Traceback" not in said and said.count("\n") == 1


def test_a_net_names_the_options_that_it_takes(capsys):
    assert train("MyNet", "--kernel-size", 5) == 2
    assert "--kernel-size is no option of my_nets.MyNet, which has width" in capsys.readouterr().err
    assert train("MyLocalizer", "--width", 5, task="localization") == 2
    assert "--width is no option of my_nets.MyLocalizer" in capsys.readouterr().err
    assert run("train", "localization", "--net", "localizer", "--kernel-size", 3, *SMALL) == 2
    assert "--kernel-size is no option of localizer, which has width" in capsys.readouterr().err
