"""Data: scenes made of real handwriting, readers for your own images, and batches of them."""

from nn_scratch.data.digits import DigitLocalization, DigitSegmentation
from nn_scratch.data.loader import Loader
from nn_scratch.data.readers import (
    Boxes,
    DataError,
    MaskFolders,
    box_csv,
    camvid_like,
    penn_fudan,
    voc_xml,
)
from nn_scratch.data.transforms import HorizontalFlip, RandomCrop, RandomPlacement, Transformed

__all__ = [
    "Boxes",
    "DataError",
    "DigitLocalization",
    "DigitSegmentation",
    "HorizontalFlip",
    "Loader",
    "MaskFolders",
    "RandomCrop",
    "RandomPlacement",
    "Transformed",
    "box_csv",
    "camvid_like",
    "penn_fudan",
    "voc_xml",
]
