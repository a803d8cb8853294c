"""Small networks, one a file, forward and backward in full view."""

from nn_scratch.nets.fcn import DownUpFCN, FullResolutionFCN
from nn_scratch.nets.localizer import Localizer
from nn_scratch.nets.pretrained import (
    about_pretrained,
    pretrained,
    pretrained_file,
    pretrained_names,
)
from nn_scratch.nets.segnet import SegNet
from nn_scratch.nets.segnet_basic import SegNetBasic
from nn_scratch.nets.sliding_window import FullyConvolutional, PatchClassifier, SlidingWindow
from nn_scratch.nets.unet import UNet
from nn_scratch.nets.upsampler import Upsampler
from nn_scratch.nets.zoo import LOCALIZERS, SEGMENTERS

__all__ = [
    "LOCALIZERS",
    "SEGMENTERS",
    "DownUpFCN",
    "FullResolutionFCN",
    "FullyConvolutional",
    "Localizer",
    "PatchClassifier",
    "SegNet",
    "SegNetBasic",
    "SlidingWindow",
    "UNet",
    "Upsampler",
    "about_pretrained",
    "pretrained",
    "pretrained_file",
    "pretrained_names",
]
