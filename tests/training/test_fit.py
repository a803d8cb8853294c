"""The training loop: repeatable to the last bit, resumable wherever it was killed, honest about
divergence."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from nn_scratch.data import DigitLocalization, DigitSegmentation, Loader
from nn_scratch.nets import Localizer, SegNet
from nn_scratch.training import (
    SGD,
    Adam,
    CheckpointError,
    DivergedError,
    Localization,
    Segmentation,
    evaluate,
    fit,
    load_checkpoint,
    one_cycle,
)


def run(kind="segmentation", epochs=2, **options):
    """A tiny run: 2 epochs of 5 steps. Returns net and history."""
    if kind == "segmentation":
        net, task = SegNet(1, 11, widths=(4, 6), rng=0), Segmentation(11)
        data = DigitSegmentation("train", 18)
    else:
        net = Localizer(1, 10, (40, 40), widths=(4, 6), features=8, rng=0)
        task, data = Localization(), DigitLocalization("train", 18)
    loader = Loader(data, 4, shuffle=True)
    schedule = one_cycle(0.01, epochs * len(loader))
    options = {"progress": False, **options}
    history = fit(net, task, loader, Adam(net), epochs=epochs, schedule=schedule, **options)
    return net, history


@pytest.mark.parametrize("kind", ["segmentation", "localization"])
def test_same_seed_same_losses_to_the_last_bit(kind):
    (first, one), (second, two) = run(kind), run(kind)
    assert one["steps"] == two["steps"] and len(one["steps"]) == 10
    for name, array in first.state_dict().items():
        np.testing.assert_array_equal(array, second.state_dict()[name])


def test_history():
    test = Loader(DigitSegmentation("test", 6), 4)
    _, history = run(validation=test)
    assert [epoch["epoch"] for epoch in history["epochs"]] == [1, 2]
    for number, epoch in enumerate(history["epochs"]):
        steps = history["steps"][5 * number : 5 * number + 5]
        assert epoch["loss"] == pytest.approx(np.mean([step["loss"] for step in steps]))
        assert 0 <= epoch["mean_iou"] <= 1 and len(epoch["class_iou"]) == 11


class StopHereError(Exception):
    """Stands for whatever ends a process in the middle."""


class StoppingTask(Segmentation):
    """Stops before step `last`."""

    def __init__(self, last):
        super().__init__(11)
        self.left = last

    def step(self, net, batch):
        if self.left == 0:
            raise StopHereError
        self.left -= 1
        return super().step(net, batch)


@pytest.mark.parametrize("stop_before", range(10))
def test_resuming_ends_with_the_same_weights(stop_before, tmp_path):
    whole, expected = run()
    path = tmp_path / "checkpoint.npz"
    net = SegNet(1, 11, widths=(4, 6), rng=0)
    loader = Loader(DigitSegmentation("train", 18), 4, shuffle=True)
    with pytest.raises(StopHereError):
        fit(
            net,
            StoppingTask(stop_before),
            loader,
            Adam(net),
            epochs=2,
            schedule=one_cycle(0.01, 10),
            checkpoint=path,
            save_every=2,
            progress=False,
        )
    resumed, history = run(checkpoint=path, save_every=2)
    assert history["steps"] == expected["steps"]
    for name, array in whole.state_dict().items():
        np.testing.assert_array_equal(resumed.state_dict()[name], array)


def test_a_finished_run_is_not_trained_further(tmp_path):
    path = tmp_path / "checkpoint.npz"
    first, _ = run(checkpoint=path)
    again, history = run(checkpoint=path)
    assert len(history["steps"]) == 10 and len(history["epochs"]) == 2
    for name, array in first.state_dict().items():
        np.testing.assert_array_equal(again.state_dict()[name], array)


KILLED = """
import sys
from nn_scratch.training import recipes
recipe = recipes.segmentation(epochs=2, scenes=40, batch_size=4)
recipe.run(checkpoint=sys.argv[1], save_every=1, progress=False)
"""


@pytest.mark.slow
def test_a_killed_process_resumes(tmp_path):
    """Really killed, with SIGKILL, at whatever moment that hits."""
    script = tmp_path / "train.py"
    script.write_text(KILLED)
    paths = [tmp_path / name / "checkpoint.npz" for name in ("killed", "whole")]
    process = subprocess.Popen([sys.executable, script, paths[0]])
    deadline = time.monotonic() + 60
    while not paths[0].exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    steps = len(load_checkpoint(paths[0]).record["history"]["steps"])
    assert 0 < steps < 20
    for path in paths:
        subprocess.run([sys.executable, script, path], check=True)
    killed, whole = map(load_checkpoint, paths)
    for name, array in whole.net.items():
        np.testing.assert_array_equal(killed.net[name], array)
    assert killed.record["history"]["steps"] == whole.record["history"]["steps"]


def test_a_checkpoint_of_other_settings_is_refused(tmp_path):
    path = tmp_path / "checkpoint.npz"
    run(checkpoint=path, settings={"seed": 1})
    with pytest.raises(CheckpointError, match="other settings"):
        run(checkpoint=path, settings={"seed": 2})


class PoisonedTask(Segmentation):
    """From step `last` on the loss is NaN."""

    def __init__(self, last):
        super().__init__(11)
        self.left = last

    def step(self, net, batch):
        self.left -= 1
        losses = super().step(net, batch)
        return losses if self.left >= 0 else {**losses, "loss": float("nan")}


def test_a_nan_loss_stops_names_the_step_and_keeps_the_checkpoint(tmp_path):
    path = tmp_path / "checkpoint.npz"
    net = SegNet(1, 11, widths=(4, 6), rng=0)
    loader = Loader(DigitSegmentation("train", 18), 4, shuffle=True)
    options = {"epochs": 2, "checkpoint": path, "save_every": 2, "progress": False}
    with pytest.raises(DivergedError, match=r"loss is nan at step 7 .*last good checkpoint.*\.npz"):
        fit(net, PoisonedTask(7), loader, Adam(net), **options)
    found = load_checkpoint(path)
    assert len(found.record["history"]["steps"]) == 6
    assert all(np.isfinite(array).all() for array in found.net.values())


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_weights_that_explode_are_never_saved(tmp_path):
    """The first step is fine and saved; the second, at an absurd rate, makes weights infinite."""
    path = tmp_path / "checkpoint.npz"
    net = SegNet(1, 11, widths=(4, 6), rng=0)
    loader = Loader(DigitSegmentation("train", 18), 4, shuffle=True)
    with pytest.raises(DivergedError, match=r"is not finite after step 1 .*last good checkpoint"):
        fit(
            net,
            Segmentation(11),
            loader,
            SGD(net, 0.01),
            epochs=1,
            schedule=lambda step: 0.01 if step == 0 else 1e39,
            checkpoint=path,
            save_every=1,
            progress=False,
        )
    found = load_checkpoint(path)
    assert len(found.record["history"]["steps"]) == 1
    assert all(np.isfinite(array).all() for array in found.net.values())


def test_evaluation_changes_nothing():
    net, _ = run()
    before = net.state_dict()
    loader = Loader(DigitSegmentation("test", 6), 4)
    first, again = (evaluate(net, Segmentation(11), loader) for _ in range(2))
    assert first == again and net.training
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_box_losses():
    for box_loss in "l2", "smooth_l1":
        net = Localizer(1, 10, (40, 40), widths=(4, 6), features=8, rng=0)
        batch = next(iter(Loader(DigitLocalization("train", 4), 4).batches()))
        losses = Localization(box_weight=3.0, box_loss=box_loss).step(net, batch)
        assert losses["loss"] == pytest.approx(losses["class_loss"] + 3 * losses["box_loss"])
    with pytest.raises(ValueError, match="box_loss is 'l3', but must be one of l2"):
        Localization(box_loss="l3")


def test_class_weights_reach_the_loss():
    batch = next(iter(Loader(DigitSegmentation("train", 4), 4).batches()))
    weights = np.ones(11)
    weights[0] = 0.1
    losses = [
        Segmentation(11, class_weights=w).step(SegNet(1, 11, widths=(4,), rng=0), batch)["loss"]
        for w in (None, weights)
    ]
    assert losses[0] != losses[1]


class PartlyLabelled(DigitSegmentation):
    """Of some scenes no pixel counts."""

    def __init__(self, count, without):
        super().__init__("train", count)
        self.without = without

    def sample(self, epoch, index):
        image, labels = super().sample(epoch, index)
        return image, np.full_like(labels, 255) if index in self.without else labels


@pytest.mark.parametrize("without", [{0}, {3, 5, 7}, set(range(8))])
def test_a_batch_without_a_label_that_counts_is_no_divergence(without, tmp_path):
    net, task = SegNet(1, 11, widths=(4, 6), rng=0), Segmentation(11, ignore_index=255)
    loader = Loader(PartlyLabelled(8, without), 1)
    path = tmp_path / "checkpoint.npz"
    before = net.state_dict()
    options = {"epochs": 1, "validation": loader, "checkpoint": path, "progress": False}
    history = fit(net, task, loader, SGD(net, 0.1), **options)
    losses = [step["loss"] for step in history["steps"]]
    assert [index for index, loss in enumerate(losses) if np.isnan(loss)] == sorted(without)
    known = [loss for loss in losses if not np.isnan(loss)]
    mean = history["epochs"][0]["loss"]
    assert mean == pytest.approx(np.mean(known)) if known else np.isnan(mean)
    if not known:
        assert all(np.array_equal(net.params[name], before[name]) for name in net.params)
    again = fit(net, task, loader, SGD(net, 0.1), **options)
    np.testing.assert_equal(again, history)  # NaN comes back as NaN
    text = str(np.load(path)["record"])
    assert "NaN" not in text and ("null" in text) == bool(without)


def test_a_batch_of_classes_that_weigh_nothing_is_no_divergence():
    weights = np.zeros(11)
    loader = Loader(DigitSegmentation("train", 3), 1)
    net = SegNet(1, 11, widths=(4,), rng=0)
    losses = Segmentation(11, class_weights=weights).step(net, next(iter(loader.batches())))
    assert np.isnan(losses["loss"]) and losses["counts"] == 0
    assert all((gradient == 0).all() for gradient in net.grads.values())
