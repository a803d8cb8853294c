"""One forward pass, step by step: which layer ran, on which arrays, and what it made of them.

What a net costs, what it sees, its drawing and its export are all read from this list. Arrays are
told apart by the memory they lie in, so that a skip is an array with two readers, whatever code
carried it there. What a net does to arrays without a layer cannot be watched. Two such things can
be read from the result, and are steps without a layer: a `Slice` and a `Reshape` of an array that a
layer made. Any other array that no layer made is a step of the kind UNKNOWN.
"""

from dataclasses import dataclass, field
from typing import Any

from nn_scratch.arguments import an_instance, shown
from nn_scratch.backend import Array, is_array
from nn_scratch.graph.memory import Value, arrays_in, checksum, made_of, place, view_of
from nn_scratch.layers import Layer, Sequential

UNKNOWN = "?"
CHANGED = "{} made it, and then it was changed in place"
NO_OPTIONS = ("training", "saved", "needs_backward", "_need_dx")


@dataclass(eq=False)
class Step:
    """One call of a layer, its name that within the net. kind: its class's. options: the layer's,
    and those of the call. output: what it returned; outputs: the arrays in that, none if the layer
    called others, whose steps then made them.

    reads: earlier steps whose memory this one reads as well: of an unpooling layer, its pool, whose
    `layer.switches` it takes. A step without a layer is a Slice (options start, stop), a Reshape
    (shape) or UNKNOWN; the inputs of that are what it was seen to be made of, if that was seen.
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
    """A forward pass. inputs, outputs: the net's. steps: in their order; calls: those of layers,
    with those that only call others. unexplained: a sentence for each array that no layer made."""

    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...] = ()
    steps: list[Step] = field(default_factory=list)
    calls: list[Step] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)


def trace(net: Layer, *inputs: Array) -> Trace:
    """Run net(*inputs), in its present mode, and note every call of a layer in it.

    Returns: a Trace. The arrays in it stay in memory as long as it does.
    Raises: TypeError for what is no net, and for inputs that are no arrays.
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
    """The trace as it grows."""

    def __init__(self, inputs):
        self.values, self.at = [], {}  # all; the last one at each place in memory
        self.trace = Trace(tuple(self.new(array, None) for array in inputs))
        self.running = [0]  # how many layers each of those that are running has called
        self.last = {}  # a layer's last step

    def watched(self, name, layer):
        """The layer's forward, which also notes its step."""
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
        """Note a step that made something, and what."""
        self.trace.steps.append(step)
        step.outputs = tuple(self.new(array, step) for array in arrays_in(step.output))

    def new(self, array, step):
        """The Value of an array that has just been made."""
        value = Value(len(self.values), array, step, checksum(array))
        self.values.append(value)
        self.at[place(array)] = value
        return value

    def value_of(self, array, who):
        """The Value of an array that is used now; who: the beginning of a sentence about it."""
        value = self.at.get(place(array))
        if value is not None and value.is_intact:
            return value
        view = view_of(array, self.values) if value is None else None
        self.add(Step("", None, *view, array) if view else self.unknown(array, who, value))
        return self.values[-1]

    def unknown(self, array, who, changed):
        """The step that stands for whatever made an array, or changed a Value."""
        meaning, sources = (CHANGED, (changed,)) if changed else made_of(array, self.values)
        advice = meaning.format(*(value.step or "the input" for value in sources))
        text = f"{who} an array {tuple(array.shape)} that no layer made: {advice}"
        self.trace.unexplained.append(text)
        return Step("", None, UNKNOWN, {"advice": advice}, sources, array)


def options_of(thing: Any) -> dict[str, Any]:
    """What a layer was made with, as far as it keeps it in plain attributes, or in a dict of them:
    numbers, words, tuples of those."""
    found: dict[str, Any] = {}
    for name, value in (thing if isinstance(thing, dict) else vars(thing)).items():
        if isinstance(value, dict) and not name.startswith("_"):
            found |= options_of(value)
        elif name not in NO_OPTIONS and _is_plain(value):
            found[name] = value
    return found


def _is_plain(value):
    parts = value if isinstance(value, tuple | list) else ()
    return isinstance(value, bool | int | float | str | tuple | None) and all(map(_is_plain, parts))
