"""A net as a list of plain ops, from which ONNX files and pages for the browser are made.

A trace consists of layers. Here each layer becomes the ops of `nn_scratch.ops` that it calls, with
all options as numbers and the weights as arrays. The net is in evaluation mode: dropout does
nothing, and batch norm uses its running statistics.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from nn_scratch import layers as L
from nn_scratch.backend import to_device, to_host
from nn_scratch.geometry import Windows, conv_windows, pool_windows
from nn_scratch.graph.trace import Step, trace
from nn_scratch.layers.inference import evaluation_mode
from nn_scratch.nets.sliding_detector import InCells
from nn_scratch.nets.upsampler import Upsampler


class ExportError(Exception):
    """A net cannot be exported; the message says why."""


class Op(NamedTuple):
    """One op. inputs: the numbers of its input values, where 0 is the image, and k + 1 the result
    of op k. shape: of its result, without the batch. layer: the name of the layer it belongs to."""

    name: str
    inputs: tuple[int, ...]
    shape: tuple[int, ...]
    options: dict[str, Any]
    arrays: dict[str, np.ndarray]
    layer: str


@dataclass
class Program:
    """The ops of a forward pass for an image of `shape` (C, H, W), and the numbers of the values
    that are outputs."""

    shape: tuple[int, ...]
    ops: list[Op] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)

    def shape_of(self, value: int) -> tuple[int, ...]:
        """The shape of a value, without the batch."""
        return self.ops[value - 1].shape if value else self.shape


def program(net: L.Layer, shape: tuple[int, int, int], name: str = "shape") -> Program:
    """The ops that the net runs, in evaluation mode, for an image of this shape (C, H, W).

    name: the argument that gives the shape, for messages.

    Raises: ExportError if a layer is not one of the library's, or receives an array that no layer
        made; ValueError for a shape that the net does not take.
    """
    dtype = next((array.dtype for array in net.params.values()), np.float32)
    image = to_device(np.random.default_rng(0).random((1, *shape)).astype(dtype), net.device)
    try:
        with evaluation_mode(net):
            found = trace(net, image)
    except ValueError as error:
        raise ValueError(f"{name} {tuple(shape)} does not fit the net: {error}") from error
    if found.unexplained:
        raise ExportError("; ".join(found.unexplained))
    writer = _Writer(Program(shape), found.steps, net)
    for step in found.steps:
        writer.take(step)
    writer.program.outputs = [writer.values[value.number] for value in found.outputs]
    return writer.program


class _Writer:
    """Writes the ops of a program, step by step.

    values: for the number of each value of the trace, its number in the program. pools: for each
    max-pool layer, the number of its result. pieces: for each map that an Upsampler made, the
    piece of it that the net uses. If that is the whole map, an op for cutting is written all the
    same, so that the ops are the same for images of all sizes.
    """

    def __init__(self, program, steps, net):
        self.program = program
        self.values: dict[int, int] = {0: 0}
        self.pools: dict[int, int] = {}
        self.layer = ""
        ups = {layer.layer for _, layer in net.named_modules() if isinstance(layer, Upsampler)}
        self.pieces = {step.outputs[0]: step.outputs[0] for step in steps if step.layer in ups}
        cuts = {step.inputs[0]: step.outputs[0] for step in steps if step.kind == "Slice"}
        self.pieces |= {whole: cuts[whole] for whole in self.pieces if whole in cuts}

    def take(self, step: Step):
        """Write the ops of one step."""
        [output] = step.outputs
        if output.number in self.values:
            return  # this piece was cut when its map was made
        inputs = [self.values[value.number] for value in step.inputs]
        self.layer = step.name or self.layer
        write = WITHOUT_LAYER[step.kind] if step.layer is None else _writer_of(step)
        what = step if step.layer is None else step.layer
        result = write(self, what, inputs, output.shape[1:])
        self.values[output.number] = result
        if output in self.pieces:
            piece = self.pieces[output]
            cut = self.add("shift", [result], piece.shape[1:], corner=[0, 0])
            self.values[piece.number] = cut

    def add(self, name, inputs, shape, arrays=None, **options):
        """Write an op, and return the number of its result."""
        arrays = {n: np.asarray(to_host(a), np.float32) for n, a in (arrays or {}).items()}
        self.program.ops.append(Op(name, tuple(inputs), tuple(shape), options, arrays, self.layer))
        return len(self.program.ops)


# ---------------------------------------------------------------- what each layer computes


def _writer_of(step):
    """The function that writes the ops of a step's layer. Raises ExportError if there is none."""
    layer = step.layer
    for kind in type(layer).__mro__:
        if kind in WRITERS and type(layer).forward is kind.forward:
            return WRITERS[kind]
    raise ExportError(
        f"{step.name or 'the net'} is a {step.kind}, a layer of your own: only its forward "
        "pass in Python says what it computes, so that it cannot be written down for others; "
        "compose it of the library's layers"
    )


def _windows(windows):
    """The options of an op with windows, as plain numbers."""
    return {name: [*value] for name, value in windows._asdict().items()}


def windows_of(options: dict[str, Any]) -> Windows:
    """The Windows in the options of an op."""
    return Windows(*(tuple(options[name]) for name in Windows._fields))


def _convolution(name):
    """The writer of a convolution or a transpose convolution."""

    def write(writer, layer, inputs, shape):
        options = dict(layer.options)
        groups, kernel = options.pop("groups"), layer.params["weight"].shape[2:]
        windows = _windows(conv_windows(kernel, **options))
        return writer.add(name, inputs, shape, layer.params, groups=groups, **windows)

    return write


def _batch_norm2d(writer, layer, inputs, shape):
    arrays = {**layer.params, **layer.buffers}
    del arrays["num_batches_tracked"]
    y = writer.add("batch_norm2d", inputs, shape, arrays, eps=layer.eps)
    return writer.add("relu", [y], shape) if layer.relu else y


def _simple(name, *attributes):
    """The writer of a layer that is one op, whose options are attributes of the layer."""

    def write(writer, layer, inputs, shape):
        return writer.add(name, inputs, shape, **{a: getattr(layer, a) for a in attributes})

    return write


def _max_pool2d(writer, layer, inputs, shape):
    windows = pool_windows(**layer.geometry)
    options = {"ceil_mode": layer.ceil_mode, **_windows(windows)}
    y = writer.add("max_pool2d", inputs, shape, **options)
    writer.pools[id(layer)] = y
    return y


def _max_unpool2d(writer, layer, inputs, shape):
    pooled = writer.pools[id(layer.pool)]
    options = {"collisions": layer.collisions, **writer.program.ops[pooled - 1].options}
    return writer.add("max_unpool2d", [*inputs, pooled], shape, **options)


def _avg_pool2d(writer, layer, inputs, shape):
    options = dict(layer.options)
    include = options.pop("count_include_pad")
    windows = _windows(pool_windows(layer.kernel_size, **options))
    return writer.add("avg_pool2d", inputs, shape, count_include_pad=include, **windows)


def _zero_pad2d(writer, layer, inputs, shape):
    left, _, top, _ = layer.padding
    return writer.add("shift", inputs, shape, corner=[-top, -left])


def _in_cells(writer, layer, inputs, shape):
    """A factor and a shift for each channel, written as a batch norm with mean 0 and variance 1."""
    zeros, ones = np.zeros(4), np.ones(4)
    shift = layer.forward(zeros.reshape(1, 4, 1, 1)).ravel()
    factor = layer.forward(ones.reshape(1, 4, 1, 1)).ravel() - shift
    arrays = {"weight": factor, "bias": shift, "running_mean": zeros, "running_var": ones}
    return writer.add("batch_norm2d", inputs, shape, arrays, eps=0.0)


def _slice(writer, step, inputs, shape):
    """A piece of a map, with all of its channels."""
    before, start = writer.program.shape_of(inputs[0]), step.options["start"]
    if len(shape) != 3 or shape[0] != before[0]:
        raise ExportError(
            f"after {writer.layer} the net goes on with {shape} of {before}: a piece of a map can "
            "be written down only if it has all of its channels"
        )
    return writer.add("shift", inputs, shape, corner=[*start[2:]])


def _reshape(writer, layer, inputs, shape):
    return writer.add("reshape", inputs, shape)


def _linear(writer, layer, inputs, shape):
    return writer.add("linear", inputs, shape, layer.params)


def _nothing(writer, layer, inputs, shape):
    """A layer that returns its input."""
    return inputs[0]


WRITERS: dict[type[L.Layer], Callable] = {
    L.Add: _simple("add"),
    L.AdaptiveAvgPool2d: _simple("adaptive_avg_pool2d"),
    L.AvgPool2d: _avg_pool2d,
    L.BatchNorm2d: _batch_norm2d,
    L.BedOfNails2d: _simple("bed_of_nails_unpool2d", "scale"),
    L.BilinearUpsample2d: _simple("bilinear_upsample2d", "align_corners"),
    L.Concat: _simple("concat"),
    L.Conv2d: _convolution("conv2d"),
    L.ConvTranspose2d: _convolution("conv_transpose2d"),
    L.Dropout: _nothing,
    L.Flatten: _reshape,
    L.LeakyReLU: _simple("leaky_relu", "negative_slope"),
    L.Linear: _linear,
    L.MaxPool2d: _max_pool2d,
    L.MaxUnpool2d: _max_unpool2d,
    L.NearestUnpool2d: _simple("nearest_unpool2d", "scale"),
    L.ReLU: _simple("relu"),
    L.Sigmoid: _simple("sigmoid"),
    L.ZeroPad2d: _zero_pad2d,
    InCells: _in_cells,
}
WITHOUT_LAYER = {"Slice": _slice, "Reshape": _reshape}
