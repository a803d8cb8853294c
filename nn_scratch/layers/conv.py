"""Convolution and transpose convolution with weights."""

from math import prod

import numpy as np

from nn_scratch import ops
from nn_scratch.geometry import integer, pair
from nn_scratch.layers.base import Layer, he_normal, value_dtype, written

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

    def extra_repr(self):
        return written(self.options, **DEFAULTS)

    def add_weights(self, shape, fan_in, out_channels, bias, rng, dtype):
        self.add_parameter("weight", he_normal(shape, fan_in, rng, dtype))
        if bias:
            self.add_parameter("bias", np.zeros(out_channels, value_dtype(dtype)))


class Conv2d(_Convolution):
    """Convolution: (N, in_channels, H, W) -> (N, out_channels, P, Q). See ops.conv2d.

    weight (out_channels, in_channels/groups, kh, kw), He-initialized; bias (out_channels,), zeros.
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        *,
        rng=None,
        dtype=np.float32,
    ):
        super().__init__(stride, padding, dilation, groups)
        in_per_group, _ = _divided(in_channels, out_channels, groups)
        shape = (out_channels, in_per_group, *pair("kernel_size", kernel_size))
        self.add_weights(shape, prod(shape[1:]), out_channels, bias, rng, dtype)

    def forward(self, x):
        self.saved = x
        return ops.conv2d(x, self.params["weight"], self.params.get("bias"), **self.options)

    def backward(self, dy):
        x = self.recall()
        dx, dw, db = ops.conv2d_backward(
            dy, x, self.params["weight"], need_dx=self.need_dx, **self.options
        )
        self.add_grads(weight=dw, bias=db)
        return dx


class ConvTranspose2d(_Convolution):
    """Transpose convolution: (N, in_channels, H, W) -> (N, out_channels, P, Q). See
    ops.conv_transpose2d. `layer(x, output_size=(P, Q))` picks among the possible sizes.

    weight (in_channels, out_channels/groups, kh, kw), He-initialized for the in_channels·kh·kw /
    (groups·sh·sw) products that an output pixel sums on average; bias (out_channels,), zeros.
    A Conv2d with the same weight array is its adjoint.
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        output_padding=0,
        groups=1,
        bias=True,
        dilation=1,
        *,
        rng=None,
        dtype=np.float32,
    ):
        super().__init__(stride, padding, dilation, groups)
        self.output_padding = output_padding
        in_per_group, out_per_group = _divided(in_channels, out_channels, groups)
        kernel = pair("kernel_size", kernel_size)
        fan_in = in_per_group * prod(kernel) / prod(pair("stride", stride))
        shape = (in_channels, out_per_group, *kernel)
        self.add_weights(shape, fan_in, out_channels, bias, rng, dtype)

    def extra_repr(self):
        return written(self.options | {"output_padding": self.output_padding}, **DEFAULTS)

    def forward(self, x, output_size=None):
        self.saved = x
        return ops.conv_transpose2d(
            x,
            self.params["weight"],
            self.params.get("bias"),
            output_padding=self.output_padding if output_size is None else 0,
            output_size=output_size,
            **self.options,
        )

    def backward(self, dy):
        x = self.recall()
        dx, dw, db = ops.conv_transpose2d_backward(dy, x, self.params["weight"], **self.options)
        self.add_grads(weight=dw, bias=db)
        return dx


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
