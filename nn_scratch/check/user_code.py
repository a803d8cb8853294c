"""A layer or a pair of functions in a user's file, with inputs to check it on."""

import inspect
import traceback
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from nn_scratch.check.cases import CheckCase
from nn_scratch.check.examples import NUMBERS, first_guess, for_function, for_layer
from nn_scratch.check.layer_faults import is_layer, unregistered
from nn_scratch.user_file import UserCodeError, find_in

BACKWARD = ("{}_backward", "{}_back", "{}_bwd", "{}_grad", "{}_gradient", "backward_{}", "grad_{}")
FORWARD = ("{}", "{}_forward", "forward_{}")
KNOWN = {  # arguments of constructors, and the values that a layer is made with
    **NUMBERS,
    **dict.fromkeys(("in_channels", "channels", "num_channels", "num_features", "features"), 4),
    **dict.fromkeys(("in_features", "n_channels", "n_features", "dim", "inputs", "n_in"), 4),
    **dict.fromkeys(("out_channels", "out_features", "classes", "num_classes", "outputs"), 3),
    **dict.fromkeys(("n_classes", "n_out"), 3),
    **dict.fromkeys(("kernel_size", "kernel"), (3, 2)),
    **dict.fromkeys(("p", "rate"), 0.3),
}


@contextmanager
def explained_errors(path, name, but=()):
    """Turn errors that the user's code raises into a UserCodeError that names the line in their
    file. Without a path errors pass unchanged, and so do those of the types in `but`."""
    try:
        yield
    except (UserCodeError, *but):
        raise
    except Exception as error:
        if path is None:
            raise
        raise UserCodeError(f"{name} {raised(error, path)}") from error


def raised(error, path=None):
    """The predicate of a sentence about an error: its type, its message, and the line in the user's
    file."""
    says = f"raises {type(error).__name__}: {error}"
    if path is None:
        return says
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).resolve() == Path(path).resolve()
    ]
    return f"{says} ({path}, line {own[-1].lineno})" if own else f"{says} (called from {path})"


def user_cases(module, path, name) -> list[CheckCase]:
    """The cases for `name` in a module loaded from the file at `path`. `name` is a Layer class, a
    layer, or a function with a backward function such as `name_backward`.

    The inputs come from the first of these that exists:
    - `name.example()` or the file's `example()`, which returns a tuple of inputs; the last may be a
      dict of options, and for a Layer class the first may be the layer to check;
    - the library's cases for an op of the same name, as far as the signature allows;
    - inputs guessed from the names of the arguments, if forward accepts them.

    Raises UserCodeError, with what to add to the file, if there are none.
    """
    base = _base_name(name)
    found = _first(module, FORWARD, base)
    found = find_in(module, path, base) if found is None else found
    if inspect.isclass(found):
        return [_layer_class_case(module, path, name, found)]
    if is_layer(found):
        return [_layer_case(module, path, name, found, _example(module, found))]
    return _pair_cases(module, path, base, found)


def _base_name(name):
    for ending in ("_backward", "_forward", "_back", "_bwd", "_grad"):
        name = name.removesuffix(ending)
    return name


def _first(module, patterns, name):
    """The first attribute of a module whose name fits one of the patterns, or None."""
    names = [pattern.format(name) for pattern in patterns]
    return next((getattr(module, n) for n in names if hasattr(module, n)), None)


def _layer_class_case(module, path, name, cls):
    if not _is_layer_class(cls):
        raise UserCodeError(
            f"{name} in {path} is a class, but no Layer: write "
            f"class {name}(nn_scratch.layers.Layer)"
        )
    example = _example(module, cls)
    if example and example[0] and is_layer(example[0][0]):
        layer, *inputs = example[0]
        return _layer_case(module, path, name, layer, (tuple(inputs), example[1]))
    return _layer_case(module, path, name, _make(cls, path, name), example)


def _layer_case(module, path, name, layer, example):
    if example and (example[0] or example[1]):
        return CheckCase(name, "", layer, *example)
    found = for_layer(layer)
    if found is None and unregistered(layer):  # this is why forward fails; the check will report it
        found = first_guess(layer.forward)
    found = found or _only_one(layer.forward)
    if found is None:
        raise UserCodeError(_what_to_add(path, name, layer.forward, f"{name}(…)"))
    return CheckCase(name, "", layer, *found)


def _only_one(forward):
    """The first guess if it is a single array, else None. It is used where forward accepts no
    guess: with one array, what forward raises helps more than a request for an example."""
    first = first_guess(forward)
    return first if first and len(first[0]) == 1 and not first[1] else None


def _is_layer_class(cls):
    return any(base.__module__ == "nn_scratch.layers.base" for base in cls.__mro__)


def _make(cls, path, name):
    parameters = inspect.signature(cls).parameters.values()
    needed = [
        p.name for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
    ]
    missing = sorted(set(needed) - KNOWN.keys())
    if missing:
        raise UserCodeError(
            f"{name} needs {', '.join(missing)} to be made: add to {path} "
            f"a function example() that returns the layer and its input, "
            f"({name}(…), np.ones((2, 4, 7, 6)))"
        )
    return cls(**{parameter: KNOWN[parameter] for parameter in needed})


def _pair_cases(module, path, name, forward):
    if not callable(forward):
        raise UserCodeError(f"{name} in {path} is neither a layer nor a function")
    backward = _first(module, BACKWARD, name)
    if backward is None:
        raise UserCodeError(
            f"{path} has {name}, but no {name}_backward: a pass is checked with its backward pass"
        )
    pair = forward, backward
    example = _example(module, forward)
    found = [("", *example)] if example else for_function(name, pair)
    if not found and (guess := _only_one(forward)):
        found = [("", *guess)]
    if not found:
        raise UserCodeError(_what_to_add(path, name, forward))
    return [CheckCase(name, note, pair, inputs, options) for note, inputs, options in found]


def _what_to_add(path, name, forward, first=""):
    """The message for a function that accepts no guess, with an example() to be filled in."""
    parameters = inspect.signature(forward).parameters.values()
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    lines = [
        f"    {n} = np.random.default_rng({i}).normal(size=(2, 3))" for i, n in enumerate(names)
    ]
    given = ", ".join([*([first] if first else []), *names])
    return "\n".join(
        [
            f"what {name}({', '.join(names)}) is to be checked on cannot be guessed: add to {path} "
            "an example() with shapes that fit, such as",
            "",
            "import numpy as np",
            "",
            "def example():",
            *lines,
            f"    return {given}{',' if len(names) == 1 and not first else ''}",
        ]
    )


def _example(module, found):
    """(inputs, options) from the user's example(), or None."""
    example = getattr(found, "example", None) or getattr(module, "example", None)
    if example is None:
        return None
    given = example()
    given = given if isinstance(given, tuple) else (given,)
    options = given[-1] if given and isinstance(given[-1], dict) else {}
    inputs = tuple(v for v in given if v is not options)
    return tuple(np.asarray(v) if isinstance(v, list) else v for v in inputs), options
