"""Upsampling without parameters and without switches."""

from typing import Any

from nn_scratch import ops
from nn_scratch.backend import Array
from nn_scratch.geometry import flag, map_size, pair
from nn_scratch.layers.base import Layer, check_dy, no_macs, written
from nn_scratch.validate import check_rank, check_values

Pair = int | tuple[int, int]


class NearestUnpool2d(Layer):
    """Repeats each pixel into a block of `scale`, int or (h, w): (N, C, H, W) -> (N, C, H·h, W·w).

    Raises: ValueError or TypeError for a scale that is not valid.
    """

    macs = no_macs

    def __init__(self, scale: Pair) -> None:
        super().__init__()
        self.scale = pair("scale", scale)

    def extra_repr(self) -> str:
        return written({"scale": self.scale})

    def forward(self, x: Array) -> Array:
        y = ops.nearest_unpool2d(x, self.scale)
        self.saved = y.shape
        return y

    def backward(self, dy: Array) -> Array:
        check_dy(dy, self.saved)
        return ops.nearest_unpool2d_backward(dy, self.scale)


class BedOfNails2d(Layer):
    """Puts each pixel at the top left of a block of `scale`, int or (h, w), zeros elsewhere:
    (N, C, H, W) -> (N, C, H·h, W·w).

    Raises: ValueError or TypeError for a scale that is not valid.
    """

    macs = no_macs

    def __init__(self, scale: Pair) -> None:
        super().__init__()
        self.scale = pair("scale", scale)

    def extra_repr(self) -> str:
        return written({"scale": self.scale})

    def forward(self, x: Array) -> Array:
        y = ops.bed_of_nails_unpool2d(x, self.scale)
        self.saved = y.shape
        return y

    def backward(self, dy: Array) -> Array:
        check_dy(dy, self.saved)
        return ops.bed_of_nails_unpool2d_backward(dy, self.scale)


class BilinearUpsample2d(Layer):
    """Bilinear interpolation to `size` (h, w) or by `scale`, int or (h, w): (N, C, H, W) ->
    (N, C, *size). `layer(x, output_size=(P, Q))` takes another size for this call.

    (PyTorch's nn.Upsample takes mode before align_corners, and says scale_factor.)

    Raises: ValueError if both or none of size and scale are given.
    """

    macs = no_macs

    def __init__(
        self,
        size: Pair | None = None,
        scale: Pair | None = None,
        *,
        align_corners: bool = False,
    ) -> None:
        super().__init__()
        if (size is None) == (scale is None):
            raise ValueError(f"give size or scale, not both or none: size={size}, scale={scale}")
        self.size = None if size is None else map_size("size", size)
        self.scale = None if scale is None else pair("scale", scale)
        self.align_corners = flag("align_corners", align_corners)

    def extra_repr(self) -> str:
        options = {"size": self.size, "scale": self.scale, "align_corners": self.align_corners}
        return written(options, align_corners=False)

    def forward(self, x: Array, output_size: tuple[int, int] | None = None) -> Array:
        """y (N, C, *size).

        Raises: TypeError or ValueError if x is not (N, C, H, W) or output_size is not valid.
        """
        check_values(x=x)
        check_rank("x", x, 4)
        size: Any = self.size if output_size is None else map_size("output_size", output_size)
        if size is None:
            size = tuple(n * s for n, s in zip(x.shape[2:], self.scale or (), strict=True))
        y = ops.bilinear_upsample2d(x, size, align_corners=self.align_corners)
        self.saved = x.shape[2:], y.shape
        return y

    def backward(self, dy: Array) -> Array:
        input_size, shape = self.saved
        check_dy(dy, shape)
        return ops.bilinear_upsample2d_backward(dy, input_size, align_corners=self.align_corners)
