"""The random generators that a pass may draw from, and their states, which change as it draws."""

import random

import numpy as np


def generators_of(target) -> list:
    """The generators that a layer or function can reach, through its attributes, the variables it
    closes over and the global variables it names, up to four steps away."""
    found, seen = [], set()
    waiting = [(target, 0)]
    while waiting:
        value, depth = waiting.pop()
        if id(value) in seen or depth > 4:
            continue
        seen.add(id(value))
        if isinstance(value, np.random.Generator | np.random.RandomState | random.Random):
            found.append(value)
        else:
            waiting += [(part, depth + 1) for part in _parts(value)]
    return found


def states(generators) -> list:
    """The states of the generators and of the global ones, in a form that can be compared."""
    bits = [g if isinstance(g, random.Random) else _bits(g) for g in generators]
    kept = [b.getstate() if isinstance(b, random.Random) else b.state for b in bits]
    shared = random.getstate(), np.random.get_state(legacy=False)  # noqa: NPY002
    return [repr(state) for state in (*kept, *shared)]


def _bits(generator):
    is_new = isinstance(generator, np.random.Generator)
    return generator.bit_generator if is_new else generator._bit_generator


def _parts(value):
    """The variables that a function uses, the attributes of an object, the elements of a list."""
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, list | tuple):
        return value
    function = getattr(value, "__func__", value)
    code = getattr(function, "__code__", None)
    if code is not None:
        cells = [_content(cell) for cell in function.__closure__ or ()]
        names = [n for n in code.co_names if n in function.__globals__]
        return [*cells, *(function.__globals__[n] for n in names), getattr(value, "__self__", None)]
    if isinstance(value, np.ndarray | type) or type(value).__module__ in ("builtins", "numpy"):
        return ()
    own = list(getattr(value, "__dict__", {}).values())
    return [*own, type(value).forward] if hasattr(type(value), "forward") else own


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:  # the variable has no value yet
        return None
