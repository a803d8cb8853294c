"""Nonlinearities, element by element."""

from nn_scratch import ops
from nn_scratch.arguments import finite
from nn_scratch.backend import Array
from nn_scratch.layers.base import Elementwise, written


class ReLU(Elementwise):
    """max(x, 0), for arrays of any shape.

    It keeps y instead of x, of which y > 0 says the same: the next layer keeps y anyway.
    """

    def forward(self, x: Array) -> Array:
        self.saved = ops.relu(x)
        return self.saved

    def backward(self, dy: Array) -> Array:
        return ops.relu_backward(dy, self.saved)


class LeakyReLU(Elementwise):
    """x where it is positive, else negative_slope · x, for arrays of any shape.

    Raises: TypeError or ValueError if negative_slope is no finite number.
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__()
        self.negative_slope = finite("negative_slope", negative_slope)

    def extra_repr(self) -> str:
        return written({"negative_slope": self.negative_slope})

    def forward(self, x: Array) -> Array:
        self.saved = x
        return ops.leaky_relu(x, negative_slope=self.negative_slope)

    def backward(self, dy: Array) -> Array:
        return ops.leaky_relu_backward(dy, self.saved, negative_slope=self.negative_slope)


class Sigmoid(Elementwise):
    """1 / (1 + exp(−x)), for arrays of any shape. It keeps y, from which its slope is known."""

    def forward(self, x: Array) -> Array:
        self.saved = ops.sigmoid(x)
        return self.saved

    def backward(self, dy: Array) -> Array:
        return ops.sigmoid_backward(dy, self.saved)
