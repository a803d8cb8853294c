"""A localizer: class scores and a box for the object in an image, from the same features.

    image ─ [conv norm relu pool] ─ … ─ flatten ─ linear ─ relu ─┬─ linear ─ class scores
                                                     features    └─ linear ─ box (x, y, w, h)

This is the classic net for classification with localization (Sermanet et al. 2013, OverFeat, §4):
two heads read one feature vector, and are trained with both losses at once. In the backward pass
the gradients of the two heads add up in the features.
"""

from itertools import pairwise
from typing import Any

import numpy as np

from nn_scratch.arguments import a_generator, one_of, parts, room_for, whole
from nn_scratch.backend import Array
from nn_scratch.geometry import flag, pair
from nn_scratch.layers import (
    AdaptiveAvgPool2d,
    Flatten,
    Layer,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
)
from nn_scratch.nets.block import LARGEST_WIDTH, check_sizes, conv_norm_relu
from nn_scratch.validate import check_values


class Localizer(Layer):
    """(N, in_channels, H, W) -> scores (N, num_classes), boxes (N, 4).

    Boxes are (x, y, w, h) as fractions of the image's width and height; evaluation.to_pixels
    converts them.

    image_size (H, W), or grid: the fully connected layer needs maps of one size. Either all images
        have image_size, or the last maps are averaged over the cells of a grid, int or (rows,
        columns), and images may have any size. A grid of 1, global pooling, keeps what is in the
        image, but not where it is, which is good for the class and bad for the box.
    widths: the channels of each convolution stage. features: the width of the fully connected layer
        (4096 in the literature).
    class_boxes: whether there is a box for each class, (N, num_classes, 4), because the best box
        may depend on the class.
    padding: "same", or "valid" for convolutions that see no border: such a localizer can be slid
        over larger images, see nets.SlidingDetector.

    Raises: ValueError if both or none of image_size and grid are given, or if the images are too
        small for the pools; TypeError or ValueError for impossible channels or widths.
    """

    first_child = "features"

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        image_size: tuple[int, int] | None = None,
        widths: tuple[int, ...] = (16, 32, 64, 64),
        features: int = 256,
        *,
        grid: int | tuple[int, int] | None = None,
        class_boxes: bool = False,
        padding: str = "same",
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__()
        check_sizes(widths, 3, in_channels=in_channels, num_classes=num_classes)
        features = whole("features", features, 1, LARGEST_WIDTH)
        flag("class_boxes", class_boxes), one_of("padding", padding, ("same", "valid"))
        if (image_size is None) == (grid is None):
            raise ValueError(
                f"give image_size or grid, not both or none: image_size={image_size}, grid={grid}"
            )
        options = {"rng": a_generator("rng", rng), "dtype": dtype}
        stages = []
        for c_in, c_out in pairwise((in_channels, *widths)):
            stages += [conv_norm_relu(c_in, c_out, 3, padding=padding, **options), MaxPool2d(2)]
        if grid is not None:
            stages.append(AdaptiveAvgPool2d(pair("grid", grid)))
        self.padding, self.grid = padding, grid
        self.map_size = _halved(image_size, widths, padding) if grid is None else pair("grid", grid)
        height, width = self.map_size
        room_for("image_size, widths and features", widths[-1], height, width, features)
        self.features = Sequential(
            *stages,
            Flatten(),
            Linear(widths[-1] * height * width, features, **options),
            ReLU(),
        )
        self.class_boxes = class_boxes
        numbers = 4 * num_classes if class_boxes else 4
        self.class_head = Linear(features, num_classes, **options)
        self.box_head = Linear(features, numbers, **options)
        # Heads start near zero (Girshick 2015, §2.3). Otherwise the large errors of the first boxes
        # would destroy the features that both heads share.
        for head in (self.class_head, self.box_head):
            head.params["weight"] *= 0.1

    def forward(self, x: Array) -> tuple[Array, Array]:
        """Class scores (N, num_classes) and boxes (N, 4), or (N, num_classes, 4)."""
        features = self.features(x)
        scores, boxes = self.class_head(features), self.box_head(features)
        return scores, boxes.reshape(*scores.shape, 4) if self.class_boxes else boxes

    def backward(self, gradients: tuple[Array, Array]) -> Any:
        """dx (N, in_channels, H, W), from the gradients of scores and boxes.

        Raises: TypeError or ValueError if there are not two gradients.
        """
        dscores, dboxes = parts("gradients", gradients, 2)
        for name, dy in ("gradients[0]", dscores), ("gradients[1]", dboxes):
            check_values(**{name: dy})
        dboxes = dboxes.reshape(len(dboxes), 4 * dscores.shape[1] if self.class_boxes else 4)
        dfeatures = self.class_head.backward(dscores) + self.box_head.backward(dboxes)
        return self.features.backward(dfeatures)


def _halved(image_size, widths, padding):
    """The size of the maps after one stage for each of the widths."""
    border = 0 if padding == "same" else 2  # rows and columns that a 3×3 convolution removes
    size = pair("image_size", image_size)
    for _ in widths:
        size = tuple((n - border) // 2 for n in size)
    if min(size) < 1:
        raise ValueError(
            f"image_size {image_size} is halved {len(widths)} times to nothing: use fewer "
            f"widths than {widths} or a larger image"
        )
    return size
