"""Moving pictures of the layers on a few numbers: what happens at each step."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from nn_scratch.backend import Array
from nn_scratch.geometry import pair
from nn_scratch.ops import conv2d, max_pool2d
from nn_scratch.plotting.figures import plot_arrays

SECONDS, LAST = 0.9, 2.5  # how long a frame stays, and the last one


def animate_convolution(x: Array, w: Array, stride: int | tuple[int, int] = 1) -> Iterator[Figure]:
    """Frames: window after window of x (H, W) under the kernel w (kh, kw) gives a pixel of y.

    Returns: Figures, one after the other.
    Raises: TypeError or ValueError if `stride` is not an integer or a pair.
    """
    (sh, sw), (kh, kw) = pair("stride", stride), w.shape
    found = conv2d(x[None, None], w[None, None], stride=stride)[0, 0]
    y, scale = np.full(found.shape, np.nan), float(np.abs(x).max() * np.abs(w).max())
    for p, q in np.ndindex(y.shape):
        y[p, q] = found[p, q]
        marks = {"x": (p * sh, q * sw, kh, kw), "y": (p, q, 1, 1)}
        yield plot_arrays({"x": x, "w": w, "y": y}, marks=marks, scale=scale)


def animate_conv_transpose(
    x: Array, w: Array, stride: int | tuple[int, int] = 2
) -> Iterator[Figure]:
    """Frames: pixel after pixel of x (H, W) adds the kernel w (kh, kw), times its value, to y.

    Returns: Figures, one after the other.
    Raises: TypeError or ValueError if `stride` is not an integer or a pair.
    """
    (sh, sw), (kh, kw) = pair("stride", stride), w.shape
    y = np.zeros(((x.shape[0] - 1) * sh + kh, (x.shape[1] - 1) * sw + kw))
    scale = float(np.abs(x).max() * np.abs(w).max())
    for p, q in np.ndindex(x.shape):
        y[p * sh : p * sh + kh, q * sw : q * sw + kw] += x[p, q] * w
        marks = {"x": (p, q, 1, 1), "y": (p * sh, q * sw, kh, kw)}
        yield plot_arrays({"x": x, "w": w, "y": y}, marks=marks, scale=scale)


def animate_switches(x: Array, size: int = 2) -> Iterator[Figure]:
    """Frames: windows of x (H, W) choose their maximum and remember where it stood; then each
    maximum goes back to its place.

    Returns: Figures, one after the other.
    """
    found, places = (a[0, 0] for a in max_pool2d(x[None, None], size))
    y, switches = np.full(found.shape, np.nan), np.full(found.shape, np.nan)
    back, scale = np.full(x.shape, np.nan), float(np.abs(x).max())
    arrays = {"x": x, "maxima": y, "switches": switches, "unpooled": back}
    for p, q in np.ndindex(y.shape):
        y[p, q], switches[p, q] = found[p, q], places[p, q]
        marks = {"x": (p * size, q * size, size, size)}
        marks |= {name: (p, q, 1, 1) for name in ("maxima", "switches")}
        yield plot_arrays(arrays, marks=marks, scale=scale)
    back[...] = 0
    for p, q in np.ndindex(y.shape):
        row, column = divmod(int(places[p, q]), x.shape[1])
        back[row, column] = found[p, q]
        marks = {name: (p, q, 1, 1) for name in ("maxima", "switches")}
        marks |= {"unpooled": (row, column, 1, 1)}
        yield plot_arrays(arrays, marks=marks, scale=scale)


def save_gif(frames: Iterable[Figure], path: str | Path, dpi: int = 90) -> None:
    """Write Figures, all of one size, as an animated GIF that starts again at its end."""
    pictures = []
    for figure in frames:
        buffer = BytesIO()
        figure.savefig(buffer, format="png", dpi=dpi)
        pictures.append(Image.open(buffer).convert("RGB").quantize(64))
    times = [1000 * SECONDS] * (len(pictures) - 1) + [1000 * LAST]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=times, loop=0)
