"""What training and prediction leave out: the first layer's dx, and what backward would need."""

import tracemalloc

import numpy as np
import pytest

from helpers import draw
from nn_scratch import engine, layers
from nn_scratch.evaluation import label_score, occlusion
from nn_scratch.graph import influence
from nn_scratch.graph.program import program
from nn_scratch.nets import DownUpFCN, Localizer, SegNet, SegNetBasic, UNet
from nn_scratch.training import Localization, Segmentation, evaluate

NETS = {
    "SegNet": lambda: SegNet(2, 3, (3, 4), rng=0, dtype=np.float64),
    "UNet": lambda: UNet(2, 3, (3, 4), rng=0, dtype=np.float64),
    "DownUpFCN": lambda: DownUpFCN(2, 3, (3, 4), 3, skips=2, rng=0, dtype=np.float64),
    "Localizer": lambda: Localizer(2, 3, (8, 8), (3, 4), 5, rng=0, dtype=np.float64),
    "Sequential": lambda: layers.Sequential(
        layers.Sequential(layers.Conv2d(2, 3, 3, rng=0, dtype=np.float64), layers.ReLU())
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_without_dx_the_other_gradients_are_the_same(name):
    whole, part = NETS[name](), NETS[name]()
    part.need_dx = False
    assert not part.need_dx
    x = draw(2, 2, 8, 8)
    y = whole(x)
    dy = tuple(map(np.ones_like, y)) if isinstance(y, tuple) else np.ones_like(y)
    part(x)
    assert whole.backward(dy).shape == x.shape
    assert part.backward(dy) is None
    for key, gradient in whole.grads.items():
        np.testing.assert_array_equal(part.grads[key], gradient)


def test_a_net_that_names_no_first_layer_always_gives_dx():
    class Twice(layers.Layer):
        def __init__(self):
            super().__init__()
            self.a, self.b = (layers.Conv2d(2, 2, 1, rng=i) for i in range(2))

        def forward(self, x):
            return self.a(x) + self.b(x)

        def backward(self, dy):
            return self.a.backward(dy) + self.b.backward(dy)

    net = Twice()
    net.need_dx = False
    x = draw(1, 2, 3, 3, dtype=np.float32)
    assert net.backward(net(x)).shape == x.shape


def test_training_saves_dx_and_leaves_the_net_as_it_was():
    net = NETS["SegNet"]()
    called = []
    first = net.encoders[0][0]
    backward = first.backward
    first.backward = lambda dy: called.append(first.need_dx) or backward(dy)
    Segmentation(3).step(net, (draw(2, 2, 8, 8), np.zeros((2, 8, 8), np.int64)))
    assert called == [False] and net.need_dx


@pytest.mark.parametrize("name", NETS)
def test_inference_keeps_nothing_but_switches(name):
    net = NETS[name]()
    x = draw(2, 2, 8, 8)
    expected = net(x)
    with layers.inference_mode(net):
        y = net(x)
    for one, other in zip(
        *(v if isinstance(v, tuple) else (v,) for v in (y, expected)), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    for _, layer in net.named_modules():
        assert isinstance(layer, layers.MaxPool2d) or "saved" not in vars(layer)
    with pytest.raises(RuntimeError, match="needs a forward pass before it"):
        net.backward(tuple(map(np.ones_like, y)) if isinstance(y, tuple) else np.ones_like(y))
    net(x)  # afterwards it keeps again
    net.backward(tuple(map(np.ones_like, y)) if isinstance(y, tuple) else np.ones_like(y))


@pytest.mark.parametrize(
    "net",
    [
        SegNet(3, 5, (32, 32, 32), rng=0),
        DownUpFCN(3, 5, (32, 32, 32), upsampler="max_unpool", rng=0),
        SegNetBasic(3, 5, width=32, kernel_size=3, rng=0),
    ],
    ids=lambda net: type(net).__name__,
)
def test_inference_holds_two_large_maps_at_once(net, monkeypatch):
    """What a layer reads and what it writes; beside them there are switches of a third of a map,
    and the blocks that are being worked on."""
    monkeypatch.setenv("NN_SCRATCH_THREADS", "2")  # each has blocks of its own
    x = draw(1, 3, 256, 256, dtype=np.float32)
    with engine.use("fast"), layers.inference_mode(net.eval()):
        net(x)  # makes the workspaces, which stay
        tracemalloc.start()
        net(x)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2.4 * 4 * 32 * 256 * 256 + 8e6


def test_localization_step_saves_dx_too():
    net = NETS["Localizer"]()
    batch = draw(2, 2, 8, 8), np.array([0, 2]), np.ones((2, 4))
    assert np.isfinite(Localization().step(net, batch)["loss"]) and net.need_dx


def _evaluated(net, image):
    task = Segmentation(3)
    labels = np.zeros((1, 8, 8), int)

    class Batches:
        def batches(self, part=None):
            return iter([(image, labels)])

    evaluate(net, task, Batches())


LOOKS = {
    "evaluate": _evaluated,
    "occlusion": lambda net, image: occlusion(
        net, image[0], label_score(net(image), (0, 0)), step=4
    ),
    "influence": influence,
    "program": lambda net, image: program(net, image.shape[1:]),
}


@pytest.mark.parametrize("name", LOOKS)
def test_each_layer_keeps_its_mode_when_a_net_is_looked_at(name):
    """Batch norm that is frozen in evaluation mode while the rest trains must stay frozen."""
    net = SegNet(2, 3, (3, 4), rng=0)
    frozen = net.encoders[0].eval()
    LOOKS[name](net, draw(1, 2, 8, 8).astype(np.float32))
    assert net.training and net.encoders[1].training
    assert not any(layer.training for _, layer in frozen.named_modules())
