"""Pooling, and the unpooling that remembers where the maxima stood."""

from nn_scratch import ops
from nn_scratch.geometry import pair
from nn_scratch.layers.base import Layer, written


class MaxPool2d(Layer):
    """Maximum of each window. Keeps `switches` and `input_size` for its backward pass and for a
    MaxUnpool2d partner. See ops.max_pool2d."""

    def __init__(self, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
        super().__init__()
        self.geometry = {
            "kernel_size": kernel_size,
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
        }
        self.ceil_mode = ceil_mode

    def extra_repr(self):
        options = self.geometry | {"ceil_mode": self.ceil_mode}
        return written(options, padding=0, dilation=1, ceil_mode=False)

    def forward(self, x):
        y, switches = ops.max_pool2d(x, ceil_mode=self.ceil_mode, **self.geometry)
        self.saved = switches, x.shape[2:]
        return y

    def backward(self, dy):
        return ops.max_pool2d_backward(dy, self.switches, self.input_size, **self.geometry)

    @property
    def switches(self):
        """Where the maxima of the last forward pass stood: (N, C, P, Q), each h·W + w."""
        return self.recall()[0]

    @property
    def input_size(self):
        """(H, W) of the last input."""
        return self.recall()[1]


class MaxUnpool2d(Layer):
    """Puts each value where its partner pool found the maximum, zeros elsewhere.

    Switches and output size come from the last forward pass of `pool`, a MaxPool2d, which must
    have run before. `collisions` as in ops.max_unpool2d.
    """

    def __init__(self, pool, collisions="sum"):
        super().__init__()
        self.pool = pool
        self.collisions = collisions

    def extra_repr(self):
        return written({"collisions": self.collisions}, collisions="sum")

    def forward(self, x):
        self.saved = self.pool.switches
        return ops.max_unpool2d(
            x,
            self.saved,
            self.pool.input_size,
            collisions=self.collisions,
            **self.pool.geometry,
        )

    def backward(self, dy):
        return ops.max_unpool2d_backward(
            dy, self.recall(), collisions=self.collisions, **self.pool.geometry
        )


class AvgPool2d(Layer):
    """Mean of each window. See ops.avg_pool2d."""

    def __init__(self, kernel_size, stride=None, padding=0, count_include_pad=True):
        super().__init__()
        self.kernel_size = kernel_size
        self.options = {
            "stride": stride,
            "padding": padding,
            "count_include_pad": count_include_pad,
        }

    def extra_repr(self):
        options = {"kernel_size": self.kernel_size} | self.options
        return written(options, padding=0, count_include_pad=True)

    def forward(self, x):
        self.saved = x.shape[2:]
        return ops.avg_pool2d(x, self.kernel_size, **self.options)

    def backward(self, dy):
        return ops.avg_pool2d_backward(dy, self.recall(), self.kernel_size, **self.options)


class AdaptiveAvgPool2d(Layer):
    """Means over a grid of `output_size` cells, whatever the image's size. See
    ops.adaptive_avg_pool2d."""

    def __init__(self, output_size):
        super().__init__()
        self.output_size = pair("output_size", output_size)

    def extra_repr(self):
        return written({"output_size": self.output_size})

    def forward(self, x):
        self.saved = x.shape[2:]
        return ops.adaptive_avg_pool2d(x, self.output_size)

    def backward(self, dy):
        return ops.adaptive_avg_pool2d_backward(dy, self.recall())
