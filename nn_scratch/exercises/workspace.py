"""The exercises as files: blanks in a folder of the student's, hints and solutions with us."""

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
NEAREST = 3  # names that are told for one that is unknown
HINTS_SEEN = ".hints.json"
PAUSE = 0.1  # seconds between two looks at a file that is watched


class Item(NamedTuple):
    """One file of exercises. number: "03"; functions: what is to be written in it."""

    number: str
    name: str
    title: str
    functions: tuple


@cache
def items():
    """All Items, in order."""
    return tuple(_item(path) for path in sorted(PRISTINE.glob("[0-9]*.py")))


def start(folder):
    """Copy the blanks into a folder; returns its Workbook and the names of the files that were
    there already, and are kept."""
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
        """The workbook that a file of it belongs to."""
        return cls(Path(file).parent)

    @classmethod
    def near(cls):
        """The workbook in the present folder, or in exercises/ within it."""
        here = Path()
        inside = any((here / item.name).exists() for item in items())
        return cls(here if inside else here / FOLDER)

    def find(self, what):
        """(Item, names of functions) that a number, a file or a function's name stands for."""
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
        """Where the student's file of an Item is."""
        return self.folder / item.name

    def task(self, item, functions=None, *, plot=False):
        """The Task that judges functions of an Item, all of them if none are named."""
        return Task("exercise", str(self.path(item)), tuple(functions or item.functions), plot)

    def report(self, function):
        """The ExerciseReport of a function, as its file is now; it runs in this very process."""
        item, _ = self.find(function)
        path = self.path(item)
        return _checked(path, function, path.stat().st_mtime_ns if path.exists() else None)

    def all_cases(self):
        """Pairs (function, name of a case) of all exercises whose files are there."""
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
        """(number, of how many, text) of the next hint for a function; the last one stays."""
        hints = hints_for(function)
        seen = self._hints_seen()
        number = min(seen.get(function, 0) + 1, len(hints))
        (self.folder / HINTS_SEEN).write_text(json.dumps({**seen, function: number}))
        return number, len(hints), hints[number - 1]

    def reset(self, item):
        """Put the blank back."""
        shutil.copyfile(PRISTINE / item.name, self.path(item))

    def saves(self, item):
        """Yields at once, and then whenever the file is saved, for ever."""
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
    """The hints for a function, from a nudge to nearly the answer."""
    item = next(item for item in items() if function in item.functions)
    text = (PRISTINE / "hints" / item.name).with_suffix(".txt").read_text(encoding="utf-8")
    sections = dict(part.split("\n", 1) for part in text.split("## ")[1:])
    return [line.removeprefix("- ") for line in sections[function].splitlines() if line]


def solution_of(item):
    """The solution's file."""
    return PRISTINE / "solutions" / item.name


@lru_cache(maxsize=64)
def _checked(path, function, saved):
    """The report of a function in a file that was last saved then."""
    from nn_scratch.exercises.grade import check_exercise

    return check_exercise(function, find_in(load_file(path), path, function))


def _item(path):
    """The Item of a blank: its title is the first line of its text."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    number, title = ast.get_docstring(tree).splitlines()[0].split(" ", 1)
    functions = tuple(node.name for node in tree.body if isinstance(node, ast.FunctionDef))
    return Item(number, path.name, title, functions)
