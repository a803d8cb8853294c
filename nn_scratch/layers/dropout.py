"""Noise that keeps a net from relying on single values."""

from typing import Any

from nn_scratch.arguments import a_generator
from nn_scratch.backend import Array, xp_of
from nn_scratch.layers.base import Elementwise, check_dy, written
from nn_scratch.validate import check_values, number


class Dropout(Elementwise):
    """In training, sets each value to zero with probability p and multiplies the others by
    1/(1 − p), so that the mean stays; in evaluation, passes x on (Srivastava et al. 2014, §10,
    "inverted").

    `rng` is a NumPy Generator, a seed, or None for other values every time. Its state is in no
    state_dict, but in the checkpoints of fit: a run that goes on draws what it would have drawn.

    Raises: TypeError or ValueError if p is no probability, or rng none of these.
    """

    def __init__(self, p: float = 0.5, *, rng: Any = None) -> None:
        super().__init__()
        self.p = number("p", p, 0, 1)
        self.rng = a_generator("rng", rng)

    def extra_repr(self) -> str:
        return written({"p": self.p})

    def forward(self, x: Array) -> Array:
        """y, in the shape of x. The mask is drawn on the host: one seed, one mask everywhere.

        Raises: TypeError if x is not an array of floats.
        """
        check_values(x=x)
        mask = xp_of(x).asarray(self.rng.random(x.shape) >= self.p) if self.training else None
        self.saved = mask, x.shape
        return self._masked(x)

    def backward(self, dy: Array) -> Array:
        """dx, in the shape of dy: through the mask that forward used."""
        check_dy(dy, self.saved[1])
        return self._masked(dy)

    def _masked(self, values):
        """The values that the mask leaves, scaled."""
        mask, _ = self.saved
        if mask is None:
            return values
        kept = 1 - self.p or 1  # nothing is kept if p is 1
        return xp_of(values).where(mask, values / kept, values.dtype.type(0))
