"""What a drawing of a net consists of: the volumes, from the trace, and where they stand."""

import re
from textwrap import wrap
from typing import Any

import numpy as np

from nn_scratch.backend import to_host
from nn_scratch.graph.trace import Step, Trace, Value
from nn_scratch.layers.base import Elementwise
from nn_scratch.plotting.text import fitted, text_width

LETTERS = 10.0  # points
GAP, WIDEST = 9.0, 62.0  # points between columns; of a line below a volume
BAR, SIGN = 9.0, 14.0  # points, the widths of a vector and of the sign where two ways meet
ROW = 1.1  # from one row of maps to the next, in heights of the largest
LARGEST, SMALLEST = 100, 36  # points, of the largest map
SIGNS = {"Add": "+", "Concat": "‖"}
IMAGE, OTHER = "image", "another layer"
GROUPS = {  # colours that everybody tells apart, and kinds of layers: the first that fits
    IMAGE: ("#dddddd", "|ZeroPad2d"),
    "convolution": ("#56b4e9", ".*Conv(?!Transpose).*"),
    "pooling": ("#fff3a0", ".*Pool.*"),
    "up again": ("#e69f00", ".*(Unpool|Transpose|Upsample|BedOfNails).*"),
    "linear": ("#aa4499", ".*Linear.*"),
    "no layer made it": ("#ffffff", r"\?"),
    OTHER: ("#004d3a", ".*"),
}


class Volume:
    """What is drawn as one: an array, the steps that made it, and the volumes they had it from; or
    an image, over which what is found in it is drawn, with a text.

    shown: its channels that are shown, from the top. column: from the left. level: how far above
    the middle, in volumes. head: whether it leads to some outputs of several. title: at the end of
    a head, the head's name in the net. x, y, width, height, depth, lows: the left edge, the middle,
    the size and the lower edges of its fronts, in points.
    """

    def __init__(self, value: Value, step: Step | None = None, sources: Any = (), text: str = ""):
        self.value, self.sources, self.text = value, sources, text
        self.steps, self.kind = ([step], step.kind) if step else ([], "")
        self.group = next(g for g, (_, kinds) in GROUPS.items() if re.fullmatch(kinds, self.kind))
        self.is_map = len(value.shape) == 4
        self.column = 1 + max((source.column for source in sources), default=-1)
        self.shown, self.level, self.head, self.title = [0], 0.0, False, ""
        self.x, self.y, self.width, self.height, self.lows = 0.0, 0.0, SIGN, SIGN, np.zeros(1)
        deep = self.is_map and self.kind not in SIGNS and not text
        self.depth = 1.5 * value.shape[1] ** 0.5 if deep else 0.0

    @property
    def lines(self) -> list[str]:
        """What is written below."""
        if self.text or self.kind in SIGNS:
            return [self.text]
        name = re.sub("(?<=[a-z])(?=[A-Z])", " ", self.kind.removesuffix("2d")) or IMAGE
        name = name if self.group == OTHER else name.lower()
        times = sum(step.kind == self.kind for step in self.steps)
        channels, *size = self.value.shape[1:] or (1,)
        number = f"{channels} map{'s'[: channels > 1]}" if self.is_map else f"{channels}"
        kernel, number = (_kernel(self.steps[0]), number) if self.steps else ((), "")
        lines = wrap(f"{times} {name}" if times > 1 else name, 7, break_long_words=False)
        lines += ["×".join(map(str, kernel)), number, "×".join(map(str, size))]
        return [fitted(line, WIDEST / 72, LETTERS) for line in lines if line]


def volumes_of(traced: Trace, text: str = "") -> list[Volume]:
    """The volumes of a pass, in its order: what only follows, as a norm or an activation, belongs
    to the volume before, and so does a second convolution of the same kind."""
    uses = [*traced.outputs, *(value for step in traced.steps for value in step.inputs)]
    found = [Volume(value) for value in traced.inputs]
    of = dict(zip(traced.inputs, found, strict=True))
    for step in (step for step in traced.steps if step.outputs):
        sources = list(dict.fromkeys(of[value] for value in step.inputs)) or found[-1:]
        last = sources[0]
        if uses.count(last.value) == 1 and _follows(step, last):
            last.steps.append(step)
            last.value = step.outputs[0]
        elif step.kind not in ("Flatten", "Reshape"):  # the same numbers
            last = Volume(step.outputs[0], step, sources)
            found.append(last)
        of |= dict.fromkeys(step.outputs, last)
    heads = list(dict.fromkeys(of[value] for value in traced.outputs))
    _name(heads)
    found += [Volume(traced.inputs[0], None, heads, text)] if text else []
    _arrange(found, heads)
    return found


def _name(heads):
    """The title of each of several heads: the attribute that it is in the net, if each has one."""
    names = [head.steps[0].name.split(".")[0] if head.steps else "" for head in heads]
    if len(heads) > 1 and all(names) and len(set(names)) == len(names):
        for head, name in zip(heads, names, strict=True):
            head.title = fitted(name.replace("_", " "), WIDEST / 72, LETTERS)


def _follows(step, last):
    """Whether a step is drawn as a part of the volume before it."""
    made = step.outputs[0].shape
    if not last.steps or step.inputs != (last.value,) or made[1:2] != last.value.shape[1:2]:
        return False
    again = step.kind == last.kind == "Conv2d" and made == last.value.shape
    again = again and _kernel(step) == _kernel(last.steps[0])
    return again or step.kind == "Slice" or isinstance(step.layer, Elementwise)


def _kernel(step):
    """The height and width of a step's kernel, if it has one."""
    weight = step.layer.params.get("weight") if step.layer is not None else None
    return () if weight is None else weight.shape[2:]


def _arrange(volumes, heads):
    """Each as far to the right as the longest way to it, and as late as it can be; heads above one
    another, and above the others what is beside the longest way."""
    early, leads, taken = {volume: volume.column for volume in volumes}, {}, set()
    for volume in reversed(volumes):
        readers = [reader for reader in volumes if volume in reader.sources]
        own = {i for i, head in enumerate(heads) if head is volume}
        leads[volume] = own.union(*map(leads.get, readers))
        if readers and volume.sources:
            volume.column = min(reader.column for reader in readers) - 1
    for volume in sorted(volumes, key=lambda v: v.column - early[v]):
        mine = leads[volume] or range(len(heads))
        volume.head = len(mine) < len(heads)
        volume.level = (len(heads) - 1) / 2 - sum(mine) / len(mine)
        while (volume.column, volume.level) in taken:
            volume.level += 1
        ends = [v for v in volumes if volume in v.sources and v.kind in SIGNS and not volume.head]
        taken |= {(v.column, volume.level) for v in (volume, *(ends if volume.level else ()))}


def choose_channels(volumes: list[Volume], rows: int) -> None:
    """Which channels of each map are shown: those that vary most, or those of the map before, where
    a layer takes each channel by itself."""
    for volume in (v for v in volumes if v.is_map and v.steps):
        array, source = to_host(volume.value.array[0]), volume.sources[0]
        alone = not any(step.layer is None or step.layer._params for step in volume.steps)
        most = source.shown
        if not alone or not source.steps or source.value.shape[1] != len(array):
            most = np.argsort(-array.std(axis=(1, 2), dtype=float), kind="stable").tolist()
        volume.shown = sorted(most[: 1 if volume.head or volume.level else rows])


def set_places(volumes: list[Volume], width: float, rows: int) -> float:
    """Choose what is shown in so many rows, and give each its place and its size, so that all
    columns fit into a width in points.

    Returns: the width, larger if it had to be.
    """
    choose_channels(volumes, rows)
    columns = [[v for v in volumes if v.column == i] for i in sorted({v.column for v in volumes})]
    largest = max(max(v.value.shape[2:]) if v.is_map else 1 for v in volumes)
    written = {
        v: max(72 * text_width(line, LETTERS) for line in (*v.lines, v.title, "")) for v in volumes
    }
    for side in range(LARGEST, SMALLEST - 1, -1):
        for v in (v for v in volumes if v.kind not in SIGNS):
            sizes = (max(1.5, side / largest * n) for n in v.value.shape[2:])
            v.height, v.width = sizes if v.is_map else (side, BAR)
        rooms = [max(max(v.width + v.depth, written[v]) for v in column) for column in columns]
        gap = (width - sum(rooms)) / (len(rooms) + 1)
        if gap >= GAP:
            break
    left = gap = max(gap, GAP)
    pitch = ROW * max((v.height for v in volumes if len(v.shown) > 1), default=0)
    lines = 8.5 if any(v.title for v in volumes) else 7
    storey = lines * LETTERS + 1.2 * max(
        (v.height for v in volumes if v.level or v.head), default=0
    )
    for column, room in zip(columns, rooms, strict=True):
        for v in column:
            above = (rows - 1) / 2 * pitch if v.level and not v.head else 0.0  # all rows of others
            v.x, v.y = left + (room - v.width - v.depth) / 2, above + v.level * storey
            row = np.arange(1 if v.kind in SIGNS else len(v.shown))
            v.lows = v.y - v.height / 2 - pitch * (row - row.mean())
        left += room + gap
    return max(left, width)
