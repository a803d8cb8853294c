"""All ways to undo a 2×2 max-pool, as one layer."""

from typing import Any

import numpy as np

from nn_scratch.arguments import an_instance, one_of, room_for, whole
from nn_scratch.backend import Array, xp_of
from nn_scratch.layers import (
    BedOfNails2d,
    BilinearUpsample2d,
    ConvTranspose2d,
    Layer,
    MaxPool2d,
    MaxUnpool2d,
    NearestUnpool2d,
)
from nn_scratch.nets.block import LARGEST_KERNEL, LARGEST_WIDTH

STARTS = ("bilinear", "he")
KINDS = ("nearest", "bed_of_nails", "bilinear", "max_unpool", "transpose_conv")


class Upsampler(Layer):
    """(N, channels, h, w) -> (N, channels, H, W), the size of the last input of `pool`.

    kind: "nearest", "bed_of_nails" or "bilinear", which have nothing to learn; "max_unpool", which
        takes the switches of the pool; or "transpose_conv", which is learned and has stride 2.
    pool: a 2×2 MaxPool2d with ceil_mode.
    kernel_size: of a transpose convolution, even.
    init: the start of a transpose convolution: "bilinear" interpolation of each channel, as in Long
        et al. 2015, or "he" for random weights.

    Raises: ValueError for another kind, init or kernel_size; TypeError if pool is not a MaxPool2d.
    """

    def __init__(
        self,
        kind: str,
        channels: int,
        pool: Any,
        *,
        kernel_size: int = 4,
        init: str = "bilinear",
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__()
        self.kind, self.pool = one_of("kind", kind, KINDS), an_instance("pool", pool, MaxPool2d)
        channels = whole("channels", channels, 1, LARGEST_WIDTH)
        kernel_size = even_kernel("kernel_size", kernel_size)
        one_of("init", init, STARTS)
        room_for("channels and kernel_size", channels, channels, kernel_size, kernel_size)
        self.layer = {
            "nearest": lambda: NearestUnpool2d(2),
            "bed_of_nails": lambda: BedOfNails2d(2),
            "bilinear": lambda: BilinearUpsample2d(scale=2),
            "max_unpool": lambda: MaxUnpool2d(pool),
            "transpose_conv": lambda: _transpose_conv(channels, kernel_size, init, rng, dtype),
        }[kind]()

    def forward(self, x: Array) -> Array:
        height, width = size = self.pool.input_size
        y = self.layer(x, output_size=size) if self.kind == "bilinear" else self.layer(x)
        self.saved = y.shape
        return y[:, :, :height, :width]  # a doubled size may be larger by 1 than an odd size

    def backward(self, dy: Array) -> Array:
        whole = xp_of(dy).zeros(self.saved, dy.dtype)
        whole[:, :, : dy.shape[2], : dy.shape[3]] = dy
        return self.layer.backward(whole)


def _transpose_conv(channels, kernel_size, init, rng, dtype):
    """A transpose convolution that doubles the size of its input."""
    padding = kernel_size // 2 - 1
    layer = ConvTranspose2d(
        *(channels, channels, kernel_size, 2, padding), bias=False, rng=rng, dtype=dtype
    )
    if init == "bilinear":
        layer.params["weight"][...] = bilinear_weights(channels, kernel_size)
    return layer


def even_kernel(name: str, value: Any) -> int:
    """Check the side of a kernel of stride 2, which must be even to double a size, and return it.

    Raises: TypeError or ValueError for another value.
    """
    side = whole(name, value, 2, LARGEST_KERNEL)
    if side % 2:
        raise ValueError(f"{name} is {side}, but must be even to double a size evenly")
    return side


def bilinear_weights(channels: int, kernel_size: int, scale: int = 2) -> np.ndarray:
    """Weights (channels, channels, k, k) with which a transpose convolution of stride `scale`
    interpolates bilinearly: a tent from each channel to itself, and zeros between channels."""
    at = np.arange(kernel_size) - (kernel_size - 1) / 2
    tent = np.maximum(0, 1 - np.abs(at) / scale)
    weights = np.zeros((channels, channels, kernel_size, kernel_size))
    weights[range(channels), range(channels)] = np.outer(tent, tent)
    return weights
