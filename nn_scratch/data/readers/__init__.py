"""Readers of images, masks and boxes. A file that is missing or broken, or does not fit, raises an
error with its name and the reason; none is skipped silently.

Every data set here has a length and `sample(epoch, index)`, which a Loader needs. Images are
(3, H, W) float32 from 0 to 1, label maps (H, W) int64, and boxes (x, y, w, h) float32 in pixels.
"""

from nn_scratch.data.readers.annotations import coco_json, penn_fudan, voc_xml
from nn_scratch.data.readers.box_table import box_csv
from nn_scratch.data.readers.boxes import Boxes, BoxRow, ObjectBoxes
from nn_scratch.data.readers.files import DataError
from nn_scratch.data.readers.images import read_image, read_mask
from nn_scratch.data.readers.masks import MaskFolders, camvid_like

__all__ = [
    "BoxRow",
    "Boxes",
    "DataError",
    "MaskFolders",
    "ObjectBoxes",
    "box_csv",
    "camvid_like",
    "coco_json",
    "penn_fudan",
    "read_image",
    "read_mask",
    "voc_xml",
]
