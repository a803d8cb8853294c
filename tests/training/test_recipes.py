"""Recipes, what can be rebuilt from their settings alone, and the commands that work on them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import standin
from backends import device_of
from nn_scratch.cli import main
from nn_scratch.data import DataError
from nn_scratch.training import (
    TASKS,
    CheckpointError,
    SettingsError,
    load_checkpoint,
    save_checkpoint,
)
from nn_scratch.training import compare as comparison
from nn_scratch.training.compare import picture, table
from nn_scratch.training.inference import load_net, predict
from nn_scratch.training.optim import Adam
from nn_scratch.training.recipes import localization, net_of, segmentation

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("few_scenes")]


@pytest.fixture
def masks(tmp_path):
    """Photographs 12 × 16: a coloured rectangle of class 1 or 2 on black, class 0; void below."""
    rng = np.random.default_rng(0)
    for folder in "images", "masks":
        (tmp_path / "data" / folder).mkdir(parents=True)
    for i in range(15):
        image, labels = np.zeros((12, 16, 3), np.uint8), np.zeros((12, 16), np.uint8)
        top, left, label = rng.integers(0, 6), rng.integers(0, 8), 1 + i % 2
        region = np.s_[top : top + 5, left : left + 7]
        image[(*region, label)], labels[region] = 255, label
        labels[-1] = 9
        Image.fromarray(image).save(tmp_path / "data" / "images" / f"{i:02}.png")
        Image.fromarray(labels).save(tmp_path / "data" / "masks" / f"{i:02}.png")
    (tmp_path / "data" / "classes.txt").write_text("ground\nleaf\nlake\n")
    return tmp_path / "data"


@pytest.fixture
def photographs(tmp_path):
    """Photographs of two sizes with a white or red box, and a table of them."""
    rng = np.random.default_rng(0)
    (tmp_path / "data" / "images").mkdir(parents=True)
    lines = ["filename,label,xmin,ymin,xmax,ymax"]
    for i in range(15):
        image = np.full((20 + 4 * (i % 2), 30, 3), 60, np.uint8)
        top, left = rng.integers(0, 10), rng.integers(0, 18)
        image[top : top + 10, left : left + 12, : 1 + 2 * (i % 2)] = 255
        Image.fromarray(image).save(tmp_path / "data" / "images" / f"{i:02}.png")
        label = "white" if i % 2 else "red"
        lines.append(f"{i:02}.png,{label},{left},{top},{left + 12},{top + 10}")
    (tmp_path / "data" / "boxes.csv").write_text("\n".join(lines))
    return tmp_path / "data"


def run(*arguments):
    return main([str(argument) for argument in arguments])


def train_masks(masks, out, *more):
    return run(
        *("train", "segmentation", "--data", masks, "--net", "full-resolution-fcn", "--width", 4),
        *("--kernel-size", 3, "--ignore-index", 9, "--class-weights", "median_frequency"),
        *("--flip", "--batch-size", 4, "--lr", 0.02, "--out", out, *more),
    )


def test_a_folder_of_masks_from_training_to_pictures(masks, tmp_path, capsys, monkeypatch):
    out = tmp_path / "run"
    assert train_masks(masks, out, "--epochs", 15) == 0
    written = {path.name for path in out.iterdir()}
    results = {"checkpoint.npz", "best.npz", "history.json", "picture.png"}
    assert written == {*results, ".nn-scratch.json"}
    printed = capsys.readouterr().out
    assert "mean IoU" in printed and "leaf" in printed
    history = json.loads((out / "history.json").read_text())
    assert history["validation"]["mean_iou"] == history["epochs"][-1]["mean_iou"] > 0.5

    # The best epoch's net is kept, and evaluating it gives what it gave then.
    best = max(epoch["mean_iou"] for epoch in history["epochs"])
    assert run("evaluate", out / "best.npz", "--json") == 0
    assert json.loads(capsys.readouterr().out)["mean_iou"] == pytest.approx(best, abs=1e-6)
    assert run("evaluate", out / "best.npz", "--data", masks) == 0
    assert f"mean IoU                {best:.3f}" in capsys.readouterr().out

    photo = tmp_path / "large.png"
    Image.open(masks / "images" / "03.png").resize((64, 48)).save(photo)
    assert run("predict", out / "best.npz", photo, "--out", tmp_path / "drawn") == 0
    printed = capsys.readouterr().out
    assert "ground" in printed and "%" in printed and "large.png" in printed
    with Image.open(tmp_path / "drawn" / "large.png") as drawn:
        assert drawn.size[0] > 400
    monkeypatch.setenv("NN_SCRATCH_KERNELS", "0")
    with standin.installed():
        drawn = tmp_path / "drawn"
        assert run("predict", out / "best.npz", photo, "--out", drawn, "--device", "gpu") == 0
    assert capsys.readouterr().out == printed


def test_photographs_of_several_sizes_from_training_to_boxes(photographs, tmp_path, capsys):
    out = tmp_path / "run"
    options = ["--data", photographs, "--net", "localizer-class-boxes", "--width", 2, "--size", 16]
    options += [24, "--placement", 1.5, "--flip", "--batch-size", 4, "--epochs", 2, "--out", out]
    assert run("train", "localization", *options) == 0
    history = json.loads((out / "history.json").read_text())
    assert history["settings"]["class_names"] == ["red", "white"]
    assert history["settings"]["image_size"] == [16, 24]
    capsys.readouterr()
    assert run("evaluate", out / "checkpoint.npz") == 0
    expected = history["validation"]["mean_box_iou"]
    assert f"mean box IoU            {expected:.3f}" in capsys.readouterr().out
    photo = photographs / "images" / "02.png"
    assert run("predict", out / "checkpoint.npz", photo, "--out", tmp_path / "drawn") == 0
    assert "probability" in capsys.readouterr().out and (tmp_path / "drawn" / "02.png").exists()


def test_sizes_that_differ_need_a_size(photographs, tmp_path, capsys):
    assert run("train", "localization", "--data", photographs, "--out", tmp_path / "run") == 2
    assert "2 sizes" in capsys.readouterr().err


def test_a_mask_of_a_class_the_net_does_not_know(masks, tmp_path, capsys):
    assert train_masks(masks, tmp_path / "run", "--epochs", 1) == 0
    path = masks / "masks" / "03.png"
    Image.fromarray(np.full((12, 16), 3, np.uint8)).save(path)
    (masks / "classes.txt").unlink()
    for index in range(15):  # also of those that are held back
        Image.open(path).save(masks / "masks" / f"{index:02}.png")
    capsys.readouterr()
    assert run("evaluate", tmp_path / "run" / "best.npz", "--data", masks) == 2
    assert (
        "has 3 at row 0, column 0 (192 pixels), but there are the classes 0 to 2"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("recipe", [segmentation, localization])
def test_a_net_is_rebuilt_from_its_settings(recipe):
    made = recipe(scenes=4, seed=5, width=4)
    settings = json.loads(json.dumps(made.settings.as_dict()))
    kind = TASKS[settings.pop("task")].Settings
    again = kind(**settings)
    assert again == made.settings
    state = net_of(again, json.loads(json.dumps(made.facts))).state_dict()
    for name, array in made.net.state_dict().items():
        np.testing.assert_array_equal(state[name], array)


def test_a_checkpoint_that_does_not_say_its_net(tmp_path):
    net = segmentation(scenes=4, width=2).net
    save_checkpoint(tmp_path / "mine.npz", net, Adam(net), {"settings": None, "history": {}})
    with pytest.raises(CheckpointError, match="does not say which net it is of"):
        load_net(tmp_path / "mine.npz")


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"class_names": []}, "class_names are no names"),
        ({"class_names": ["a", 7]}, "class_names are no names"),
        ({"channels": 2}, "images have 1 or 3 channels, not 2"),
        ({"image_size": [40, 0]}, r"images have a height and a width, not \[40, 0\]"),
        ({"image_size": 40}, "images have a height and a width, not 40"),
        ({"net": "segnot"}, "its net cannot be built: .*segnot"),
    ],
)
def test_a_checkpoint_whose_facts_are_none(changes, message, tmp_path):
    made = segmentation(scenes=4, width=2)
    said = {**json.loads(json.dumps({**made.settings.as_dict(), **made.facts})), **changes}
    save_checkpoint(tmp_path / "a.npz", made.net, Adam(made.net), {"settings": said, "history": {}})
    with pytest.raises(CheckpointError, match=message):
        load_net(tmp_path / "a.npz")


def test_images_that_are_none_are_named_before_any_is_drawn(tmp_path):
    made = segmentation(scenes=4, width=2)
    said = json.loads(json.dumps({**made.settings.as_dict(), **made.facts}))
    save_checkpoint(tmp_path / "a.npz", made.net, Adam(made.net), {"settings": said, "history": {}})
    (tmp_path / "holiday").mkdir()
    for name, message in (
        ("holiday", "holiday is a folder: name the images in it"),
        ("gone.png", r"there is no image .*gone\.png"),
    ):
        with pytest.raises(DataError, match=message):
            next(predict(tmp_path / "a.npz", [tmp_path / name], tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "nets, seeds, message",
    [
        (["segnet", "unet", "segnet"], [0], "nets are segnet, unet, segnet"),
        (["unet"], [1, 1], "1, 1"),
    ],
)
def test_nothing_is_compared_with_itself(nets, seeds, message, tmp_path):
    with pytest.raises(SettingsError, match=f"{message}: one is there twice"):
        comparison.compare("segmentation", nets, seeds, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "command, message",
    [
        ("train segmentation --placement 2", "--placement: not for segmentation"),
        ("train localization --class-weights none", "--class-weights: not for localization"),
        ("train segmentation --net segnets", "there is no net 'segnets'"),
        ("train segmentation --data none", "there is no folder"),
        ("evaluate none.npz", "there is no checkpoint"),
        ("train localization --kernel-size 3", "--kernel-size is no option of localizer"),
        ("compare segmentation --nets segnet segnets --epochs 1", "there is no net 'segnets'"),
    ],
)
def test_wrong_calls(command, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(command.split()) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_on_a_gpu_that_is_not_there(tmp_path, monkeypatch, capsys):
    """Asked for, it is an error with the reason; "auto" says the reason and goes on."""
    monkeypatch.setattr("nn_scratch.backend.why_no_gpu", lambda *rank: "no card is here")
    command = ["train", "localization", "--scenes", 8, "--epochs", 1, "--out", tmp_path / "run"]
    assert run(*command, "--device", "gpu") == 2
    assert "no card is here" in capsys.readouterr().err
    assert run(*command, "--device", "auto") == 0
    assert "on the CPU: no card is here" in capsys.readouterr().err


def test_training_and_evaluating_on_a_device(tmp_path, monkeypatch, capsys):
    """The checkpoint is the same file wherever it was made."""
    monkeypatch.setenv("NN_SCRATCH_KERNELS", "0")  # the stand-in's take minutes for 1,000 scenes
    command = ["train", "localization", "--scenes", 8, "--epochs", 1, "--width", 2]
    with device_of("stand-in"):
        for again in (
            [*command, "--out", tmp_path / "gpu"],
            ["evaluate", tmp_path / "gpu" / "checkpoint.npz"],
        ):
            before = standin.waits[0]
            assert run(*again, "--device", "gpu") == 0
            assert standin.waits[0] > before  # it was really there
    assert run(*command, "--out", tmp_path / "cpu") == 0
    there, here = (load_checkpoint(tmp_path / p / "checkpoint.npz").net for p in ("gpu", "cpu"))
    for name, array in here.items():
        np.testing.assert_allclose(there[name], array, atol=2e-3)


def compare(task, tmp_path, *options):
    arguments = ["--scenes", 16, "--epochs", 1, "--width", 2, "--out", tmp_path, *options]
    return run("compare", task, *arguments)


def test_comparing_segmenters(tmp_path, capsys):
    nets = ["--nets", "fully-convolutional", "fcn-nearest"]
    assert compare("segmentation", tmp_path, *nets, "--seeds", 0, 1) == 0
    printed = capsys.readouterr().out
    report = json.loads((tmp_path / "comparison.json").read_text())
    sliding, whole, nearest = report["rows"]
    assert [row["net"] for row in report["rows"]] == ["sliding-window", *nets[1:]]
    assert sliding["runs"] == whole["runs"] != nearest["runs"]
    assert sliding["macs"] > 3 * whole["macs"]
    assert [run["seed"] for run in whole["runs"]] == [0, 1]
    assert all(
        0 <= run[name] <= 1 for run in whole["runs"] for name in TASKS["segmentation"].compared
    )
    assert printed.count("±") == 3 * len(TASKS["segmentation"].compared)
    assert (tmp_path / "comparison.md").read_text().strip() in printed
    assert (tmp_path / "comparison.png").stat().st_size > 10_000

    # Again, with one net more: what is complete is only read.
    before = load_checkpoint(tmp_path / "fcn-nearest-0" / "checkpoint.npz").record["history"]
    assert compare("segmentation", tmp_path, *nets, "fcn-bilinear", "--seeds", 0) == 0
    report = json.loads((tmp_path / "comparison.json").read_text())
    assert len(report["rows"]) == 4 and report["seeds"] == [0]
    after = load_checkpoint(tmp_path / "fcn-nearest-0" / "checkpoint.npz").record["history"]
    assert before == after


def test_comparing_localizers(tmp_path, capsys):
    assert compare("localization", tmp_path, "--nets", "localizer-global", "--seeds", 0) == 0
    report = json.loads((tmp_path / "comparison.json").read_text())
    assert 0 < report["baseline"]["mean_box_iou"] < 0.5
    assert "the best constant box" in capsys.readouterr().out

    # Of a net with a layer that does not tell its MACs.
    (row,) = report["rows"]
    row["macs"] = None
    (line,) = (line for line in table(report).splitlines() if line.startswith(f"| {row['net']} |"))
    assert line.split(" | ")[-3] == "–"
    assert picture(report).axes


def test_a_net_is_not_judged_by_images_that_it_was_trained_on(masks, tmp_path, capsys):
    """Whichever way they came to be held out: here another grouping moves them."""
    assert train_masks(masks, tmp_path / "run", "--epochs", 1) == 0
    record = load_checkpoint(tmp_path / "run" / "best.npz").record["settings"]
    train, validation = record["train_images"], record["validation_images"]
    assert len(train) + len(validation) == 15 and not set(train) & set(validation)
    other = tmp_path / "other"
    for folder in "images", "masks":
        (other / folder).mkdir(parents=True)
        for name in train[:3]:
            path = masks / folder / Path(name).name
            (other / folder / path.name).write_bytes(path.read_bytes())
    (other / "classes.txt").write_text("ground\nleaf\nlake\n")
    capsys.readouterr()
    assert run("evaluate", tmp_path / "run" / "best.npz", "--data", other) == 2
    assert "was trained on 1 of the 1 images" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change, status, said",
    [
        (lambda name: f"copy-{name}", 0, "1 of 1 are copies of images that were trained on: "),
        (lambda name: f"{name[:-4]}-2.png", 0, "are copies of images that were trained on"),
        (None, 0, ""),
    ],
)
def test_an_image_is_known_by_what_it_shows(change, status, said, masks, tmp_path, capsys):
    """A copy under another name is said; another image that has a name of the training's is none
    of its images."""
    assert train_masks(masks, tmp_path / "run", "--epochs", 1) == 0
    record = load_checkpoint(tmp_path / "run" / "best.npz").record["settings"]
    other = tmp_path / "other"
    for folder in "images", "masks":
        (other / folder).mkdir(parents=True)
        for name in record["train_images"][:3]:
            path = masks / folder / Path(name).name
            to = other / folder / (change(path.name) if change else path.name)
            to.write_bytes(path.read_bytes())
            if folder == "images" and change is None:
                Image.fromarray(np.asarray(Image.open(path)) ^ 1).save(to)
    (other / "classes.txt").write_text("ground\nleaf\nlake\n")
    capsys.readouterr()
    assert run("evaluate", tmp_path / "run" / "best.npz", "--data", other) == status
    error = capsys.readouterr().err
    assert said in error and ("trained on" in error) == bool(said)


@pytest.mark.parametrize(
    "names", ["ground\nlake\nsky\n", "ground\nleaf\n", "ground\nleaf\nlake\nmoss\n"]
)
def test_a_net_is_not_judged_by_other_classes(names, masks, tmp_path, capsys):
    assert train_masks(masks, tmp_path / "run", "--epochs", 1) == 0
    (masks / "classes.txt").write_text(names)
    capsys.readouterr()
    assert run("evaluate", tmp_path / "run" / "best.npz") == 2
    assert "classes" in capsys.readouterr().err


def test_a_folder_that_has_grown_is_another_data_set(masks, tmp_path, capsys):
    assert train_masks(masks, tmp_path / "run", "--epochs", 1) == 0
    for folder in "images", "masks":
        content = (masks / folder / "03.png").read_bytes()
        for new in "new.png", "also.png", "third.png":
            (masks / folder / new).write_bytes(content)
    capsys.readouterr()
    assert train_masks(masks, tmp_path / "run", "--epochs", 1) == 2
    said = capsys.readouterr().err
    assert "images: " in said and " new (images/" in said and "net" not in said.split("(")[1]
    assert run("evaluate", tmp_path / "run" / "best.npz") == 0  # every image stays on its side


def test_what_has_no_value_is_a_dash_and_null(masks, tmp_path, capsys):
    """A class that never occurs."""
    (masks / "classes.txt").write_text("ground\nleaf\nlake\nunicorn\n")
    assert train_masks(masks, tmp_path / "run", "--epochs", 10) == 0
    assert re.search(r"unicorn +–", capsys.readouterr().out)
    assert run("evaluate", tmp_path / "run" / "best.npz", "--json") == 0
    text = capsys.readouterr().out
    assert "NaN" not in text and json.loads(text)["class_iou"][3] is None
    assert "NaN" not in (tmp_path / "run" / "history.json").read_text()
