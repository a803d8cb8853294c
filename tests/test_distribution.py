"""What is installed from a wheel, or from a source distribution, is whole."""

import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

import nn_scratch

ROOT = Path(__file__).parents[1]
BUILD = "import sys; from setuptools import build_meta as b; print(b.build_{}(sys.argv[1]))"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The source distribution."""
    pytest.importorskip("setuptools", minversion="77", reason="pip install 'setuptools>=77'")
    return _build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    """The wheel, built from the unpacked source distribution, as installers do."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(source) as archive:
        archive.extractall(folder)
    (unpacked,) = folder.iterdir()
    return _build("wheel", unpacked, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A function that runs Python in an environment which has the wheel, and of this one only the
    packages that the wheel needs. (It sees their folder, but no editable installation.)"""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home)
    (site,) = home.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (site / "needs.pth").write_text(str(Path(np.__file__).parents[1]))
    work = tmp_path_factory.mktemp("elsewhere")

    def run(*arguments, status=0):
        command = [home / "bin" / "python", *arguments]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    return run


def _build(kind, project, out):
    command = [sys.executable, "-c", BUILD.format(kind), str(out)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out / done.stdout.split()[-1]


def test_the_wheel_holds_every_file_of_the_package(wheel):
    with zipfile.ZipFile(wheel) as archive:
        there = {name for name in archive.namelist() if name.startswith("nn_scratch/")}
    tracked = subprocess.run(
        ["git", "ls-files", "nn_scratch"], cwd=ROOT, capture_output=True, text=True
    )
    if tracked.returncode:
        pytest.skip("no checkout: nothing to compare with")
    assert {*tracked.stdout.split()} <= there


def test_it_is_this_version_and_not_this_checkout(installed):
    assert nn_scratch.__version__ in installed("-m", "nn_scratch", "--version")
    where = installed("-m", "nn_scratch", "info")
    assert str(ROOT) not in where


SMALL_DEMO = """
from nn_scratch.check import run
from nn_scratch.cli import demo, main
from nn_scratch.data import sources

cases = run.library_cases()[::20]
run.library_cases = lambda: cases
sources.TEST_SCENES = sources.VALIDATION_SCENES = 40
demo.QUICK = dict.fromkeys(demo.QUICK, {"epochs": 1, "scenes": 32})
raise SystemExit(main(["demo", "--quick"]))
"""


def test_the_demo_finds_all_that_it_needs(installed):
    """Digits, fonts, what a page is made of."""
    assert "segmentation.html" in installed("-c", SMALL_DEMO)


def test_exercises_start_and_are_judged(installed):
    installed("-m", "nn_scratch", "exercise", "start")
    assert "not written yet" in installed("-m", "nn_scratch", "exercise", "01", status=1)


def test_the_description_renders(wheel, source):
    pytest.importorskip("twine", reason="twine is not installed: pip install -e '.[dev]'")
    command = [sys.executable, "-m", "twine", "check", "--strict", wheel, source]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_citation_names_this_version():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.*)$", text, re.M).group(1) == nn_scratch.__version__
