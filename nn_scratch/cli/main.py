"""The command line: the parser, and what becomes of an error. Each command is a file beside this
one, with `add(commands)`, which adds its parser, and `run(options)`, which returns the exit status.
"""

import argparse
import sys

import nn_scratch
from nn_scratch.cli import check, compare, demo, evaluate, exercise, info, predict, train
from nn_scratch.cli.options import UsageError
from nn_scratch.cli.output import close_quietly, speak_plainly

COMMANDS = (demo, check, exercise, train, evaluate, predict, compare, info)  # as help lists them


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
        options = _parser().parse_args(arguments)
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
    from nn_scratch.backend import DeviceError
    from nn_scratch.check.user_code import UserCodeError
    from nn_scratch.data import DataError
    from nn_scratch.nets.zoo import UnknownNetError
    from nn_scratch.training import CheckpointError, DivergedError, RanksError

    wrong_call = UsageError, UnknownNetError, UserCodeError, DeviceError
    return *wrong_call, DataError, CheckpointError, DivergedError, RanksError


def _parser():
    parser = argparse.ArgumentParser(
        prog="nn-scratch",
        description="Segmentation and localization networks, built by hand in NumPy.",
    )
    parser.add_argument(
        "--version", action="version", version=f"nn-scratch {nn_scratch.__version__}"
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands).set_defaults(run=command.run)
    return parser
