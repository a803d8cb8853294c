"""Weights move between our layers and PyTorch's, both ways, and mean the same."""

import numpy as np
import pytest

from helpers import assert_close, draw
from nn_scratch import layers

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
nn = torch.nn

PAIRS = {
    "Conv2d": (
        lambda: layers.Conv2d(4, 6, (3, 2), stride=2, padding=1, dilation=(1, 2), groups=2),
        lambda: nn.Conv2d(4, 6, (3, 2), stride=2, padding=1, dilation=(1, 2), groups=2),
    ),
    "Conv2d without bias": (
        lambda: layers.Conv2d(4, 6, 3, bias=False),
        lambda: nn.Conv2d(4, 6, 3, bias=False),
    ),
    "ConvTranspose2d": (
        lambda: layers.ConvTranspose2d(4, 6, (3, 2), 2, 1, 1, 2),
        lambda: nn.ConvTranspose2d(4, 6, (3, 2), 2, 1, 1, 2),
    ),
    "BatchNorm2d": (lambda: layers.BatchNorm2d(4), lambda: nn.BatchNorm2d(4)),
    "MaxPool2d": (lambda: layers.MaxPool2d(3, 2, 1), lambda: nn.MaxPool2d(3, 2, 1)),
    "AvgPool2d": (lambda: layers.AvgPool2d(3, 2, 1), lambda: nn.AvgPool2d(3, 2, 1)),
    "LeakyReLU": (lambda: layers.LeakyReLU(0.2), lambda: nn.LeakyReLU(0.2)),
    "LeakyReLU by default": (layers.LeakyReLU, nn.LeakyReLU),
    "Sigmoid": (layers.Sigmoid, nn.Sigmoid),
    "Dropout of nothing": (lambda: layers.Dropout(0.0), lambda: nn.Dropout(0.0)),
    "Dropout of all": (lambda: layers.Dropout(1.0), lambda: nn.Dropout(1.0)),
    "Sequential": (
        lambda: layers.Sequential(layers.Conv2d(4, 3, 3), layers.BatchNorm2d(3), layers.ReLU()),
        lambda: nn.Sequential(nn.Conv2d(4, 3, 3), nn.BatchNorm2d(3), nn.ReLU()),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_same_weights_same_results(name):
    ours, theirs = (make() for make in PAIRS[name])
    x = draw(2, 4, 9, 8, dtype=np.float32)
    ours.load_state_dict(theirs.state_dict())
    for mode in "train", "eval":
        getattr(ours, mode)(), getattr(theirs, mode)()
        tensor = torch.tensor(x, requires_grad=True)
        y, expected = ours(x), theirs(tensor)
        assert_close(y, expected.detach().numpy(), scale=5)
        dy = draw(*y.shape, dtype=np.float32, seed=1)
        theirs.zero_grad()
        expected.backward(torch.tensor(dy))
        ours.zero_grad()
        assert_close(ours.backward(dy), tensor.grad.numpy(), scale=10)
        for key, parameter in theirs.named_parameters():
            assert_close(ours.grads[key], parameter.grad.numpy(), scale=20)
    back = {key: torch.from_numpy(array) for key, array in ours.state_dict().items()}
    theirs.load_state_dict(back)
    assert list(back) == list(theirs.state_dict()) or set(back) == set(theirs.state_dict())
