"""Inputs for a pass of somebody's own, thought out from the names of its arguments.

The library's cases have shapes that let no mistake through; whoever writes an op under a name of
the library's is checked on those, as far as their signature goes. Elsewhere names say much: a
weight, a target, a stride.
"""

import warnings

import numpy as np

from nn_scratch.check.adapters import make_adapter
from nn_scratch.check.cases import op_cases
from nn_scratch.check.comparison import comparable
from nn_scratch.check.signatures import argument_names, parameters_of

SAME = (  # names for one thing, the library's first
    ("x", "input", "inputs", "inp", "image", "images", "a", "z", "scores", "logits", "data"),
    ("w", "weight", "weights", "kernel", "kernels", "filters", "filter", "gamma", "theta"),
    ("b", "bias", "beta", "biases"),
    ("kernel_size", "pool_size", "window", "size", "k", "ksize", "pool"),
    ("stride", "strides", "s", "step"),
    ("padding", "pad", "p", "pads"),
    ("labels", "label", "y", "target", "targets", "classes"),
    ("prediction", "pred", "predictions", "y_pred", "y_hat", "yhat", "output"),
    ("target", "targets", "truth", "y_true", "label", "labels", "y"),
    ("running_mean", "mean"),
    ("running_var", "var"),
    ("scale", "factor", "scale_factor"),
)
INTEGERS = {"labels", "label", "classes", "indices", "index"}
NUMBERS = {
    **dict.fromkeys(("stride", "strides", "scale", "factor", "scale_factor", "step"), 2),
    **dict.fromkeys(("kernel_size", "pool_size", "window", "k", "pool", "size", "ksize"), 2),
    **dict.fromkeys(("padding", "pad", "axis", "dilation", "groups"), 1),
    **dict.fromkeys(("alpha", "slope", "negative_slope", "beta", "delta", "gamma", "lam"), 0.3),
    **dict.fromkeys(("eps", "epsilon"), 1e-5),
}
SHAPES = {  # of the arrays among the arguments, by how many there are
    1: [((2, 4, 7, 6),), ((3, 4),), ((5,),)],
    2: [
        ((2, 4, 7, 6), (3, 4, 3, 2)),
        ((5, 4), (3, 4)),
        ((5, 4), (4, 3)),
        ((3, 4), (3, 4)),
        ((2, 4, 7, 6), (4,)),
        ((2, 4, 7, 6), (2, 4, 7, 6)),
    ],
    3: [
        ((2, 4, 7, 6), (3, 4, 3, 2), (3,)),
        ((5, 4), (3, 4), (3,)),
        ((5, 4), (4, 3), (3,)),
        ((2, 4, 7, 6), (4,), (4,)),
        ((5, 4), (4,), (4,)),
        ((3, 4), (3, 4), (3, 4)),
    ],
}


def for_function(name, pair):
    """Examples (note, inputs, options) for a (forward, backward) pair: those of the library's op
    `name` as far as forward takes them, else one by the names of its arguments; an empty list if
    it takes none.

    That backward fails on one of the library's is no reason to leave it out: there are strides,
    overlaps and borders in them.
    """
    found = []
    for case in (case for case in op_cases() if case.name == name):
        for note, *ways in _of_the_library(case):
            matched = (_matched(pair[0], _arrays(case), options) for options in ways)
            example = next((e for e in matched if e and _adapter(pair, e, strict=False)), None)
            if example and not any(_same(example, other) for _, *other in found):
                found.append((note, *example))
    fitting = None if found else _fitting(pair, _by_shape(pair[0]))
    return [("", *fitting)] if fitting else found


def for_layer(layer):
    """An example (inputs, options) for a layer, by the names of its arguments; None if it takes
    none that we can think of."""
    return _fitting(layer, _by_shape(layer.forward))


def first_guess(forward):
    """The first example by the names of the arguments, whatever forward says; or None."""
    return next(iter(_by_shape(forward)), None)


def _fitting(target, examples):
    """The first example on which both passes run and gradients have the shapes of what they belong
    to; else the first that forward takes; None if it takes none."""
    possible = None
    for example in examples:
        adapter = _adapter(target, example)
        if adapter is not None and _backward_fits(adapter):
            return example
        if adapter is not None:
            possible = possible or example
    return possible


def _adapter(target, example, strict=True):
    """The adapter, if forward takes the example and, if we are strict, gives finite numbers; else
    None."""
    inputs, options = example
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            adapter = make_adapter(target, inputs, options)
            outputs = adapter.outputs(adapter.values)
    except Exception:  # not for this forward
        return None
    fine = all(np.isfinite(y).all() and y.size for y in outputs)
    return adapter if fine or not strict else None


def _backward_fits(adapter):
    try:
        with np.errstate(all="ignore"):
            adapter.choose_plan(lambda adapter: _shapes_fit(adapter))
            return _shapes_fit(adapter)
    except Exception:  # what is wrong with it, the check will say
        return False


def _shapes_fit(adapter):
    cotangents = tuple(np.ones(y.shape) for y in adapter.outputs(adapter.values))
    gradients = adapter.gradients(adapter.values, cotangents)
    given = [n for n, g in gradients.items() if g is not None]
    return bool(given) and all(comparable(gradients[n], adapter.values[n]) for n in given)


def _of_the_library(case):
    """(note, options, …) of a case of the library's: with its options, which differ by axis, or
    with one number in place of a pair; and once without padding, where windows leave a row over."""
    plain = {
        n: max(v) if isinstance(v, tuple) and all(isinstance(part, int) for part in v) else v
        for n, v in case.options.items()
    }
    yield case.note, case.options, plain
    if {"stride", "padding"} <= case.options.keys():
        yield "stride 3", {**plain, "stride": 3, "padding": 0, "output_padding": 0}


def _arrays(case):
    """The inputs of a case of the library's, by name."""
    names = argument_names(case.target[0], len(case.inputs))
    return dict(zip(names, case.inputs, strict=True))


def _same(example, other):
    (inputs, options), (others, other_options) = example, other
    same = len(inputs) == len(others) and all(a is b for a, b in zip(inputs, others, strict=True))
    return same and options == other_options


def _matched(forward, arrays, options):
    """(inputs, options) for the parameters of forward, by name; None if one that has no default
    stays open."""
    inputs, named, gap = [], {}, False
    takes_any = False
    for parameter in parameters_of(forward):
        if parameter.kind is parameter.VAR_KEYWORD:
            takes_any = True
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        key = next((n for n in _synonyms(parameter.name) if n in arrays or n in options), None)
        if key is None and parameter.default is not parameter.empty:
            gap = True
        elif key is None and parameter.name in NUMBERS:
            named[parameter.name] = 0 if parameter.name == "padding" else NUMBERS[parameter.name]
        elif key is None:
            return None
        elif key in arrays and not gap and parameter.kind is not parameter.KEYWORD_ONLY:
            inputs.append(arrays[key])
        else:
            named[parameter.name] = arrays.get(key, options.get(key))
    if takes_any:
        named |= {n: v for n, v in options.items() if n not in named and v != 0}
    return tuple(inputs), named


def _by_shape(forward):
    """Examples by the number of arrays that forward takes, and the names of the other arguments."""
    needed = [p for p in parameters_of(forward) if _is_needed(p)]
    numbers = [p for p in needed if p.name in NUMBERS]
    if numbers == needed:  # beta and gamma are arrays in other places
        numbers = []
    arrays = [p.name for p in needed if p not in numbers]
    options = {p.name: NUMBERS[p.name] for p in numbers}
    if any(p.kind is p.VAR_POSITIONAL for p in parameters_of(forward)) and not arrays:
        arrays = ["x"]
    for shapes in SHAPES.get(len(arrays), []):
        drawn = [
            _drawn(name, shape, i, shapes)
            for i, (name, shape) in enumerate(zip(arrays, shapes, strict=True))
        ]
        yield tuple(drawn), options


def _drawn(name, shape, position, shapes):
    if name in INTEGERS:
        first = shapes[0]
        return np.random.default_rng(position).integers(0, first[1:2] or 2, first[:1] + first[2:])
    return np.random.default_rng([position, *shape]).standard_normal(shape)


def _is_needed(parameter):
    return parameter.default is parameter.empty and parameter.kind in (
        parameter.POSITIONAL_ONLY,
        parameter.POSITIONAL_OR_KEYWORD,
    )


def _synonyms(name):
    """All names that mean the same, this one first."""
    return [name, *(n for group in SAME if name.lower() in group for n in group)]
