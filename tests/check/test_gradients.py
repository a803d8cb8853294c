"""The checker itself: it rejects what is wrong, accepts what is right, and accuses no kink."""

import inspect

import numpy as np
import pytest

from helpers import draw, draw_integers
from nn_scratch import layers, ops
from nn_scratch.check import check_adjoint, check_gradients
from nn_scratch.check.cases import op_cases
from nn_scratch.check.run import library_cases, run_case
from nn_scratch.user_file import UserCodeError

X, W, B = draw(2, 2, 7, 6), draw(3, 2, 3, 2), draw(3)
GEOMETRY = {"stride": 2, "padding": 1}


@pytest.mark.parametrize("case", op_cases(), ids=lambda case: f"{case.name}-{case.note}")
def test_every_op_of_the_library(case):
    result = run_case(case)
    assert result.ok, f"{result.gradients}\n{result.adjoint}"
    assert max(row.error for row in result.gradients.rows) < 1e-7


EXACT = (
    "conv2d",
    "conv_transpose2d",
    "linear",
    "max_unpool2d",
    "nearest_unpool2d",
    "bed_of_nails_unpool2d",
)


@pytest.mark.parametrize("name", EXACT)
def test_the_adjoint_is_exact_where_the_design_says_so(name):
    for case in library_cases(name):
        report = check_adjoint(case.target, *case.inputs, **case.options)
        assert report.gap == 0, report


def wrong_conv(change):
    def conv2d_backward(dy, x, w, **options):
        dx, dw, db = ops.conv2d_backward(dy, x, w, **options)
        return change(dx.copy(), dw.copy(), db.copy(), dy, x, w)

    return ops.conv2d, conv2d_backward


WRONG = {
    "dx too large by 0.1 %": lambda dx, dw, db, *_: (1.001 * dx, dw, db),
    "dw too small by 0.1 %": lambda dx, dw, db, *_: (dx, 0.999 * dw, db),
    "one element of dw": lambda dx, dw, db, *_: (dx, _shifted(dw), db),
    "sign": lambda dx, dw, db, *_: (-dx, dw, db),
    "mean for sum": lambda dx, dw, db, dy, *_: (dx, dw, db / len(dy)),
    "no batch sum": lambda dx, dw, db, dy, *_: (dx, dw, dy[0].sum((1, 2))),
    "kernel turned": lambda dx, dw, db, *_: (dx, dw[:, :, ::-1, ::-1], db),
    "a border": lambda dx, dw, db, *_: (_without_border(dx), dw, db),
    "shape": lambda dx, dw, db, *_: (dx, dw.transpose(1, 0, 2, 3), db),
    "NaN": lambda dx, dw, db, *_: (dx * np.nan, dw, db),
    "dy ignored": lambda dx, dw, db, dy, x, w: ops.conv2d_backward(
        np.ones_like(dy), x, w, **GEOMETRY
    ),
}


def _shifted(a):
    a.flat[3] += 1e-4
    return a


def _without_border(a):
    a[:, :, -1] = 0
    return a


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_convolution_is_rejected(name):
    report = check_gradients(wrong_conv(WRONG[name]), X, W, B, **GEOMETRY)
    assert not report.ok
    assert "WRONG" in str(report)


def test_a_softmax_backward_times_seven_is_rejected():
    """Its gradient of a plain sum of outputs is zero, whatever the factor."""

    def times_seven(dy, y):
        return 7 * ops.softmax_backward(dy, y)

    assert not check_gradients((ops.softmax, times_seven), X).ok
    assert not check_adjoint((ops.softmax, times_seven), X).ok
    assert check_gradients((ops.softmax, ops.softmax_backward), X).ok


def test_the_report_names_the_worst_place():
    report = check_gradients(wrong_conv(WRONG["one element of dw"]), X, W, B, **GEOMETRY)
    row = next(row for row in report.rows if not row.ok)
    assert row.name == "w" and row.place == (0, 0, 1, 1) and row.wrong == 1
    assert row.yours - row.numerical == pytest.approx(1e-4, rel=1e-3)
    assert "1 wrong; the worst at (0, 0, 1, 1)" in str(report)


TIES = draw_integers(2, 3, 8, 6)


@pytest.mark.parametrize(
    ("pair", "options"),
    [
        ((ops.relu, ops.relu_backward), {}),
        ((ops.max_pool2d, ops.max_pool2d_backward), {"kernel_size": 2}),
        ((ops.max_pool2d, ops.max_pool2d_backward), {"kernel_size": 3, "stride": 1, "padding": 1}),
    ],
)
def test_ties_and_kinks_are_not_accused(pair, options):
    """Integers are full of zeros and of equal maxima: the gradient given there is one of many."""
    report = check_gradients(pair, TIES, **options)
    assert report.ok, report
    assert "at a kink" in str(report)
    assert check_adjoint(pair, TIES, **options).ok


def clipped_backward(dy, x):
    return dy * (np.abs(x) < 0.5)


ODD = {
    "tanh": (np.tanh, lambda dy, x: dy * (1 - np.tanh(x) ** 2)),
    "sin": (np.sin, lambda dy, x: dy * np.cos(x)),
    "cube": (lambda x: x**3, lambda dy, x: 3 * dy * x**2),
    "clip": (lambda x: np.clip(x, -0.5, 0.5), clipped_backward),
}


@pytest.mark.parametrize("name", ODD)
def test_a_function_that_is_odd_is_not_taken_for_linear_at_zero(name):
    forward, backward = ODD[name]
    assert check_gradients((forward, backward), np.zeros((2, 3))).ok
    assert check_adjoint((forward, backward), np.zeros((2, 3))).ok
    wrong = (forward, lambda dy, x: backward(dy, x) + 1e-3 * dy)
    assert not check_gradients(wrong, np.zeros((2, 3))).ok


def test_a_gate_that_starts_at_zero():
    class Gate(layers.Layer):
        """x · tanh(a), with one learned a."""

        def __init__(self):
            super().__init__()
            self.add_parameter("a", np.zeros(1))

        def forward(self, x):
            self.saved = x
            return x * np.tanh(self.params["a"])

        def backward(self, dy):
            t = np.tanh(self.params["a"])
            self.add_grads(a=np.sum(dy * self.saved) * (1 - t**2))
            return dy * t

    assert check_gradients(Gate(), X).ok


def test_a_period_is_not_taken_for_a_constant():
    turn = 2 * np.pi
    x = np.arange(6.0).reshape(2, 3)
    pair = (lambda x: np.sin(turn * x)), (lambda dy, x: turn * dy * np.cos(turn * x))
    assert check_gradients(pair, x).ok
    assert not check_gradients((pair[0], lambda dy, x: 0 * dy), x).ok


STEEP = {
    "log": (np.log, lambda dy, x: dy / x),
    "square root": (np.sqrt, lambda dy, x: dy / (2 * np.sqrt(x))),
    "reciprocal": (lambda x: 1 / x, lambda dy, x: -dy / x**2),
}


@pytest.mark.parametrize("name", STEEP)
@pytest.mark.parametrize("x", [np.geomspace(1e-6, 100, 12).reshape(3, 4), np.arange(1.0, 7)[None]])
def test_where_the_slope_changes_much_within_a_step(name, x):
    """And where a step of 1 leaves the domain."""
    forward, backward = STEEP[name]
    assert check_gradients((forward, backward), x).ok
    assert not check_gradients((forward, lambda dy, x: 1.001 * backward(dy, x)), x).ok


def test_tiny_values_are_no_reason_for_tiny_steps():
    assert check_gradients((np.exp, lambda dy, x: dy * np.exp(x)), 1e-8 * X).ok
    assert not check_gradients((np.exp, lambda dy, x: 1.001 * dy * np.exp(x)), 1e-8 * X).ok


def test_a_jump_excuses_no_other_element():
    x = np.array([[0.0, 1.5, 2.5]])

    def forward(x):
        return x * x + (x >= 0)

    assert check_gradients((forward, lambda dy, x: 2 * dy * x), x).ok
    report = check_gradients((forward, lambda dy, x: 2.002 * dy * x), x)
    assert not report.ok and report.rows[0].wrong == 2


def test_a_wrong_gradient_between_kinks_is_rejected():
    report = check_gradients((ops.relu, lambda dy, x: 1.001 * ops.relu_backward(dy, x)), TIES)
    assert not report.ok


def test_a_gradient_outside_of_a_kink_is_rejected():
    """At 0 a ReLU's slope may be anything from 0 to 1, but not 2."""

    def backward(dy, x):
        return dy * (x > 0) + 2 * dy * (x == 0)

    assert not check_gradients((ops.relu, backward), TIES).ok


def test_all_ties_rewarded_is_rejected():
    def backward(dy, x, kernel_size):
        y, _ = ops.max_pool2d(x, kernel_size)
        spread = ops.nearest_unpool2d(y, kernel_size)
        return ops.nearest_unpool2d(dy, kernel_size) * (x == spread) * 3

    pair = (lambda x, kernel_size: ops.max_pool2d(x, kernel_size)[0]), backward
    assert not check_gradients(pair, TIES, kernel_size=2).ok


class Faulty(layers.Layer):
    """A layer with one fault, chosen by name."""

    def __init__(self, fault):
        super().__init__()
        self.fault = fault
        self.calls = 0
        self.add_parameter("weight", np.array([2.0, 3.0, 5.0]))

    def forward(self, x):
        self.saved = x.copy()
        if self.fault == "changes x":
            x *= 2
        return self.params["weight"][:, None] * self.saved

    def backward(self, dy):
        self.calls += 1
        gradient = (dy * self.saved).sum((0, 2))
        if self.fault == "sets":
            self.grads["weight"] = gradient
            return self.params["weight"][:, None] * dy
        if self.fault == "overwrites":
            self.grads["weight"] = np.full(3, 7.0)
        self.grads["weight"] += gradient
        if self.fault == "changes dy":
            dy += 1
        if self.fault == "counts":
            return self.params["weight"][:, None] * dy * self.calls
        if self.fault == "adds":
            return self.params["weight"][:, None] * dy + 1e-9
        if self.fault == "changes weight":
            self.params["weight"] += 1
        return self.params["weight"][:, None] * dy


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("changes x", "changes x"),
        ("changes dy", "changes dy"),
        ("counts", "second call"),
        ("adds", "a dy of zeros gives a gradient of x that is not zero"),
        ("changes weight", "changes weight"),
        ("sets", "backward sets the gradient of weight, but must add to it"),
        ("overwrites", "a dy of zeros gives a gradient of weight"),
    ],
)
def test_faults_besides_the_numbers(fault, message):
    report = check_gradients(Faulty(fault), draw(2, 3, 4))
    assert not report.ok
    assert any(message in problem for problem in report.problems), report
    assert check_gradients(Faulty(None), draw(2, 3, 4)).ok


def test_strides_that_are_ignored():
    def backward(dy, x):
        return np.frombuffer(np.ascontiguousarray(dy).base or dy.copy()).reshape(-1)[: dy.size]

    def ignores_strides(dy, x):
        flat = dy.base.reshape(-1) if dy.base is not None else dy.reshape(-1)
        return flat[: dy.size].reshape(dy.shape) * 2.0

    report = check_gradients((lambda x: 2.0 * x, ignores_strides), draw(3, 4))
    assert any("not contiguous" in problem for problem in report.problems), report


def test_the_user_s_arrays_and_layer_stay_untouched():
    layer = layers.Conv2d(2, 3, 3, rng=0)
    x = draw(1, 2, 5, 6, dtype=np.float32)
    before, state = x.copy(), layer.state_dict()
    assert check_gradients(layer, x).ok
    np.testing.assert_array_equal(x, before)
    assert layer.params["weight"].dtype == np.float32 and "saved" not in vars(layer)
    assert not layer.grads["weight"].any()
    for name, array in layer.state_dict().items():
        np.testing.assert_array_equal(array, state[name])


def test_a_bias_before_batch_norm_has_no_gradient_and_is_not_accused():
    net = layers.Sequential(layers.Conv2d(2, 3, 3, rng=0), layers.BatchNorm2d(3))
    assert check_gradients(net, X).ok
    assert check_adjoint(net, X).ok


def test_what_is_not_returned_is_said():
    report = check_gradients((ops.mse_loss, ops.mse_loss_backward), draw(3, 4), draw(3, 4, seed=1))
    assert report.ok and report.skipped == ["target"]
    assert "not compared" in str(report) and "target" in str(report)
    nothing = check_gradients((ops.relu, lambda dy, x: None), X)
    assert nothing.ok is False and "is a `return` missing?" in nothing.reason


def test_a_forward_that_does_not_tell_its_arguments(monkeypatch):
    signature = inspect.signature

    def of_no_ufunc(function):
        if isinstance(function, np.ufunc):
            raise ValueError(f"callable {function} is not supported by signature")
        return signature(function)

    monkeypatch.setattr(inspect, "signature", of_no_ufunc)
    assert check_gradients((np.tanh, lambda dy, x: dy * (1 - np.tanh(x) ** 2)), X).ok
    assert not check_gradients((np.tanh, lambda dy, x: dy * (1 - np.tanh(x))), X).ok


def test_what_is_no_layer_is_refused():
    with pytest.raises(TypeError, match="a layer is made first"):
        check_gradients(layers.ReLU, X)


def test_unknown_names_get_near_ones():
    with pytest.raises(UserCodeError, match=r"did you mean.*conv2d"):
        library_cases("conv2")


def test_rounding_is_no_kink():
    """Away from ReLU's kink the net is piecewise linear, and its two sides differ by rounding."""
    net = layers.Sequential(
        layers.Conv2d(1, 2, 3, rng=0), layers.ReLU(), layers.Conv2d(2, 2, 3, rng=1)
    )
    x = np.random.default_rng(0).normal(size=(1, 1, 7, 6))
    assert not [row for row in check_gradients(net, x).rows if "kink" in row.compared]


@pytest.mark.parametrize(
    "backward, inputs, verdict, reason, gap",
    [
        (lambda dy: 2 * dy, X, True, "", "equal"),
        (lambda dy: 3 * dy, X, False, "in x, backward is not the adjoint of forward's", None),
        (lambda dy: 2 * dy, np.zeros((2, 3), int), None, "there is nothing to compare", None),
    ],
    ids=["right", "wrong", "nothing"],
)
def test_an_adjoint_report_says_both_sides_and_why(backward, inputs, verdict, reason, gap):
    def double(x):
        return 2 * x

    report = check_adjoint((double, backward), inputs)
    found, lines = report.as_dict(), str(report).splitlines()
    assert report.ok is verdict and found["ok"] is verdict and found["name"] == "double"
    assert report.reason == found["reason"] and report.reason.startswith(reason)
    assert bool(report.reason) == bool(reason)
    assert found["gaps"] == {row.name: row.gap for row in report.rows}
    assert len(lines) == 2 + len(report.rows) and max(map(len, lines)) <= 80
    if verdict is None:
        assert lines[0] == "double: adjoint cannot be told, because there is nothing to compare"
        assert np.isnan(report.gap)
        return
    name, left, right, *_, word = lines[2].split()
    assert (name, word) == ("x", "right" if verdict else "WRONG")
    ratio = 1 if verdict else 1.5  # of ⟨u, Jᵀ g⟩ to ⟨J u, g⟩
    assert float(right) == pytest.approx(ratio * float(left), rel=1e-6)
    assert gap is None or f" {gap} " in lines[2]
    assert (report.gap == 0) == verdict
