"""Arguments that several commands share, and how they become a recipe's settings."""

import argparse
from inspect import signature

EACH = 8.0  # seconds for a file, if there are many
TASKS = ("segmentation", "localization")
OF_COMMANDS = ("task", "seed", "seeds", "nets", "out", "device", "run")
DATA_HELP = """\
Images of your own, in a folder that has
for segmentation:
{segmentation}
for localization:
{localization}
"""


class UsageError(ValueError):
    """A command that cannot be meant."""


def data_help():
    """The layouts of folders, for the end of a command's help."""
    from nn_scratch.data.sources import LAYOUTS

    return DATA_HELP.format(**LAYOUTS)


def add_experiment(parser):
    """The arguments that become a recipe's settings, by the names of its parameters."""

    def add(name, help, **options):
        parser.add_argument(name, default=argparse.SUPPRESS, help=help, **options)

    parser.add_argument("task", choices=TASKS)
    add("--data", "a folder of images (default: the digit scenes)", metavar="PATH")
    add("--size", "bring all images to this size", nargs=2, type=int, metavar=("H", "W"))
    add("--epochs", "passes over the images", type=int)
    add("--scenes", "digit scenes per pass", type=int)
    add("--batch-size", "images per step", type=int)
    add("--lr", "the largest learning rate", type=float, dest="max_lr")
    add("--width", "channels of the net's first stage", type=int)
    add("--kernel-size", "of the net's convolutions", type=int)
    add("--flip", "left and right exchanged in half of the training images", action="store_true")
    add(
        "--placement",
        "localization: each image somewhere on a canvas up to FACTOR times as large",
        type=float,
        metavar="FACTOR",
    )
    add("--class-weights", "segmentation: of the loss", choices=("none", "median_frequency"))
    add("--ignore-index", "segmentation: the label of pixels that do not count", type=int)


def add_device(parser):
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


def settings(options):
    """What was given of a recipe's settings; an option that the task has not is a wrong call."""
    from nn_scratch.training.recipes import RECIPES

    known = signature(RECIPES[options.task]).parameters
    given = {name: v for name, v in vars(options).items() if name not in OF_COMMANDS}
    wrong = [f"--{name.replace('_', '-')}" for name in given if name not in known]
    if wrong:
        raise UsageError(f"{', '.join(wrong)}: not for {options.task}")
    return given
