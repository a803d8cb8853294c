"""From a path to data sets: the digit scenes, or a folder of your own images in a known layout."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nn_scratch.data.digits import (
    CLASS_NAMES,
    DigitDetection,
    DigitLocalization,
    DigitSegmentation,
)
from nn_scratch.data.readers import Boxes, DataError, MaskFolders, box_csv, penn_fudan, voc_xml
from nn_scratch.data.readers.files import counted, image_files, other_files, relative_name, some
from nn_scratch.data.readers.masks import Classes, numbered_classes, read_classes
from nn_scratch.data.split import Subset, holdout
from nn_scratch.data.threads import in_threads

DIGITS = "digits"
TEST_SCENES = 1000
VALIDATION_SCENES = 500  # in detection
PETS = Classes(["pet", "background", "border"], [1, 2, 3])  # in Oxford's trimaps
PROBLEMS = 5  # broken files that are named

LAYOUTS = {
    "segmentation": """\
  train/ trainannot/ val/ valannot/  images, and masks of the same names, in two
                                     parts (CamVid)
  images/ masks/                     the same, a fifth of it held out
  images/ annotations/trimaps/       Oxford-IIIT Pet
A mask's pixels are class numbers, stored without loss, as in a PNG: as grey
values or as indices of a palette. The mask is as large as its image upright,
as viewers show it. classes.txt names the classes, a line each, from 0 on; or
with their numbers, where masks store others: "255: cat". Without classes.txt,
numbers from 0 on without a gap are classes. Pixels that should not count have
a number of their own (--ignore-index).""",
    "localization": """\
  images/ and one .csv file          columns filename,label,xmin,ymin,xmax,ymax
  images/ annotations/xmls/          Oxford-IIIT Pet: Pascal VOC's XML, one
                                     object each
  JPEGImages/ Annotations/           Pascal VOC's own
  PNGImages/ Annotation/             Penn-Fudan: images with one pedestrian
Boxes are in pixels of the image upright, as viewers show it; or in fractions
of it, where all numbers of a table lie between 0 and 1. A fifth of the images
is held out to validate on: which, only their names decide, so that a folder
may grow.""",
}


@dataclass(frozen=True)
class Source:
    """Data sets to train and to validate on, and what is in them.

    channels: of the images. ignore_index: the label of pixels that do not count. train_names,
    validation_names: the images of each side, from the folder on; none for scenes that are drawn.
    notes: what was left out or read in a special way. test, test_names: images that the folder
    keeps for the end; None without such.
    """

    train: Any
    validation: Any
    class_names: list[str]
    channels: int
    ignore_index: int | None = None
    train_names: list[str] = field(default_factory=list)
    validation_names: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    test: Any = None
    test_names: list[str] = field(default_factory=list)

    def of_split(self, split: str) -> "Source":
        """The same with the images of this split, "validation" or "test", to validate on.

        Returns: a Source.
        Raises: DataError if there is no test part.
        """
        if split == "validation":
            return self
        if self.test is None:
            raise DataError(
                "there is no test part: it stands in test/ and testannot/, beside train/, "
                "trainannot/, val/ and valannot/"
            )
        return replace(self, validation=self.test, validation_names=self.test_names)

    @property
    def report(self) -> str:
        """What was left out, cut or read in a special way, a line each; complete after verify()."""
        notes = [*self.notes]
        for part in self.train, self.validation:
            notes += getattr(getattr(part, "dataset", part), "notes", [])
        return "\n".join(dict.fromkeys(notes))

    def verify(self, *, one_size: bool = False) -> None:
        """Open every file once, so that none is found broken after hours of training.

        one_size: all images must have the same size, because nothing brings them to one.

        Raises: DataError that names the broken files, the first few of them.
        """
        named = zip(("train", "validation"), (self.train_names, self.validation_names), strict=True)
        jobs = [(part, index) for part, names in named for index in range(len(names))]
        problems: list[str] = []
        sizes: dict[tuple[int, int], str] = {}
        for job, found in zip(jobs, in_threads(self._open, jobs, "opening files"), strict=True):
            if isinstance(found, DataError):
                problems.append(str(found))
            else:
                sizes.setdefault(found, self._name(*job))
        if len(problems) == 1:
            raise DataError(problems[0])
        if problems:
            more = f"\n(and {len(problems) - PROBLEMS} more)" if len(problems) > PROBLEMS else ""
            shown = "\n".join(problems[:PROBLEMS])
            raise DataError(f"{len(problems)} of {len(jobs)} images are wrong:\n{shown}{more}")
        if one_size and len(sizes) > 1:
            (size, first), (other, second) = list(sizes.items())[:2]
            raise DataError(
                f"the images have {len(sizes)} sizes: {first} is {size[0]} high and {size[1]} "
                f"wide, {second} {other[0]} and {other[1]}; give all one size (--size)"
            )

    def _open(self, job):
        """The size (height, width) of a sample's image, or what is wrong with it."""
        part, index = job
        try:
            return getattr(self, part).sample(0, index)[0].shape[1:]
        except DataError as error:
            return error

    def _name(self, part, index):
        return getattr(self, f"{part}_names")[index]


def open_digits(task: str, scenes: int, seed: int) -> Source:
    """The digit scenes: `scenes` new ones in each epoch; always the same ones of other digits to
    validate on, and in detection of others again to test on.

    task: "segmentation", "localization" or "detection".

    Returns: a Source of images (1, 40, 40), in detection (1, 64, 64).
    """
    if task == "detection":
        return Source(
            DigitDetection("train", scenes, seed),
            DigitDetection("validation", VALIDATION_SCENES),
            list(CLASS_NAMES[1:]),
            1,
            test=DigitDetection("test", TEST_SCENES),
        )
    scenes_of = {"segmentation": DigitSegmentation, "localization": DigitLocalization}[task]
    names = list(CLASS_NAMES if task == "segmentation" else CLASS_NAMES[1:])
    return Source(scenes_of("train", scenes, seed), scenes_of("test", TEST_SCENES), names, 1)


def open_folder(
    task: str,
    folder: str | Path,
    ignore_index: int | None = None,
    class_names: list[str] | None = None,
    *,
    encoding: str | None = None,
    group_by: str | None = None,
) -> Source:
    """A folder in one of the LAYOUTS.

    task: "segmentation" or "localization". ignore_index: what masks store for pixels that do not
    count. class_names: the classes and their order, if they are not to be those that the folder
    has. encoding: of tables and texts that are neither UTF-8 nor say what they are. group_by: which
    images must stay on one side of the split, see data.split.holdout.

    Returns: a Source; its `verify()` opens every file once, its `report` says what was left out.
    Raises: DataError, with the layouts, if the folder is in none; or with the file that does not
    fit.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    if task == "segmentation":
        found = _open_masks(folder, ignore_index, class_names, encoding, group_by)
    else:
        found = _open_boxes(folder, class_names, encoding, group_by)
    if found is None:
        raise DataError(f"{folder} has none of the layouts for {task}:\n{LAYOUTS[task]}")
    return found


def _open_masks(folder, ignore_index, names, encoding, group_by):
    """The Source of a folder with masks; None if it is in no layout."""
    known = None
    if (folder / "trainannot").is_dir():
        names_of_parts = ("train", "val", *(("test",) if (folder / "testannot").is_dir() else ()))
        parts = [(folder / part, folder / f"{part}annot") for part in names_of_parts]
    elif (folder / "masks").is_dir():
        parts = [(folder / "images", folder / "masks")]
    elif (folder / "annotations" / "trimaps").is_dir():
        parts = [(folder / "images", folder / "annotations" / "trimaps")]
        known = PETS
    else:
        return None
    if (folder / "classes.txt").exists():
        known = read_classes(folder / "classes.txt", encoding)
    classes = _classes(folder, known, names, [masks for _, masks in parts], ignore_index)
    sets = [
        MaskFolders(*part, len(classes.names), ignore_index, numbers=classes.numbers)
        for part in parts
    ]
    if len(sets) == 1:
        return _held_out(folder, sets[0], classes.names, sets[0].ignored, group_by)
    if group_by is not None:
        raise DataError(f"{folder} has its own parts train and val: group_by has no effect there")
    sides = [[relative_name(path, folder) for path in part.images] for part in sets]
    test = {"test": sets[2], "test_names": sides[2]} if len(sets) == 3 else {}
    return Source(*sets[:2], classes.names, 3, sets[0].ignored, *sides[:2], **test)


def _classes(folder, known, names, mask_folders, ignore_index):
    """The classes `known` of the folder, or else those that are in its masks; or those that `names`
    asks for, which must be the same, in whatever order."""
    if known is None and not names:
        masks = [path for masks in mask_folders for path in image_files(masks)]
        return numbered_classes(masks, ignore_index)
    unnamed = [str(number) for number in range(len(names or ()))]
    if not names:
        return known
    if known is None or list(names) == unnamed or known.names == [str(n) for n in known.numbers]:
        return Classes(list(names), list(range(len(names))))
    if sorted(names) != sorted(known.names):
        raise DataError(f"{folder} has the classes {known.names}, but wanted are {list(names)}")
    return Classes(list(names), [known.numbers[known.names.index(name)] for name in names])


def _open_boxes(folder, names, encoding, group_by):
    """The Source of a folder with boxes; None if it is in no layout."""
    tables, images = sorted(folder.glob("*.csv")), folder / "images"
    if len(tables) == 1:
        rows = box_csv(tables[0], images, encoding)
    elif (folder / "annotations" / "xmls").is_dir():
        rows = voc_xml(folder / "annotations" / "xmls", images, encoding)
    elif (folder / "Annotations").is_dir():
        images = folder / "JPEGImages"
        rows = voc_xml(folder / "Annotations", images, encoding)
    elif (folder / "Annotation").is_dir():
        images = folder / "PNGImages"
        rows = penn_fudan(folder, encoding)
    else:
        return None
    boxes = Boxes(rows, names)
    single = "a box" if tables else "exactly one box"
    notes = [*_without_box(images, boxes, single), *other_files(images)]
    return _held_out(folder, boxes, boxes.class_names, None, group_by, notes)


def _without_box(folder, boxes, what):
    """A note of the images that are not in the data set, for want of a box; or none."""
    have = set(boxes.images)
    names = [path.name for path in image_files(folder) if path not in have]
    if not names:
        return []
    return [f"{counted(len(names), 'image')} in {folder} left out, without {what}: {some(names)}"]


def _held_out(folder, dataset, class_names, ignored, group_by, notes=()):
    """The Source of a data set without parts of its own."""
    names = [relative_name(path, folder) for path in dataset.images]
    train, validation = holdout(dataset, names, group_by)
    sides = [[names[index] for index in part.indices] for part in (train, validation)]
    return Source(train, validation, class_names, 3, ignored, *sides, list(notes))


__all__ = ["DIGITS", "LAYOUTS", "Source", "Subset", "open_digits", "open_folder"]
