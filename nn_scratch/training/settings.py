"""The settings that all tasks share: words and numbers from which an experiment is made.

Each field is a setting of a recipe, an entry of its checkpoints, and an option of the command line.
The function `option` declares a field with all that these three need.
"""

import codecs
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from nn_scratch.data.sources import BUILT_IN, COINS, DIGITS

SCENES = {DIGITS: 4000, COINS: 200}  # new scenes in each epoch, by default
WIDEST, LARGEST_KERNEL = 2048, 255  # larger ones are typing errors, which would fill the memory


class SettingsError(ValueError):
    """A setting has an impossible value. `setting` is its name, `problem` says what is wrong."""

    def __init__(self, setting: str, problem: str):
        super().__init__(f"{setting} {problem}")
        self.setting, self.problem = setting, problem


class Rule(NamedTuple):
    """A rule for values: `words` say what a value must be; `keep` returns the value in the form in
    which it is stored, or None if it breaks the rule; `argparse` holds arguments of argparse for
    all options under the rule."""

    words: str
    keep: Callable
    argparse: Mapping[str, Any] = MappingProxyType({})


def whole(least: int, most: int | None = None) -> Rule:
    """The rule for a whole number from `least` to `most`, or without an upper limit."""

    def keep(value):
        right = not isinstance(value, bool) and int(value) == value and value >= least
        return int(value) if right and (most is None or value <= most) else None

    words = f"a whole number from {least} {'on' if most is None else f'to {most}'}"
    return Rule(words, keep, {"type": int, "metavar": "N"})


def number(words: str, right: Callable[[float], bool]) -> Rule:
    """The rule for a finite number for which `right` is true."""
    options = {"type": float, "metavar": "X"}
    return Rule(words, lambda v: float(v) if math.isfinite(v) and right(v) else None, options)


def one_of(*choices: str) -> Rule:
    """The rule for one of several words."""
    words = f"one of {', '.join(choices)}"
    return Rule(words, lambda v: v if v in choices else None, {"choices": choices})


def _size(value):
    sides = tuple(map(whole(1).keep, value))
    return sides if len(sides) == 2 and None not in sides else None


def _net(value):
    """The name of a net; the file of a user's own net is stored with its absolute path, so that a
    checkpoint finds it from any folder."""
    path, colon, name = value.rpartition(":")
    return f"{Path(path).resolve()}:{name}" if colon and path.endswith(".py") and name else value


def _data(value):
    if value in BUILT_IN:
        return value
    return str(Path(value).resolve()) if str(value) else None


def option(default: Any, rule: Rule, help: str, flag: str | None = None, **argparse: Any) -> Any:
    """A field of a dataclass of settings, with the rule for its values and the option of the
    command line: its help, its flag if that differs from the field's name, and further arguments
    of argparse."""
    argparse = {"help": help, **rule.argparse, **argparse}
    return field(default=default, metadata={"rule": rule, "flag": flag, "argparse": argparse})


@dataclass(kw_only=True)
class Settings:
    """The settings that all tasks share. Each task adds its own, and may change defaults.

    Raises: SettingsError for an impossible value, or a setting that would have no effect.
    """

    task: ClassVar[str]

    data: str = option(
        DIGITS,
        Rule("a folder", _data),
        "a folder of images, or `digits` for the digit scenes (default), or `coins` for a "
        "photograph of 24 coins (write ./coins for a folder of that name)",
        metavar="PATH",
    )
    net: str = option(
        "",
        Rule("the name of a net, or FILE.py:NAME", _net),
        "a name (`nn-scratch info TASK` lists them), or FILE.py:NAME for a net of your own",
    )
    width: int | None = option(None, whole(1, WIDEST), "channels of the net's first stage")
    kernel_size: int | None = option(
        None, whole(1, LARGEST_KERNEL), "kernel size of the net's convolutions"
    )
    size: tuple | None = option(
        None,
        Rule("a height and a width, whole numbers from 1 on", _size),
        "resize all images to this height and width",
        nargs=2,
        type=int,
        metavar=("H", "W"),
    )
    flip: bool = option(
        False,
        Rule("True or False", lambda v: v if isinstance(v, bool) else None),
        "mirror half of the training images, left to right",
        action="store_true",
    )
    epochs: int = option(1, whole(1), "passes over the images")
    scenes: int | None = option(
        None,
        whole(1),
        f"digit scenes per pass (default {SCENES[DIGITS]}), or crops of coins ({SCENES[COINS]})",
    )
    batch_size: int = option(32, whole(1), "images per step")
    max_lr: float = option(
        1e-2,
        number("a number above 0", lambda v: v > 0),
        "the largest learning rate",
        flag="--lr",
    )
    encoding: str | None = option(
        None,
        Rule(
            "the name of an encoding that Python knows", lambda v: v if codecs.lookup(v) else None
        ),
        "encoding of tables and texts that are not in UTF-8 and do not name it, such as cp1252",
    )
    group_by: str | None = option(
        None,
        Rule("`folder` or a regular expression", lambda v: v if re.compile(v) else None),
        "keep a group of images on one side of the split: those in one folder (`folder`), or those "
        "in whose names a regular expression finds the same",
        metavar="HOW",
    )
    seed: int = option(0, whole(0), "seed of weights and images (default 0)")

    def __post_init__(self):
        for each in fields(self):
            value, rule = getattr(self, each.name), each.metadata["rule"]
            if value is not None or each.default is not None:
                setattr(self, each.name, _kept(each.name, value, rule))
        if self.data in BUILT_IN:
            self.scenes = self.scenes or SCENES[self.data]
            for name in "encoding", "group_by":
                if getattr(self, name) is not None:
                    raise SettingsError(name, f"has no effect on {BUILT_IN[self.data].title}")
        elif self.scenes is not None:
            raise SettingsError("scenes", "has no effect on the images of a folder")

    def as_dict(self) -> dict[str, Any]:
        """The settings as plain values that JSON can hold, with the name of the task."""
        kept = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}
        return {"task": self.task, **kept}


def with_default(name: str, default: Any) -> Any:
    """The field `name` of Settings, with another default."""
    return field(default=default, metadata=Settings.__dataclass_fields__[name].metadata)


def _kept(name, value, rule):
    try:
        kept = rule.keep(value)
    except (TypeError, ValueError, OverflowError, LookupError, re.error):
        kept = None
    if kept is None:
        raise SettingsError(name, f"is {value!r}, but must be {rule.words}")
    return kept
