"""Imports run down only: a room uses what lies below it, and no two rooms use each other."""

import ast
from pathlib import Path

import pytest

import nn_scratch

HOUSE = Path(nn_scratch.__file__).parent
FLOORS = [
    {
        "arguments",
        "backend",
        "folder_lock",
        "geometry",
        "names",
        "strict_json",
        "user_file",
        "validate",
    },
    {"engine", "naive"},
    {"ops"},
    {"layers"},
    {"nets"},
    {"check", "data", "evaluation", "graph"},
    {"plotting"},
    {"exercises", "training"},
    {"cli"},
    {"__init__", "__main__"},
]
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}
PLAIN = {"arguments", "backend", "geometry", "validate"}  # all that `naive` may use


def room_of(file):
    """The first part of its module's name below nn_scratch."""
    return file.relative_to(HOUSE).with_suffix("").parts[0]


def imported(file, everywhere=False):
    """The modules of nn_scratch that a file imports when it is imported itself, or ever."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if everywhere else at_import(tree.body):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}: write the whole name of what is imported"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == "nn_scratch")


def at_import(body):
    """The statements that run when a module is imported, those of `if` and `try` included."""
    for node in body:
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for block in "body", "orelse", "finalbody", "handlers":
                yield from at_import(getattr(node, block, []))


def rooms(file, everywhere=False):
    """The rooms that a file imports from, without its own."""
    used = {name.split(".")[1] for name in imported(file, everywhere) if "." in name}
    return used - {room_of(file)}


FILES = [file for file in sorted(HOUSE.rglob("*.py")) if "problems" not in file.parts]


def relative(file):
    return str(file.relative_to(HOUSE))


def test_every_room_has_its_floor():
    assert {room_of(file) for file in FILES} == set(FLOOR)


@pytest.mark.parametrize("file", FILES, ids=relative)
def test_a_file_imports_from_below_only(file):
    for room in rooms(file):
        assert room in FLOOR, f"{room} is none of the rooms"
        below = FLOOR[room] < FLOOR[room_of(file)]
        assert below or {room, room_of(file)} <= FLOORS[0], f"{relative(file)} imports from {room}"


@pytest.mark.slow
@pytest.mark.parametrize("room", ["naive", "engine", "ops", "layers", "check", "exercises"])
def test_what_is_read_first_imports_from_below_only_also_within_functions(room):
    for file in FILES:
        if room_of(file) == room:
            for other in rooms(file, everywhere=True):
                assert FLOOR[other] < FLOOR[room], f"{relative(file)} imports from {other}"


def test_naive_stands_alone():
    """It judges exercises, also while a student edits the ops or the engine."""
    for file in FILES:
        if room_of(file) == "naive":
            assert rooms(file, everywhere=True) <= PLAIN, relative(file)


def test_imports_run_in_no_circle():
    """Module by module, within the rooms too."""
    modules = {module_name(file): file for file in FILES}
    open_, done = [], set()

    def visit(module):
        assert module not in open_, " → ".join([*open_[open_.index(module) :], module])
        if module in done:
            return
        open_.append(module)
        for name in imported(modules[module]):
            target = name if name in modules else name.rpartition(".")[0]
            if target in modules and target != "nn_scratch":
                visit(target)
        open_.pop()
        done.add(module)

    for module in modules:
        visit(module)


def module_name(file):
    parts = file.relative_to(HOUSE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_the_reader_of_imports_finds_them(tmp_path):
    file = tmp_path / "sample.py"
    file.write_text(
        "import numpy, nn_scratch.ops\n"
        "try:\n    from nn_scratch.layers import conv\nexcept ImportError:\n"
        "    from nn_scratch import nets as n\n"
        "def f():\n    import nn_scratch.cli\n"
        "class C:\n    from nn_scratch import data\n"
    )
    at_once = ["nn_scratch.ops", "nn_scratch.layers.conv", "nn_scratch.nets", "nn_scratch.data"]
    assert sorted(imported(file)) == sorted(at_once)
    assert set(imported(file, everywhere=True)) == {*at_once, "nn_scratch.cli"}
