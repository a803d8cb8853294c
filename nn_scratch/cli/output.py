"""Output to terminals and pipes with any encoding, to pipes that are closed, and as JSON."""

import codecs
import os
import sys
from functools import wraps

from nn_scratch import strict_json
from nn_scratch.cli.options import UsageError
from nn_scratch.user_file import UserCodeError

CLOSED = 141  # the exit status after the reader closed the pipe, as in shells (128 + SIGPIPE)
PLAIN = {
    "∂": "d", "−": "-", "–": "-", "—": "-", "·": ".", "×": "x", "…": "...", "→": "->", "←": "<-",
    "⟨": "<", "⟩": ">", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "±": "+-", "√": "sqrt ",
    "Σ": "sum ", "∞": "inf", "µ": "u", "μ": "mu", "σ": "sigma", "β": "beta", "ε": "eps",
    "ᵀ": "^T", "²": "^2", "³": "^3", "“": '"', "”": '"', "‘": "'", "’": "'", "°": " degrees",
    "█": "#", "▏": "|", "│": "|", "─": "-", "┌": "+", "┐": "+", "└": "+", "┘": "+", "✓": "+",
}  # fmt: skip


def speak_plainly():
    """Let the output accept every character: if its encoding lacks one, similar ASCII is written
    instead. With `LC_ALL=C` the encoding is ASCII, and on Windows a redirected output has a code
    page."""
    codecs.register_error("nn_scratch.plain", _in_ascii)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="nn_scratch.plain")


def close_quietly():
    """The exit status after `| head` or a pager has closed the pipe. Output is turned off, so that
    the interpreter raises no error when it flushes its buffers at the end."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    return CLOSED


def error_as_json(run):
    """Make a command print its usage errors as JSON, too, if it is called with --json."""

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
    """The handler of encoding errors: similar characters in ASCII."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(PLAIN.get(letter, "?") for letter in letters), error.end
