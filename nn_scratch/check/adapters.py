"""A layer or a pair of functions, presented to the checks as one function of named float arrays."""

import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nn_scratch.backend import is_array
from nn_scratch.check.layer_faults import has_no_init, is_layer
from nn_scratch.check.passes import (
    Passes,
    Watch,
    as_tuple,
    check_results,
    copied,
    float_values,
    name_gradients,
    relative_difference,
    to_float64,
)
from nn_scratch.check.random_numbers import generators_of, states
from nn_scratch.check.signatures import Plan, argument_names, plans

RANDOM = 1e-12  # relative: two calls that differ by more than rounding explains are random
NO_GRADIENT = {  # names of inputs that are rarely differentiated
    *("target", "targets", "label", "labels", "truth", "ground_truth", "y_true", "gt"),
    *("mask", "masks", "mean", "var", "variance", "std"),
}


@dataclass
class Adapter:
    """What the two adapters, of layers and of pairs of functions, have in common.

    arguments: everything that forward takes, in order; values: the arrays that are differentiated,
    by name. Both passes always get copies, so that a pass that writes into its arguments spoils
    nothing for the next call.
    spread: the largest relative difference seen between two results at the same values.
    eps: the rounding unit of the coarsest dtype among the results.
    """

    name: str
    target: Any
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

    def in_dtype(self, dtype):
        """The same adapter, computing in another dtype."""
        found = type(self)(self.target, self.arguments.values(), self.options, dtype)
        found.plan = self.plan
        return found

    def outputs(self, values):
        """The outputs at `values`, as a tuple of float64 arrays."""
        return self._as_outputs(self._results(values))

    def raw_output(self, values):
        """The very array that forward returned first, not a copy; None if it is not an array."""
        result = self._results(values)[0]
        return result if isinstance(result, np.ndarray) else None

    def _results(self, values):
        return as_tuple(self.run_forward(self.argument_copies(values), self.option_copies()))

    def outputs_again(self, values):
        """The outputs at `values`. They are compared with those of the first call at the same
        `values`, and the largest difference is kept in `spread`."""
        found = self.outputs(values)
        if self._known is None or self._known[0] is not values:
            self._known = values, found
        for first, y in zip(self._known[1], found, strict=True):
            self.spread = max(self.spread, relative_difference(first, y))
        return found

    @property
    def random(self) -> bool:
        """Whether forward gave different results for the same values, or draws random numbers."""
        return self.spread > RANDOM or self.draws

    def note_random_draws(self, values):
        """Set `draws`: whether a call of forward changes the state of a random generator."""
        generators = generators_of(self.layer or self.forward)
        self.outputs(values)
        once = states(generators)
        self.outputs(values)
        self.draws = states(generators) != once

    def argument_copies(self, values):
        """Copies of all arguments of forward; the differentiated ones are taken from `values`."""
        return {
            name: copied(values[name].astype(self.dtype) if name in values else given)
            for name, given in self.arguments.items()
        }

    def option_copies(self):
        """Copies of the options; arrays of floats among them are converted to `dtype`."""
        return {
            name: copied(v.astype(self.dtype) if is_array(v) and v.dtype.kind == "f" else v)
            for name, v in self.options.items()
        }

    def run_forward(self, arguments, options):
        """What forward returns."""
        return self.forward(*arguments.values(), **options)

    def run_backward(self, positional, named):
        """What backward returns."""
        return self.backward(*positional, **named)

    def parameters(self, values):
        """The layer's own arrays, set to `values`; functions have none."""
        return {}

    def _as_outputs(self, results):
        count = self.plan.count if self.plan else 1
        outputs = results[:count]
        coarse = [y.dtype for y in outputs if is_array(y) and y.dtype.kind == "f"]
        self.eps = max([self.eps, *(float(np.finfo(dtype).eps) for dtype in coarse)])
        return tuple(map(to_float64, outputs))

    def choose_plan(self, accepts):
        """Settle how backward is called: by the first plan that `accepts(self)`, or else by the
        first that raises no error. If all plans raise, so does this, with the first one's error."""
        results = self._results(self.values)
        check_results(results)
        found = plans(
            self.backward,
            self.arguments,
            self.options,
            results,
            all_outputs=self.has_heads,
        )
        raised, possible = None, []
        for plan in found:
            self.plan, self._known = plan, None
            if len(found) == 1:
                return
            try:
                if accepts(self):
                    return
                possible.append(plan)
            except Exception as error:  # another plan may fit
                raised = raised or error
        if not possible and raised:
            raise raised
        self.plan, self._known = possible[0], None

    def passes(self, values, cotangents, *, convert=None):
        """Run both passes at `values`, and return all that can be observed of them as Passes.
        `convert` is applied to each array before a pass gets it."""
        convert = convert or (lambda array: array)
        arguments = {
            name: convert(a) if is_array(a) else a
            for name, a in self.argument_copies(values).items()
        }
        options = self.option_copies()
        watch = Watch({**arguments, **options, **self.parameters(values)})
        results = as_tuple(self.run_forward(arguments, options))
        written = [("forward", name) for name in watch.changed()]
        outputs = self._as_outputs(results)
        dys = [
            convert(np.array(c, self.dtype)) if np.ndim(c) else self.dtype(c) for c in cotangents
        ]
        watch.add({"dy": dys[0]} if len(dys) == 1 else {f"dy[{i}]": d for i, d in enumerate(dys)})
        watch.add({"y": results[0]})
        positional, named = self.plan.arguments(dys, arguments, options, results)
        returned = self.run_backward(positional, named)
        written += [("backward", name) for name in watch.changed()]
        gradients, count = self.named_gradients(returned)
        dtypes = {"y": getattr(results[0], "dtype", None)}
        dtypes |= {n: getattr(g, "dtype", None) for n, g in gradients.items() if g is not None}
        found = {n: None if g is None else to_float64(g, n) for n, g in gradients.items()}
        if self.plan.loss:  # its backward takes no dy, so the chain rule is applied here
            factor = float(np.ravel(cotangents[0])[0])
            found = {n: None if g is None else g * factor for n, g in found.items()}
        return Passes(outputs, found, dtypes, count, written)

    def gradients(self, values, cotangents):
        """The gradients that backward gives at `values`, by name; None where it gives none."""
        return self.passes(values, cotangents).gradients

    def needed(self):
        """Names of the values whose gradients backward has to give."""
        return [
            n for n in self.values if n not in self.arguments or not _may_lack_gradient(n, self)
        ]

    def added_twice(self, values, cotangents):
        """The parameters' gradients after two backward passes without zero_grad between them;
        functions keep no gradients."""
        return {}


class LayerAdapter(Adapter):
    """A copy of a layer. `values` are its float inputs and its parameters, by name."""

    has_heads = True

    def __init__(self, layer, inputs, options, dtype=np.float64):
        names = argument_names(layer.forward, len(inputs), options)
        arguments = dict(zip(names, inputs, strict=True))
        own = copy.deepcopy(layer)
        super().__init__(type(layer).__name__, own, arguments, options, dtype)
        self.layer = (own.to("cpu") if own.device == "gpu" else own).to(dtype)
        self.forward, self.backward = self.layer.forward, self.layer.backward
        self.inputs = list(float_values(self.arguments))
        params = {name: to_float64(array) for name, array in self.layer.params.items()}
        self.values = {**float_values(self.arguments), **params}

    def parameters(self, values):
        for name, array in self.layer.params.items():
            array[...] = values[name]
        return dict(self.layer.params)

    def _results(self, values):
        self.parameters(values)
        return super()._results(values)

    def run_backward(self, positional, named):
        self.layer.zero_grad()
        return super().run_backward(positional, named)

    def named_gradients(self, returned):
        found, count = name_gradients(returned, self.arguments, self.inputs)
        own = self.layer.grads
        return {**found, **{name: copied(own.get(name)) for name in self.layer.params}}, count

    def added_twice(self, values, cotangents):
        self.passes(values, cotangents)
        self.parameters(values)
        arguments = self.argument_copies(values)
        results = as_tuple(self.run_forward(arguments, self.options))
        dys = [np.array(c, self.dtype) for c in cotangents]
        positional, named = self.plan.arguments(dys, arguments, self.options, results)
        self.backward(*positional, **named)
        return {name: to_float64(self.layer.grads[name]) for name in self.layer.params}


class FunctionAdapter(Adapter):
    """A pair of functions (forward, backward). The signature of backward says how it is called,
    see signatures.plans. Only the first result of forward is differentiated, unless backward takes
    a dy for the others too; they may be a cache."""

    has_heads = False

    def __init__(self, pair, inputs, options, dtype=np.float64):
        self.forward, self.backward = pair
        name = getattr(self.forward, "__name__", type(self.forward).__name__)
        names = argument_names(self.forward, len(inputs), options)
        super().__init__(name, pair, dict(zip(names, inputs, strict=True)), options, dtype)
        self.values = float_values(self.arguments)

    def named_gradients(self, returned):
        return name_gradients(returned, self.arguments, list(self.values))


def make_adapter(target, inputs, options):
    """The adapter of a layer or of a pair (forward, backward). Raises TypeError for anything
    else."""
    if is_layer(target):
        if reason := has_no_init(target):
            raise TypeError(reason)
        return LayerAdapter(target, inputs, options)
    if isinstance(target, tuple | list) and len(target) == 2 and all(map(callable, target)):
        return FunctionAdapter(target, inputs, options)
    raise TypeError(
        f"target: check takes a layer or a pair (forward, backward), not {type(target).__name__}; "
        "a layer is made first: MyLayer(...), not MyLayer"
    )


def _may_lack_gradient(name, adapter):
    """Whether backward may leave out the gradient of an input: of a target, of statistics, or of
    an array of the first input's shape beside it in a scalar loss, which is its target."""
    if name.lower() in NO_GRADIENT or name.lower().startswith(("running_", "moving_", "target")):
        return True
    first = next(iter(adapter.values))
    same = np.shape(adapter.values[name]) == np.shape(adapter.values[first])
    scalar = adapter.outputs(adapter.values)[0].size == 1
    return name != first and same and scalar
