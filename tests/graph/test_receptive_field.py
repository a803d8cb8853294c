"""Receptive fields: by the textbook's formula, and against the gradients of many random nets."""

import numpy as np
import pytest

from helpers import draw
from nn_scratch import layers
from nn_scratch.graph.receptive_field import influence, receptive_field
from nn_scratch.nets import DownUpFCN, FullResolutionFCN, SegNet, SegNetBasic, UNet
from nn_scratch.nets.segnet_basic import VARIANTS
from nn_scratch.nets.upsampler import KINDS


def chain(*stages, channels=1):
    """(kernel, stride, dilation) of each convolution."""
    return layers.Sequential(
        *(layers.Conv2d(channels, channels, k, stride=s, dilation=d, rng=0) for k, s, d in stages)
    )


@pytest.mark.parametrize(
    "stages", [[(3, 1, 1)], [(3, 1, 1), (5, 1, 1)], [(3, 2, 1), (3, 2, 1), (3, 1, 1)], [(3, 1, 4)]]
)
@pytest.mark.parametrize("channels", [1, 16])  # with 16, convolutions go Winograd's way
def test_the_textbook_s_formula(stages, channels):
    """r = 1 + Σ (k − 1) · d · (product of the strides before)."""
    expected, jump = 1, 1
    for kernel, stride, dilation in stages:
        expected += (kernel - 1) * dilation * jump
        jump *= stride
    image = np.zeros((1, channels, 41, 37), np.float32)
    assert receptive_field(chain(*stages, channels=channels), image) == (expected, expected)


def test_pools_and_dilation_by_hand():
    """Behind a 2×2 pool a step is two pixels: 2 + 2 · 2 + the convolution's own 2 before it."""
    net = layers.Sequential(
        layers.Conv2d(1, 1, 3, rng=0), layers.MaxPool2d(2), layers.Conv2d(1, 1, 3, rng=0)
    )
    assert receptive_field(net, np.zeros((1, 1, 30, 30), np.float32)) == (8, 8)


NETS = {
    "FullResolutionFCN": lambda seed: FullResolutionFCN(1, 2, (2, 3), 3, rng=seed),
    "UNet": lambda seed: UNet(1, 2, (3, 4), rng=seed),
    "SegNet": lambda seed: SegNet(1, 2, (3, 4), rng=seed),
    **{
        f"DownUpFCN {kind}": lambda seed, kind=kind: DownUpFCN(
            1, 2, (3, 4), 3, upsampler=kind, skips=1, rng=seed
        )
        for kind in KINDS
    },
    "patches": lambda seed: layers.Sequential(
        layers.Flatten(), layers.Linear(17 * 19, 2, rng=seed)
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_gradients_of_random_nets_fill_it_and_never_leave_it(name):
    field = influence(NETS[name](0), np.zeros((1, 1, 17, 19), np.float32))
    seen = np.zeros_like(field)
    for seed in range(60):
        net = NETS[name](seed).eval()
        y = net(draw(1, 1, 17, 19, dtype=np.float32, seed=seed))
        dy = np.zeros_like(y)
        dy[(..., 8, 9) if y.ndim == 4 else ...] = 1
        seen |= (net.backward(dy) != 0).any(axis=(0, 1))
    assert not (seen & ~field).any()
    assert seen.sum() > (0.75 if "unpool" in name or name == "SegNet" else 0.9) * field.sum()


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_net_is_left_as_it_was(variant):
    net = SegNetBasic(1, 2, variant, width=2, kernel_size=3, rng=0)
    state = net.state_dict()
    image = np.zeros((1, 1, 40, 40), np.float32)
    assert min(receptive_field(net, image)) > 20
    assert net.training and not any(gradient.any() for gradient in net.grads.values())
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(array, state[name])
    net.backward(net(image))


@pytest.mark.parametrize("name", ["ReLU", "LeakyReLU", "Sigmoid", "Dropout"])
def test_activations_let_every_path_through(name):
    net = chain((3, 1, 1), (3, 1, 1))
    net = layers.Sequential(net[0], getattr(layers, name)(), net[1])
    image = np.full((1, 1, 9, 9), -1e4, np.float32)  # where a ReLU is closed, a sigmoid flat
    assert receptive_field(net, image) == (5, 5)


def test_a_net_without_a_map():
    net = layers.Sequential(layers.Conv2d(1, 1, 3, rng=0), layers.Flatten(), layers.Linear(9, 2))
    assert receptive_field(net, np.zeros((1, 1, 5, 5), np.float32)) == (5, 5)
