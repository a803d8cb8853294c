"""The receptive field: the pixels of the image that an output pixel can depend on.

The gradient of an output pixel is zero at pixels without influence, but also where a ReLU is closed
or a pool has chosen another pixel. So the net's backward pass is run from the output pixel with the
`open_backward` of every layer: each weight counts as 1, each ReLU is open, and each window of a
pool may have chosen any of its pixels. The pixels with a gradient that is not zero are then the
receptive field, for any net, with skips, too.

In a net with max-unpooling the result is an upper bound. A pool and its partner choose the same
pixel, so that a value from the right of a window is put back on the right, and cannot reach
everything that a value from the left can.
"""

from contextlib import contextmanager

import numpy as np

from nn_scratch.arguments import an_instance, optional
from nn_scratch.geometry import pair
from nn_scratch.graph.trace import trace
from nn_scratch.layers import Layer
from nn_scratch.layers.inference import evaluation_mode
from nn_scratch.validate import check_rank, check_values


def influence(net: Layer, image: np.ndarray, pixel: tuple[int, int] | None = None) -> np.ndarray:
    """The pixels of an image that the output of a net at one pixel can depend on.

    image (1, C, H, W). pixel: (row, column) in the output, by default the middle one. If the output
    is not a map, the whole output is meant. The net is run in evaluation mode, since batch
    statistics make every output depend on every pixel.

    Returns: (H, W) bool.
    Raises: TypeError or ValueError if net is not a Layer, image not an image, or pixel not in the
        output.
    """
    an_instance("net", net, Layer)
    check_values(image=image)
    check_rank("image", image, 4)
    if len(image) != 1:
        raise ValueError(f"image has shape {image.shape}, but must be a batch of one")
    pixel = optional(pair, "pixel", pixel, 0)
    gradients = {name: g.copy() for name, g in net.grads.items()}
    try:
        with evaluation_mode(net):
            traced = trace(net, image)
            seed = tuple(_seed(value.array, pixel) for value in traced.outputs)
            with _opened(step.layer for step in traced.calls):
                dx = net.backward(seed if len(seed) > 1 else seed[0])
    finally:
        for name, gradient in gradients.items():
            net.grads[name][...] = gradient
    return (dx != 0).any(axis=(0, 1))


def receptive_field(net: Layer, image: np.ndarray) -> tuple[int, int]:
    """The size of the receptive field of the middle output pixel: the smallest rectangle that holds
    all pixels of `influence`.

    Returns: (height, width) in pixels of the image; (0, 0) if no pixel has an influence.
    Raises: what influence raises.
    """
    rows, columns = influence(net, image).nonzero()
    if not len(rows):
        return 0, 0
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def _seed(y, pixel):
    """A dy with ones at one pixel of the output, or everywhere if the output is not a map."""
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
    """A context in which the layers run their open_backward as backward. Its gradients are reduced
    to ones and zeros, since they would overflow in a deep net."""
    found = set(layers)
    for layer in found:
        layer.backward = _open_backward(layer)
    try:
        yield
    finally:
        for layer in found:
            del layer.backward


def _open_backward(layer):
    """The layer's open_backward, with ones and zeros as its result."""

    def opened(dy):
        dx = layer.open_backward(dy)
        return tuple(map(_marked, dx)) if isinstance(dx, tuple) else _marked(dx)

    return opened


def _marked(dx):
    """1 where dx is not 0."""
    return (dx != 0).astype(dx.dtype)
