"""The guide for readers of PyTorch lists every difference of names, orders and defaults, and no
more: it is compared with the PyTorch that is installed."""

import inspect
import re
from pathlib import Path

import pytest

from nn_scratch import layers, ops

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

GUIDE = Path(__file__).parents[1] / "lessons" / "guides" / "coming_from_pytorch.md"
ROWS = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE))

# What the guide says once, for all of them.
OF_LAYERS = {"device", "dtype", "rng"}
OF_FUNCTIONS = {"size_average", "reduce", "reduction", "inplace", "dtype", "_stacklevel"}
NAMES = {
    "x": "input",
    "w": "weight",
    "b": "bias",
    "scores": "input",
    "labels": "target",
    "prediction": "input",
    "switches": "indices",
    "axis": "dim",
}
NO_LAYERS = {"Layer", "he_normal", "inference_mode"}

LAYERS = [name for name in layers.__all__ if name not in NO_LAYERS]
FUNCTIONS = [name for name in ops.__all__ if not name.endswith("_backward")]


def ours_called(name):
    return getattr(layers if name in layers.__all__ else ops, name)


def of_torch(name):
    """[(name, default, whether a position reaches it)] of a class or function, or None."""
    if name in layers.__all__:
        found = getattr(torch.nn, name, None)
        return found and parameters(found)
    functions = torch.nn.functional
    name = {"batch_norm2d": "batch_norm", "max_pool2d": "max_pool2d_with_indices"}.get(name, name)
    found = getattr(functions, name, None)
    try:
        return found and parameters(found)
    except ValueError:  # one that is written in C++, whose docstring begins with its signature
        text = re.search(r"^\w+\((.*)\) -> Tensor", found.__doc__, re.MULTILINE)[1]
        return parameters(eval(f"lambda {text}: None"))


def parameters(found):
    listed = inspect.signature(found).parameters.values()
    return [
        (p.name, p.default, p.kind is not p.KEYWORD_ONLY)
        for p in listed
        if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]


def differences(name):
    """The parameters that one side lacks, has elsewhere, or with another default."""
    ours, theirs = parameters(ours_called(name)), of_torch(name)
    if name in ops.__all__:
        ours = [(NAMES.get(parameter, parameter), *rest) for parameter, *rest in ours]
    at = {parameter: place for place, (parameter, *_) in enumerate(theirs)}
    found = {parameter for parameter, *_ in ours} ^ set(at)
    for place, (parameter, default, positional) in enumerate(ours):
        if parameter in at and at[parameter] != place and (positional or name in layers.__all__):
            found.add(parameter)
        if parameter in at and not same(default, theirs[at[parameter]][1]):
            found.add(parameter)
    return found - (OF_LAYERS if name in layers.__all__ else OF_FUNCTIONS)


def same(one, other):
    absent = inspect.Parameter.empty
    return one == other or {one, other} <= {absent, None}


@pytest.mark.parametrize("name", [*LAYERS, *FUNCTIONS])
def test_the_guide_lists_what_differs(name):
    if of_torch(name) is None:
        assert name in ROWS, f"PyTorch has no {name}, and the guide does not say what it has"
        return
    row = ROWS.get(name, "")
    known = {parameter for parameter, *_ in of_torch(name)}
    known |= {NAMES.get(p, p) for p, *_ in parameters(ours_called(name))}
    listed = {NAMES.get(word, word) for word in re.findall(r"`(\w+)[^`]*`", row)} & known
    assert listed == differences(name)


def test_the_guide_lists_nothing_else():
    assert set(ROWS) <= {*LAYERS, *FUNCTIONS}


@pytest.mark.parametrize("name", LAYERS)
def test_no_position_means_something_else_than_in_pytorch(name):
    """Where the order differs, ours is by keyword only."""
    theirs = of_torch(name)
    for place, (parameter, _, positional) in enumerate(parameters(getattr(layers, name))):
        if theirs and positional and place < len(theirs):
            assert parameter == theirs[place][0] or place == 0, f"{name}: {parameter}"
