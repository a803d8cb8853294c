"""Data sets of images with labelled boxes: one box an image for localization, any number for
detection. Other files read the boxes from tables and annotations, as BoxRows."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nn_scratch.arguments import a_text, an_instance, items, optional, reals, words
from nn_scratch.backend import Array
from nn_scratch.data.collate import collate_objects
from nn_scratch.data.readers.files import DataError, counted, some
from nn_scratch.data.readers.images import read_image
from nn_scratch.data.samples import sample_at

Corners = tuple[float, float, float, float]
NOWHERE: Corners = (0.0, 0.0, 0.0, 0.0)  # stands for the corners in a row without an object
FRACTIONS, PIXELS_FROM_0 = "fractions of the image", "pixels counted from 0"
LEAST_INSIDE = 0.5  # of a box's area inside the image; with less, the box is for another image
ELSEWHERE = "; images with none or several are for detection, not for localization"


class BoxRow(NamedTuple):
    """An object in an image. An image without objects has one row, whose label is None.

    corners: (xmin, ymin, xmax, ymax) in pixels of the upright image, or, if `unit` is FRACTIONS, in
    fractions of its width and height. source: where the row was read, for messages. size: (width,
    height) of the image according to the annotation, if it says so. difficult: an object, such as a
    crowd, that counts neither as found nor as missed.
    """

    image: Path
    label: str | None
    corners: Corners
    source: str
    unit: str = "pixels"
    size: tuple[float, float] | None = None
    difficult: bool = False


class _Annotated:
    """The base of data sets of boxes: images, and the rows of each.

    class_names: the classes in the order of their labels, by default the labels that occur, sorted.
    notes: sentences about rows that were left out or read in a special way.
    """

    def __init__(self, rows: Iterable[BoxRow], class_names: Sequence[str] | None = None):
        known: list[BoxRow] = _rows(rows)
        class_names = optional(words, "class_names", class_names)
        present = [row for row in known if row.image.exists()]
        missing = [row for row in known if not row.image.exists()]
        if missing and not present:
            first = missing[0]
            raise DataError(
                f"{first.source}: there is no image {first.image}, and none for any other box"
            )
        self._notes = _left_out(missing)
        for unit in FRACTIONS, PIXELS_FROM_0:
            if count := sum(row.unit == unit and row.label is not None for row in present):
                self._notes.append(f"{_boxes(count)} read as {unit}")
        labels = {row.label for row in present if row.label is not None}
        self.class_names = list(class_names or sorted(labels))
        for row in present:
            if row.label is not None and row.label not in self.class_names:
                raise DataError(f"{row.source}: label {row.label!r} is none of {self.class_names}")
        if not self.class_names:
            raise DataError(f"{known[0].source}: there is no object here, nor in any other image")
        self._objects: dict[Path, list[BoxRow]] = {}
        for row in present:
            self._objects.setdefault(row.image, []).append(row)
        self.images = list(self._objects)
        # Boxes read so far that were cut, and boxes that were made for another size of the image.
        self._cut: dict[tuple[int, int], str] = {}
        self._resized: dict[tuple[int, int], str] = {}

    def __len__(self) -> int:
        """The number of images."""
        return len(self.images)

    @property
    def notes(self) -> list[str]:
        """Sentences about rows that were left out or read in a special way, and, among the boxes
        read so far, about those that were cut or were made for another size of the image."""
        notes = [*self._notes]
        for found, what in (
            (self._cut, "cut at the image's border"),
            (self._resized, "taken as they are, though written for another size of the image"),
        ):
            if found:
                where = some(dict.fromkeys(found[key] for key in sorted(found)))
                notes.append(f"{_boxes(len(found))} {what}: {where}")
        return notes

    def _read(self, epoch, index):
        """The image with this index, its rows, and their boxes (n, 4) in pixels."""
        _, index = sample_at(epoch, index, len(self))
        path = self.images[index]
        image, rows = read_image(path), self._objects[path]
        boxes = np.empty((len(rows), 4), np.float32)
        for place, row in enumerate(rows):
            left, top, right, bottom = self._corners(row, (index, place), *image.shape[1:])
            boxes[place] = left, top, right - left, bottom - top
        return image, rows, boxes

    def _corners(self, row, key, height, width):
        """The corners of a row's box in pixels, cut at the borders of its image."""
        self._compare_sizes(row, key, height, width)
        scale = (width, height) * 2 if row.unit == FRACTIONS else (1, 1, 1, 1)
        left, top, right, bottom = (value * n for value, n in zip(row.corners, scale, strict=True))
        inside = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
        where = f"{row.source}: the box from ({left:g}, {top:g}) to ({right:g}, {bottom:g})"
        if not (left < right and top < bottom):
            raise DataError(f"{where} is empty: its ends must lie right of and below its beginning")
        if _area(*inside) < LEAST_INSIDE * _area(left, top, right, bottom):
            raise DataError(
                f"{where} is not inside its image, {width} wide and {height} high: is it for "
                "another size of it?"
            )
        if _area(*inside) < 1:
            raise DataError(
                f"{where} has less than a pixel; fractions of the image are read where all boxes "
                "of a table are fractions"
            )
        if inside != (left, top, right, bottom):
            self._cut[key] = row.source
        return inside

    def _compare_sizes(self, row, key, height, width):
        """Raise DataError if a row was made for the image before it was turned upright. If it was
        made for another size of the image, which may be a mistake, keep that for the notes."""
        if row.size == (height, width) != (width, height):
            raise DataError(
                f"{row.source} is for an image {height} wide and {width} high, but upright, as its "
                f"EXIF orientation says, {row.image} is {width} wide and {height} high: turn the "
                "one or the other"
            )
        if row.size not in (None, (0, 0), (width, height)):
            self._resized[key] = row.source


class Boxes(_Annotated):
    """A data set of images with one labelled box each, from the BoxRows that box_csv, voc_xml,
    penn_fudan or coco_json return.

    class_names: the classes in the order of their labels, by default the labels that occur, sorted.
    Rows whose image does not exist are left out, and boxes that reach out of their image are cut;
    `notes` counts both.

    Raises: DataError if a label is none of the classes, if an image has no box or two, or if no
        image exists; TypeError or ValueError for rows and names of a wrong kind.
    """

    def __init__(self, rows: Iterable[BoxRow], class_names: list[str] | None = None):
        super().__init__(rows, class_names)
        for image, rows in self._objects.items():
            first, *others = rows
            if first.label is None:
                raise DataError(f"{first.source} has 0 objects, but one is needed{ELSEWHERE}")
            if others:
                raise DataError(
                    f"{others[0].source}: {image} has a box already, in {first.source}{ELSEWHERE}"
                )

    def sample(self, epoch: int, index: int) -> tuple[Array, np.int64, Array]:
        """The image with this index, its class and its box; all epochs are the same.

        Returns: image (3, H, W) float32 from 0 to 1, class as an int64, and box (4,) float32 as
            (x, y, w, h) in pixels.
        Raises: DataError for a broken file, or a box that is empty or outside of its image;
            TypeError or ValueError if epoch or index is not a whole number in range.
        """
        image, (row,), (box,) = self._read(epoch, index)
        return image, np.int64(self.class_names.index(row.label)), box


class ObjectBoxes(_Annotated):
    """A data set of images with any number of labelled boxes each, from the BoxRows that box_csv,
    voc_xml, penn_fudan or coco_json return.

    class_names: the classes in the order of their labels, by default the labels that occur, sorted.
    Rows whose image does not exist and rows that occur twice are left out, and boxes that reach out
    of their image are cut; `notes` counts all of these.

    Raises: DataError if a label is none of the classes, if an image has rows both with and without
        an object, if no image exists, or if no image has an object and no class is named; TypeError
        or ValueError for rows and names of a wrong kind.
    """

    collate = staticmethod(collate_objects)

    def __init__(self, rows: Iterable[BoxRow], class_names: list[str] | None = None):
        super().__init__(rows, class_names)
        twice = []
        for image, rows in self._objects.items():
            seen: dict[tuple, BoxRow] = {}
            for row in rows:
                if row is not seen.setdefault((row.label, row.corners), row):
                    twice.append(row.source)
            if (None, NOWHERE) in seen and len(seen) > 1:
                raise DataError(
                    f"{seen[None, NOWHERE].source}: {image} has no object here, but "
                    f"{counted(len(seen) - 1, 'object')} elsewhere"
                )
            seen.pop((None, NOWHERE), None)
            self._objects[image] = list(seen.values())
        if twice:
            self._notes.append(f"{_boxes(len(twice))} left out, the same as another: {some(twice)}")

    def sample(self, epoch: int, index: int) -> tuple[Array, Array, Array, Array]:
        """The image with this index and its n objects; all epochs are the same.

        Returns: image (3, H, W) float32 from 0 to 1; classes (n,) int64; boxes (n, 4) float32 as
            (x, y, w, h) in pixels; and difficult (n,) bool.
        Raises: DataError for a broken file, or a box that is empty or outside of its image;
            TypeError or ValueError if epoch or index is not a whole number in range.
        """
        image, rows, boxes = self._read(epoch, index)
        labels = [self.class_names.index(row.label) for row in rows]
        difficult = [row.difficult for row in rows]
        return image, np.array(labels, np.int64), boxes, np.array(difficult, bool)


def _rows(rows: Any) -> Any:
    """Check that there is at least one BoxRow, and that their values are of the right kinds."""
    found = items("rows", rows, BoxRow, 1)
    for number, row in enumerate(found):
        an_instance(f"rows[{number}].image", row.image, Path)
        optional(a_text, f"rows[{number}].label", row.label)
        reals(f"rows[{number}].corners", row.corners, 4)
    return found


def four_numbers(values: Iterable, source: str | Path) -> Corners:
    """Four texts or numbers as corners. Raises DataError if they are not four finite numbers."""
    values = list(values)
    try:
        left, top, right, bottom = numbers = [float(value) for value in values]
    except (TypeError, ValueError, OverflowError):
        numbers = [math.nan]
    if not all(map(math.isfinite, numbers)):
        raise DataError(f"{source}: {values} are not four numbers")
    return left, top, right, bottom


def _left_out(missing):
    """Notes about rows whose image does not exist."""
    notes = []
    for empty, what, of in (False, _boxes, "an image"), (True, _empty_images, "a file"):
        rows = [row for row in missing if (row.label is None) == empty]
        if rows:
            names = some(f"{row.image.name} ({row.source})" for row in rows)
            notes.append(f"{what(len(rows))} left out, without {of}: {names}")
    return notes


def _boxes(count):
    """A number of boxes in words."""
    return counted(count, "box", "boxes")


def _empty_images(count):
    """A number of images without objects in words."""
    return counted(count, "image without objects", "images without objects")


def _area(left, top, right, bottom):
    """The area of a box; 0 if it is empty."""
    return max(right - left, 0) * max(bottom - top, 0)
