"""Objects as points: what is in the image, and where, however many there are (Zhou et al. 2019,
CenterNet, arXiv 1904.07850).

                                  ┌─ [conv relu conv] ─ heat maps, one for each class
    image ─ down and up again ────┼─ [conv relu conv] ─ sizes (w, h)
                        features  └─ [conv relu conv] ─ offsets (x, y)

An object is the point at its centre: its class's heat map is high there and low all around. At that
place the other heads say how large it is, and where in the cell its centre lies. There are no
anchors and nothing to assign; evaluation/heat_maps.py turns boxes into such maps and back.
"""

from typing import Any

import numpy as np

from nn_scratch.arguments import a_generator, parts, whole
from nn_scratch.backend import Array
from nn_scratch.layers import Conv2d, ReLU, Sequential
from nn_scratch.nets.block import LARGEST_WIDTH, check_sizes
from nn_scratch.nets.down_up import DownUp
from nn_scratch.validate import number

PRIOR = 0.1  # how likely a net holds a centre for at any place, before it has learned anything


class CenterNet(DownUp):
    """(N, in_channels, H, W) -> heat (N, num_classes, h, w), sizes and offsets (N, 2, h, w), with
    h = ⌈H / stride⌉ and w = ⌈W / stride⌉.

    heat: logits; sizes (w, h) in cells of stride × stride pixels; offsets (x, y) of the centre from
    the top left corner of its cell, in cells.

    One stage down for each of `widths`, `middle` blocks at the smallest size, and up again to
    `stride`, a power of 2 to 2^len(widths), by `upsampler`, one of Upsampler's kinds, adding the
    encoder's maps in the `skips` innermost stages (None: in all). A head has `head_width` channels.

    The bias of the heat maps is log(p / (1 − p)) with p = `prior` (Lin et al. 2017, §4.1). With a
    bias of 0 every place would be a centre by one half, and the first gradients, of some thousand
    places that are none, would be so large that Adam, which divides by what it remembers of their
    size, hardly moves afterwards.

    Raises: ValueError for another stride, upsampler or prior, or more skips than stages up;
        TypeError or ValueError for channels, widths or a kernel_size that are none.
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
        for each in self._heads():  # near zero at first, as the heads of a Localizer
            each[-1].params["weight"] *= 0.1
        self.heat[-1].params["bias"][...] = np.log(prior / (1 - prior))

    def forward(self, x: Array) -> tuple[Array, Array, Array]:
        """Heat, sizes and offsets."""
        features = super().forward(x)
        heat, sizes, offsets = (head(features) for head in self._heads())
        return heat, sizes, offsets

    def backward(self, gradients: tuple[Array, Array, Array]) -> Any:
        """dx (N, in_channels, H, W), for the gradients in heat, sizes and offsets.

        Raises: TypeError or ValueError for gradients that are not three.
        """
        gradients = parts("gradients", gradients, 3)
        heat, sizes, offsets = (
            head.backward(dy) for head, dy in zip(self._heads(), gradients, strict=True)
        )
        return super().backward(heat + sizes + offsets)  # the features went three ways

    def _heads(self):
        return self.heat, self.sizes, self.offsets
