"""JSON as its standard has it (RFC 8259): NaN and infinity are no numbers there, but null."""

import json
import math
from typing import Any

__all__ = ["dumps"]


def dumps(value: Any, indent: int | None = None) -> str:
    """The JSON text of a value, which every parser can read.

    value: dicts, lists, tuples, strings, numbers, truth values and None, also NumPy's scalars and
    arrays. A number that is not finite becomes null. Letters outside ASCII are escaped, so that
    any terminal or pipe can carry the text.
    """
    return json.dumps(_plain(value), indent=indent, allow_nan=False)


def _plain(value):
    """The value in Python's own types; whatever JSON has no type for becomes its text."""
    if hasattr(value, "tolist"):  # NumPy's and CuPy's scalars and arrays
        value = value.tolist()
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
