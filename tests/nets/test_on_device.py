"""Nets, losses, optimizers and the trainer on device arrays: the same as on the CPU."""

import numpy as np
import pytest

from backends import BACKENDS, device_of
from nn_scratch.backend import is_cupy
from nn_scratch.data import DigitLocalization, DigitSegmentation, Loader
from nn_scratch.nets import LOCALIZERS, SEGMENTERS, build
from nn_scratch.training import SGD, Localization, Segmentation, evaluate, fit

DATA = {"segmentation": DigitSegmentation, "localization": DigitLocalization}
TASKS = {"segmentation": lambda: Segmentation(11), "localization": Localization}
NETS = [("segmentation", name) for name in SEGMENTERS] + [
    ("localization", name) for name in LOCALIZERS if name != "localizer-4096"
]


@pytest.fixture(params=BACKENDS[1:])
def device(request):
    with device_of(request.param):
        yield


def train(task, name, device, steps=2):
    """Weights, losses and metrics after a few steps of the net on the device."""
    data = DATA[task]("train", 3 * steps)
    options = {"image_size": (40, 40), "rng": 0, "width": 4}
    net = build(task, name, 1, 11 if task == "segmentation" else 10, **options).to(device)
    loader = Loader(data, 3)
    history = fit(
        net, TASKS[task](), loader, SGD(net, 0.01, momentum=0.9), epochs=1, progress=False
    )
    assert all(is_cupy(array) == (device == "gpu") for array in net.params.values())
    return net.state_dict(), history["steps"], evaluate(net, TASKS[task](), loader)


@pytest.mark.parametrize("task, name", NETS)
def test_every_net_ends_where_the_cpu_ends(task, name, device, monkeypatch):
    monkeypatch.setenv("NN_SCRATCH_KERNELS", "0")
    compare(task, name)


@pytest.mark.parametrize("task, name", [("segmentation", "segnet"), ("localization", "localizer")])
def test_with_our_kernels(task, name, device):
    compare(task, name)


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
