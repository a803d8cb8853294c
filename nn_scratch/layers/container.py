"""Layers made of layers."""

from collections.abc import MutableMapping

from nn_scratch.layers.base import Layer


class Container(Layer):
    """A layer made of the named layers in `children`.

    `params`, `grads` and `buffers` show all of the children's arrays under dotted names,
    "child.weight". A subclass sets its children with `super().__init__(children)` and writes
    `forward` and `backward`. If a single child receives the input, and its dx is returned as it is,
    the subclass may name it as `first`: it is then told when nobody needs dx.
    """

    def __init__(self, children, first=None):
        super().__init__()
        self.children = dict(children)
        self._first = first
        _refuse_repeated(self)
        self.params = FlatView(self.children, "params")
        self.grads = FlatView(self.children, "grads")
        self.buffers = FlatView(self.children, "buffers")

    @property
    def need_dx(self):
        return self._first is None or self.children[self._first].need_dx

    @need_dx.setter
    def need_dx(self, needed):
        if self._first is not None:
            self.children[self._first].need_dx = needed

    def train(self, mode=True):
        for child in self.children.values():
            child.train(mode)
        return super().train(mode)

    def to(self, target):
        for child in self.children.values():
            child.to(target)
        self.saved = None
        return self

    def __repr__(self):
        lines = [f"{name}: {child!r}" for name, child in self.children.items()]
        return "\n  ".join([f"{type(self).__name__}(", *"\n".join(lines).splitlines()]) + "\n)"


class Sequential(Container):
    """Layers one after the other, named "0", "1", …"""

    def __init__(self, *layers):
        children = {str(i): layer for i, layer in enumerate(layers)}
        super().__init__(children, first="0" if layers else None)
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def backward(self, dy):
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        return dy

    def __getitem__(self, index):
        return self.layers[index]

    def __len__(self):
        return len(self.layers)


class FlatView(MutableMapping):
    """The children's dicts as one, under dotted names; reading and writing go through to them."""

    def __init__(self, children, attribute):
        self._children = children
        self._attribute = attribute

    def _owner(self, name):
        child, _, rest = name.partition(".")
        return getattr(self._children[child], self._attribute), rest

    def __getitem__(self, name):
        owner, rest = self._owner(name)
        return owner[rest]

    def __setitem__(self, name, array):
        owner, rest = self._owner(name)
        owner[rest] = array

    def __delitem__(self, name):
        owner, rest = self._owner(name)
        del owner[rest]

    def __iter__(self):
        for child, layer in self._children.items():
            for name in getattr(layer, self._attribute):
                yield f"{child}.{name}"

    def __len__(self):
        return sum(len(getattr(layer, self._attribute)) for layer in self._children.values())

    def __repr__(self):
        return repr(dict(self))


def _refuse_repeated(container):
    """A layer remembers one input, so the same object at two places would lose the first."""
    seen = set()
    for name, layer in leaves(container):
        if id(layer) in seen:
            raise ValueError(
                f"{name} is a {type(layer).__name__} that stands in this net twice: a layer "
                "remembers its last input only, so make a new one for each place"
            )
        seen.add(id(layer))


def leaves(layer, prefix=""):
    """Every layer without children, with its dotted name."""
    if not isinstance(layer, Container):
        yield prefix, layer
        return
    for name, child in layer.children.items():
        yield from leaves(child, f"{prefix}.{name}" if prefix else name)
