"""Passes with a fixed verdict each: right, wrong, or cannot be told. They prove the checker itself.

Nothing right may be accused, nothing wrong may pass, and noise is neither. This file holds pairs of
functions that do arithmetic; test_battery_calls.py how they are called and what they write into,
test_battery_layers.py layers.
"""

import numpy as np
import pytest

from nn_scratch.check import check_adjoint, check_gradients

RNG = np.random.default_rng(7)
X = RNG.standard_normal((3, 4))
P = RNG.uniform(0.3, 3, (3, 4))  # positive
TIES = np.array([[0.0, -1, 2, 2], [1, 0, 1, -3], [0, 0, -2, 5]])
W = RNG.standard_normal((4, 2))
CASES = []


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def kept(x, rate):
    """A dropout's mask, from NumPy's global generator, as students draw it."""
    return np.random.rand(*x.shape) > rate  # noqa: NPY002


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def pair(name, forward, right, *inputs, wrong=(), open_=False):
    """A forward pass with its right backward pass, and with wrong ones.

    open_: the right one cannot be told (then neither may be accused, nor anything be called right).
    """
    CASES.append((name, forward, right, inputs, None if open_ else True))
    for i, backward in enumerate(wrong):
        CASES.append((f"{name}, wrong {i + 1}", forward, backward, inputs, False))


def pointwise(name, f, df, x, **options):
    """A function of each element, and four ways to get its slope wrong, two of them slight."""
    wrong = [
        lambda dy, x: 1.001 * dy * df(x),
        lambda dy, x: dy * (df(x) + 1e-4 * np.abs(df(x)).max()),
        lambda dy, x: -dy * df(x),
        lambda dy, x: df(x) + 0 * dy,
    ]
    pair(name, f, lambda dy, x: dy * df(x), x, wrong=wrong, **options)


# ---------------------------------------------------------------- smooth

pointwise("exp", np.exp, np.exp, X)
pointwise("log", np.log, lambda x: 1 / x, P)
pointwise("square root", np.sqrt, lambda x: 0.5 / np.sqrt(x), P)
pointwise("tanh", np.tanh, lambda x: 1 - np.tanh(x) ** 2, X)
pointwise("sigmoid", sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x)), X)
pointwise("softplus", lambda x: np.log1p(np.exp(x)), sigmoid, X)
pointwise("cube", lambda x: x**3, lambda x: 3 * x**2, X)
pointwise("reciprocal", lambda x: 1 / x, lambda x: -1 / x**2, P)
pointwise("swish", lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1 + x * (1 - sigmoid(x))), X)
pointwise("ninth power", lambda x: x**9, lambda x: 9 * x**8, P)
pair(
    "softmax",
    softmax,
    lambda dy, x: softmax(x) * (dy - (dy * softmax(x)).sum(1, keepdims=True)),
    X,
    wrong=[
        lambda dy, x: softmax(x) * (dy - (dy * softmax(x)).mean(1, keepdims=True)),
        lambda dy, x: softmax(x) * (1 - softmax(x)) * dy,
        lambda dy, x: softmax(x) * (dy - (dy * softmax(x)).sum(0, keepdims=True)),
    ],
)
pair(
    "log of a sum of exponentials",
    lambda x: np.log(np.exp(x).sum(1)),
    lambda dy, x: dy[:, None] * softmax(x),
    X,
    wrong=[lambda dy, x: dy[:, None] / np.exp(x).sum(1, keepdims=True)],
)
pair(
    "normalized to length 1",
    lambda x: x / np.sqrt((x * x).sum(1, keepdims=True)),
    lambda dy, x: (
        (dy - x * (dy * x).sum(1, keepdims=True) / (x * x).sum(1, keepdims=True))
        / np.sqrt((x * x).sum(1, keepdims=True))
    ),
    X,
    wrong=[lambda dy, x: dy / np.sqrt((x * x).sum(1, keepdims=True))],
)
pair(
    "product of rows",
    lambda x: x.prod(1),
    lambda dy, x: dy[:, None] * x.prod(1, keepdims=True) / x,
    P,
    wrong=[lambda dy, x: dy[:, None] * x.prod(1, keepdims=True)],
)

# ---------------------------------------------------------------- linear

pair(
    "identity, the same array", lambda x: x, lambda dy, x: dy, X, wrong=[lambda dy, x: 1.0001 * dy]
)
pair("cumulated", lambda x: x.cumsum(1), lambda dy, x: dy[:, ::-1].cumsum(1)[:, ::-1], X)
pair("turned", lambda x: x[::-1, ::-1], lambda dy, x: dy[::-1, ::-1], X, wrong=[lambda dy, x: dy])
pair("transposed", lambda x: x.T, lambda dy, x: dy.T, X)
pair(
    "rolled",
    lambda x: np.roll(x, 1, 1),
    lambda dy, x: np.roll(dy, -1, 1),
    X,
    wrong=[lambda dy, x: np.roll(dy, 1, 1)],
)
pair(
    "summed",
    lambda x: x.sum(),
    lambda dy, x: np.full(x.shape, dy),
    X,
    wrong=[lambda dy, x: np.full(x.shape, dy / x.size)],
)
pair(
    "mean",
    lambda x: x.mean(0),
    lambda dy, x: np.tile(dy / 3, (3, 1)),
    X,
    wrong=[lambda dy, x: np.tile(dy, (3, 1))],
)
pair(
    "padded",
    lambda x: np.pad(x, 1),
    lambda dy, x: dy[1:-1, 1:-1],
    X,
    wrong=[lambda dy, x: dy[:-2, :-2], lambda dy, x: dy[2:, 2:]],
)
pair(
    "matrix product",
    lambda x, w: x @ w,
    lambda dy, x, w: (dy @ w.T, x.T @ dy),
    X,
    W,
    wrong=[
        lambda dy, x, w: (dy @ w.T, x.T @ dy / len(x)),
        lambda dy, x, w: (dy @ w.T, x[:1].T @ dy[:1]),
        lambda dy, x, w: (dy @ w.T, np.ones(x.shape).T @ dy),
        lambda dy, x, w: (dy.sum(1, keepdims=True) + 0 * x, x.T @ dy),
    ],
)
pair(
    "outer product",
    lambda a, b: np.outer(a, b),
    lambda dy, a, b: (dy @ b, dy.T @ a),
    X[0],
    X[1, :3],
    wrong=[lambda dy, a, b: (dy @ b, 2 * dy.T @ a)],
)
pair(
    "one element forgotten",
    lambda x: 3 * x,
    lambda dy, x: 3 * dy,
    X,
    wrong=[
        lambda dy, x: 3 * dy * (np.arange(12).reshape(3, 4) != 7),
        lambda dy, x: 3 * dy[[0, 1, 1]],
    ],
)
pair("a constant", lambda x: 0 * x + 5, lambda dy, x: 0 * dy, X, wrong=[lambda dy, x: dy])
pair(
    "an argument without effect",
    lambda x, w: 2 * x,
    lambda dy, x, w: (2 * dy, 0 * w),
    X,
    W,
    wrong=[lambda dy, x, w: (2 * dy, np.ones(w.shape) * dy.sum())],
)

# ---------------------------------------------------------------- kinks and jumps

pair(
    "ReLU",
    lambda x: np.maximum(x, 0),
    lambda dy, x: dy * (x > 0),
    TIES,
    wrong=[
        lambda dy, x: dy * (x > 1),
        lambda dy, x: dy * (x >= -1),
        lambda dy, x: dy,
        lambda dy, x: 2 * dy * (x >= 0),
    ],
)
pair("ReLU, 1 at zero", lambda x: np.maximum(x, 0), lambda dy, x: dy * (x >= 0), TIES)
pair(
    "ReLU, all closed",
    lambda x: np.maximum(x, 0),
    lambda dy, x: dy * (x > 0),
    -P,
    wrong=[lambda dy, x: dy],
)
pair("absolute", np.abs, lambda dy, x: dy * np.sign(x), TIES, wrong=[lambda dy, x: dy])
pair(
    "clip",
    lambda x: np.clip(x, -1, 1),
    lambda dy, x: dy * (np.abs(x) < 1),
    TIES,
    wrong=[lambda dy, x: dy * (np.abs(x) < 2.5)],
)
pair(
    "leaky",
    lambda x: np.where(x > 0, x, 0.1 * x),
    lambda dy, x: np.where(x > 0, dy, 0.1 * dy),
    TIES,
    wrong=[
        lambda dy, x: np.where(x > 0, dy, 0.2 * dy),
        lambda dy, x: np.where(x < 0, dy, 0.1 * dy),
    ],
)
pair(
    "maximum of a row",
    lambda x: x.max(1),
    lambda dy, x: dy[:, None] * (np.arange(4) == x.argmax(1)[:, None]),
    TIES,
    wrong=[
        lambda dy, x: dy[:, None] * (x == x.max(1, keepdims=True)) * 2,
        lambda dy, x: np.tile(dy[:, None], 4),
    ],
)
pair(
    "sorted",
    lambda x: np.sort(x, 1),
    lambda dy, x: np.take_along_axis(dy, x.argsort(1).argsort(1), 1),
    X,
    wrong=[lambda dy, x: np.take_along_axis(dy, x.argsort(1), 1)],
)
pair("sign", np.sign, lambda dy, x: 0 * dy, X, wrong=[lambda dy, x: dy])
pair("floor", lambda x: np.floor(3 * x), lambda dy, x: 0 * dy, X)
pair(
    "a step and a square",
    lambda x: x * x + (x >= 0),
    lambda dy, x: 2 * x * dy,
    np.array([[0.0, 1.5, 2.5]]),
    wrong=[lambda dy, x: 2.002 * x * dy],
)
pair(
    "smooth L1",
    lambda x: np.where(np.abs(x) < 1, x * x / 2, np.abs(x) - 0.5),
    lambda dy, x: dy * np.clip(x, -1, 1),
    2 * X,
    wrong=[lambda dy, x: dy * x, lambda dy, x: dy * np.sign(x)],
)

# ---------------------------------------------------------------- huge, tiny, steep

for size in (1e-200, 1e-30, 1e-8, 1e8, 1e30, 1e150):
    pair(
        f"{size:g} · x²",
        lambda x, s=size: s * x * x,
        lambda dy, x, s=size: 2 * s * x * dy,
        X,
        wrong=[
            lambda dy, x, s=size: 2.002 * s * x * dy,
            lambda dy, x, s=size: 4 * s * x * dy,
            lambda dy, x: 0 * x * dy,
        ],
    )
for size in (1e-12, 1e-6, 1e5):
    pair(
        f"sine of x near {size:g}",
        np.sin,
        lambda dy, x: dy * np.cos(x),
        size * X,
        wrong=[lambda dy, x: 1.001 * dy * np.cos(x)],
    )
for steep in (1e3, 1e6):
    pair(
        f"tanh({steep:g} x)",
        lambda x, k=steep: np.tanh(k * x),
        lambda dy, x, k=steep: dy * k * (1 - np.tanh(k * x) ** 2),
        X / steep,
        wrong=[
            lambda dy, x, k=steep: dy * (1 - np.tanh(k * x) ** 2),
            lambda dy, x, k=steep: 1.01 * dy * k * (1 - np.tanh(k * x) ** 2),
        ],
    )
pair(
    "logarithm near 0",
    np.log,
    lambda dy, x: dy / x,
    np.geomspace(1e-9, 1e3, 8),
    wrong=[lambda dy, x: 1.001 * dy / x],
)
pair(
    "one huge element",
    lambda x: x * x,
    lambda dy, x: 2 * x * dy,
    np.array([1e6, 1.0, 2.0]),
    wrong=[lambda dy, x: 2.002 * x * dy],
)
for offset in (1e2, 1e4):
    pair(
        f"{offset:g} + x²",
        lambda x, o=offset: o + x * x,
        lambda dy, x: 2 * x * dy,
        X,
        wrong=[lambda dy, x: 2.02 * x * dy, lambda dy, x: 0 * dy],
    )
for error in (1e-3, 1e-4, 1e-5):
    pair(
        f"wrong by {error:g}",
        lambda x: np.exp(x),
        lambda dy, x: dy * np.exp(x),
        X,
        wrong=[
            lambda dy, x, e=error: dy * np.exp(x) * (1 + e),
            lambda dy, x, e=error: dy * np.exp(x) + e * dy,
        ],
    )

# ---------------------------------------------------------------- cannot be told

pair("1e12 + x²", lambda x: 1e12 + x * x, lambda dy, x: 2 * x * dy, X, open_=True)
pair("1e10 + sin x", lambda x: 1e10 + np.sin(x), lambda dy, x: dy * np.cos(x), X, open_=True)
pair("1 + 1e-20 x²", lambda x: 1 + 1e-20 * x * x, lambda dy, x: 2e-20 * x * dy, X, open_=True)
pair(
    "computed in float32",
    lambda x: (x * x).astype(np.float32),
    lambda dy, x: 2 * x * dy,
    X,
    open_=True,
    wrong=[lambda dy, x: 4 * x * dy, lambda dy, x: -2 * x * dy],
)
pair(
    "computed in float16",
    lambda x: (x * x).astype(np.float16),
    lambda dy, x: 2 * x * dy,
    X,
    open_=True,
)
pair(
    "float32 within",
    lambda x: np.sin((x.astype(np.float32) ** 2).astype(np.float64)),
    lambda dy, x: 2 * x * np.cos(x * x) * dy,
    X,
    open_=True,
    wrong=[lambda dy, x: 0 * dy + 5],
)
pair(
    "input rounded to float32",
    lambda x: x.astype(np.float32).astype(np.float64) ** 3,
    lambda dy, x: 3 * x**2 * dy,
    X,
    open_=True,
)
pair(
    "fine noise",
    lambda x: np.sin(x) + 1e-6 * np.sin(1e9 * x),
    lambda dy, x: dy * np.cos(x),
    X,
    open_=True,
    wrong=[lambda dy, x: 2 * dy * np.cos(x)],
)
pair("dropout", lambda x: x * kept(x, 0.5), lambda dy, x: 0.5 * dy, X, open_=True)
pair(
    "any backward of a dropout",
    lambda x: x * kept(x, 0.5),
    lambda dy, x: 7 * dy,
    X,
    open_=True,
)
pair(
    "a dropout that rarely drops",
    lambda x: x * kept(x, 1e-4),
    lambda dy, x: dy,
    X,
    open_=True,
)
pair(
    "new noise",
    lambda x: x + np.random.default_rng().standard_normal(x.shape),
    lambda dy, x: dy,
    X,
    open_=True,
)
pair(
    "slight noise",
    lambda x: x * x + 1e-9 * np.random.default_rng().random(x.shape),
    lambda dy, x: 2 * x * dy,
    X,
    open_=True,
)
pair("not finite", lambda x: np.log(x), lambda dy, x: dy / x, np.array([1.0, 0.0, 2.0]), open_=True)
pair("nothing in it", lambda x: 2 * x, lambda dy, x: 2 * dy, np.zeros((0, 4)), open_=True)
pair("nothing comes out", lambda x: x[:, :0], lambda dy, x: 0 * x, X, open_=True)
pair("only integers", lambda x: 2.0 * x, lambda dy, x: 2 * dy, np.arange(4), open_=True)


@pytest.mark.parametrize(
    ("name", "forward", "backward", "inputs", "verdict"), CASES, ids=[c[0] for c in CASES]
)
def test_the_verdict(name, forward, backward, inputs, verdict):
    with np.errstate(all="ignore"):
        report = check_gradients((forward, backward), *inputs)
    assert report.ok is verdict, report
    assert bool(report) is (verdict is True)
    assert (report.reason == "") is (verdict is True)
    assert report.as_dict()["ok"] is verdict


FINE = [case[:-1] for case in CASES if case[-1] is not False]


@pytest.mark.parametrize(("name", "forward", "backward", "inputs"), FINE, ids=[c[0] for c in FINE])
def test_the_adjoint_accuses_nothing_that_is_right(name, forward, backward, inputs):
    with np.errstate(all="ignore"):
        report = check_adjoint((forward, backward), *inputs)
    assert report.ok is not False, report


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 4))
def test_verdicts_do_not_hang_on_the_random_numbers(seed):
    for name, forward, backward, inputs, verdict in CASES:
        with np.errstate(all="ignore"):
            report = check_gradients((forward, backward), *inputs, seed=seed)
        assert report.ok is verdict, f"{name}\n{report}"


def test_there_are_enough_of_them():
    assert len(CASES) >= 150
