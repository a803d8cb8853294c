"""SegNet-Basic and the nets it was compared with (Badrinarayanan et al. 2015, arXiv 1511.00561,
§3.2 and table 1): one encoder with eight different decoders.

    encoder, 4 times    convolution without bias ─ batch norm ─ ReLU ─ 2×2 max-pool
    decoder, 4 times    upsample ─ [convolution ─ batch norm, no ReLU] ─ [+ the encoder's map]

Some details are not in the paper, and are chosen here:
- The encoder's maps that are added are those before the pools. So four maps are added, the largest
  at full size.
- In FCN-Basic, the first map of class scores is computed from the last pool.
- The 8×8 upsampling kernels start as bilinear interpolation, a 4×4 tent in their middle.
- The upsampling filters have no bias.
- Bilinear-Interpolation classifies before it upsamples. The result is the same as afterwards, since
  both are linear, one in the channels and the other in the pixels, and it costs less.
"""

from typing import Any, NamedTuple

import numpy as np

from nn_scratch.arguments import a_generator, one_of, whole
from nn_scratch.backend import Array
from nn_scratch.layers import (
    Add,
    BatchNorm2d,
    BatchNormReLU2d,
    Conv2d,
    Layer,
    MaxPool2d,
    Sequential,
)
from nn_scratch.nets.block import LARGEST_WIDTH, check_sizes
from nn_scratch.nets.upsampler import Upsampler, even_kernel

STAGES = 4


class Variant(NamedTuple):
    """One of the decoders. upsampler: a kind of Upsampler. decoder: convolutions of "all" channels
    together, of "each" channel alone, or None for no convolutions. reduce: whether the maps are
    reduced to class scores before upsampling. add: whether the encoder's maps are added."""

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


class SegNetBasic(Layer):
    """(N, in_channels, H, W) -> class scores (N, num_classes, H, W), for any H and W from 16 on.

    variant: one of VARIANTS. width: the channels of all convolutions. kernel_size: of the encoder's
    and decoder's convolutions. upsampling_kernel: of transpose convolutions, even. The defaults are
    the paper's.

    Raises: ValueError for an unknown variant; TypeError or ValueError for impossible channels or
        kernels.
    """

    first_child = "encoders.0"

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        variant: str = "SegNet-Basic",
        width: int = 64,
        kernel_size: int | tuple[int, int] = 7,
        *,
        upsampling_kernel: int = 8,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__()
        whole("width", width, 1, LARGEST_WIDTH)
        check_sizes([width], kernel_size, in_channels=in_channels, num_classes=num_classes)
        self.variant = VARIANTS[one_of("variant", variant, VARIANTS)]
        even_kernel("upsampling_kernel", upsampling_kernel)
        options = {"rng": a_generator("rng", rng), "dtype": dtype}

        def block(c_in, norm, groups=1):
            conv = Conv2d(
                *(c_in, width, kernel_size), padding="same", groups=groups, bias=False, **options
            )
            return Sequential(conv, norm(width, dtype=dtype))

        def one_by_one():
            return Conv2d(width, num_classes, 1, **options)

        channels = num_classes if self.variant.reduce else width
        groups = {"all": 1, "each": width, None: None}[self.variant.decoder]
        adapts = self.variant.add and self.variant.reduce
        stages = range(STAGES)
        self.encoders = [block(width if i else in_channels, BatchNormReLU2d) for i in stages]
        self.pools = [MaxPool2d(2, ceil_mode=True) for _ in stages]
        self.ups = [
            Upsampler(
                self.variant.upsampler, channels, pool, kernel_size=upsampling_kernel, **options
            )
            for pool in self.pools
        ]
        self.decoders = [
            block(width, BatchNorm2d, groups) if groups else Sequential() for _ in stages
        ]
        self.adapters = [Sequential(*([one_by_one()] if adapts else [])) for _ in stages]
        self.adds = [Add() if self.variant.add else None for _ in stages]
        self.classifier = one_by_one()

    def forward(self, x: Array) -> Array:
        maps = []
        for encode, pool in zip(self.encoders, self.pools, strict=True):
            x = encode(x)
            if self.variant.add:
                maps.append(x)
            x = pool(x)
        if self.variant.reduce:
            x = self.classifier(x)
        for up, decode, adapt, add in self._upwards():
            for layer in (up, *decode):  # decode(…) would keep its input until its end
                x = layer(x)
            if add:
                x = add(x, adapt(maps.pop()))
        return x if self.variant.reduce else self.classifier(x)

    def backward(self, dscores: Array) -> Any:
        dx = dscores if self.variant.reduce else self.classifier.backward(dscores)
        dmaps = []
        for up, decode, adapt, add in reversed(self._upwards()):
            if add:
                dx, dmap = add.backward(dx)
                dmaps.append(adapt.backward(dmap))
            dx = up.backward(decode.backward(dx))
        if self.variant.reduce:
            dx = self.classifier.backward(dx)
        for encode, pool in zip(self.encoders[::-1], self.pools[::-1], strict=True):
            dx = pool.backward(dx)
            if self.variant.add:
                dx = dx + dmaps.pop()  # the pool and the skip both read the map
            dx = encode.backward(dx)
        return dx

    def _upwards(self):
        """(upsampler, decoder, adapter, Add or None) of each stage up, the innermost first."""
        return list(zip(self.ups, self.decoders, self.adapters, self.adds, strict=True))[::-1]
