"""Zeros around a map."""

from nn_scratch.arguments import room_for
from nn_scratch.backend import Array, xp_of
from nn_scratch.geometry import integer
from nn_scratch.layers.base import Layer, check_dy, no_macs, written
from nn_scratch.validate import check_rank, check_values


class ZeroPad2d(Layer):
    """Zeros around each map: (N, C, H, W) -> (N, C, top + H + bottom, left + W + right).

    padding: one number for all sides, or (left, right, top, bottom).

    Raises: ValueError or TypeError if that is no padding.
    """

    macs = no_macs

    def __init__(self, padding: int | tuple[int, int, int, int]) -> None:
        super().__init__()
        sides = padding if isinstance(padding, tuple | list) else (padding,) * 4
        if len(sides) != 4:
            raise ValueError(f"padding is {padding}, but must be a number or four of them")
        left, right, top, bottom = (integer("padding", side, least=0) for side in sides)
        self.padding = (left, right, top, bottom)

    def extra_repr(self) -> str:
        return written({"padding": self.padding})

    def forward(self, x: Array) -> Array:
        """y, the map with its zeros.

        Raises: TypeError or ValueError if x is not (N, C, H, W), or y would not fit in memory.
        """
        check_values(x=x)
        check_rank("x", x, 4)
        left, right, top, bottom = self.padding
        n, channels, height, width = x.shape
        self.saved = n, channels, top + height + bottom, left + width + right
        room_for("padding", *self.saved)
        return xp_of(x).pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))

    def backward(self, dy: Array) -> Array:
        """The gradient at the zeros goes nowhere."""
        check_dy(dy, self.saved)
        left, right, top, bottom = self.padding
        _, _, height, width = dy.shape
        return dy[:, :, top : height - bottom, left : width - right]
