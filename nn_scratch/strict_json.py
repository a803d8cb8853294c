"""JSON according to its standard (RFC 8259), which has no NaN and no infinity: they become null."""

import json
import math
from typing import Any

__all__ = ["dumps"]


def dumps(value: Any, indent: int | None = None) -> str:
    """A value as JSON that every parser can read.

    value: dicts, lists, tuples, texts, numbers, bools and None, also NumPy's scalars and arrays.
    Numbers that are not finite become null. Characters outside ASCII are escaped, because not every
    terminal or pipe accepts them.
    """
    return json.dumps(_plain(value), indent=indent, allow_nan=False)


def _plain(value):
    """The value in types that JSON has; a value of another type becomes its text."""
    if hasattr(value, "tolist"):  # NumPy's and CuPy's scalars and arrays
        value = value.tolist()
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
