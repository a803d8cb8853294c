"""Export a trained net as an ONNX file, which other programs can run, such as onnxruntime.

Each op becomes the operators of ONNX that compute the same. If the net takes images of any size,
no heights and widths are written to the file: a layer that restores an earlier size gets it from
the value that has that size.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from nn_scratch.arguments import (
    a_text,
    an_instance,
    each,
    optional,
    parts,
    room_for,
    whole,
    words,
)
from nn_scratch.geometry import transpose_base
from nn_scratch.graph.program import ExportError, Program, program, windows_of
from nn_scratch.layers import Layer

OPSET = 17
IR_VERSION = 8  # of the file format; as old as the opset
# Other sizes of images that a net is tried with. If it does not take images twice as large, it is
# assumed to take only one size.
OTHER_SIZES: tuple[Callable, ...] = (lambda h, w: (2 * h, 2 * w), lambda h, w: (h + 3, w + 5))


def to_onnx(
    net: Layer,
    image_shape: tuple[int, int, int],
    outputs: Iterable[str] = ("scores",),
    metadata: dict[str, str] | None = None,
) -> Any:
    """Export the net, in evaluation mode and with float32 weights, as an ONNX model.

    image_shape: (C, H, W). The input of the model is called `images`, (N, C, H, W), with any N, and
    with any H and W if the net takes other sizes than image_shape. outputs: the names of the
    outputs. metadata: texts that are stored in the file.

    Returns: an onnx.ModelProto; `model.SerializeToString()` gives the bytes of the file.
    Raises: ExportError, with the reason, if ONNX has no operators for the net; TypeError or
        ValueError if net is not a Layer, image_shape not a shape that it takes, or outputs not as
        many names as it has outputs.
    """
    an_instance("net", net, Layer)
    image_shape = tuple(each("image_shape", image_shape, lambda name, n: whole(name, n, 1)))
    parts("image_shape", image_shape, 3)
    room_for("image_shape", *image_shape)
    outputs = words("outputs", outputs)
    for key, value in (optional(an_instance, "metadata", metadata, dict) or {}).items():
        a_text("a key of metadata", key), a_text(f"metadata[{key!r}]", value)
    return _File(_programs(net, image_shape)).model(outputs, metadata or {})


def _programs(net, image_shape):
    """The programs of the net for images of this shape and of those OTHER_SIZES that it takes."""
    channels, height, width = image_shape
    found = [program(net, (channels, height, width), "image_shape")]
    for other in OTHER_SIZES:
        try:
            one = program(net, (channels, *other(height, width)))
        except Exception:  # the net does not take this size
            one = None
        if one and _without_sizes(one) == _without_sizes(found[0]):
            found.append(one)
        elif len(found) == 1:
            break
    return found


def _without_sizes(one):
    """The ops of a program without the shapes of their results."""
    return [(op.name, op.inputs, op.options) for op in one.ops]


class _File:
    """The nodes and weights of an ONNX graph while it is built. programs: the same ops for images
    of several sizes, which show what the sizes of values depend on."""

    def __init__(self, programs: list[Program]):
        try:
            import onnx
        except ImportError as error:
            raise ExportError(
                "writing ONNX files needs the package onnx: pip install 'nn-scratch[export]'"
            ) from error
        self.onnx, self.programs = onnx, programs
        self.nodes: list[Any] = []
        self.arrays: dict[str, np.ndarray] = {}
        self.names = {0: "images"}  # of tensors, by the number of the value in the program
        self.pooled: dict[int, Any] = {}  # what an unpooling needs, by the value of its pool

    def model(self, outputs, metadata):
        """The whole model."""
        one = self.programs[0]
        if len(outputs) != len(one.outputs):
            raise ValueError(f"outputs are {len(outputs)}, but the net has {len(one.outputs)}")
        for value, op in enumerate(one.ops, start=1):
            self.value, self.op = value, op
            self.names[value] = WRITERS[op.name](self, op, *(self.names[k] for k in op.inputs))
        for value, name in zip(one.outputs, outputs, strict=True):
            self.nodes.append(self.onnx.helper.make_node("Identity", [self.names[value]], [name]))
        described = self.onnx.helper.make_tensor_value_info
        number = self.onnx.TensorProto.FLOAT
        axes = [self._axes(value) for value in (0, *one.outputs)]
        given, *made = (
            described(name, number, ["N", *sizes])
            for name, sizes in zip(("images", *outputs), axes, strict=True)
        )
        arrays = [self.onnx.numpy_helper.from_array(a, name) for name, a in self.arrays.items()]
        graph = self.onnx.helper.make_graph(self.nodes, "net", [given], made, arrays)
        opset = self.onnx.helper.make_opsetid("", OPSET)
        model = self.onnx.helper.make_model(
            graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="nn_scratch"
        )
        self.onnx.helper.set_model_props(model, metadata)
        self.onnx.checker.check_model(model, full_check=True)
        return model

    def _axes(self, value):
        """The sizes of a value's axes but the batch: a number if it is fixed, "H" or "W" if it is
        always that of the image, and None if it changes in another way."""
        found = [(program.shape_of(value), program.shape) for program in self.programs]
        axes: list[Any] = []
        for axis, size in enumerate(found[0][0]):
            if len({own[axis] for own, _ in found}) == 1:
                axes.append(size)
            else:
                is_images = all(own[axis] == image[axis] for own, image in found)
                axes.append("_HW"[axis] if is_images else None)
        return axes

    # ------------------------------------------------------------ nodes and numbers

    def node(self, kind, *inputs, outputs=1, **attributes):
        """Add a node, and return the name of its result, or a list of names if it has several."""
        names = [f"{kind.lower()}{len(self.nodes)}_{k}" for k in range(outputs)]
        self.nodes.append(self.onnx.helper.make_node(kind, [*inputs], names, **attributes))
        return names[0] if outputs == 1 else names

    def array(self, values, dtype=np.float32):
        """Add an array of numbers to the file, and return its name."""
        name = f"{self.op.layer}.{self.op.name}.{len(self.arrays)}"
        self.arrays[name] = np.ascontiguousarray(values, dtype)
        return name

    def integers(self, *values):
        """Add a list of integers to the file, and return its name."""
        return self.array(values, np.int64)

    def size(self, name):
        """The name of the tensor (height, width) of another tensor."""
        return self.node("Shape", name, start=2, end=4)

    def sizes_of(self, value):
        """(height, width) of a value, in each of the programs."""
        return [program.shape_of(value)[1:] for program in self.programs]

    def is_partner(self, op):
        """Whether an op is the unpooling that belongs to the pool that is being written."""
        return op.name == "max_unpool2d" and op.inputs[1] == self.value

    def wanted_size(self):
        """The name of the tensor (height, width) of the op's result. It is that of an earlier value
        that has the same size for all images, or a constant."""
        sizes = self.sizes_of(self.value)
        for earlier in range(self.value):
            if self.sizes_of(earlier) == sizes:
                return self.size(self.names[earlier])
        if len(set(sizes)) == 1:
            return self.integers(*sizes[0])
        raise ExportError(
            f"{self.op.layer or 'the net'} gives maps of {sizes[0][0]} × {sizes[0][1]}, a size "
            "that changes with the image's and that no earlier map has, of which to ask it"
        )

    def grown(self, x, more, value=0.0):
        """Add rows at the bottom and columns on the right, or remove them if their numbers are
        negative. more: the name of a tensor with both numbers."""
        amounts = self.node("Concat", self.integers(0, 0, 0, 0, 0, 0), more, axis=0)
        return self.node("Pad", x, amounts, self.array(value), mode="constant")

    def cut(self, x, size):
        """The top left part of a tensor. size: the name of a tensor (height, width)."""
        return self.node("Slice", x, self.integers(0, 0), size, self.integers(2, 3))

    def refuse(self, why):
        """Raise ExportError for the op that is being written."""
        raise ExportError(f"{self.op.layer or 'the net'} cannot be said in ONNX: {why}")


# ---------------------------------------------------------------- the operators of each op


def _attributes(op):
    """The windows of an op as attributes of ONNX's operators."""
    (top, bottom), (left, right) = op.options["padding"]
    return {
        "kernel_shape": op.options["kernel"],
        "strides": op.options["stride"],
        "pads": [top, left, bottom, right],
        "dilations": op.options["dilation"],
    }


def _weights(file, op):
    return [file.array(op.arrays[name]) for name in ("weight", "bias") if name in op.arrays]


def _conv2d(file, op, x):
    options = {"group": op.options["groups"], **_attributes(op)}
    return file.node("Conv", x, *_weights(file, op), **options)


def _conv_transpose2d(file, op, x):
    """ConvTranspose, with the rows and columns beyond the smallest size as output_padding. If their
    number changes with the image, the largest possible number is computed, and cut afterwards."""
    base = [transpose_base(size, windows_of(op.options)) for size in file.sizes_of(op.inputs[0])]
    extra = {
        tuple(np.subtract(*both)) for both in zip(file.sizes_of(file.value), base, strict=True)
    }
    strides = op.options["stride"]
    more = extra.pop() if len(extra) == 1 else tuple(s - 1 for s in strides)
    more = tuple(map(int, more))
    if np.any(np.greater_equal(more, strides)):
        file.refuse(f"output_padding {more} is not smaller than stride {tuple(strides)}")
    options = {"group": op.options["groups"], "output_padding": more, **_attributes(op)}
    y = file.node("ConvTranspose", x, *_weights(file, op), **options)
    return file.cut(y, file.wanted_size()) if extra else y


def _max_pool2d(file, op, x):
    """MaxPool, with a second result if an unpooling needs the places of the maxima. ONNX counts
    these places through the whole tensor, so that the pool and its partner must have one size: the
    image is cut or padded to whole windows."""
    attributes = _attributes(op)
    if any(max(p) >= k for p, k in zip(op.options["padding"], op.options["kernel"], strict=True)):
        file.refuse("its pool's padding is not smaller than its kernel, without dilation")
    partners = [one for one in file.programs[0].ops if file.is_partner(one)]
    if not partners:
        return file.node("MaxPool", x, ceil_mode=int(op.options["ceil_mode"]), **attributes)
    windows = windows_of(op.options)
    if not windows.disjoint:
        file.refuse(
            "where the windows of a max-unpooling overlap, values that meet add up here, or the "
            "last one stays; ONNX's MaxUnpool leaves open what happens"
        )
    if op.options["ceil_mode"] and (windows.extent != windows.stride or np.any(windows.padding)):
        file.refuse("max-unpooling with ceil_mode and with gaps or padding")
    size, stride = file.size(x), windows.stride
    # Whole windows end at ⌊(n + padding − extent) / stride⌋·stride + extent − padding[0].
    before, after = np.transpose(windows.padding)
    end, round_up = windows.extent - before, np.subtract(stride, 1) * op.options["ceil_mode"]
    steps = file.node("Add", size, file.integers(*(before + after - windows.extent + round_up)))
    steps = file.node("Div", steps, file.integers(*stride))
    whole = file.node("Mul", steps, file.integers(*stride))
    whole = file.node("Add", whole, file.integers(*end))
    x = file.grown(x, file.node("Sub", whole, size), -np.inf)
    y, indices = file.node("MaxPool", x, outputs=2, **attributes)
    file.pooled[file.value] = indices, file.node("Shape", x), file.node("Sub", size, whole)
    return y


def _max_unpool2d(file, op, x, pooled):
    indices, shape, rest = file.pooled[op.inputs[1]]
    attributes = _attributes(op)
    del attributes["dilations"]
    return file.grown(file.node("MaxUnpool", x, indices, shape, **attributes), rest)


def _avg_pool2d(file, op, x):
    attributes = _attributes(op)
    del attributes["dilations"]  # all are 1, and the operator has no such attribute
    include = int(op.options["count_include_pad"])
    return file.node("AveragePool", x, count_include_pad=include, **attributes)


def _adaptive_avg_pool2d(file, op, x):
    """A x Bᵀ, where two matrices, computed from the size of x, average its rows and columns."""
    a, b = (_averaging(file, x, axis, n) for axis, n in zip((2, 3), op.shape[1:], strict=True))
    y = file.node("MatMul", a, x)  # (P, H) (N, C, H, W) -> (N, C, P, W)
    return file.node("MatMul", y, file.node("Transpose", b, perm=[1, 0]))  # (W, Q)


def _averaging(file, x, axis, count):
    """The matrix (count, n) whose row i has 1/m at the m places from ⌊i·n/count⌋ to
    ⌈(i + 1)·n/count⌉ − 1."""
    n = file.node("Shape", x, start=axis, end=axis + 1)
    i = np.arange(count)[:, None]
    first = file.node("Div", file.node("Mul", file.integers(*i), n), file.integers(count))
    beyond = file.node("Mul", file.integers(*(i + 1)), n)
    beyond = file.node("Add", beyond, file.integers(count - 1))
    beyond = file.node("Div", beyond, file.integers(count))
    zero, one = (file.array(k, np.int64) for k in (0, 1))
    places = file.node("Range", zero, file.node("Squeeze", n), one)
    inside = file.node(
        "And", file.node("GreaterOrEqual", places, first), file.node("Less", places, beyond)
    )
    inside, m = (
        file.node("Cast", what, to=file.onnx.TensorProto.FLOAT)
        for what in (inside, file.node("Sub", beyond, first))
    )
    return file.node("Div", inside, m)


def _nearest_unpool2d(file, op, x):
    scales = file.array([1, 1, *op.options["scale"]])
    how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return file.node("Resize", x, "", scales, mode="nearest", **how)


def _bed_of_nails_unpool2d(file, op, x):
    """A transpose convolution of each channel by itself, with a kernel of one pixel."""
    channels, scale = op.shape[0], op.options["scale"]
    ones = file.array(np.ones((channels, 1, 1, 1)))
    more = [s - 1 for s in scale]
    return file.node("ConvTranspose", x, ones, group=channels, strides=scale, output_padding=more)


def _bilinear_upsample2d(file, op, x):
    how = "align_corners" if op.options["align_corners"] else "half_pixel"
    options = {"mode": "linear", "coordinate_transformation_mode": how}
    sizes = zip(file.sizes_of(file.value), file.sizes_of(op.inputs[0]), strict=True)
    scales = {tuple(np.divide(*both)) for both in sizes}
    if len(scales) == 1:
        return file.node("Resize", x, "", file.array([1, 1, *scales.pop()]), **options)
    whole = file.node("Concat", file.node("Shape", x, end=2), file.wanted_size(), axis=0)
    return file.node("Resize", x, "", "", whole, **options)


def _batch_norm2d(file, op, x):
    names = "weight", "bias", "running_mean", "running_var"
    arrays = [file.array(op.arrays[name]) for name in names]
    return file.node("BatchNormalization", x, *arrays, epsilon=op.options["eps"])


def _linear(file, op, x):
    return file.node("Gemm", x, *_weights(file, op), transB=1)


def _reshape(file, op, x):
    shape = (-1,) if len(op.shape) == 1 else op.shape
    return file.node("Reshape", x, file.integers(0, *shape))


def _shift(file, op, x):
    """Pad, which adds rows and columns around the map or removes them, if their numbers are the
    same for all images; else the top left part of the size that is wanted."""
    sizes = zip(file.sizes_of(file.value), file.sizes_of(op.inputs[0]), strict=True)
    more = {tuple(np.subtract(*both)) for both in sizes}
    if len(more) > 1:
        return file.cut(x, file.wanted_size())
    before, [after] = np.negative(op.options["corner"]), more
    if not any(before) and not any(after):
        return x
    amounts = file.integers(0, 0, *before, 0, 0, *(after - before))
    return file.node("Pad", x, amounts, file.array(0), mode="constant")


def _same(kind):
    """The writer of an op that is one operator of ONNX without options."""

    def write(file, op, *inputs):
        return file.node(kind, *inputs)

    return write


WRITERS: dict[str, Callable] = {
    "adaptive_avg_pool2d": _adaptive_avg_pool2d,
    "add": _same("Add"),
    "avg_pool2d": _avg_pool2d,
    "batch_norm2d": _batch_norm2d,
    "bed_of_nails_unpool2d": _bed_of_nails_unpool2d,
    "bilinear_upsample2d": _bilinear_upsample2d,
    "concat": lambda file, op, *inputs: file.node("Concat", *inputs, axis=1),
    "conv2d": _conv2d,
    "conv_transpose2d": _conv_transpose2d,
    "leaky_relu": lambda file, op, x: file.node("LeakyRelu", x, alpha=op.options["negative_slope"]),
    "linear": _linear,
    "max_pool2d": _max_pool2d,
    "max_unpool2d": _max_unpool2d,
    "nearest_unpool2d": _nearest_unpool2d,
    "relu": _same("Relu"),
    "reshape": _reshape,
    "shift": _shift,
    "sigmoid": _same("Sigmoid"),
}
