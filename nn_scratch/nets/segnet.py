"""A SegNet-style encoder-decoder (Badrinarayanan et al. 2015): one class for every pixel.

    image ─ [conv norm relu pool] ─ [conv norm relu pool] ─ … ─ the encoder halves the image
                            │ switches              │ switches
    scores ─ conv ─ [conv norm relu unpool] ─ … ────┘           the decoder doubles it back

Each pool leaves its switches to the unpooling of the same size, which puts every value back where
its maximum stood. Unpooled maps are sparse: convolutions after each of them fill the gaps.
"""

from functools import partial

import numpy as np

from nn_scratch.layers import Container, Conv2d, MaxPool2d, MaxUnpool2d
from nn_scratch.nets.block import conv_norm_relu


class SegNet(Container):
    """(N, in_channels, H, W) -> class scores (N, num_classes, H, W).

    One encoder stage for each of `widths`, its number of channels; the decoder mirrors them.
    H and W may be odd; they must be at least 2^len(widths).
    """

    def __init__(
        self,
        in_channels,
        num_classes,
        widths=(16, 32, 64),
        kernel_size=3,
        *,
        rng=None,
        dtype=np.float32,
    ):
        rng = np.random.default_rng(rng)
        block = partial(conv_norm_relu, kernel_size=kernel_size, rng=rng, dtype=dtype)
        before = (in_channels, *widths[:-1])
        self.encoders = [block(a, b) for a, b in zip(before, widths, strict=True)]
        self.pools = [MaxPool2d(2) for _ in widths]
        # Down the list of widths again; the last stage keeps the first width.
        after = (widths[0], *widths[:-1])
        self.unpools = [MaxUnpool2d(pool) for pool in reversed(self.pools)]
        self.decoders = [
            block(a, b) for a, b in zip(reversed(widths), reversed(after), strict=True)
        ]
        self.classifier = Conv2d(
            widths[0], num_classes, kernel_size, padding="same", rng=rng, dtype=dtype
        )
        children = {}
        for i, (encode, pool) in enumerate(zip(self.encoders, self.pools, strict=True)):
            children |= {f"encoder{i}": encode, f"pool{i}": pool}
        for i, (unpool, decode) in enumerate(zip(self.unpools, self.decoders, strict=True)):
            children |= {f"unpool{i}": unpool, f"decoder{i}": decode}
        super().__init__({**children, "classifier": self.classifier}, first="encoder0")

    def forward(self, x):
        for encode, pool in zip(self.encoders, self.pools, strict=True):
            x = pool(encode(x))
        for unpool, decode in zip(self.unpools, self.decoders, strict=True):
            for layer in (unpool, *decode):  # one by one: decode(…) would hold its input to the end
                x = layer(x)
        return self.classifier(x)

    def backward(self, dscores):
        dx = self.classifier.backward(dscores)
        for unpool, decode in zip(self.unpools[::-1], self.decoders[::-1], strict=True):
            dx = unpool.backward(decode.backward(dx))
        for encode, pool in zip(self.encoders[::-1], self.pools[::-1], strict=True):
            dx = encode.backward(pool.backward(dx))
        return dx
