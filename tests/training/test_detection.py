"""The task of detection: losses and gradients, metrics, and its way through the commands."""

import json

import numpy as np
import pytest
from PIL import Image

from helpers import draw
from nn_scratch.cli import main
from nn_scratch.data import DigitDetection, Loader, sources
from nn_scratch.evaluation import Detections, Objects, average_precision
from nn_scratch.layers import Layer
from nn_scratch.nets import CenterNet, Localizer, SlidingDetector
from nn_scratch.training import SGD, Detection, evaluate, fit, load_checkpoint
from nn_scratch.training.tasks import detection as task_file


def points():
    return CenterNet(1, 10, (3, 4), stride=2, head_width=4, rng=0, dtype=np.float64)


def windows():
    options = {"padding": "valid", "rng": 0, "dtype": np.float64}
    return SlidingDetector(Localizer(1, 11, (14, 14), (3, 4), 5, **options), 14)


def batch_of(count, digits=(1, 6), size=24):
    scenes = DigitDetection("train", count, size=size, digits=digits)
    images, *rest = next(Loader(scenes, max(count, 1)).batches())
    return images.astype(np.float64), *rest


EMPTY = np.zeros(0, np.int64), np.zeros((0, 4), np.float32), np.zeros(0, bool)

BATCHES = {
    "scenes": batch_of(3, size=40),
    "no object": batch_of(2, digits=0),
    "one object": batch_of(1, digits=1),
}


@pytest.mark.parametrize("net", [points, windows])
@pytest.mark.parametrize("name", BATCHES)
def test_the_gradients_are_those_of_the_loss(net, name):
    """Along a random direction through all weights, by central differences."""
    net, task, batch = net(), Detection(10), BATCHES[name]
    rng = np.random.default_rng(0)
    way = {n: rng.standard_normal(p.shape) for n, p in net.params.items()}
    for value in net.params.values():
        value += 0.05 * rng.standard_normal(value.shape)  # off the kinks

    def loss(step):
        for n, value in net.params.items():
            value += step * way[n]
        return float(task.step(net, batch)["loss"])

    here = loss(0)
    net.zero_grad()
    assert task.step(net, batch)["loss"] == here > 0
    slope = sum((net.grads[n] * way[n]).sum() for n in way)
    h = 1e-6
    difference = (loss(h) - loss(-2 * h)) / (2 * h)
    assert slope == pytest.approx(difference, rel=1e-4)


@pytest.mark.parametrize("net", [points, windows])
def test_an_empty_part_of_a_batch(net):
    """As of a rank that has no image of the last batch."""
    net = net()
    losses = Detection(10).step(net, (np.zeros((0, 1, 24, 24)), [], [], []))
    assert losses["loss"] == 0 and losses["counts"] == 1
    assert not any(gradient.any() for gradient in net.grads.values())


def test_losses_are_divided_by_the_number_of_objects():
    """The same image twice has twice the loss and twice the objects."""
    images, *rest = batch_of(1)
    net, task = points().eval(), Detection(10)
    once = task.step(net, (images, *rest))
    both = (np.concatenate([images, images]), *(2 * part for part in rest))
    twice = task.step(net, both)
    assert {n: float(v) for n, v in twice.items()} == pytest.approx(
        {n: float(v) for n, v in once.items()}
    )


class Oracle(Layer):
    """A net whose maps are what it is told."""

    def __init__(self, maps):
        super().__init__()
        self.maps = maps

    def forward(self, x):
        return self.maps


def test_metrics_by_hand():
    """Two of three objects are found, one box is wrong, with the middle score."""
    heat, sizes = np.full((1, 2, 8, 8), -1e4), np.full((1, 2, 8, 8), 2.0)
    heat[0, 0, 1, 1], heat[0, 0, 5, 5], heat[0, 0, 3, 6] = 3, 2, 1
    net = Oracle((heat, sizes, np.full((1, 2, 8, 8), 0.5)))
    boxes = np.array([[2.0, 2, 8, 8], [22, 10, 8, 8], [2, 22, 8, 8]])
    batch = np.zeros((1, 1, 32, 32)), [np.zeros(3, int)], [boxes], [np.zeros(3, bool)]
    found = Detection(2).evaluate(net, [batch])
    expected = (34 * 1 + 33 * 2 / 3) / 101
    np.testing.assert_allclose([found[n] for n in ("ap", "ap50", "ap75")], expected)
    assert found["class_ap"][0] == pytest.approx(expected) and np.isnan(found["class_ap"][1])
    nothing = np.zeros((1, 1, 32, 32)), *([part] for part in EMPTY)
    assert np.isnan(Detection(2).evaluate(net, [nothing])["ap"])
    both = Detection(2).evaluate(net, [batch, nothing])
    assert both["ap50"] < found["ap50"]  # what is found in the empty image is wrong


def test_metrics_are_those_of_all_images_together():
    net, scenes = points().eval(), DigitDetection("test", 6, size=24)
    metrics = evaluate(net.to(np.float32), Detection(10), Loader(scenes, 4))
    truth = [Objects(*scenes.sample(0, i)[1:]) for i in range(6)]
    images = np.stack([scenes.sample(0, i)[0] for i in range(6)])
    found = task_file.detections(net, images)
    ap = average_precision(found, truth, 10)
    assert metrics["ap"] == pytest.approx(np.nanmean(ap), abs=1e-6)


@pytest.mark.parametrize(
    "shapes",
    [
        [(2, 10, 16, 16), (2, 2, 16, 16)],
        [(2, 10, 16, 16), (2, 2, 16, 16), (2, 2, 8, 8)],
        [(2, 9, 16, 16), (2, 2, 16, 16), (2, 2, 16, 16)],
        [(2, 11, 16, 16), (2, 2, 16, 16)],
        [(2, 10, 16, 16)],
    ],
)
def test_maps_that_are_none(shapes):
    with pytest.raises(ValueError, match=r"detection of 10 classes needs heat \(N, K, h, w\)"):
        Detection.check_output(tuple(np.zeros(s) for s in shapes), np.zeros((2, 1, 64, 64)), 10)


def test_maps_that_do_not_fit_the_image():
    maps = tuple(np.zeros((2, c, 20, 20)) for c in (10, 2, 2))
    with pytest.raises(ValueError, match=r"maps of \(20, 20\) do not fit images of \(64, 64\)"):
        Detection.check_output(maps, np.zeros((2, 1, 64, 64)), 10)
    for channels in (10, 2, 2), (11, 4):
        maps = tuple(np.zeros((2, c, 16, 16)) for c in channels)
        Detection.check_output(maps, np.zeros((2, 1, 61, 64)), 10)


def test_what_a_picture_shows():
    """Likely boxes, and of two in one place the likelier, whatever their classes."""
    boxes = np.array([[0, 0, 10, 10], [1, 0, 10, 10], [30, 0, 10, 10], [50, 0, 9, 9.0]])
    found = Detections(boxes, np.array([0.6, 0.9, 0.4, 0.2]), np.array([3, 8, 3, 3]))
    shown = task_file.legible(found)
    assert shown.labels.tolist() == [8, 3] and shown.scores.tolist() == [0.9, 0.4]


def test_a_description_has_boxes_in_the_image_s_own_pixels():
    """The net saw 32 × 32; the image is 64 high and 96 wide."""
    maps = np.full((1, 2, 8, 8), -9.0), np.full((1, 2, 8, 8), 2.0), np.full((1, 2, 8, 8), 0.5)
    maps[0][0, 1, 1, 2] = 3
    text, figure = Detection.describe(maps, np.zeros((3, 64, 96)), ["a", "b"], (32, 32))
    assert text == "b 0.95 at 18 4 24 16" and len(figure.axes[0].patches) == 1
    maps[0][...] = -9
    assert Detection.describe(maps, np.zeros((3, 64, 96)), ["a", "b"], (32, 32))[0] == (
        "nothing found"
    )


class Killed(Exception):
    pass


@pytest.mark.parametrize("net", [points, windows])
def test_a_run_that_is_killed_goes_on_as_if_it_had_not_been(net, tmp_path):
    scenes, runs = DigitDetection("train", 14, size=24), {}
    task, loader = Detection(10), Loader(scenes, 4, shuffle=True)
    for name in "whole", "killed":
        path = tmp_path / name / "checkpoint.npz"
        options = {"epochs": 2, "checkpoint": path, "progress": False, "save_every": 1}
        if name == "killed":
            dying = Detection(10)
            steps = iter(range(6))

            def step(net, batch, steps=steps, dying=dying):
                if next(steps, None) is None:
                    raise Killed
                return Detection.step(dying, net, batch)

            dying.step = step
            with pytest.raises(Killed):
                made = net().to(np.float32)
                fit(made, dying, loader, SGD(made, 0.01, momentum=0.9), **options)
        made = net().to(np.float32)
        history = fit(made, task, loader, SGD(made, 0.01, momentum=0.9), **options)
        runs[name] = made.state_dict(), history["steps"]
    assert runs["killed"][1] == runs["whole"][1] and len(runs["whole"][1]) == 8
    for name, value in runs["whole"][0].items():
        np.testing.assert_array_equal(runs["killed"][0][name], value, name)
    assert load_checkpoint(tmp_path / "killed" / "checkpoint.npz")


@pytest.mark.slow
def test_through_the_commands(tmp_path, capsys, monkeypatch, few_scenes):
    """Trained, evaluated on both splits, and shown on a photograph of another size."""
    monkeypatch.chdir(tmp_path)
    small = ["--scenes", "40", "--epochs", "1", "--width", "4"]
    assert main(["train", "detection", *small, "--out", "run"]) == 0
    assert "ap50" in json.loads((tmp_path / "run" / "history.json").read_text())["epochs"][0]
    assert (tmp_path / "run" / "picture.png").exists()
    for split in "validation", "test":
        assert main(["evaluate", "run/best.npz", "--split", split]) == 0
    assert "AP50" in capsys.readouterr().out
    pixels = np.uint8(255 * np.clip(draw(100, 150), 0, 1))
    Image.fromarray(pixels).save("photo.png")
    assert main(["predict", "run/best.npz", "photo.png"]) == 0
    assert (tmp_path / "predictions" / "photo.png").exists()


@pytest.mark.slow
def test_comparing_detectors(tmp_path, capsys, few_scenes):
    nets = ["--nets", "centernet", "sliding-detector"]
    small = ["--scenes", "20", "--epochs", "1", "--width", "4", "--out", str(tmp_path)]
    assert main(["compare", "detection", *nets, "--seeds", "0", *small]) == 0
    printed = capsys.readouterr().out
    assert "| AP | AP50 | AP75 |" in printed
    rows = {r["net"]: r for r in json.loads((tmp_path / "comparison.json").read_text())["rows"]}
    assert rows["sliding-window"]["macs"] > 3 * rows["sliding-detector"]["macs"]


@pytest.mark.slow
def test_all_coins_of_the_lowest_row_are_found():
    """Trained on the upper rows, for some twelve seconds; at most one box is wrong."""
    from detection import on_coins

    found = on_coins()
    assert found["coins"] == found["found"] == 6 and found["false"] <= 1


@pytest.mark.slow
def test_the_demo_s_detector_reaches_three_quarters(monkeypatch):
    from nn_scratch.cli.demo import FULL
    from nn_scratch.training.recipes import detection

    monkeypatch.setattr(sources, "VALIDATION_SCENES", 100)
    one = detection(**FULL["detection"])
    one.run(progress=False)
    assert one.evaluate()["ap50"] >= 0.75
