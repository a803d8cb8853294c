"""Inputs for a user's own pass, guessed from the names of its arguments.

A function with the name of an op of the library is checked on the library's cases, whose shapes
reveal mistakes, as far as its signature allows. For other functions the names of the arguments are
the clue: a weight, a target, a stride.
"""

import warnings

import numpy as np

from nn_scratch.check.adapters import make_adapter
from nn_scratch.check.cases import op_cases
from nn_scratch.check.comparison import comparable
from nn_scratch.check.signatures import argument_names, parameters_of

SYNONYMS = (  # each line: names for one thing, beginning with the library's
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
SHAPES = {  # number of arrays among the arguments: shapes to try, one after another
    # Odd sizes show more mistakes; the second is for blocks of 2 or 3 pixels that cover an image.
    1: [((2, 4, 7, 6),), ((2, 4, 12, 6),), ((3, 4),), ((5,),)],
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
    """Examples (note, inputs, options) for a pair (forward, backward): the cases of the library's
    op `name` that forward accepts, or else one example made from the names of its arguments. The
    list is empty if forward accepts none.

    A case on which backward fails is kept: the strides, overlaps and borders in the library's cases
    are what a wrong backward fails on.
    """
    found = []
    for case in (case for case in op_cases() if case.name == name):
        for note, *ways in _variants(case):
            matched = (_matched(pair[0], _arrays(case), options) for options in ways)
            example = next((e for e in matched if e and _adapter(pair, e, strict=False)), None)
            if example and not any(_same(example, other) for _, *other in found):
                found.append((note, *example))
    fitting = None if found else _fitting(pair, _by_shape(pair[0]))
    return [("", *fitting)] if fitting else found


def for_layer(layer):
    """An example (inputs, options) for a layer, made from the names of forward's arguments; None
    if forward accepts none."""
    return _fitting(layer, _by_shape(layer.forward))


def first_guess(forward):
    """The first example made from the names of forward's arguments, whether or not forward accepts
    it; None if there is no example."""
    return next(iter(_by_shape(forward)), None)


def _fitting(target, examples):
    """The first example on which both passes run and each gradient has its value's shape; or else
    the first that forward accepts; or None."""
    possible = None
    for example in examples:
        adapter = _adapter(target, example)
        if adapter is not None and _backward_fits(adapter):
            return example
        if adapter is not None:
            possible = possible or example
    return possible


def _adapter(target, example, strict=True):
    """The adapter, or None if forward raises on the example. `strict` also asks for results that
    are finite and not empty."""
    inputs, options = example
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            adapter = make_adapter(target, inputs, options)
            outputs = adapter.outputs(adapter.values)
    except Exception:  # forward does not accept this example
        return None
    fine = all(np.isfinite(y).all() and y.size for y in outputs)
    return adapter if fine or not strict else None


def _backward_fits(adapter):
    """Whether backward runs and gives gradients of the right shapes."""
    try:
        with np.errstate(all="ignore"):
            adapter.choose_plan(_shapes_fit)
            return _shapes_fit(adapter)
    except Exception:  # the check will report what is wrong with backward
        return False


def _shapes_fit(adapter):
    cotangents = tuple(np.ones(y.shape) for y in adapter.outputs(adapter.values))
    gradients = adapter.gradients(adapter.values, cotangents)
    given = [n for n, g in gradients.items() if g is not None]
    return bool(given) and all(comparable(gradients[n], adapter.values[n]) for n in given)


def _variants(case):
    """(note, options, …) for a case of the library: its options, which differ by axis, and the same
    with one number in place of each pair, for a forward that takes only numbers; then stride 3
    without padding, where the windows leave rows and columns over."""
    plain = {
        n: max(v) if isinstance(v, tuple) and all(isinstance(part, int) for part in v) else v
        for n, v in case.options.items()
    }
    yield case.note, case.options, plain
    if {"stride", "padding"} <= case.options.keys():
        yield "stride 3", {**plain, "stride": 3, "padding": 0, "output_padding": 0}


def _arrays(case):
    """The inputs of a case of the library, by name."""
    names = argument_names(case.target[0], len(case.inputs))
    return dict(zip(names, case.inputs, strict=True))


def _same(example, other):
    (inputs, options), (others, other_options) = example, other
    same = len(inputs) == len(others) and all(a is b for a, b in zip(inputs, others, strict=True))
    return same and options == other_options


def _matched(forward, arrays, options):
    """(inputs, options) for the parameters of forward, matched by name; None if a parameter without
    a default finds no match."""
    inputs, named, gap, takes_any = [], {}, False, False
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
    """Examples (inputs, options) with as many arrays as forward requires; parameters whose names
    mean numbers become options."""
    needed = [p for p in parameters_of(forward) if _is_needed(p)]
    numbers = [p for p in needed if p.name in NUMBERS]
    if numbers == needed:  # then names such as beta and gamma mean arrays
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
    """Random values for one argument: classes for each position of the first array if its name
    says so, else normal values."""
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
    """All names that mean the same as this one, beginning with it."""
    return [name, *(n for group in SYNONYMS if name.lower() in group for n in group)]
