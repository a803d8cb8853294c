"""What a second process would save: asked of a run that is about to begin."""

import os

import numpy as np
import pytest

from nn_scratch.training import speed
from nn_scratch.training.recipes import localization, segmentation


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setenv("NN_SCRATCH_THREADS", "2")


def a_run(task=segmentation, epochs=100):
    """Of two steps an epoch, five images at once; the net has batch norm."""
    return task(scenes=10, batch_size=5, width=4, epochs=epochs)


def state(net):
    return {name: np.copy(array) for name, array in net.state_dict().items()}


@pytest.mark.parametrize("task", [segmentation, localization])
def test_asking_leaves_the_run_as_it_was(task, two_cores):
    one = a_run(task)
    before = state(one.net)
    speed.what_processes_save(one, "cpu")
    after = one.net.state_dict()
    assert before and all(np.array_equal(before[name], after[name]) for name in before)
    assert not any(array.any() for array in one.net.grads.values())
    assert os.environ["NN_SCRATCH_THREADS"] == "2"


@pytest.mark.parametrize(
    "whole, half, answer",
    [
        (0.2, 0.15, "a step takes 200 ms; with --processes 2 it would take about 150 ms, 25% less"),
        (0.2, 0.191, None),
        (0.2, 0.3, None),
    ],
)
def test_only_what_saves_is_said(whole, half, answer, two_cores, monkeypatch):
    """The first of both is not counted: what is warmed up there is warm in a long run."""
    first = iter([9.0, 0.001])
    monkeypatch.setattr(
        speed, "_seconds", lambda step, threads: next(first, whole if threads == 2 else half)
    )
    assert speed.what_processes_save(a_run(), "cpu") == answer


def test_each_way_takes_its_part_of_the_batch_and_of_the_cores(monkeypatch):
    monkeypatch.setenv("NN_SCRATCH_THREADS", "6")
    seen, one = set(), a_run()

    def step(net, batch):
        seen.add((len(batch[0]), os.environ["NN_SCRATCH_THREADS"], net is one.net, net.training))

    monkeypatch.setattr(one.task, "step", step)
    speed.what_processes_save(one, "cpu")
    assert seen == {(5, "6", False, True), (3, "3", False, True)}


@pytest.mark.parametrize(
    "epochs, threads, device", [(99, "2", "cpu"), (100, "1", "cpu"), (100, "2", "gpu")]
)
def test_where_nothing_is_timed(epochs, threads, device, monkeypatch):
    monkeypatch.setenv("NN_SCRATCH_THREADS", threads)
    monkeypatch.setattr(speed, "_seconds", None)
    assert speed.what_processes_save(a_run(epochs=epochs), device) is None
