"""Data: digit scenes, a photograph of coins, readers of your own images, transforms, batches."""

from nn_scratch.data.coins import CoinDetection, CoinSegmentation
from nn_scratch.data.digits import DigitDetection, DigitLocalization, DigitSegmentation
from nn_scratch.data.loader import Loader
from nn_scratch.data.readers import (
    Boxes,
    DataError,
    MaskFolders,
    ObjectBoxes,
    box_csv,
    camvid_like,
    coco_json,
    penn_fudan,
    read_image,
    read_mask,
    voc_xml,
)
from nn_scratch.data.sources import Source, open_coins, open_digits, open_folder
from nn_scratch.data.transforms import (
    HorizontalFlip,
    RandomCrop,
    RandomPlacement,
    Resize,
    Transformed,
)

__all__ = [
    "Boxes",
    "CoinDetection",
    "CoinSegmentation",
    "DataError",
    "DigitDetection",
    "DigitLocalization",
    "DigitSegmentation",
    "HorizontalFlip",
    "Loader",
    "MaskFolders",
    "ObjectBoxes",
    "RandomCrop",
    "RandomPlacement",
    "Resize",
    "Source",
    "Transformed",
    "box_csv",
    "camvid_like",
    "coco_json",
    "open_coins",
    "open_digits",
    "open_folder",
    "penn_fudan",
    "read_image",
    "read_mask",
    "voc_xml",
]
