"""Write a trained net as an ONNX file, or as a page that runs it in a browser."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import nn_scratch
from nn_scratch.backend import Array
from nn_scratch.data import DataError
from nn_scratch.data.sources import DIGITS
from nn_scratch.graph import ExportError, Paper, to_onnx, to_page
from nn_scratch.layers import inference_mode
from nn_scratch.plotting.colours import class_colours
from nn_scratch.training.build_net import label
from nn_scratch.training.inference import Trained, settings_for
from nn_scratch.training.output_folder import output_folder
from nn_scratch.training.recipes import validation_loader

EXAMPLES = 6  # images that the page offers
# The background, noise and width of strokes that the digit scenes have.
DIGITS_PAPER = Paper(level=0.15, noise=0.08, ink=0.85, pen=1.4)
DOES = {
    "segmentation": "labels every pixel",
    "localization": "says what there is, and where",
    "detection": "finds all that is there",
}
CELLS = "in cells of stride × stride pixels, of which the maps have one each"
# For each task and number of outputs: the names of the outputs, and what they mean.
MEANING = {
    ("segmentation", 1): {"scores": "(N, classes, H, W): the largest one is a pixel's class"},
    ("localization", 2): {
        "scores": "(N, classes): the largest one is the class",
        "boxes": "(N, 4), or (N, classes, 4), one for each class: (x, y, w, h), the corner at the "
        "top left, as fractions of the image's width and height",
    },
    ("detection", 3): {
        "heat": "(N, classes, h, w): logits; an object's centre is where none of the eight "
        "neighbours is higher",
        "sizes": f"(N, 2, h, w): (w, h) of the object, {CELLS}",
        "offsets": "(N, 2, h, w): (x, y) of the centre from the cell's corner, in cells",
    },
    ("detection", 2): {
        "scores": "(N, 1 + classes, h, w): of each window, for no object and for the classes",
        "boxes": f"(N, 4, h, w): (x, y, w, h) from the cell's corner, {CELLS}",
    },
}


def export(trained: Trained, target: str | Path) -> Path:
    """Write the net to a file. Its ending says what to write: .onnx, or .html for a page.

    Returns: the path of the file.
    Raises: ExportError for another ending, or a net that cannot be exported; OutputError if the
        file is one of the user's, or cannot be written.
    """
    target = Path(target)
    write = {".onnx": _onnx, ".html": page_of}.get(target.suffix.lower())
    if write is None:
        raise ExportError(f"{target} ends in neither .onnx nor .html, which says what to write")
    content = write(trained)
    with output_folder(target.parent) as folder:
        return folder.write(target.name, lambda path: path.write_bytes(content))


def _onnx(trained: Trained) -> bytes:
    model = to_onnx(trained.net, _shape(trained), list(_outputs(trained)), metadata(trained))
    return model.SerializeToString()


def _shape(trained: Trained) -> tuple[int, int, int]:
    """(C, H, W) of the images that the net was trained with."""
    height, width = trained.facts["image_size"]
    return trained.facts["channels"], height, width


def _outputs(trained: Trained) -> dict[str, str]:
    """The names of the net's outputs, with what they mean."""
    with inference_mode(trained.net):
        y = trained.net(np.zeros((1, *_shape(trained)), np.float32))
    return MEANING[trained.settings.task, len(y) if isinstance(y, tuple) else 1]


def metadata(trained: Trained) -> dict[str, str]:
    """What a user of the exported net needs to know.

    Returns: texts by name; lists and numbers among them are JSON.
    """
    facts = trained.facts
    channels = "red, green, blue" if facts["channels"] == 3 else "the mean of red, green and blue"
    return {
        "task": trained.settings.task,
        "net": trained.settings.net,
        "class_names": json.dumps(facts["class_names"]),
        "image_size": json.dumps(facts["image_size"]),
        "channels": json.dumps(facts["channels"]),
        "normalization": json.dumps({"divide_by": 255, "mean": 0, "std": 1}),
        "input": f"images (N, C, H, W), float32 from 0 to 1: {channels}, divided by 255",
        "outputs": json.dumps(_outputs(trained)),
        "nn_scratch": nn_scratch.__version__,
    }


def page_of(trained: Trained) -> bytes:
    """The HTML page that runs the net."""
    names, task = trained.facts["class_names"], trained.settings.task
    weights = sum(array.size for array in trained.net.params.values())
    title, also, paper = f"{label(trained.settings.net)} at work", ", open a picture,", Paper()
    if trained.settings.data == DIGITS:
        title = "Draw a digit" if task == "localization" else "Draw digits"
        also, paper = "", DIGITS_PAPER
    text = to_page(
        trained.net,
        task,
        names,
        class_colours(len(names)),
        _examples(trained),
        list(_outputs(trained)),
        title=title,
        sentence=f"A net of {weights:,} weights {DOES[task]}. Draw{also} or take an example.",
        paper=paper,
    )
    return text.encode()


def _examples(trained: Trained) -> Array:
    """Validation images for the page; a white one if the data are not at hand."""
    settings = replace(settings_for(trained, None), batch_size=EXAMPLES)
    try:
        source = trained.task.open(settings, trained.facts["class_names"])
        images: Any = next(iter(validation_loader(settings, source).batches()))[0]
    except (DataError, StopIteration):
        images = np.ones((1, *_shape(trained)), np.float32)
    return images
