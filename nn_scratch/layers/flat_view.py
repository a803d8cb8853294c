"""Many dicts of arrays as one."""

from collections.abc import Iterator, MutableMapping
from typing import Any

from nn_scratch.backend import Array


class FlatView(MutableMapping):
    """The arrays of a layer and of all layers in it as one dict, under dotted names; reading and
    writing go through to the layers."""

    def __init__(self, layer: Any, kind: str) -> None:
        self._own = vars(layer)[kind]
        self._places = {}
        for name, part in layer.named_modules():
            arrays = vars(part)[kind]
            for key in arrays:
                self._places[f"{name}.{key}" if name else key] = arrays, key

    def __getitem__(self, name: str) -> Array:
        arrays, key = self._places[name]
        return arrays[key]

    def __setitem__(self, name: str, array: Array) -> None:
        if name not in self._places:
            if "." in name:
                raise KeyError(name)
            self._places[name] = self._own, name
        arrays, key = self._places[name]
        arrays[key] = array

    def __delitem__(self, name: str) -> None:
        arrays, key = self._places.pop(name)
        del arrays[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        return repr(dict(self))
