"""Nets written as ONNX files, run by onnxruntime, give what they give here."""

import json
import re

import numpy as np
import pytest

from helpers import draw
from nn_scratch import engine
from nn_scratch import layers as L
from nn_scratch.graph import ExportError, to_onnx
from nn_scratch.nets.zoo import DETECTORS, LOCALIZERS, SEGMENTERS

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")


def session(model):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    providers = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers)


def as_if_trained(net, seed=0):
    """Statistics, scales and shifts that are not those of the beginning; in evaluation mode."""
    rng = np.random.default_rng(seed)
    for _, layer in net.named_modules():
        if isinstance(layer, L.BatchNorm2d):
            layer.params["weight"][...] = rng.uniform(0.5, 1.5, layer.params["weight"].shape)
            layer.params["bias"][...] = rng.normal(0, 0.3, layer.params["bias"].shape)
            layer.buffers["running_mean"][...] = rng.normal(0, 0.3, layer.params["bias"].shape)
            layer.buffers["running_var"][...] = rng.uniform(0.5, 2, layer.params["bias"].shape)
    return net.eval()


def outputs_of(net, x):
    y = net(x)
    return y if isinstance(y, tuple) else (y,)


def assert_same(net, model, *shapes):
    """onnxruntime's outputs are the net's, on both engines, for images of these shapes."""
    run = session(model).run
    for shape in shapes:
        x = draw(*shape, dtype=np.float32)
        found = run(None, {"images": x})
        for name, tolerance in (("fast", 1e-4), ("plain", 1e-5)):
            with engine.use(name):
                expected = outputs_of(net, x)
            for a, b in zip(found, expected, strict=True):
                assert a.shape == b.shape
                assert np.abs(a - b).max() <= tolerance * np.abs(b).max()


def axes(model):
    """The input's axes as they stand in the file."""
    (given,) = model.graph.input
    return [axis.dim_param or axis.dim_value for axis in given.type.tensor_type.shape.dim]


@pytest.mark.parametrize("name", SEGMENTERS)
def test_every_segmenter(name):
    kernel = {} if name == "fully-convolutional" else {"kernel_size": 3}
    net = as_if_trained(SEGMENTERS[name](2, 5, width=6, rng=0, **kernel))
    model = to_onnx(net, (2, 24, 24))
    assert axes(model) == ["N", 2, "H", "W"]
    assert_same(net, model, (1, 2, 24, 24), (3, 2, 29, 37), (2, 2, 32, 17))


@pytest.mark.parametrize("name", LOCALIZERS)
def test_every_localizer(name):
    net = as_if_trained(LOCALIZERS[name](1, 5, image_size=(40, 40), width=6, rng=0))
    model = to_onnx(net, (1, 40, 40), ("scores", "boxes"))
    assert [output.name for output in model.graph.output] == ["scores", "boxes"]
    any_size = name != "localizer"
    assert axes(model) == ["N", 1, *(("H", "W") if any_size else (40, 40))]
    assert_same(net, model, (1, 1, 40, 40), (3, 1, 40, 40))
    if any_size:
        assert_same(net, model, (2, 1, 51, 37))


@pytest.mark.parametrize("name", DETECTORS)
def test_every_detector(name):
    net = as_if_trained(DETECTORS[name](1, 5, width=6, rng=0))
    names = ["scores", "boxes"] if name == "sliding-detector" else ["heat", "sizes", "offsets"]
    model = to_onnx(net, (1, 64, 64), names)
    assert axes(model) == ["N", 1, "H", "W"]
    assert_same(net, model, (1, 1, 64, 64), (3, 1, 49, 37))


PADDING = ((1, 2), (0, 1))
LAYERS = {
    "conv": lambda: L.Conv2d(4, 6, (3, 2), (2, 1), PADDING, (1, 2), groups=2, rng=0),
    "conv same": lambda: L.Conv2d(4, 5, (4, 2), padding="same", rng=0),
    "transposed": lambda: L.ConvTranspose2d(4, 6, (3, 4), (2, 3), PADDING, (1, 2), 2, rng=0),
    "transposed, dilated": lambda: L.ConvTranspose2d(4, 3, 3, 2, 1, dilation=(2, 1), rng=0),
    "max-pool": lambda: L.MaxPool2d((3, 2), (2, 3), PADDING[1]),
    "max-pool, rounded up": lambda: L.MaxPool2d(3, 2, 1, ceil_mode=True),
    "max-pool with gaps, rounded up": lambda: L.MaxPool2d(1, 3, ceil_mode=True),
    "mean": lambda: L.AvgPool2d((3, 2), (2, 1), 1),
    "mean without the padding": lambda: L.AvgPool2d((3, 2), 2, 1, count_include_pad=False),
    "grid": lambda: L.AdaptiveAvgPool2d((3, 2)),
    "nearest": lambda: L.NearestUnpool2d((2, 3)),
    "nails": lambda: L.BedOfNails2d((3, 2)),
    "bilinear, by a factor": lambda: L.BilinearUpsample2d(scale=(3, 2)),
    "bilinear, to a size": lambda: L.BilinearUpsample2d((7, 20)),
    "bilinear, corners": lambda: L.BilinearUpsample2d(scale=2, align_corners=True),
    "leaky": lambda: L.LeakyReLU(0.2),
    "sigmoid": lambda: L.Sigmoid(),
    "zeros around": lambda: L.ZeroPad2d((1, 0, 2, 3)),
    "dropout": lambda: L.Dropout(0.5),
}


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_with_its_options(name):
    net = L.Sequential(L.Conv2d(3, 4, 1, rng=1), LAYERS[name]()).eval()
    model = to_onnx(net, (3, 9, 11))
    assert_same(net, model, (1, 3, 9, 11), (3, 3, 16, 13))


@pytest.mark.parametrize("pool", [(2, None, 0, False), (3, 4, 1, False), (2, 2, 0, True)])
def test_max_unpooling_restores_any_size(pool):
    kernel, stride, padding, ceil_mode = pool
    down = L.MaxPool2d(kernel, stride, padding, ceil_mode=ceil_mode)
    net = L.Sequential(L.Conv2d(2, 3, 3, rng=0), down, L.ReLU(), L.MaxUnpool2d(down))
    model = to_onnx(net, (2, 12, 14))
    assert "MaxUnpool" in [node.op_type for node in model.graph.node]
    assert_same(net, model, *((2, 2, h, w) for h in range(8, 14) for w in (9, 12)))


def test_float64_nets_are_written_as_float32():
    net = as_if_trained(SEGMENTERS["segnet"](1, 3, width=4, rng=0))
    x = draw(2, 1, 19, 24, dtype=np.float32)
    expected = net(x)
    (found,) = session(to_onnx(net.to(np.float64), (1, 24, 24))).run(None, {"images": x})
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_a_net_in_training_stays_so_and_is_written_for_evaluation():
    net = as_if_trained(SEGMENTERS["unet"](1, 3, width=4, rng=0)).train()
    model = to_onnx(net, (1, 16, 16))
    assert net.training
    assert_same(net.eval(), model, (2, 1, 16, 16))


def test_a_net_of_ones_own_made_of_layers():
    class TwoWays(L.Layer):
        def __init__(self):
            super().__init__()
            options = {"padding": 1, "rng": 0}
            self.left, self.right = L.Conv2d(1, 3, 3, **options), L.Conv2d(1, 3, 3, **options)
            self.pool, self.add, self.concat = L.MaxPool2d(2), L.Add(), L.Concat()
            self.head = L.Linear(6 * 4, 5, rng=0)
            self.mean = L.AdaptiveAvgPool2d(2)

        def forward(self, x):
            left, right = self.left(x), self.right(x)
            both = self.concat(self.add(left, right), right)
            return self.head(self.mean(self.pool(both)).reshape(len(x), -1))

    net = TwoWays()
    assert_same(net, to_onnx(net, (1, 12, 12)), (1, 1, 12, 12), (3, 1, 15, 17))


@pytest.mark.parametrize("collisions", ["sum", "overwrite"])
def test_overlapping_windows_are_refused(collisions):
    pool = L.MaxPool2d(3, 2)
    unpool = L.MaxUnpool2d(pool, collisions=collisions)
    net = L.Sequential(L.Conv2d(1, 2, 1, rng=0), pool, unpool)
    with pytest.raises(
        ExportError, match=r"1 cannot be said in ONNX: where the windows .* overlap"
    ):
        to_onnx(net, (1, 9, 9))


REFUSED = {
    "output_padding (1, 1) is not smaller": L.ConvTranspose2d(
        1, 2, 3, output_padding=1, dilation=2
    ),
    "padding is not smaller than its kernel": L.MaxPool2d(2, padding=2, dilation=3),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_onnx_or_its_runtime_cannot_is_refused(why):
    with pytest.raises(ExportError, match=re.escape(why)):
        to_onnx(L.Sequential(L.Conv2d(1, 1, 1, rng=0), REFUSED[why]), (1, 12, 12))


class Swish(L.Layer):
    def forward(self, x):
        return x / (1 + np.exp(-x))


class LoudConv(L.Conv2d):
    def forward(self, x):
        return super().forward(x) * 2


@pytest.mark.parametrize("layer", [Swish(), LoudConv(2, 2, 1, rng=0)])
def test_a_layer_of_ones_own_is_refused_by_name(layer):
    net = L.Sequential(L.Conv2d(1, 2, 1, rng=0), layer)
    with pytest.raises(ExportError, match=rf"^1 is a {type(layer).__name__}, a layer of your own"):
        to_onnx(net, (1, 6, 6))


def test_an_array_that_no_layer_made_is_refused_with_a_cure():
    class Doubled(L.Layer):
        def __init__(self):
            super().__init__()
            self.a, self.b = L.Conv2d(1, 2, 1, rng=0), L.Conv2d(2, 2, 1, rng=0)

        def forward(self, x):
            y = self.a(x)
            return self.b(y + y * y)

    with pytest.raises(ExportError, match=r"b \(Conv2d\) receives .* that no layer made"):
        to_onnx(Doubled(), (1, 6, 6))


def test_some_of_the_channels_are_refused():
    class Half(L.Layer):
        def __init__(self):
            super().__init__()
            self.a, self.b = L.Conv2d(1, 4, 1, rng=0), L.Conv2d(2, 2, 1, rng=0)

        def forward(self, x):
            return self.b(self.a(x)[:, 2:])

    with pytest.raises(ExportError, match="all of its channels"):
        to_onnx(Half(), (1, 6, 6))


def test_metadata_stands_in_the_file():
    net = L.Sequential(L.Conv2d(1, 2, 1, rng=0))
    names = ["Zebra", "café"]
    model = to_onnx(net, (1, 6, 6), metadata={"class_names": json.dumps(names)})
    read = session(model).get_modelmeta().custom_metadata_map
    assert json.loads(read["class_names"]) == names
