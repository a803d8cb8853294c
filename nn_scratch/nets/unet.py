"""A U-Net-style net (Ronneberger et al. 2015): the encoder's maps come back beside the upsampled.

    image ─ [conv conv] ─ pool ─ [conv conv] ─ pool ─ … ─ [conv conv] ─┐
                 │                    │                                │
    scores ─ conv ─ [conv conv] ─ concat ─ up ─ [conv conv] ─ concat ─ up

Where an FCN's skip adds two maps, here the convolutions that follow choose among the channels of
both. Unlike the paper's, these convolutions are padded, so that nothing need be cropped, and each
is followed by batch norm; "up" is its 2×2 transpose convolution of stride 2, which halves the
channels.
"""

from itertools import pairwise
from typing import Any

import numpy as np

from nn_scratch.arguments import a_generator
from nn_scratch.backend import Array
from nn_scratch.layers import Concat, Conv2d, ConvTranspose2d, Layer, MaxPool2d, Sequential
from nn_scratch.nets.block import check_sizes, conv_norm_relu


class UNet(Layer):
    """(N, in_channels, H, W) -> class scores (N, num_classes, H, W).

    Two convolutions at each of len(widths) sizes on the way down, and at all but the smallest on
    the way up. H and W may be odd; they must be at least 2^(len(widths) − 1).

    Raises: TypeError or ValueError for channels, widths or a kernel_size that are none.
    """

    first_child = "encoders.0"

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        widths: tuple[int, ...] = (16, 32, 64, 128),
        kernel_size: int | tuple[int, int] = 3,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__()
        check_sizes(widths, kernel_size, in_channels=in_channels, num_classes=num_classes)
        options = {"rng": a_generator("rng", rng), "dtype": dtype}

        def block(c_in, c_out):
            first = conv_norm_relu(c_in, c_out, kernel_size, **options)
            return Sequential(first, conv_norm_relu(c_out, c_out, kernel_size, **options))

        self.encoders = [block(a, b) for a, b in pairwise((in_channels, *widths))]
        self.pools = [MaxPool2d(2) for _ in widths[1:]]
        self.ups = [ConvTranspose2d(b, a, 2, stride=2, **options) for a, b in pairwise(widths)]
        self.concats = [Concat() for _ in widths[1:]]
        self.decoders = [block(2 * width, width) for width in widths[:-1]]
        self.classifier = Conv2d(widths[0], num_classes, 1, **options)

    def forward(self, x: Array) -> Array:
        *encoders, bottom = self.encoders
        maps = []
        for encode, pool in zip(encoders, self.pools, strict=True):
            maps.append(encode(x))
            x = pool(maps[-1])
        x = bottom(x)
        for up, concat, decode in self._upwards():
            x = up(x, output_size=maps[-1].shape[2:])
            x = decode(concat(x, maps.pop()))
        return self.classifier(x)

    def backward(self, dscores: Array) -> Any:
        *encoders, bottom = self.encoders
        dx = self.classifier.backward(dscores)
        dmaps = []
        for up, concat, decode in reversed(self._upwards()):
            dx, dmap = concat.backward(decode.backward(dx))
            dmaps.append(dmap)
            dx = up.backward(dx)
        dx = bottom.backward(dx)
        for encode, pool in zip(encoders[::-1], self.pools[::-1], strict=True):
            dx = encode.backward(pool.backward(dx) + dmaps.pop())  # the map went two ways
        return dx

    def _upwards(self):
        """(upsampler, where the encoder's map comes back, decoder), innermost size first."""
        return list(zip(self.ups, self.concats, self.decoders, strict=True))[::-1]
