"""Small networks, one a file, forward and backward in full view."""

from nn_scratch.nets.localizer import Localizer
from nn_scratch.nets.segnet import SegNet

__all__ = ["Localizer", "SegNet"]
