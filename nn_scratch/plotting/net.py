"""The drawing of a net: its maps at their true sizes, and what is in them for an image."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch, PathPatch, Polygon, Rectangle
from matplotlib.path import Path

from nn_scratch.backend import Array, to_host
from nn_scratch.graph.trace import UNKNOWN, trace
from nn_scratch.layers import Layer
from nn_scratch.plotting.colours import PREDICTION_COLOUR, class_colours, coloured
from nn_scratch.plotting.text import fitted, legend_below, options
from nn_scratch.plotting.volumes import GAP, LETTERS, SIGNS, choose_channels, set_places, volumes_of

WIDTH = 12.0  # inches, unless a net is longer
LINE, SLOPE = 1.35, 0.55  # of lines, in letters; of depth, upwards
SKIP, SWITCHES, OWN, GREY = "#0072b2", "#d55e00", "#004d3a", "#555555"
DOTS = LinearSegmentedColormap.from_list("dots", ["black", "#e69f00", "#fff0cc"])
GROUPS = {  # told apart with deuteranopia and protanopia too; what none names is of one's own
    "image": ("#dddddd", ("", "ZeroPad2d")),
    "convolution": ("#56b4e9", ("Conv2d",)),
    "pooling": ("#fff3a0", ("MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d")),
    "up again": (
        "#e69f00",
        ("MaxUnpool2d", "ConvTranspose2d", "NearestUnpool2d", "BedOfNails2d", "BilinearUpsample2d"),
    ),
    "linear": ("#aa4499", ("Linear",)),
    "no layer made it": ("#ffffff", (UNKNOWN,)),
}


def plot_net(
    net: Layer, x: Array, *, channels: int = 3, class_names: Sequence[str] | None = None
) -> Figure:
    """What a net does to an image, the first of x (N, C, H, W) with values from 0 to 1, from the
    left to the right.

    Maps have their true relative sizes; their depth grows as the square root of their channels.
    Skips pass above, the switches of pools below, heads stand above one another. In the maps is
    what `channels` of them see, those that vary most, and at the end the labels or the box that
    come out; with channels=0, or for an image of one value, there is nothing in them. The net is
    run in evaluation mode.

    Returns: a Figure, 12 inches wide, or wider for a net of many layers.
    """
    training = net.training
    traced = trace(net.eval(), x[:1])
    net.train(training)
    image = to_host(x[0])
    rows = channels if image.min() < image.max() else 0
    volumes, answer = volumes_of(traced), _answer(traced, image) if rows else None
    choose_channels(volumes, max(rows, 1))
    pitch, width = set_places(volumes, WIDTH * 72, answer is not None, max(rows, 1))
    figure = Figure(figsize=(width / 72, 1))
    axes = figure.add_axes((0, 0, 1, 1))
    for volume in volumes:
        _draw_volume(axes, volume, rows, pitch)
    bottom = min(_write_below(axes, volume, volumes, pitch) for volume in volumes)
    top = 8 + _draw_ways(axes, volumes, pitch, max(_roof(volume, pitch) for volume in volumes))
    bottom = _draw_switches(axes, volumes, bottom) - 6
    if answer is not None:
        _draw_answer(axes, answer, width, volumes[0], class_names)
    axes.set(xlim=(0, width), ylim=(bottom, top), aspect="auto")
    axes.set_axis_off()
    height = (top - bottom) / 72
    figure.set_figheight(height)
    _draw_legend(figure, volumes, answer, class_names)
    part = height / figure.get_figheight()
    axes.set_position((0, 1 - part, 1, part))
    return figure


def _colour(volume):
    return next((colour for colour, kinds in GROUPS.values() if volume.kind in kinds), OWN)


def _draw_volume(axes, volume, rows, pitch):
    """A map as a box, its front what a channel sees; more channels below. A vector as a bar."""
    colour, edge = _colour(volume), {"edgecolor": "black", "linewidth": 0.6}
    if volume.kind in SIGNS:
        centre = volume.x + volume.width / 2, volume.y
        axes.add_patch(Circle(centre, volume.width / 2, facecolor="white", **edge, zorder=3))
        axes.text(*centre, SIGNS[volume.kind], ha="center", va="center_baseline", zorder=4)
        return
    for row, channel in enumerate(volume.shown):
        x, y = volume.x, volume.y + ((len(volume.shown) - 1) / 2 - row) * pitch - volume.height / 2
        right, top, deep = x + volume.width, y + volume.height, volume.depth
        if row == 0 and deep:
            up = SLOPE * deep
            lid = [(x, top), (x + deep, top + up), (right + deep, top + up), (right, top)]
            flank = [(right, y), (right + deep, y + up), (right + deep, top + up), (right, top)]
            for corners, light in (lid, 0.75), (flank, 1.0):
                axes.add_patch(Polygon(corners, facecolor=colour, alpha=light, **edge, zorder=2))
        front = Rectangle((x, y), volume.width, volume.height, facecolor=colour, **edge, zorder=2)
        axes.add_patch(front)
        if rows:
            seen = _front(volume, channel)
            map_ = DOTS if volume.kind == "MaxUnpool2d" else "gray"
            least = min(0.0, float(seen.min()))  # black is zero, where nothing is below it
            axes.imshow(seen, cmap=map_, extent=(x, right, y, top), zorder=3, vmin=least)
            edge |= {} if volume.is_map else {"edgecolor": colour, "linewidth": 2}
            frame = Rectangle((x, y), volume.width, volume.height, fill=False, **edge, zorder=4)
            axes.add_patch(frame)


def _front(volume, channel):
    """The picture on the front: the image, a channel of a map, or a vector from its top down."""
    array = to_host(volume.value.array[0])
    if not volume.is_map:
        return array.reshape(-1, 1)
    if volume.kind == "MaxUnpool2d":
        return np.abs(array[channel])  # dots on black, also where values are below zero
    return array[channel] if volume.steps or len(array) not in (1, 3) else _picture(array)


def _picture(image):
    """An image (1 or 3, H, W) as (H, W, 3), from 0 to 1."""
    return np.clip(np.broadcast_to(image.transpose(1, 2, 0), (*image.shape[1:], 3)), 0, 1)


def _write_below(axes, volume, volumes, pitch):
    """The lines below a volume, at the height of its neighbours'; returns where they end."""
    rows = len(volume.shown)
    same = rows, volume.y, volume.head
    alike = [v.height for v in volumes if (len(v.shown), v.y, v.head) == same]
    y = volume.y - (rows - 1) / 2 * pitch - max(alike) / 2 - 0.4 * LETTERS
    for line in volume.lines:
        centre = volume.x + (volume.width + volume.depth) / 2
        axes.text(centre, y, line, ha="center", va="top", fontsize=LETTERS, **options(line))
        y -= LINE * LETTERS
    return y


def _draw_ways(axes, volumes, pitch, top):
    """Arrows to the next column, arcs over what a skip leaves out; returns how high they reach."""
    reach = top
    for volume in volumes:
        for source in volume.sources:
            if volume.column - source.column == 1:
                _draw_arrow(axes, source, volume)
                continue
            first = source.x + (source.width + source.depth) / 2 + 3, _roof(source, pitch)
            last = volume.x + (volume.width + volume.depth) / 2 - 3, _roof(volume, pitch)
            height = top + 6 + 0.06 * (last[0] - first[0])
            _draw_arc(axes, first, last, height, SKIP, "-")
            reach = max(reach, height)
    return reach


def _draw_arrow(axes, source, volume):
    """To the next column; from what stands aside, down to where the ways meet."""
    begin, end = (source.x + source.width + source.depth + 1, source.y), (volume.x - 1, volume.y)
    how = {"arrowstyle": "-|>", "color": GREY, "lw": 0.8, "shrinkA": 0, "shrinkB": 0}
    if source.aside and not volume.aside:
        end = volume.x + volume.width / 2, volume.y + volume.height / 2
        how |= {"color": SKIP, "connectionstyle": "angle,angleA=0,angleB=90,rad=6"}
    axes.annotate("", end, begin, arrowprops=how, zorder=5)


def _roof(volume, pitch):
    """The upper edge of a volume."""
    rows = (len(volume.shown) - 1) / 2 if volume.kind not in SIGNS else 0
    return volume.y + rows * pitch + volume.height / 2 + SLOPE * volume.depth + 1


def _draw_switches(axes, volumes, bottom):
    """Arcs below, from each pool to the layers that read its switches; returns how low."""
    of = {step: volume for volume in volumes for step in volume.steps}
    reach = bottom
    for volume in volumes:
        for pool in {of[pool] for step in volume.steps for pool in step.reads}:
            first = pool.x + pool.width / 2, bottom
            last = volume.x + volume.width / 2, bottom
            depth = bottom - 8 - 0.06 * (last[0] - first[0])
            _draw_arc(axes, first, last, depth, SWITCHES, (0, (2, 1.2)))
            reach = min(reach, depth)
    return reach


def _draw_arc(axes, first, last, y, colour, style):
    """From one point to another over the height y, with an arrow's head."""
    (x1, y1), (x2, y2) = first, last
    bend = min(14.0, (x2 - x1) / 2)
    corners = [(x1, y1), (x1, y), (x1, y), (x1 + bend, y)]
    corners += [(x2 - bend, y), (x2, y), (x2, y), (x2, y2)]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3]
    axes.add_patch(
        PathPatch(Path(corners, codes), fill=False, ec=colour, lw=1.2, ls=style, zorder=1)
    )
    size = 4 if y2 < y else -4
    tip = [(x2, y2), (x2 - 2, y2 + size), (x2 + 2, y2 + size)]
    axes.add_patch(Polygon(tip, facecolor=colour, edgecolor="none", zorder=5))


def _answer(traced, image):
    """What a net says: (a picture, its title, classes, a box or None) if it gives scores for each
    pixel, or scores and a box in fractions of the image; else None."""
    first, *others = (to_host(value.array[0]) for value in traced.outputs)
    if not others and len(first) > 1 and first.shape[1:] == image.shape[1:]:
        labels = first.argmax(axis=0)
        return coloured(labels, len(first)), "labels", np.unique(labels).tolist(), None
    if len(others) == 1 and first.ndim == 1 and others[0].shape[-1:] == (4,):
        best = int(first.argmax())
        box = others[0] if others[0].ndim == 1 else others[0][best]
        return _picture(image), f"class {best}", [best], box
    return None


def _draw_answer(axes, answer, width, image, class_names):
    """The last picture: labels, or the image with its box. image: the first volume."""
    picture, text, classes, box = answer
    height, breadth = image.height, image.width
    x, y = width - breadth - GAP, -height / 2
    axes.imshow(picture, extent=(x, x + breadth, y, y + height), zorder=3)
    edge = {"fill": False, "ec": "black", "lw": 0.6, "zorder": 4}
    axes.add_patch(Rectangle((x, y), breadth, height, **edge))
    if box is not None:
        left, top, right, low = np.clip([*box[:2], *(box[:2] + box[2:])], 0, 1)
        corner, size = (x + left * breadth, y + (1 - low) * height), (right - left, low - top)
        size = size[0] * breadth, size[1] * height
        axes.add_patch(Rectangle(corner, *size, fill=False, ec=PREDICTION_COLOUR, lw=2, zorder=5))
        text = fitted(class_names[classes[0]], breadth / 72, LETTERS) if class_names else text
    centre = x + breadth / 2, y - 0.4 * LETTERS
    axes.text(*centre, text, ha="center", va="top", fontsize=LETTERS, **options(text))


def _draw_legend(figure, volumes, answer, class_names):
    """What the colours mean, below a figure that grows by as much."""
    kinds = [(name, colour) for name, (colour, _) in GROUPS.items() if name != "image"]
    kinds.append(("a layer of one's own", OWN))
    used = {_colour(v) for v in volumes if v.kind not in SIGNS}
    found = [(Patch(fc=c, ec="black", lw=0.6), name) for name, c in kinds if c in used]
    if any(v.column - source.column > 1 for v in volumes for source in v.sources):
        found.append((Line2D([], [], color=SKIP), "skip"))
    if any(step.reads for v in volumes for step in v.steps):
        found.append((Line2D([], [], color=SWITCHES, ls=(0, (2, 1.2))), "switches"))
    if answer is not None and answer[3] is None and class_names is not None:
        colours = class_colours(len(class_names))
        found += [(Patch(fc=colours[k], ec="grey"), class_names[k]) for k in answer[2]]
    legend_below(figure, [handle for handle, _ in found], [name for _, name in found])
