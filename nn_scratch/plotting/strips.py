"""A film laid out on a page: some of its frames side by side, to be looked at one by one."""

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nn_scratch.arguments import items, several, whole
from nn_scratch.plotting import given

WIDTH, FINE = 9.2, 200  # inches, of all columns together; dots per inch of a frame


def plot_strip(frames: Iterable[Figure], at: Sequence[int], columns: int = 3) -> Figure:
    """Some frames of a moving picture (`animate_pooling` and its like), row by row: a film that
    stands still.

    frames: Figures, one after the other; at: the numbers of those to show, counted from 0.

    Returns: a Figure.
    Raises: TypeError and ValueError for no frames, for numbers beyond the last of them, or for
        what is of another kind; they name it.
    """
    columns = whole("columns", columns, 1, given.MANY)
    frames = items("frames", frames, Figure, least=1)
    chosen = [frames[whole("at", number, 0, len(frames) - 1)] for number in several("at", at)]
    if not chosen:
        raise ValueError("at is empty, but must hold the number of a frame")
    columns = min(columns, len(chosen))
    pictures = [_drawn(frame) for frame in chosen]
    height, width = np.max([picture.shape[:2] for picture in pictures], axis=0)
    rows = -(-len(pictures) // columns)
    figure = Figure(figsize=(WIDTH, WIDTH / columns * height / width * rows))
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        place = column / columns, 1 - (row + 1) / rows, 0.98 / columns, 0.98 / rows
        axis = figure.add_axes(place)
        axis.imshow(picture, interpolation="antialiased")
        axis.set_axis_off()
    return figure


def _drawn(figure):
    """A figure as pixels (H, W, 3)."""
    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(FINE)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
