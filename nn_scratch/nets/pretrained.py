"""Trained nets, at hand without training: `pretrained("digits-segmentation")`.

Each is a file in `trained/`, which `python benchmarks/pretrained.py` made: a checkpoint without its
optimizer, its numbers stored in 16 bits, that says what the net was trained on and how good it is.
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
CHOSEN = ("width", "kernel_size")  # settings that a net was built with, where they were given


def pretrained_names() -> list[str]:
    """The trained nets that there are.

    Returns: their names, sorted.
    """
    return sorted(file.stem for file in FOLDER.glob("*.npz"))


def pretrained_file(name: str) -> Path:
    """The checkpoint of a trained net, which `nn-scratch predict` and `evaluate` read.

    Returns: its path.
    Raises: UnknownNetError, with the names there are.
    """
    names = pretrained_names()
    if not isinstance(name, str) or name not in names:
        raise UnknownNetError(
            f"there is no trained net of the name {shown(name)}, but {', '.join(names)}"
        )
    return FOLDER / f"{name}.npz"


def pretrained(name: str) -> Layer:
    """A trained net in evaluation mode, in float32. `about_pretrained` says what it was trained on.

    Returns: the net.
    Raises: UnknownNetError, with the names there are.
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
    """What is known of a trained net.

    Returns: "settings": those of its recipe, with "class_names", "channels" and "image_size";
    "metrics": on 300 test scenes, measured with the numbers as they are stored; "test_scenes".
    Raises: UnknownNetError, with the names there are.
    """
    with np.load(pretrained_file(name), allow_pickle=False) as file:
        return json.loads(str(file["record"]))["record"]
