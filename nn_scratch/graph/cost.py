"""What a net costs: parameters, multiplications, and what it keeps for its backward pass."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from nn_scratch.backend import Array
from nn_scratch.layers import Layer

UNTOLD = "–"


class Cost(NamedTuple):
    """One layer, or the sum of a net.

    output: the shape of y. params: how many numbers it learns. macs: multiplications whose results
    are added up, of the forward pass, in convolutions and linear layers; the gradients in x and in
    the weights take as many again, each. None where a layer does not tell; the sum is of those that
    do. kept: bytes that wait for the backward pass; an array that two layers keep counts for the
    first.
    """

    name: str
    layer: str
    output: tuple[int, ...]
    params: int
    macs: int | None
    kept: int


def cost(net: Layer, x: Array) -> list[Cost]:
    """The Cost of every layer, in the order of a forward pass of x, and the total.

    Runs the pass in the net's present mode. A layer that only calls others has no row of its own.

    Returns: a list of Cost, the total last, without a name.
    """
    rows: list[Cost] = []
    pass_ = _Pass(rows)
    layers = list(net.named_modules())
    for name, layer in layers:
        vars(layer)["forward"] = pass_.noting(name, layer)
    try:
        y = net(x)
    finally:
        for _, layer in layers:
            del vars(layer)["forward"]
    params, macs, kept = (
        sum(filter(None, column)) for column in zip(*(r[3:] for r in rows), strict=True)
    )
    return [*rows, Cost("", type(net).__name__, _shape(y), params, macs, kept)]


def cost_table(rows: list[Cost]) -> str:
    """The rows as text. Where layers do not tell their MACs, the total says that it is not all.

    Returns: a heading, a line for each row, and perhaps one that names such layers.
    """
    untold = untold_macs(rows)
    cells = [("", "", "output", "params", "MACs", "kept")]
    for row in rows:
        macs = UNTOLD if row.macs is None else f"{row.macs / 1e6:,.1f} M"
        name, at_least = (row.name, "") if row.name else ("total", "≥ " if untold else "")
        shape = "×".join(map(str, row.output))
        cells.append(
            (name, row.layer, shape, f"{row.params:,}", at_least + macs, f"{row.kept / 1e6:.2f} MB")
        )
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            text.ljust(width) if i < 3 else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    ]
    if untold:
        lines.append(
            f"{UNTOLD} without macs(self, x, y), and not in the total: {', '.join(untold)}"
        )
    return "\n".join(lines)


def untold_macs(rows: list[Cost]) -> list[str]:
    """The kinds of layers that do not tell their MACs, so that the total leaves them out.

    Returns: their names, sorted; none if the total is complete.
    """
    return sorted({row.layer for row in rows if row.macs is None})


class _Pass:
    """A forward pass that is watched: which layer runs inside which, and what each of them adds."""

    def __init__(self, rows):
        self.rows = rows
        self.inner = [0]  # how many layers each of those that are running has called
        self.seen = {}  # arrays that were counted, by id; held so that no id is given anew

    def noting(self, name, layer):
        """The layer's forward, which also adds its row."""
        forward = layer.forward

        def noted(*inputs, **options):
            self.inner.append(0)
            y = forward(*inputs, **options)
            calls_others = self.inner.pop() > 0
            self.inner[-1] += 1
            row = Cost(
                name or f"({type(layer).__name__})",
                type(layer).__name__,
                _shape(y),
                sum(p.size for p in layer._params.values() if self._is_new(p)),
                layer.macs(inputs[0], y),
                sum(a.nbytes for a in _arrays(vars(layer).get("saved")) if self._is_new(a)),
            )
            if not calls_others or row.params or row.macs or row.kept:
                self.rows.append(row)
            return y

        return noted

    def _is_new(self, array):
        """Whether the array's memory was not counted yet; views share theirs."""
        owner = array if array.base is None else array.base
        new = id(owner) not in self.seen
        self.seen[id(owner)] = owner
        return new


def _arrays(saved: Any) -> Iterator[Array]:
    """The arrays, with an axis at least, in what a layer saved."""
    if isinstance(saved, tuple | list):
        for part in saved:
            yield from _arrays(part)
    elif hasattr(saved, "nbytes") and np.ndim(saved):
        yield saved


def _shape(y):
    """The shape of an output, or of the first of several."""
    return tuple((y[0] if isinstance(y, tuple) else y).shape)
