"""The command line: the parser, and what becomes of an error. Each command is a file beside this
one, with `add(commands)`, which adds its parser, and `run(options)`, which returns the exit status.
"""

import argparse
import os
import sys

import nn_scratch
from nn_scratch.cli import (
    check,
    compare,
    demo,
    evaluate,
    exercise,
    export,
    fetch,
    grade,
    info,
    predict,
    train,
)
from nn_scratch.cli.output import close_quietly, speak_plainly

RANKS = "PMI_RANK", "OMPI_COMM_WORLD_RANK"  # which of its processes a launcher of MPI says this is
# As help lists them.
COMMANDS = (demo, check, exercise, grade, train, evaluate, predict, compare, export, fetch, info)


def main(arguments=None):
    """Run a command; returns the exit status: 0 fine, 1 a check failed, 2 a wrong call, 3 a check
    that cannot tell, 4 a student's file that ended, hung or used up its limits."""
    speak_plainly()
    try:
        return _run(sys.argv[1:] if arguments is None else list(arguments))
    except BrokenPipeError:
        return close_quietly()
    except KeyboardInterrupt:
        print("\nnn-scratch: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        from nn_scratch.names import printable

        shown = "\n".join(map(printable, sentence.split("\n")))
        print(f"nn-scratch: {shown}", file=sys.stderr)
        return 2


def _run(arguments):
    """The exit status of a command; all it says is out when it returns."""
    parser = _parser(arguments[:1])
    if not arguments:
        parser.print_help(sys.stderr)
        return 2
    options = parser.parse_args(arguments, argparse.Namespace(arguments=arguments))
    try:
        return options.run(options)
    finally:
        print(end="", flush=True)


def _sentence(error):
    """What the user is told of an error; None for one that is a mistake of ours.

    Every exception that nn_scratch defines is a sentence for the user. (They are known by where
    they are defined: an exercise must run while the rooms that define others are being edited.)
    """
    ours = any(kind.__module__.partition(".")[0] == "nn_scratch" for kind in type(error).__mro__)
    if ours:
        return str(error)
    if isinstance(error, MemoryError):
        return f"this needs more memory than there is: {error}".rstrip(": ")
    if isinstance(error, OSError):
        place = "the output" if error.filename is None else error.filename
        return f"{place}: {error.strerror or error}"
    return None


class _Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence, of the first process alone where a launcher of MPI
    started several with the same arguments."""

    def error(self, message):
        if any(os.environ.get(rank, "0") != "0" for rank in RANKS):
            self.exit(2)
        self.exit(2, f"{self.prog}: {message} ({self.prog} --help)\n")


def _parser(first=()):
    """The parser; if the first argument is a command, only with that command's. What the others'
    help says is not looked up then, so that an exercise runs while the rest is being edited."""
    parser = _Parser(
        prog="nn-scratch",
        description="Segmentation, localization and detection networks, built by hand in NumPy.",
    )
    parser.add_argument(
        "--version", action="version", version=f"nn-scratch {nn_scratch.__version__}"
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    asked = [command for command in COMMANDS if [command.__name__.split(".")[-1]] == list(first)]
    for command in asked or COMMANDS:
        command.add(commands).set_defaults(run=command.run)
    return parser
