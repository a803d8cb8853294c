"""Faults of a layer's construction: a forgotten super().__init__(), sub-layers not registered."""

import sys

import numpy as np

from nn_scratch.backend import is_array


def is_layer(value) -> bool:
    """Whether `value` is a Layer. The layers are not imported for that: if nobody has imported
    them yet, there can be no Layer."""
    base = sys.modules.get("nn_scratch.layers.base")
    return base is not None and isinstance(value, base.Layer)


def has_no_init(layer) -> str | None:
    """The message for a layer whose __init__ does not call super().__init__(), else None."""
    if all(name in vars(layer) or _has(layer, name) for name in ("params", "grads", "buffers")):
        return None
    name = type(layer).__name__
    return (
        f"{name} has no params: its __init__ does not call super().__init__(), which must come "
        "first there"
    )


def unregistered(layer, outputs=None) -> list[str]:
    """Messages for sub-layers that `layer` uses but has not registered: their parameters are not
    among its own, so that no optimizer trains them.

    outputs: a function that computes the layer's outputs. With it, only sub-layers whose parameters
    change the outputs are named; without it, all that are not registered.
    """
    own = {id(array) for array in layer.params.values()}
    found, named = [], set()
    for place, sub in _sub_layers(layer):
        loose = [a for a in sub.params.values() if id(a) not in own and id(a) not in named]
        if loose and (outputs is None or _matter(loose, outputs)):
            named |= set(map(id, loose))
            found.append(
                f"{place} is a {type(sub).__name__} whose parameters are not among those of "
                f"{type(layer).__name__}: it is not registered, so nobody trains it; assign it to "
                "an attribute of its own, self.NAME = layer, after super().__init__()"
            )
    return found


def _matter(arrays, outputs):
    """Whether the outputs change with the values in these arrays."""
    before, kept = outputs(), [array.copy() for array in arrays]
    for array in arrays:
        array += 0.1 * (1 + abs(array))
    try:
        after = outputs()
    finally:
        for array, values in zip(arrays, kept, strict=True):
            array[...] = values
    return not all(map(np.array_equal, before, after))


def _sub_layers(layer):
    """Pairs (place, layer) of all layers that can be reached from the attributes of a layer."""
    seen = {id(layer)}
    waiting = [(f"self.{name}", value, 0) for name, value in vars(layer).items()]
    while waiting:  # the outer ones first
        place, value, depth = waiting.pop(0)
        if id(value) in seen or is_array(value) or depth > 6:
            continue
        seen.add(id(value))
        if is_layer(value):
            if has_no_init(value) is None:
                yield place, value
            waiting += [(f"{place}.{n}", v, depth + 1) for n, v in vars(value).items()]
        elif isinstance(value, dict):
            waiting += [(f"{place}[{key!r}]", v, depth + 1) for key, v in value.items()]
        elif isinstance(value, list | tuple | set):
            waiting += [(f"{place}[{i}]", v, depth + 1) for i, v in enumerate(value)]
        elif not isinstance(value, type) and type(value).__module__ not in ("builtins", "numpy"):
            own = getattr(value, "__dict__", {})
            waiting += [(f"{place}.{n}", v, depth + 1) for n, v in own.items()]


def _has(layer, name):
    try:
        return getattr(layer, name, None) is not None
    except Exception:  # it is a property that needs what __init__ should have made
        return False
