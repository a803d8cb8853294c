"""`nn-scratch evaluate --split test`: images that a folder keeps for the end."""

import json

import numpy as np
import pytest
from PIL import Image

from nn_scratch.cli import main

SIZES = {"train": 6, "val": 3, "test": 4}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A CamVid-like folder with three parts, and a checkpoint of a net trained on it."""
    folder = tmp_path_factory.mktemp("street")
    rng = np.random.default_rng(0)
    for part, count in SIZES.items():
        for directory in (folder / part, folder / f"{part}annot"):
            directory.mkdir()
        for index in range(count):
            mask = np.zeros((12, 17), np.uint8)
            mask[2:9, 3 : 6 + index] = 1
            image = (60 * rng.random((12, 17, 3)) + 150 * mask[..., None]).astype(np.uint8)
            Image.fromarray(image).save(folder / part / f"{part}_{index}.png")
            Image.fromarray(mask).save(folder / f"{part}annot" / f"{part}_{index}.png")
    out = folder / "run"
    options = ["--net", "fcn-nearest", "--width", "2", "--epochs", "1", "--batch-size", "2"]
    assert main(["train", "segmentation", "--data", str(folder), "--out", str(out), *options]) == 0
    return folder, out / "checkpoint.npz"


def evaluated(capsys, *arguments):
    capsys.readouterr()
    status = main(["evaluate", *map(str, arguments), "--json"])
    said = capsys.readouterr()
    return json.loads(said.out) if status == 0 else (status, said.err)


def test_the_parts_are_told_apart(trained, capsys):
    folder, checkpoint = trained
    on_validation = evaluated(capsys, checkpoint)
    on_test = evaluated(capsys, checkpoint, "--split", "test")
    assert on_test != on_validation == evaluated(capsys, checkpoint, "--split", "validation")
    swapped = folder.parent / "swapped"  # what is the test part here is the validation part there
    for part, place in {"train": "train", "test": "val", "val": "test"}.items():
        for suffix in ("", "annot"):
            (swapped / f"{place}{suffix}").parent.mkdir(exist_ok=True)
            (swapped / f"{place}{suffix}").symlink_to(folder / f"{part}{suffix}")
    assert evaluated(capsys, checkpoint, "--data", swapped) == on_test


def test_a_folder_without_a_test_part(trained, capsys, tmp_path):
    folder, checkpoint = trained
    for part in ("train", "trainannot", "val", "valannot"):
        (tmp_path / part).symlink_to(folder / part)
    status, message = evaluated(capsys, checkpoint, "--data", tmp_path, "--split", "test")
    assert status == 2 and "there is no test part" in message and "testannot/" in message


@pytest.mark.slow
def test_scenes_have_none(tmp_path, capsys):
    options = ["--net", "fcn-nearest", "--width", "2", "--epochs", "1", "--scenes", "16"]
    assert main(["train", "segmentation", "--out", str(tmp_path / "run"), *options]) == 0
    checkpoint = tmp_path / "run" / "checkpoint.npz"
    status, message = evaluated(capsys, checkpoint, "--split", "test")
    assert status == 2 and "there is no test part" in message
