"""Noise that keeps a net from relying on single values."""

from typing import Any

import numpy as np

from nn_scratch.backend import Array, xp_of
from nn_scratch.layers.base import Elementwise, written


class Dropout(Elementwise):
    """In training, sets each value to zero with probability p and multiplies the others by
    1/(1 − p), so that the mean stays; in evaluation, passes x on (Srivastava et al. 2014, §10,
    "inverted").

    `rng` is a NumPy Generator, a seed, or None for other values every time. Its state is in no
    state_dict, but in the checkpoints of fit: a run that goes on draws what it would have drawn.

    Raises: ValueError if p is no probability.
    """

    def __init__(self, p: float = 0.5, *, rng: Any = None) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p is {p}, but must be a probability, from 0 to 1")
        self.p = p
        self.rng = np.random.default_rng(rng)

    def extra_repr(self) -> str:
        return written({"p": self.p})

    def forward(self, x: Array) -> Array:
        """y, in the shape of x. The mask is drawn on the host: one seed, one mask everywhere."""
        self.saved = None
        if self.training:
            self.saved = xp_of(x).asarray(self.rng.random(x.shape) >= self.p)
        return self._masked(x)

    def backward(self, dy: Array) -> Array:
        """dx, in the shape of dy: through the mask that forward used."""
        return self._masked(dy)

    def _masked(self, values):
        """The values that the mask leaves, scaled."""
        if self.saved is None:
            return values
        kept = 1 - self.p or 1  # nothing is kept if p is 1
        return xp_of(values).where(self.saved, values / kept, values.dtype.type(0))
