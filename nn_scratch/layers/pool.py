"""Pooling, and the unpooling that remembers where the maxima stood."""

from typing import Any

import numpy as np

from nn_scratch import ops
from nn_scratch.arguments import an_instance, one_of
from nn_scratch.backend import Array
from nn_scratch.engine import engine_of
from nn_scratch.geometry import flag, map_size, pair, pool_windows
from nn_scratch.layers.base import Layer, check_dy, no_macs, written
from nn_scratch.validate import check_shape, check_values

Pair = int | tuple[int, int]


class MaxPool2d(Layer):
    """Maximum of each window. Keeps `switches` and `input_size` for its backward pass and for a
    MaxUnpool2d partner. See ops.max_pool2d. (In PyTorch, return_indices stands before ceil_mode.)

    Raises: TypeError or ValueError for window options that are not valid.
    """

    macs = no_macs
    shares_saved = True

    def __init__(
        self,
        kernel_size: Pair,
        stride: Pair | None = None,
        padding: Pair = 0,
        dilation: Pair = 1,
        *,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        pool_windows(kernel_size, stride, padding, dilation)
        self.geometry: dict[str, Any] = {
            "kernel_size": kernel_size,
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
        }
        self.ceil_mode = flag("ceil_mode", ceil_mode)

    def extra_repr(self) -> str:
        options = self.geometry | {"ceil_mode": self.ceil_mode}
        return written(options, padding=0, dilation=1, ceil_mode=False)

    def forward(self, x: Array) -> Array:
        y, switches = ops.max_pool2d(x, ceil_mode=self.ceil_mode, **self.geometry)
        self.saved = switches, x.shape[2:]
        return y

    def backward(self, dy: Array) -> Array:
        check_dy(dy, self.switches.shape)
        return ops.max_pool2d_backward(dy, self.switches, self.input_size, **self.geometry)

    def open_backward(self, dy: Array) -> Array:
        """Each window may have chosen any of its pixels."""
        windows = _windows(self)
        return engine_of(dy).conv_backward_data(
            dy, _ones(dy, windows), self.input_size, windows, groups=dy.shape[1]
        )

    def as_dense(self, size: int, dilation: int) -> tuple[Layer, int, int]:
        """A pool that moves by 1; all that follows reads every k-th of its outputs.

        Raises: ValueError unless its windows are square and lie side by side.
        """
        kernel, _ = pair("kernel_size", self.geometry["kernel_size"])
        if _windows(self) != pool_windows(kernel, None, 0):
            raise ValueError(f"{self} does not slide: its windows must be square and side by side")
        return MaxPool2d(kernel, 1, dilation=dilation), size // kernel, dilation * kernel

    @property
    def switches(self) -> Array:
        """Where the maxima of the last forward pass stood: (N, C, P, Q), each h·W + w."""
        return self.saved[0]

    @property
    def input_size(self) -> tuple[int, int]:
        """(H, W) of the last input."""
        return self.saved[1]


class MaxUnpool2d(Layer):
    """Puts each value where its partner pool found the maximum, zeros elsewhere.

    Switches and output size come from the last forward pass of `pool`, a MaxPool2d, which must
    have run before. `collisions` as in ops.max_unpool2d. (PyTorch's takes the pool's geometry, and
    switches and size with every call.)

    Raises: TypeError if `pool` is not a MaxPool2d; ValueError for other collisions.
    """

    macs = no_macs

    def __init__(self, pool: Any, *, collisions: str = "sum") -> None:
        super().__init__()
        self.pool = an_instance("pool", pool, MaxPool2d)
        self.collisions = one_of("collisions", collisions, ops.pool.COLLISIONS)

    def extra_repr(self) -> str:
        return written({"collisions": self.collisions}, collisions="sum")

    def forward(self, x: Array) -> Array:
        """y (N, C, H, W) of the size that the pool was given, for x (N, C, P, Q).

        Raises: ValueError if x has not the shape of the pool's output; TypeError if x is not an
            array of float32 or float64.
        """
        check_values(x=x)
        check_shape("x", x, self.pool.switches.shape, "what its pool gave")
        self.saved = self.pool.switches
        return ops.max_unpool2d(
            x,
            self.saved,
            self.pool.input_size,
            collisions=self.collisions,
            **self.pool.geometry,
        )

    def backward(self, dy: Array) -> Array:
        check_dy(dy, (*self.saved.shape[:2], *self.pool.input_size))
        return ops.max_unpool2d_backward(
            dy, self.saved, collisions=self.collisions, **self.pool.geometry
        )

    def open_backward(self, dy: Array) -> Array:
        """Each value may have been put anywhere in its window."""
        windows, (height, width) = _windows(self.pool), self.saved.shape[2:]
        beyond = ((0, extent) for extent in windows.extent)  # for the last windows of ceil_mode
        wide = np.pad(dy, ((0, 0), (0, 0), *beyond))
        sums = engine_of(dy).conv_forward(wide, _ones(dy, windows), windows, groups=dy.shape[1])
        return sums[:, :, :height, :width]


def _windows(pool):
    """A pool's geometry in full."""
    return pool_windows(**pool.geometry)


def _ones(dy, windows):
    """For each channel, a kernel of ones."""
    return np.ones((dy.shape[1], 1, *windows.kernel), dy.dtype)


class AvgPool2d(Layer):
    """Mean of each window. See ops.avg_pool2d. (In PyTorch, ceil_mode stands before
    count_include_pad; there is none here.)

    Raises: TypeError or ValueError for window options that are not valid.
    """

    macs = no_macs

    def __init__(
        self,
        kernel_size: Pair,
        stride: Pair | None = None,
        padding: Pair = 0,
        *,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        pool_windows(kernel_size, stride, padding)
        flag("count_include_pad", count_include_pad)
        self.kernel_size = kernel_size
        self.options: dict[str, Any] = {
            "stride": stride,
            "padding": padding,
            "count_include_pad": count_include_pad,
        }

    def extra_repr(self) -> str:
        options = {"kernel_size": self.kernel_size} | self.options
        return written(options, padding=0, count_include_pad=True)

    def forward(self, x: Array) -> Array:
        y = ops.avg_pool2d(x, self.kernel_size, **self.options)
        self.saved = x.shape[2:], y.shape
        return y

    def backward(self, dy: Array) -> Array:
        input_size, shape = self.saved
        check_dy(dy, shape)
        return ops.avg_pool2d_backward(dy, input_size, self.kernel_size, **self.options)


class AdaptiveAvgPool2d(Layer):
    """Means over a grid of `output_size` cells, whatever the image's size. See
    ops.adaptive_avg_pool2d.

    Raises: ValueError or TypeError for an output_size that is not valid.
    """

    macs = no_macs

    def __init__(self, output_size: Pair) -> None:
        super().__init__()
        self.output_size = map_size("output_size", output_size)

    def extra_repr(self) -> str:
        return written({"output_size": self.output_size})

    def forward(self, x: Array) -> Array:
        y = ops.adaptive_avg_pool2d(x, self.output_size)
        self.saved = x.shape[2:], y.shape
        return y

    def backward(self, dy: Array) -> Array:
        input_size, shape = self.saved
        check_dy(dy, shape)
        return ops.adaptive_avg_pool2d_backward(dy, input_size)
