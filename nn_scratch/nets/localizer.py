"""What is in the image, and where: class scores and one box from the same features.

    image ─ [conv norm relu pool] ─ … ─ flatten ─ linear ─ relu ─┬─ linear ─ class scores
                                                     features    └─ linear ─ box (x, y, w, h)

The classic formulation of classification with localization (Sermanet et al. 2013, OverFeat, §4):
two heads on one feature vector, trained with both losses at once. The gradients of the two heads
add up where they meet, in the features.
"""

import numpy as np

from nn_scratch.layers import (
    BatchNorm2d,
    Container,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
)


class Localizer(Container):
    """(N, in_channels, *image_size) -> scores (N, num_classes), boxes (N, 4).

    Boxes are (x, y, w, h) as fractions of the image's width and height; boxes.to_pixels converts.
    One convolution stage for each of `widths`; `features` is the width of the fully connected
    layer (4096 in the literature).
    """

    def __init__(
        self,
        in_channels,
        num_classes,
        image_size,
        widths=(16, 32, 64, 64),
        features=256,
        *,
        rng=None,
        dtype=np.float32,
    ):
        rng = np.random.default_rng(rng)
        stages = []
        height, width = image_size
        for c_in, c_out in zip((in_channels, *widths[:-1]), widths, strict=True):
            conv = Conv2d(c_in, c_out, 3, padding="same", bias=False, rng=rng, dtype=dtype)
            stages += [conv, BatchNorm2d(c_out, dtype=dtype), ReLU(), MaxPool2d(2)]
            height, width = height // 2, width // 2
        if min(height, width) < 1:
            raise ValueError(
                f"image_size {image_size} is halved {len(widths)} times to nothing: use fewer "
                f"widths than {widths} or a larger image"
            )
        self.features = Sequential(
            *stages,
            Flatten(),
            Linear(widths[-1] * height * width, features, rng=rng, dtype=dtype),
            ReLU(),
        )
        self.class_head = Linear(features, num_classes, rng=rng, dtype=dtype)
        self.box_head = Linear(features, 4, rng=rng, dtype=dtype)
        # Heads start near zero (Girshick 2015, §2.3), or the boxes' first, large errors would
        # destroy the features that both heads share.
        for head in (self.class_head, self.box_head):
            head.params["weight"] *= 0.1
        super().__init__(
            {
                "features": self.features,
                "class_head": self.class_head,
                "box_head": self.box_head,
            },
            first="features",
        )

    def forward(self, x):
        features = self.features(x)
        return self.class_head(features), self.box_head(features)

    def backward(self, gradients):
        dscores, dboxes = gradients
        dfeatures = self.class_head.backward(dscores) + self.box_head.backward(dboxes)
        return self.features.backward(dfeatures)
