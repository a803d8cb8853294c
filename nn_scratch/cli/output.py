"""What the terminal or the pipe at the other end can take."""

import codecs
import os
import sys
from functools import wraps

from nn_scratch import strict_json
from nn_scratch.cli.options import UsageError
from nn_scratch.user_file import UserCodeError

CLOSED = 141  # the exit status when nobody reads any more, as a shell gives it (128 + SIGPIPE)
PLAIN = {
    "∂": "d", "−": "-", "–": "-", "—": "-", "·": ".", "×": "x", "…": "...", "→": "->", "←": "<-",
    "⟨": "<", "⟩": ">", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "±": "+-", "√": "sqrt ",
    "Σ": "sum ", "∞": "inf", "µ": "u", "μ": "mu", "σ": "sigma", "β": "beta", "ε": "eps",
    "ᵀ": "^T", "²": "^2", "³": "^3", "“": '"', "”": '"', "‘": "'", "’": "'", "°": " degrees",
    "█": "#", "▏": "|", "│": "|", "─": "-", "┌": "+", "┐": "+", "└": "+", "┘": "+", "✓": "+",
}  # fmt: skip


def speak_plainly():
    """Let the output take every letter: one that its encoding lacks is written as its nearest in
    ASCII. A redirected output on Windows has a code page, and `LC_ALL=C` has only ASCII."""
    codecs.register_error("nn_scratch.plain", _in_ascii)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="nn_scratch.plain")


def close_quietly():
    """The exit status after `| head` or a pager has closed the pipe: nothing more is written, not
    even when the interpreter empties its buffers at its end."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    return CLOSED


def error_as_json(run):
    """A command that has --json says in JSON, too, why it cannot be done."""

    @wraps(run)
    def guarded(options):
        try:
            return run(options)
        except (UsageError, UserCodeError) as error:
            if not options.json:
                raise
            print(strict_json.dumps({"ok": False, "results": [], "error": str(error)}, indent=1))
            return 2

    return guarded


def _in_ascii(error):
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(PLAIN.get(letter, "?") for letter in letters), error.end
