"""Layers one after the other, and the layers where two ways meet."""

from collections.abc import Iterator
from typing import Any

from nn_scratch.arguments import an_instance
from nn_scratch.backend import Array, xp_of
from nn_scratch.layers.base import Layer, check_dy, no_macs, refuse_repeated
from nn_scratch.validate import check_rank, check_shape, check_values


class Sequential(Layer):
    """Layers one after the other, named "0", "1", …

    Raises: ValueError if the same layer is given twice; TypeError for anything but Layers.
    """

    first_child = "0"

    def __init__(self, *layers: Layer) -> None:
        super().__init__()
        self.layers = [an_instance(f"layers[{n}]", one, Layer) for n, one in enumerate(layers)]
        refuse_repeated(self._row())

    def forward(self, x: Array) -> Array:
        for layer in self.layers:
            x = layer(x)
        return x

    def backward(self, dy: Any) -> Any:
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        return dy

    def named_children(self) -> Iterator[tuple[str, Layer]]:
        """The layers, named by their numbers, and what a subclass assigns besides."""
        for name, child in super().named_children():
            yield name.removeprefix("layers."), child

    def _row(self):
        """The layers in the order in which they are called, those of inner rows too."""
        for name, layer in self.named_children():
            yield name, layer
            if isinstance(layer, Sequential):
                yield from ((f"{name}.{inner}", part) for inner, part in layer._row())

    def __getitem__(self, index):
        return self.layers[index]

    def __len__(self) -> int:
        return len(self.layers)


class Add(Layer):
    """Where a skip comes in: a + b, for arrays of one shape."""

    macs = no_macs

    def forward(self, a: Array, b: Array) -> Array:
        """a + b.

        Raises: ValueError if their shapes differ; TypeError if values are not both float32 or both
            float64.
        """
        check_values(a=a, b=b)
        check_shape("b", b, a.shape, "the shape of a, to which it is added")
        self.saved = a.shape
        return a + b

    def backward(self, dy: Array) -> tuple[Array, Array]:
        """A sum passes its gradient to both of its terms."""
        check_dy(dy, self.saved)
        return dy, dy


class Concat(Layer):
    """Joins maps along the channels: (N, C₁, H, W), (N, C₂, H, W) -> (N, C₁ + C₂, H, W)."""

    macs = no_macs

    def forward(self, a: Array, b: Array) -> Array:
        """The channels of a, then those of b.

        Raises: ValueError if they differ in N, H or W; TypeError if values are not both float32 or
            both float64.
        """
        check_values(a=a, b=b)
        check_rank("a", a, 4)
        check_rank("b", b, 4)
        check_shape("b", b, (a.shape[0], b.shape[1], *a.shape[2:]), "as a, but for the channels")
        y = xp_of(a, b).concatenate([a, b], axis=1)
        self.saved = a.shape[1], y.shape
        return y

    def backward(self, dy: Array) -> tuple[Array, Array]:
        """Each map gets the gradient of its own channels."""
        channels, shape = self.saved
        check_dy(dy, shape)
        return dy[:, :channels], dy[:, channels:]
