"""A SegNet-style encoder-decoder (Badrinarayanan et al. 2015): one class for every pixel.

    image ─ [conv norm relu pool] ─ [conv norm relu pool] ─ … ─ the encoder halves the image
                            │ switches              │ switches
    scores ─ conv ─ [conv norm relu unpool] ─ … ────┘           the decoder doubles it back

Each unpooling layer takes the switches of the pool of the same size, and puts every value back
where its maximum was. Unpooled maps are mostly zeros, and the convolutions after them fill the
gaps.
"""

from itertools import pairwise
from typing import Any

import numpy as np

from nn_scratch.arguments import a_generator
from nn_scratch.backend import Array
from nn_scratch.layers import Conv2d, Layer, MaxPool2d, MaxUnpool2d
from nn_scratch.nets.block import check_sizes, conv_norm_relu


class SegNet(Layer):
    """(N, in_channels, H, W) -> class scores (N, num_classes, H, W).

    widths: the channels of each encoder stage; the decoder has the same stages in reverse order.
    kernel_size: of all convolutions. H and W may be odd, and must be at least 2^len(widths).

    Raises: TypeError or ValueError for impossible channels, widths or kernel_size.
    """

    first_child = "encoders.0"

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        widths: tuple[int, ...] = (16, 32, 64),
        kernel_size: int | tuple[int, int] = 3,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__()
        check_sizes(widths, kernel_size, in_channels=in_channels, num_classes=num_classes)
        options = {"rng": a_generator("rng", rng), "dtype": dtype}

        def block(c_in, c_out):
            return conv_norm_relu(c_in, c_out, kernel_size, **options)

        self.encoders = [block(a, b) for a, b in pairwise((in_channels, *widths))]
        self.pools = [MaxPool2d(2) for _ in widths]
        self.unpools = [MaxUnpool2d(pool) for pool in reversed(self.pools)]
        # The decoder has the widths in reverse order, and its last stage keeps the first width.
        self.decoders = [block(a, b) for a, b in pairwise((*reversed(widths), widths[0]))]
        self.classifier = Conv2d(widths[0], num_classes, kernel_size, padding="same", **options)

    def forward(self, x: Array) -> Array:
        for encode, pool in zip(self.encoders, self.pools, strict=True):
            x = pool(encode(x))
        for unpool, decode in zip(self.unpools, self.decoders, strict=True):
            for layer in (unpool, *decode):  # decode(…) would keep its input until its end
                x = layer(x)
        return self.classifier(x)

    def backward(self, dscores: Array) -> Any:
        dx = self.classifier.backward(dscores)
        for unpool, decode in zip(self.unpools[::-1], self.decoders[::-1], strict=True):
            dx = unpool.backward(decode.backward(dx))
        for encode, pool in zip(self.encoders[::-1], self.pools[::-1], strict=True):
            dx = encode.backward(pool.backward(dx))
        return dx
