"""A localizer that slides: one class and one box for each window, of the whole image at once
(Sermanet et al. 2013, OverFeat, §3 and §4).

    window ─ [conv norm relu pool] ─ … ─ flatten ─ linear ─ relu ─┬─ linear ─ class scores
                                                                  └─ linear ─ box
    image ── [conv norm relu pool] ─ … ─────────── conv ─── relu ─┬─ conv 1×1 ─ scores of windows
                                                                  └─ conv 1×1 ─ boxes of windows

What the localizer's linear layers take in is a map of h × w; seen as kernels of h × w they slide
over the larger map of a larger image. Windows then lie as many pixels apart as the pools' strides
make together, and nothing is computed twice that neighbouring windows share. Without padding no
convolution can tell where its window ends, so both ways give the same.
"""

from typing import Any

import numpy as np

from nn_scratch.arguments import an_instance, parts, whole
from nn_scratch.backend import Array, xp_of
from nn_scratch.geometry import pair
from nn_scratch.layers import Flatten, Layer, MaxPool2d, Sequential, ZeroPad2d, inference_mode
from nn_scratch.layers.base import Elementwise
from nn_scratch.nets.localizer import Localizer
from nn_scratch.validate import check_rank, check_values

CROPS = 1024  # localized at once


class SlidingDetector(Layer):
    """(N, in_channels, H, W) -> scores (N, K, h, w), boxes (N, 4, h, w) of windows, one for every
    stride × stride pixels, with its middle in theirs; h = ⌈H / stride⌉ and w = ⌈W / stride⌉.

    localizer: a Localizer without padding, for images of the size of the window, `window` pixels
    square. Class 0 is for windows that no object fills. Boxes are (x, y, w, h) in cells of stride ×
    stride pixels, x and y from the top left corner of the window's own cell. Around the image are
    zeros, so that windows reach half beyond it.

    Its weights are the localizer's own arrays, seen as kernels: training one trains the other,
    until one of them is moved or converted. `sliding_window` is the localizer window by window.

    Raises: ValueError for a localizer with padding, a grid, or a box for each class, and for a
        window whose middle is not a cell's.
    """

    first_child = "features"

    def __init__(self, localizer: Localizer, window: int) -> None:
        super().__init__()
        an_instance("localizer", localizer, Localizer)
        window = whole("window", window, 1)
        if localizer.padding != "valid" or localizer.grid is not None or localizer.class_boxes:
            raise ValueError("localizer: one slides without padding, without grid, with one box")
        layers = localizer.features.layers
        cut = next(i for i, layer in enumerate(layers) if isinstance(layer, Flatten))
        linear, relu = layers[cut + 1 :]
        self.stride = 2 ** sum(isinstance(layer, MaxPool2d) for layer in layers[:cut])
        if (window - self.stride) % 2:
            raise ValueError(
                f"window is {window} and the stride {self.stride}, but both must be even or odd: "
                "the middle of a window is that of a cell"
            )
        left = window
        for layer in layers[:cut]:
            left = left // 2 if isinstance(layer, MaxPool2d) else left - 2
        if localizer.map_size != (left, left):
            raise ValueError(f"window is {window}, but the localizer is for another size")
        self.patch = window
        self.sliding_window = SlidingLocalizer(localizer, window, self.stride)  # adds no parameters
        self.pad = around(window, self.stride)
        side = localizer.map_size[0]
        dense: Any = linear.as_dense(side, 1)[0]
        self.features = Sequential(*layers[:cut], dense, relu)
        self.class_head, _, _ = localizer.class_head.as_dense(1, 1)
        self.box_head, _, _ = localizer.box_head.as_dense(1, 1)
        self.in_cells = InCells(window, self.stride)

    def forward(self, x: Array) -> tuple[Array, Array]:
        """Scores (N, K, h, w) and boxes (N, 4, h, w)."""
        features = self.features(self.pad(x))
        rows, columns = (-(-n // self.stride) for n in x.shape[2:])
        self.saved = features.shape
        seen = features[:, :, :rows, :columns]
        return self.class_head(seen), self.in_cells(self.box_head(seen))

    def backward(self, gradients: tuple[Array, Array]) -> Any:
        """dx (N, in_channels, H, W), for the gradients in scores and boxes.

        Raises: TypeError or ValueError for gradients that are not two.
        """
        dscores, dboxes = parts("gradients", gradients, 2)
        dseen = self.class_head.backward(dscores)
        dseen = dseen + self.box_head.backward(self.in_cells.backward(dboxes))
        dfeatures = xp_of(dscores).zeros(self.saved, dscores.dtype)
        dfeatures[:, :, : dscores.shape[2], : dscores.shape[3]] = dseen
        dx = self.features.backward(dfeatures)
        return None if dx is None else self.pad.backward(dx)


class SlidingLocalizer:
    """The same window by window: each is cut from the image, which has zeros around it, and goes
    through the localizer on its own.

    Raises: TypeError or ValueError for a localizer, a window or a stride that is none.
    """

    def __init__(self, localizer: Localizer, window: int, stride: int) -> None:
        self.classifier = an_instance("localizer", localizer, Localizer)
        self.window, self.stride = whole("window", window, 1), whole("stride", stride, 1)
        if window < stride:
            raise ValueError(f"window is {window}, but must not be smaller than stride, {stride}")

    def count(self, image_size: tuple[int, int]) -> int:
        """How many windows there are on an image of this size.

        Raises: TypeError or ValueError for a size that is none.
        """
        height, width = pair("image_size", image_size)
        return -(-height // self.stride) * -(-width // self.stride)

    def __call__(self, x: Array) -> tuple[Array, Array]:
        check_values(x=x)
        check_rank("x", x, 4)
        size = self.window, self.window
        crops = np.lib.stride_tricks.sliding_window_view(
            around(self.window, self.stride)(x), size, axis=(2, 3)
        )[:, :, :: self.stride, :: self.stride]  # (N, C, h, w, window, window), a view
        n, c, rows, columns = crops.shape[:4]
        crops = crops.transpose(0, 2, 3, 1, 4, 5).reshape(-1, c, *size)
        with inference_mode(self.classifier):
            parts = [
                self.classifier(crops[i : i + CROPS]) for i in range(0, max(len(crops), 1), CROPS)
            ]
        scores, boxes = (
            np.concatenate(part).reshape(n, rows, columns, part[0].shape[1]).transpose(0, 3, 1, 2)
            for part in zip(*parts, strict=True)
        )
        return np.ascontiguousarray(scores), in_cells(boxes, self.window, self.stride)


def around(window: int, stride: int) -> ZeroPad2d:
    """Zeros around images, so that the first window has its middle in the first cell of stride ×
    stride pixels, and the last in the last, of which the image may hold a single pixel."""
    first = (window - stride) // 2
    last = first + stride - 1
    return ZeroPad2d((first, last, first, last))


def in_cells(boxes: Array, window: int, stride: int) -> Array:
    """Boxes (N, 4, h, w) as fractions of their windows, in cells from the corner of their own."""
    corner = (window - stride) / 2 / stride
    shift = xp_of(boxes).asarray([corner, corner, 0, 0], boxes.dtype)[:, None, None]
    return boxes * (window / stride) - shift


class InCells(Elementwise):
    """in_cells as a layer."""

    def __init__(self, window: int, stride: int) -> None:
        super().__init__()
        self.window, self.stride = window, stride

    def forward(self, x: Array) -> Array:
        return in_cells(x, self.window, self.stride)

    def backward(self, dy: Array) -> Array:
        return dy * (self.window / self.stride)
