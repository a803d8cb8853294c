"""What the guides show is true: examples print their answers, files do what is said of them."""

import doctest
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nn_scratch.cli import main
from nn_scratch.data import DigitLocalization

GUIDES = sorted((Path(__file__).parents[2] / "lessons" / "guides").glob("*.md"))
WITH_EXAMPLES = [guide for guide in GUIDES if ">>> " in guide.read_text(encoding="utf-8")]


@pytest.mark.slow
@pytest.mark.parametrize("guide", WITH_EXAMPLES, ids=lambda guide: guide.stem)
def test_examples_print_their_answers(guide):
    if "import torch" in guide.read_text(encoding="utf-8"):
        pytest.importorskip("torch", reason="PyTorch is not installed")
    failed, tried = doctest.testfile(str(guide), module_relative=False, encoding="utf-8")
    assert tried > 0 and failed == 0


@pytest.fixture
def my_layers(tmp_path, monkeypatch):
    """The file that the guide to a layer of one's own writes, block by block."""
    text = (GUIDES[0].parent / "your_own_layer.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.S)
    written = [doctest.script_from_examples(block) if ">>>" in block else block for block in blocks]
    monkeypatch.chdir(tmp_path)
    Path("my_layers.py").write_text("\n".join(["from nn_scratch.layers import *", *written]))
    return text


def test_the_layer_of_ones_own_is_checked_as_shown(my_layers, capsys):
    assert main(["check", "my_layers.py:LearnedLeak"]) == 0
    shown = re.search(r"```text\n(.*?)```", my_layers, re.S).group(1)
    printed = capsys.readouterr().out
    rounding = r"\d\.\de-\d+"  # its digits differ from machine to machine
    assert re.sub(rounding, "…", printed.replace(f"{Path.cwd()}/", "")) == re.sub(
        rounding, "…", shown
    )


@pytest.mark.slow
def test_the_net_of_ones_own_is_trained_as_shown(my_layers, capsys, few_scenes):
    net = ["--net", "my_layers.py:LeakyNet"]
    assert main(["info", "segmentation", *net]) == 0
    assert "LearnedLeak" in capsys.readouterr().out
    short = ["--epochs", "1", "--scenes", "32"]
    assert main(["train", "segmentation", *net, *short]) == 0
    assert Path("runs/segmentation-digits-my_layers.LeakyNet-0/best.npz").exists()


@pytest.mark.slow
def test_a_net_is_taken_along_as_shown(tmp_path, monkeypatch, capsys, few_scenes):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    text = (GUIDES[0].parent / "take_it_with_you.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    short = ["--epochs", "1", "--scenes", "64"]
    assert main(["train", "segmentation", "--net", "segnet", *short]) == 0
    commands = re.findall(r"^nn-scratch (export .*)$", text, re.MULTILINE)
    assert len(commands) >= 2
    for command in commands:
        assert main(command.split()) == 0
    assert "page.html" in capsys.readouterr().out
    blocks = re.findall(r"```python\n(.*?)```", text, re.S)
    for block in blocks:
        exec(block, {})
    assert capsys.readouterr().out.startswith("['background', '0', '1'")


@pytest.mark.slow
def test_the_commands_for_looking_inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scene = DigitLocalization("test", 1).sample(0, 0)[0][0]
    Image.fromarray((255 * scene.clip(0, 1)).astype(np.uint8)).save("scene.png")
    text = (GUIDES[0].parent / "looking_inside.md").read_text(encoding="utf-8")
    commands = re.findall(r"^nn-scratch (.*)$", text, re.M)
    assert [command.split()[0] for command in commands] == ["predict", "predict", "info"]
    for command in commands:
        assert main(shlex.split(command)) == 0
    assert Path("unet.png").exists() and Path("predictions/scene.png").exists()
