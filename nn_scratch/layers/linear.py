"""The fully connected layer, and the way from images to it."""

from math import prod
from typing import Any

import numpy as np

from nn_scratch import ops
from nn_scratch.arguments import room_for, whole
from nn_scratch.backend import Array
from nn_scratch.geometry import flag
from nn_scratch.layers.base import Layer, check_dy, no_macs
from nn_scratch.layers.conv import convolution_of
from nn_scratch.layers.initialize import he_normal, value_dtype
from nn_scratch.validate import check_values


class Linear(Layer):
    """y = x weightᵀ + bias: (N, in_features) -> (N, out_features).

    weight (out_features, in_features), He-initialized; bias (out_features,), zeros.

    Raises: TypeError or ValueError for numbers of features that are not valid.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__()
        in_features = whole("in_features", in_features, 1)
        out_features = whole("out_features", out_features, 1)
        room_for("in_features and out_features", out_features, in_features)
        self.add_parameter(
            "weight", he_normal((out_features, in_features), in_features, rng, dtype)
        )
        if flag("bias", bias):
            self.add_parameter("bias", np.zeros(out_features, value_dtype(dtype)))

    def forward(self, x: Array) -> Array:
        self.saved = x
        return ops.linear(x, self.params["weight"], self.params.get("bias"))

    def backward(self, dy: Array) -> Array:
        dx, dw, db = ops.linear_backward(dy, self.saved, self.params["weight"])
        self.add_grads(weight=dw, bias=db)
        return dx

    def macs(self, x: Array, y: Array) -> int:
        """Every output sums over all inputs."""
        return y.size * self.params["weight"].shape[1]

    def as_dense(self, size: int, dilation: int) -> tuple[Layer, int, int]:
        """A convolution whose kernel takes in what Flatten made of (C, size, size)."""
        weight = self.params["weight"]
        kernels = weight.reshape(len(weight), -1, size, size)
        return convolution_of(self, kernels, dilation), 1, dilation


class Flatten(Layer):
    """(N, …) -> (N, features): everything but the batch in one axis."""

    macs = no_macs

    def forward(self, x: Array) -> Array:
        """y (N, features).

        Raises: ValueError if x has fewer than two axes; TypeError if it is not an array of floats.
        """
        check_values(x=x)
        if x.ndim < 2:
            raise ValueError(f"x has shape {x.shape}, but needs a batch and at least one more axis")
        self.saved = x.shape
        return x.reshape(x.shape[0], prod(x.shape[1:]))

    def backward(self, dy: Array) -> Array:
        check_dy(dy, (self.saved[0], prod(self.saved[1:])))
        return dy.reshape(self.saved)

    def as_dense(self, size: int, dilation: int) -> tuple[None, int, int]:
        """Nothing: the kernel of the linear layer that follows takes the map as it is."""
        return None, size, dilation
