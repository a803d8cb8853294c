"""Every net by name, for the commands: `nn-scratch train segmentation --net fcn-max-unpool`.

Each name stands for a builder, called with in_channels and num_classes, and with `width`, the
channels of the first stage, and `kernel_size` if they are not to be the net's own.
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
GRID = 6  # rows and columns
WINDOW = 30  # pixels, of a detector that slides
FILLED = 0.1  # of its windows, as it begins


def fully_convolutional(in_channels, num_classes, *, width=16, kernel_size=5, rng=None):
    """A patch classifier with one pool, over the whole image at once."""
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
    """Kernels of 5×5: after unpooling three pixels of four are zero, and a 3×3 window would see
    only two or three values."""
    return SegNet(in_channels, num_classes, _doubling(width), kernel_size, rng=rng)


def unet(in_channels, num_classes, *, width=16, kernel_size=3, rng=None):
    """As many pools as the others, which need one size more: the smallest has its own stage."""
    widths = _multiples(width, 1, 2, 4, 8)
    return UNet(in_channels, num_classes, widths, kernel_size, rng=rng)


def localizer(in_channels, num_classes, *, image_size, grid=None, width=16, rng=None, **options):
    """For images of one size, or with `grid` for any."""
    place = {"image_size": image_size} if grid is None else {"grid": grid}
    widths = _multiples(width, 1, 2, 4, 4)
    return Localizer(in_channels, num_classes, widths=widths, rng=rng, **place, **options)


def centernet(in_channels, num_classes, *, width=16, kernel_size=3, rng=None, **options):
    return CenterNet(in_channels, num_classes, _doubling(width), kernel_size, rng=rng, **options)


def sliding_detector(in_channels, num_classes, *, width=16, rng=None):
    """A localizer for windows of WINDOW pixels, with a class for those that hold nothing."""
    num_classes = whole("num_classes", num_classes, 1, LARGEST_WIDTH)
    widths, size = _multiples(width, 1, 2), (WINDOW, WINDOW)
    localizer = Localizer(
        in_channels, 1 + num_classes, size, widths, features=4 * width, padding="valid", rng=rng
    )
    # Most windows hold nothing, and what others hold fills their middle: so they begin.
    localizer.class_head.params["bias"][0] = np.log(num_classes * (1 - FILLED) / FILLED)
    localizer.box_head.params["bias"][...] = 0.25, 0.25, 0.5, 0.5
    return SlidingDetector(localizer, WINDOW)


def _doubling(width):
    return _multiples(width, 1, 2, 4)


def _multiples(width, *factors):
    """So many times the width of the first stage, which must be a whole number."""
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
    """A name that no net has."""
