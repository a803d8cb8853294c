"""SegNet-Basic and the decoders it was compared with (Badrinarayanan et al. 2015, arXiv 1511.00561,
§3.2 and table 1): one encoder, eight ways back up.

    encoder, 4 times    convolution without bias ─ batch norm ─ ReLU ─ 2×2 max-pool
    decoder, 4 times    upsample ─ [convolution ─ batch norm, no ReLU] ─ [+ the encoder's map]

The paper leaves open, and we chose: an encoder's map is added as it is before its pool, so that
four maps are added, the largest at full size; FCN-Basic's first map of class scores comes from the
last pool; its 8×8 upsampling kernels start as bilinear interpolation, a 4×4 tent in their middle;
the upsampling filters have no bias; Bilinear-Interpolation classifies before it upsamples, which
gives the same as after (both are linear, one in channels and one in pixels) at less cost.
"""

from typing import NamedTuple

import numpy as np

from nn_scratch.layers import (
    BatchNorm2d,
    BatchNormReLU2d,
    Container,
    Conv2d,
    MaxPool2d,
    Sequential,
)
from nn_scratch.nets.upsampler import Upsampler

STAGES = 4


class Variant(NamedTuple):
    """upsampler: as Upsampler's kind. decoder: groups of the decoder's convolutions, "all" channels
    together, "each" alone, or none. reduce: to class scores before upsampling. add: the encoder's
    maps."""

    upsampler: str
    decoder: str | None = None
    reduce: bool = False
    add: bool = False


VARIANTS = {
    "Bilinear-Interpolation": Variant("bilinear", reduce=True),
    "SegNet-Basic": Variant("max_unpool", "all"),
    "SegNet-Basic-SingleChannelDecoder": Variant("max_unpool", "each"),
    "SegNet-Basic-EncoderAddition": Variant("max_unpool", "all", add=True),
    "FCN-Basic": Variant("transpose_conv", reduce=True, add=True),
    "FCN-Basic-NoAddition": Variant("transpose_conv", reduce=True),
    "FCN-Basic-NoDimReduction": Variant("transpose_conv", add=True),
    "FCN-Basic-NoAddition-NoDimReduction": Variant("transpose_conv"),
}


class SegNetBasic(Container):
    """(N, in_channels, H, W) -> class scores (N, num_classes, H, W), for any H and W from 16 on.

    `variant` names one of VARIANTS. The paper's sizes are the defaults.
    """

    def __init__(
        self,
        in_channels,
        num_classes,
        variant="SegNet-Basic",
        width=64,
        kernel_size=7,
        *,
        upsampling_kernel=8,
        rng=None,
        dtype=np.float32,
    ):
        if variant not in VARIANTS:
            raise ValueError(f"variant is {variant!r}, but must be one of {list(VARIANTS)}")
        self.variant = VARIANTS[variant]
        options = {"rng": np.random.default_rng(rng), "dtype": dtype}

        def convolution(c_in, norm, groups=1):
            conv = Conv2d(
                *(c_in, width, kernel_size), padding="same", groups=groups, bias=False, **options
            )
            return Sequential(conv, norm(width, dtype=dtype))

        def one_by_one():
            return Conv2d(width, num_classes, 1, **options)

        channels = num_classes if self.variant.reduce else width
        groups = {"all": 1, "each": width}.get(self.variant.decoder)
        adapts = self.variant.add and self.variant.reduce
        stages = range(STAGES)
        self.encoders = [convolution(width if i else in_channels, BatchNormReLU2d) for i in stages]
        self.pools = [MaxPool2d(2, ceil_mode=True) for _ in stages]
        self.ups = [
            Upsampler(
                self.variant.upsampler, channels, pool, kernel_size=upsampling_kernel, **options
            )
            for pool in self.pools
        ]
        self.decoders = [
            convolution(width, BatchNorm2d, groups) if groups else Sequential() for _ in stages
        ]
        self.adapters = [Sequential(*([one_by_one()] if adapts else [])) for _ in stages]
        self.classifier = one_by_one()

        children = {}
        for i in stages:
            children |= {f"encoder{i}": self.encoders[i], f"pool{i}": self.pools[i]}
        for i in reversed(stages):
            children |= {f"up{i}": self.ups[i], f"decoder{i}": self.decoders[i]}
            children |= {f"adapter{i}": self.adapters[i]}
        super().__init__({**children, "classifier": self.classifier}, first="encoder0")

    def forward(self, x):
        maps = []
        for encode, pool in zip(self.encoders, self.pools, strict=True):
            x = encode(x)
            if self.variant.add:
                maps.append(x)
            x = pool(x)
        if self.variant.reduce:
            x = self.classifier(x)
        for up, decode, adapt in self._upwards():
            for layer in (up, *decode):  # one by one: decode(…) would hold its input to the end
                x = layer(x)
            if self.variant.add:
                x = x + adapt(maps.pop())
        return x if self.variant.reduce else self.classifier(x)

    def backward(self, dscores):
        dx = dscores if self.variant.reduce else self.classifier.backward(dscores)
        dmaps = []
        for up, decode, adapt in reversed(self._upwards()):
            if self.variant.add:
                dmaps.append(adapt.backward(dx))
            dx = up.backward(decode.backward(dx))
        if self.variant.reduce:
            dx = self.classifier.backward(dx)
        for encode, pool in zip(self.encoders[::-1], self.pools[::-1], strict=True):
            dx = pool.backward(dx)
            if self.variant.add:
                dx = dx + dmaps.pop()
            dx = encode.backward(dx)
        return dx

    def _upwards(self):
        """The decoder's stages, the innermost first."""
        return list(zip(self.ups, self.decoders, self.adapters, strict=True))[::-1]
