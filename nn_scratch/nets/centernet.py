"""CenterNet: a detector of any number of objects, each of which is a point (Zhou et al. 2019, arXiv
1904.07850).

                                  ┌─ [conv relu conv] ─ heat maps, one for each class
    image ─ down and up again ────┼─ [conv relu conv] ─ sizes (w, h)
                        features  └─ [conv relu conv] ─ offsets (x, y)

An object is represented by the point at its centre: the heat map of its class is high there, and
low around it. At that point, the other heads give the size of the object, and the position of the
centre within the cell. There are no anchors, and no assignment of objects to them;
evaluation/heat_maps.py converts boxes to such maps and back.
"""

from typing import Any

import numpy as np

from nn_scratch.arguments import a_generator, parts, whole
from nn_scratch.backend import Array
from nn_scratch.layers import Conv2d, ReLU, Sequential
from nn_scratch.nets.block import LARGEST_WIDTH, check_sizes
from nn_scratch.nets.down_up import DownUp
from nn_scratch.validate import number

PRIOR = 0.1  # the probability of a centre that an untrained net gives at every place


class CenterNet(DownUp):
    """(N, in_channels, H, W) -> heat (N, num_classes, h, w), sizes and offsets (N, 2, h, w), with
    h = ⌈H / stride⌉ and w = ⌈W / stride⌉.

    The heat consists of logits. Sizes are (w, h) in cells of stride × stride pixels, and offsets
    are (x, y) of the centre from the top left corner of its cell, in cells.

    widths: the channels of each stage down. kernel_size: of the convolutions in the stages.
    stride: a power of 2 from 1 to 2^len(widths), which says how far up again the net goes.
    upsampler, init: the kind of the stages up, and the start of its weights; see Upsampler.
    skips: in how many of the innermost stages up the encoder's maps are added; None for all.
    middle: the number of blocks at the smallest size. head_width: the channels inside a head.
    prior: p in the bias log(p / (1 − p)) with which the heat maps start (Lin et al. 2017, §4.1).
        With a bias of 0, every place would have probability one half of being a centre. The first
        gradients, from thousands of places without a centre, would then nearly all say no, and in
        its first epochs such a net finds next to nothing (lesson 11 measures it).

    Raises: ValueError for another stride, upsampler or prior, or more skips than stages up;
        TypeError or ValueError for impossible channels, widths or kernel_size.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        widths: tuple[int, ...] = (16, 32, 64),
        kernel_size: int | tuple[int, int] = 3,
        *,
        stride: int = 4,
        upsampler: str = "nearest",
        init: str = "bilinear",
        skips: int | None = None,
        middle: int = 1,
        head_width: int = 32,
        prior: float = PRIOR,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        check_sizes(widths, kernel_size, in_channels=in_channels, num_classes=num_classes)
        head_width = whole("head_width", head_width, 1, LARGEST_WIDTH)
        if whole("stride", stride, 1) not in (allowed := [2**n for n in range(len(widths) + 1)]):
            raise ValueError(f"stride is {stride}, but must be one of {allowed}")
        if number("prior", prior, 0, 1) in (0, 1):
            raise ValueError(f"prior is {prior}, but must lie between 0 and 1")
        ups = len(widths) - allowed.index(stride)
        rng = a_generator("rng", rng)
        ways: dict[str, Any] = {"upsampler": upsampler, "init": init, "middle": middle}
        ways |= {"skips": ups if skips is None else skips, "ups": ups}
        super().__init__(in_channels, widths, kernel_size, **ways, rng=rng, dtype=dtype)

        def head(channels):
            return Sequential(
                Conv2d(self.width, head_width, 3, padding="same", rng=rng, dtype=dtype),
                ReLU(),
                Conv2d(head_width, channels, 1, rng=rng, dtype=dtype),
            )

        self.heat, self.sizes, self.offsets = head(num_classes), head(2), head(2)
        for each in self._heads():  # start near zero, as the heads of a Localizer do
            each[-1].params["weight"] *= 0.1
        self.heat[-1].params["bias"][...] = np.log(prior / (1 - prior))

    def forward(self, x: Array) -> tuple[Array, Array, Array]:
        """Heat (N, num_classes, h, w), sizes and offsets (N, 2, h, w)."""
        features = super().forward(x)
        heat, sizes, offsets = (head(features) for head in self._heads())
        return heat, sizes, offsets

    def backward(self, gradients: tuple[Array, Array, Array]) -> Any:
        """dx (N, in_channels, H, W), from the gradients of heat, sizes and offsets.

        Raises: TypeError or ValueError if there are not three gradients.
        """
        gradients = parts("gradients", gradients, 3)
        heat, sizes, offsets = (
            head.backward(dy) for head, dy in zip(self._heads(), gradients, strict=True)
        )
        return super().backward(heat + sizes + offsets)  # three heads read the features

    def _heads(self):
        return self.heat, self.sizes, self.offsets
