"""A U-Net-style net (Ronneberger et al. 2015), which concatenates the encoder's and decoder's maps.

    image ─ [conv conv] ─ pool ─ [conv conv] ─ pool ─ … ─ [conv conv] ─┐
                 │                    │                                │
    scores ─ conv ─ [conv conv] ─ concat ─ up ─ [conv conv] ─ concat ─ up

The skips of an FCN add two maps; here the convolutions after a skip can choose among the channels
of both. Unlike the paper's, these convolutions are padded, so that no map needs to be cropped, and
each is followed by batch norm. "up" is the paper's 2×2 transpose convolution of stride 2, which
halves the channels.
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

    widths: the channels at each size. There are two convolutions at each size on the way down, and
    at each but the smallest on the way up. kernel_size: of these convolutions. H and W may be odd,
    and must be at least 2^(len(widths) − 1).

    Raises: TypeError or ValueError for impossible channels, widths or kernel_size.
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
            # The pool and the skip both read the map, so their gradients add up.
            dx = encode.backward(pool.backward(dx) + dmaps.pop())
        return dx

    def _upwards(self):
        """(upsampler, Concat, decoder) of each size on the way up, the smallest first."""
        return list(zip(self.ups, self.concats, self.decoders, strict=True))[::-1]
