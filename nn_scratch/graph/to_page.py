"""Export a trained net as a page for the browser, which runs the net while the user draws.

The page contains everything: weights, a few images, and the forward passes in JavaScript (`page/`).
It loads nothing, so that it works when opened from a disk, and it sends nothing.
"""

import json
import re
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

from nn_scratch.arguments import a_text, an_instance, filled, items, one_of, words
from nn_scratch.backend import Array, to_host
from nn_scratch.graph.program import Op, Program, program
from nn_scratch.layers import Layer
from nn_scratch.validate import check_rank, check_values, number

TASKS = "segmentation", "localization", "detection"
COLOUR = re.compile("#[0-9a-fA-F]{6}")
SCRIPTS = "ops.js", "net.js", "boxes.js", "page.js"
EXACT = 360_000  # with more weights, all four bytes of each would make the page larger than 2 MB
STAGES = {  # the ops whose maps are shown, with their captions
    "relu": "conv",
    "max_pool2d": "pool",
    "max_unpool2d": "unpool",
    "nearest_unpool2d": "nearest",
    "bed_of_nails_unpool2d": "nails",
    "bilinear_upsample2d": "bilinear",
    "conv_transpose2d": "up",
    "add": "add",
    "concat": "concat",
}


class Paper(NamedTuple):
    """The surface that the user draws on, in values of the image's pixels: the level of the blank
    paper, the standard deviation of its noise, the value of ink, and the pen's radius in pixels."""

    level: float = 1.0
    noise: float = 0.0
    ink: float = 0.0
    pen: float = 1.5


WHITE = Paper()


def to_page(
    net: Layer,
    task: str,
    class_names: Sequence[str],
    colours: Sequence[str],
    examples: Array,
    outputs: Sequence[str] = ("scores",),
    *,
    title: str,
    sentence: str,
    paper: Paper = WHITE,
) -> str:
    """Export the net, in evaluation mode, as a page that shows its predictions.

    task: "segmentation", "localization" or "detection", which says what the outputs mean.
    class_names, colours: the name and the colour ("#rrggbb") of each class.
    examples: images (N, C, H, W) with values from 0 to 1, of the size that the page works with.
    outputs: the names of the net's outputs.
    title, sentence: the texts at the top of the page.
    paper: the surface that the user draws on.

    Returns: the text of the HTML file.
    Raises: ExportError, with the name of the layer, if a layer is not one of the library's;
        TypeError or ValueError for arguments of a wrong kind, or for too few or too many names.
    """
    an_instance("net", net, Layer)
    one_of("task", task, TASKS)
    class_names, colours = words("class_names", class_names), items("colours", colours, str)
    if len(colours) != len(class_names) or not all(map(COLOUR.fullmatch, colours)):
        raise ValueError(f"colours are {colours}, but must be #rrggbb, one for each of class_names")
    check_values(examples=examples)
    check_rank("examples", filled("examples", examples), 4)
    for name, value in ("title", title), ("sentence", sentence):
        a_text(name, value)
    for name, value in an_instance("paper", paper, Paper)._asdict().items():
        number(f"paper.{name}", value, 0)
    found, outputs = program(net, examples.shape[1:], "examples"), words("outputs", outputs)
    if len(outputs) != len(found.outputs):
        raise ValueError(f"outputs are {len(outputs)}, but the net has {len(found.outputs)}")
    numbers = _Numbers()
    exported = {
        "task": task,
        "classes": class_names,
        "colours": colours,
        "shape": list(found.shape),
        "steps": [_step(op, numbers) for op in found.ops],
        "outputs": found.outputs,
        "stages": _stages(found, outputs),
        "paper": paper._asdict(),
        "numbers": _base64(numbers.all(), 4 if numbers.length <= EXACT else 3),
        "examples": [_base64(to_host(image), 2) for image in examples],
    }
    return _page(
        title=escape(title),
        kind="maps" if task == "segmentation" else "boxes",
        sentence=escape(sentence),
        style=_text("page.css"),
        scripts="\n".join(map(_text, SCRIPTS)),
        # A "<" in a script could be the beginning of the tag that ends it.
        exported=json.dumps(exported, separators=(",", ":")).replace("<", "\\u003c"),
    )


def _page(**texts):
    """The text of page.html, with these texts in place of its marks {{name}}."""
    page = _text("page.html")
    for name, text in texts.items():
        page = page.replace(f"{{{{{name}}}}}", text.rstrip("\n"))
    return page


def _text(name):
    """The text of a file in page/."""
    return (files("nn_scratch.graph") / "page" / name).read_text(encoding="utf-8")


class _Numbers:
    """The weights of all arrays, in one sequence."""

    def __init__(self):
        self.arrays: list[np.ndarray] = []
        self.length = 0

    def add(self, array):
        """Append an array, and return its start and its length in the sequence."""
        start = self.length
        self.arrays.append(array.ravel())
        self.length += array.size
        return [start, array.size]

    def all(self):
        return np.concatenate([*self.arrays, np.zeros(0, np.float32)])


def _base64(array, kept):
    """Float32 numbers as text, of which the first `kept` of four bytes are kept: with 3 bytes the
    relative error is at most 2⁻¹⁷, with 2 bytes 2⁻⁹. (If two maxima of a max-pool are as close as
    that, the page may choose another than the net.)"""
    bits = np.ascontiguousarray(array, "<f4").ravel().view("<u4")
    half = 1 << 8 * (4 - kept) >> 1  # of the last bit that is kept
    upper = (bits + np.uint32(half)).view(np.uint8).reshape(-1, 4)[:, 4 - kept :]
    return {"kept": kept, "base64": b64encode(upper.tobytes()).decode()}


def _step(op: Op, numbers: _Numbers) -> dict[str, Any]:
    """The description of an op for the page."""
    # In the page, vectors are maps of one pixel, and the boxes of all classes are one vector.
    channels, *size = op.shape if len(op.shape) == 3 else (int(np.prod(op.shape)), 1, 1)
    arrays = op.arrays
    if op.name == "batch_norm2d":
        scale = arrays["weight"] / np.sqrt(arrays["running_var"] + op.options["eps"])
        arrays = {"scale": scale, "shift": arrays["bias"] - scale * arrays["running_mean"]}
    return {
        "op": op.name,
        "inputs": op.inputs,
        "shape": [channels, *size],
        **op.options,
        "arrays": {name: numbers.add(array) for name, array in arrays.items()},
    }


def _stages(found: Program, names: Sequence[str]) -> list[dict[str, Any]]:
    """The values whose maps are shown: the image, the maps that it becomes (of several convolutions
    in a row only those of the last), and the outputs that are maps, under their names."""
    outputs = dict(zip(found.outputs, names, strict=True))
    stages: list[dict[str, Any]] = [{"value": 0, "name": "image"}]
    for value, op in enumerate(found.ops, start=1):
        name = outputs.get(value) or STAGES.get(op.name)
        if name and len(op.shape) == 3:
            before = stages[-1]
            if name == before["name"] and op.shape == found.shape_of(before["value"]):
                stages.pop()
            stages.append({"value": value, "name": name})
    return stages
