"""Down and up again: the encoder and decoder that fully convolutional nets and detectors share.

    image ─ [conv norm relu] ─ pool ─ [conv norm relu] ─ pool ─ …
                   │ skip                    │ skip
    features ──────┴─ [conv norm relu] ─ up ─┴─ [conv norm relu] ─ up ─ …

Each pool makes the layers after it four times cheaper, and lets the receptive field grow twice as
fast, but loses the exact positions. The way up has to restore them (Long et al. 2015;
Badrinarayanan et al. 2015): from the switches of the pools, by learned filters, or from the maps of
the encoder, which skips add.
"""

from itertools import pairwise
from typing import Any

import numpy as np

from nn_scratch.arguments import a_generator, one_of, whole
from nn_scratch.backend import Array
from nn_scratch.layers import Add, Layer, MaxPool2d
from nn_scratch.nets.block import check_sizes, conv_norm_relu
from nn_scratch.nets.upsampler import KINDS, Upsampler

DEEPEST = 1000  # the largest number of blocks at the smallest size


class DownUp(Layer):
    """(N, in_channels, H, W) -> features (N, width, ⌈H / stride⌉, ⌈W / stride⌉).

    widths: the channels of each stage down. kernel_size: of the convolutions. H and W may be odd.
    middle: the number of blocks at the smallest size.
    ups: the number of stages up, by default as many as down; the stride is 2^(len(widths) − ups).
    upsampler, init: the kind of the stages up, and the start of its weights; see Upsampler.
    skips: in how many of the innermost stages up the encoder's map is added to the upsampled one.
    The attribute `width` is the number of channels of the features.

    Raises: ValueError for another upsampler, more ups than stages, or more skips than ups;
        TypeError or ValueError for impossible channels, widths or kernel_size.
    """

    first_child = "encoders.0"

    def __init__(
        self,
        in_channels: int,
        widths: tuple[int, ...],
        kernel_size: int | tuple[int, int],
        *,
        upsampler: str,
        init: str = "bilinear",
        skips: int = 0,
        middle: int = 0,
        ups: int | None = None,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__()
        check_sizes(widths, kernel_size, in_channels=in_channels)
        one_of("upsampler", upsampler, KINDS)
        stages, middle = len(widths), whole("middle", middle, 0, DEEPEST)
        ups = stages if ups is None else whole("ups", ups, 0, stages)
        skips = whole("skips", skips, 0, ups)
        options = {"rng": a_generator("rng", rng), "dtype": dtype}

        def block(c_in, c_out):
            return conv_norm_relu(c_in, c_out, kernel_size, **options)

        first = stages - ups  # the outermost stage that has a stage up
        self.encoders = [block(a, b) for a, b in pairwise((in_channels, *widths))]
        self.pools = [MaxPool2d(2, ceil_mode=True) for _ in widths]
        self.middle = [block(widths[-1], widths[-1]) for _ in range(middle)]
        self.ups = [
            Upsampler(upsampler, width, pool, init=init, **options)
            for width, pool in zip(widths[first:], self.pools[first:], strict=True)
        ]
        below = list(pairwise((widths[0], *widths)))
        self.decoders = [block(b, a) for a, b in below[first:]]
        self.adds = [Add() if stages - i <= skips else None for i in range(stages)]
        self.width = below[first][0] if ups else widths[-1]

    def forward(self, x: Array) -> Any:
        """The features; a subclass with heads returns the outputs of the heads."""
        maps = []
        for encode, pool, add in zip(self.encoders, self.pools, self.adds, strict=True):
            x = encode(x)
            if add:
                maps.append(x)
            x = pool(x)
        for block in self.middle:
            x = block(x)
        for up, add, decode in self._upwards():
            x = up(x)
            if add:
                x = add(x, maps.pop())
            for layer in decode:  # decode(x) would keep x in memory until its end
                x = layer(x)
        return x

    def backward(self, dfeatures: Any) -> Any:
        """dx (N, in_channels, H, W), from the gradient of the features."""
        dx = dfeatures
        dmaps = []
        for up, add, decode in reversed(self._upwards()):
            dx = decode.backward(dx)
            if add:
                dx, dmap = add.backward(dx)
                dmaps.append(dmap)
            dx = up.backward(dx)
        for block in self.middle[::-1]:
            dx = block.backward(dx)
        for encode, pool, add in zip(
            self.encoders[::-1], self.pools[::-1], self.adds[::-1], strict=True
        ):
            dx = pool.backward(dx)
            if add:
                dx = dx + dmaps.pop()  # the pool and the skip both read the map
            dx = encode.backward(dx)
        return dx

    def _upwards(self):
        """(upsampler, Add of the skip or None, decoder) of each stage up, the innermost first."""
        adds = self.adds[len(self.adds) - len(self.ups) :]
        return list(zip(self.ups, adds, self.decoders, strict=True))[::-1]
