"""The drawing of a net: its maps at their true sizes, and what is in them for an image."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, Patch, Polygon, Rectangle
from matplotlib.path import Path

from nn_scratch.arguments import one_of, whole
from nn_scratch.backend import Array, to_host
from nn_scratch.evaluation.answers import answer_of
from nn_scratch.graph.trace import trace
from nn_scratch.layers import Layer
from nn_scratch.layers.inference import evaluation_mode
from nn_scratch.plotting import given
from nn_scratch.plotting.colours import DOTS, class_colours, coloured
from nn_scratch.plotting.parts import draw_named_boxes
from nn_scratch.plotting.text import fitted, legend_below, options, text_width
from nn_scratch.plotting.volumes import GROUPS, IMAGE, LETTERS, SIGNS, set_places, volumes_of

WIDTH = 12.0  # inches, unless a net is longer
LINE, SLOPE, BEND = 1.35, 0.55, 14.0  # of lines, in letters; of depth, upwards; of ways, in points
STEP: dict[str, Any] = {"color": "#555555", "lw": 0.8}
SKIP: dict[str, Any] = {"color": "#0072b2", "lw": 1.2, "label": "skip"}
SWITCHES: dict[str, Any] = SKIP | {"color": "#d55e00", "ls": (0, (2, 1.2)), "label": "switches"}
VEIL = 0.72  # of white, over what is not highlighted
EDGE: dict[str, Any] = {"ec": "black", "lw": 0.6}
BUBBLE = {"boxstyle": "circle,pad=0.15", "fc": "white", **EDGE}


def plot_net(
    net: Layer,
    x: Array,
    *,
    channels: int = 3,
    class_names: Sequence[str] | None = None,
    highlight: str | None = None,
) -> Figure:
    """What a net does to an image, the first of x (N, C, H, W) with values from 0 to 1, from the
    left to the right.

    Maps have their true relative sizes; their depth grows as the square root of their channels.
    Skips pass above, the switches of pools below, heads stand above one another, each with its name
    in the net where it has one of its own. In the maps is
    what `channels` of them see, those that vary most, and at the end what the net says: labels, or
    boxes, those that a detector is sure of by at least 0.3. With channels=0, or for an image of one
    value, there is nothing in them. The net is run in evaluation mode. highlight: a kind of layers,
    as the legend names it ("convolution", "pooling", "up again", …); all others are drawn pale.

    Returns: a Figure, 12 inches wide, or wider for a net of many layers.
    Raises: ValueError and TypeError for arguments of another kind or shape; they name it.
    """
    given.batch_for(net, x)
    channels = whole("channels", channels, 0, given.MANY)
    with evaluation_mode(net):
        traced = trace(net, x[:1])
    inside = channels > 0 and x[0].min() < x[0].max()
    answer = answer_of([value.array for value in traced.outputs], x.shape[2:]) if inside else None
    given.names("class_names", class_names, least=answer.classes if answer else 0, optional=True)
    volumes = volumes_of(traced, answer.text if answer else "")
    used = {volume.group for volume in volumes if volume.kind not in SIGNS} - {IMAGE}
    if highlight is not None:
        one_of("highlight", highlight, sorted(used))
    width = set_places(volumes, WIDTH * 72, channels if inside else 1)
    figure = Figure(layout="constrained")
    axes = figure.add_subplot(frameon=False, xticks=[], yticks=[])
    for volume in volumes:
        _draw_volume(axes, volume, inside)
    of = {step: volume for volume in volumes for step in volume.steps}
    skips = [(s, v) for v in volumes for s in v.sources if v.column - s.column > 1]
    reads = dict.fromkeys((of[pool], v) for step, v in of.items() for pool in step.reads)
    edge = max(_roof(v) + (LINE * LETTERS if v.title else 0) for v in volumes)
    top = _draw_arcs(axes, skips, edge, 1, SKIP) + 8
    lows = {volume: _write_below(axes, volume, volumes) for volume in volumes}
    for volume in (v for v in volumes if highlight and v.steps and v.group != highlight):
        _veil(axes, volume, lows[volume])
    bottom = min(lows.values())
    bottom = _draw_arcs(axes, reads, bottom, -1, SWITCHES) - 6
    axes.set(xlim=(0, width), ylim=(bottom, top), aspect="equal")
    figure.set_size_inches(width / 72, (top - bottom) / 72)
    shown = {name: colour for name, (colour, _) in GROUPS.items() if name in used}
    handles: list[Any] = [Patch(fc=shown[name], label=name, **EDGE) for name in shown]
    handles += [Line2D([], [], **way) for way, any_ in ((SKIP, skips), (SWITCHES, reads)) if any_]
    handles += _draw_answer(axes, volumes[-1], answer, class_names) if answer else []
    legend_below(figure, handles, [handle.get_label() for handle in handles])
    return figure


def _draw_volume(axes, volume, inside):
    """A map as a box, its front what a channel sees; more channels below. A vector as a bar. And
    the ways to it from the column before; from what stands above a sign, down to it."""
    is_sign, middle = volume.kind in SIGNS, _middle(volume)
    for source in (s for s in volume.sources if volume.column - s.column == 1):
        points = [(source.x + source.width + source.depth + 1, source.y), (volume.x - 1, volume.y)]
        if aside := is_sign and source.y > volume.y:
            points[1:] = [(middle, source.y), (middle, _roof(volume))]
        _draw_way(axes, points, SKIP if aside else STEP)
    if is_sign:
        axes.text(middle, volume.y, SIGNS[volume.kind], ha="center", va="center", bbox=BUBBLE)
        return
    colour, x, wide, high = GROUPS[volume.group][0], volume.x, volume.width, volume.height
    top, shift = volume.lows[0] + high, np.array([volume.depth, SLOPE * volume.depth])
    for start, light in ((x, top), 0.75), ((x + wide, top - high), 1.0):  # lid and flank
        corners = [start, (x + wide, top), np.add((x + wide, top), shift), np.add(start, shift)]
        axes.add_patch(Polygon(corners, fc=colour, alpha=light, **EDGE))
    if volume.title:
        how: dict[str, Any] = {"ha": "center", "va": "bottom", "weight": "bold"}
        place = _middle(volume), _roof(volume) + 1
        axes.text(*place, volume.title, fontsize=LETTERS, **how, **options(volume.title))
    edge = EDGE if volume.is_map else {"ec": colour, "lw": 2}
    for y, channel in zip(volume.lows, volume.shown, strict=True):
        if inside:
            seen, shades = _front(volume, channel)
            extent = x, x + wide, y, y + high
            axes.imshow(seen, shades, extent=extent, vmin=min(0, seen.min()), zorder=3)
        axes.add_patch(Rectangle((x, y), wide, high, fill=not inside, fc=colour, **edge, zorder=4))


def _front(volume, channel):
    """The picture on the front, and its colours: an image, a channel, or a vector downwards."""
    array = to_host(volume.value.array[0])
    if not volume.steps:
        image = array if len(array) == 3 else array[[0, 0, 0]]
        return np.clip(image.transpose(1, 2, 0), 0, 1), None
    if not volume.is_map:
        return array.reshape(-1, 1), "gray"
    if any(step.reads for step in volume.steps):
        return np.abs(array[channel]), DOTS  # on black, also where values are below zero
    return array[channel], "gray"


def _write_below(axes, volume, volumes):
    """The lines below a volume, at the height of its neighbours'; returns where they end."""
    same = len(volume.lows), volume.y, volume.head
    low = min(v.lows[-1] for v in volumes if (len(v.lows), v.y, v.head) == same) - 0.4 * LETTERS
    how = {"ha": "center", "va": "top", "fontsize": LETTERS, "linespacing": LINE}
    axes.text(_middle(volume), low, "\n".join(volume.lines), **how, **options(*volume.lines))
    return low - LINE * LETTERS * (len(volume.lines) + 0.3)


def _veil(axes, volume, low):
    """Makes a volume and the lines below it pale."""
    lines = (72 * text_width(line, LETTERS) for line in volume.lines)
    wide = max(volume.width + volume.depth, *lines) + 3
    corner, high = (_middle(volume) - wide / 2, low), _roof(volume) + 1 - low
    axes.add_patch(Rectangle(corner, wide, high, fc="white", alpha=VEIL, lw=0, zorder=5))


def _middle(volume):
    return volume.x + (volume.width + volume.depth) / 2


def _roof(volume):
    """The upper edge of a volume."""
    return volume.lows[0] + volume.height + SLOPE * volume.depth + 1


def _draw_arcs(axes, pairs, edge, sign, look):
    """Ways from one volume to another, beyond the edge of all; returns how far they reach."""
    reach = 0.0
    for source, volume in pairs:
        first, last = _middle(source) + 3, _middle(volume) - 3
        reach = max(reach, far := 6 + 0.06 * (last - first))
        start, end = (_roof(v) if sign > 0 else edge for v in (source, volume))
        y = edge + sign * far
        _draw_way(axes, [(first, start), (first, y), (last, y), (last, end)], look)
    return edge + sign * reach


def _draw_way(axes, points, look):
    """An arrow along points, with round corners."""
    points = np.array(points)
    path, codes = [points[0]], [Path.MOVETO]
    for a, b, c in zip(points, points[1:], points[2:], strict=False):
        before, after = (b + (p - b) * min(0.5, BEND / np.abs(p - b).max()) for p in (a, c))
        path += [before, b, after]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    path = Path([*path, points[-1]], [*codes, Path.LINETO])
    axes.add_patch(FancyArrowPatch(path=path, arrowstyle="-|>", mutation_scale=7, **look, zorder=1))


def _draw_answer(axes, volume, answer, class_names):
    """What is found, over its image; returns what the colours of labels mean, for the legend."""
    place = volume.x, *volume.lows, volume.width, volume.height
    inset = axes.inset_axes(place, transform=axes.transData, xticks=[], yticks=[], in_layout=False)
    if answer.boxes is not None:
        inset.imshow(_front(volume, 0)[0])
        names = [fitted(name, volume.width / 72) for name in class_names or range(answer.classes)]
        draw_named_boxes(inset, zip(answer.labels, answer.boxes, strict=True), names)
        return []
    inset.imshow(coloured(answer.labels, answer.classes))
    colours, found = class_colours(answer.classes), np.unique(answer.labels) if class_names else []
    return [Patch(fc=colours[k], ec="grey", label=class_names[k]) for k in found]
