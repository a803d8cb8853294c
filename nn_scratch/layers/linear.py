"""The fully connected layer, and the way from images to it."""

from math import prod

import numpy as np

from nn_scratch import ops
from nn_scratch.layers.base import Layer, he_normal, value_dtype


class Linear(Layer):
    """y = x weightᵀ + bias: (N, in_features) -> (N, out_features).

    weight (out_features, in_features), He-initialized; bias (out_features,), zeros.
    """

    def __init__(self, in_features, out_features, bias=True, *, rng=None, dtype=np.float32):
        super().__init__()
        self.add_parameter(
            "weight", he_normal((out_features, in_features), in_features, rng, dtype)
        )
        if bias:
            self.add_parameter("bias", np.zeros(out_features, value_dtype(dtype)))

    def forward(self, x):
        self.saved = x
        return ops.linear(x, self.params["weight"], self.params.get("bias"))

    def backward(self, dy):
        dx, dw, db = ops.linear_backward(dy, self.recall(), self.params["weight"])
        self.add_grads(weight=dw, bias=db)
        return dx


class Flatten(Layer):
    """(N, …) -> (N, features): everything but the batch in one axis."""

    def forward(self, x):
        self.saved = x.shape
        return x.reshape(x.shape[0], prod(x.shape[1:]))

    def backward(self, dy):
        return dy.reshape(self.recall())
