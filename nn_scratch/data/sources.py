"""From a path to data sets: the digit scenes, or a folder of your own images in a known layout."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nn_scratch.data.digits import CLASS_NAMES, DigitLocalization, DigitSegmentation
from nn_scratch.data.readers import (
    Boxes,
    DataError,
    MaskFolders,
    box_csv,
    image_files,
    penn_fudan,
    read_mask,
    voc_xml,
)

DIGITS = "digits"
TEST_SCENES = 1000
HELD_BACK = 5  # one image of five, where a layout has no part for validation

LAYOUTS = {
    "segmentation": """\
  train/ trainannot/ val/ valannot/   images, and masks of the same names, in two parts (CamVid)
  images/ masks/                      the same, of which one in five is held back for validation
  images/ annotations/trimaps/        Oxford-IIIT Pet
A mask's pixels are class numbers from 0, stored without loss, as in a PNG. classes.txt, one name a
line, may name them.""",
    "localization": """\
  images/ and one .csv file           with the columns filename,label,xmin,ymin,xmax,ymax
  images/ annotations/xmls/           Oxford-IIIT Pet: Pascal VOC's XML, one object each
  JPEGImages/ Annotations/            Pascal VOC's own
  PNGImages/ Annotation/              Penn-Fudan: images with one pedestrian
One image in five is held back for validation.""",
}


class Source(NamedTuple):
    """Data sets to train and to validate on, and what is in them. channels: of the images."""

    train: Any
    validation: Any
    class_names: list
    channels: int
    ignore_index: int | None = None


class Subset:
    """The samples of a data set that `indices` names."""

    def __init__(self, dataset, indices):
        self.dataset = dataset
        self.indices = indices

    def __len__(self):
        return len(self.indices)

    def sample(self, epoch, index):
        return self.dataset.sample(epoch, int(self.indices[index]))


def open_digits(task, scenes, seed):
    """The digit scenes: `scenes` new ones in each epoch; the same 1,000 of other digits to
    validate on."""
    scenes_of = {"segmentation": DigitSegmentation, "localization": DigitLocalization}[task]
    names = list(CLASS_NAMES if task == "segmentation" else CLASS_NAMES[1:])
    return Source(scenes_of("train", scenes, seed), scenes_of("test", TEST_SCENES), names, 1)


def open_folder(task, folder, ignore_index=None, class_names=None):
    """A folder in one of the LAYOUTS. Raises DataError, with those, if it is in none.

    class_names: the classes and their order, if they are not to be those that the folder has.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    if task == "segmentation":
        found = _open_masks(folder, ignore_index, class_names)
    else:
        found = _open_boxes(folder, class_names)
    if found is None:
        raise DataError(f"{folder} has none of the layouts for {task}:\n{LAYOUTS[task]}")
    return found


def _open_masks(folder, ignore_index, names):
    if (folder / "trainannot").is_dir():
        parts = [(folder / part, folder / f"{part}annot") for part in ("train", "val")]
    elif (folder / "masks").is_dir():
        parts = [(folder / "images", folder / "masks")]
    elif (folder / "annotations" / "trimaps").is_dir():
        parts = [(folder / "images", folder / "annotations" / "trimaps")]
    else:
        return None
    names = names or _class_names(folder, [masks for _, masks in parts], ignore_index)
    sets = [MaskFolders(*part, len(names), ignore_index) for part in parts]
    train, validation = sets if len(sets) == 2 else hold_back(sets[0])
    return Source(train, validation, names, 3, ignore_index)


def _class_names(folder, mask_folders, ignore_index):
    """From classes.txt; without it, the numbers up to the largest in any mask."""
    listed = folder / "classes.txt"
    if listed.exists():
        lines = listed.read_text(encoding="utf-8").splitlines()
        return [line.strip() for line in lines if line.strip()]
    largest = 0
    for path in (path for masks in mask_folders for path in image_files(masks)):
        labels = read_mask(path)
        largest = max(largest, labels[labels != ignore_index].max(initial=0))
    return [str(label) for label in range(largest + 1)]


def _open_boxes(folder, names):
    tables = sorted(folder.glob("*.csv"))
    if len(tables) == 1:
        rows = box_csv(tables[0], folder / "images")
    elif (folder / "annotations" / "xmls").is_dir():
        rows = voc_xml(folder / "annotations" / "xmls", folder / "images")
    elif (folder / "Annotations").is_dir():
        rows = voc_xml(folder / "Annotations", folder / "JPEGImages")
    elif (folder / "Annotation").is_dir():
        rows = penn_fudan(folder)
    else:
        return None
    boxes = Boxes(rows, names)
    return Source(*hold_back(boxes), boxes.class_names, 3)


def hold_back(dataset):
    """Two Subsets: four fifths to train on, one to validate on, the same every time."""
    order = np.random.default_rng(0).permutation(len(dataset))
    count = len(dataset) // HELD_BACK
    if count == 0:
        raise DataError(f"{len(dataset)} images are too few to hold some back for validation")
    return Subset(dataset, np.sort(order[count:])), Subset(dataset, np.sort(order[:count]))
