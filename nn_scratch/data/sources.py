"""Open data by name or path: digit scenes, the photograph of coins, or a folder of images in a
known layout."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from nn_scratch.arguments import a_label, a_path, a_text, one_of, optional, whole, words
from nn_scratch.data.coins.photograph import COIN_NAMES, VIEW, CoinDetection, CoinSegmentation
from nn_scratch.data.digits import (
    CLASS_NAMES,
    DigitDetection,
    DigitLocalization,
    DigitSegmentation,
)
from nn_scratch.data.errors import DataError
from nn_scratch.data.layouts import LAYOUTS, open_boxes, open_masks
from nn_scratch.data.source import Source
from nn_scratch.data.transforms import HorizontalFlip, RandomCrop, RandomPlacement, Transformed

__all__ = [
    "BUILT_IN",
    "COINS",
    "DIGITS",
    "LAYOUTS",
    "Source",
    "open_coins",
    "open_digits",
    "open_folder",
]

DIGITS, COINS = "digits", "coins"
COIN_CANVAS = 1.3  # times as large as the upper rows, so that crops may reach beyond their borders
TEST_SCENES = 1000
VALIDATION_SCENES = 500  # in detection


def open_digits(task: str, scenes: int, seed: int) -> Source:
    """Open the digit scenes.

    task: "segmentation", "localization" or "detection". scenes: the number of training scenes in
    an epoch; every epoch has new ones. The validation scenes are always the same, and use other
    digits; detection has test scenes with yet other digits. seed: of the training scenes.

    Returns: a Source of images (1, 40, 40), or (1, 64, 64) for detection.
    Raises: TypeError or ValueError for another task, or if scenes or seed is not a whole number of
        at least 0.
    """
    one_of("task", task, LAYOUTS)
    scenes, seed = whole("scenes", scenes), whole("seed", seed)
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


def open_coins(task: str, scenes: int, seed: int) -> Source:
    """Open the photograph of coins.

    task: "segmentation" or "detection". scenes: the number of training images in an epoch, which
    are random crops of the upper two rows, half of them mirrored. The third row is for validation,
    the lowest for testing. seed: of the crops.

    Returns: a Source of images (1, 40, 192).
    Raises: DataError for localization, because each picture has several coins; TypeError or
        ValueError for another task, or if scenes or seed is not a whole number of at least 0.
    """
    one_of("task", task, LAYOUTS)
    scenes, seed = whole("scenes", scenes), whole("seed", seed)
    if task == "localization":
        raise DataError("a picture of the coins has several: they are for detection")
    views = CoinDetection if task == "detection" else CoinSegmentation
    return Source(
        Transformed(
            views("train", scenes),
            RandomPlacement(COIN_CANVAS),
            RandomCrop(VIEW),
            HorizontalFlip(),
            seed=seed,
        ),
        views("validation"),
        list(COIN_NAMES[-views.classes :]),
        1,
        test=views("test"),
    )


class BuiltIn(NamedTuple):
    """Data that come with the library: their name in a sentence, and the function that opens
    them."""

    title: str
    open: Callable[[str, int, int], Source]


BUILT_IN = {
    DIGITS: BuiltIn("the digit scenes", open_digits),
    COINS: BuiltIn("the photograph of coins", open_coins),
}


def open_folder(
    task: str,
    folder: str | Path,
    ignore_index: int | None = None,
    class_names: list[str] | None = None,
    *,
    encoding: str | None = None,
    group_by: str | None = None,
) -> Source:
    """Open a folder in one of the LAYOUTS.

    task: "segmentation", "localization" or "detection".
    ignore_index: the number that masks store for pixels that do not count.
    class_names: the classes in the order of their labels, by default those that the folder gives.
    encoding: of tables and texts that are neither in UTF-8 nor name their encoding.
    group_by: images of one group stay on one side of the split into training and validation. Either
        "folder", or a regular expression that is searched in the paths; images for which it finds
        the same form a group.

    Returns: a Source. Its `verify()` opens every file once, its `report` says what was left out.
    Raises: DataError if the folder is in none of the layouts, or for a file that does not fit;
        TypeError or ValueError for another task, or for arguments of a wrong kind.
    """
    one_of("task", task, LAYOUTS)
    folder, ignore_index = a_path("folder", folder), optional(a_label, "ignore_index", ignore_index)
    class_names = optional(words, "class_names", class_names)
    for name, value in ("encoding", encoding), ("group_by", group_by):
        optional(a_text, name, value)
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    if task == "segmentation":
        found = open_masks(folder, ignore_index, class_names, encoding, group_by)
    else:
        found = open_boxes(task, folder, class_names, encoding, group_by)
    if found is None:
        raise DataError(f"{folder} has none of the layouts for {task}:\n{LAYOUTS[task]}")
    return found
