"""Load a user's own file, and find in it what is to be checked."""

import importlib.util
import os
import re
import sys
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path

STANDARD = os.path.dirname(os.__file__)  # where the standard library is


class UserCodeError(Exception):
    """What is wrong with the user's file, in one sentence with the cure."""


def load_file(path):
    """The module in a user's file, executed anew, in place: in this very process.

    While it loads, imports look in its folder, after Python's own modules, and `ex_12` stands for
    the exercise's file 12_….py beside it, whose name no import statement can write. The module is
    registered under its file's name, as dataclasses and pickle need it.

    Raises UserCodeError, also if the file calls `sys.exit` or `exit`.
    """
    path = Path(path)
    if not path.is_file():
        raise UserCodeError(f"there is no file {path}")
    if path.suffix != ".py":
        raise UserCodeError(f"{path} is not a Python file: its name must end in .py")
    name = _free_name(path)
    spec = importlib.util.spec_from_file_location(name, path, loader=_Fresh(name, str(path)))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        with neighbours(path.resolve().parent):
            spec.loader.exec_module(module)
    except BaseException as error:
        sys.modules.pop(spec.name, None)
        if isinstance(error, KeyboardInterrupt):
            raise
        raise UserCodeError(_why_not(path, error)) from error
    return module


@contextmanager
def neighbours(folder):
    """Let imports find the files of a folder, and its numbered exercises as ex_NN."""
    finder = _Numbered(folder)
    sys.path.insert(_after_pythons_own(), str(folder))
    sys.meta_path.append(finder)
    try:
        yield
    finally:
        if str(folder) in sys.path:
            sys.path.remove(str(folder))
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
        for name in finder.found:  # so that they are read anew when they have been saved
            sys.modules.pop(name, None)


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


def _after_pythons_own():
    """The place in sys.path behind the standard library: a file called random.py or copy.py in the
    student's folder would otherwise break NumPy's imports, and ours."""
    own = [p.startswith(STANDARD) and not p.endswith("-packages") for p in sys.path]
    return max((i + 1 for i, standard in enumerate(own) if standard), default=0)


def _free_name(path):
    """The file's name without its ending, if no other module goes by it: a file called random.py
    must not take the place of Python's own."""
    other = sys.modules.get(path.stem)
    if other is None or getattr(other, "__file__", None) == str(path):
        return path.stem
    return f"own_{path.stem}"


def _why_not(path, error):
    """Why a file cannot be loaded, in a sentence."""
    if isinstance(error, SyntaxError):
        return f"{error.filename or path}, line {error.lineno}: {error.msg}"
    if isinstance(error, SystemExit):
        return f"{path} ends the program when it is imported: it calls sys.exit or exit"
    return f"{path} fails on import: {type(error).__name__}: {error}"


class _Fresh(SourceFileLoader):
    """Reads the source, never a compiled copy: those go by whole seconds, and a file that is saved
    twice in one second would be the old one."""

    def path_stats(self, path):
        raise OSError


class _Numbered:
    """Finds `ex_12` in a folder: its file 12_….py."""

    def __init__(self, folder):
        self.folder, self.found = Path(folder), []

    def find_spec(self, name, path=None, target=None):
        """The place of a numbered exercise; None if the name is none, or its file is missing."""
        number = re.fullmatch(r"ex_(\d+)", name)
        files = sorted(self.folder.glob(f"{int(number[1]):02}_*.py")) if number else []
        if not files:
            return None
        self.found.append(name)
        loader = _Fresh(name, str(files[0]))
        return importlib.util.spec_from_file_location(name, files[0], loader=loader)
