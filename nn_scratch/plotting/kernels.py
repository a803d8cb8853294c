"""Kernels beside what they make of an image. Returns a matplotlib Figure."""

import numpy as np
from matplotlib.figure import Figure

from nn_scratch.backend import Array
from nn_scratch.plotting import given
from nn_scratch.plotting.colours import SIGNED
from nn_scratch.plotting.text import title


def plot_kernels(kernels: Array, maps: Array) -> Figure:
    """Kernels, blue negative and orange positive, all on one scale; and below each the map that it
    made, from black, its smallest value, to white.

    kernels (K, kh, kw); maps (K, H, W).

    Returns: a Figure.
    Raises: ValueError and TypeError for what has another shape or kind; they name it.
    """
    kernels, maps = given.array("kernels", kernels), given.array("maps", maps)
    for name, found in {"kernels": kernels, "maps": maps}.items():
        if found.ndim != 3 or 0 in found.shape:
            raise ValueError(f"{name} has shape {found.shape}, but must be (K, H, W), not empty")
    if len(maps) != len(kernels):
        raise ValueError(f"maps has {len(maps)} maps, but there are {len(kernels)} kernels")
    figure = Figure(figsize=(1.25 * len(kernels), 2.9), layout="constrained")
    axes = figure.subplots(2, len(kernels), squeeze=False)
    most = float(np.abs(kernels).max()) or 1.0
    for k, (above, below) in enumerate(axes.T):
        above.imshow(kernels[k], cmap=SIGNED, vmin=-most, vmax=most)
        below.imshow(maps[k], cmap="gray")
        title(above, f"kernel {k}")
        for axis in (above, below):
            axis.set(xticks=[], yticks=[])
    return figure
