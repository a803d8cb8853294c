"""Trained nets that come with the library: `pretrained("digits-segmentation")`.

Each is a file in `trained/` that `python benchmarks/pretrained.py` made: a checkpoint without the
state of an optimizer, with numbers of 16 bits, the settings of the training, and metrics.
"""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from nn_scratch.arguments import shown
from nn_scratch.layers import Layer
from nn_scratch.nets.zoo import DETECTORS, LOCALIZERS, SEGMENTERS, UnknownNetError

FOLDER = Path(str(files("nn_scratch.nets") / "trained"))
BUILDERS = {"segmentation": SEGMENTERS, "localization": LOCALIZERS, "detection": DETECTORS}
CHOSEN = ("width", "kernel_size")  # settings that are passed to the builder unless they are None


def pretrained_names() -> list[str]:
    """The names of the trained nets.

    Returns: a sorted list.
    """
    return sorted(file.stem for file in FOLDER.glob("*.npz"))


def pretrained_file(name: str) -> Path:
    """The file of a trained net, a checkpoint that `nn-scratch predict` and `evaluate` can read.

    Returns: its path.
    Raises: UnknownNetError, with the known names, for another name.
    """
    names = pretrained_names()
    if not isinstance(name, str) or name not in names:
        raise UnknownNetError(
            f"there is no trained net of the name {shown(name)}, but {', '.join(names)}"
        )
    return FOLDER / f"{name}.npz"


def pretrained(name: str) -> Layer:
    """A trained net. `about_pretrained` says what it was trained on.

    Returns: the net in evaluation mode, in float32.
    Raises: UnknownNetError, with the known names, for another name.
    """
    about = about_pretrained(name)
    settings, task = about["settings"], about["settings"]["task"]
    options = {key: settings[key] for key in CHOSEN if settings[key] is not None}
    if task == "localization":
        options["image_size"] = tuple(settings["image_size"])
    build = BUILDERS[task][settings["net"]]
    net = build(settings["channels"], len(settings["class_names"]), rng=settings["seed"], **options)
    with np.load(pretrained_file(name), allow_pickle=False) as file:
        state = {key.removeprefix("net/"): file[key] for key in file.files if key != "record"}
    net.load_state_dict(state)
    return net.eval()


def about_pretrained(name: str) -> dict[str, Any]:
    """The settings and metrics of a trained net.

    Returns: a dict with "settings", those of its recipe together with "class_names", "channels" and
        "image_size"; "metrics", measured with the stored numbers on test scenes; and "test_scenes",
        the number of these.
    Raises: UnknownNetError, with the known names, for another name.
    """
    with np.load(pretrained_file(name), allow_pickle=False) as file:
        return json.loads(str(file["record"]))["record"]
