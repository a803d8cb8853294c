"""Fully convolutional nets: at full resolution, and down and up again.

    FullResolutionFCN   image ─ [conv norm relu] ─ [conv norm relu] ─ … ─ conv ─ scores

    DownUpFCN           image ─ [conv norm relu] ─ pool ─ [conv norm relu] ─ pool ─ …
                                       │ skip                    │ skip
                        scores ─ conv ─┴─ [conv norm relu] ─ up ─┴─ [conv norm relu] ─ up ─ …

At full resolution every layer works on every pixel, and a pixel sees few others: the receptive
field grows by a kernel for each layer. Pooling makes all that follows four times cheaper and
doubles how fast the receptive field grows; what it loses, where exactly things are, the way up has
to find again (Long et al. 2015; Badrinarayanan et al. 2015): from the pools' switches, by learned
filters, or from the encoder's own maps, which skips add.
"""

from itertools import pairwise
from typing import Any

import numpy as np

from nn_scratch.backend import Array
from nn_scratch.layers import Add, Conv2d, Layer, MaxPool2d, Sequential
from nn_scratch.nets.block import conv_norm_relu
from nn_scratch.nets.upsampler import Upsampler


class FullResolutionFCN(Sequential):
    """(N, in_channels, H, W) -> class scores (N, num_classes, H, W), never smaller in between."""

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        widths: tuple[int, ...] = (16, 32, 32),
        kernel_size: int | tuple[int, int] = 5,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        options = {"rng": np.random.default_rng(rng), "dtype": dtype}
        super().__init__(
            *(
                conv_norm_relu(a, b, kernel_size, **options)
                for a, b in pairwise((in_channels, *widths))
            ),
            Conv2d(widths[-1], num_classes, 1, **options),
        )


class DownUpFCN(Layer):
    """(N, in_channels, H, W) -> class scores (N, num_classes, H, W).

    One stage down for each of `widths`, and one up, with `upsampler` one of Upsampler's kinds, and
    `init` how a transpose convolution starts. The `skips` innermost stages add the encoder's map to
    the upsampled one: 0 is FCN-32s's way, 1 FCN-16s's, 2 FCN-8s's, len(widths) adds at every size.
    H and W may be odd.

    Raises: ValueError for another upsampler or more skips than stages.
    """

    first_child = "encoders.0"

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        widths: tuple[int, ...] = (16, 32, 64),
        kernel_size: int | tuple[int, int] = 5,
        *,
        upsampler: str = "transpose_conv",
        init: str = "bilinear",
        skips: int = 0,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__()
        if not 0 <= skips <= len(widths):
            raise ValueError(f"skips is {skips}, but {len(widths)} stages have 0 to {len(widths)}")
        options = {"rng": np.random.default_rng(rng), "dtype": dtype}

        def block(c_in, c_out):
            return conv_norm_relu(c_in, c_out, kernel_size, **options)

        self.encoders = [block(a, b) for a, b in pairwise((in_channels, *widths))]
        self.pools = [MaxPool2d(2, ceil_mode=True) for _ in widths]
        self.ups = [
            Upsampler(upsampler, width, pool, init=init, **options)
            for width, pool in zip(widths, self.pools, strict=True)
        ]
        self.decoders = [block(b, a) for a, b in pairwise((widths[0], *widths))]
        self.adds = [Add() if len(widths) - i <= skips else None for i in range(len(widths))]
        self.classifier = Conv2d(widths[0], num_classes, 1, **options)

    def forward(self, x: Array) -> Array:
        maps = []
        for encode, pool, add in zip(self.encoders, self.pools, self.adds, strict=True):
            x = encode(x)
            if add:
                maps.append(x)
            x = pool(x)
        for up, add, decode in self._upwards():
            x = up(x)
            if add:
                x = add(x, maps.pop())
            for layer in decode:  # one by one: decode(x) would hold x to the end
                x = layer(x)
        return self.classifier(x)

    def backward(self, dscores: Array) -> Any:
        dx = self.classifier.backward(dscores)
        dmaps = []
        for up, add, decode in reversed(self._upwards()):
            dx = decode.backward(dx)
            if add:
                dx, dmap = add.backward(dx)
                dmaps.append(dmap)
            dx = up.backward(dx)
        for encode, pool, add in zip(
            self.encoders[::-1], self.pools[::-1], self.adds[::-1], strict=True
        ):
            dx = pool.backward(dx)
            if add:
                dx = dx + dmaps.pop()  # the map went two ways: its gradients add up
            dx = encode.backward(dx)
        return dx

    def _upwards(self):
        """(upsampler, where the skip comes in or None, decoder), innermost stage first."""
        return list(zip(self.ups, self.adds, self.decoders, strict=True))[::-1]
