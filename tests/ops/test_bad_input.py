"""Bad input gets a message that prints what it got, the rule it broke, and what would fit."""

import numpy as np
import pytest

from helpers import draw
from nn_scratch import ops

X = draw(2, 3, 6, 7)
W = draw(4, 3, 3, 2)
SWITCHES = ops.max_pool2d(X, 2)[1]

CASES = {
    "an image without its batch": (
        lambda: ops.conv2d(X[0], W),
        ValueError,
        r"x has shape \(3, 6, 7\).*4 axes \(N, C, H, W\).*x\[None\]",
    ),
    "weights of the wrong rank": (
        lambda: ops.conv2d(X, W[0]),
        ValueError,
        r"w has shape \(3, 3, 2\).*4 axes",
    ),
    "channels that do not match": (
        lambda: ops.conv2d(X, draw(4, 2, 3, 3)),
        ValueError,
        r"x \(2, 3, 6, 7\) has 3 channels, but w \(4, 2, 3, 3\) with groups=1 expects 2",
    ),
    "transpose weights the wrong way round": (
        lambda: ops.conv_transpose2d(X, W),
        ValueError,
        r"has 3 channels, but w .* expects 4: w is \(C_in, C_out/groups, kh, kw\)",
    ),
    "a bias of the wrong length": (
        lambda: ops.conv2d(X, W, np.zeros(3)),
        ValueError,
        r"b has shape \(3,\), but must be \(4,\)",
    ),
    "groups that do not divide": (
        lambda: ops.conv2d(X, W, groups=3),
        ValueError,
        r"groups=3 does not divide the first axis of w \(4, 3, 3, 2\)",
    ),
    "a kernel larger than the image": (
        lambda: ops.conv2d(X, draw(4, 3, 9, 2), padding=1),
        ValueError,
        r"kernel \(9, 2\).*spans \(9, 2\).*image \(6, 7\).*has only \(8, 9\).*smaller kernel",
    ),
    "stride 0": (lambda: ops.conv2d(X, W, stride=0), ValueError, "stride is 0.*at least 1"),
    "a stride that is no integer": (
        lambda: ops.conv2d(X, W, stride=1.5),
        TypeError,
        "stride is 1.5, but must be an integer",
    ),
    "a pair of three": (
        lambda: ops.conv2d(X, W, stride=(1, 2, 3)),
        ValueError,
        r"stride is \(1, 2, 3\).*pair \(h, w\)",
    ),
    "negative padding": (lambda: ops.conv2d(X, W, padding=-1), ValueError, "at least 0"),
    "same with a stride": (
        lambda: ops.conv2d(X, W, padding="same", stride=2),
        ValueError,
        r'"same" needs stride 1, but stride is \(2, 2\)',
    ),
    "an unknown padding name": (
        lambda: ops.conv2d(X, W, padding="full"),
        ValueError,
        '"same" and "valid"',
    ),
    "same for a transpose convolution": (
        lambda: ops.conv_transpose2d(X, draw(3, 4, 3, 3), padding="same"),
        ValueError,
        "are for conv2d",
    ),
    "integer values": (
        lambda: ops.conv2d(X.astype(int), W),
        TypeError,
        r"x has dtype int64.*x\.astype\(np\.float32\)",
    ),
    "half precision": (lambda: ops.relu(X.astype(np.float16)), TypeError, "float16"),
    "mixed dtypes": (
        lambda: ops.conv2d(X, W.astype(np.float32)),
        TypeError,
        r"mixed \(x float64, w float32\)",
    ),
    "integers for a sigmoid": (lambda: ops.sigmoid(np.arange(3)), TypeError, r"x has dtype int64"),
    "dy of another shape": (
        lambda: ops.leaky_relu_backward(X[:1], X),
        ValueError,
        r"dy has shape \(1, 3, 6, 7\), but must be \(2, 3, 6, 7\): the shape of x",
    ),
    "dy of another shape for a sigmoid": (
        lambda: ops.sigmoid_backward(X[:, :1], X),
        ValueError,
        r"dy has shape \(2, 1, 6, 7\), but must be \(2, 3, 6, 7\): the shape of y",
    ),
    "a list": (lambda: ops.relu([1.0]), TypeError, r"x is a list.*np\.asarray\(x"),
    "dy of the wrong shape": (
        lambda: ops.conv2d_backward(X, X, W),
        ValueError,
        r"dy has shape \(2, 3, 6, 7\), but must be \(2, 4, 4, 6\)",
    ),
    "dy of an impossible size": (
        lambda: ops.conv_transpose2d_backward(X, draw(2, 4, 6, 7), W),
        ValueError,
        r"dy has shape .*size from \(8, 8\) to \(8, 8\)",
    ),
    "an impossible output_size": (
        lambda: ops.conv_transpose2d(X, draw(3, 4, 3, 3), stride=2, output_size=(15, 16)),
        ValueError,
        r"output_size \(15, 16\).*heights are 13, 14; possible widths are 15, 16",
    ),
    "output_size and output_padding": (
        lambda: ops.conv_transpose2d(
            X, draw(3, 4, 3, 3), stride=2, output_size=(13, 15), output_padding=1
        ),
        ValueError,
        "not both",
    ),
    "output_padding too large": (
        lambda: ops.conv_transpose2d(X, draw(3, 4, 3, 3), stride=2, output_padding=2),
        ValueError,
        r"output_padding \(2, 2\) must be smaller than .*stride \(2, 2\)",
    ),
    "a transpose convolution of nothing": (
        lambda: ops.conv_transpose2d(X, draw(3, 4, 1, 1), padding=4),
        ValueError,
        r"output would be \(-2, -1\)",
    ),
    "pool padding as large as the kernel": (
        lambda: ops.max_pool2d(X, 2, padding=2),
        ValueError,
        r"padding .* too large for kernel \(2, 2\)",
    ),
    "a window of padding alone": (
        lambda: ops.max_pool2d(X[:, :, :1], (2, 1), stride=1, padding=(2, 0), dilation=(3, 1)),
        ValueError,
        "window 0 along the height holds no real pixel",
    ),
    "a pool larger than the image": (lambda: ops.avg_pool2d(X, 8), ValueError, "no window fits"),
    "switches of floats": (
        lambda: ops.max_unpool2d(X[:, :, :3, :3], X[:, :, :3, :3], (6, 7)),
        TypeError,
        "switches is float64, but must be an integer array",
    ),
    "switches out of range": (
        lambda: ops.max_unpool2d(X[:, :, :3, :3], SWITCHES, (4, 4)),
        ValueError,
        r"switches\[0, 0, 1, 0\] is \d+, but an image of \(4, 4\) has the places 0 to 15",
    ),
    "negative switches": (
        lambda: ops.max_unpool2d_backward(X, SWITCHES - 50),
        ValueError,
        r"switches\[0, 0, 0, 0\] is -\d+",
    ),
    "switches of another batch": (
        lambda: ops.max_unpool2d(X[:1, :, :3, :3], SWITCHES, (6, 7)),
        ValueError,
        "differ in batch or channels",
    ),
    "an unknown way to collide": (
        lambda: ops.max_unpool2d(X[:, :, :3, :3], SWITCHES, (6, 7), collisions="mean"),
        ValueError,
        "collisions is 'mean', but must be one of sum, overwrite",
    ),
    "a scale that does not divide": (
        lambda: ops.nearest_unpool2d_backward(X, 4),
        ValueError,
        r"dy \(2, 3, 6, 7\): scale \(4, 4\) does not divide",
    ),
    "features that do not match": (
        lambda: ops.linear(draw(2, 3), draw(4, 5)),
        ValueError,
        r"x \(2, 3\) has 3 features, but w \(4, 5\) expects 5",
    ),
    "labels out of range": (
        lambda: ops.cross_entropy(draw(2, 3), np.array([0, 3])),
        ValueError,
        r"labels\[1\] is 3, but 3 classes have the labels 0 to 2",
    ),
    "labels of floats": (
        lambda: ops.cross_entropy(draw(2, 3), np.array([0.0, 1.0])),
        TypeError,
        "labels is float64",
    ),
    "labels of the wrong shape": (
        lambda: ops.cross_entropy(draw(2, 3, 4, 5), np.zeros((2, 5, 4), int)),
        ValueError,
        r"labels has shape \(2, 5, 4\), but must be \(2, 4, 5\)",
    ),
    "a target of another shape": (
        lambda: ops.mse_loss(draw(2, 4), draw(2, 1)),
        ValueError,
        r"target has shape \(2, 1\), but must be \(2, 4\)",
    ),
    "beta 0": (
        lambda: ops.smooth_l1_loss(draw(2, 4), draw(2, 4), beta=0),
        ValueError,
        "beta is 0",
    ),
    "an image without pixels": (
        lambda: ops.max_pool2d(np.zeros((2, 3, 0, 4)), 2),
        ValueError,
        r"x has shape \(2, 3, 0, 4\): every axis but the batch",
    ),
    "statistics that are no pair": (
        lambda: ops.batch_norm2d_backward(X, X, draw(3), draw(3)),
        TypeError,
        r"statistics is an array of float64 \(3,\), but must be the pair \(mean, var\)",
    ),
    "no kernels": (
        lambda: ops.conv2d(X, W[:0]),
        ValueError,
        r"w has shape \(0, 3, 3, 2\): every axis must be at least 1",
    ),
    "a stride that says yes": (
        lambda: ops.conv2d(X, W, stride=(1, True)),
        TypeError,
        "stride is True, but must be an integer",
    ),
    "a padding beyond all numbers": (
        lambda: ops.conv2d(X, W, padding=2**40),
        ValueError,
        "padding is 1099511627776, but must be at most 2147483647",
    ),
    "a switch that says no": (
        lambda: ops.max_pool2d(X, 2, ceil_mode="no"),
        TypeError,
        "ceil_mode is 'no', but must be True or False",
    ),
    "a window without end": (
        lambda: ops.max_pool2d(X, (10**4, 9999)),
        ValueError,
        r"kernel_size is \(10000, 9999\): a window of more than 16777216 pixels",
    ),
    "scores of three axes": (
        lambda: ops.cross_entropy(draw(2, 3, 4), np.zeros((2, 4), int)),
        ValueError,
        r"scores \(2, 3, 4\) must be \(N, K\) or \(N, K, H, W\)",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_message(case):
    call, error, message = CASES[case]
    with pytest.raises(error, match=message):
        call()
