"""The command line: the parser, and how errors are reported. Each command is a file beside this
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

RANKS = "PMI_RANK", "OMPI_COMM_WORLD_RANK"  # set by launchers of MPI to the rank of the process
# In the order of the help.
COMMANDS = (demo, check, exercise, grade, train, evaluate, predict, compare, export, fetch, info)


def main(arguments=None):
    """Run a command, and return the exit status: 0 if all is fine, 1 if a check failed, 2 for a
    wrong call, 3 if a check cannot tell, 4 if a student's file ended the process, hung or used up
    its limits."""
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
    """Run a command, and return its exit status, with all output flushed."""
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
    """The message for an error, or None for an error that is a bug of nn_scratch.

    Every exception class that nn_scratch defines has a message for the user. These classes are
    recognized by their module, not imported, because an exercise must run even while a student is
    editing the packages that define them.
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
    """A parser that keeps the lines of descriptions, and reports an error in one sentence. If MPI
    started several processes with the same arguments, only the first one reports it."""

    def __init__(self, **options):
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)

    def error(self, message):
        if any(os.environ.get(rank, "0") != "0" for rank in RANKS):
            self.exit(2)
        self.exit(2, f"{self.prog}: {message} ({self.prog} --help)\n")


def _parser(first=()):
    """The parser. If the first argument is the name of a command, the parser has only that command:
    then the modules that other commands need for their help are not imported, and an exercise runs
    even while a student is editing them."""
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
