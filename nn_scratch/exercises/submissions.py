"""The exercises of many students: a folder each, judged in processes of its own."""

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
FOREIGN = re.compile(rf"({'|'.join(('nn_scratch', *FRAMEWORKS))})(\.\w+)*")  # another's work
IMPORTERS = ("__import__", "import_module", "modules")  # the last: sys.modules["…"]
NOT_THEIRS = re.compile(r"\.|__|test_|conftest\.|venv$|env$|node_modules$|site-packages$")


def grade(folder, limits, jobs=2, said=lambda row: None):
    """A row for each student, a dict: student, right (how many), exercises and notes.

    folder: has a folder for each student, with exercise files (NN_name.py), or any files in which
    functions have the exercises' names. jobs: how many students are judged at a time. said: is
    called with each row, in order, once it is known. exercises: by function, a dict with ok, case
    (the one that was reached), mistake, seconds and state, in words, or None if there is none.
    notes: files that cannot be used, and what is imported though it does the work.

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
            said(row)
    return rows


def _row(student, limits):
    """What one student wrote; whatever goes wrong stands in the notes."""
    row = {"student": student.name, "right": 0, "exercises": {}}
    try:
        files, notes, foreign = _files(student)
        tasks = [Task("exercise", str(path.resolve()), names) for path, names in files.items()]
        outcomes = process.run(tasks, limits, folder=student)
    except Exception as error:  # whatever it is, the others are judged
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
    """({file: names of functions}, notes, what foreign is imported): an exercise's own file goes
    before another in which there is a function of its name."""
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
    """All Python files of a student's own, the topmost first."""
    found = [p for p in folder.rglob("*.py") if all(map(_theirs, p.relative_to(folder).parts))]
    return sorted(filter(Path.is_file, found), key=lambda path: (len(path.parts), path))


def _theirs(name):
    """Whether a file or folder may hold a student's work."""
    return not NOT_THEIRS.match(name)


def _number(path):
    """ "08" of 08_relu.py, also of 8_relu.py; else None."""
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
    """The libraries that a file imports though they could do its work, by whatever statement."""
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
    """An exercise of a student's: what a grader wants to know."""
    ok, case, mistake = result["ok"], result.get("case"), result["mistake"]
    wrong = "to do" if result.get("to_do") else f"fails at {case}" if case else "stopped"
    state = {True: "right", None: "cannot be told"}.get(ok, wrong)
    seconds = result.get("seconds")
    return {"ok": ok, "case": case, "mistake": mistake, "seconds": seconds, "state": state}
