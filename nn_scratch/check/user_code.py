"""A layer or a pair of functions of a user's own file, and what to check it on."""

import inspect
import traceback
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from nn_scratch.check.cases import Case, draw, op_cases
from nn_scratch.layers.base import Layer
from nn_scratch.user_file import UserCodeError, find_in


@contextmanager
def explained_errors(path, name):
    """Say what the user's code raised, and where in their file. Without a path, let it through."""
    try:
        yield
    except UserCodeError:
        raise
    except Exception as error:
        if path is None:
            raise
        own = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if Path(frame.filename).resolve() == Path(path).resolve()
        ]
        where = f"{path}, line {own[-1].lineno}" if own else f"called from {path}"
        raise UserCodeError(f"{name} raises {type(error).__name__}: {error} ({where})") from error


def user_case(module, path, name):
    """The Case for `name` in a module that was loaded from the file at `path`: a Layer class, a
    layer, or a function `name` with its backward function `name_backward`.

    What it is called with comes, in this order, from
    - `name.example()` or the file's `example()`: a tuple of inputs, the last of which may be a
      dict of options; for a layer class the first may be the layer to check;
    - the library's own case for an op of the same name;
    - for a layer class with (in_channels, out_channels, kernel_size), or none of its own
      arguments: an image of 4 channels.
    """
    found = find_in(module, path, name.removesuffix("_backward"))
    if inspect.isclass(found):
        return _layer_class_case(module, path, name, found)
    if isinstance(found, Layer):
        inputs, options = _example(module, found) or ((draw(2, 4, 7, 6),), {})
        return Case(name, "", found, inputs, options)
    return _pair_case(module, path, name.removesuffix("_backward"), found)


def _layer_class_case(module, path, name, cls):
    if not issubclass(cls, Layer):
        raise UserCodeError(
            f"{name} in {path} is a class, but no Layer: write "
            f"class {name}(nn_scratch.layers.Layer)"
        )
    inputs, options = _example(module, cls) or ((), {})
    if inputs and isinstance(inputs[0], Layer):
        return Case(name, "", inputs[0], inputs[1:], options)
    layer = _make(cls, path, name)
    return Case(name, "", layer, inputs or (draw(2, 4, 7, 6),), options)


def _make(cls, path, name):
    known = {"in_channels": 4, "out_channels": 3, "kernel_size": (3, 2)}
    parameters = inspect.signature(cls).parameters.values()
    needed = {
        p.name for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
    }
    if not needed <= known.keys():
        raise UserCodeError(
            f"{name} needs {', '.join(sorted(needed - known.keys()))} to be made: add to {path} "
            f"a function example() that returns the layer and its input, "
            f"({name}(…), np.ones((2, 4, 7, 6)))"
        )
    return cls(**{parameter: known[parameter] for parameter in needed})


def _pair_case(module, path, name, forward):
    if not callable(forward):
        raise UserCodeError(f"{name} in {path} is neither a layer nor a function")
    backward = getattr(module, f"{name}_backward", None)
    if backward is None:
        raise UserCodeError(
            f"{path} has {name}, but no {name}_backward: a pass is checked with its backward pass"
        )
    example = _example(module, forward)
    if example is None:
        same = [case for case in op_cases() if case.name == name]
        example = (same[0].inputs, same[0].options) if same else ((draw(2, 4, 7, 6),), {})
    return Case(name, "", (forward, backward), *example)


def _example(module, found):
    """(inputs, options) from the user's example(), or None."""
    example = getattr(found, "example", None) or getattr(module, "example", None)
    if example is None:
        return None
    given = example()
    given = given if isinstance(given, tuple) else (given,)
    options = given[-1] if isinstance(given[-1], dict) else {}
    inputs = tuple(v for v in given if v is not options)
    return tuple(np.asarray(v) if isinstance(v, list) else v for v in inputs), options
