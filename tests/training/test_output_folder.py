"""What a user has is never lost: folders of results, their lock and their manifest; runs that are
killed."""

import errno
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import kills
import numpy as np
import pytest
from PIL import Image

from nn_scratch.cli import main
from nn_scratch.folder_lock import LOCK
from nn_scratch.training import OutputError, Segmentation, fit, load_checkpoint
from nn_scratch.training.output_folder import MANIFEST, output_folder

SMALL = ["--scenes", "8", "--batch-size", "4", "--width", "2", "--kernel-size", "3", "--epochs"]


@pytest.fixture(autouse=True)
def few_scenes_to_validate_on(monkeypatch, tmp_path):
    monkeypatch.setattr("nn_scratch.data.sources.TEST_SCENES", 12)
    monkeypatch.chdir(tmp_path)


def run(*arguments):
    return main([str(argument) for argument in arguments])


def train(*more, epochs=1):
    return run("train", "segmentation", *SMALL, epochs, *more)


# ---------------------------------------------------------------- the folder


def test_a_file_is_replaced_only_if_we_wrote_what_is_in_it(tmp_path):
    with output_folder(tmp_path / "out") as folder:
        folder.write_text("a.txt", "first")
        assert folder.write_text("a.txt", "second").read_text() == "second"
        (tmp_path / "out" / "b.txt").write_text("the user's")
        with pytest.raises(OutputError, match=r"b\.txt was not written by nn-scratch"):
            folder.write_text("b.txt", "ours")
    (tmp_path / "out" / "a.txt").write_text("the user's own now")
    with output_folder(tmp_path / "out") as folder:
        assert not folder.is_free("a.txt") and folder.is_free("c.txt")
        with pytest.raises(OutputError, match=r"a\.txt was not written by nn-scratch"):
            folder.demand_free("c.txt", "a.txt")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.txt", "b.txt", MANIFEST}
    assert (tmp_path / "out" / "b.txt").read_text() == "the user's"


@pytest.mark.parametrize(
    "manifest", ["", "{}", "[1]", '{"files": 3}', "\x00", '{"files": {"a.txt": 5}}']
)
def test_a_manifest_that_says_nothing_makes_no_file_ours(manifest, tmp_path):
    (tmp_path / "a.txt").write_text("the user's")
    (tmp_path / MANIFEST).write_text(manifest)
    with output_folder(tmp_path) as folder:
        assert not folder.is_ours("a.txt")


def test_links_folders_and_their_targets_are_left_alone(tmp_path):
    (tmp_path / "theirs.txt").write_text("the user's")
    with output_folder(tmp_path / "out") as folder:
        (tmp_path / "out" / "link.txt").symlink_to(tmp_path / "theirs.txt")
        (tmp_path / "out" / "dangling.txt").symlink_to(tmp_path / "nothing")
        (tmp_path / "out" / "folder.txt").mkdir()
        for name in "link.txt", "dangling.txt", "folder.txt":
            with pytest.raises(OutputError):
                folder.write_text(name, "ours")
    assert (tmp_path / "theirs.txt").read_text() == "the user's"


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    def full(path):
        path.write_text("half of")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    with output_folder(tmp_path) as folder:
        folder.write_text("a.txt", "old")
        with pytest.raises(OutputError, match="No space left on device"):
            folder.write("a.txt", full)
        assert (tmp_path / "a.txt").read_text() == "old" and folder.is_ours("a.txt")
    assert {path.name for path in tmp_path.iterdir()} == {"a.txt", MANIFEST}


HOLD = """
import sys, time
from nn_scratch.training.output_folder import output_folder
with output_folder(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
def test_another_process_is_kept_out_until_it_ends_or_is_killed(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    with (
        pytest.raises(OutputError, match=f"in use by process {process.pid}"),
        output_folder(tmp_path),
    ):
        pass
    process.kill()
    process.wait()
    assert (tmp_path / LOCK).exists()
    with output_folder(tmp_path) as outer, output_folder(tmp_path / ".") as inner:
        assert inner is outer  # fit opens what the command has opened
    assert {path.name for path in tmp_path.iterdir()} == {MANIFEST}


@pytest.mark.slow
@pytest.mark.parametrize("place", ["file", "file/below", "/proc/nothing", "x" * 300])
def test_places_that_cannot_be_written_to_are_found_out_before_training(place, tmp_path, capsys):
    Path("file").write_text("")
    assert train("--out", place) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and "Traceback" not in said.err


# ---------------------------------------------------------------- runs


@pytest.mark.slow
def test_default_folders_tell_runs_apart_and_find_them_again(capsys):
    assert train() == 0
    assert train("--seed", 1) == 0
    assert train("--net", "fcn-nearest") == 0
    names = {path.name for path in Path("runs").iterdir()}
    common = "segmentation-digits"
    assert names == {f"{common}-segnet-0", f"{common}-segnet-1", f"{common}-fcn-nearest-0"}
    before = load_checkpoint("runs/segmentation-digits-segnet-0/checkpoint.npz").record
    capsys.readouterr()
    assert train() == 0  # complete: it is only shown again
    assert "epoch" not in capsys.readouterr().out
    after = load_checkpoint("runs/segmentation-digits-segnet-0/checkpoint.npz").record
    assert before == after


@pytest.mark.slow
def test_other_settings_are_refused_with_only_what_differs(capsys):
    assert train("--out", "run") == 0
    capsys.readouterr()
    assert train("--out", "run", "--flip", "--lr", 0.5) == 2
    said = capsys.readouterr().err
    assert "(flip False, now True; max_lr 0.01, now 0.5)" in said
    assert "seed" not in said and "net" not in said.split("(")[1].split(")")[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["best.npz", "checkpoint.npz", "history.json", "picture.png"])
def test_a_file_of_the_users_with_a_name_of_ours_is_left_alone(name, capsys):
    Path("run").mkdir()
    (Path("run") / name).write_text("the user's")
    assert train("--out", "run") == 2
    assert name in capsys.readouterr().err
    assert (Path("run") / name).read_text() == "the user's"


@pytest.mark.slow
def test_an_epoch_is_saved_before_it_is_evaluated(monkeypatch):
    def fails(*arguments):
        raise MemoryError

    evaluate = Segmentation.evaluate
    monkeypatch.setattr(Segmentation, "evaluate", fails)
    assert train("--out", "run", epochs=2) == 2
    record = load_checkpoint("run/checkpoint.npz").record
    assert len(record["history"]["steps"]) == 2 and record["history"]["epochs"] == []
    monkeypatch.setattr(Segmentation, "evaluate", evaluate)
    assert train("--out", "run", epochs=2) == 0
    assert train("--out", "whole", epochs=2) == 0
    ours, theirs = (
        json.loads(Path(f"{name}/history.json").read_text()) for name in ("run", "whole")
    )
    assert ours["steps"] == theirs["steps"] and ours["validation"] == theirs["validation"]


def test_full_disks_leave_the_last_checkpoint(monkeypatch, capsys):
    own, left = os.fsync, [1]

    def full(file):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        own(file)

    with monkeypatch.context() as patch:
        patch.setitem(fit.__kwdefaults__, "save_every", 1)
        patch.setattr(os, "fsync", full)
        assert train("--out", "run") == 2
    assert "No space left on device" in capsys.readouterr().err
    assert len(load_checkpoint("run/checkpoint.npz").record["history"]["steps"]) == 1
    assert {path.name for path in Path("run").iterdir()} == {"checkpoint.npz", MANIFEST}


@pytest.mark.slow
def test_predictions_replace_neither_photographs_nor_each_other(capsys):
    assert train("--out", "run") == 0
    rng = np.random.default_rng(0)
    names = "a.png", "below/a.png", "a.jpg", "A.bmp", "ü.png", "b" * 240 + ".png"
    Path("below").mkdir()
    for name in names:
        Image.fromarray(rng.integers(0, 255, (20, 30, 3)).astype(np.uint8)).save(name)
    before = {name: Path(name).read_bytes() for name in names}
    capsys.readouterr()
    for _ in range(2):
        assert run("predict", "run/best.npz", *names, "--out", ".") == 0
        pictures = [line.strip() for line in capsys.readouterr().out.splitlines()[1::2]]
        assert len(set(pictures)) == len(names) and not set(pictures) & set(names)
        assert all(Path(picture).stat().st_size > 1000 for picture in pictures)
        assert {name: Path(name).read_bytes() for name in names} == before
    written = {path.name for path in Path.cwd().iterdir() if path.suffix == ".png"}
    assert written == {*(n for n in names if n.endswith(".png") and "/" not in n), *pictures}


@pytest.mark.slow
def test_killed_runs_lose_nothing(tmp_path):
    """Three kills, also in the middle of writing; benchmarks/kills.py makes sixty."""
    report = kills.trial(tmp_path, 3, random.Random(1))
    assert sum(report["kills"].values()) == 3 and report["wrong"] == []
