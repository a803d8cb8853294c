"""The same ops in onnxruntime, an implementation that shares nothing with ours."""

import numpy as np
import pytest

from helpers import assert_close, draw
from nn_scratch import ops

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")


def run(op, inputs, outputs=1, **attributes):
    """The outputs of one ONNX node on these inputs."""
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    names = [f"in{i}" for i in range(len(inputs))]
    results = [f"out{i}" for i in range(outputs)]
    node = helper.make_node(op, names, results, **attributes)
    graph = helper.make_graph(
        [node],
        "one_node",
        [],
        [onnx.ValueInfoProto(name=name) for name in results],
        [
            numpy_helper.from_array(np.ascontiguousarray(a), n)
            for n, a in zip(names, inputs, strict=True)
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return session.run(results, {})


PADDING = ((1, 2), (0, 1))
PADS = [1, 0, 2, 1]  # top, left, bottom, right


def test_conv2d():
    x, w, b = (draw(*s, dtype=np.float32) for s in ((2, 4, 9, 8), (6, 2, 3, 2), (6,)))
    (expected,) = run("Conv", [x, w, b], strides=[2, 1], pads=PADS, dilations=[1, 2], group=2)
    y = ops.conv2d(x, w, b, stride=(2, 1), padding=PADDING, dilation=(1, 2), groups=2)
    assert_close(y, expected)


def test_same_padding():
    x, w = draw(1, 2, 7, 8, dtype=np.float32), draw(3, 2, 4, 3, dtype=np.float32)
    (expected,) = run("Conv", [x, w], auto_pad="SAME_UPPER")
    assert_close(ops.conv2d(x, w, padding="same"), expected)


def test_conv_transpose2d():
    x, w, b = (draw(*s, dtype=np.float32) for s in ((2, 4, 5, 6), (4, 3, 3, 4), (6,)))
    (expected,) = run(
        "ConvTranspose",
        [x, w, b],
        strides=[2, 3],
        pads=PADS,
        output_padding=[1, 2],
        group=2,
    )
    y = ops.conv_transpose2d(
        x, w, b, stride=(2, 3), padding=PADDING, output_padding=(1, 2), groups=2
    )
    assert_close(y, expected)


@pytest.mark.parametrize("ceil_mode", [False, True])
def test_max_pool2d(ceil_mode):
    x = draw(2, 3, 9, 8, dtype=np.float32)
    expected, indices = run(
        "MaxPool",
        [x],
        outputs=2,
        kernel_shape=[3, 2],
        strides=[2, 3],
        pads=[1, 0, 1, 1],
        ceil_mode=int(ceil_mode),
    )
    y, switches = ops.max_pool2d(
        x, (3, 2), stride=(2, 3), padding=((1, 1), (0, 1)), ceil_mode=ceil_mode
    )
    np.testing.assert_array_equal(y, expected)
    planes = np.arange(6).reshape(2, 3, 1, 1) * 72  # onnxruntime counts through the whole array
    np.testing.assert_array_equal(switches + planes, indices)


def test_max_unpool2d():
    x = draw(2, 3, 8, 6, dtype=np.float32)
    y, switches = ops.max_pool2d(x, 2)
    planes = np.arange(6).reshape(2, 3, 1, 1) * 48
    (expected,) = run(
        "MaxUnpool", [y, (switches + planes).astype(np.int64)], kernel_shape=[2, 2], strides=[2, 2]
    )
    np.testing.assert_array_equal(ops.max_unpool2d(y, switches, (8, 6)), expected)


@pytest.mark.parametrize("include", [False, True])
def test_avg_pool2d(include):
    x = draw(2, 3, 9, 8, dtype=np.float32)
    (expected,) = run(
        "AveragePool",
        [x],
        kernel_shape=[3, 2],
        strides=[2, 1],
        pads=[1, 0, 1, 1],
        count_include_pad=int(include),
    )
    y = ops.avg_pool2d(
        x, (3, 2), stride=(2, 1), padding=((1, 1), (0, 1)), count_include_pad=include
    )
    assert_close(y, expected)
