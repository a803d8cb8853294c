"""Batch normalization with its running statistics, and with the ReLU that mostly follows."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nn_scratch import ops
from nn_scratch.arguments import room_for, whole
from nn_scratch.backend import Array
from nn_scratch.layers.base import Elementwise
from nn_scratch.layers.initialize import value_dtype
from nn_scratch.validate import number


class BatchNorm2d(Elementwise):
    """Normalizes each channel by the batch's statistics in training, by the running ones in
    evaluation. See ops.batch_norm2d. `all_reduce` adds up over the processes that share a batch, if
    several do.

    weight, bias (num_features,): ones and zeros. Buffers running_mean, running_var and, as in
    PyTorch, num_batches_tracked.

    Raises: TypeError or ValueError for num_features, eps or momentum that are not valid.
    """

    relu = False

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        *,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__()
        num_features = whole("num_features", num_features, 1)
        room_for("num_features", num_features)
        self.eps = number("eps", eps, 0)
        self.momentum = number("momentum", momentum, 0, 1)
        self.all_reduce: Callable[[Array], Array] | None = None
        dtype = value_dtype(dtype)
        self.add_parameter("weight", np.ones(num_features, dtype))
        self.add_parameter("bias", np.zeros(num_features, dtype))
        self.buffers["running_mean"] = np.zeros(num_features, dtype)
        self.buffers["running_var"] = np.ones(num_features, dtype)
        self.buffers["num_batches_tracked"] = np.array(0, np.int64)

    def forward(self, x: Array) -> Array:
        y, statistics, running = ops.batch_norm2d(
            x,
            self.params["weight"],
            self.params["bias"],
            self.buffers["running_mean"],
            self.buffers["running_var"],
            training=self.training,
            momentum=self.momentum,
            eps=self.eps,
            relu=self.relu,
            all_reduce=self.all_reduce,
        )
        self.saved = x, statistics, self.training, y if self.relu else None
        if self.training:
            self.buffers["running_mean"][...], self.buffers["running_var"][...] = running
            self.buffers["num_batches_tracked"][...] += 1
        return y

    def backward(self, dy: Array) -> Array:
        x, statistics, training, y = self.saved
        dx, dw, db = ops.batch_norm2d_backward(
            dy,
            x,
            self.params["weight"],
            statistics,
            training=training,
            eps=self.eps,
            relu=self.relu,
            y=y,
            all_reduce=self.all_reduce,
        )
        self.add_grads(weight=dw, bias=db)
        return dx


class BatchNormReLU2d(BatchNorm2d):
    """BatchNorm2d and ReLU in one: the same numbers, in fewer passes over memory."""

    relu = True
