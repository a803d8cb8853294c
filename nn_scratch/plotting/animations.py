"""Moving pictures of the layers on a few numbers: what happens at each step, and its arithmetic."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from nn_scratch.arguments import a_path, an_instance, several, whole
from nn_scratch.backend import Array
from nn_scratch.geometry import integer
from nn_scratch.ops import conv2d, max_pool2d
from nn_scratch.plotting import given
from nn_scratch.plotting.colours import (
    LINE_COLOURS,
    PREDICTION_COLOUR,
    SIGNED_MAP,
    VALUES,
    WINDOW_COLOURS,
    coloured,
)
from nn_scratch.plotting.figures import plot_arrays
from nn_scratch.plotting.parts import class_legend, draw_cells, show_image
from nn_scratch.validate import number

EVERY_COLOUR = Image.Quantize.MAXCOVERAGE  # the default merges rare ones, as those of legends
SECONDS, LAST = 1.6, 4.0  # how long a frame stays, and the last one
CELL = 0.6  # inches, of a number
MOST_DPI, MOST_SECONDS = 1000, 60
LEAST_LOSS = 1e-99  # on a logarithmic axis


def animate_convolution(
    x: Array, w: Array, stride: int | tuple[int, int] = 1, padding: int = 0
) -> Iterator[Figure]:
    """Frames: window after window of x (H, W) under the kernel w (kh, kw): the products, and below
    them their sum, a pixel of y. With a padding, so many zeros stand around x, which has a dashed
    frame.

    Returns: Figures, one after the other.
    Raises: ValueError and TypeError, as the first frame is asked for, for what has another shape or
        kind; they name it.
    """
    x, w, (sh, sw) = given.plane("x", x), given.plane("w", w), given.size("stride", stride)
    padding, (high, wide) = whole("padding", padding, 0, given.MANY), x.shape
    x, name = np.pad(x, padding), "image x, zeros around it" if padding else "image x"
    if w.shape[0] > x.shape[0] or w.shape[1] > x.shape[1]:
        raise ValueError(f"w has shape {w.shape}, but must fit into x {x.shape}")
    (kh, kw), found = w.shape, conv2d(x[None, None], w[None, None], stride=(sh, sw))[0, 0]
    y, scale = np.full(found.shape, np.nan), float(np.abs(x).max() * np.abs(w).max())
    for p, q in np.ndindex(y.shape):
        y[p, q] = found[p, q]
        window = x[p * sh : p * sh + kh, q * sw : q * sw + kw]
        arrays = {name: x, "kernel w": w, "window · w": window * w + 0.0, "output y": y}
        marks = {name: (p * sh, q * sw, kh, kw), "output y": (p, q, 1, 1)}
        figure = plot_arrays(arrays, marks=marks, scale=scale, cell=CELL)
        if padding:  # x is the highest array, so it begins one line below the upper edge
            corner = 0.4 + padding, 1 + padding
            frame = Rectangle(corner, wide, high, fill=False, ec="0.3", ls="--", lw=1.6)
            figure.axes[0].add_patch(frame)
        yield _captioned(figure, f"{_sum(window, w)} = {_result(y[p, q])}")


def animate_conv_transpose(
    x: Array, w: Array, stride: int | tuple[int, int] = 2
) -> Iterator[Figure]:
    """Frames: pixel after pixel of x (H, W) is multiplied by the kernel w (kh, kw), and the product
    is added to y.

    Returns: Figures, one after the other.
    Raises: ValueError and TypeError, as the first frame is asked for, for what has another shape or
        kind; they name it.
    """
    x, w, (sh, sw) = given.plane("x", x), given.plane("w", w), given.size("stride", stride, 16)
    kh, kw = w.shape
    y = np.zeros(((x.shape[0] - 1) * sh + kh, (x.shape[1] - 1) * sw + kw))
    touched, scale = np.zeros(y.shape, bool), float(np.abs(x).max() * np.abs(w).max())
    for p, q in np.ndindex(x.shape):
        place = slice(p * sh, p * sh + kh), slice(q * sw, q * sw + kw)
        before, met = y[place].copy(), touched[place].copy()
        y[place] += x[p, q] * w
        touched[place] = True
        painted = f"{_number(x[p, q])} · w"
        arrays = {"input x": x, "kernel w": w, "painted: x · w": x[p, q] * w + 0.0, "output y": y}
        marks = {"input x": (p, q, 1, 1), "output y": (p * sh, q * sw, kh, kw)}
        figure = plot_arrays(arrays, marks=marks, scale=scale, cell=CELL)
        text = f"{painted} is added to the framed places of y"
        if met.any():
            one = np.argmax(met * (1 + abs(before * w)))  # where most is to be seen
            row, column = p * sh + one // kw, q * sw + one % kw
            old, new, both = before.flat[one], x[p, q] * w.flat[one], y[row, column]
            text += f"; row {row}, column {column} was painted before: "
            text += f"{_number(old)} + {_number(new)} = {_result(both)}"
        yield _captioned(figure, text)


def animate_switches(x: Array, size: int = 2) -> Iterator[Figure]:
    """Frames: windows of x (H, W) choose their maximum and remember where it stood; then each
    maximum goes back to its place.

    Returns: Figures, one after the other.
    Raises: ValueError and TypeError, as the first frame is asked for, for what has another shape or
        kind; they name it.
    """
    x = given.plane("x", x)
    size = whole("size", size, 1, min(x.shape))
    found, places = (a[0, 0] for a in max_pool2d(x[None, None], size))
    y, switches = np.full(found.shape, np.nan), np.full(found.shape, np.nan)
    back = np.full(x.shape, np.nan)
    arrays = {"image": x, "maxima": y, "switches": switches, "unpooled": back}
    for p, q in np.ndindex(y.shape):
        y[p, q], switches[p, q] = found[p, q], places[p, q]
        marks = {"image": (p * size, q * size, size, size)}
        marks |= {name: (p, q, 1, 1) for name in ("maxima", "switches")}
        row, column = divmod(int(places[p, q]), x.shape[1])
        text = f"down: the largest is {_number(y[p, q])}, in row {row}, column {column}: "
        text += f"switch {row}·{x.shape[1]} + {column} = {places[p, q]}"
        yield _captioned(_in_blocks(arrays, y.shape, size, marks), text)
    back[...] = 0
    for p, q in np.ndindex(y.shape):
        row, column = divmod(int(places[p, q]), x.shape[1])
        back[row, column] = found[p, q]
        marks = {name: (p, q, 1, 1) for name in ("maxima", "switches")}
        marks |= {"unpooled": (row, column, 1, 1)}
        text = f"up: {_number(y[p, q])} goes back to place {places[p, q]}"
        yield _captioned(_in_blocks(arrays, y.shape, size, marks), text)


def animate_pooling(image: Array, size: int = 2) -> Iterator[Figure]:
    """Frames: a window moves over an image, leaves a dot on the largest of its pixels, and hands
    their value on to a map that becomes smaller; in between the numbers of the window.

    image (1, H, W) with values from 0 to 1; size: the height, width and stride of the window.

    Returns: Figures, one after the other.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    image = given.grey_image("image", image)
    size = whole("size", size, 1, min(image.shape[1:]))
    y, switches = (a[0, 0] for a in max_pool2d(image[None], size))
    (height, width), shades = image.shape[1:], {"cmap": VALUES, "vmin": 0, "vmax": 1}
    rows, columns = np.divmod(switches.ravel(), width)
    widths = width, 0.8 * width / size, width / size
    for at, (p, q) in enumerate(np.ndindex(y.shape)):
        figure = Figure(figsize=(0.22 * sum(widths) + 0.4, 0.22 * height + 1), layout="constrained")
        left, middle, right = figure.subplots(1, 3, width_ratios=widths)
        show_image(left, image)
        dots = columns[: at + 1], rows[: at + 1]
        left.scatter(*dots, 52, y.ravel()[: at + 1], ec="white", lw=0.6, **shades)
        corner = q * size - 0.5, p * size - 0.5
        left.add_patch(Rectangle(corner, size, size, fill=False, ec=PREDICTION_COLOUR, lw=3))
        window = image[0, p * size : p * size + size, q * size : q * size + size]
        middle.imshow(window, cmap="gray", vmin=0, vmax=1)
        for (i, j), value in np.ndenumerate(window):
            ink = "black" if value > 0.5 else "white"
            middle.text(j, i, f"{value:.2f}", ha="center", va="center", color=ink, fontsize=17)
        place = rows[at] - p * size, columns[at] - q * size
        corner = place[1] - 0.46, place[0] - 0.46
        middle.add_patch(Rectangle(corner, 0.92, 0.92, fill=False, ec=VALUES(y[p, q]), lw=5))
        shown = np.where(np.arange(y.size).reshape(y.shape) <= at, y, np.nan)
        right.imshow(shown, **shades)
        right.add_patch(Rectangle((q - 0.5, p - 0.5), 1, 1, fill=False, ec="black", lw=2))
        for axis, text in (
            (left, f"image, {height}×{width}"),
            (middle, "the window"),
            (right, f"maxima, {y.shape[0]}×{y.shape[1]}"),
        ):
            axis.set(xticks=[], yticks=[])
            axis.set_title(text, fontsize=16)
        row, column = int(rows[at]), int(columns[at])
        text = f"the largest is {y[p, q]:.2f}, in row {row}, column {column}"
        figure.supxlabel(f"{text}: switch {row}·{width} + {column} = {switches[p, q]}", fontsize=16)
        yield figure


def animate_descent(
    image: Array, kernels: Mapping[int, Array], losses: Sequence[float]
) -> Iterator[Figure]:
    """Frames: a kernel at each of some steps of its training, what it makes of an image, and the
    loss up to there.

    image (1, H, W) with values from 0 to 1; kernels: a dict from step to (k, k) with k odd, all of
    one size; losses: the loss at every step, above zero. The image is padded by k // 2 zeros.

    Returns: Figures, one after the other.
    Raises: ValueError and TypeError, as the first frame is asked for, for what has another shape or
        kind; they name it.
    """
    shown, x = given.grey_image("image", image), given.plane("image", np.asarray(image)[0])
    loss = given.row("losses", losses, least=LEAST_LOSS)
    kernels = {whole("kernels", step, 0, len(loss) - 1): w for step, w in _odd(kernels).items()}
    maps = [
        conv2d(x[None, None], w[None, None], padding=len(w) // 2)[0, 0] for w in kernels.values()
    ]
    most, largest = (
        float(max(np.abs(a).max() for a in some)) or 1.0 for some in (kernels.values(), maps)
    )
    for (step, kernel), seen in zip(kernels.items(), maps, strict=True):
        figure = Figure(figsize=(9.0, 2.7), layout="constrained")
        axes = figure.subplots(1, 4, width_ratios=(1, 1, 1, 1.35))
        show_image(axes[0], shown)
        draw_cells(axes[1], kernel.round(2) + 0.0, 0, 0, most, size=11)
        axes[1].set(xlim=(0, len(kernel)), ylim=(len(kernel), 0), aspect="equal")
        axes[2].imshow(seen, cmap=SIGNED_MAP, vmin=-largest, vmax=largest)
        axes[3].plot(loss[: step + 1], color=LINE_COLOURS[0], lw=1.6)
        axes[3].plot(step, loss[step], "o", color=LINE_COLOURS[1], ms=8)
        room = {"xlim": (-1, max(kernels) + 1), "ylim": (loss.min() / 1.5, loss.max() * 1.5)}
        axes[3].set(yscale="log", xlabel="step", **room)
        axes[3].spines[["top", "right"]].set_visible(False)
        names = ("image", f"the kernel, step {step}", "what it makes", f"loss {loss[step]:.2g}")
        for axis, name in zip(axes, names, strict=True):
            axis.set_title(name, fontsize=12)
        for axis in axes[:3]:
            axis.set(xticks=[], yticks=[])
        yield figure


def _odd(kernels):
    """Kernels (k, k) with k odd, all of one size."""
    kernels = given.planes("kernels", kernels)
    sizes = {kernel.shape for kernel in kernels.values()}
    height, width = sizes.pop()
    if sizes or height != width or height % 2 == 0:
        raise ValueError(f"kernels holds {(height, width)}, but must hold (k, k) of one odd k")
    return kernels


def animate_sliding_window(
    image: Array,
    labels: Array,
    window: int,
    step: int,
    class_names: Sequence[str] | None = None,
) -> Iterator[Figure]:
    """Frames: a window moves over an image, and the label of its middle pixel fills the label map.

    image (1 or 3, H, W) with values from 0 to 1; labels (H, W): what the classifier says around
    each pixel; window: its odd size in pixels; step: how many pixels are filled between frames.
    With class_names there is a legend of the classes that occur.

    Returns: Figures, one after the other.
    Raises: ValueError and TypeError, as the first frame is asked for, for what has another shape or
        kind; they name it.
    """
    image = given.image("image", image)
    labels = given.label_map("labels", labels, image.shape[1:])
    window, step = whole("window", window, 1, given.MANY), integer("step", step, least=1)
    if class_names is not None:
        given.names("class_names", class_names, least=int(labels.max()) + 1)
    height, width = labels.shape
    for at in range(0, height * width, step):
        row, column = divmod(at, width)
        known = np.arange(height * width).reshape(height, width) <= at
        figure = Figure(figsize=(8.4, 4.4 if class_names is None else 4.9), layout="constrained")
        left, right = figure.subplots(1, 2)
        show_image(left, image)
        corner = column - window / 2, row - window / 2
        left.add_patch(Rectangle(corner, window, window, fill=False, ec=PREDICTION_COLOUR, lw=3))
        left.plot(column, row, "s", color=PREDICTION_COLOUR, ms=4)
        shown = coloured(labels, len(class_names or ()) or int(labels.max()) + 1)
        shown[~known] = 0.8
        right.imshow(shown)
        right.plot(column, row, "s", color="black", ms=4)
        left.set(xticks=[], yticks=[], xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
        right.set(xticks=[], yticks=[])
        left.set_title(f"a window of {window}×{window} pixels", fontsize=13)
        right.set_title(f"labels: {at + 1} of {height * width} pixels", fontsize=13)
        if class_names is not None:
            class_legend(figure, labels, class_names)
        yield figure


def save_gif(
    frames: Iterable[Figure], path: str | Path, dpi: int = 90, seconds: float = SECONDS
) -> None:
    """Write Figures, all of one size, as an animated GIF that starts again at its end; each stays
    for so many seconds.

    All frames share their colours, so that what does not move is stored once.

    Raises: ValueError and TypeError for no frames, or for what is of another kind; they name it.
    """
    dpi, seconds = number("dpi", dpi, 1, MOST_DPI), number("seconds", seconds, 0.02, MOST_SECONDS)
    path = a_path("path", path)
    pictures = []
    for figure in several("frames", frames):
        an_instance("frames", figure, Figure)
        if min(figure.get_size_inches()) * dpi < 1:
            raise ValueError(f"dpi is {dpi:g}, but frames must have at least a pixel")
        buffer = BytesIO()
        figure.savefig(buffer, format="png", dpi=dpi)
        pictures.append(Image.open(buffer).convert("RGB"))
    if len({picture.size for picture in pictures}) != 1:
        raise ValueError(f"frames are {len(pictures)}, but must be at least one, all of one size")
    some = pictures[:: max(1, len(pictures) // 8)][:8] + pictures[-1:]
    sheet = Image.new("RGB", (pictures[0].width, sum(picture.height for picture in some)))
    for place, picture in enumerate(some):
        sheet.paste(picture, (0, place * picture.height))
    palette = sheet.quantize(255, EVERY_COLOUR)
    colours = np.array(palette.getpalette()).reshape(-1, 3)
    colours[colours.min(axis=1) > 247] = 255  # the page is white, so what is nearly so is, too
    palette.putpalette(colours.ravel().tolist())
    pictures = [p.quantize(palette=palette, dither=Image.Dither.NONE) for p in pictures]
    times = [1000 * seconds] * (len(pictures) - 1) + [1000 * LAST]
    pictures[0].save(path, "GIF", save_all=True, append_images=pictures[1:], duration=times, loop=0)


def _in_blocks(arrays, blocks, size, marks):
    """plot_arrays, but with each window and what comes of it in a colour of its own; white where
    nothing stands yet, or nothing comes back to."""
    figure = plot_arrays(arrays, marks=marks, cell=CELL)
    for mesh, (name, array) in zip(figure.axes[0].collections, arrays.items(), strict=True):
        each = 1 if array.shape == blocks else size
        empty = np.isnan(array) | ((array == 0) & (name == "unpooled"))
        colours = [
            "white" if empty[p, q] else _window_colour(p // each, q // each, blocks)
            for p, q in np.ndindex(array.shape)
        ]
        mesh.set(array=None, facecolors=colours)
    return figure


def _window_colour(p, q, blocks):
    """The colour of a window; of what lies in none, white."""
    inside = p < blocks[0] and q < blocks[1]
    return WINDOW_COLOURS[(p * blocks[1] + q) % len(WINDOW_COLOURS)] if inside else "white"


def _captioned(figure, text):
    """The figure of plot_arrays, made higher by a line of text below it."""
    height, line = figure.get_figheight(), 0.5
    figure.set_figheight(height + line)
    figure.axes[0].set_position((0, line / (height + line), 1, height / (height + line)))
    figure.text(0.4 * CELL / figure.get_figwidth(), 0.2 / (height + line), text, fontsize=13)
    return figure


def _sum(window, w):
    """The products of a window as they are written by hand."""
    terms = zip(window.ravel(), w.ravel(), strict=True)
    return " + ".join(f"{_number(a)}·{_number(b)}" for a, b in terms)


def _number(value):
    """A number as it is read; a negative one in parentheses."""
    return f"{value:g}" if value >= 0 else f"({_result(value)})"


def _result(value):
    """A number as it is read behind an equals sign."""
    return f"{value:g}".replace("-", "−")
