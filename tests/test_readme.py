"""What the README shows is true: its example, its links, its commands."""

import doctest
import re
from pathlib import Path

import pytest

from nn_scratch.cli import main
from nn_scratch.exercises import check_exercise
from zoo import ZOO

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("*/*.md"), *ROOT.glob("lessons/guides/*.md")])


def test_the_example_prints_its_answers():
    failed, tried = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert tried > 5 and failed == 0


def test_the_failing_screen_is_what_the_checker_says():
    make, _ = ZOO["linear_backward"]
    screen = str(check_exercise("linear_backward", make("dw =")))
    assert f"```text\n{screen}\n```" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page, least", [("README.md", 1), ("CONTRIBUTING.md", 11)])
def test_files_that_are_named_exist(page, least):
    """From the top, below nn_scratch or its engine."""
    text = (ROOT / page).read_text()
    named = re.findall(r"`((?:\.?\w+/)+(?:\w+\.\w+)?)`", text)
    assert len(named) >= least
    for path in {*named} - {"lessons/NN_name.py", "build/site/"}:  # the one an example, one made
        bases = ROOT, ROOT / "nn_scratch", ROOT / "nn_scratch" / "engine"
        assert any((base / path).exists() for base in bases), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page, capsys):
    for command in set(re.findall(r"nn-scratch ([a-z]+)", page.read_text())):
        with pytest.raises(SystemExit) as stop:
            main([command, "--help"])
        assert stop.value.code == 0, command
    capsys.readouterr()
