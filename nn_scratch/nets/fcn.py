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

from functools import partial

import numpy as np

from nn_scratch.layers import Container, Conv2d, MaxPool2d, Sequential
from nn_scratch.nets.block import conv_norm_relu
from nn_scratch.nets.upsampler import Upsampler


class FullResolutionFCN(Sequential):
    """(N, in_channels, H, W) -> class scores (N, num_classes, H, W), never smaller in between."""

    def __init__(
        self,
        in_channels,
        num_classes,
        widths=(16, 32, 32),
        kernel_size=5,
        *,
        rng=None,
        dtype=np.float32,
    ):
        rng = np.random.default_rng(rng)
        block = partial(conv_norm_relu, kernel_size=kernel_size, rng=rng, dtype=dtype)
        blocks = [block(a, b) for a, b in zip((in_channels, *widths[:-1]), widths, strict=True)]
        super().__init__(*blocks, Conv2d(widths[-1], num_classes, 1, rng=rng, dtype=dtype))


class DownUpFCN(Container):
    """(N, in_channels, H, W) -> class scores (N, num_classes, H, W).

    One stage down for each of `widths`, and one up, with `upsampler` one of Upsampler's kinds, and
    `init` how a transpose convolution starts. The `skips` innermost stages add the encoder's map to
    the upsampled one: 0 is FCN-32s's way, 1 FCN-16s's, 2 FCN-8s's, len(widths) adds at every size.
    H and W may be odd.
    """

    def __init__(
        self,
        in_channels,
        num_classes,
        widths=(16, 32, 64),
        kernel_size=5,
        *,
        upsampler="transpose_conv",
        init="bilinear",
        skips=0,
        rng=None,
        dtype=np.float32,
    ):
        if not 0 <= skips <= len(widths):
            raise ValueError(f"skips is {skips}, but {len(widths)} stages have 0 to {len(widths)}")
        rng = np.random.default_rng(rng)
        block = partial(conv_norm_relu, kernel_size=kernel_size, rng=rng, dtype=dtype)
        before = (in_channels, *widths[:-1])
        after = (widths[0], *widths[:-1])
        self.encoders = [block(a, b) for a, b in zip(before, widths, strict=True)]
        self.pools = [MaxPool2d(2, ceil_mode=True) for _ in widths]
        self.ups = [
            Upsampler(upsampler, width, pool, init=init, rng=rng, dtype=dtype)
            for width, pool in zip(widths, self.pools, strict=True)
        ]
        self.decoders = [block(a, b) for a, b in zip(widths, after, strict=True)]
        self.classifier = Conv2d(widths[0], num_classes, 1, rng=rng, dtype=dtype)
        self.skipping = [len(widths) - i <= skips for i in range(len(widths))]
        children = {}
        for i, parts in enumerate(zip(self.encoders, self.pools, strict=True)):
            children |= dict(zip((f"encoder{i}", f"pool{i}"), parts, strict=True))
        for i in reversed(range(len(widths))):
            children |= {f"up{i}": self.ups[i], f"decoder{i}": self.decoders[i]}
        super().__init__({**children, "classifier": self.classifier}, first="encoder0")

    def forward(self, x):
        maps = []
        for encode, pool, skip in self._downwards():
            x = encode(x)
            if skip:
                maps.append(x)
            x = pool(x)
        for up, decode, skip in self._upwards():
            x = up(x)
            if skip:
                x = x + maps.pop()
            for layer in decode:  # one by one: decode(x) would hold x to the end
                x = layer(x)
        return self.classifier(x)

    def backward(self, dscores):
        dx = self.classifier.backward(dscores)
        dmaps = []
        for up, decode, skip in reversed(self._upwards()):
            dx = decode.backward(dx)
            if skip:
                dmaps.append(dx)  # a sum passes its gradient to both of its terms
            dx = up.backward(dx)
        for encode, pool, skip in reversed(self._downwards()):
            dx = pool.backward(dx)
            if skip:
                dx = dx + dmaps.pop()
            dx = encode.backward(dx)
        return dx

    def _downwards(self):
        """(encoder, pool, whether its map is kept to be added), outermost stage first."""
        return list(zip(self.encoders, self.pools, self.skipping, strict=True))

    def _upwards(self):
        """(upsampler, decoder, whether it skips), innermost stage first."""
        return list(zip(self.ups, self.decoders, self.skipping, strict=True))[::-1]
