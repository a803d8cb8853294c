"""Use a trained net: load it from a checkpoint, evaluate it, and draw its predictions on images."""

import sys
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from nn_scratch.backend import to_device, to_host
from nn_scratch.data import DataError, Resize, read_image
from nn_scratch.data.readers.files import some
from nn_scratch.layers import Layer, inference_mode
from nn_scratch.training.build_net import NetFile, errors_of, net_file
from nn_scratch.training.checkpoint import Checkpoint, CheckpointError, load_checkpoint
from nn_scratch.training.fit import evaluate
from nn_scratch.training.output_folder import OutputFolder, output_folder
from nn_scratch.training.recipes import net_of, validation_loader
from nn_scratch.training.settings import Settings, SettingsError
from nn_scratch.training.tasks import TASKS, Task

LONGEST = 200  # bytes of a picture's name, without its number; file systems allow 255 for all of it


@dataclass
class Trained:
    """The net of a checkpoint, in evaluation mode, with the settings and facts of its training."""

    net: Layer
    task: type[Task]
    settings: Settings
    facts: dict[str, Any]
    contents: dict[str, str] = field(default_factory=dict)  # name of a training image: its hash


def load_net(path: str | Path, net: str | None = None) -> Trained:
    """Load the net of a checkpoint.

    net: FILE.py:NAME, the new place of a user's own net if its file was moved. If the file has
    changed since the training, a line on standard error says so.

    Raises: CheckpointError if this is not a checkpoint of a recipe, or not of this net;
        UserCodeError for an error in the user's file.
    """
    found = load_checkpoint(path)
    settings, facts = _settings_and_facts(path, found)
    if net is not None:
        settings = replace(settings, net=net)
    own = net_file(settings.net)
    if own is not None:
        _check_net_file(own, path, found)
    try:
        made = net_of(settings, facts)
    except (SettingsError, ValueError) as error:
        raise CheckpointError(f"{path}: its net cannot be built: {error}") from error
    found.restore(made)
    contents = _noted(found, "train_contents", dict)
    return Trained(made.eval(), TASKS[settings.task], settings, facts, contents or {})


def evaluate_checkpoint(
    path: str | Path,
    data: str | Path | None = None,
    device: str = "cpu",
    net: str | None = None,
    split: str = "validation",
) -> tuple[dict[str, Any], list[str]]:
    """Evaluate the net of a checkpoint, and return (metrics, class names).

    data: by default the data that the net was trained with. split: "validation", or "test" if the
    folder has a test set. Images are resized to the size that the net was trained with.

    Raises: DataError if the images have other classes or channels, if the net was trained on them,
        or if there is no such split.
    """
    trained = load_net(path, net)
    settings = settings_for(trained, data)
    source = trained.task.open(settings, trained.facts["class_names"]).of_split(split)
    _check_source(path, trained, source, settings)
    _check_unseen(path, trained, source, settings)
    task = trained.task.of(settings, source, training=False)
    loader = validation_loader(settings, source)
    with errors_of(settings.net):
        metrics = evaluate(trained.net.to(device), task, loader)
    return metrics, list(source.class_names)


def predict(
    path: str | Path,
    images: Iterable[str | Path],
    out: str | Path,
    device: str = "cpu",
    net: str | None = None,
) -> Iterator[tuple[str, Path]]:
    """For each image file, yield a line of text and the path of a picture in the folder `out`.

    A picture has the name of its image. It replaces a picture that nn-scratch wrote earlier; its
    name gets a number if it would replace a file of the user's or a picture of the same call.

    Raises: DataError for an image that cannot be read; OutputError if `out` cannot be written to.
    """
    trained, paths = load_net(path, net), [Path(image) for image in images]
    for image_path in paths:
        if image_path.is_dir():
            raise DataError(f"{image_path} is a folder: name the images in it")
        if not image_path.exists():
            raise DataError(f"there is no image {image_path}")
    trained.net.to(device)
    with output_folder(out) as folder:
        taken: set[str] = set()
        for image_path in paths:
            pixels = read_image(image_path)
            output = _output(trained, pixels, device)
            names, seen = trained.facts["class_names"], tuple(trained.facts["image_size"])
            text, figure = trained.task.describe(output, pixels, names, seen)
            picture = folder.write_figure(_free_name(folder, image_path.stem, taken), figure)
            yield f"{image_path}: {text}", picture


def _output(trained, image, device):
    """The net's output for one image (C, H, W), in the host's memory."""
    (resized,) = Resize(trained.facts["image_size"])(None, (image,))
    if trained.facts["channels"] == 1:
        resized = resized.mean(axis=0, keepdims=True)
    with errors_of(trained.settings.net), inference_mode(trained.net):
        found = trained.net(to_device(resized[None], device))
    return tuple(map(to_host, found)) if isinstance(found, tuple) else to_host(found)


def _free_name(folder: OutputFolder, stem: str, taken: set) -> str:
    """The first of stem.png, stem-2.png, stem-3.png, … that is not taken."""
    stem = stem.encode("utf-8", "surrogateescape")[:LONGEST].decode("utf-8", "ignore") or "image"
    number = 1
    while True:
        name = f"{stem}.png" if number == 1 else f"{stem}-{number}.png"
        same = unicodedata.normalize("NFC", name).casefold()  # some file systems compare so
        if same not in taken and folder.is_free(name):
            taken.add(same)
            return name
        number += 1


def _settings_and_facts(path, found: Checkpoint):
    """The settings and facts in a checkpoint of a recipe. Raises CheckpointError for another."""
    said = found.record.get("settings")
    if not isinstance(said, dict) or said.get("task") not in TASKS:
        raise CheckpointError(
            f"{path} does not say which net it is of: it has no recipe's settings"
        )
    kind = TASKS[said["task"]].Settings
    names = [field.name for field in fields(kind)]
    facts = {name: value for name, value in said.items() if name not in ("task", *names)}
    try:
        settings = kind(**{name: said[name] for name in names})
        _check_facts(facts)
    except (KeyError, TypeError, ValueError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else error
        raise CheckpointError(f"{path} does not say which net it is of: {why}") from error
    return settings, facts


def _check_facts(facts):
    """Raise ValueError, TypeError or KeyError for facts that cannot be those of data."""
    names, size = facts["class_names"], facts["image_size"]
    if not (isinstance(names, list) and names and all(isinstance(n, str) for n in names)):
        raise ValueError("class_names are no names")
    if facts["channels"] not in (1, 3):
        raise ValueError(f"images have 1 or 3 channels, not {facts['channels']}")
    if not (isinstance(size, list) and len(size) == 2 and all(int(side) > 0 for side in size)):
        raise ValueError(f"images have a height and a width, not {size}")


def _noted(found: Checkpoint, name: str, kind: type) -> Any:
    """The note of this name in a checkpoint; None if there is none of this type."""
    notes = found.record.get("notes")
    note = notes.get(name) if isinstance(notes, dict) else None
    return note if isinstance(note, kind) else None


def _check_net_file(own: NetFile, path, found: Checkpoint):
    """Raise CheckpointError if the file of a user's net is gone, and say so if it has changed."""
    if not own.path.is_file():
        raise CheckpointError(
            f"{path} is of the net {own.name} in {own.path}, but that file is gone: say where it "
            f"is now with --net FILE.py:{own.name}"
        )
    if _noted(found, "net_file", object) != own.fingerprint():
        print(f"{own.path} has changed since {path} was written", file=sys.stderr)


def settings_for(trained, data):
    """Settings that read images as they were read in training, from `data` if it is not None."""
    changes: dict[str, Any] = {"size": tuple(trained.facts["image_size"])}
    if data is not None:
        changes |= {"data": str(data), "scenes": None}
    return replace(trained.settings, **changes)


def _check_source(path, trained, source, settings):
    """Raise DataError if the images have other classes or channels than the net."""
    facts = trained.facts
    if list(source.class_names) != facts["class_names"]:
        raise DataError(
            f"{settings.data} has the classes {', '.join(source.class_names)}, but the net of "
            f"{path} was trained on {', '.join(facts['class_names'])}"
        )
    if source.channels != facts["channels"]:
        raise DataError(
            f"images of {settings.data} have {source.channels} channels, but the net of {path} "
            f"takes {facts['channels']}"
        )


def _check_unseen(path, trained, source, settings):
    """Raise DataError for images that the net was trained on, and name copies of such images on
    standard error."""
    names, contents = source.validation_names, source.contents("validation")
    trained_on = {str(content): name for name, content in trained.contents.items()}
    both = set(names) & set(trained.facts.get("train_images", ()))
    other = {n for n in both & set(trained.contents) if contents.get(n) != trained.contents[n]}
    seen = sorted(both - other)
    if seen:
        raise DataError(
            f"the net of {path} was trained on {len(seen)} of the {len(names)} images that "
            f"{settings.data} has for validation ({', '.join(seen[:3])}{', …' * (len(seen) > 3)})"
        )
    copies = [
        f"{name} (of {trained_on[content]})"
        for name, content in contents.items()
        if content in trained_on
    ]
    if copies:
        print(
            f"of the images to be judged by, {len(copies)} of {len(names)} are copies of images "
            f"that were trained on: {some(copies)}",
            file=sys.stderr,
        )
