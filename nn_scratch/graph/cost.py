"""What a net costs: parameters, multiplications, and what it keeps for its backward pass."""

from math import prod
from typing import NamedTuple

import numpy as np

from nn_scratch.layers import Conv2d, ConvTranspose2d, Linear
from nn_scratch.layers.container import leaves


class Cost(NamedTuple):
    """One layer, or the sum of a net.

    output: the shape of y. multiplications: of the forward pass, in convolutions and linear layers;
    the gradients in x and in the weights take as many again, each. kept: bytes that wait for the
    backward pass; an array that two layers keep counts for the first.
    """

    name: str
    layer: str
    output: tuple
    parameters: int
    multiplications: int
    kept: int


def cost(net, x):
    """The Cost of every layer, in the order of a forward pass of x, and the total.

    Runs the pass in the net's present mode.
    """
    rows, seen = [], set()
    for name, layer in leaves(net):
        layer.forward = _noting(name, layer, rows, seen)
    try:
        y = net(x)
    finally:
        for _, layer in leaves(net):
            del layer.forward
    sums = (sum(column) for column in zip(*(row[3:] for row in rows), strict=True))
    return [*rows, Cost("", type(net).__name__, _shape(y), *sums)]


def cost_table(rows):
    """The rows as text."""
    lines = [f"{'':<22}{'':<17}{'output':<21}{'weights':>9}{'products':>10}{'kept':>11}"]
    for row in rows:
        lines.append(
            f"{row.name or 'total':<22}{row.layer:<17}{'×'.join(map(str, row.output)):<21}"
            f"{row.parameters:>9,}{row.multiplications / 1e6:>8.1f} M{row.kept / 1e6:>8.2f} MB"
        )
    return "\n".join(lines)


def _noting(name, layer, rows, seen):
    """The layer's forward, which also adds its row."""
    forward = layer.forward

    def noted(x, *arguments, **options):
        y = forward(x, *arguments, **options)
        rows.append(
            Cost(
                name,
                type(layer).__name__,
                _shape(y),
                sum(p.size for p in layer.params.values()),
                _multiplications(layer, x, y),
                sum(_new_bytes(array, seen) for array in _arrays(layer.saved)),
            )
        )
        return y

    return noted


def _multiplications(layer, x, y):
    """Every output of a convolution sums over a window; every input of its adjoint paints one."""
    if isinstance(layer, ConvTranspose2d):
        return x.size * prod(layer.params["weight"].shape[1:])
    if isinstance(layer, Conv2d | Linear):
        return y.size * prod(layer.params["weight"].shape[1:])
    return 0


def _arrays(saved):
    if isinstance(saved, tuple | list):
        for part in saved:
            yield from _arrays(part)
    elif hasattr(saved, "nbytes") and np.ndim(saved):
        yield saved


def _new_bytes(array, seen):
    """The array's bytes, if its memory was not counted yet; views share theirs."""
    owner = array if array.base is None else array.base
    if id(owner) in seen:
        return 0
    seen.add(id(owner))
    return array.nbytes


def _shape(y):
    return y[0].shape if isinstance(y, tuple) else y.shape
