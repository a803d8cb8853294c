"""Arguments that several commands share, and their conversion to the settings of a recipe."""

import argparse
from contextlib import contextmanager
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

EACH = 8.0  # seconds for each file if there are many
DATA_HELP = """\
The layouts of a folder with your own images
for segmentation:
{segmentation}
for localization:
{localization}
for detection:
{detection}
"""


class UsageError(ValueError):
    """A command was called with arguments that make no sense."""


def data_help() -> str:
    """The text about layouts of folders at the end of a command's help."""
    from nn_scratch.data.sources import LAYOUTS

    return DATA_HELP.format(**LAYOUTS)


def task_names() -> list[str]:
    """The names of all tasks."""
    from nn_scratch.training import TASKS

    return list(TASKS)


def add_experiment(parser: argparse.ArgumentParser, without: tuple = ()) -> None:
    """Add the task, and an option for each setting of any task except those in `without`."""
    parser.add_argument("task", choices=task_names())
    for name, (field, tasks) in _settings().items():
        if name in without:
            continue
        only = f"{' and '.join(tasks)} only: " if len(tasks) < len(task_names()) else ""
        own = field.metadata["argparse"]
        own = {**own, "help": only + own["help"], "default": argparse.SUPPRESS}
        parser.add_argument(_flag(field), dest=name, **own)


@contextmanager
def as_options():
    """A context that turns a SettingsError into a UsageError about the option."""
    from nn_scratch.training import SettingsError

    try:
        yield
    except SettingsError as error:
        raise UsageError(f"{_flag_of(error.setting)} {error.problem}") from error


def add_trained(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name a trained net: a checkpoint, or --pretrained."""
    from nn_scratch.nets.pretrained import pretrained_names

    parser.add_argument(
        "checkpoint", type=Path, nargs="?", help="a file that train wrote; or instead of it:"
    )
    parser.add_argument(
        "--pretrained",
        metavar="NAME",
        help=f"a net that comes with the library: {', '.join(pretrained_names())}",
    )


def add_net(parser: argparse.ArgumentParser) -> None:
    """Add --net, for a user's own net whose file was moved after the training."""
    parser.add_argument(
        "--net",
        metavar="FILE.py:NAME",
        help="the new place of a net of your own, if its file was moved after the training",
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add --device."""
    parser.add_argument(
        "--device",
        choices=("cpu", "gpu", "auto"),
        default="cpu",
        help="where to compute; auto: on a GPU if there is one (default cpu)",
    )


def add_limits(parser):
    """Add --time-limit and --memory-limit, for the files of students."""
    from nn_scratch.exercises.process import Limits

    standard = Limits()
    parser.add_argument(
        "--time-limit",
        type=_positive,
        metavar="SECONDS",
        help="for a file, in all; a single call gets a quarter of it (default "
        f"{standard.seconds:g}, or {EACH:g} for each of many files)",
    )
    parser.add_argument(
        "--memory-limit",
        type=_positive,
        default=standard.megabytes,
        metavar="MB",
        help="for a file, if the system can limit it (default %(default)g)",
    )


def limits_of(options, many=False):
    """The Limits that the options give. `many` lowers the default time limit, because one file
    among many must not delay the others for long."""
    from nn_scratch.exercises.process import Limits

    standard = EACH if many else Limits().seconds
    return Limits(options.time_limit or standard, int(options.memory_limit))


def _positive(text):
    """An argument that must be a number above 0."""
    number = float(text)
    if not 0 < number < 1e9:
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return number


def given_settings(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that the options give. Raises UsageError for one that the task has not."""
    settings = _settings()
    given = {name: value for name, value in vars(options).items() if name in settings}
    for name in given:
        field, tasks = settings[name]
        if options.task not in tasks:
            raise UsageError(f"{_flag(field)}: not for {options.task}, only for {', '.join(tasks)}")
    return given


def _flag_of(setting):
    """The option of a setting on the command line, by the setting's name."""
    settings = _settings()
    return _flag(settings[setting][0]) if setting in settings else f"--{setting}"


def _settings() -> dict[str, tuple[Field, list[str]]]:
    """For each setting of any task, by name, its field and the tasks that have it."""
    from nn_scratch.training import TASKS

    found: dict = {}
    for name, task in TASKS.items():
        for field in fields(task.Settings):
            found.setdefault(field.name, (field, []))[1].append(name)
    return found


def _flag(field):
    """The option of a setting on the command line, by the setting's field."""
    return field.metadata["flag"] or f"--{field.name.replace('_', '-')}"
