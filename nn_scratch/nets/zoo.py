"""All nets by name, for commands such as `nn-scratch train segmentation --net fcn-max-unpool`.

Each name stands for a builder, a function that is called with in_channels and num_classes, and
perhaps with `width`, the channels of the first stage, and `kernel_size`.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from nn_scratch.arguments import whole
from nn_scratch.nets.block import LARGEST_WIDTH
from nn_scratch.nets.centernet import CenterNet
from nn_scratch.nets.fcn import DownUpFCN, FullResolutionFCN
from nn_scratch.nets.localizer import Localizer
from nn_scratch.nets.segnet import SegNet
from nn_scratch.nets.segnet_basic import VARIANTS, SegNetBasic
from nn_scratch.nets.sliding_detector import SlidingDetector
from nn_scratch.nets.sliding_window import FullyConvolutional, PatchClassifier
from nn_scratch.nets.unet import UNet

STAGES = 3  # of the nets that go down and up
GRID = 6  # rows and columns of a localizer's grid
WINDOW = 30  # the side of a sliding detector's windows, in pixels
FILLED = 0.1  # the probability of an object in a window that an untrained sliding detector gives


def fully_convolutional(in_channels, num_classes, *, width=16, kernel_size=5, rng=None):
    """A patch classifier with one pool, applied to the whole image at once."""
    widths = _multiples(width, 1, 2)
    return FullyConvolutional(
        PatchClassifier(
            in_channels, num_classes, widths=widths, kernel_size=kernel_size, pools=(0,), rng=rng
        )
    )


def full_resolution(in_channels, num_classes, *, width=16, kernel_size=5, rng=None):
    widths = _multiples(width, 1, 2, 2)
    return FullResolutionFCN(in_channels, num_classes, widths, kernel_size, rng=rng)


def down_up(in_channels, num_classes, *, width=16, kernel_size=5, rng=None, **options):
    return DownUpFCN(in_channels, num_classes, _doubling(width), kernel_size, rng=rng, **options)


def segnet(in_channels, num_classes, *, width=16, kernel_size=5, rng=None):
    """SegNet with kernels of 5×5. After unpooling, three of four pixels are zero, and a 3×3 kernel
    would see only two or three other values."""
    return SegNet(in_channels, num_classes, _doubling(width), kernel_size, rng=rng)


def unet(in_channels, num_classes, *, width=16, kernel_size=3, rng=None):
    """U-Net with as many pools as the other nets. It has one width more than they have, because it
    has convolutions at the smallest size, too."""
    widths = _multiples(width, 1, 2, 4, 8)
    return UNet(in_channels, num_classes, widths, kernel_size, rng=rng)


def localizer(in_channels, num_classes, *, image_size, grid=None, width=16, rng=None, **options):
    """A localizer for images of one size, or, with `grid`, of any size."""
    place = {"image_size": image_size} if grid is None else {"grid": grid}
    widths = _multiples(width, 1, 2, 4, 4)
    return Localizer(in_channels, num_classes, widths=widths, rng=rng, **place, **options)


def centernet(in_channels, num_classes, *, width=16, kernel_size=3, rng=None, **options):
    return CenterNet(in_channels, num_classes, _doubling(width), kernel_size, rng=rng, **options)


def sliding_detector(in_channels, num_classes, *, width=16, rng=None):
    """A sliding detector whose localizer has windows of WINDOW pixels, and a class for windows
    without an object."""
    num_classes = whole("num_classes", num_classes, 1, LARGEST_WIDTH)
    widths, size = _multiples(width, 1, 2), (WINDOW, WINDOW)
    localizer = Localizer(
        in_channels, 1 + num_classes, size, widths, features=4 * width, padding="valid", rng=rng
    )
    # The biases start at a low probability of objects, and at a box in the middle of the window.
    localizer.class_head.params["bias"][0] = np.log(num_classes * (1 - FILLED) / FILLED)
    localizer.box_head.params["bias"][...] = 0.25, 0.25, 0.5, 0.5
    return SlidingDetector(localizer, WINDOW)


def _doubling(width):
    return _multiples(width, 1, 2, 4)


def _multiples(width, *factors):
    """The width of the first stage times each of the factors."""
    width = whole("width", width, 1, LARGEST_WIDTH // max(factors))
    return tuple(width * factor for factor in factors)


_UPSAMPLERS = {
    "nearest": {"upsampler": "nearest"},
    "bed-of-nails": {"upsampler": "bed_of_nails"},
    "bilinear": {"upsampler": "bilinear"},
    "max-unpool": {"upsampler": "max_unpool"},
    "transpose-conv": {"upsampler": "transpose_conv"},
    "transpose-conv-he": {"upsampler": "transpose_conv", "init": "he"},
}

SEGMENTERS: dict[str, Callable] = {
    "fully-convolutional": fully_convolutional,
    "full-resolution-fcn": full_resolution,
    **{f"fcn-{name}": partial(down_up, **options) for name, options in _UPSAMPLERS.items()},
    **{
        f"fcn-{name}-skips": partial(down_up, skips=STAGES, **options)
        for name, options in _UPSAMPLERS.items()
    },
    "segnet": segnet,
    "unet": unet,
    **{variant: partial(SegNetBasic, variant=variant) for variant in VARIANTS},
}
LOCALIZERS: dict[str, Callable] = {
    "localizer": localizer,
    "localizer-grid": partial(localizer, grid=GRID),
    "localizer-global": partial(localizer, grid=1),
    "localizer-4096": partial(localizer, grid=GRID, features=4096),
    "localizer-class-boxes": partial(localizer, grid=GRID, class_boxes=True),
}
DETECTORS: dict[str, Callable] = {
    "centernet": centernet,
    "centernet-stride-1": partial(centernet, stride=1),
    "centernet-stride-2": partial(centernet, stride=2),
    "centernet-no-skips": partial(centernet, skips=0),
    **{
        f"centernet-{name}": partial(centernet, **_UPSAMPLERS[name])
        for name in ("bilinear", "max-unpool", "transpose-conv")
    },
    "sliding-detector": sliding_detector,
}


class UnknownNetError(ValueError):
    """There is no net of this name."""
