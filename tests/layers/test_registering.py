"""Nets written as in PyTorch: assigning registers, in whatever shape the layers are kept."""

import copy

import numpy as np
import pytest

from helpers import draw
from nn_scratch import layers, ops
from nn_scratch.check import check_gradients
from nn_scratch.data import DigitSegmentation, Loader
from nn_scratch.graph import cost, cost_table, receptive_field
from nn_scratch.layers import Conv2d, Layer, Linear, ReLU, Sequential, inference_mode
from nn_scratch.nets import FullyConvolutional, SlidingWindow
from nn_scratch.training import SGD, Adam, Segmentation, evaluate, fit, load_checkpoint


class OwnConv(Layer):
    """A 1×1 convolution that a student wrote."""

    def __init__(self, c_in, c_out, rng=None):
        super().__init__()
        self.add_parameter("weight", layers.he_normal((c_out, c_in), c_in, rng))

    def forward(self, x):
        self.saved = x
        return np.einsum("nchw,fc->nfhw", x, self.params["weight"])

    def backward(self, dy):
        self.add_grads(weight=np.einsum("nfhw,nchw->fc", dy, self.saved))
        return np.einsum("nfhw,fc->nchw", dy, self.params["weight"])


class OwnPool(Layer):
    """Takes the largest of 2×2, and saves where it stood."""

    def forward(self, x):
        y, switches = ops.max_pool2d(x, 2)
        self.saved = switches, x.shape[2:]
        return y

    def backward(self, dy):
        return ops.max_pool2d_backward(dy, *self.saved)


class OwnUnpool(Layer):
    """Asks the pool that it was given, in the most natural way."""

    def __init__(self, pool):
        super().__init__()
        self.pool = pool

    def forward(self, x):
        switches, size = self.pool.saved
        self.saved = switches
        return ops.max_unpool2d(x, switches, size)

    def backward(self, dy):
        return ops.max_unpool2d_backward(dy, self.saved)


class OwnNet(Layer):
    """Children, a list of stages, a pool and the unpooling that refers to it, own parameters."""

    def __init__(self, classes=11, rng=0):
        super().__init__()
        rng = np.random.default_rng(rng)
        self.add_parameter("scale", np.ones(1, np.float32))
        self.stages = [
            Sequential(Conv2d(1, 4, 3, padding=1, rng=rng), layers.BatchNorm2d(4), ReLU())
        ]
        self.stages.append(OwnConv(4, 4, rng))
        self.pool = OwnPool()
        self.unpool = OwnUnpool(self.pool)
        self.heads = {"classes": Conv2d(4, classes, 3, padding="same", rng=rng)}

    def forward(self, x):
        for stage in self.stages:
            x = stage(x)
        self.saved = self.unpool(self.pool(x))
        return self.heads["classes"](self.params["scale"] * self.saved)

    def backward(self, dscores):
        dx = self.heads["classes"].backward(dscores)
        self.add_grads(scale=np.array([(dx * self.saved).sum()]))
        dx = self.pool.backward(self.unpool.backward(self.params["scale"] * dx))
        for stage in reversed(self.stages):
            dx = stage.backward(dx)
        return dx


NAMES = [
    "scale",
    *("stages.0.0.weight", "stages.0.0.bias", "stages.0.1.weight", "stages.0.1.bias"),
    *("stages.1.weight", "heads.classes.weight", "heads.classes.bias"),
]


def test_names_of_what_is_assigned():
    net = OwnNet()
    assert list(net.params) == list(net.grads) == NAMES
    assert "stages.0.1.running_mean" in net.buffers
    assert net.params["stages.1.weight"] is net.stages[1].params["weight"]
    net.params["stages.1.weight"] = np.zeros((4, 4), np.float32)
    assert not net.stages[1].params["weight"].any()
    net.params["stages.1.weight"][...] = 2
    assert net.stages[1].params["weight"][0, 0] == 2
    net.params["scale"] = np.array([3.0], np.float32)
    assert net.params["scale"] == 3 and len(net.params) == len(NAMES)
    with pytest.raises(KeyError):
        net.params["stages.7.weight"]
    with pytest.raises(KeyError):
        net.params["stages.7.weight"] = np.zeros(1)


def test_its_gradients():
    report = check_gradients(OwnNet(classes=3), draw(2, 1, 7, 6))
    assert report.ok, report


def test_lists_grow_and_layers_are_replaced_and_removed():
    class Net(Layer):
        def __init__(self):
            super().__init__()
            self.stages, self.head, self.empty = [], None, {}

    net = Net()
    assert not net.params
    net.stages.append(Linear(2, 3))
    net.stages.append([Linear(3, 3, bias=False), None])
    net.empty["a"] = Linear(1, 1, bias=False)
    assert list(net.params) == [
        *("stages.0.weight", "stages.0.bias", "stages.1.0.weight", "empty.a.weight")
    ]
    net.head = Linear(3, 2, bias=False)
    assert net.params["head.weight"].shape == (2, 3)
    net.head = Linear(3, 5, bias=False)
    assert net.params["head.weight"].shape == (5, 3)
    net.head = None
    assert "head.weight" not in net.params
    net.head = Linear(3, 2)
    del net.head
    assert not hasattr(net, "head") and "head.weight" not in net.params
    net.stages[1][1] = Linear(2, 2, bias=False)
    assert "stages.1.1.weight" in net.params
    net.stages.clear()
    assert list(net.params) == ["empty.a.weight"]


@pytest.mark.parametrize("empty", [[None], [None, []], {"a": None}, [{}]])
def test_a_list_that_is_filled_later(empty):
    class Net(Layer):
        def __init__(self):
            super().__init__()
            self.parts = copy.deepcopy(empty)

    net = Net()
    inner = Linear(2, 2, bias=False)
    if isinstance(net.parts, dict):
        net.parts["a"] = inner
    elif net.parts[0] is None:
        net.parts[0] = inner
    else:
        net.parts[0]["a"] = inner
    assert len(net.params) == 1


def test_a_row_with_a_layer_beside_it():
    class Row(Sequential):
        def __init__(self):
            super().__init__(Linear(2, 3, bias=False), ReLU())
            self.beside = Linear(3, 1, bias=False)

    row = Row()
    assert list(row.params) == ["0.weight", "beside.weight"]
    row.layers.append(Linear(3, 4, bias=False))
    assert len(row) == 3 and row(draw(5, 2, dtype=np.float32)).shape == (5, 4)
    assert set(row.params) == {"0.weight", "2.weight", "beside.weight"}


def test_options_are_no_children():
    conv = Conv2d(2, 3, 3)
    assert type(conv.params) is dict and not list(conv.named_children())


def test_modes_and_place_reach_everything():
    net = OwnNet()
    assert not net.eval().stages[0][1].training and not net.unpool.training
    assert net.train() is net and net.stages[0][1].training
    net.to(np.float64)
    assert {a.dtype for a in net.params.values()} == {np.dtype(np.float64)}
    assert net(draw(1, 1, 6, 4)).dtype == np.float64
    net.zero_grad()
    assert not any(g.any() for g in net.grads.values())


def test_a_child_may_refuse_to_train():
    class Frozen(layers.BatchNorm2d):
        def train(self, mode=True):
            return super().train(False)

    net = Sequential(Conv2d(1, 2, 1), Frozen(2))
    assert net.train().training and net[0].training and not net[1].training


def test_what_was_saved_goes_along_when_a_layer_is_converted():
    pool = layers.MaxPool2d(2)
    pooled = pool(draw(2, 3, 6, 7, dtype=np.float32))
    report = check_gradients(OwnUnpool(pool), pooled)  # of a copy in float64
    assert report.ok, report
    conv = Conv2d(2, 3, 3)
    y = conv(draw(1, 2, 5, 5, dtype=np.float32))
    assert conv.to(np.float64).backward(y.astype(np.float64)).dtype == np.float64


# ---------------------------------------------------------------- one object, reached twice


def test_a_layer_that_another_refers_to_counts_once():
    class Net(Layer):
        def __init__(self):
            super().__init__()
            self.first = Linear(2, 2)
            self.again = self.first
            self.deep = Sequential(ReLU())
            self.deep.reference = self.first

    net = Net()
    assert list(net.params) == ["first.weight", "first.bias"]
    assert [name for name, _ in net.named_modules()] == ["", "first", "deep", "deep.0"]
    assert repr(net).count("Linear") == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda layer: Sequential(layer, layer),
        lambda layer: Sequential(layer, Sequential(Sequential(layer))),
        lambda layer: Sequential(*[layer] * 3),
    ],
)
def test_a_row_refuses_a_layer_that_stands_in_it_twice(make):
    with pytest.raises(ValueError, match=r"is a ReLU that stands in this net twice: a layer rem"):
        make(ReLU())


def test_a_list_refuses_a_layer_that_stands_in_it_twice():
    class Net(Layer):
        def __init__(self):
            super().__init__()
            self.stages = [Linear(2, 2)] * 3

    with pytest.raises(ValueError, match=r"stages\.1 is a Linear that stands in this net twice"):
        Adam(Net())


def test_partners_that_refer_to_each_other():
    pool = layers.MaxPool2d(2)
    pool.partner = layers.MaxUnpool2d(pool)
    assert [name for name, _ in pool.named_modules()] == ["", "partner"]
    assert not pool.params and "partner: MaxUnpool2d()" in repr(pool)


# ---------------------------------------------------------------- what was forgotten


def test_forgetting_super_init_is_an_error_that_says_so():
    class Layers(Layer):
        def __init__(self):
            self.conv = Conv2d(1, 2, 3)

    class AList(Layer):
        def __init__(self):
            self.stages = [Conv2d(1, 2, 3)]

    class AParameter(Layer):
        def __init__(self):
            self.add_parameter("weight", np.ones(3))

    for kind in Layers, AList, AParameter:
        message = rf"{kind.__name__}\.__init__ must call super\(\)\.__init__\(\) before"
        with pytest.raises(AttributeError, match=message):
            kind()


def test_forgetting_it_without_assigning_layers_is_told_at_the_first_use():
    class Nothing(Layer):
        def __init__(self):
            self.slope = 2

    for use in (lambda n: n.params, Adam, repr, lambda n: n.to("cpu"), lambda n: n.state_dict()):
        with pytest.raises(AttributeError, match=r"Nothing\.__init__ must call super"):
            use(Nothing())


def test_an_attribute_that_is_not_there():
    with pytest.raises(AttributeError, match="ReLU has no attribute 'weights'"):
        _ = ReLU().weights


def test_a_set_of_layers_is_refused():
    class Net(Layer):
        def __init__(self):
            super().__init__()
            self.stages = {Linear(2, 2)}

    with pytest.raises(TypeError, match="layers in a set have no order"):
        Net()


def plain_array():
    class Net(Layer):
        def __init__(self):
            super().__init__()
            self.weight = np.ones(3)

    return Net()


def hidden():
    class Box:
        layer = Linear(2, 2)

    class Net(Layer):
        def __init__(self):
            super().__init__()
            self.box = Box()

    return Net()


@pytest.mark.parametrize("make", [plain_array, hidden, ReLU, lambda: Sequential(), OwnPool])
@pytest.mark.parametrize("use", [Adam, lambda net: SGD(net, 0.1), None], ids=["Adam", "SGD", "fit"])
def test_a_net_without_parameters_is_refused(make, use):
    net = make()
    with pytest.raises(ValueError, match=r"has no parameters to train.*super.*add_parameter"):
        if use:
            use(net)
        else:
            fit(net, Segmentation(11), None, None, epochs=1)


@pytest.mark.parametrize("net", [lambda x: x, np.tanh, 3])
def test_a_net_that_is_no_layer_is_refused(net):
    with pytest.raises(TypeError, match="is no Layer, and has no parameters"):
        Adam(net)


# ---------------------------------------------------------------- treated like ours


def made(steps=4):
    net = OwnNet()
    return net, Loader(DigitSegmentation("train", 2 * steps), 2), Adam(net, 1e-2)


def test_it_trains_is_evaluated_and_resumes(tmp_path):
    whole, loader, optimizer = made()
    before = whole.state_dict()
    history = fit(whole, Segmentation(11), loader, optimizer, epochs=3, progress=False)
    assert history["steps"][-1]["loss"] < history["steps"][0]["loss"]
    assert all((before[name] != array).any() for name, array in whole.params.items())
    assert set(evaluate(whole, Segmentation(11), loader)) >= {"mean_iou"}

    file = tmp_path / "run.npz"
    for epochs in (1, 3):
        net, loader, optimizer = made()
        options = {"epochs": epochs, "checkpoint": file, "progress": False}
        fit(net, Segmentation(11), loader, optimizer, **options)
    for name, array in load_checkpoint(file).net.items():
        np.testing.assert_array_equal(array, whole.state_dict()[name])


def test_a_run_with_dropout_resumes_with_the_same_masks(tmp_path):
    ends = []
    for stops in ([2], [1, 2]):
        file = tmp_path / f"{len(stops)}.npz"
        for epochs in stops:
            convs = Conv2d(1, 4, 3, padding=1, rng=0), Conv2d(4, 11, 3, padding=1, rng=1)
            net = Sequential(convs[0], layers.Dropout(0.5, rng=2), layers.LeakyReLU(), convs[1])
            loader = Loader(DigitSegmentation("train", 8), 2)
            options = {"epochs": epochs, "checkpoint": file, "progress": False}
            fit(net, Segmentation(11), loader, Adam(net), **options)
        ends.append(net.state_dict())
    for name, array in ends[0].items():
        np.testing.assert_array_equal(array, ends[1][name])


def test_inference_keeps_what_another_layer_reads():
    net, x = OwnNet(), draw(1, 1, 8, 6, dtype=np.float32)
    expected = net.eval()(x)
    with inference_mode(net):
        np.testing.assert_array_equal(net(x), expected)
        assert [name for name, part in net.named_modules() if "saved" in vars(part)] == ["pool"]
        with inference_mode(net):
            net(x)
        net(x)  # the inner mode does not end the outer
        assert "saved" not in vars(net.stages[1])
    with pytest.raises(RuntimeError, match="needs a forward pass before it"):
        net.backward(expected)


def test_inference_keeps_what_a_layer_says_it_shares():
    class ByHand(Layer):
        def __init__(self, pool):
            super().__init__()
            self.pool = pool

        def forward(self, x):
            y = self.pool(x)
            return ops.max_unpool2d(y, self.pool.saved[0], x.shape[2:])

    class Sharing(OwnPool):
        shares_saved = True

    x = draw(1, 1, 4, 4)
    for pool in layers.MaxPool2d(2), Sharing():
        with inference_mode(net := ByHand(pool)):
            assert net(x).shape == x.shape
    with inference_mode(net := ByHand(OwnPool())), pytest.raises(RuntimeError):
        net(x)


def test_cost_of_layers_that_do_not_tell():
    net, x = OwnNet(classes=3), draw(2, 1, 8, 6, dtype=np.float32)
    rows = {row.name: row for row in cost(net, x)}
    assert rows["stages.1"].macs is rows["pool"].macs is rows["unpool"].macs is None
    assert rows["stages.0.2"].macs == 0 and rows["stages.1"].params == 16
    assert rows["(OwnNet)"].params == 1 and rows["(OwnNet)"].macs is None
    assert rows[""].macs == 2 * 48 * (4 * 9 + 3 * 4 * 9)
    assert rows[""].params == sum(a.size for a in net.params.values())
    table = cost_table(list(rows.values()))
    (line,) = (line for line in table.splitlines() if line.startswith("stages.1 "))
    assert line.split()[4] == "–"
    assert "≥ 0.0 M" in table
    assert table.endswith("not in the total: OwnConv, OwnNet, OwnPool, OwnUnpool")


def test_cost_of_layers_that_tell():
    class Telling(OwnConv):
        def macs(self, x, y):
            return y.size * x.shape[1]

    rows = cost(Sequential(Telling(3, 2), ReLU()), draw(1, 3, 4, 5, dtype=np.float32))
    assert [row.macs for row in rows] == [120, 0, 120]
    assert "≥" not in cost_table(rows) and "–" not in cost_table(rows)


def test_receptive_field_of_an_own_convolution():
    """The weights count as 1, whoever wrote the layer: zeros among them change nothing."""

    class Middle(Layer):
        """A 3×3 convolution whose corners start at zero."""

        def __init__(self):
            super().__init__()
            self.add_parameter("weight", np.zeros((1, 1, 3, 3), np.float32))
            self.params["weight"][0, 0, 1, 1] = 1

        def forward(self, x):
            self.saved = x
            return ops.conv2d(x, self.params["weight"], padding=1)

        def backward(self, dy):
            dx, dw, _ = ops.conv2d_backward(dy, self.saved, self.params["weight"], padding=1)
            self.add_grads(weight=dw)
            return dx

    net = Sequential(Middle(), ReLU(), Middle(), OwnPool(), Middle())
    image = draw(1, 1, 24, 20, dtype=np.float32)
    grads = {name: g.copy() for name, g in net.grads.items()}
    height, width = receptive_field(net, image)
    assert 4 + 1 + 4 <= height <= 4 + 2 + 4 and 9 <= width <= 10  # the pool takes one of its two
    assert net[0].params["weight"].sum() == 1
    for name, gradient in net.grads.items():
        np.testing.assert_array_equal(gradient, grads[name])


def test_an_own_layer_slides_if_it_tells_how():
    class OwnPatches(Sequential):
        patch = 5

        def __init__(self, activation):
            conv = Conv2d(1, 3, 3, rng=0)
            super().__init__(conv, activation, layers.Flatten(), Linear(27, 2, rng=1))

    class Square(Layer):
        def forward(self, x):
            return x * x

    with pytest.raises(TypeError, match="Square does not tell how it slides"):
        FullyConvolutional(OwnPatches(Square()))

    class SlidingSquare(Square):
        def as_dense(self, size, dilation):
            return SlidingSquare(), size, dilation

    x = draw(2, 1, 7, 6, dtype=np.float32)
    for activation in SlidingSquare(), layers.Sigmoid(), layers.LeakyReLU(0.2):
        patches = OwnPatches(activation)
        np.testing.assert_allclose(
            FullyConvolutional(patches)(x), SlidingWindow(patches)(x), rtol=1e-5, atol=1e-6
        )


def test_a_pool_that_cannot_slide():
    with pytest.raises(ValueError, match="must be square and side by side"):
        layers.MaxPool2d(3, 2).as_dense(9, 1)
