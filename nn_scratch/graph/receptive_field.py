"""Which pixels of the image an output pixel can depend on.

A gradient is zero where a pixel has no influence, but also where a ReLU is closed or a pool looks
elsewhere. So the net's own backward pass is run from one output pixel with every layer opened (its
`open_backward`): each weight counts as 1, each ReLU passes, each window of a pool may have chosen
any of its pixels. What is then not zero is the receptive field, for any net, skips and all.

With max-unpooling it is an upper bound: a pool and its partner choose the same pixel, so what came
from a window's right is put back to its right, and cannot reach all that its left could.
"""

from contextlib import contextmanager

import numpy as np

from nn_scratch.arguments import an_instance, optional
from nn_scratch.geometry import pair
from nn_scratch.graph.trace import trace
from nn_scratch.layers import Layer
from nn_scratch.validate import check_rank, check_values


def influence(net: Layer, image: np.ndarray, pixel: tuple[int, int] | None = None) -> np.ndarray:
    """The pixels of an image (1, C, H, W) that the scores at `pixel` (row, column; by default the
    middle one) can depend on. In evaluation mode: batch statistics would make every pixel depend on
    all. For a net whose output is no map, what all of its output can depend on.

    Returns: (H, W), True or False.
    Raises: TypeError or ValueError for what is no net, no image, or no pixel of its scores.
    """
    an_instance("net", net, Layer)
    check_values(image=image)
    check_rank("image", image, 4)
    if len(image) != 1:
        raise ValueError(f"image has shape {image.shape}, but must be a batch of one")
    pixel = optional(pair, "pixel", pixel, 0)
    training, gradients = net.training, {name: g.copy() for name, g in net.grads.items()}
    net.eval()
    try:
        traced = trace(net, image)
        seed = tuple(_seed(value.array, pixel) for value in traced.outputs)
        with _opened(step.layer for step in traced.calls):
            dx = net.backward(seed if len(seed) > 1 else seed[0])
    finally:
        net.train(training)
        for name, gradient in gradients.items():
            net.grads[name][...] = gradient
    return (dx != 0).any(axis=(0, 1))


def receptive_field(net: Layer, image: np.ndarray) -> tuple[int, int]:
    """The smallest rectangle that holds `influence` of the middle pixel.

    Returns: (height, width), in pixels of the image; 0 if nothing has an influence.
    Raises: as influence.
    """
    rows, columns = influence(net, image).nonzero()
    if not len(rows):
        return 0, 0
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def _seed(y, pixel):
    """Ones at one pixel of the output, or everywhere if it is no map."""
    if y.ndim != 4:
        return np.ones_like(y)
    height, width = y.shape[2:]
    row, column = (height // 2, width // 2) if pixel is None else pixel
    if row >= height or column >= width:
        raise ValueError(f"pixel is {pixel}, but the scores are of {height} × {width} pixels")
    dy = np.zeros_like(y)
    dy[:, :, row, column] = 1
    return dy


@contextmanager
def _opened(layers):
    """Within, the layers' backward passes say what could depend on what. Gradients are ones and
    zeros there: sums of influences would overflow in a deep net."""
    found = set(layers)
    for layer in found:
        layer.backward = _open_backward(layer)
    try:
        yield
    finally:
        for layer in found:
            del layer.backward


def _open_backward(layer):
    """The layer's open_backward, brought to ones and zeros."""

    def opened(dy):
        dx = layer.open_backward(dy)
        return tuple(map(_marked, dx)) if isinstance(dx, tuple) else _marked(dx)

    return opened


def _marked(dx):
    """1 where dx is not 0."""
    return (dx != 0).astype(dx.dtype)
