"""Layers on device arrays: the same as on the CPU, and nothing leaves the device."""

import numpy as np
import pytest

from backends import BACKENDS, device_of, moved
from helpers import assert_close, draw
from nn_scratch import layers
from nn_scratch.backend import is_cupy, to_host

CASES = {
    "Dropout": (lambda: layers.Dropout(0.3, rng=0), [(2, 3, 5, 4)]),
    "LeakyReLU": (lambda: layers.LeakyReLU(0.2), [(2, 3, 5, 4)]),
    "Sigmoid": (layers.Sigmoid, [(2, 3, 5, 4)]),
    "Add": (layers.Add, [(2, 3, 5, 4), (2, 3, 5, 4)]),
    "Concat": (layers.Concat, [(2, 3, 5, 4), (2, 1, 5, 4)]),
}


@pytest.mark.parametrize("backend", BACKENDS[1:])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_the_same_as_on_the_cpu(name, dtype, backend):
    make, shapes = CASES[name]
    inputs = [draw(*shape, dtype=dtype, seed=seed) for seed, shape in enumerate(shapes)]
    here = make()
    y = here(*inputs)
    dx = here.backward(y)
    with device_of(backend):
        there = make().to("gpu")
        found = there(*map(moved, inputs))
        gradients = there.backward(found)
        for one, other in zip((found, *parts(gradients)), (y, *parts(dx)), strict=True):
            assert is_cupy(one)
            assert_close(to_host(one), other)


@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_what_was_saved_moves_along(backend):
    x = draw(2, 3, 7, 6, dtype=np.float32)
    net = layers.Sequential(pool := layers.MaxPool2d(2), layers.MaxUnpool2d(pool), layers.ReLU())
    y = net(x)
    dx = net.backward(y)
    with device_of(backend):
        net.to("gpu")
        assert is_cupy(pool.switches) and pool.input_size == (7, 6)
        found = net.backward(moved(y))
        assert is_cupy(found)
        np.testing.assert_array_equal(to_host(found), dx)
        net.to("cpu")
    np.testing.assert_array_equal(net.backward(y), dx)


def parts(gradients):
    return gradients if isinstance(gradients, tuple) else (gradients,)
