"""Layers with a fixed verdict each, and the causes that are said."""

import numpy as np
import pytest

from nn_scratch import layers, ops
from nn_scratch.check import check_gradients
from nn_scratch.check.cases import layer_cases
from nn_scratch.layers import Conv2d, Layer, Linear, Sequential

X = np.random.default_rng(5).standard_normal((3, 4))
IMAGE = np.random.default_rng(6).standard_normal((2, 3, 6, 5))


def layer(forward, backward, **parameters):
    """A Layer with these two methods and parameters."""

    def __init__(self):
        Layer.__init__(self)
        for name, value in parameters.items():
            self.add_parameter(name, np.array(value, np.float32))

    made = type("Own", (Layer,), {"__init__": __init__, "forward": forward, "backward": backward})
    return made()


def keep(self, x):
    self.saved = x


class InstanceNorm(Layer):
    """Each row with mean 0 and variance 1, then w · and + b; dx may forget w."""

    def __init__(self, forgets_w=False):
        super().__init__()
        self.forgets_w = forgets_w
        self.add_parameter("w", np.ones(4, np.float32))
        self.add_parameter("b", np.zeros(4, np.float32))

    def forward(self, x):
        sigma = np.sqrt(x.var(1, keepdims=True) + 1e-5)
        normal = (x - x.mean(1, keepdims=True)) / sigma
        self.saved = normal, sigma
        return self.params["w"] * normal + self.params["b"]

    def backward(self, dy):
        normal, sigma = self.saved
        self.add_grads(w=(dy * normal).sum(0), b=dy.sum(0))
        d = dy if self.forgets_w else dy * self.params["w"]
        return (d - d.mean(1, keepdims=True) - normal * (d * normal).mean(1, keepdims=True)) / sigma


class Gate(Layer):
    """x · a, with a that starts at 0."""

    def __init__(self, dx):
        super().__init__()
        self.dx = dx
        self.add_parameter("a", np.zeros(1, np.float32))

    def forward(self, x):
        self.saved = x
        return x * self.params["a"]

    def backward(self, dy):
        self.add_grads(a=np.array([(dy * self.saved).sum()]))
        return self.dx(dy, self.params["a"])


class Residual(Layer):
    """x + f(x), with the layers in a list, as one writes it in PyTorch."""

    def __init__(self):
        super().__init__()
        self.stages = [Conv2d(3, 3, 3, padding="same", rng=0), layers.ReLU()]

    def forward(self, x):
        return x + self.stages[1](self.stages[0](x))

    def backward(self, dy):
        return dy + self.stages[0].backward(self.stages[1].backward(dy))


class TwoHeads(Layer):
    """A class and a box, as a localizer has them."""

    def __init__(self, forgets=False):
        super().__init__()
        self.forgets = forgets
        self.a, self.b = Linear(4, 3, rng=0), Linear(4, 2, rng=1)

    def forward(self, x):
        return self.a(x), self.b(x)

    def backward(self, dys):
        da, db = dys
        dx = self.a.backward(da)
        return dx if self.forgets else dx + self.b.backward(db)


class Remembers(Layer):
    """x², with the x of the first call of all."""

    def forward(self, x):
        if "saved" not in vars(self):
            self.saved = x
        return x * x

    def backward(self, dy):
        return 2 * self.saved * dy


class Blur(Layer):
    """The mean of three neighbours, with a kernel in float64 or in the dtype of x."""

    def __init__(self, kernel):
        super().__init__()
        self.kernel = kernel

    def forward(self, x):
        k = self.kernel(x)
        return k[0] * x[:, :-2] + k[1] * x[:, 1:-1] + k[2] * x[:, 2:]

    def backward(self, dy):
        k = self.kernel(dy)
        dx = np.zeros((len(dy), dy.shape[1] + 2), dy.dtype)
        for i in range(3):
            dx[:, i : i + dy.shape[1]] += k[i] * dy
        return dx


class Loss(Layer):
    """A mean squared error as a layer: the target needs no gradient."""

    def forward(self, prediction, target):
        self.saved = prediction, target
        return ((prediction - target) ** 2).mean()

    def backward(self, dy):
        prediction, target = self.saved
        return dy * 2 * (prediction - target) / prediction.size


def of_the_cache(self, dout, cache):
    return 2 * dout * cache


def own_dropout(rng):
    def forward(self, x):
        self.saved = rng().random(x.shape) > 0.4
        return x * self.saved

    return layer(forward, lambda self, dy: dy * self.saved)


def scale(self, x):
    self.saved = x
    return x * self.params["w"]


def of_scale(self, dy):
    self.add_grads(w=(dy * self.saved).sum(0))
    return dy * self.params["w"]


RIGHT = {
    "scale": (layer(scale, of_scale, w=[1, 1, 1, 1]), (X,)),
    "instance norm": (InstanceNorm(), (X,)),
    "gate": (Gate(lambda dy, a: dy * a), (X,)),
    "residual": (Residual(), (IMAGE,)),
    "two heads": (TwoHeads(), (X,)),
    "blur": (Blur(lambda x: np.array([1, 2, 1], x.dtype) / 4), (X,)),
    "loss": (Loss(), (X, X[::-1])),
    "cross-entropy": (
        layer(
            lambda self, scores, labels: [
                setattr(self, "saved", (scores, labels)),
                ops.cross_entropy(scores, labels),
            ][1],
            lambda self, dy: ops.cross_entropy_backward(*self.saved) * dy,
        ),
        (X, np.array([1, 0, 2])),
    ),
    "(out, cache)": (layer(lambda self, x: (x * x, x), of_the_cache), (X,)),
    "y and an attention": (
        layer(
            lambda self, x: (keep(self, x), (x * x, np.exp(x)))[1],
            lambda self, dy: 2 * self.saved * dy,
        ),
        (X,),
    ),
    "a dropout with one mask": (own_dropout(lambda: np.random.default_rng(0)), (X,)),
    "an input of float32": (InstanceNorm(), (X.astype(np.float32),)),
    "identity": (layer(lambda self, x: x, lambda self, dy: dy), (X,)),
    "a Sequential": (
        Sequential(Conv2d(3, 2, 3, rng=0), layers.BatchNorm2d(2), layers.ReLU()),
        (IMAGE,),
    ),
    "evaluation": (Sequential(Linear(4, 3, rng=0), layers.Dropout(0.5)).eval(), (X,)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_nothing_right_is_accused(name):
    own, inputs = RIGHT[name]
    report = check_gradients(own, *inputs)
    assert report.ok is True, report


@pytest.mark.parametrize("case", layer_cases(), ids=lambda case: case.name)
def test_the_library_s_layers_in_a_dtype_of_their_own(case):
    """Whichever dtype layer and input have when they come."""
    for dtype in (np.float32, np.float64):
        inputs = [x.astype(dtype) for x in case.inputs]
        assert check_gradients(case.target.to(dtype), *inputs).ok is True


def no_return(self, dy):
    self.add_grads(w=(dy * self.saved).sum(0))


def sets_only_dx(self, dy):
    return dy * self.params["w"]


def in_place(self, x):
    self.saved = x
    x[x < 0] = 0
    return x


def masks_dy(self, dy):
    dy[self.saved <= 0] = 0
    return dy


def half(self, x):
    self.saved = x
    return x * np.float64(0.5) * np.ones(1)


WRONG = {  # with what the report has to say
    "return forgotten": (layer(scale, no_return, w=[1, 2, 3, 4]), (X,), "is a `return` missing?"),
    "no gradient of w": (
        layer(scale, sets_only_dx, w=[1, 2, 3, 4]),
        (X,),
        "the gradient of w differs",
    ),
    "w is 1, and forgotten": (InstanceNorm(forgets_w=True), (X,), "the gradient of x differs"),
    "a gate at 0, and dy · 0": (Gate(lambda dy, a: dy * 0), (X,), "the gradient of x differs"),
    "a gate at 0, and dy · a²": (Gate(lambda dy, a: dy * a * a), (X,), "the gradient of x differs"),
    "a bias at 0, and used in dx": (
        layer(
            lambda self, x: (keep(self, x), x * x + self.params["w"])[1],
            lambda self, dy: [
                self.add_grads(w=dy.sum(0)),
                2 * self.saved * dy + dy * self.params["w"],
            ][1],
            w=[0, 0, 0, 0],
        ),
        (X,),
        "gradient of x differs",
    ),
    "a head forgotten": (TwoHeads(forgets=True), (X,), "differs"),
    "the first input is kept": (Remembers(), (X,), "the gradient of x differs"),
    "x clipped in place": (
        layer(in_place, lambda self, dy: dy * (self.saved > 0)),
        (X,),
        "forward changes x",
    ),
    "dy masked in place": (
        layer(lambda self, x: (keep(self, x), np.maximum(x, 0))[1], masks_dy),
        (X,),
        "backward changes dy",
    ),
    "a kernel in float64": (
        Blur(lambda x: np.array([1, 2, 1]) / 4),
        (X,),
        "forward gives float64 for float32 input",
    ),
    "a factor in float64": (
        layer(half, lambda self, dy: dy / 2),
        (X,),
        "forward gives float64 for float32 input",
    ),
    "a buffer in float64": (
        layer(lambda self, x: x * 2, lambda self, dy: np.zeros(dy.shape) + 2 * dy),
        (X,),
        "backward gives float64 for float32 input",
    ),
    "a mixture in float32": (
        layer(
            lambda self, x: ops.linear(x, np.ones((2, 4))),
            lambda self, dy: np.repeat(dy.sum(1, keepdims=True), 4, 1),
        ),
        (X,),
        "in float32: TypeError: dtypes are mixed",
    ),
    "two gradients for one input": (
        layer(lambda self, x: 2 * x, lambda self, dy: (2 * dy, dy)),
        (X,),
        "returns 2 gradients, but forward takes 1",
    ),
    "(out, cache), twice": (
        layer(lambda self, x: (x * x, x), lambda self, dout, cache: 4 * dout * cache),
        (X,),
        "differs",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_nothing_wrong_passes(name):
    own, inputs, says = WRONG[name]
    report = check_gradients(own, *inputs)
    assert report.ok is False, report
    assert says in f"{report.reason} {report.problems}", report


GENERATOR = np.random.default_rng(0)
RANDOM = {
    "a dropout of one's own": own_dropout(np.random.default_rng),
    "one with a generator": own_dropout(lambda: GENERATOR),
    "the library's": layers.Dropout(0.5),
    "within a net": Sequential(Linear(4, 3, rng=0), layers.Dropout(0.5, rng=0)),
    "one that hardly ever drops": layers.Dropout(1e-6, rng=0),
}


@pytest.mark.parametrize("name", RANDOM)
def test_a_random_layer_is_neither_right_nor_wrong(name):
    report = check_gradients(RANDOM[name], X)
    assert report.ok is None, report
    assert "forward is random" in report.reason and "layer.eval()" in report.reason
    assert "cannot be told, because" in str(report)


class Holder:
    """Any object that is no list."""

    def __init__(self, held):
        self.held = held


class Hides(Layer):
    """A layer in an object where nobody looks for it."""

    def __init__(self, dtype):
        super().__init__()
        self.box = Holder({"conv": Conv2d(3, 2, 3, rng=0, dtype=dtype)})

    def forward(self, x):
        return self.box.held["conv"](x)

    def backward(self, dy):
        return self.box.held["conv"].backward(dy)


class HidesUnused(Layer):
    """Keeps one for later."""

    def __init__(self):
        super().__init__()
        self.box = Holder(Conv2d(3, 2, 3, rng=0))

    def forward(self, x):
        return 2 * x

    def backward(self, dy):
        return 2 * dy


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_layer_that_is_not_registered_is_found(dtype):
    report = check_gradients(Hides(dtype), IMAGE)
    assert report.ok is False
    assert "self.box.held['conv'] is a Conv2d whose parameters are not among" in report.reason
    assert check_gradients(HidesUnused(), IMAGE).ok is True


def test_a_missing_init_is_said():
    class NoInit(Layer):
        def __init__(self):
            self.factor = 2.0

        def forward(self, x):
            return self.factor * x

    with pytest.raises(TypeError, match=r"NoInit has no params: .* super\(\).__init__\(\)"):
        check_gradients(NoInit(), X)


def test_a_report_that_cannot_be_drawn_says_so():
    report = check_gradients(RIGHT["scale"][0], X)
    report.rows[0].name = None
    assert str(report).startswith(
        "Own: right\n  the rest of this report cannot be drawn: TypeError"
    )
