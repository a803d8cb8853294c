"""Small networks, each in a file of its own, with their forward and backward passes."""

from nn_scratch.nets.centernet import CenterNet
from nn_scratch.nets.down_up import DownUp
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
from nn_scratch.nets.sliding_detector import SlidingDetector, SlidingLocalizer
from nn_scratch.nets.sliding_window import FullyConvolutional, PatchClassifier, SlidingWindow
from nn_scratch.nets.unet import UNet
from nn_scratch.nets.upsampler import Upsampler
from nn_scratch.nets.zoo import DETECTORS, LOCALIZERS, SEGMENTERS

__all__ = [
    "DETECTORS",
    "LOCALIZERS",
    "SEGMENTERS",
    "CenterNet",
    "DownUp",
    "DownUpFCN",
    "FullResolutionFCN",
    "FullyConvolutional",
    "Localizer",
    "PatchClassifier",
    "SegNet",
    "SegNetBasic",
    "SlidingDetector",
    "SlidingLocalizer",
    "SlidingWindow",
    "UNet",
    "Upsampler",
    "about_pretrained",
    "pretrained",
    "pretrained_file",
    "pretrained_names",
]
