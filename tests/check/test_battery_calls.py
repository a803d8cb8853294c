"""Verdicts on how passes are called, what they return and what they write into."""

import subprocess
import sys

import numpy as np
import pytest

from nn_scratch import ops
from nn_scratch.check import check_gradients

RNG = np.random.default_rng(3)
X = RNG.standard_normal((3, 4))
W = RNG.standard_normal((4, 2))
B = RNG.standard_normal(2)
IMAGE, KERNEL, BIAS = (RNG.standard_normal(s) for s in ((2, 2, 6, 5), (3, 2, 3, 2), (3,)))


def affine(x, w, b):
    return x @ w + b


def affine_backward(dy, x, w, b):
    return dy @ w.T, x.T @ dy, dy.sum(0)


def square(x):
    return x * x


# ---------------------------------------------------------------- signatures


def affine_with_cache(x, w, b):
    return x @ w + b, (x, w)


def affine_from_cache(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(0)


def sigmoid(x):
    y = 1 / (1 + np.exp(-x))
    return y, y


def conv2d(x, w, b, stride, padding):
    return ops.conv2d(x, w, b, stride=stride, padding=padding)


def conv2d_backward(dout, x, w, b, stride, padding):
    return ops.conv2d_backward(dout, x, w, stride=stride, padding=padding)


def conv2d_other_names(grad_out, inp, weight, bias, s, p):
    return ops.conv2d_backward(grad_out, inp, weight, stride=s, padding=p)


def mse(prediction, target):
    return ((prediction - target) ** 2).mean()


def dmse(prediction, target):
    return 2 * (prediction - target) / prediction.size


def with_statistics(x):
    mean = x.mean(0)
    return x - mean, mean, x.var(0)


def two_results(x):
    return x * x, x.sum(1)


def two_results_backward(dsquare, dsum, x):
    return 2 * x * dsquare + dsum[:, None]


def of_a_tuple(dys, x):
    dsquare, dsum = dys
    return 2 * x * dsquare + dsum[:, None]


def twice(change):
    return lambda *given: change(affine_from_cache(*given))


RIGHT = {
    "out, cache": ((affine_with_cache, affine_from_cache), (X, W, B), {}),
    "a cache of floats": (
        (lambda x: (np.maximum(x, 0), x), lambda dout, cache: dout * (cache > 0)),
        (X,),
        {},
    ),
    "the result is the cache": (
        (sigmoid, lambda dout, cache: dout * cache * (1 - cache)),
        (X,),
        {},
    ),
    "a cache in a dict": (
        (lambda x: (x * x, {"x": x}), lambda dy, cache: 2 * dy * cache["x"]),
        (X,),
        {},
    ),
    "a cache in a list": ((lambda x: [x * x, [x]], lambda dy, cache: 2 * dy * cache[0]), (X,), {}),
    "a cache by another name": (
        (lambda x: (x * x, x), lambda dy, remembered: 2 * dy * remembered),
        (X,),
        {},
    ),
    "options by position": ((conv2d, conv2d_backward), (IMAGE, KERNEL, BIAS, 2, 1), {}),
    "options by name": (
        (conv2d, conv2d_backward),
        (IMAGE, KERNEL, BIAS),
        {"stride": 2, "padding": 1},
    ),
    "options under other names": ((conv2d, conv2d_other_names), (IMAGE, KERNEL, BIAS, 2, 1), {}),
    "no bias given": ((ops.conv2d, ops.conv2d_backward), (IMAGE, KERNEL), {"padding": 1}),
    "None for a bias": ((ops.conv2d, ops.conv2d_backward), (IMAGE, KERNEL, None), {}),
    "a loss without dy": ((mse, dmse), (X, X[::-1]), {}),
    "a loss with dy": (
        (mse, lambda dy, prediction, target: dy * dmse(prediction, target)),
        (X, X[::-1]),
        {},
    ),
    "a loss with dy last": (
        (mse, lambda prediction, target, dloss=1.0: dloss * dmse(prediction, target)),
        (X, X[::-1]),
        {},
    ),
    "a loss with both gradients": (
        (mse, lambda prediction, target: (dmse(prediction, target), -dmse(prediction, target))),
        (X, X[::-1]),
        {},
    ),
    "a loss of integers": (
        (ops.cross_entropy, ops.cross_entropy_backward),
        (X, np.array([0, 3, 1])),
        {},
    ),
    "labels first": (
        (
            lambda labels, scores: ops.cross_entropy(scores, labels),
            lambda labels, scores: ops.cross_entropy_backward(scores, labels),
        ),
        (np.array([0, 3, 1]), X),
        {},
    ),
    "labels first, None for them": (
        (
            lambda labels, scores: ops.cross_entropy(scores, labels),
            lambda labels, scores: (None, ops.cross_entropy_backward(scores, labels)),
        ),
        (np.array([0, 3, 1]), X),
        {},
    ),
    "a loss from a cache": (
        (lambda p, t: (mse(p, t), (p, t)), lambda cache: dmse(*cache)),
        (X, X[::-1]),
        {},
    ),
    "a loss that returns its gradient": (
        (lambda x, t: (mse(x, t), dmse(x, t)), lambda dx: dx),
        (X, X[::-1]),
        {},
    ),
    "a loss that returns its gradient, with dout": (
        (lambda x, t: (mse(x, t), dmse(x, t)), lambda dout, dx: dout * dx),
        (X, X[::-1]),
        {},
    ),
    "(x, dy)": ((square, lambda x, dy: 2 * x * dy), (X,), {}),
    "(x, upstream)": ((square, lambda x, upstream: 2 * x * upstream), (X,), {}),
    "(dz, x)": ((square, lambda dz, x: 2 * x * dz), (X,), {}),
    "(grad_output, x)": ((square, lambda grad_output, x: 2 * x * grad_output), (X,), {}),
    "(e, a)": ((square, lambda e, a: 2 * a * e), (X,), {}),
    "(dy, y)": ((np.exp, lambda dy, y: dy * y), (X,), {}),
    "(dy, s), which is y": ((np.exp, lambda dy, s: dy * s), (X,), {}),
    "(dy, *inputs)": ((affine, lambda dy, *inputs: affine_backward(dy, *inputs)), (X, W, B), {}),
    "a list of gradients": (
        (affine, lambda dy, x, w, b: list(affine_backward(dy, x, w, b))),
        (X, W, B),
        {},
    ),
    "a dict of gradients": (
        (
            affine,
            lambda dy, x, w, b: dict(
                zip(("dx", "dw", "db"), affine_backward(dy, x, w, b), strict=True)
            ),
        ),
        (X, W, B),
        {},
    ),
    "statistics besides": ((with_statistics, lambda dy, x: dy - dy.mean(0)), (X,), {}),
    "a second result by name": ((with_statistics, lambda dy, mean: dy - dy.mean(0)), (X,), {}),
    "two results, two cotangents": ((two_results, two_results_backward), (X,), {}),
    "two results, a tuple": ((two_results, of_a_tuple), (X,), {}),
    "a shape instead of x": (
        (lambda x: x.reshape(-1), lambda dy, x_shape: dy.reshape(x_shape)),
        (X,),
        {},
    ),
    "an option by keyword only": (
        (lambda x, *, power: x**power, lambda dy, x, *, power: power * x ** (power - 1) * dy),
        (X,),
        {"power": 3},
    ),
    "a target of floats": (
        (lambda x, target: x * target, lambda dy, x, target: dy * target),
        (X, X[::-1]),
        {},
    ),
    "an input of float32": ((square, lambda dy, x: 2 * x * dy), (X.astype(np.float32),), {}),
    "buffers of float64": (
        (lambda x: np.zeros(x.shape) + x, lambda dy, x: np.zeros(x.shape) + dy),
        (X,),
        {},
    ),
    "gradients that share memory": ((lambda a, b: a + b, lambda dy, a, b: (dy, dy)), (X, X), {}),
    "a memory-mapped kind of array": (
        (lambda x: np.ma.masked_array(x) * 2, lambda dy, x: np.ma.masked_array(2 * dy)),
        (X,),
        {},
    ),
    "writes into its own copy": (
        (
            lambda x: np.negative(x := x.copy(), out=x),
            lambda dy, x: np.negative(dy := dy.copy(), out=dy),
        ),
        (X,),
        {},
    ),
    "writes into its cache": (
        (lambda x: (x * x, 2 * x), lambda dy, cache: np.multiply(cache, dy, out=cache)),
        (X,),
        {},
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_nothing_right_is_accused(name):
    pair, inputs, options = RIGHT[name]
    report = check_gradients(pair, *inputs, **options)
    assert report.ok is True, report


class Lying(np.ndarray):
    """An array that is always as far from others as one would wish."""

    def __sub__(self, other):
        return np.zeros(np.shape(other))

    __rsub__ = __mul__ = __rmul__ = __sub__


class Agreeing(np.ndarray):
    """Another: its elements are all alike when they are looked at."""

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return np.zeros(self.shape)


def halved_in_place(dy, x):
    dy *= 2
    return dy * x


def clipped_in_place(x):
    x[x < 0] = 0
    return x


def sorted_in_place(x):
    x.sort(1)
    return x.cumsum(1)


def masked_dy(dy, x):
    dy[x <= 0] = 0
    return dy


def writes_labels(scores, labels):
    loss = ops.cross_entropy(scores, labels)
    labels[:] = labels.clip(0, 2)
    return loss


def writes_option(x, *, weights):
    weights /= weights.sum()
    return x * 3


def scales_y(dy, y):
    y *= dy
    return y


KEPT = np.empty(X.shape)


def into_the_same_array(x):
    return np.multiply(x, 3, out=KEPT)


SEEN = {}


def remembers_the_first(x):
    SEEN.setdefault("x", x.copy())
    return x * x


WRONG = {  # with what the reason has to say
    "dw, db forgotten": (
        (affine, lambda dy, x, w, b: dy @ w.T),
        (X, W, B),
        {},
        "no gradient of w, b",
    ),
    "db forgotten": (
        (affine, lambda dy, x, w, b: (dy @ w.T, x.T @ dy)),
        (X, W, B),
        {},
        "no gradient of b",
    ),
    "db forgotten, with a cache": (
        (affine_with_cache, lambda dy, cache: affine_from_cache(dy, cache)[:2]),
        (X, W, B),
        {},
        "no gradient of b",
    ),
    "None for dw": (
        (affine, lambda dy, x, w, b: (dy @ w.T, None, dy.sum(0))),
        (X, W, B),
        {},
        "no gradient of w",
    ),
    "return forgotten": ((square, lambda dy, x: None), (X,), {}, "is a `return` missing?"),
    "one gradient too many": (
        (square, lambda dy, x: (2 * x * dy, dy)),
        (X,),
        {},
        "returns 2 gradients, but forward takes 1",
    ),
    "gradients in another order": (
        (affine, lambda dy, x, w, b: (x.T @ dy, dy @ w.T, dy.sum(0))),
        (X, W, B),
        {},
        "has shape",
    ),
    "an axis too many": ((square, lambda dy, x: (2 * x * dy)[None]), (X,), {}, "has shape"),
    "not finite": ((square, lambda dy, x: x * dy / 0), (X,), {}, "not finite"),
    "a cache, and a factor": (
        (
            affine_with_cache,
            lambda dout, cache: tuple(2 * g for g in affine_from_cache(dout, cache)),
        ),
        (X, W, B),
        {},
        "differs",
    ),
    "a wrong loss": (
        (mse, lambda prediction, target: 2 * (prediction - target)),
        (X, X[::-1]),
        {},
        "differs",
    ),
    "a wrong loss from a cache": (
        (lambda p, t: (mse(p, t), (p, t)), lambda cache: 2 * dmse(*cache)),
        (X, X[::-1]),
        {},
        "differs",
    ),
    "a loss that ignores dy": (
        (mse, lambda dy, prediction, target: dmse(prediction, target)),
        (X, X[::-1]),
        {},
        "zero",
    ),
    "options ignored": (
        (
            conv2d,
            lambda dy, x, w, b, stride, padding: ops.conv2d_backward(
                dy.repeat(1, 0), x, 2 * w, stride=stride, padding=padding
            ),
        ),
        (IMAGE, KERNEL, BIAS, 2, 1),
        {},
        "differs",
    ),
    "two results, one forgotten": (
        (two_results, lambda dsquare, dsum, x: 2 * x * dsquare),
        (X,),
        {},
        "differs",
    ),
    "x clipped in place": (
        (clipped_in_place, lambda dy, x: dy * (x > 0)),
        (X,),
        {},
        "forward changes x",
    ),
    "x sorted in place": (
        (sorted_in_place, lambda dy, x: dy),
        (np.sort(X, 1)[:, ::-1],),
        {},
        "forward changes x",
    ),
    "dy masked in place": (
        (lambda x: np.maximum(x, 0), masked_dy),
        (X,),
        {},
        "backward changes dy",
    ),
    "dy doubled in place": ((lambda x: x * x, halved_in_place), (X,), {}, "backward changes dy"),
    "labels written into": (
        (writes_labels, ops.cross_entropy_backward),
        (X, np.array([0, 3, 1])),
        {},
        "forward changes labels",
    ),
    "an option written into": (
        (writes_option, lambda dy, x: 3 * dy),
        (X,),
        {"weights": np.array([1.0, 2])},
        "forward changes weights",
    ),
    "y written into": ((np.exp, scales_y), (X,), {}, "backward changes y"),
    "the same result twice": (
        (into_the_same_array, lambda dy, x: 3 * dy),
        (X,),
        {},
        "same array again",
    ),
    "remembers the first input": (
        (remembers_the_first, lambda dy: 2 * SEEN["x"] * dy),
        (X,),
        {},
        "differs",
    ),
    "an array that lies in -": (
        (lambda x: 2 * x, lambda dy, x: np.full(x.shape, 7.0).view(Lying)),
        (X,),
        {},
        "",
    ),
    "an array that lies in *": (
        (lambda x: 2 * x, lambda dy, x: (7 * dy).view(Lying)),
        (X,),
        {},
        "differs",
    ),
    "an array that lies in all": (
        (lambda x: 2 * x, lambda dy, x: (7 * dy).view(Agreeing)),
        (X,),
        {},
        "differs",
    ),
    "a result that lies": (
        (lambda x: (2 * x).view(Agreeing), lambda dy, x: 7 * dy),
        (X,),
        {},
        "differs",
    ),
    "counts its calls": (
        (square, lambda dy, x, n=[0]: (n.append(0), 2 * x * dy * len(n))[1]),
        (X,),
        {},
        "second call",
    ),
    "strides ignored": (
        (lambda x: 3 * x, lambda dy, x: 3 * np.lib.stride_tricks.as_strided(dy, dy.shape, (32, 8))),
        (X,),
        {},
        "not contiguous",
    ),
    "other in float32": (
        (square, lambda dy, x: (2 if x.dtype == np.float64 else 3) * x * dy),
        (X,),
        {},
        "in float32",
    ),
    "overflow in float32": (
        (lambda x: np.log(np.exp(x).sum()), lambda dy, x: dy * np.exp(x) / np.exp(x).sum()),
        (40 * X + 60,),
        {},
        "in float32",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_nothing_wrong_passes(name):
    pair, inputs, options, reason = WRONG[name]
    SEEN.clear()
    with np.errstate(all="ignore"):
        report = check_gradients(pair, *inputs, **options)
    assert report.ok is not True, report
    assert report.ok is False or "float32" in report.reason, report
    assert reason in f"{report.reason} {report.problems} {report.doubts}", report


def test_what_cannot_be_called_says_what_to_change():
    with pytest.raises(TypeError, match="which argument of backward"):
        check_gradients((square, lambda x: 2 * x), X)
    with pytest.raises(TypeError, match="also needs stride, padding"):
        check_gradients((conv2d, conv2d_backward), IMAGE, KERNEL, BIAS)
    with pytest.raises(TypeError, match="also needs target"):
        check_gradients((mse, dmse), X)
    with pytest.raises(TypeError, match="what is rules\\? It is none of forward's arguments"):
        check_gradients((affine, lambda dy, x, w, b, rules: dy), X, W, B)
    with pytest.raises(TypeError, match="forward returns NoneType: is a return missing"):
        check_gradients((lambda x: None, lambda dy, x: dy), X)


def test_a_call_that_fails_later_ends_no_report():
    """Backward divides by the largest dy; a dy of zeros is refused."""

    def backward(dy, x):
        if not dy.any():
            raise ZeroDivisionError("dy is 0")
        return 2 * x * dy

    report = check_gradients((square, backward), X)
    assert report.ok is None
    assert report.reason == "a further call ends in ZeroDivisionError: dy is 0"


def test_check_needs_no_op():
    """Exercises run while the ops are being edited."""
    code = (
        "import sys, nn_scratch.check as c, numpy as np\n"
        "assert c.check_gradients((np.exp, lambda dy, y: dy * y), np.ones((2, 3))).ok\n"
        "print([m for m in sys.modules if m.startswith(('nn_scratch.ops', 'nn_scratch.layers'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_passes_of_a_notebook_cell():
    """They have no file and no source."""
    cell = {}
    exec(
        "import numpy as np\n"
        "def f(x): return np.sin(x)\n"
        "def f_backward(dy, x): return dy * np.cos(x)\n"
        "def g_backward(dy, x): return dy * np.sin(x)\n",
        cell,
    )
    assert check_gradients((cell["f"], cell["f_backward"]), X).ok is True
    assert check_gradients((cell["f"], cell["g_backward"]), X).ok is False


def test_the_caller_s_arrays_stay_as_they_are():
    x, labels = X.copy(), np.array([0, 3, 1])
    check_gradients((clipped_in_place, lambda dy, x: dy), x)
    check_gradients((writes_labels, ops.cross_entropy_backward), x, labels)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(labels, [0, 3, 1])
