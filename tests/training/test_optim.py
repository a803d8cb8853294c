"""Optimizers by hand and against PyTorch, schedules against PyTorch."""

import numpy as np
import pytest

from helpers import draw
from nn_scratch.layers import Linear
from nn_scratch.training import SGD, Adam, one_cycle


def layer_with(value, gradient):
    layer = Linear(1, 1, bias=False, dtype=np.float64)
    layer.params["weight"][...] = value
    layer.grads["weight"][...] = gradient
    return layer


def test_sgd_by_hand():
    layer = layer_with(1.0, 2.0)
    optimizer = SGD(layer, 0.1, momentum=0.5)
    optimizer.step()
    assert layer.params["weight"] == pytest.approx(1 - 0.1 * 2)
    optimizer.step()
    assert layer.params["weight"] == pytest.approx(0.8 - 0.1 * (0.5 * 2 + 2))


def test_adam_moves_by_the_rate_at_first():
    for gradient in 1e-3, 5.0, -70.0:
        layer = layer_with(1.0, gradient)
        Adam(layer, 0.1).step()
        assert layer.params["weight"] == pytest.approx(1 - 0.1 * np.sign(gradient), rel=1e-4)


def test_weight_decay_pulls_towards_zero():
    layer = layer_with(4.0, 0.0)
    SGD(layer, 0.1, weight_decay=0.5).step()
    assert layer.params["weight"] == pytest.approx(4 - 0.1 * 0.5 * 4)
    assert layer.grads["weight"] == 0


@pytest.mark.parametrize("make", [lambda n: SGD(n, 0.1, momentum=0.9), lambda n: Adam(n, 0.1)])
def test_state_goes_on_where_it_was(make):
    first, second = Linear(3, 2, rng=0), Linear(3, 2, rng=0)
    one = make(first)
    gradients = [draw(2, 3, dtype=np.float32, seed=s) for s in range(4)]

    def step(optimizer, gradient):
        optimizer.net.grads["weight"][...] = gradient
        optimizer.step()

    for gradient in gradients:
        step(one, gradient)
    half = make(second)
    for gradient in gradients[:2]:
        step(half, gradient)
    resumed = make(second)
    resumed.load_state_dict(half.state_dict())
    for gradient in gradients[2:]:
        step(resumed, gradient)
    np.testing.assert_array_equal(first.params["weight"], second.params["weight"])


def test_one_cycle_at_its_landmarks():
    cycle = one_cycle(1.0, 100)
    assert cycle(0) == pytest.approx(1 / 25)
    assert cycle(29) == pytest.approx(1)
    assert cycle(99) == pytest.approx(1 / 25e4)
    assert max(cycle(s) for s in range(100)) <= 1


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_one_cycle_of_a_very_short_run_is_finite(steps):
    assert all(0 < one_cycle(1.0, steps)(s) <= 1 for s in range(steps))


def test_one_cycle_is_pytorch_s():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    ours, optimizer = one_cycle(0.5, 37), torch.optim.SGD([torch.zeros(1)], 0.5, momentum=0.9)
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, total_steps=37)
    for step in range(37):
        assert ours(step) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)
        optimizer.step()
        if step < 36:
            theirs.step()
