"""Every way back up, as one layer: undo a 2×2 max-pool."""

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
    """(N, channels, h, w) -> (N, channels, H, W), the size that `pool`, a 2×2 MaxPool2d with
    ceil_mode, was last given.

    kind: "nearest", "bed_of_nails", "bilinear" (fixed weights), "max_unpool" (the pool's switches)
    or "transpose_conv" (stride 2, learned, `kernel_size` even; `init` "bilinear" starts it as
    bilinear interpolation of each channel, as Long et al. 2015 do, "he" at random).

    Raises: ValueError for any other kind, init or kernel_size; TypeError for a pool that is none.
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
        return y[:, :, :height, :width]  # of an odd size, the last row would be twice as long

    def backward(self, dy: Array) -> Array:
        whole = xp_of(dy).zeros(self.saved, dy.dtype)
        whole[:, :, : dy.shape[2], : dy.shape[3]] = dy
        return self.layer.backward(whole)


def _transpose_conv(channels, kernel_size, init, rng, dtype):
    padding = kernel_size // 2 - 1
    layer = ConvTranspose2d(
        *(channels, channels, kernel_size, 2, padding), bias=False, rng=rng, dtype=dtype
    )
    if init == "bilinear":
        layer.params["weight"][...] = bilinear_weights(channels, kernel_size)
    return layer


def even_kernel(name: str, value: Any) -> int:
    """The side of a kernel that doubles a size.

    Raises: TypeError or ValueError for what is none.
    """
    side = whole(name, value, 2, LARGEST_KERNEL)
    if side % 2:
        raise ValueError(f"{name} is {side}, but must be even to double a size evenly")
    return side


def bilinear_weights(channels: int, kernel_size: int, scale: int = 2) -> np.ndarray:
    """(channels, channels, k, k): a tent for each channel with itself, zeros between channels.

    The transpose convolution with stride `scale` and these weights interpolates bilinearly.
    """
    at = np.arange(kernel_size) - (kernel_size - 1) / 2
    tent = np.maximum(0, 1 - np.abs(at) / scale)
    weights = np.zeros((channels, channels, kernel_size, kernel_size))
    weights[range(channels), range(channels)] = np.outer(tent, tent)
    return weights
