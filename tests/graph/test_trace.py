"""The trace: every step of every net, who made each array, and what no layer made."""

from functools import partial

import numpy as np
import pytest

from backends import BACKENDS, device_of
from helpers import draw
from nn_scratch import layers
from nn_scratch.backend import to_device
from nn_scratch.graph import UNKNOWN, cost, trace
from nn_scratch.layers import Add, Concat, Conv2d, Layer, MaxPool2d, MaxUnpool2d, ReLU, Sequential
from nn_scratch.nets import DETECTORS, LOCALIZERS, SEGMENTERS, SegNet, UNet

IMAGE = draw(2, 1, 13, 18, dtype=np.float32)


def described(traced):
    """Each step as (name, kind, numbers of its inputs, numbers of its outputs)."""
    return [
        (s.name, s.kind, [v.number for v in s.inputs], [v.number for v in s.outputs])
        for s in traced.steps
    ]


def test_a_row_of_layers_step_by_step():
    net = Sequential(Conv2d(1, 3, (3, 2), stride=2, rng=0), ReLU(), Sequential(layers.Flatten()))
    traced = trace(net, IMAGE)
    assert described(traced) == [
        ("0", "Conv2d", [0], [1]),
        ("1", "ReLU", [1], [2]),
        ("2.0", "Flatten", [2], [3]),
    ]
    assert [step.kind for step in traced.calls] == [
        *("Conv2d", "ReLU", "Flatten", "Sequential", "Sequential")
    ]
    conv, relu, flat = traced.steps
    assert conv.layer is net[0] and conv.options["stride"] == 2 and conv.options["groups"] == 1
    assert conv.outputs[0].shape == (2, 3, 6, 9) and conv.outputs[0].step is conv
    assert traced.inputs[0].array is IMAGE and traced.inputs[0].step is None
    assert traced.outputs == flat.outputs
    np.testing.assert_array_equal(relu.output, np.maximum(conv.output, 0))
    assert "forward" not in vars(net[0]) and not traced.unexplained


def test_an_error_leaves_the_layers_as_they_were():
    net = Sequential(Conv2d(1, 3, 3, rng=0), Conv2d(2, 3, 3, rng=0))
    with pytest.raises(ValueError, match="channels"):
        trace(net, IMAGE)
    assert not any("forward" in vars(layer) for _, layer in net.named_modules())


def test_a_skip_is_an_array_with_two_readers():
    traced = trace(UNet(1, 2, (3, 4), rng=0), IMAGE)
    joined = next(step for step in traced.steps if step.kind == "Concat")
    up, skip = (value.step for value in joined.inputs)
    assert up.name == "ups.0" and up.options["output_size"] == (13, 18)
    assert skip.name == "encoders.0.1.1"
    assert [s.name for s in traced.steps if skip.outputs[0] in s.inputs] == ["pools.0", "concats.0"]


@pytest.mark.parametrize("training", [True, False])
def test_an_unpooling_layer_reads_its_pool(training):
    traced = trace(SegNet(1, 2, (3, 4), rng=0).train(training), IMAGE)
    read = {s.name: [pool.name for pool in s.reads] for s in traced.steps if s.reads}
    assert read == {"unpools.0": ["pools.1"], "unpools.1": ["pools.0"]}
    unpool = next(step for step in traced.steps if step.name == "unpools.1")
    assert unpool.reads[0].layer.switches.shape == (2, 3, 6, 9)


NETS = {
    **{name: partial(SEGMENTERS[name], 1, 4, kernel_size=3, width=4) for name in SEGMENTERS},
    **{name: partial(DETECTORS[name], 1, 4, width=4) for name in DETECTORS},
    **{name: partial(LOCALIZERS[name], 1, 4, image_size=(35, 42), width=4) for name in LOCALIZERS},
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", NETS)
def test_in_the_library_s_nets_layers_make_everything(name, training):
    image = draw(2, 1, 35, 42, dtype=np.float32)
    net = NETS[name](rng=0).train(training)
    traced = trace(net, image)
    assert not traced.unexplained
    known = set(traced.inputs)
    for step in traced.steps:
        assert step.kind != UNKNOWN and set(step.inputs) <= known
        known |= set(step.outputs)
    called = {step.layer for step in traced.calls}
    assert {layer for _, layer in net.named_modules() if layer._params} <= called
    y = net(image)
    for value, array in zip(traced.outputs, y if isinstance(y, tuple) else (y,), strict=True):
        np.testing.assert_array_equal(value.array, array)


@pytest.mark.parametrize("backend", BACKENDS)
def test_on_a_device_the_steps_are_the_same(backend):
    found = []
    for on_device in False, True:
        with device_of(backend if on_device else "numpy") as device:
            net = SegNet(1, 2, (3, 4), rng=0).to("gpu" if device else "cpu")
            traced = trace(net, to_device(IMAGE, "gpu" if device else "cpu"))
            rows = cost(net, to_device(IMAGE, "gpu" if device else "cpu"))
            found.append((described(traced), traced.unexplained, rows))
    assert found[0] == found[1]


def test_an_image_in_memory_that_others_own():
    image = np.frombuffer(IMAGE.tobytes(), np.float32).reshape(IMAGE.shape)
    traced = trace(Sequential(Conv2d(1, 2, 3, rng=0), ReLU()), image[:, :, 1:])
    assert not traced.unexplained and traced.steps[0].inputs == traced.inputs


def test_what_indexing_and_reshape_make_of_an_array_is_read_from_its_memory():
    class Views(Layer):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = ReLU(), ReLU(), ReLU()

        def forward(self, x):
            y = self.a(x)
            return self.b(y[:, 1:3, 2:, :-5]), self.c(y.reshape(2, -1))[1]

    x = draw(2, 4, 6, 7)
    traced = trace(Views(), x)
    assert described(traced) == [
        ("a", "ReLU", [0], [1]),
        ("", "Slice", [1], [2]),
        ("b", "ReLU", [2], [3]),
        ("", "Reshape", [1], [4]),
        ("c", "ReLU", [4], [5]),
        ("", UNKNOWN, [], [6]),
    ]
    cut, flat = traced.steps[1], traced.steps[3]
    assert cut.options == {"start": (0, 1, 2, 0), "stop": (2, 3, 6, 2)}
    assert flat.options == {"shape": (2, 168)}
    (said,) = traced.unexplained
    assert said.startswith("the net returns an array (168,) that no layer made")


class Meets(Layer):
    """Two ways that meet without a layer."""

    def __init__(self, meet):
        super().__init__()
        self.left, self.right, self.last = (Conv2d(2, 2, 3, padding=1, rng=i) for i in range(3))
        self.meet = meet

    def forward(self, x):
        return self.last(self.meet(self.left(x), self.right(x)))


def changed(a, b):
    a *= 2
    return a


def half(a, b):
    return a / 2


def first_and_last(a, b):
    return np.concatenate([b[:, 1:], a[:, :1]], axis=1)


ADD = "it is the sum of what left (Conv2d) and right (Conv2d) made: let the layer Add do that"
SAID = {
    (lambda a, b: a + b): ADD,
    (lambda a, b: a.__iadd__(b)): "left (Conv2d) made it, and then it was changed in place",
    changed: "left (Conv2d) made it, and then it was changed in place",
    half: "let layers make it, such as Add or Concat where two arrays meet",
    first_and_last: "let layers make it, such as Add or Concat where two arrays meet",
}


@pytest.mark.parametrize("meet", SAID)
def test_an_array_that_no_layer_made_is_named(meet):
    traced = trace(Meets(meet), draw(1, 2, 5, 4, dtype=np.float32))
    (said,) = traced.unexplained
    assert said == (
        f"last (Conv2d) receives an array (1, 2, 5, 4) that no layer made: {SAID[meet]}"
    )
    (unknown,) = (step for step in traced.steps if step.kind == UNKNOWN)
    assert unknown.layer is None and traced.steps[-1].inputs == unknown.outputs
    assert len(unknown.inputs) == {ADD: 2}.get(SAID[meet], "changed in place" in SAID[meet])


def test_concat_is_suggested_for_channels_that_numpy_joined():
    class Joined(Meets):
        def __init__(self):
            super().__init__(lambda a, b: np.concatenate([b, a], axis=1))
            self.last = Conv2d(4, 1, 1, rng=0)

    (said,) = trace(Joined(), draw(1, 2, 5, 4, dtype=np.float32)).unexplained
    assert "the channels of what right (Conv2d) and left (Conv2d) made: let the layer Conc" in said


def test_with_the_layer_nothing_is_left_to_explain():
    for layer, channels in (Add(), 2), (Concat(), 4):
        net = Meets(layer)
        net.last = Conv2d(channels, 1, 1, rng=0)
        assert not trace(net, draw(1, 2, 5, 4, dtype=np.float32)).unexplained


def test_an_array_of_zeros_is_not_taken_for_a_sum():
    (said,) = trace(Meets(lambda a, b: a * 0), np.zeros((1, 2, 5, 4), np.float32)).unexplained
    assert "let layers make it" in said


def test_a_layer_of_ones_own_is_a_step_of_its_name():
    class Halves(Layer):
        def __init__(self):
            super().__init__()
            self.factor, self.mode = 0.5, "all"

        def forward(self, x, *, twice=False):
            return x * self.factor, [x - 1]

    class Net(Layer):
        def __init__(self):
            super().__init__()
            self.steps = {"halves": Halves()}
            self.pool = MaxPool2d(2)
            self.up = MaxUnpool2d(self.pool)

        def forward(self, x):
            a, (b,) = self.steps["halves"](self.pool(x), twice=True)
            return self.up(a), b

    traced = trace(Net(), draw(1, 2, 6, 4))
    halves = traced.steps[1]
    assert (halves.name, halves.kind) == ("steps.halves", "Halves")
    assert halves.options == {"factor": 0.5, "mode": "all", "twice": True}
    assert [value.shape for value in halves.outputs] == [(1, 2, 3, 2)] * 2
    assert traced.outputs == (traced.steps[2].outputs[0], halves.outputs[1])


def test_a_layer_that_returns_its_input_is_a_step_too():
    net = Sequential(layers.Dropout(0.5), Sequential(), layers.Flatten(), layers.Flatten()).eval()
    traced = trace(net, draw(2, 3))
    assert described(traced) == [
        ("0", "Dropout", [0], [1]),
        ("2", "Flatten", [1], [2]),
        ("3", "Flatten", [2], [3]),
    ]
