"""What is checked: a layer or a pair of functions, seen as one function of named float arrays."""

import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nn_scratch.backend import is_array
from nn_scratch.check.layer_faults import has_no_init, is_layer
from nn_scratch.check.passes import (
    Passes,
    Watch,
    apart,
    as_tuple,
    check_results,
    copied,
    float_values,
    name_gradients,
    to_float64,
)
from nn_scratch.check.random_numbers import generators_of, states
from nn_scratch.check.signatures import Plan, argument_names, plans

RANDOM = 1e-12  # of the largest output: two calls that differ by more are random, not rounded
NO_GRADIENT = {
    *("target", "targets", "label", "labels", "truth", "ground_truth", "y_true", "gt"),
    *("mask", "masks", "mean", "var", "variance", "std"),
}


@dataclass
class Adapter:
    """What layers and function pairs have in common.

    `values` are the arrays that are differentiated, by name; `arguments` are all that forward
    takes, in order. Every call gets copies, so that what a pass writes into spoils no other call.
    `spread`: how far results at the same values have differed, relative to the largest. `eps`: by
    how much the coarsest of the results round.
    """

    name: str
    arguments: dict
    options: dict
    dtype: Any = np.float64
    values: dict = field(default_factory=dict)
    plan: Plan | None = None
    spread: float = 0.0
    draws: bool = False
    eps: float = float(np.finfo(np.float64).eps)
    layer: Any = None
    _known: tuple | None = None

    def outputs(self, values):
        """The outputs at `values` as a tuple of float64 arrays."""
        return self._taken(self._results(values))

    def raw_output(self, values):
        """The first result itself, not a copy of it; None if it is no array."""
        result = self._results(values)[0]
        return result if isinstance(result, np.ndarray) else None

    def _results(self, values):
        return as_tuple(self.run_forward(self.given(values), self.given_options()))

    def outputs_again(self, values):
        """The outputs at `values`, to which this adapter has been before: it keeps the first, and
        notes how far later ones are apart from them."""
        found = self.outputs(values)
        if self._known is None or self._known[0] is not values:
            self._known = values, found
        for first, y in zip(self._known[1], found, strict=True):
            self.spread = max(self.spread, apart(first, y))
        return found

    @property
    def random(self) -> bool:
        """Whether forward has given different results for the same values, or draws on."""
        return self.spread > RANDOM or self.draws

    def draws_numbers(self, values):
        """Note whether forward draws random numbers that are others at every call."""
        generators = generators_of(self.layer or self.forward)
        self.outputs(values)
        once = states(generators)
        self.outputs(values)
        self.draws = states(generators) != once

    def given(self, values):
        """Copies of all arguments of forward, those that are differentiated at `values`."""
        return {
            name: copied(values[name].astype(self.dtype) if name in values else given)
            for name, given in self.arguments.items()
        }

    def given_options(self):
        """Copies of the options, arrays of real values among them in the dtype of the rest."""
        return {
            name: copied(v.astype(self.dtype) if is_array(v) and v.dtype.kind == "f" else v)
            for name, v in self.options.items()
        }

    def _taken(self, results):
        count = self.plan.count if self.plan else 1
        taken = results[:count]
        coarse = [y.dtype for y in taken if is_array(y) and y.dtype.kind == "f"]
        self.eps = max([self.eps, *(float(np.finfo(dtype).eps) for dtype in coarse)])
        return tuple(map(to_float64, taken))

    def choose_plan(self, agrees):
        """Settle how backward is called: the first plan whose gradients `agrees(self)` accepts, or
        else the first that raises nothing. Raises what the first plan raises, if all do."""
        found = self._plans()
        raised, possible = None, []
        for plan in found:
            self.plan, self._known = plan, None
            if len(found) == 1:
                return
            try:
                if agrees(self):
                    return
                possible.append(plan)
            except Exception as error:  # another plan may fit
                raised = raised or error
        if not possible and raised:
            raise raised
        self.plan, self._known = possible[0], None

    def _plans(self):
        results = self._results(self.values)
        check_results(results)
        return plans(
            self.backward_function(),
            self.arguments,
            self.options,
            results,
            all_outputs=self.has_heads,
        )

    def passes(self, values, cotangents, *, arrays=None):
        """Both passes at `values`, with everything that is to be known about them. `arrays` makes
        the arrays that they get, from copies."""
        arrays = arrays or (lambda array: array)
        arguments = {
            name: arrays(a) if is_array(a) else a for name, a in self.given(values).items()
        }
        options = self.given_options()
        watch = Watch({**arguments, **options, **self.parameters(values)})
        results = as_tuple(self.run_forward(arguments, options))
        written = [("forward", name) for name in watch.changed()]
        outputs = self._taken(results)
        dys = [arrays(np.array(c, self.dtype)) if np.ndim(c) else self.dtype(c) for c in cotangents]
        watch.add({"dy": dys[0]} if len(dys) == 1 else {f"dy[{i}]": d for i, d in enumerate(dys)})
        watch.add({"y": results[0]})
        given = self.plan.arguments(dys, arguments, options, results)
        returned = self.run_backward(*given)
        written += [("backward", name) for name in watch.changed()]
        gradients, count = self.named_gradients(returned)
        dtypes = {"y": getattr(results[0], "dtype", None)}
        dtypes |= {n: getattr(g, "dtype", None) for n, g in gradients.items() if g is not None}
        found = {n: None if g is None else to_float64(g, n) for n, g in gradients.items()}
        if self.plan.loss:  # it has no dy: the chain rule is ours
            factor = float(np.ravel(cotangents[0])[0])
            found = {n: None if g is None else g * factor for n, g in found.items()}
        return Passes(outputs, found, dtypes, count, written)

    def gradients(self, values, cotangents):
        """The gradients that backward gives at `values`, by name; None where it gives none."""
        return self.passes(values, cotangents).gradients


class LayerAdapter(Adapter):
    """A copy of a layer. `values` are its float inputs and its parameters, by name."""

    has_heads = True

    def __init__(self, layer, inputs, options, dtype=np.float64):
        names = argument_names(layer.forward, len(inputs), options)
        super().__init__(
            type(layer).__name__, dict(zip(names, inputs, strict=True)), options, dtype
        )
        own = copy.deepcopy(layer)
        self.layer = (own.to("cpu") if own.device == "gpu" else own).to(dtype)
        self.inputs = list(float_values(self.arguments))
        params = {name: to_float64(array) for name, array in self.layer.params.items()}
        self.values = {**float_values(self.arguments), **params}

    def in_dtype(self, dtype):
        """The same in another dtype."""
        found = LayerAdapter(self.layer, self.arguments.values(), self.options, dtype)
        found.plan = self.plan
        return found

    def parameters(self, values):
        """The layer's own arrays, set to `values`."""
        for name, array in self.layer.params.items():
            array[...] = values[name]
        return dict(self.layer.params)

    def run_forward(self, arguments, options):
        return self.layer(*arguments.values(), **options)

    def _results(self, values):
        self.parameters(values)
        return super()._results(values)

    @property
    def forward(self):
        """The layer's forward pass."""
        return self.layer.forward

    def backward_function(self):
        return self.layer.backward

    def run_backward(self, positional, named):
        self.layer.zero_grad()
        return self.layer.backward(*positional, **named)

    def named_gradients(self, returned):
        found, count = name_gradients(returned, self.arguments, self.inputs)
        own = self.layer.grads
        return {**found, **{name: copied(own.get(name)) for name in self.layer.params}}, count

    def needed(self):
        """Names of the values whose gradients backward has to give."""
        missing = [n for n in self.inputs if _may_lack_gradient(n, self)]
        return [name for name in self.values if name not in missing]

    def added_twice(self, values, cotangents):
        """The gradients of the parameters after two passes without zero_grad between them."""
        self.passes(values, cotangents)
        self.parameters(values)
        arguments = self.given(values)
        results = as_tuple(self.run_forward(arguments, self.options))
        dys = [np.array(c, self.dtype) for c in cotangents]
        positional, named = self.plan.arguments(dys, arguments, self.options, results)
        self.layer.backward(*positional, **named)
        return {name: to_float64(self.layer.grads[name]) for name in self.layer.params}


class FunctionAdapter(Adapter):
    """A forward function and its backward function. How backward is called, its signature says:
    see signatures.plans. What forward returns besides its first result is a cache, or something
    that nobody differentiates, unless backward takes a dy for it."""

    has_heads = False

    def __init__(self, forward, backward, inputs, options, dtype=np.float64):
        name = getattr(forward, "__name__", type(forward).__name__)
        names = argument_names(forward, len(inputs), options)
        super().__init__(name, dict(zip(names, inputs, strict=True)), options, dtype)
        self.forward, self.backward = forward, backward
        self.values = float_values(self.arguments)

    def in_dtype(self, dtype):
        """The same in another dtype."""
        inputs = self.arguments.values()
        found = FunctionAdapter(self.forward, self.backward, inputs, self.options, dtype)
        found.plan = self.plan
        return found

    def parameters(self, values):
        """Functions have none."""
        return {}

    def run_forward(self, arguments, options):
        return self.forward(*arguments.values(), **options)

    def backward_function(self):
        return self.backward

    def run_backward(self, positional, named):
        return self.backward(*positional, **named)

    def named_gradients(self, returned):
        return name_gradients(returned, self.arguments, list(self.values))

    def needed(self):
        """Names of the values whose gradients backward has to give."""
        return [name for name in self.values if not _may_lack_gradient(name, self)]

    def added_twice(self, values, cotangents):
        """Functions keep no gradients."""
        return {}


def make_adapter(target, inputs, options):
    """A LayerAdapter or a FunctionAdapter, for a layer or a (forward, backward) pair. Raises
    TypeError for anything else."""
    if is_layer(target):
        if reason := has_no_init(target):
            raise TypeError(reason)
        return LayerAdapter(target, inputs, options)
    if isinstance(target, tuple | list) and len(target) == 2 and all(map(callable, target)):
        return FunctionAdapter(*target, inputs, options)
    raise TypeError(
        f"target: check takes a layer or a pair (forward, backward), not {type(target).__name__}; "
        "a layer is made first: MyLayer(...), not MyLayer"
    )


def _may_lack_gradient(name, adapter):
    """Whether nobody needs the gradient of an input: a target, statistics, or what a loss compares
    its first input with."""
    if name.lower() in NO_GRADIENT or name.lower().startswith(("running_", "moving_", "target")):
        return True
    first = next(iter(adapter.values))
    same = np.shape(adapter.values[name]) == np.shape(adapter.values[first])
    scalar = adapter.outputs(adapter.values)[0].size == 1
    return name != first and same and scalar
