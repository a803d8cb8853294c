"""Arguments that several commands share, and how they become a recipe's settings."""

import argparse
from contextlib import contextmanager
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

EACH = 8.0  # seconds for a file, if there are many
DATA_HELP = """\
Images of your own, in a folder that has
for segmentation:
{segmentation}
for localization:
{localization}
for detection:
{detection}
"""


class UsageError(ValueError):
    """A command that cannot be meant."""


def data_help() -> str:
    """The layouts of folders, for the end of a command's help."""
    from nn_scratch.data.sources import LAYOUTS

    return DATA_HELP.format(**LAYOUTS)


def task_names() -> list[str]:
    """The tasks that nets are trained for."""
    from nn_scratch.training import TASKS

    return list(TASKS)


def add_experiment(parser: argparse.ArgumentParser, without: tuple = ()) -> None:
    """The task, and an option for each of its settings but `without`."""
    parser.add_argument("task", choices=task_names())
    for name, (field, tasks) in _settings().items():
        if name in without:
            continue
        only = f"{' and '.join(tasks)} only: " if len(tasks) < len(task_names()) else ""
        parser.add_argument(
            _flag(field),
            dest=name,
            default=argparse.SUPPRESS,
            help=only + field.metadata["help"],
            **_for_argparse(field),
        )


@contextmanager
def as_options():
    """Within, what is wrong with a setting is said of its option. Raises UsageError."""
    from nn_scratch.training import SettingsError

    try:
        yield
    except SettingsError as error:
        raise UsageError(f"{_flag_of(error.setting)} {error.problem}") from error


def add_trained(parser: argparse.ArgumentParser) -> None:
    """The arguments that name a trained net: a checkpoint, or --pretrained."""
    from nn_scratch.nets.pretrained import pretrained_names

    parser.add_argument(
        "checkpoint", type=Path, nargs="?", help="what train wrote; or, in its place:"
    )
    parser.add_argument(
        "--pretrained",
        metavar="NAME",
        help=f"a net that comes with the library: {', '.join(pretrained_names())}",
    )


def add_net(parser: argparse.ArgumentParser, help: str) -> None:
    """The argument --net."""
    parser.add_argument("--net", metavar="FILE.py:NAME", help=help)


def add_device(parser: argparse.ArgumentParser) -> None:
    """The argument --device."""
    parser.add_argument(
        "--device",
        choices=("cpu", "gpu", "auto"),
        default="cpu",
        help="where to compute; auto: on a GPU if there is one (default cpu)",
    )


def add_limits(parser):
    """The arguments --time-limit and --memory-limit, of what a student's file may use."""
    from nn_scratch.exercises.process import Limits

    standard = Limits()
    parser.add_argument(
        "--time-limit",
        type=_positive,
        metavar="SECONDS",
        help="for a file, in all; one call gets a quarter of it (default "
        f"{standard.seconds:g}; {EACH:g} for each of many)",
    )
    parser.add_argument(
        "--memory-limit",
        type=_positive,
        default=standard.megabytes,
        metavar="MB",
        help="for a file, where the system can limit it (default %(default)g)",
    )


def limits_of(options, many=False):
    """The Limits that were given. many: whether many files are judged, of which none may hold up
    the others for long."""
    from nn_scratch.exercises.process import Limits

    standard = EACH if many else Limits().seconds
    return Limits(options.time_limit or standard, int(options.memory_limit))


def _positive(text):
    """A number above 0, of an argument."""
    number = float(text)
    if not 0 < number < 1e9:
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return number


def given_settings(options: argparse.Namespace) -> dict[str, Any]:
    """What was given of a task's settings. Raises UsageError for an option that it has not."""
    settings = _settings()
    given = {name: value for name, value in vars(options).items() if name in settings}
    for name in given:
        field, tasks = settings[name]
        if options.task not in tasks:
            raise UsageError(f"{_flag(field)}: not for {options.task}, only for {', '.join(tasks)}")
    return given


def _flag_of(setting):
    """A setting's option on the command line."""
    settings = _settings()
    return _flag(settings[setting][0]) if setting in settings else f"--{setting}"


def _settings() -> dict[str, tuple[Field, list[str]]]:
    """Every setting of any task: its field, and the names of the tasks that have it."""
    from nn_scratch.training import TASKS

    found: dict = {}
    for name, task in TASKS.items():
        for field in fields(task.Settings):
            found.setdefault(field.name, (field, []))[1].append(name)
    return found


def _for_argparse(field):
    """What argparse is told of a setting beside its name and its help."""
    told = field.metadata["argparse"]
    short = {int: "N", float: "X"}.get(told.get("type"))
    return ({"metavar": short} if short else {}) | told


def _flag(field):
    return field.metadata["flag"] or f"--{field.name.replace('_', '-')}"
