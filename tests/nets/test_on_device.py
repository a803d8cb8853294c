"""Nets, losses, optimizers and the trainer on device arrays: the same as on the CPU."""

import numpy as np
import pytest

import standin
from backends import BACKENDS, device_of
from nn_scratch.backend import is_cupy, to_device
from nn_scratch.data import DigitDetection, DigitLocalization, DigitSegmentation, Loader
from nn_scratch.nets import DETECTORS, LOCALIZERS, SEGMENTERS
from nn_scratch.training import (
    SGD,
    Detection,
    DivergedError,
    Localization,
    Segmentation,
    evaluate,
    fit,
    run,
)
from standin.kernels import GPLUSPLUS

pytestmark = pytest.mark.slow

DATA = {
    "segmentation": DigitSegmentation,
    "localization": DigitLocalization,
    "detection": DigitDetection,
}
TASKS = {
    "segmentation": lambda: Segmentation(11),
    "localization": Localization,
    "detection": lambda: Detection(10),
}
NETS = [
    *(("segmentation", name) for name in SEGMENTERS),
    *(("localization", name) for name in LOCALIZERS if name != "localizer-4096"),
    *(("detection", name) for name in DETECTORS),
]


@pytest.fixture(params=BACKENDS[1:])
def device(request):
    with device_of(request.param):
        yield


def train(task, name, device, steps=2, lr=0.01):
    """Weights, losses and metrics after a few steps of the net on the device."""
    net, loader, optimizer = made(task, name, device, steps, lr)
    history = fit(net, TASKS[task](), loader, optimizer, epochs=1, progress=False)
    assert all(is_cupy(array) == (device == "gpu") for array in net.params.values())
    return net.state_dict(), history["steps"], evaluate(net, TASKS[task](), loader)


def made(task, name, device, steps, lr=0.01):
    """A net on the device, batches for some steps, and an optimizer."""
    if task == "segmentation":
        net = SEGMENTERS[name](1, 11, rng=0, width=4)
    elif task == "detection":
        net = DETECTORS[name](1, 10, rng=0, width=4)
    else:
        net = LOCALIZERS[name](1, 10, image_size=(40, 40), rng=0, width=4)
    net.to(device)
    return net, Loader(DATA[task]("train", 3 * steps), 3), SGD(net, lr, momentum=0.9)


@pytest.mark.parametrize("task, name", NETS)
def test_every_net_ends_where_the_cpu_ends(task, name, device, monkeypatch):
    monkeypatch.setenv("NN_SCRATCH_KERNELS", "0")
    compare(task, name)


@pytest.mark.parametrize("task, name", [("segmentation", "segnet"), ("localization", "localizer")])
def test_with_our_kernels(task, name, device):
    compare(task, name)


@pytest.mark.parametrize("task, name", [("segmentation", "segnet"), ("localization", "localizer")])
def test_twenty_steps_end_where_the_cpu_ends_and_with_the_same_bits_twice(
    task, name, device, monkeypatch
):
    if standin.ndarray is type(to_device(np.ones(1), "gpu")):
        monkeypatch.setenv("NN_SCRATCH_KERNELS", "0")  # the stand-in is too slow for 20 steps
    first, again, expected = (train(task, name, where, 20, 1e-3) for where in ("gpu", "gpu", "cpu"))
    for parameter, right in expected[0].items():
        np.testing.assert_array_equal(first[0][parameter], again[0][parameter], parameter)
        np.testing.assert_allclose(first[0][parameter], right, atol=1e-4, err_msg=parameter)


@pytest.mark.skipif(GPLUSPLUS is None, reason="needs g++, by which the stand-in runs kernels")
@pytest.mark.parametrize("task, name", NETS[::5])
def test_the_host_never_waits_within_a_training_step(task, name):
    with standin.installed():
        net, _, optimizer = made(task, name, "gpu", steps=1)
        before = standin.waits[0]
        for batch in Loader(DATA[task]("train", 2), 1).batches():
            net.zero_grad()
            losses = TASKS[task]().step(net, batch)
            optimizer.step()
        assert standin.waits[0] == before
        assert losses.pop("counts") == 1  # the host knows it without asking
        assert all(map(is_cupy, losses.values()))


def test_losses_are_fetched_now_and_then(monkeypatch):
    monkeypatch.setattr(run, "FETCH_EVERY", 3)
    monkeypatch.setenv("NN_SCRATCH_KERNELS", "0")
    with standin.installed():
        net, loader, optimizer = made("segmentation", "segnet", "gpu", steps=7)
        before = standin.waits[0]
        history = fit(net, Segmentation(11), loader, optimizer, epochs=2, progress=False)
        assert standin.waits[0] == before + 2 * 3
    assert len(history["steps"]) == 14
    assert all(type(value) is float for step in history["steps"] for value in step.values())


def test_a_loss_that_is_not_finite_is_found_with_its_step(monkeypatch):
    monkeypatch.setenv("NN_SCRATCH_KERNELS", "0")
    with standin.installed():
        net, loader, _ = made("segmentation", "segnet", "gpu", steps=3)
        with np.errstate(all="ignore"), pytest.raises(DivergedError, match="at step 1 "):
            fit(net, Segmentation(11), loader, SGD(net, 1e30), epochs=1, progress=False)


def compare(task, name):
    (weights, losses, metrics), (expected, steps, reached) = (
        train(task, name, where) for where in ("gpu", "cpu")
    )
    for found, right in zip(losses, steps, strict=True):
        assert found == pytest.approx(right, rel=1e-4, abs=1e-5)
    for parameter, right in expected.items():
        np.testing.assert_allclose(weights[parameter], right, atol=1e-4, err_msg=parameter)
    for metric, right in reached.items():
        assert metrics[metric] == pytest.approx(right, abs=0.02, nan_ok=True)
