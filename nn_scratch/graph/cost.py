"""The costs of a net: parameters, multiplications, and memory kept for the backward pass."""

from typing import NamedTuple

from nn_scratch.arguments import a_text, an_instance, each, real, whole
from nn_scratch.backend import Array
from nn_scratch.graph.memory import arrays_in, owner, place
from nn_scratch.graph.trace import trace
from nn_scratch.layers import Layer
from nn_scratch.validate import check_values

UNTOLD = "–"


class Cost(NamedTuple):
    """The costs of a layer, or of a whole net.

    output: the shape of y. params: the number of values that are learned. macs: multiply–add
    operations of the forward pass in convolutions and linear layers; the gradients of x and of the
    weights take as many each. It is None if a layer does not say; the total adds up those that do.
    kept: bytes that are kept for the backward pass; an array kept by two layers counts for the
    first.
    """

    name: str
    layer: str
    output: tuple[int, ...]
    params: int
    macs: int | None
    kept: int


def cost(net: Layer, x: Array) -> list[Cost]:
    """The costs of all layers in one forward pass of x, in the mode that the net is in.

    Returns: a list with a Cost for each call of a layer, in their order, and last a Cost without a
        name for the total. Layers that only call others have no row.
    Raises: TypeError if net is not a Layer, or x not an array of floats.
    """
    an_instance("net", net, Layer)
    check_values(x=x)
    traced = trace(net, x)
    counted: dict[tuple, Array] = {}  # arrays that were counted, held so that none is freed
    rows = [
        row
        for row, step in ((_row(step, counted), step) for step in traced.calls)
        if step.outputs or row.params or row.macs or row.kept
    ]
    if not traced.outputs:
        raise TypeError(f"net: {type(net).__name__} returns no array")
    params, macs, kept = (sum(filter(None, (row[column] for row in rows))) for column in (3, 4, 5))
    output = traced.outputs[0].shape
    return [*rows, Cost("", type(net).__name__, output, params, macs, kept)]


def cost_table(rows: list[Cost]) -> str:
    """The costs as a table. If a layer does not say its MACs, the total is marked as a lower bound.

    Returns: a heading, a line for each row, and, if needed, a line that names such layers.
    Raises: TypeError or ValueError if rows are not what `cost` returns.
    """
    rows = each("rows", rows, _cost)
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
    """The classes of layers that do not say their MACs, and are left out of the total.

    Returns: their names, sorted; empty if the total is complete.
    Raises: TypeError or ValueError if rows are not what `cost` returns.
    """
    return sorted({row.layer for row in each("rows", rows, _cost) if row.macs is None})


def _cost(name, row):
    """Check that a row is a Cost with values of the right kinds, and return it."""
    an_instance(name, row, Cost)
    for part in "name", "layer":
        a_text(f"{name}.{part}", getattr(row, part))
    each(f"{name}.output", row.output, whole)
    for part in "params", "macs", "kept":
        count = getattr(row, part)
        if not (part == "macs" and count is None) and not real(f"{name}.{part}", count) >= 0:
            raise ValueError(f"{name}.{part} is {count}, but must be at least 0")
    return row


def _row(step, counted):
    """The Cost of one call of a layer, without arrays that were counted before."""
    layer = step.layer
    own = sum(p.size for p in layer._params.values() if _is_new(p, counted))
    macs = layer.macs(step.inputs[0].array, step.output)
    kept = [a for a in arrays_in(vars(layer).get("saved")) if a.ndim and _is_new(a, counted)]
    shape = tuple(arrays_in(step.output)[0].shape)
    name = step.name or f"({step.kind})"
    return Cost(name, step.kind, shape, own, macs, sum(a.nbytes for a in kept))


def _is_new(array, counted):
    """Whether the array's memory was not counted before; views of one array share it."""
    memory = owner(array)
    new = place(memory) not in counted
    counted[place(memory)] = memory
    return new
