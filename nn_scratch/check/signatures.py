"""How to call a backward pass: which argument is dy, which are forward's arguments, which a cache.

Backward passes have various signatures: `(dy, x, w)`, `(dout, cache)`, `(x, dy)`, or, for a loss,
`(prediction, target)`. Mostly the names of the arguments say what they are. Where several readings
are possible, each becomes a Plan, and the caller takes the first that gives right gradients.
"""

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np

from nn_scratch.backend import is_array

DY_NAMES = {
    *("dy", "dout", "dz", "dl", "dloss", "dscores", "dh", "da", "ds", "dp", "dret", "douts"),
    *("g", "gy", "gout", "grad", "gradient", "upstream", "delta", "cotangent", "dys", "dl_dy"),
}
CACHE_NAMES = {"cache", "caches", "saved", "ctx", "context", "memory", "mem", "state", "tape"}
Y_NAMES = {"y", "out", "output", "result", "activation", "probabilities", "probs"}
SHAPE_NAMES = {"input_shape", "x_shape", "in_shape", "shape"}


class SignatureError(TypeError):
    """The names of the arguments do not say how to make a call; the message says how to help."""


@dataclass(frozen=True)
class Plan:
    """One way to call backward.

    positional, named: the source of each argument, as a pair (kind, key): ("dy", i), ("dy", None)
    for the tuple of all, ("argument", name), ("option", name), ("result", i), ("cache", None),
    ("input_size", name) or ("shape", name).
    count: how many of forward's results, counted from the first, are outputs that get a dy.
    loss: backward takes no dy, and gives the gradient of a scalar.
    """

    positional: tuple
    named: tuple
    count: int = 1
    loss: bool = False

    def arguments(self, dys, arguments, options, results):
        """(positional, named) arguments for backward."""

        by_key = {"argument": arguments, "option": options, "result": results}

        def value(source) -> Any:
            kind, key = source
            if kind in by_key:
                return by_key[kind][key]
            if kind == "dy":
                return dys[key] if key is not None else tuple(dys)
            if kind == "cache":
                return results[1] if len(results) == 2 else results[1:]
            shape = np.shape(arguments[key])
            return shape[2:] if kind == "input_size" else shape

        return [value(s) for s in self.positional], {n: value(s) for n, s in self.named}


def parameters_of(function):
    """The parameters of a function. A function without a signature, such as np.tanh before NumPy
    2.4, is assumed to accept anything."""
    try:
        return list(inspect.signature(function).parameters.values())
    except ValueError:
        return [inspect.Parameter("inputs", inspect.Parameter.VAR_POSITIONAL)]


def argument_names(function, count, options=None):
    """Names of the first `count` positional parameters. Raises SignatureError if there are fewer,
    or if a parameter without a default gets no value from these and the `options`."""
    parameters = parameters_of(function)
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    names = [p.name for p in positional]
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        names += [f"input{i}" for i in range(len(names), count)]
    if count > len(names):
        raise SignatureError(
            f"{count} inputs are given, but forward takes {len(names)}: {', '.join(names)}"
        )
    required = [p.name for p in positional[count:] if p.default is p.empty]
    missing = [n for n in required if options is not None and n not in options]
    if missing:
        given = ", ".join(f"{n}=…" for n in missing)
        raise SignatureError(
            f"forward({', '.join(names)}) also needs {', '.join(missing)}: give an array as a "
            f"further input, anything else by its name, {given}"
        )
    return names[:count]


def plans(backward, arguments, options, results, *, all_outputs):
    """All Plans that the names of backward's arguments allow, the most likely first.

    arguments: those of forward, by name; results: the tuple that forward returned; all_outputs:
    whether a further array of floats among the results is more likely an output (as in a net with
    two heads) than a cache. Raises SignatureError if there is no Plan.
    """
    parameters = parameters_of(backward)
    names = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    extra = tuple((n, ("option", n)) for n in options)
    takes_options = any(p.kind is p.VAR_KEYWORD for p in parameters)
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        is_loss = bool(names) and names[0].name in arguments
        dys = [] if is_loss else [("dy", 0)]
        inputs = tuple(("argument", n) for n in arguments)
        return _with_counts([Plan((*dys, *inputs), extra, loss=is_loss)], results, all_outputs)

    found = []
    for dys, loss in _which_are_dy(names, arguments, options, results):
        known, unknown = _by_name([p for p in names if p not in dys], arguments, options)
        if takes_options:
            known += [(n, ("option", n)) for n in options if n not in {p.name for p in names}]
        given = [(p.name, ("dy", i)) for i, p in enumerate(dys)]
        for sources in _for_unknown(unknown, known, arguments, results):
            plan = _ordered(names, {**dict(given), **dict(known), **sources}, len(dys) or 1, loss)
            found += _with_counts([plan], results, all_outputs) if len(dys) == 1 else [plan]
    if not found:
        wanted = ", ".join(p.name for p in parameters)
        raise SignatureError(
            f"backward({wanted}) cannot be called: what is {', '.join(p.name for p in unknown)}? "
            f"It is none of forward's arguments ({', '.join([*arguments, *options])}), and forward "
            "returns nothing besides y: give it the name that it has in forward"
        )
    return list(dict.fromkeys(found))


def _which_are_dy(names, arguments, options, results):
    """Pairs (parameters that are a dy, whether this is a loss without a dy), the most likely first.
    Raises SignatureError if there is none."""
    free = [p for p in names if p.name not in arguments and p.name not in options]
    dys = [p for p in free if _means_dy(p.name)]
    unnamed = [
        p for p in free if p.name not in Y_NAMES | CACHE_NAMES | SHAPE_NAMES | {"input_size"}
    ]
    required = [p for p in unnamed if p.default is p.empty]
    floats = sum(map(is_float_array, results))
    several = [p for p in names[:floats] if p in free and p.name.startswith(("d", "g"))]
    if len(several) == floats > 1 and not any(p.name[1:] in arguments for p in several):
        return [(several, False)]  # such as backward(dclasses, dbox, x): one dy for each output
    if dys:
        return [(dys[:1], False)]
    ways = []
    if unnamed and unnamed[0] is names[0]:
        ways.append(([names[0]], False))
    if np.size(results[0]) == 1 and names:
        ways.append(([], True))
    elif len(required) == 1:
        ways.append((required, False))
    elif names and names[0].name not in arguments:
        ways.append(([names[0]], False))
    if not ways:
        raise SignatureError(
            f"which argument of backward({', '.join(p.name for p in names)}) is the gradient of "
            "the result? Call it dy, for instance backward(dy, x)"
        )
    return ways


def _means_dy(name):
    name = name.lower()
    plain = name.replace("_", "")
    if name in DY_NAMES or name.startswith(("grad", "dout", "upstream")):
        return True
    return plain.startswith(("d", "g")) and plain[1:] in Y_NAMES | {"z", "loss", "ys", "outputs"}


def _by_name(rest, arguments, options):
    """(pairs (name, source) for parameters with a known name, required parameters without one)."""
    first = next(iter(arguments), None)
    known, unknown = [], []
    for p in rest:
        if p.name in arguments:
            known.append((p.name, ("argument", p.name)))
        elif p.name in options:
            known.append((p.name, ("option", p.name)))
        elif p.name == "input_size" and np.ndim(arguments.get(first)) == 4:
            known.append((p.name, ("input_size", first)))
        elif p.name in SHAPE_NAMES and is_array(arguments.get(first)):
            known.append((p.name, ("shape", first)))
        elif p.name in Y_NAMES:
            known.append((p.name, ("result", 0)))
        elif p.default is p.empty:
            unknown.append(p)
    return known, unknown


def _for_unknown(unknown, known, arguments, results):
    """Possible sources, as dicts by name, of the parameters with unknown names: a cache, further
    results of forward, arguments of forward that are not used yet, or the result itself."""
    if not unknown:
        yield {}
        return
    names = [p.name for p in unknown]
    besides = len(results) - 1
    cached = [n for n in names if n.lower() in CACHE_NAMES]
    if besides and len(names) == 1:
        yield {names[0]: ("cache", None)}
    if besides >= len(names):
        yield {n: ("result", i + 1) for i, n in enumerate(names)}
    used = {key for _, (kind, key) in known if kind == "argument"}
    unused = [n for n in arguments if n not in used]
    if len(unused) >= len(names):
        yield {n: ("argument", a) for n, a in zip(names, unused, strict=False)}
    if len(names) == 1 and (unused or len(names[0]) <= 2):
        yield {names[0]: ("result", 0)}
        if cached:
            yield {names[0]: ("argument", next(iter(arguments)))}


def _ordered(names, sources, count, loss):
    """A Plan that passes arguments by position up to the first gap, and by keyword after it."""
    positional, named = [], []
    gap = False
    for p in names:
        if p.name not in sources:
            gap = True
        elif p.kind is p.KEYWORD_ONLY or gap:
            named.append((p.name, sources[p.name]))
        else:
            positional.append(sources[p.name])
    own = {p.name for p in names}
    named += [(n, s) for n, s in sources.items() if n not in own]
    return Plan(tuple(positional), tuple(named), count, loss)


def _with_counts(found, results, all_outputs):
    """The plans, in which the first result is the only output, and, if there are further arrays of
    floats, the same plans with all of those as outputs."""
    floats = [i for i, r in enumerate(results) if is_float_array(r)]
    if floats != list(range(len(floats))) or len(floats) < 2:
        return found
    whole = []
    for plan in found:
        taken = tuple(("dy", None) if s == ("dy", 0) else s for s in plan.positional)
        named = tuple((n, ("dy", None) if s == ("dy", 0) else s) for n, s in plan.named)
        sources = [*plan.positional, *(s for _, s in plan.named)]
        if not any(kind in ("result", "cache") for kind, _ in sources):
            whole.append(Plan(taken, named, len(floats), plan.loss))
    return [*whole, *found] if all_outputs else [*found, *whole]


def is_float_array(value) -> bool:
    """Whether a result of forward is an array of floats, or a float."""
    if isinstance(value, float | np.floating):
        return True
    return is_array(value) and value.dtype.kind == "f"
