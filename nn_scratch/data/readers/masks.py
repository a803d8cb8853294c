"""Data sets of images with masks, and the classes that the numbers in masks mean. Classes are not
guessed: if the numbers could mean two things, an error says what was found, and how to name it."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nn_scratch.arguments import (
    a_label,
    a_path,
    a_text,
    an_instance,
    class_count,
    integers,
    optional,
)
from nn_scratch.backend import Array
from nn_scratch.data.readers.files import (
    DataError,
    composed,
    counted,
    image_files,
    one_line,
    other_files,
    read_text,
    some,
)
from nn_scratch.data.readers.images import read_image, read_mask
from nn_scratch.data.samples import sample_at
from nn_scratch.data.threads import in_threads
from nn_scratch.geometry import flag

VOID = (255, 65535)  # the numbers that data sets mostly store where the class is unknown
SHOWN = 8  # how many of the numbers found in masks a message shows


class MaskFolders:
    """A data set of images in one folder, with masks of the same names in another.

    images, masks: the folders. An image and its mask may have different suffixes. An image without
        a mask is an error; masks without an image are counted in `notes`.
    num_classes: masks store the numbers 0 to num_classes − 1, or `ignore_index`.
    ignore_index: the number that masks store for pixels that do not count. The attribute `ignored`
        is the label of such pixels in label maps.
    numbers: the number that masks store for each class, if it is not the number of the class.
    mask_ending: a text at the end of masks' names that is missing in the images' names.
    stems: the names without suffix of the images that are used, as {line of their list: name}; by
        default all.
    instances: whether masks store numbers of objects from 1 on, which all become class 1.

    Raises: DataError for folders that do not fit; TypeError or ValueError for arguments of a wrong
        kind.
    """

    def __init__(
        self,
        images: str | Path,
        masks: str | Path,
        num_classes: int,
        ignore_index: int | None = None,
        *,
        numbers: list[int] | None = None,
        mask_ending: str = "",
        stems: dict[int, str] | None = None,
        instances: bool = False,
    ):
        images, masks = a_path("images", images), a_path("masks", masks)
        self.num_classes = class_count("num_classes", num_classes)
        self.ignore_index = optional(a_label, "ignore_index", ignore_index)
        stored = range(self.num_classes) if numbers is None else numbers
        self.numbers = integers("numbers", stored, self.num_classes).astype(np.int64)
        if len(np.unique(self.numbers)) < len(self.numbers):
            raise ValueError(f"numbers {self.numbers.tolist()} stand for two classes")
        a_text("mask_ending", mask_ending)
        optional(an_instance, "stems", stems, dict)
        self.ignored = ignored_label(self.numbers, ignore_index)
        self.instances = flag("instances", instances)
        self._opened: set[int] = set()
        self._voids: set[int] = set()  # the opened masks that have pixels to ignore
        self.notes = [*other_files(images), *other_files(masks)]
        images_of, masks_of = _by_stem(images, "", stems), _by_stem(masks, mask_ending, stems)
        for name, path in images_of.items():
            if name not in masks_of:
                raise DataError(f"{path} has no mask of the same name in {masks}")
        self.pairs = [(images_of[name], masks_of[name]) for name in images_of]
        alone = [path.name for name, path in masks_of.items() if name not in images_of]
        if alone:
            self.notes.append(
                f"{counted(len(alone), 'mask')} in {masks} left out, without an image of the same "
                f"name in {images}: {some(alone)}"
            )

    def __len__(self) -> int:
        """The number of images."""
        return len(self.pairs)

    @property
    def images(self) -> list[Path]:
        """The image files, in the order of the samples."""
        return [image for image, _ in self.pairs]

    def sample(self, epoch: int, index: int) -> tuple[Array, Array]:
        """The image and the label map with this index; all epochs are the same.

        Returns: image (3, H, W) float32 from 0 to 1, and label map (H, W) int64: classes from 0 on,
            or `ignored`.
        Raises: DataError for files that are broken or do not fit; TypeError or ValueError if epoch
            or index is not a whole number in range.
        """
        _, index = sample_at(epoch, index, len(self))
        image_path, mask_path = self.pairs[index]
        image, numbers = read_image(image_path), read_mask(mask_path)
        self._opened.add(index)
        if self.ignore_index is not None and (numbers == self.ignore_index).any():
            self._voids.add(index)
        if self.instances:
            numbers = np.where(numbers == self.ignore_index, numbers, np.minimum(numbers, 1))
        if numbers.shape != image.shape[1:]:
            turned = numbers.shape == image.shape[:0:-1]
            raise DataError(
                f"mask {mask_path} is {numbers.shape}, but its image {image_path} {image.shape[1:]}"
                + (", upright as its EXIF orientation says" if turned else "")
            )
        return image, self._labels(numbers, mask_path)

    @property
    def ignores_nothing(self) -> bool:
        """Whether an ignore_index is given, all masks have been opened, and none of them stores
        it."""
        opened = len(self._opened) == len(self.pairs)
        return self.ignore_index is not None and opened and not self._voids

    def _labels(self, numbers, path):
        """The label map (H, W) for the numbers (H, W) of a mask."""
        order = np.argsort(self.numbers)
        places = np.searchsorted(self.numbers, numbers, sorter=order).clip(max=len(order) - 1)
        classes = order[places]
        known = self.numbers[classes] == numbers
        if self.ignore_index is not None:
            void = numbers == self.ignore_index
            classes[void] = self.ignored
            known |= void
        if not known.all():
            self._complain(numbers, known, path)
        return classes

    def _complain(self, numbers, known, path):
        """Raise DataError for the first number that is not known, and say how to name it."""
        row, column = (int(i[0]) for i in (~known).nonzero())
        number, classes = numbers[row, column], self.numbers
        stored = some(map(str, classes.tolist()), SHOWN)
        if np.array_equal(classes, range(len(classes))):
            stored = f"0 to {len(classes) - 1}"
        raise DataError(
            f"mask {path} has {number} at row {row}, column {column} "
            f"({counted(int((numbers == number).sum()), 'pixel')}), but there are the classes "
            f"{stored}"
            + (
                f"; pixels that should not count are named by ignore_index (--ignore-index "
                f"{number}), a class that is stored as {number} by a line in classes.txt: "
                f'"{number}: its name"'
                if self.ignore_index is None
                else f" and {self.ignore_index} to ignore"
            )
        )


def camvid_like(
    folder: str | Path, split: str, num_classes: int, ignore_index: int | None = None
) -> MaskFolders:
    """Open CamVid as the SegNet tutorial lays it out: images in SPLIT/, masks in SPLITannot/.

    Returns: a MaskFolders of these two folders.
    Raises: what MaskFolders raises.
    """
    folder, split = a_path("folder", folder), a_text("split", split)
    return MaskFolders(folder / split, folder / f"{split}annot", num_classes, ignore_index)


def ignored_label(numbers: Array, ignore_index: int | None) -> int | None:
    """The label in label maps of pixels that store `ignore_index`. If that is the number of a
    class, it is the class. Otherwise it is ignore_index itself or, if a class has that label, the
    number of classes."""
    if ignore_index is None:
        return None
    found = np.flatnonzero(np.asarray(numbers) == ignore_index)
    if found.size:
        return int(found[0])
    return len(numbers) if 0 <= ignore_index < len(numbers) else ignore_index


def _by_stem(folder, ending, stems):
    """The images in a folder by their relative paths, without suffix and ending; if there are
    stems, only the images that they name. Raises DataError if one of these is not there."""
    found = {}
    for path in image_files(folder):
        name = composed(path.relative_to(folder).with_suffix("").as_posix()).removesuffix(ending)
        if name in found:
            raise DataError(f"{path} and {found[name]} have the same name")
        found[name] = path
    if stems is None:
        return found
    missing = [stem for stem in stems.values() if stem not in found]
    if missing:
        raise DataError(f"{folder} has no image named {some(missing)}, which a list names")
    return {stem: found[stem] for stem in stems.values()}


# ---------------------------------------------------------------- which classes


class Classes(NamedTuple):
    """The names of classes, and the number that masks store for each."""

    names: list[str]
    numbers: list[int]


def read_classes(path: str | Path, encoding: str | None = None) -> Classes:
    """Read Classes from a text file. Each line has a name, and masks store 0, 1, 2 and so on; or
    each line has the stored number, a colon and the name ("255: cat"). Empty lines do not count.

    Raises: DataError for a file without names, with a name or number that occurs twice, or with
        numbers in only some of its lines.
    """
    lines = [
        (number, text)
        for number, line in enumerate(read_text(path, encoding).splitlines(), 1)
        if (text := one_line(line))
    ]
    if not lines:
        raise DataError(f"{path} names no class")
    parts = [(line, *text.partition(":")) for line, text in lines]
    numbered = [head.strip().isdecimal() and colon != "" for _, head, colon, _ in parts]
    if all(numbered):
        names = [one_line(rest) for *_, rest in parts]
        numbers = [int(head) for _, head, *_ in parts]
    elif any(numbered):
        line = lines[numbered.index(not numbered[0])][0]
        raise DataError(
            f'{path}, line {line}: either every line begins with a number and a colon, as "255: '
            'cat", or none'
        )
    else:
        names, numbers = [text for _, text in lines], list(range(len(lines)))
    for what, values in ("name", names), ("number", numbers):
        for place, value in enumerate(values):
            line = lines[place][0]
            if value == "":
                raise DataError(f"{path}, line {line}: the name is empty")
            if value in values[:place]:
                raise DataError(f"{path}, line {line}: the {what} {value!r} stands there twice")
    return Classes(names, numbers)


def numbered_classes(masks: list[Path], ignore_index: int | None = None) -> Classes:
    """Classes that are named by their numbers 0, 1, 2 and so on. All masks are read to find them.

    Raises: DataError, with what was found and how to name it, if the numbers have gaps.
    """
    pixels: Counter[int] = Counter()
    in_masks: Counter[int] = Counter()
    for found in in_threads(_numbers_in, masks, "looking for classes in the masks"):
        pixels.update(found)
        in_masks.update(found.keys())
    numbers = sorted(set(pixels) - {ignore_index})
    if numbers and numbers[0] >= 0:
        count = numbers[-1] + 1
        gaps = count - len(numbers) - (ignore_index is not None and 0 <= ignore_index < count)
        if not gaps:
            return Classes([str(number) for number in range(count)], list(range(count)))
    raise DataError(_question(masks, pixels, in_masks, numbers))


def _numbers_in(path):
    """The number of pixels for each number in a mask."""
    numbers = read_mask(path)
    if numbers.min() >= 0 and numbers.max() < 1 << 16:
        counts = np.bincount(numbers.ravel())  # much faster than np.unique, which sorts
        found = np.flatnonzero(counts)
        return dict(zip(found.tolist(), counts[found].tolist(), strict=True))
    found, counts = np.unique(numbers, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def _question(masks, pixels, in_masks, numbers):
    """A message with the numbers found in masks, and advice on how to say what they mean."""
    total = sum(pixels.values())
    most = [number for number, _ in pixels.most_common(SHOWN)]
    found = ", ".join(
        f"{number} ({pixels[number] / total:.1%} of the pixels, in "
        f"{counted(in_masks[number], 'mask')})"
        for number in sorted(most)
    )
    if len(pixels) > len(most):
        found += f" and {len(pixels) - len(most)} more"
    return (
        f"{counted(len(masks), 'mask')} in {masks[0].parent} hold the numbers {found}. Without "
        f"classes.txt, classes have the numbers 0, 1, 2 and so on without a gap. "
        + _advice(numbers, most)
    )


def _advice(numbers, most):
    """Advice on how to say what these numbers mean, which depends on what they look like."""
    void = [number for number in VOID if number in numbers]
    rest = [number for number in numbers if number not in void]
    if not numbers:
        return "Here no number counts."
    if len(numbers) > SHOWN:
        return (
            "If the masks have soft edges, because they were drawn with smooth outlines or made "
            "larger or smaller by interpolation, make them again without (nearest neighbour). If "
            f'all these are classes, name them in classes.txt, a line each, as in "{most[0]}: …".'
        )
    if void and rest and rest == list(range(len(rest))) and len(rest) > 1:
        return (
            f"If {void[0]} marks borders, or what is not known: --ignore-index {void[0]}. If it is "
            f'a class, name all in classes.txt, a line each, as in "{void[0]}: border".'
        )
    lines = ", ".join(f'"{number}: …"' for number in numbers[:SHOWN])
    ignore = f", or leave one out: --ignore-index {numbers[-1]}" if len(numbers) > 2 else ""
    return f"Name them in classes.txt, a line each: {lines}{ignore}."
