"""What a drawing of a net consists of: the volumes, from the trace, and where they stand."""

from collections import Counter
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from nn_scratch.backend import to_host
from nn_scratch.graph.trace import UNKNOWN, Trace
from nn_scratch.layers.base import Elementwise
from nn_scratch.plotting.text import fitted, text_width

LETTERS = 7.5  # points
GAP, WIDEST = 9.0, 62.0  # points between columns; of a line below a volume
BAR, SIGN = 9.0, 14.0  # points, the widths of a vector and of the sign where two ways meet
ROW = 1.1  # from one row of maps to the next, in heights of the largest
LARGEST, SMALLEST = 100.0, 36.0  # points, of the largest map
WORDS = {
    "Conv2d": "conv",
    "ConvTranspose2d": "transp.\nconv",
    "MaxPool2d": "max\npool",
    "AvgPool2d": "mean\npool",
    "AdaptiveAvgPool2d": "mean\npool",
    "MaxUnpool2d": "max\nunpool",
    "NearestUnpool2d": "nearest",
    "BedOfNails2d": "bed of\nnails",
    "BilinearUpsample2d": "bilinear",
    "Linear": "linear",
    "ZeroPad2d": "pad",
    UNKNOWN: "no layer",
}
SIGNS = {"Add": "+", "Concat": "‖"}
ALIASES = ("Flatten", "Reshape")


@dataclass(eq=False)
class Volume:
    """What is drawn as one: an array, the steps that made it, and the volumes they had it from."""

    value: Any
    steps: list = field(default_factory=list)
    sources: list = field(default_factory=list)
    shown: list = field(default_factory=lambda: [0])  # channels, from the top
    column: int = 0
    head: bool = False  # leads to some outputs of several
    level: float = 0.0  # of heads: how many of them above the middle
    aside: bool = False  # above the others: no way through the net is longer for it
    x: float = 0.0  # the left edge, the middle and the size of its front, in points
    y: float = 0.0
    width: float = SIGN
    height: float = SIGN

    @property
    def kind(self) -> str:
        """The kind of its first step; "" of the image."""
        return self.steps[0].kind if self.steps else ""

    @property
    def is_map(self) -> bool:
        """Whether it has a height and a width."""
        return len(self.value.shape) == 4

    @property
    def channels(self) -> int:
        """Those of a map, the numbers of a vector."""
        return self.value.shape[1] if self.is_map else prod(self.value.shape[1:])

    @property
    def depth(self) -> float:
        """How deep it is drawn, in points to the right: as the square root of its channels."""
        return 1.5 * self.channels**0.5 if self.is_map and self.kind not in SIGNS else 0.0

    @property
    def room(self) -> float:
        """The width that it needs in its column, with what is written below."""
        written = max((text_width(line, LETTERS) * 72 for line in self.lines), default=0)
        return max(self.width + self.depth, written)

    @property
    def lines(self) -> list[str]:
        """What is written below."""
        if self.kind in SIGNS:
            return []
        layer = self.steps[0].layer if self.steps else None
        weight = layer.params.get("weight") if layer is not None else None
        kernel = weight.shape[2:] if weight is not None else ()
        times = sum(step.kind == self.kind for step in self.steps)
        name = WORDS.get(self.kind) or fitted(self.kind or "image", WIDEST / 72, LETTERS)
        lines = [*f"{times} {name}".removeprefix("1 ").removeprefix("0 ").split("\n")]
        lines += ["×".join(map(str, kernel))] if kernel else []
        if not self.is_map:
            return [*lines, f"{self.channels}"]
        maps = [f"{self.channels} map{'s' * (self.channels > 1)}"] if self.steps else []
        return [*lines, *maps, "×".join(map(str, self.value.shape[2:]))]


def volumes_of(traced: Trace) -> list[Volume]:
    """The volumes of a pass, in its order: what only follows, as a norm or an activation, belongs
    to the volume before, and so does a second convolution of the same kind."""
    readers = Counter([value for step in traced.steps for value in step.inputs])
    readers.update(traced.outputs)
    found = [Volume(value) for value in traced.inputs]
    of = dict(zip(traced.inputs, found, strict=True))
    for step in (step for step in traced.steps if step.outputs):
        sources = list(dict.fromkeys(of[value] for value in step.inputs)) or found[-1:]
        last: Any = sources[0] if len(sources) == 1 and step.inputs else None
        if last and step.kind in ALIASES:
            of |= dict.fromkeys(step.outputs, last)
            continue
        only = last and last.value is step.inputs[0] and readers[last.value] == 1
        if only and last.steps and _follows(step, last):
            last.steps.append(step)
            last.value = step.outputs[0]
        else:
            last = Volume(step.outputs[0], [step], sources)
            found.append(last)
        of |= dict.fromkeys(step.outputs, last)
    _set_columns(found, [of[value] for value in traced.outputs])
    return found


def _follows(step, last):
    if isinstance(step.layer, Elementwise) or step.kind == "Slice":
        return True
    if not step.kind == last.kind == "Conv2d" or step.outputs[0].shape != last.value.shape:
        return False
    kernels = {s.layer.params["weight"].shape[2:] for s in (step, last.steps[0])}
    return len(kernels) == 1


def _set_columns(volumes, outputs):
    """Each as far to the right as the longest way to it; off that way, as late as it can be."""
    for volume in volumes:
        volume.column = 1 + max((source.column for source in volume.sources), default=-1)
    readers = {v: [r for r in volumes if v in r.sources] for v in volumes}
    for volume in reversed(volumes):
        if readers[volume] and volume.sources:
            volume.column = min(reader.column for reader in readers[volume]) - 1
    heads = list(dict.fromkeys(outputs))
    leads = {head: _before(head) for head in heads}
    main = _longest(max(heads, key=lambda head: head.column))
    for volume in volumes:
        mine = [i for i, head in enumerate(heads) if volume in leads[head]]
        if len(mine) < len(heads):
            volume.head = True
            volume.level = (len(heads) - 1) / 2 - float(np.mean(mine or [0]))
        elif volume not in main:
            volume.aside = True


def _before(volume):
    """A volume and all that lead to it."""
    return {volume}.union(*map(_before, volume.sources))


def _longest(volume):
    """The volumes on the longest way to one."""
    way = {volume}
    while volume.sources:
        volume = max(volume.sources, key=lambda source: source.column)
        way.add(volume)
    return way


def choose_channels(volumes: list[Volume], rows: int) -> None:
    """Which channels of each map are shown: those that vary most, or those of the map before, where
    a layer takes each channel by itself."""
    for volume in volumes[1:]:
        count = 1 if volume.head or volume.aside else rows
        source = volume.sources[0]
        if not volume.is_map:
            continue
        if source.steps and source.channels == volume.channels and not _has_weights(volume):
            volume.shown = source.shown[:count]
        else:
            spread = to_host(volume.value.array[0]).std(axis=(1, 2))
            volume.shown = sorted(np.argsort(-spread, kind="stable")[:count].tolist())


def _has_weights(volume):
    return any(step.layer is None or step.layer._params for step in volume.steps)


def set_places(volumes: list[Volume], width: float, last: bool, rows: int) -> tuple[float, float]:
    """Give each its place and its size, so that all columns fit into a width in points; `last`:
    whether there is another image at the end.

    Returns: the distance of rows, and the width, larger if it had to be.
    """
    side = LARGEST
    while (needed := _needed(volumes, side, last)) > width and side > SMALLEST:
        side -= 1
    columns = _columns(volumes)
    spare = max(0.0, width - needed) / len(columns)
    pitch = ROW * max((v.height for v in volumes if len(v.shown) == rows), default=side)
    left = GAP + spare / 2
    for column in columns:
        room = max(volume.room for volume in column)
        for volume in column:
            volume.x = left + (room - volume.width - volume.depth) / 2
            volume.y = volume.level * 1.25 * (side + 4 * LETTERS)
            if volume.aside:
                volume.y = rows / 2 * pitch + volume.height / 2 + 9 * LETTERS
        left += room + GAP + spare
    return pitch, max(width, needed)


def _columns(volumes):
    return [
        [v for v in volumes if v.column == i] for i in range(1 + max(v.column for v in volumes))
    ]


def _needed(volumes, side, last):
    """The width of all columns, with the largest map's side so many points long; sets sizes."""
    scale = side / max(max(v.value.shape[2:]) if v.is_map else 1 for v in volumes)
    for volume in volumes:
        if volume.kind in SIGNS:
            continue
        volume.height, volume.width = side, BAR
        if volume.is_map:
            volume.height, volume.width = (max(1.5, n * scale) for n in volume.value.shape[2:])
    rooms = [max(volume.room for volume in column) + GAP for column in _columns(volumes)]
    return sum(rooms) + GAP + last * (side + GAP)
