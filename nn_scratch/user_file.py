"""Load a user's own file, and find a layer, a net or a function in it."""

import importlib.util
import os
import re
import sys
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path

STANDARD = os.path.dirname(os.__file__)  # the folder of the standard library


class UserCodeError(Exception):
    """Something is wrong with the user's file; the message says what, and what helps."""


def load_file(path):
    """Execute a user's file in this process, even if it was loaded before, and return the module.

    While it loads, imports also search its folder, after the standard library. `ex_12` stands for
    the file 12_….py of an exercise beside it, whose name cannot be written in an import statement.
    The module is registered under the name of the file, because dataclasses and pickle need that.

    Raises UserCodeError if the file cannot be loaded, or calls `sys.exit` or `exit`.
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
    """A context in which imports find the files of a folder, and numbered exercises as ex_NN."""
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
        for name in finder.found:  # the next import reads the file again, which may have changed
            sys.modules.pop(name, None)


def find_in(module, path, name):
    """The object called `name` in a user's file. Raises UserCodeError, with the names in the file,
    if there is none."""
    if hasattr(module, name):
        return getattr(module, name)
    own = [
        n
        for n, v in vars(module).items()
        if callable(v) and getattr(v, "__module__", None) == module.__name__ and n != "example"
    ]
    raise UserCodeError(f"{path} has no {name}; it has {', '.join(own) or 'nothing to check'}")


def _after_pythons_own():
    """The index in sys.path after the standard library. Before it, a file called random.py or
    copy.py in the student's folder would break NumPy's imports, and those of nn_scratch."""
    own = [p.startswith(STANDARD) and not p.endswith("-packages") for p in sys.path]
    return max((i + 1 for i, standard in enumerate(own) if standard), default=0)


def _free_name(path):
    """The name of the file without its ending, or another one if a module has that name already: a
    file called random.py must not replace Python's module."""
    other = sys.modules.get(path.stem)
    if other is None or getattr(other, "__file__", None) == str(path):
        return path.stem
    return f"own_{path.stem}"


def _why_not(path, error):
    """The message for a file that cannot be loaded."""
    if isinstance(error, SyntaxError):
        return f"{error.filename or path}, line {error.lineno}: {error.msg}"
    if isinstance(error, SystemExit):
        return f"{path} ends the program when it is imported: it calls sys.exit or exit"
    return f"{path} fails on import: {type(error).__name__}: {error}"


class _Fresh(SourceFileLoader):
    """A loader that always reads the source. Compiled copies are dated in whole seconds, so that a
    file saved twice within a second would not be loaded again."""

    def path_stats(self, path):
        raise OSError  # then the loader of the standard library uses no compiled copy


class _Numbered:
    """A finder for modules called `ex_12`, which are the files 12_….py of a folder."""

    def __init__(self, folder):
        self.folder, self.found = Path(folder), []

    def find_spec(self, name, path=None, target=None):
        """The spec of a numbered exercise; None for another name, or if the file is missing."""
        number = re.fullmatch(r"ex_(\d+)", name)
        files = sorted(self.folder.glob(f"{int(number[1]):02}_*.py")) if number else []
        if not files:
            return None
        self.found.append(name)
        loader = _Fresh(name, str(files[0]))
        return importlib.util.spec_from_file_location(name, files[0], loader=loader)
