"""Down and up again: the trunk that fully convolutional nets and detectors share.

    image ─ [conv norm relu] ─ pool ─ [conv norm relu] ─ pool ─ …
                   │ skip                    │ skip
    features ──────┴─ [conv norm relu] ─ up ─┴─ [conv norm relu] ─ up ─ …

Pooling makes all that follows four times cheaper and doubles how fast the receptive field grows;
what it loses, where exactly things are, the way up has to find again (Long et al. 2015;
Badrinarayanan et al. 2015): from the pools' switches, by learned filters, or from the encoder's own
maps, which skips add.
"""

from itertools import pairwise
from typing import Any

import numpy as np

from nn_scratch.arguments import a_generator, one_of, whole
from nn_scratch.backend import Array
from nn_scratch.layers import Add, Layer, MaxPool2d
from nn_scratch.nets.block import check_sizes, conv_norm_relu
from nn_scratch.nets.upsampler import KINDS, Upsampler

DEEPEST = 1000  # blocks at the smallest size


class DownUp(Layer):
    """(N, in_channels, H, W) -> features (N, width, ⌈H / stride⌉, ⌈W / stride⌉).

    One stage down for each of `widths`, then `middle` blocks at the smallest size, then `ups`
    stages up (None: as many as down), so that stride is 2^(len(widths) − ups). `upsampler` is one
    of Upsampler's kinds, and `init` how a transpose convolution starts. The `skips` innermost
    stages add the encoder's map to the upsampled one. `width` tells the channels of the features.
    H and W may be odd.

    Raises: ValueError for another upsampler, more ups than stages, or more skips than ups;
        TypeError or ValueError for channels, widths or a kernel_size that are none.
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

        first = stages - ups  # the outermost stage that is climbed
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
        """The features; a net with heads on them returns what those give."""
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
            for layer in decode:  # one by one: decode(x) would hold x to the end
                x = layer(x)
        return x

    def backward(self, dfeatures: Any) -> Any:
        """dx (N, in_channels, H, W)."""
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
                dx = dx + dmaps.pop()  # the map went two ways: its gradients add up
            dx = encode.backward(dx)
        return dx

    def _upwards(self):
        """(upsampler, where the skip comes in or None, decoder), innermost stage first."""
        adds = self.adds[len(self.adds) - len(self.ups) :]
        return list(zip(self.ups, adds, self.decoders, strict=True))[::-1]
