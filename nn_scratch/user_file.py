"""Load a user's own Python file, and say in one sentence what is wrong with it."""

import importlib.util
import sys
from pathlib import Path


class UserCodeError(Exception):
    """What is wrong with the user's file, in one sentence with the cure."""


def load_file(path):
    """The module in a user's file. Raises UserCodeError."""
    path = Path(path)
    if not path.is_file():
        raise UserCodeError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None:
        raise UserCodeError(f"{path} is not a Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.resolve().parent))  # so that it can import its neighbours
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise UserCodeError(f"{error.filename}, line {error.lineno}: {error.msg}") from error
    except Exception as error:
        raise UserCodeError(f"{path} fails on import: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)
    return module


def find_in(module, path, name):
    """What a user's file calls `name`. Raises UserCodeError, with the names that there are."""
    if hasattr(module, name):
        return getattr(module, name)
    own = [
        n
        for n, v in vars(module).items()
        if callable(v) and getattr(v, "__module__", None) == module.__name__ and n != "example"
    ]
    raise UserCodeError(f"{path} has no {name}; it has {', '.join(own) or 'nothing to check'}")
