"""Files of one's own: which passes are found in them, on what they are checked, what is said."""

import re

import numpy as np
import pytest

from nn_scratch.check.run import check_own
from nn_scratch.check.user_code import user_cases
from nn_scratch.user_file import UserCodeError, load_file

HEAD = "import numpy as np\nfrom nn_scratch import ops\nfrom nn_scratch.layers import *\n"

RIGHT = {
    "conv2d": """
def conv2d(x, w, b, stride, padding):
    return ops.conv2d(x, w, b, stride=stride, padding=padding)
def conv2d_backward(dout, x, w, b, stride, padding):
    return ops.conv2d_backward(dout, x, w, stride=stride, padding=padding)
""",
    "max_pool2d": """
def max_pool2d(x, size, stride):
    return ops.max_pool2d(x, size, stride=stride)
def max_pool2d_backward(dy, switches, x, size, stride):
    return ops.max_pool2d_backward(dy, switches, x.shape[2:], kernel_size=size, stride=stride)
""",
    "linear": """
def linear(x, w, b):
    return x @ w.T + b, (x, w)
def linear_backward(dout, cache):
    x, w = cache
    return dout @ w, dout.T @ x, dout.sum(0)
""",
    "dense": """
def dense_forward(x, w, b):
    return x.reshape(len(x), -1) @ w + b, (x, w)
def dense_backward(dout, cache):
    x, w = cache
    return (dout @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dout, dout.sum(0)
""",
    "mse": """
def mse(prediction, target):
    return ((prediction - target) ** 2).mean()
def mse_backward(prediction, target):
    return 2 * (prediction - target) / prediction.size
""",
    "mae": """
def mae(prediction, target):
    return np.abs(prediction - target).mean()
def mae_backward(dloss, prediction, target):
    return dloss * np.sign(prediction - target) / prediction.size
""",
    "square": """
def square(x): return x * x
def square_backward(x, dy): return 2 * x * dy
""",
    "cube": """
def cube(x): return x ** 3
def grad_cube(dy, x): return 3 * x ** 2 * dy
""",
    "hinge": """
def hinge(scores, labels):
    right = scores[np.arange(len(labels)), labels]
    return np.maximum(scores - right[:, None] + 1, 0).sum()
def hinge_backward(scores, labels):
    rows = np.arange(len(labels))
    d = (scores - scores[rows, labels][:, None] + 1 > 0).astype(scores.dtype)
    d[rows, labels] -= d.sum(1)
    return d
""",
    "scaled": """
def scaled(x, alpha): return alpha * x
def scaled_backward(dy, x, alpha): return alpha * dy
""",
    "cross_entropy": """
def cross_entropy(scores, labels):
    return ops.cross_entropy(scores, labels)
def cross_entropy_backward(scores, labels):
    return ops.cross_entropy_backward(scores, labels)
""",
    "of_a_dataclass": """
from __future__ import annotations
from dataclasses import dataclass
import numpy as np
@dataclass
class Kept:
    x: np.ndarray
def of_a_dataclass(x): return x * x, Kept(x)
def of_a_dataclass_backward(dy, cache): return 2 * cache.x * dy
""",
    "Scaled": """
class Scaled(Layer):
    def __init__(self, num_features):
        super().__init__()
        self.add_parameter("w", np.ones(num_features, np.float32))
    def forward(self, x):
        self.saved = x
        return x * self.params["w"][:, None, None]
    def backward(self, dy):
        self.add_grads(w=(dy * self.saved).sum((0, 2, 3)))
        return dy * self.params["w"][:, None, None]
""",
    "Dense": """
class Dense(Layer):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.inner = Linear(in_features, out_features, rng=0)
    def forward(self, x): return self.inner(x)
    def backward(self, dy): return self.inner.backward(dy)
""",
    "Distance": """
class Distance(Layer):
    def forward(self, a, b):
        self.saved = a - b
        return self.saved ** 2
    def backward(self, dy): return 2 * self.saved * dy, -2 * self.saved * dy
""",
    "ready": "ready = Linear(4, 3, rng=0)\n",
}


def result(tmp_path, name, source):
    path = tmp_path / "mine.py"
    path.write_text(source if "__future__" in source else HEAD + source)
    return check_own(load_file(path), path, name)


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_found_and_understood(name, tmp_path):
    found = result(tmp_path, name, RIGHT[name])
    assert found.ok is True, found.text()


WRONG = {
    "relu": """
def relu(x): return np.maximum(x, 0)
def relu_backward(dy, x): return dy * (x > -1)
""",
    "two": """
def two(x, w): return x @ w
def two_backward(dy, x, w): return dy @ w.T
""",
    "mse": """
def mse(prediction, target): return ((prediction - target) ** 2).mean()
def mse_backward(prediction, target): return prediction - target
""",
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_not_right(name, tmp_path):
    assert result(tmp_path, name, WRONG[name]).ok is False


@pytest.mark.parametrize(
    "signature", ["stride, padding", "stride=1, padding=0", "stride=1, **options"]
)
def test_a_stride_that_is_forgotten_cannot_hide_behind_stride_1(signature, tmp_path):
    """The example is the library's, with its strides; that backward raises is no reason to take
    another."""
    given = "**options" if "**" in signature else "padding=padding"
    source = f"""
def conv2d(x, w, b, {signature}):
    return ops.conv2d(x, w, b, stride=stride, {given})
def conv2d_backward(dy, x, w, {signature}):
    return ops.conv2d_backward(dy, x, w, {given})
"""
    found = result(tmp_path, "conv2d", source)
    assert found.ok is False and found.raised
    assert re.fullmatch(r"(?s)raises ValueError: .* \(.*mine.py, line 8\)", found.gradients.reason)


def test_the_example_of_the_library_goes_as_far_as_the_signature(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(HEAD + RIGHT["conv2d"])
    case, *others = user_cases(load_file(path), path, "conv2d")
    assert [case.note for case in others] == ["stride 3", "same"][: len(others)]
    assert [a.shape for a in case.inputs] == [(2, 4, 7, 6), (3, 4, 3, 2), (3,)]
    assert case.options == {"stride": (2, 1), "padding": (1, 2)}


def test_plain_numbers_where_pairs_are_not_understood(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        HEAD + "def conv2d(x, w, b, stride, padding):\n"
        "    return ops.conv2d(x, w, b, stride=int(stride), padding=int(padding))\n"
        "def conv2d_backward(dy, x, w, b, stride, padding): return None\n"
    )
    cases = user_cases(load_file(path), path, "conv2d")
    assert [case.options for case in cases] == [
        {"stride": 2, "padding": 2},
        {"stride": 3, "padding": 0},
    ]


BLOCKS = {  # passes that take only images which blocks of pixels cover, and a wrong gradient
    "MaxBlocks": (
        """
class MaxBlocks(Layer):
    def forward(self, x):
        n, c, h, w = x.shape
        blocks = x.reshape(n, c, h // 2, 2, w // 2, 2)
        y = blocks.max(axis=(3, 5), keepdims=True)
        self.saved = x.shape, blocks == y
        return y[:, :, :, 0, :, 0]
    def backward(self, dy):
        shape, chosen = self.saved
        return (chosen * dy[:, :, :, None, :, None]).reshape(shape)
""",
        ("(chosen *", "(chosen / 4 *"),
    ),
    "mean_of_thirds": (
        """
def mean_of_thirds(x):
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 3, 3, w // 3, 3).mean(axis=(3, 5))
def mean_of_thirds_backward(dy, x):
    return dy.repeat(3, axis=2).repeat(3, axis=3) / 9
""",
        (" / 9", ""),
    ),
    "space_to_depth": (
        """
def space_to_depth(x, k):
    n, c, h, w = x.shape
    x = x.reshape(n, c, h // k, k, w // k, k).transpose(0, 1, 3, 5, 2, 4)
    return x.reshape(n, c * k * k, h // k, w // k)
def space_to_depth_backward(dy, x, k):
    n, c, h, w = x.shape
    dy = dy.reshape(n, c, k, k, h // k, w // k).transpose(0, 1, 4, 2, 5, 3)
    return dy.reshape(x.shape)
""",
        ("(0, 1, 4, 2, 5, 3)", "(0, 1, 4, 3, 5, 2)"),
    ),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_an_image_is_found_that_blocks_cover(name, tmp_path):
    right, (part, wrong) = BLOCKS[name]
    assert result(tmp_path, name, right).ok is True
    assert result(tmp_path, name, right.replace(part, wrong)).ok is False


def test_what_cannot_be_guessed_comes_with_an_example_to_paste(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        HEAD + "def looked_up(x, rules, k): return x[rules[k]]\n"
        "def looked_up_backward(dy, x, rules, k): return dy\n"
    )
    with pytest.raises(UserCodeError) as error:
        user_cases(load_file(path), path, "looked_up")
    text = str(error.value)
    assert f"looked_up(x, rules, k) is to be checked on cannot be guessed: add to {path}" in text
    module = {}
    exec(text[text.index("import numpy") :], module)
    assert [np.shape(a) for a in module["example"]()] == [(2, 3)] * 3


def test_a_layer_that_cannot_be_guessed(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        HEAD + "class Odd(Layer):\n"
        "    def forward(self, x, key): return x[key['a']]\n"
        "    def backward(self, dy): return dy\n"
    )
    with pytest.raises(UserCodeError, match=r"return Odd\(…\), x, key"):
        user_cases(load_file(path), path, "Odd")


@pytest.mark.parametrize("examples", ["()", "(np.zeros((0, 3)),)", "(np.arange(3),)"])
def test_an_empty_example_proves_nothing(examples, tmp_path):
    source = "def f(*x): return 2.0 * np.asarray(x[0] if x else 1.0)\n"
    source += f"def f_backward(dy, *x): return 7 * dy\ndef example(): return {examples}\n"
    assert result(tmp_path, "f", source).ok is None
