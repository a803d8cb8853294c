"""The loops of nn_scratch.naive and the ops agree, forward and backward, with every option.

Forward passes are compared in the tests of each op as well; here every backward pass is, on odd
shapes with two images and unequal sides.
"""

import inspect
import subprocess
import sys

import numpy as np
import pytest

from helpers import assert_close, draw, grid
from nn_scratch import naive, ops

# What an op takes beside the mathematics: reductions over processes, labels seen before.
OF_MACHINES = {"all_reduce", "checked"}

GEOMETRY = grid(
    stride=[1, (2, 3)], padding=[0, (1, 2), ((2, 0), (1, 1))], dilation=[1, (2, 1)], groups=[1, 2]
)


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def dtype(request):
    return request.param


@pytest.mark.parametrize("name", ops.__all__)
def test_every_op_has_a_twin_of_the_same_signature(name):
    assert name in naive.__all__
    wanted = inspect.signature(getattr(ops, name)).parameters
    has = inspect.signature(getattr(naive, name)).parameters
    wanted = {n: (p.kind, p.default) for n, p in wanted.items() if n not in OF_MACHINES}
    assert {n: (p.kind, p.default) for n, p in has.items()} == wanted


def test_the_loops_import_nothing_of_ops_or_the_engine():
    code = (
        "import sys, nn_scratch.naive\n"
        "rooms = 'ops', 'engine', 'layers', 'check'\n"
        "print([r for r in rooms if f'nn_scratch.{r}' in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stdout + done.stderr


def both(name, *arguments, **options):
    """What the loops and the op return, as two flat tuples."""
    results = (getattr(module, name)(*arguments, **options) for module in (naive, ops))
    return [flat(result) for result in results]


def flat(result):
    if not isinstance(result, tuple):
        return (result,)
    return tuple(part for entry in result for part in flat(entry))


def agree(name, *arguments, **options):
    by_loops, by_op = both(name, *arguments, **options)
    assert len(by_loops) == len(by_op)
    for loops, op in zip(by_loops, by_op, strict=True):
        assert_close(op, loops, scale=5)


@pytest.mark.parametrize("options", GEOMETRY)
def test_convolution(options, dtype):
    x, w = draw(2, 4, 7, 6, dtype=dtype), draw(6, 4 // options["groups"], 3, 2, dtype=dtype)
    dy = draw(*ops.conv2d(x, w, **options).shape, dtype=dtype, seed=1)
    agree("conv2d_backward", dy, x, w, **options)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_convolution_with_named_padding(padding, dtype):
    x, w = draw(2, 3, 5, 6, dtype=dtype), draw(2, 3, 4, 3, dtype=dtype)
    dy = draw(*ops.conv2d(x, w, padding=padding).shape, dtype=dtype, seed=1)
    agree("conv2d_backward", dy, x, w, padding=padding)
    dx, *others = naive.conv2d_backward(dy, x, w, padding=padding, need_dx=False)
    assert dx is None
    for loops, op in zip(others, ops.conv2d_backward(dy, x, w, padding=padding)[1:], strict=True):
        assert_close(op, loops, scale=5)


@pytest.mark.parametrize("extra", [0, 1])
@pytest.mark.parametrize("options", GEOMETRY)
def test_transpose_convolution(options, extra, dtype):
    if np.min(np.maximum(options["stride"], options["dilation"])) == 1:
        extra = 0  # it must be smaller than the larger of stride and dilation
    x, w = draw(2, 4, 5, 4, dtype=dtype), draw(4, 6 // options["groups"], 3, 2, dtype=dtype)
    y = ops.conv_transpose2d(x, w, output_padding=extra, **options)
    agree("conv_transpose2d_backward", draw(*y.shape, dtype=dtype, seed=1), x, w, **options)


@pytest.mark.parametrize("collisions", ["sum", "overwrite"])
@pytest.mark.parametrize("windows", [{"kernel_size": 2}, {"kernel_size": (3, 2), "stride": (2, 1)}])
def test_pooling_by_switches(windows, collisions, dtype):
    x = draw(2, 3, 7, 6, dtype=dtype)
    y, switches = ops.max_pool2d(x, **windows)
    agree("max_pool2d_backward", y, switches, (7, 6), collisions=collisions)
    agree("max_unpool2d_backward", x, switches, collisions=collisions)
    agree("max_unpool2d_backward", x, switches, collisions=collisions, **windows)


@pytest.mark.parametrize("count_include_pad", [True, False])
@pytest.mark.parametrize(
    "windows",
    [
        {"kernel_size": 2},
        {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 1)},
        {"kernel_size": 3, "padding": ((2, 0), (1, 2))},
    ],
)
def test_average_pooling(windows, count_include_pad, dtype):
    y = ops.avg_pool2d(draw(2, 3, 7, 5, dtype=dtype), **windows)
    dy = draw(*y.shape, dtype=dtype, seed=1)
    agree("avg_pool2d_backward", dy, (7, 5), **windows, count_include_pad=count_include_pad)


@pytest.mark.parametrize("grid_size", [(1, 1), (2, 4), (7, 5), (3, 7)])
def test_adaptive_average_pooling(grid_size, dtype):
    agree("adaptive_avg_pool2d_backward", draw(2, 3, *grid_size, dtype=dtype), (7, 5))


@pytest.mark.parametrize("scale", [1, 2, (3, 2)])
def test_block_unpooling(scale, dtype):
    dy = draw(2, 3, 12, 10 if scale == 2 else 6, dtype=dtype)
    agree("nearest_unpool2d_backward", dy, scale)
    agree("bed_of_nails_unpool2d_backward", dy, scale)


@pytest.mark.parametrize("align_corners", [True, False])
@pytest.mark.parametrize("size", [(11, 13), (1, 1), (3, 8), (7, 5)])
def test_bilinear(size, align_corners, dtype):
    dy = draw(2, 3, *size, dtype=dtype)
    agree("bilinear_upsample2d_backward", dy, (7, 5), align_corners=align_corners)


def test_pointwise(dtype):
    x, dy = draw(2, 3, 5, 4, dtype=dtype), draw(2, 3, 5, 4, dtype=dtype, seed=1)
    x[0, 0, 0] = 0
    agree("relu_backward", dy, x)
    agree("leaky_relu_backward", dy, x, negative_slope=0.3)
    agree("sigmoid_backward", dy, naive.sigmoid(x))
    for axis in (0, 1, 3, -1):
        agree("softmax", x, axis)
        agree("softmax_backward", dy, ops.softmax(x, axis), axis=axis)


def test_softmax_of_large_scores():
    scores = np.array([[1000.0, 0.0, -1000.0], [-1000.0, -1000.0, -1001.0]])
    agree("softmax", scores)


def test_linear(dtype):
    x, w, dy = draw(5, 4, dtype=dtype), draw(3, 4, dtype=dtype), draw(5, 3, dtype=dtype)
    agree("linear_backward", dy, x, w)


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_batch_norm(training, relu):
    x, dy, (w, b, mean) = draw(3, 4, 5, 2), draw(3, 4, 5, 2, seed=1), draw(3, 4)
    options = {"training": training, "relu": relu, "eps": 0.1}
    y, statistics, _ = ops.batch_norm2d(x, w, b, mean, mean**2 + 1, **options)
    agree("batch_norm2d_backward", dy, x, w, statistics, **options, y=y)


@pytest.mark.parametrize("pixels", [(), (3, 2)])
@pytest.mark.parametrize("ignore_index", [None, 2, 255])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy(pixels, ignore_index, weighted, dtype):
    scores = draw(4, 3, *pixels, dtype=dtype)
    labels = np.random.default_rng(0).integers(0, 3, (4, *pixels))
    if ignore_index == 255:
        labels[1] = 255
    weight = np.array([1, 2, 0.5], dtype) if weighted else None
    agree("cross_entropy_backward", scores, labels, weight=weight, ignore_index=ignore_index)


def test_box_losses(dtype):
    prediction, target = draw(3, 5, dtype=dtype), draw(3, 5, dtype=dtype, seed=1)
    agree("mse_loss_backward", prediction, target)
    for beta in (0.3, 1.0, 2.5):
        agree("smooth_l1_loss_backward", prediction, target, beta=beta)
