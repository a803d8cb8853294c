"""What is checked: a layer or a pair of functions, seen as one function of named float64 arrays."""

import copy
import inspect

import numpy as np

from nn_scratch.backend import is_array, to_host
from nn_scratch.layers.base import Layer


def make_subject(target, inputs, options):
    """A LayerSubject or a PairSubject, for a layer or a (forward, backward) pair."""
    if isinstance(target, Layer):
        return LayerSubject(target, inputs, options)
    if isinstance(target, tuple) and len(target) == 2 and all(map(callable, target)):
        return PairSubject(*target, inputs, options)
    raise TypeError(
        f"check takes a layer or a pair (forward, backward), not {type(target).__name__}; "
        "a layer is made first: MyLayer(...), not MyLayer"
    )


class LayerSubject:
    """A float64 copy of a layer. `values` are its float inputs and its parameters, by name."""

    def __init__(self, layer, inputs, options):
        self.name = type(layer).__name__
        self.layer = copy.deepcopy(layer).to(np.float64)
        self.options = options
        self.arguments = dict(zip(_names(layer.forward, len(inputs)), inputs, strict=True))
        self.values = {
            **_float_values(self.arguments),
            **{name: array.copy() for name, array in self.layer.params.items()},
        }

    def outputs(self, values):
        """The float outputs at `values`, as a tuple."""
        for name, parameter in self.layer.params.items():
            parameter[...] = values[name]
        arguments = [values.get(name, given) for name, given in self.arguments.items()]
        return _float_outputs(self.layer(*arguments, **self.options))

    def gradients(self, values, cotangents):
        """The gradients that backward gives at `values`, by name; None where it gives none."""
        self.outputs(values)
        self.layer.zero_grad()
        dx = self.layer.backward(_one_or_tuple(cotangents))
        dx = dx if isinstance(dx, tuple) else (dx,)
        floats = list(_float_values(self.arguments))
        return {**_by_name(floats, dx), **self.layer.grads}

    def not_added(self, values, cotangents):
        """Names of the parameters whose gradients a second backward does not add to the first."""
        once = {
            name: g.copy()
            for name, g in self.gradients(values, cotangents).items()
            if g is not None
        }
        self.layer.backward(_one_or_tuple(cotangents))
        grads = self.layer.grads
        return [name for name in grads if not np.allclose(grads[name], 2 * once[name])]

    def changed(self, values):
        """Names of the parameters that are no longer what `values` says."""
        params = self.layer.params
        return [name for name in params if not np.array_equal(params[name], values[name])]


class PairSubject:
    """A forward function and its backward function.

    backward is given what it names: arguments of forward by their names, `y` for forward's output,
    `input_size` for the (H, W) of forward's first argument. A name that is none of these stands
    for what forward returned besides y, in order (switches, statistics). A first name that is one
    of forward's is taken as that argument: a loss's backward has no dy. A backward whose names
    explain nothing of this gets (dy, *inputs) in order.
    """

    def __init__(self, forward, backward, inputs, options):
        self.name = getattr(forward, "__name__", type(forward).__name__)
        self.forward, self.backward = forward, backward
        self.arguments = dict(zip(_names(forward, len(inputs)), inputs, strict=True))
        self.options = options
        self.values = _float_values(self.arguments)

    def outputs(self, values):
        """The float outputs at `values`, as a tuple."""
        return _float_outputs(self._forward(values))

    def gradients(self, values, cotangents):
        """The gradients that backward gives at `values`, by name; None where it gives none."""
        result = self._forward(values)
        arguments = {name: values.get(name, given) for name, given in self.arguments.items()}
        dy = _one_or_tuple(cotangents)
        wanted = _parameters(self.backward)
        if wanted and wanted[0].name in arguments:  # a loss: no dy, so the chain rule is ours
            known = {**arguments, **self.options}
            gradients = self.backward(**{p.name: known[p.name] for p in wanted if p.name in known})
            gradients = _scaled(gradients, float(dy))
        else:
            positional, named = self._backward_arguments(wanted, arguments, result)
            gradients = self.backward(dy, *positional, **named)
        gradients = gradients if isinstance(gradients, tuple) else (gradients,)
        return _by_name(self.values, gradients)

    def not_added(self, values, cotangents):
        """Functions keep no gradients."""
        return []

    def changed(self, values):
        """Functions keep no parameters."""
        return []

    def _forward(self, values):
        arguments = [values.get(name, given) for name, given in self.arguments.items()]
        return self.forward(*arguments, **self.options)

    def _backward_arguments(self, wanted, arguments, result):
        """What backward gets after dy: positional arguments, keyword arguments."""
        y, *besides = result if isinstance(result, tuple) else (result,)
        known = {"y": y, **arguments, **self.options}
        first = next(iter(arguments.values()))
        if is_array(first) and first.ndim == 4:
            known.setdefault("input_size", first.shape[2:])
        named = {}
        for parameter in wanted[1:]:
            if parameter.kind is parameter.VAR_POSITIONAL:
                return tuple(arguments.values()), self.options
            if parameter.kind is parameter.VAR_KEYWORD:
                named.update((n, v) for n, v in self.options.items() if n not in named)
            elif parameter.name in known:
                named[parameter.name] = known[parameter.name]
            elif parameter.default is parameter.empty:
                if not besides:
                    return tuple(arguments.values()), self.options
                named[parameter.name] = besides.pop(0)
        return (), named


def _parameters(function):
    """What a function takes; one that cannot be asked, as np.tanh before NumPy 2.4, takes whatever
    it is given."""
    try:
        return list(inspect.signature(function).parameters.values())
    except ValueError:
        return [inspect.Parameter("inputs", inspect.Parameter.VAR_POSITIONAL)]


def _names(function, count):
    """Names of the first `count` positional parameters."""
    parameters = _parameters(function)
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        names += [f"input{i}" for i in range(len(names), count)]
    if count > len(names):
        raise TypeError(f"{count} inputs are given, but forward takes {len(names)}: {names}")
    return names[:count]


def _float_values(arguments):
    """The arrays of real values among the arguments, as float64 copies on the host."""
    return {
        name: to_host(value).astype(np.float64)
        for name, value in arguments.items()
        if is_array(value) and value.dtype.kind == "f"
    }


def _float_outputs(result):
    results = result if isinstance(result, tuple) else (result,)
    arrays = [np.asarray(r) for r in results if is_array(r) or isinstance(r, np.floating | float)]
    outputs = tuple(a for a in arrays if a.dtype.kind == "f")
    if not outputs:
        raise TypeError(f"forward returned {type(result).__name__}, but must return an array")
    return outputs


def _one_or_tuple(arrays):
    return arrays[0] if len(arrays) == 1 else arrays


def _scaled(gradients, factor):
    if isinstance(gradients, tuple):
        return tuple(None if g is None else g * factor for g in gradients)
    return gradients * factor


def _by_name(names, gradients):
    """Gradients by the names of the values, in order; a value beyond the last gets none."""
    return dict(zip(names, [*gradients, *[None] * len(names)], strict=False))
