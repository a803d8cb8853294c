"""A detector made of a localizer that slides over the image: a class and a box for each window,
computed for the whole image at once (Sermanet et al. 2013, OverFeat, §3 and §4).

    window ─ [conv norm relu pool] ─ … ─ flatten ─ linear ─ relu ─┬─ linear ─ class scores
                                                                  └─ linear ─ box
    image ── [conv norm relu pool] ─ … ─────────── conv ─── relu ─┬─ conv 1×1 ─ scores of windows
                                                                  └─ conv 1×1 ─ boxes of windows

The first linear layer of the localizer reads a map of h × w. Its weights, seen as kernels of h × w,
can slide over the larger map of a larger image. The distance between windows is then the product
of the strides of the pools, and what neighbouring windows share is computed only once. Without
padding, no convolution sees where its window ends, so that both ways give the same result.
"""

from typing import Any

from nn_scratch.arguments import an_instance, parts, whole
from nn_scratch.backend import Array, xp_of
from nn_scratch.geometry import pair
from nn_scratch.layers import Flatten, Layer, MaxPool2d, Sequential, ZeroPad2d
from nn_scratch.layers.base import Elementwise
from nn_scratch.nets.localizer import Localizer
from nn_scratch.nets.sliding_window import run_on_crops
from nn_scratch.validate import check_rank, check_values


class SlidingDetector(Layer):
    """(N, in_channels, H, W) -> scores (N, K, h, w), boxes (N, 4, h, w), with h = ⌈H / stride⌉ and
    w = ⌈W / stride⌉.

    There is a window for each cell of stride × stride pixels, with its centre in the middle of the
    cell. The image is padded with zeros, so that windows may reach out of it.

    localizer: a Localizer without padding, for images of window × window pixels. Class 0 means that
    no object fills the window. Boxes are (x, y, w, h) in cells, with x and y from the top left
    corner of the window's cell.

    The weights of the detector are the arrays of the localizer, seen as kernels: training one
    trains the other, until one of them is moved or converted. The attribute `sliding_window`
    computes the same window by window.

    Raises: ValueError for a localizer with padding, with a grid, or with a box for each class, and
        for a window whose centre cannot be the middle of a cell.
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
        side = window
        for layer in layers[:cut]:
            side = side // 2 if isinstance(layer, MaxPool2d) else side - 2
        if localizer.map_size != (side, side):
            raise ValueError(f"window is {window}, but the localizer is for another size")
        self.patch = window
        self.sliding_window = SlidingLocalizer(localizer, window, self.stride)  # not a layer
        self.pad = around(window, self.stride)
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
        """dx (N, in_channels, H, W), from the gradients of scores and boxes.

        Raises: TypeError or ValueError if there are not two gradients.
        """
        dscores, dboxes = parts("gradients", gradients, 2)
        dseen = self.class_head.backward(dscores)
        dseen = dseen + self.box_head.backward(self.in_cells.backward(dboxes))
        dfeatures = xp_of(dscores).zeros(self.saved, dscores.dtype)
        dfeatures[:, :, : dscores.shape[2], : dscores.shape[3]] = dseen
        dx = self.features.backward(dfeatures)
        return None if dx is None else self.pad.backward(dx)


class SlidingLocalizer:
    """The same as a SlidingDetector, computed window by window: each window is cut from the image,
    which is padded with zeros, and goes through the localizer by itself.

    Raises: TypeError or ValueError if localizer is not a Localizer, or window or stride not a whole
        number of at least 1.
    """

    def __init__(self, localizer: Localizer, window: int, stride: int) -> None:
        self.classifier = an_instance("localizer", localizer, Localizer)
        self.window, self.stride = whole("window", window, 1), whole("stride", stride, 1)
        if window < stride:
            raise ValueError(f"window is {window}, but must not be smaller than stride, {stride}")

    def count(self, image_size: tuple[int, int]) -> int:
        """The number of windows on an image of this size (H, W).

        Raises: TypeError or ValueError if image_size is not a size.
        """
        height, width = pair("image_size", image_size)
        return -(-height // self.stride) * -(-width // self.stride)

    def __call__(self, x: Array) -> tuple[Array, Array]:
        check_values(x=x)
        check_rank("x", x, 4)
        padded = around(self.window, self.stride)(x)
        scores, boxes = run_on_crops(self.classifier, padded, self.window, self.stride)
        return scores, in_cells(boxes, self.window, self.stride)


def around(window: int, stride: int) -> ZeroPad2d:
    """The layer that pads images with zeros, so that every cell of stride × stride pixels is in the
    middle of a window, also the last cell, of which the image may hold a single pixel."""
    first = (window - stride) // 2
    last = first + stride - 1
    return ZeroPad2d((first, last, first, last))


def in_cells(boxes: Array, window: int, stride: int) -> Array:
    """Convert boxes (N, 4, h, w) from fractions of their windows to cells, with x and y from the
    corner of the window's cell."""
    corner = (window - stride) / 2 / stride
    shift = xp_of(boxes).asarray([corner, corner, 0, 0], boxes.dtype)[:, None, None]
    return boxes * (window / stride) - shift


class InCells(Elementwise):
    """The conversion of in_cells as a layer."""

    def __init__(self, window: int, stride: int) -> None:
        super().__init__()
        self.window, self.stride = window, stride

    def forward(self, x: Array) -> Array:
        return in_cells(x, self.window, self.stride)

    def backward(self, dy: Array) -> Array:
        return dy * (self.window / self.stride)
