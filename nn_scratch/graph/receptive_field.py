"""Which pixels of the image an output pixel can depend on.

A gradient is zero where a pixel has no influence, but also where a ReLU is closed or a pool looks
elsewhere. So the net's own backward pass is run from one output pixel with every layer opened: each
weight counts as 1, each ReLU passes, each window of a pool may have chosen any of its pixels. What
is then not zero is the receptive field, for any net, skips and all.

With max-unpooling it is an upper bound: a pool and its partner choose the same pixel, so what came
from a window's right is put back to its right, and cannot reach all that its left could.
"""

from contextlib import contextmanager

import numpy as np

from nn_scratch import layers, ops
from nn_scratch.engine import engine_of
from nn_scratch.geometry import pool_windows
from nn_scratch.layers.container import leaves


def influence(net, image, pixel=None):
    """The pixels (H, W), True or False, of an image (1, C, H, W) that the scores at `pixel` (row,
    column; by default the middle one) can depend on. In evaluation mode: batch statistics would
    make every pixel depend on all.

    For a net whose output is no map, what all of its output can depend on.
    """
    training, gradients = net.training, {name: g.copy() for name, g in net.grads.items()}
    net.eval()
    try:
        y = net(image)
        with _opened(net):
            dx = net.backward(_seed(y, pixel))
    finally:
        net.train(training)
        for name, gradient in gradients.items():
            net.grads[name][...] = gradient
    return (dx != 0).any(axis=(0, 1))


def receptive_field(net, image):
    """(height, width) of the smallest rectangle that holds `influence` of the middle pixel."""
    rows, columns = influence(net, image).nonzero()
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def _seed(y, pixel):
    """Ones at one pixel of the output, or everywhere if it is no map."""
    if isinstance(y, tuple):
        return tuple(np.ones_like(part) for part in y)
    if y.ndim != 4:
        return np.ones_like(y)
    row, column = pixel or (y.shape[2] // 2, y.shape[3] // 2)
    dy = np.zeros_like(y)
    dy[:, :, row, column] = 1
    return dy


@contextmanager
def _opened(net):
    """Within, the layers' backward passes say what could depend on what. Gradients are ones and
    zeros there: sums of influences would overflow in a deep net."""
    found = [layer for _, layer in leaves(net)]
    for layer in found:
        layer.backward = _open_backward(layer)
    try:
        yield
    finally:
        for layer in found:
            del layer.backward


def _open_backward(layer):
    backward = _BACKWARDS.get(type(layer), type(layer).backward)

    def opened(dy):
        return np.sign(np.abs(backward(layer, dy)))

    return opened


def _convolution(layer, dy):
    dx, _, _ = ops.conv2d_backward(dy, layer.recall(), _ones(layer), **layer.options)
    return np.rint(dx)  # whole numbers, if it were not for rounding: what is 0 must be 0


def _transpose_convolution(layer, dy):
    dx, _, _ = ops.conv_transpose2d_backward(dy, layer.recall(), _ones(layer), **layer.options)
    return np.rint(dx)


def _linear(layer, dy):
    return ops.linear_backward(dy, layer.recall(), _ones(layer))[0]


def _pass(layer, dy):
    return dy


def _max_pool(layer, dy):
    windows = pool_windows(**layer.geometry)
    return engine_of(dy).conv_backward_data(
        dy, _window(dy, windows), layer.input_size, windows, groups=dy.shape[1]
    )


def _max_unpool(layer, dy):
    windows = pool_windows(**layer.pool.geometry)
    height, width = layer.recall().shape[2:]
    needed = [
        max(0, (count - 1) * step + extent - before - size)
        for count, step, extent, (before, _), size in zip(
            (height, width),
            windows.stride,
            windows.extent,
            windows.padding,
            dy.shape[2:],
            strict=True,
        )
    ]
    wide = np.pad(dy, ((0, 0), (0, 0), *((0, n) for n in needed)))  # for ceil_mode's last windows
    return engine_of(dy).conv_forward(wide, _window(dy, windows), windows, groups=dy.shape[1])[
        :, :, :height, :width
    ]


def _ones(layer):
    return np.ones_like(layer.params["weight"])


def _window(dy, windows):
    """For each channel, a kernel of ones."""
    return np.ones((dy.shape[1], 1, *windows.kernel), dy.dtype)


_BACKWARDS = {
    layers.Conv2d: _convolution,
    layers.ConvTranspose2d: _transpose_convolution,
    layers.Linear: _linear,
    layers.ReLU: _pass,
    layers.BatchNorm2d: _pass,
    layers.BatchNormReLU2d: _pass,
    layers.MaxPool2d: _max_pool,
    layers.MaxUnpool2d: _max_unpool,
}
