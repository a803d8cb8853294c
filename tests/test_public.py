"""What a package lists in `__all__` is public: typed, and documented as CONTRIBUTING.md says.

Its docstring says what it does; `Returns:` stands wherever something is returned, `Raises:`
wherever the body raises, or calls a check of nn_scratch.validate or geometry that does.
"""

import ast
import builtins
import importlib
import inspect
import textwrap
from functools import lru_cache

import pytest

PACKAGES = [
    "check",
    "data",
    "engine",
    "evaluation",
    "exercises",
    "graph",
    "layers",
    "naive",
    "nets",
    "ops",
    "plotting",
    "training",
]
CHECKS = "nn_scratch.arguments", "nn_scratch.validate", "nn_scratch.geometry"


def public(package):
    """(name, object) of the functions and classes that a package lists."""
    module = importlib.import_module(f"nn_scratch.{package}")
    for name in getattr(module, "__all__", []):
        found = getattr(module, name)
        if inspect.isfunction(found) or inspect.isclass(found):
            yield name, found


def methods(kind):
    """The public methods and properties that a class defines itself."""
    for name, member in vars(kind).items():
        member = getattr(member, "__func__", getattr(member, "fget", member))
        written = inspect.isfunction(member) and member.__code__.co_filename != "<string>"
        if written and (not name.startswith("_") or name == "__init__"):  # not by dataclass
            yield name, member


NAMES = [
    pytest.param(found, id=f"{package}.{name}")
    for package in PACKAGES
    for name, found in public(package)
]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_lists_what_is_public(package):
    module = importlib.import_module(f"nn_scratch.{package}")
    assert module.__doc__ and sorted(set(module.__all__)) == sorted(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)


@pytest.mark.parametrize("found", NAMES)
def test_it_is_typed(found):
    for where, function in parts(found):
        missing = untyped(function, of_a_method=inspect.isclass(found))
        assert not missing, f"{where}: {', '.join(missing)} without a type"


@pytest.mark.parametrize("found", NAMES)
def test_it_is_documented(found):
    """A class in its own docstring; a method may have that of the method it overrides."""
    assert found.__doc__, f"{found.__qualname__} has no docstring"
    for where, function in parts(found):
        if function.__name__ != "__init__":
            assert documented(found, function), f"{where} has no docstring"


@pytest.mark.parametrize("found", NAMES)
def test_the_docstring_says_what_it_returns(found):
    if inspect.isfunction(found) and returns(found):
        assert "\nReturns: " in inspect.cleandoc(found.__doc__ or "")


@pytest.mark.parametrize("found", NAMES)
def test_the_docstring_says_what_it_raises(found):
    for where, function in parts(found):
        text = found.__doc__ if function.__name__ == "__init__" else function.__doc__
        text = inspect.cleandoc(text or "")
        if raises(function):
            assert "\nRaises: " in text or text.startswith("Raises "), f"{where} raises"


def parts(found):
    """(name to show, function) of a function, or of a class's methods."""
    if inspect.isfunction(found):
        yield found.__qualname__, found
    else:
        yield from ((f"{found.__qualname__}.{n}", function) for n, function in methods(found))


def documented(kind, function):
    if kind is function or function.__doc__:
        return bool(function.__doc__)
    return any(getattr(vars(base).get(function.__name__), "__doc__", "") for base in kind.__mro__)


def untyped(function, of_a_method):
    """The parameters without an annotation, and "return"."""
    parameters = list(inspect.signature(function).parameters.values())[int(of_a_method) :]
    names = [p.name for p in parameters if p.annotation is p.empty]
    if inspect.signature(function).return_annotation is inspect.Signature.empty:
        names += ["return"] if function.__name__ != "__init__" else []
    return names


def returns(function):
    return any(
        isinstance(node, ast.Return) and node.value is not None for node in own_nodes(function)
    )


def raises(function):
    """Whether the function itself raises a named error, or calls a check that does."""
    for node in own_nodes(function):
        if isinstance(node, ast.Raise) and "NotImplementedError" not in ast.dump(node):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called = function.__globals__.get(node.func.id)
            if getattr(called, "__module__", None) in CHECKS and called_raises(called):
                return True
    return False


@lru_cache
def called_raises(check):
    """Whether a check raises, itself or in what it calls."""
    return inspect.isfunction(check) and raises(check)


def own_nodes(function):
    """The nodes of a function's body, without those of functions within."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    waiting = list(getattr(definition, "body", []))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


# ---------------------------------------------------------------- the test itself


def sample(x: int, y) -> int:
    if y:
        raise ValueError(x)
    return builtins.abs(x)


def quiet(x: int) -> None:
    def inner():
        raise ValueError
        return 1


def test_the_reader_of_functions():
    assert untyped(sample, of_a_method=False) == ["y"]
    assert returns(sample) and raises(sample)
    assert not returns(quiet) and not raises(quiet) and not untyped(quiet, of_a_method=False)
