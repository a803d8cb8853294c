"""The trace of a forward pass: a list of the layers that ran, with their inputs and outputs.

Costs, receptive fields, drawings and exports of a net are made from this list. Arrays are
recognized by their memory: a skip is an array that two layers read, whatever code brought it there.
What the code of a net does with arrays outside of layers cannot be observed. Two such things can be
recognized from their results, and become steps without a layer: a `Slice` and a `Reshape` of an
array that a layer made. Any other array that no layer made becomes a step of the kind UNKNOWN.
"""

from dataclasses import dataclass, field
from typing import Any

from nn_scratch.arguments import an_instance, shown
from nn_scratch.backend import Array, is_array
from nn_scratch.graph.memory import Value, arrays_in, checksum, made_of, place, view_of
from nn_scratch.layers import Layer, Sequential

UNKNOWN = "?"
CHANGED = "{} made it, and then it was changed in place"
NO_OPTIONS = ("training", "saved", "needs_backward", "_need_dx")  # attributes that are no options


@dataclass(eq=False)
class Step:
    """One call of a layer, or something done to arrays without a layer.

    name: of the layer within the net. kind: the name of its class. options: of the layer and of the
    call. inputs: the Values it received. output: what it returned. outputs: the arrays in `output`
    as Values; empty if the layer called others, because then their steps made the arrays.
    reads: earlier steps whose layers this layer reads from, such as the pool of an unpooling layer,
    whose `switches` it needs.

    A step without a layer is a Slice (options start and stop), a Reshape (option shape), or
    UNKNOWN; the inputs of an UNKNOWN step are the Values that it seems to be made of, if any.
    """

    name: str
    layer: Layer | None
    kind: str
    options: dict[str, Any]
    inputs: tuple[Value, ...]
    output: Any = None
    outputs: tuple[Value, ...] = ()
    reads: tuple["Step", ...] = ()

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})" if self.name else self.kind


@dataclass(eq=False)
class Trace:
    """A forward pass. inputs, outputs: those of the net. steps: all steps that made arrays, in
    their order. calls: all calls of layers, also of those that only call others. unexplained: a
    sentence for each array that no layer made."""

    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...] = ()
    steps: list[Step] = field(default_factory=list)
    calls: list[Step] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)


def trace(net: Layer, *inputs: Array) -> Trace:
    """Run net(*inputs), in the mode that the net is in, and record every call of a layer.

    Returns: a Trace, which keeps the arrays of the forward pass in memory.
    Raises: TypeError if net is not a Layer, or an input not an array.
    """
    an_instance("net", net, Layer)
    for number, array in enumerate(inputs):
        if not is_array(array):
            raise TypeError(f"inputs[{number}] is {shown(array)}, but must be an array")
    watch, layers = _Watch(inputs), list(net.named_modules())
    for name, layer in layers:
        vars(layer)["forward"] = watch.watched(name, layer)
    try:
        y = net(*inputs)
    finally:
        for _, layer in layers:
            del vars(layer)["forward"]
    watch.trace.outputs = tuple(watch.value_of(a, "the net returns") for a in arrays_in(y))
    return watch.trace


class _Watch:
    """The recorder of a trace, while the forward pass runs.

    values: all Values. at: the last Value at each place in memory. running: a stack with, for each
    layer that is running, the number of layers that it has called. last: the last step of each
    layer.
    """

    def __init__(self, inputs):
        self.values, self.at = [], {}
        self.trace = Trace(tuple(self.new(array, None) for array in inputs))
        self.running = [0]
        self.last = {}

    def watched(self, name, layer):
        """The layer's forward, wrapped so that it also records a step."""
        forward, kind = layer.forward, type(layer).__name__
        who = f"{name} ({kind})" if name else kind

        def noted(*inputs, **options):
            self.running.append(0)
            given = [self.value_of(a, f"{who} receives") for a in arrays_in((inputs, options))]
            told = {key: value for key, value in options.items() if not is_array(value)}
            output = forward(*inputs, **options)
            step = Step(name, layer, kind, options_of(layer) | told, tuple(given), output)
            self.trace.calls.append(step)
            if self.running.pop() == 0 and type(layer) is not Sequential:
                partners = (self.last.get(child) for _, child in layer.named_children())
                step.reads = tuple(filter(None, partners))
                self.last[layer] = step
                self.add(step)
            self.running[-1] += 1
            return output

        return noted

    def add(self, step):
        """Record a step that made arrays, with the Values of these."""
        self.trace.steps.append(step)
        step.outputs = tuple(self.new(array, step) for array in arrays_in(step.output))

    def new(self, array, step):
        """A new Value, for an array that a step has just made."""
        value = Value(len(self.values), array, step, checksum(array))
        self.values.append(value)
        self.at[place(array)] = value
        return value

    def value_of(self, array, who):
        """The Value of an array that is used. who: the beginning of a sentence about its use."""
        value = self.at.get(place(array))
        if value is not None and value.is_intact:
            return value
        view = view_of(array, self.values) if value is None else None
        self.add(Step("", None, *view, array) if view else self.unknown(array, who, value))
        return self.values[-1]

    def unknown(self, array, who, changed):
        """The UNKNOWN step for an array that no layer made, or for a Value that was changed."""
        meaning, sources = (CHANGED, (changed,)) if changed else made_of(array, self.values)
        advice = meaning.format(*(value.step or "the input" for value in sources))
        text = f"{who} an array {tuple(array.shape)} that no layer made: {advice}"
        self.trace.unexplained.append(text)
        return Step("", None, UNKNOWN, {"advice": advice}, sources, array)


def options_of(thing: Any) -> dict[str, Any]:
    """The options of a layer: its attributes that are numbers, texts, None or tuples of these, or
    are in a dict that is an attribute."""
    found: dict[str, Any] = {}
    for name, value in (thing if isinstance(thing, dict) else vars(thing)).items():
        if isinstance(value, dict) and not name.startswith("_"):
            found |= options_of(value)
        elif name not in NO_OPTIONS and _is_plain(value):
            found[name] = value
    return found


def _is_plain(value):
    """Whether a value is a number, a text, None, or a tuple or list of these."""
    parts = value if isinstance(value, tuple | list) else ()
    return isinstance(value, bool | int | float | str | tuple | None) and all(map(_is_plain, parts))
