"""The contract that every layer keeps."""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any

import numpy as np

from nn_scratch.arguments import a_text, an_array, an_instance
from nn_scratch.backend import DEVICES, Array, is_array, is_cupy, to_device, to_host, xp_of
from nn_scratch.geometry import flag
from nn_scratch.layers.flat_view import FlatView
from nn_scratch.layers.initialize import value_dtype
from nn_scratch.validate import check_shape, check_values


class Layer:
    """One step of a network, or a whole network: forward and backward.

    A subclass calls `super().__init__()`, adds its parameters and layers, and writes two methods:

        forward(x)     computes y and keeps in `self.saved` what backward needs
        backward(dy)   returns dx, in the shape of x, and *adds* to the gradients

    **Assigning registers**, as in PyTorch: `self.conv = Conv2d(...)` makes the convolution a child,
    and so does a list, tuple or dict of layers, of which "stages.0.weight" is then a parameter.
    `params`, `grads` (same keys) and `buffers` (what is remembered but not trained) show the
    arrays of a layer and of all layers in it, its own first; whoever trains updates them in place.
    A layer that is reached twice, as the pool that an unpooling layer refers to, counts once, at
    its first place.

    A layer remembers its last input only, so it can be called at one place of a net. Reading
    `saved` before a forward pass raises a RuntimeError that says so. `training` tells the mode.

    What a layer says of itself, where the answers given here do not fit:

        first_child     the name of the child that alone receives the input and whose dx is
                        returned as it is: it is told when nobody needs dx
        shares_saved    whether other layers read `saved`, so that inference_mode keeps it (it also
                        does for a layer that another one refers to)
        extra_repr, macs, open_backward, as_dense
    """

    first_child: str | None = None
    shares_saved = False
    needs_backward = True  # False within inference_mode: nothing is kept in `saved`
    _need_dx = True

    def __init__(self) -> None:
        # _nests: names of attributes in which layers are, or may come to be
        vars(self).update(training=True, _params={}, _grads={}, _buffers={}, _nests={})

    # ------------------------------------------------------------ forward and backward

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        y = self.forward(*inputs, **options)
        if not self.needs_backward:
            vars(self).pop("saved", None)
        return y

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """y, for x. To be written by each layer."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(self, x) yet")

    def backward(self, dy: Any) -> Any:
        """dx, for the gradient dy in y. To be written by each layer."""
        raise NotImplementedError(f"{type(self).__name__} has no backward(self, dy) yet")

    @property
    def need_dx(self) -> bool:
        """False while nobody needs dx, as in training: backward may then return None."""
        return self._need_dx

    @need_dx.setter
    def need_dx(self, needed: bool) -> None:
        self._need_dx = needed
        for name, child in self.named_children() if self.first_child else ():
            if name == self.first_child:
                child.need_dx = needed

    # ------------------------------------------------------------ parameters and children

    @property
    def params(self) -> MutableMapping[str, Array]:
        """The parameters by name, those of layers within under dotted names."""
        return FlatView(self, "_params") if self._nests else self._params

    @property
    def grads(self) -> MutableMapping[str, Array]:
        """The gradients, under the parameters' names."""
        return FlatView(self, "_grads") if self._nests else self._grads

    @property
    def buffers(self) -> MutableMapping[str, Array]:
        """What is remembered but not trained, by name."""
        return FlatView(self, "_buffers") if self._nests else self._buffers

    def add_parameter(self, name: str, value: Array) -> None:
        """A new parameter of this layer, and a gradient of zeros for it.

        Raises: TypeError if the name is not a string or the value not an array of floats.
        """
        a_text("name", name)
        check_values(value=value)
        self._params[name] = value
        self._grads[name] = xp_of(value).zeros_like(value)

    def add_grads(self, **gradients: Any) -> None:
        """Add to the gradients of those parameters that this layer has itself."""
        for name in self._params:
            self._grads[name] += gradients[name]

    def named_children(self) -> Iterator[tuple[str, "Layer"]]:
        """(name, layer) of the layers assigned to this one. (PyTorch's name.)

        Raises: ValueError if a list holds a layer twice: it would lose its first input.
        """
        for name in self._nests:
            yield from _layers_in(name, vars(self).get(name))

    def named_modules(self) -> Iterator[tuple[str, "Layer"]]:
        """(dotted name, layer) of this layer, named "", and of all within, each once. (PyTorch's
        name.)"""
        seen: set[int] = set()
        waiting: list[tuple[str, Layer]] = [("", self)]
        while waiting:
            name, layer = waiting.pop()
            if id(layer) in seen:
                continue
            seen.add(id(layer))
            yield name, layer
            if layer._nests:
                prefix = f"{name}." if name else ""
                below = [(prefix + child, part) for child, part in layer.named_children()]
                waiting += reversed(below)

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "saved" and _may_hold_layers(value):
            if "_nests" not in vars(self):
                raise AttributeError(_not_initialized(self))
            self._nests[name] = None
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name == "saved":
            raise RuntimeError(f"{type(self).__name__}: backward needs a forward pass before it")
        if "_nests" not in vars(self) and not name.startswith("__"):
            raise AttributeError(_not_initialized(self))
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    # ------------------------------------------------------------ modes, state, place

    def train(self, mode: bool = True) -> "Layer":
        """Training mode: batch statistics. Returns the layer.

        Raises: TypeError if mode is neither True nor False.
        """
        self.training = flag("mode", mode)
        for _, child in self.named_children():
            child.train(mode)
        return self

    def eval(self) -> "Layer":
        """Evaluation mode: running statistics. Returns the layer."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Set every gradient to zero, in place."""
        for gradient in self.grads.values():
            gradient[...] = 0

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of all parameters and buffers, on the host, under PyTorch's names."""
        return {
            name: to_host(a).copy() for name, a in (*self.params.items(), *self.buffers.items())
        }

    def load_state_dict(self, state: Any) -> None:
        """Copy values in: a dict of arrays or PyTorch CPU tensors, with exactly our names.

        Raises: ValueError, and changes nothing, if names or shapes do not fit; TypeError for what
            holds no numbers.
        """
        an_instance("state", state, Mapping, "a dict of arrays")
        own = {**self.params, **self.buffers}
        missing, unknown = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
        if missing or unknown:
            raise ValueError(f"state does not fit: missing {missing}, unknown {unknown}")
        values = {name: an_array(f"{name} in state", state[name], ("…",)) for name in own}
        wrong = [
            f"{name} is {values[name].shape}, needs {array.shape}"
            for name, array in own.items()
            if values[name].shape != array.shape
        ]
        if wrong:
            raise ValueError("state does not fit: " + "; ".join(wrong))
        for name, array in own.items():
            array[...] = xp_of(array).asarray(values[name], dtype=array.dtype)

    def to(self, target: Any) -> "Layer":
        """Move to "cpu" or "gpu", or convert to np.float32 or np.float64. Returns the layer.

        Integers keep their dtype. What the last forward pass saved goes along, in whatever tuples
        and lists it is.

        Raises: TypeError for any other dtype.
        """
        for _, layer in self.named_modules():
            for arrays in (layer._params, layer._grads, layer._buffers):
                for name, array in arrays.items():
                    arrays[name] = _converted(array, target)
            if "saved" in vars(layer):
                layer.saved = _converted(layer.saved, target)
        return self

    @property
    def device(self) -> str:
        """Where the parameters are, "cpu" or "gpu"; "cpu" if there are none."""
        return "gpu" if any(map(is_cupy, self.params.values())) else "cpu"

    # ------------------------------------------------------------ what a layer says of itself

    def __repr__(self) -> str:
        return _described(self, set())

    def extra_repr(self) -> str:
        """What repr shows beside the parameters' shapes."""
        return ""

    def macs(self, x: Any, y: Any) -> int | None:
        """How many numbers forward multiplied and added up on the way from x to y, without what
        its children did; None where the layer does not tell."""
        return None

    def open_backward(self, dy: Any) -> Any:
        """backward with every path open, from which graph.receptive_field reads which pixels can
        matter: not zero wherever x can have an influence. Here: backward, each parameter being 1.
        """
        own = dict(self._params)
        self._params.update((name, xp_of(a).ones_like(a)) for name, a in own.items())
        try:
            return type(self).backward(self, dy)
        finally:
            self._params.update(own)

    def as_dense(self, size: int, dilation: int) -> tuple["Layer | None", int, int]:
        """What this layer of a patch classifier becomes when the whole image is given at once.

        size: of the map of one patch that it receives. dilation: how far apart the neighbours on
        that map are in the image's. Returns the layer (None if none is needed), and size and
        dilation for the next one. See nets.FullyConvolutional.

        Raises: TypeError if the layer does not tell.
        """
        raise TypeError(
            f"{type(self).__name__} does not tell how it slides over an image: write its "
            "as_dense(self, size, dilation)"
        )


class Elementwise(Layer):
    """A layer whose y depends, element by element, on the x of the same place alone."""

    def macs(self, x: Any, y: Any) -> int | None:
        """0: as in the tables of papers, only sums of products count."""
        return 0

    def open_backward(self, dy: Array) -> Array:
        """Every element passes."""
        return dy

    def as_dense(self, size: int, dilation: int) -> tuple[Layer, int, int]:
        """The same on every map: a twin that shares the parameters."""
        return sharing(self), size, dilation


# ---------------------------------------------------------------- how layers are found

NESTS = (list, tuple, dict)


def refuse_repeated(named: Iterable[tuple[str, Layer]]) -> None:
    """Raises ValueError if a layer is named twice."""
    names: dict[int, str] = {}
    for name, layer in named:
        if names.setdefault(id(layer), name) is not name:
            raise ValueError(
                f"{name} is a {type(layer).__name__} that stands in this net twice: a layer "
                "remembers its last input only, so make a new one for each place"
            )


def _layers_in(name, value):
    """(dotted name, layer) of an attribute: a layer itself, or those in lists, tuples and dicts."""
    if isinstance(value, Layer):
        return [(name, value)]
    if not isinstance(value, NESTS):
        return []
    found = []
    for key, part in value.items() if isinstance(value, dict) else enumerate(value):
        found += _layers_in(f"{name}.{key}", part)
    refuse_repeated(found)
    return found


def _may_hold_layers(value):
    """Whether layers are in an attribute, or may be put there: an empty list can grow."""
    if isinstance(value, NESTS):
        parts = value.values() if isinstance(value, dict) else value
        return not parts or any(part is None or _may_hold_layers(part) for part in parts)
    if isinstance(value, set | frozenset) and any(isinstance(part, Layer) for part in value):
        raise TypeError("layers in a set have no order and no names: keep them in a list or a dict")
    return isinstance(value, Layer)


def _not_initialized(layer):
    name = type(layer).__name__
    return f"{name}.__init__ must call super().__init__() before it assigns layers or parameters"


def _described(layer, shown):
    """repr of a layer; what was shown before, as a reference to a pool, is left out."""
    shown.add(id(layer))
    shapes = [f"{name} {array.shape}" for name, array in layer._params.items()]
    head = f"{type(layer).__name__}({', '.join(filter(None, [*shapes, layer.extra_repr()]))}"
    lines = [
        f"{name}: {_described(child, shown)}"
        for name, child in layer.named_children()
        if id(child) not in shown
    ]
    return "\n  ".join([head, *"\n".join(lines).splitlines()]) + ("\n)" if lines else ")")


# ---------------------------------------------------------------- what layers share


def check_dy(dy: Array, shape: tuple[int, ...]) -> None:
    """The gradient in y has the shape of y.

    Raises: ValueError for another shape; TypeError if dy is not an array of floats.
    """
    check_values(dy=dy)
    check_shape("dy", dy, shape, "the shape of the layer's last output")


def no_macs(layer: Layer, x: Any, y: Any) -> int:
    """`macs` of a layer that only moves, compares or adds up what it is given."""
    return 0


def sharing(layer: Layer) -> Any:
    """A twin with a memory of its own and the same arrays as parameters and buffers."""
    twin = object.__new__(type(layer))
    vars(twin).update(vars(layer))
    vars(twin).pop("saved", None)
    zeros = {name: xp_of(a).zeros_like(a) for name, a in layer._grads.items()}
    vars(twin).update(_params=dict(layer._params), _grads=zeros, _buffers=dict(layer._buffers))
    vars(twin).update(_nests=dict(layer._nests))
    return twin


def written(options: dict[str, Any], **defaults: Any) -> str:
    """Options as "name=value, …", without those at their default (None if not given)."""
    return ", ".join(f"{k}={value}" for k, value in options.items() if value != defaults.get(k))


def _converted(value, target):
    """Arrays on a device or in a dtype, also those in tuples and lists; anything else as it is."""
    if type(value) in (tuple, list):
        return type(value)(_converted(part, target) for part in value)
    if not is_array(value):
        return value
    if isinstance(target, str) and target in DEVICES:
        return to_device(value, target)
    dtype = value_dtype(target, "target")
    return value.astype(dtype, copy=False) if value.dtype.kind == "f" else value
