"""Convolution and transpose convolution with weights."""

from math import prod
from typing import Any

import numpy as np

from nn_scratch import ops
from nn_scratch.arguments import room_for
from nn_scratch.backend import Array, xp_of
from nn_scratch.geometry import conv_windows, flag, integer, make_windows, pair
from nn_scratch.layers.base import Layer, written
from nn_scratch.layers.initialize import he_normal, value_dtype

Pair = int | tuple[int, int]

# What repr leaves out.
DEFAULTS = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "output_padding": 0}


class _Convolution(Layer):
    """What both kinds share: the options of the op, a weight and perhaps a bias."""

    def __init__(self, stride, padding, dilation, groups):
        super().__init__()
        self.options = {
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
            "groups": groups,
        }

    def extra_repr(self) -> str:
        return written(self.options, **DEFAULTS)

    def open_backward(self, dy: Array) -> Array:
        """dx with weights of 1: whole numbers, if it were not for rounding, and what is 0 must be
        0."""
        return xp_of(dy).rint(super().open_backward(dy))

    def add_weights(self, shape, fan_in, out_channels, bias, rng, dtype):
        """Weight and bias; every layer draws its weight when it is made."""
        room_for("in_channels, out_channels and kernel_size", *shape)
        self.add_parameter("weight", he_normal(shape, fan_in, rng, dtype))
        if flag("bias", bias):
            self.add_parameter("bias", np.zeros(out_channels, value_dtype(dtype)))


class Conv2d(_Convolution):
    """Convolution: (N, in_channels, H, W) -> (N, out_channels, P, Q). See ops.conv2d.

    weight (out_channels, in_channels/groups, kh, kw), He-initialized; bias (out_channels,), zeros.

    Raises: ValueError or TypeError for sizes and channels that do not fit.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Any = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(stride, padding, dilation, groups)
        in_per_group, _ = _divided(in_channels, out_channels, groups)
        windows = conv_windows(kernel_size, stride, padding, dilation)
        shape = (out_channels, in_per_group, *windows.kernel)
        self.add_weights(shape, prod(shape[1:]), out_channels, bias, rng, dtype)

    def forward(self, x: Array) -> Array:
        self.saved = x
        return ops.conv2d(x, self.params["weight"], self.params.get("bias"), **self.options)

    def backward(self, dy: Array) -> Any:
        """dx in the shape of x, or None if nobody needs it."""
        dx, dw, db = ops.conv2d_backward(
            dy, self.saved, self.params["weight"], need_dx=self.need_dx, **self.options
        )
        self.add_grads(weight=dw, bias=db)
        return dx

    def macs(self, x: Array, y: Array) -> int:
        """Every output sums over a window."""
        return y.size * prod(self.params["weight"].shape[1:])

    def as_dense(self, size: int, dilation: int) -> tuple[Layer, int, int]:
        """The same kernel, dilated: without padding no layer can tell where a patch ends."""
        dense = convolution_of(self, self.params["weight"], dilation)
        return dense, size - self.params["weight"].shape[2] + 1, dilation


class ConvTranspose2d(_Convolution):
    """Transpose convolution: (N, in_channels, H, W) -> (N, out_channels, P, Q). See
    ops.conv_transpose2d. `layer(x, output_size=(P, Q))` picks among the possible sizes.

    weight (in_channels, out_channels/groups, kh, kw), He-initialized for the in_channels·kh·kw /
    (groups·sh·sw) products that an output pixel sums on average; bias (out_channels,), zeros.
    A Conv2d with the same weight array is its adjoint.

    Raises: ValueError or TypeError for sizes and channels that do not fit.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Any = 0,
        output_padding: Pair = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Pair = 1,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(stride, padding, dilation, groups)
        self.output_padding = output_padding
        pair("output_padding", output_padding, least=0)
        in_per_group, out_per_group = _divided(in_channels, out_channels, groups)
        kernel, strides, *_ = make_windows(kernel_size, stride, padding, dilation)
        fan_in = in_per_group * prod(kernel) / prod(strides)
        shape = (in_channels, out_per_group, *kernel)
        self.add_weights(shape, fan_in, out_channels, bias, rng, dtype)

    def extra_repr(self) -> str:
        return written(self.options | {"output_padding": self.output_padding}, **DEFAULTS)

    def forward(self, x: Array, output_size: tuple[int, int] | None = None) -> Array:
        self.saved = x
        return ops.conv_transpose2d(
            x,
            self.params["weight"],
            self.params.get("bias"),
            output_padding=self.output_padding if output_size is None else 0,
            output_size=output_size,
            **self.options,
        )

    def backward(self, dy: Array) -> Array:
        dx, dw, db = ops.conv_transpose2d_backward(
            dy, self.saved, self.params["weight"], **self.options
        )
        self.add_grads(weight=dw, bias=db)
        return dx

    def macs(self, x: Array, y: Array) -> int:
        """Every input paints a window."""
        return x.size * prod(self.params["weight"].shape[1:])


def convolution_of(layer: Layer, weight: Array, dilation: int) -> Conv2d:
    """A convolution with this weight (F, C, h, w), which may be a view, and the layer's bias."""
    out_channels, in_channels, height, width = weight.shape
    kernel = height, width
    conv = Conv2d(in_channels, out_channels, kernel, dilation=dilation, bias=False)
    conv.add_parameter("weight", weight)
    if "bias" in layer.params:
        conv.add_parameter("bias", layer.params["bias"])
    return conv


def _divided(in_channels, out_channels, groups):
    """(in_channels/groups, out_channels/groups), which must both be whole."""
    integer("groups", groups, least=1)
    integer("in_channels", in_channels, least=1)
    integer("out_channels", out_channels, least=1)
    if in_channels % groups or out_channels % groups:
        raise ValueError(
            f"groups={groups} must divide in_channels={in_channels} and out_channels={out_channels}"
        )
    return in_channels // groups, out_channels // groups
