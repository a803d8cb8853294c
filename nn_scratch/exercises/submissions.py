"""Grade the exercises of many students. Each student has a folder, whose files run in a process of
their own."""

import ast
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nn_scratch.exercises import process
from nn_scratch.exercises.process import FRAMEWORKS, Task
from nn_scratch.exercises.workspace import items
from nn_scratch.user_file import UserCodeError

UNUSABLE = {"ok": False, "case": None, "mistake": None, "seconds": None, "state": "cannot be used"}
ORDER = [function for item in items() for function in item.functions]
FOREIGN = re.compile(rf"({'|'.join(('nn_scratch', *FRAMEWORKS))})(\.\w+)*")  # not their own work
IMPORTERS = ("__import__", "import_module", "modules")  # the last one as in sys.modules["…"]
NOT_THEIRS = re.compile(r"\.|__|test_|conftest\.|venv$|env$|node_modules$|site-packages$")


def grade(folder, limits, jobs=2, progress=lambda row: None):
    """A list with a row for each student.

    folder: it has a folder for each student, with exercise files (NN_name.py), or with any files in
    which functions have the exercises' names. jobs: the number of students graded at a time.
    progress: a function that is called with each row, in order, as soon as it is complete.

    A row is a dict with the name of the student, the number of right functions, exercises and
    notes. exercises has for each function a dict with ok, case (the one that failed), mistake,
    seconds, and state in words. notes are about files that cannot be used, and about imports of
    libraries that do the work.

    Raises UserCodeError if there is nothing to grade.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserCodeError(f"there is no folder {folder}")
    students = sorted(path for path in folder.iterdir() if path.is_dir() and _theirs(path.name))
    if not students:
        raise UserCodeError(f"there are no students' folders in {folder}")
    rows = []
    with ThreadPoolExecutor(jobs) as pool:
        for row in pool.map(lambda student: _row(student, limits), students):
            rows.append(row)
            progress(row)
    return rows


def _row(student, limits):
    """The row of one student. Whatever goes wrong is in its notes."""
    row = {"student": student.name, "right": 0, "exercises": {}}
    try:
        files, notes, foreign = _files(student)
        tasks = [Task("exercise", str(path.resolve()), names) for path, names in files.items()]
        outcomes = process.run(tasks, limits, folder=student)
    except Exception as error:  # the other students are graded all the same
        return {**row, "notes": [f"cannot be judged: {error}"]}
    if not tasks:
        notes.append("no exercise was handed in")
    for task, outcome in zip(tasks, outcomes, strict=True):
        row["exercises"] |= {result["name"]: _entry(result) for result in outcome.results}
        foreign |= set(outcome.imports)
        if outcome.error:
            notes.append(outcome.error.replace(f"{student.resolve()}/", ""))
            left = [name for name in task.names if name not in row["exercises"]]
            row["exercises"] |= dict.fromkeys(left, UNUSABLE)
    row["right"] = sum(entry["ok"] is True for entry in row["exercises"].values())
    row["notes"] = [*(f"imports {name}" for name in sorted(foreign)), *notes]
    return row


def _files(student):
    """({file: names of functions}, notes, foreign libraries that are imported). If a function is in
    several files, the file with the exercise's number counts."""
    own, others, notes, foreign = {}, {}, [], set()
    for path in _walk(student):
        item = next((i for i in items() if i.number == _number(path)), None)
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            if item is None:
                notes.append(f"{path.name} is no Python: {error}")
            tree = ast.Module([], [])
        foreign |= _foreign(tree)
        names = item.functions if item else tuple(n for n in ORDER if n in _bound(tree))
        for name in names:
            (own if item else others).setdefault(name, path)
    files = {}
    for name, path in {**others, **own}.items():
        files[path] = (*files.get(path, ()), name)
    return files, notes, foreign


def _walk(folder):
    """All Python files that a student wrote, those of the top folder first."""
    found = [p for p in folder.rglob("*.py") if all(map(_theirs, p.relative_to(folder).parts))]
    return sorted(filter(Path.is_file, found), key=lambda path: (len(path.parts), path))


def _theirs(name):
    """Whether a file or folder may hold a student's work."""
    return not NOT_THEIRS.match(name)


def _number(path):
    """ "08" for 08_relu.py and 8_relu.py; None for a name without a number."""
    number = re.match(r"(\d+)_", path.name)
    return f"{int(number[1]):02}" if number else None


def _bound(tree):
    """The names that a file binds at its top level."""
    names = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def _foreign(tree):
    """The libraries that a file imports, by whatever statement, and that could do its work."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module)
        elif isinstance(node, ast.Call | ast.Subscript):
            used = node.func if isinstance(node, ast.Call) else node.value
            if getattr(used, "attr", getattr(used, "id", None)) in IMPORTERS:
                names |= {str(part.value) for part in ast.walk(node) if hasattr(part, "value")}
    return {found[1] for found in map(FOREIGN.fullmatch, names) if found}


def _entry(result):
    """The entry of a function in a student's row."""
    ok, case, mistake = result["ok"], result.get("case"), result["mistake"]
    wrong = "to do" if result.get("to_do") else f"fails at {case}" if case else "stopped"
    state = {True: "right", None: "cannot be told"}.get(ok, wrong)
    seconds = result.get("seconds")
    return {"ok": ok, "case": case, "mistake": mistake, "seconds": seconds, "state": state}
