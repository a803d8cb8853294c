"""What is checked: a layer or a pair of functions, seen as one function of named float arrays."""

import copy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from nn_scratch.backend import is_array, to_host
from nn_scratch.check.layer_faults import has_no_init, is_layer
from nn_scratch.check.random_numbers import generators_of, states
from nn_scratch.check.signatures import Plan, argument_names, is_float_array, plans

RANDOM = 1e-12  # of the largest output: two calls that differ by more are random, not rounded
NO_GRADIENT = {
    *("target", "targets", "label", "labels", "truth", "ground_truth", "y_true", "gt"),
    *("mask", "masks", "mean", "var", "variance", "std"),
}


class Passes(NamedTuple):
    """One forward and one backward pass.

    outputs: float64 copies of the results that got a dy; gradients: by name, float64 or None;
    dtypes: what forward gave ("y") and backward ("dx" is under "x"); count: how many gradients
    backward returned, or None for none at all; written: pairs (pass, argument) of the arrays that
    a pass wrote into.
    """

    outputs: tuple
    gradients: dict
    dtypes: dict
    count: int | None  # type: ignore[assignment]  # tuples have a method of that name
    written: list


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
        return _as_tuple(self.run_forward(self.given(values), self.given_options()))

    def outputs_again(self, values):
        """The outputs at `values`, to which this adapter has been before: it keeps the first, and
        notes how far later ones are apart from them."""
        found = self.outputs(values)
        if self._known is None or self._known[0] is not values:
            self._known = values, found
        for first, y in zip(self._known[1], found, strict=True):
            self.spread = max(self.spread, _apart(first, y))
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
            name: _copied(values[name].astype(self.dtype) if name in values else given)
            for name, given in self.arguments.items()
        }

    def given_options(self):
        """Copies of the options, arrays of real values among them in the dtype of the rest."""
        return {
            name: _copied(v.astype(self.dtype) if is_array(v) and v.dtype.kind == "f" else v)
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
        results = _as_tuple(self.run_forward(arguments, options))
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
            factor = float(cotangents[0])
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
        self.layer = copy.deepcopy(layer).to(dtype)
        self.inputs = list(_float_values(self.arguments))
        params = {name: to_float64(array) for name, array in self.layer.params.items()}
        self.values = {**_float_values(self.arguments), **params}

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
        return {**found, **{name: _copied(own.get(name)) for name in self.layer.params}}, count

    def needed(self):
        """Names of the values whose gradients backward has to give."""
        missing = [n for n in self.inputs if _may_lack_gradient(n, self)]
        return [name for name in self.values if name not in missing]

    def added_twice(self, values, cotangents):
        """The gradients of the parameters after two passes without zero_grad between them."""
        self.passes(values, cotangents)
        self.parameters(values)
        arguments = self.given(values)
        results = _as_tuple(self.run_forward(arguments, self.options))
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
        self.values = _float_values(self.arguments)

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
        f"check takes a layer or a pair (forward, backward), not {type(target).__name__}; "
        "a layer is made first: MyLayer(...), not MyLayer"
    )


class Watch:
    """Arrays and copies of them: which have been written into since?"""

    def __init__(self, arrays):
        self.kept = []
        self.add(arrays)

    def add(self, arrays):
        """Watch these too."""
        self.kept += [(n, a, to_host(a).copy()) for n, a in arrays.items() if is_array(a)]

    def changed(self):
        """The names of those that were changed since the last time."""
        found = []
        for i, (name, array, before) in enumerate(self.kept):
            now = np.asarray(to_host(array))
            if not np.array_equal(now, before, equal_nan=now.dtype.kind == "f"):
                found.append(name)
                self.kept[i] = name, array, now.copy()
        return found


def check_results(results):
    """Refuse what forward returned if its first part is no array. Raises TypeError."""
    if not is_float_array(results[0]):
        first = results[0]
        what = f"an array of {first.dtype}" if is_array(first) else type(first).__name__
        cure = "is a return missing?" if first is None else "it must return an array of real values"
        raise TypeError(f"forward returns {what}: {cure}")


def name_gradients(returned, arguments, names):
    """What backward returned, by the names of the values, and how many there were.

    Several gradients stand in the order of forward's arguments: of all of them, or of those that
    are differentiated; a dict has them as "x" or "dx".
    """
    if isinstance(returned, dict):
        keys = {name: _key_of(name, returned) for name in names}
        return {name: returned.get(key) for name, key in keys.items()}, len(returned)
    if returned is None:
        return dict.fromkeys(names), None
    several = isinstance(returned, tuple) or (
        isinstance(returned, list) and (len(names) > 1 or any(map(is_array, returned)))
    )
    given = list(returned) if several else [returned]
    order = names
    if len(given) == len(arguments) and len(given) > len(names):
        order = list(arguments)
    by_name = dict(zip(order, [*given, *[None] * len(order)], strict=False))
    return {name: by_name[name] for name in names}, len(given)


def _key_of(name, returned):
    choices = name, f"d{name}", f"d_{name}", f"grad_{name}", f"{name}_grad"
    return next((key for key in choices if key in returned), name)


def _may_lack_gradient(name, adapter):
    """Whether nobody needs the gradient of an input: a target, statistics, or what a loss compares
    its first input with."""
    if name.lower() in NO_GRADIENT or name.lower().startswith(("running_", "moving_", "target")):
        return True
    first = next(iter(adapter.values))
    same = np.shape(adapter.values[name]) == np.shape(adapter.values[first])
    scalar = adapter.outputs(adapter.values)[0].size == 1
    return name != first and same and scalar


def to_float64(array, name="y"):
    """A float64 copy of plain numbers, whatever subclass of an array they come as, on the host."""
    plain = np.asarray(to_host(array) if is_array(array) else array)
    if plain.dtype.kind not in "biuf":
        raise TypeError(f"{name} is an array of {plain.dtype}, but must hold real values")
    return np.array(plain, np.float64, subok=False)


def _float_values(arguments):
    """The arrays of real values among the arguments, as float64 copies."""
    return {
        name: to_float64(value)
        for name, value in arguments.items()
        if is_array(value) and value.dtype.kind == "f"
    }


def _as_tuple(result):
    if isinstance(result, tuple):
        return result if result else (None,)
    if isinstance(result, list) and any(map(is_array, result)):
        return tuple(result)
    return (result,)


def _copied(value):
    """A plain copy of an array; anything else as it is."""
    return np.array(to_host(value), subok=False) if is_array(value) else value


def _apart(first, y):
    """How far two results are apart, relative to the largest value."""
    if first.shape != y.shape:
        return np.inf
    with np.errstate(all="ignore"):
        differ = np.abs(first - y)[~((first == y) | (np.isnan(first) & np.isnan(y)))]
        largest = max(np.abs(first).max(initial=0), np.finfo(np.float64).tiny)
        return float(np.nan_to_num(differ, nan=np.inf).max(initial=0) / largest)
