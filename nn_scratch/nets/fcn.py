"""Fully convolutional nets: at full resolution, and down and up again.

    FullResolutionFCN   image ─ [conv norm relu] ─ [conv norm relu] ─ … ─ conv ─ scores

    DownUpFCN           image ─ [conv norm relu] ─ pool ─ [conv norm relu] ─ pool ─ …
                                       │ skip                    │ skip
                        scores ─ conv ─┴─ [conv norm relu] ─ up ─┴─ [conv norm relu] ─ up ─ …

At full resolution every layer computes every pixel, and the receptive field grows only by a kernel
with each layer. The way down and up again is in nets/down_up.py.
"""

from itertools import pairwise
from typing import Any

import numpy as np

from nn_scratch.arguments import a_generator
from nn_scratch.backend import Array
from nn_scratch.layers import Conv2d, Sequential
from nn_scratch.nets.block import check_sizes, conv_norm_relu
from nn_scratch.nets.down_up import DownUp


class FullResolutionFCN(Sequential):
    """(N, in_channels, H, W) -> class scores (N, num_classes, H, W), at full resolution throughout.

    widths: the channels of each convolution. kernel_size: of the convolutions.

    Raises: TypeError or ValueError for impossible channels, widths or kernel_size.
    """

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
        check_sizes(widths, kernel_size, in_channels=in_channels, num_classes=num_classes)
        options = {"rng": a_generator("rng", rng), "dtype": dtype}
        super().__init__(
            *(
                conv_norm_relu(a, b, kernel_size, **options)
                for a, b in pairwise((in_channels, *widths))
            ),
            Conv2d(widths[-1], num_classes, 1, **options),
        )


class DownUpFCN(DownUp):
    """(N, in_channels, H, W) -> class scores (N, num_classes, H, W): DownUp and a classifier.

    widths: the channels of each stage down; there are as many stages up. H and W may be odd.
    kernel_size: of the convolutions.
    upsampler, init: the kind of the stages up, and the start of its weights; see Upsampler.
    skips: in how many of the innermost stages up the encoder's map is added to the upsampled one:
        0 as in FCN-32s, 1 as in FCN-16s, 2 as in FCN-8s, len(widths) for all.

    Raises: ValueError for another upsampler or more skips than stages; TypeError or ValueError for
        impossible channels, widths or kernel_size.
    """

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
        check_sizes(widths, kernel_size, in_channels=in_channels, num_classes=num_classes)
        rng = a_generator("rng", rng)
        ways: dict[str, Any] = {"upsampler": upsampler, "init": init, "skips": skips}
        super().__init__(in_channels, widths, kernel_size, **ways, rng=rng, dtype=dtype)
        self.classifier = Conv2d(self.width, num_classes, 1, rng=rng, dtype=dtype)

    def forward(self, x: Array) -> Array:
        return self.classifier(super().forward(x))

    def backward(self, dscores: Array) -> Any:
        return super().backward(self.classifier.backward(dscores))
