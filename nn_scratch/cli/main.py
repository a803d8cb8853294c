"""The command line: the parser, and what becomes of an error. Each command is a file beside this
one, with `add(commands)`, which adds its parser, and `run(options)`, which returns the exit status.
"""

import argparse
import sys

import nn_scratch
from nn_scratch.backend import DeviceError
from nn_scratch.cli import check, compare, demo, evaluate, exercise, grade, info, predict, train
from nn_scratch.cli.options import UsageError
from nn_scratch.cli.output import close_quietly, speak_plainly
from nn_scratch.user_file import UserCodeError

# As help lists them.
COMMANDS = (demo, check, exercise, grade, train, evaluate, predict, compare, info)
ERRORS = (
    ("nn_scratch.data", "DataError"),
    ("nn_scratch.engine", "EngineError"),
    ("nn_scratch.nets.zoo", "UnknownNetError"),
    ("nn_scratch.training", "CheckpointError"),
    ("nn_scratch.training", "DivergedError"),
    ("nn_scratch.training", "RanksError"),
)


def main(arguments=None):
    """Run a command; returns the exit status: 0 fine, 1 a check failed, 2 a wrong call, 3 a check
    that cannot tell, 4 a student's file that ended, hung or used up its limits."""
    speak_plainly()
    try:
        return _run(arguments)
    except BrokenPipeError:
        return close_quietly()


def _run(arguments):
    """The exit status of a command; all it says is out when it returns."""
    try:
        arguments = sys.argv[1:] if arguments is None else list(arguments)
        options = _parser(arguments[:1]).parse_args(arguments)
        return options.run(options)
    except _expected_errors() as error:
        print(f"nn-scratch: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nnn-scratch: interrupted", file=sys.stderr)
        return 130
    finally:
        print(end="", flush=True)


def _expected_errors():
    """The errors that are sentences for the user. Only modules that are imported can have raised
    one; the others are left alone, for what an exercise needs must not depend on them."""
    known = [getattr(sys.modules[module], name) for module, name in ERRORS if module in sys.modules]
    return UsageError, UserCodeError, DeviceError, *known


def _parser(first=()):
    """The parser; if the first argument is a command, only with that command's. What the others'
    help says is not looked up then, so that an exercise runs while the rest is being edited."""
    parser = argparse.ArgumentParser(
        prog="nn-scratch",
        description="Segmentation and localization networks, built by hand in NumPy.",
    )
    parser.add_argument(
        "--version", action="version", version=f"nn-scratch {nn_scratch.__version__}"
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    asked = [command for command in COMMANDS if [command.__name__.split(".")[-1]] == list(first)]
    for command in asked or COMMANDS:
        command.add(commands).set_defaults(run=command.run)
    return parser
