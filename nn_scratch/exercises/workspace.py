"""The files of exercises: blanks in the student's folder, hints and solutions in the library."""

import ast
import json
import shutil
import time
from difflib import get_close_matches
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from nn_scratch.exercises.process import Task
from nn_scratch.user_file import UserCodeError, find_in, load_file

PRISTINE = Path(__file__).parent / "problems"
FOLDER = "exercises"
TESTS = "test_exercises.py"
NEAREST = 3  # similar names that a message suggests
HINTS_SEEN = ".hints.json"
PAUSE = 0.1  # seconds between two looks at a watched file


class Item(NamedTuple):
    """One file of exercises. number: such as "03"; functions: the names of those to write."""

    number: str
    name: str
    title: str
    functions: tuple


@cache
def items():
    """All Items, in order."""
    return tuple(_item(path) for path in sorted(PRISTINE.glob("[0-9]*.py")))


def start(folder):
    """Copy the blanks into a folder, and return its Workbook and the names of files that were kept
    because they were there already."""
    folder, kept = Path(folder), []
    folder.mkdir(parents=True, exist_ok=True)
    for path in [PRISTINE / item.name for item in items()] + [PRISTINE / TESTS]:
        if (folder / path.name).exists():
            kept.append(path.name)
        else:
            shutil.copyfile(path, folder / path.name)
    return Workbook(folder), kept


class Workbook:
    """A student's folder of exercises."""

    def __init__(self, folder):
        self.folder = Path(folder)
        if not any((self.folder / item.name).exists() for item in items()):
            raise UserCodeError(
                f"there are no exercises in {self.folder.resolve()}: `nn-scratch exercise start` "
                f"puts them into {FOLDER}/ here; if you have some, go to their folder first"
            )

    @classmethod
    def of(cls, file):
        """The workbook that a file belongs to."""
        return cls(Path(file).parent)

    @classmethod
    def near(cls):
        """The workbook in the current folder, or in its subfolder exercises/."""
        here = Path()
        inside = any((here / item.name).exists() for item in items())
        return cls(here if inside else here / FOLDER)

    def find(self, what):
        """(Item, names of functions) for a number, a file or the name of a function."""
        stem = Path(what).stem
        for item in items():
            if what.isdigit() and int(what) == int(item.number):
                return item, item.functions
            if stem == Path(item.name).stem:
                return item, item.functions
            if what in item.functions:
                return item, (what,)
        names = [name for item in items() for name in (item.number, item.name, *item.functions)]
        near = get_close_matches(what, names, NEAREST, cutoff=0)
        raise UserCodeError(
            f"there is no exercise {what!r}; the nearest are {', '.join(near)}, and "
            "`nn-scratch exercise` lists all"
        )

    def path(self, item):
        """The path of the student's file of an Item."""
        return self.folder / item.name

    def task(self, item, functions=None, *, plot=False):
        """The Task that judges functions of an Item, all of them if none are named."""
        return Task("exercise", str(self.path(item)), tuple(functions or item.functions), plot)

    def report(self, function):
        """The ExerciseReport of a function, which runs in this process."""
        item, _ = self.find(function)
        path = self.path(item)
        return _checked(path, function, path.stat().st_mtime_ns if path.exists() else None)

    def all_cases(self):
        """Pairs (function, name of a case) of all exercises whose files exist."""
        from nn_scratch.exercises.exercise import EXERCISES

        return [
            (function, trial.case.name)
            for item in items()
            if self.path(item).exists()
            for function in item.functions
            for trial in EXERCISES[function].trials
            if trial.case.needs is None
        ]

    def next_hint(self, function):
        """(number, how many there are, text) of the next hint; the last one is repeated."""
        hints = hints_for(function)
        seen = self._hints_seen()
        number = min(seen.get(function, 0) + 1, len(hints))
        (self.folder / HINTS_SEEN).write_text(json.dumps({**seen, function: number}))
        return number, len(hints), hints[number - 1]

    def reset(self, item):
        """Restore the blank."""
        shutil.copyfile(PRISTINE / item.name, self.path(item))

    def saves(self, item):
        """Yield the path at once, and again whenever the file is saved, without end."""
        seen = None
        while True:
            path = self.path(item)
            now = path.stat().st_mtime_ns if path.exists() else None
            if now != seen:
                seen = now
                yield path
            time.sleep(PAUSE)

    def _hints_seen(self):
        try:
            return json.loads((self.folder / HINTS_SEEN).read_text())
        except (OSError, ValueError):
            return {}


def hints_for(function):
    """The hints for a function, each of which says more than the one before."""
    item = next(item for item in items() if function in item.functions)
    text = (PRISTINE / "hints" / item.name).with_suffix(".txt").read_text(encoding="utf-8")
    sections = dict(part.split("\n", 1) for part in text.split("## ")[1:])
    return [line.removeprefix("- ") for line in sections[function].splitlines() if line]


def solution_of(item):
    """The file with the solution of an Item."""
    return PRISTINE / "solutions" / item.name


@lru_cache(maxsize=64)
def _checked(path, function, saved):
    """The report of a function in a file. `saved`, the time of the last save, is part of the key
    under which it is cached."""
    from nn_scratch.exercises.grade import check_exercise

    return check_exercise(function, find_in(load_file(path), path, function))


def _item(path):
    """The Item of a file with blanks; its title is the first line of the docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    number, title = ast.get_docstring(tree).splitlines()[0].split(" ", 1)
    functions = tuple(node.name for node in tree.body if isinstance(node, ast.FunctionDef))
    return Item(number, path.name, title, functions)
