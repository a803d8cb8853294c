"""Images with one labelled box each, from a table or from the files of well-known data sets."""

import csv
import math
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nn_scratch.backend import Array
from nn_scratch.data.readers.files import (
    DataError,
    Finder,
    counted,
    files_in,
    one_line,
    read_text,
    some,
)
from nn_scratch.data.readers.images import read_image

Corners = tuple[float, float, float, float]
FRACTIONS, PIXELS_FROM_0 = "fractions of the image", "pixels counted from 0"
LEAST_INSIDE = 0.5  # of a box's area; a box of which less is inside belongs to another image


class BoxRow(NamedTuple):
    """An image, what is in it, and where: corners (xmin, ymin, xmax, ymax) in pixels of the upright
    image, or in FRACTIONS of its width and height. `source` says where that was read, `unit` in
    what, `size` (width, height) for which size of the image, where that is told."""

    image: Path
    label: str
    corners: Corners
    source: str
    unit: str = "pixels"
    size: tuple[float, float] | None = None


class Boxes:
    """Images with one labelled box each, from BoxRows; see box_csv and voc_xml.

    class_names: the order of the classes; by default the labels that occur, sorted. Rows whose
    image does not exist are left out and counted in `notes`, and so are boxes that reach out of
    their image once they are read: they are cut.

    Raises: DataError where a label is none of the classes, an image has two boxes, or no image
    exists.
    """

    def __init__(self, rows: Iterable[BoxRow], class_names: list[str] | None = None):
        rows = list(rows)
        self.rows = [row for row in rows if row.image.exists()]
        self._cut: dict[int, str] = {}
        missing = [row for row in rows if not row.image.exists()]
        if missing and not self.rows:
            first = missing[0]
            raise DataError(
                f"{first.source}: there is no image {first.image}, and none for any other box"
            )
        self._notes = []
        if missing:
            names = some(f"{row.image.name} ({row.source})" for row in missing)
            self._notes.append(f"{_boxes(len(missing))} left out, without an image: {names}")
        for unit in FRACTIONS, PIXELS_FROM_0:
            if count := sum(row.unit == unit for row in self.rows):
                self._notes.append(f"{_boxes(count)} read as {unit}")
        self.class_names = list(class_names or sorted({row.label for row in self.rows}))
        seen: dict[Path, str] = {}
        for row in self.rows:
            if row.label not in self.class_names:
                raise DataError(f"{row.source}: label {row.label!r} is none of {self.class_names}")
            if row.image in seen:
                raise DataError(
                    f"{row.source}: {row.image} has a box already, in {seen[row.image]}"
                )
            seen[row.image] = row.source

    def __len__(self) -> int:
        """How many images there are."""
        return len(self.rows)

    @property
    def images(self) -> list[Path]:
        """The image files, in the order of the samples."""
        return [row.image for row in self.rows]

    @property
    def notes(self) -> list[str]:
        """What was left out or read in a special way, and which boxes were cut, as far as they
        have been read."""
        if not self._cut:
            return self._notes
        where = some(self._cut[index] for index in sorted(self._cut))
        return [*self._notes, f"{_boxes(len(self._cut))} cut at the image's border: {where}"]

    def sample(self, epoch: int, index: int) -> tuple[Array, np.int64, Array]:
        """The image, its class and its box with this index; all epochs are the same.

        Returns: (3, H, W) float32 from 0 to 1, an int64, and (4,) float32: x, y, w, h in pixels.
        Raises: DataError for files that are broken, and boxes that are empty or elsewhere.
        """
        row = self.rows[index]
        image = read_image(row.image)
        left, top, right, bottom = self._corners(index, *image.shape[1:])
        box = np.array([left, top, right - left, bottom - top], np.float32)
        return image, np.int64(self.class_names.index(row.label)), box

    def _corners(self, index, height, width):
        """The corners of a row's box in pixels, cut at the borders of its image."""
        row = self.rows[index]
        if row.size == (height, width) != (width, height):
            raise DataError(
                f"{row.source} is for an image {height} wide and {width} high, but upright, as its "
                f"EXIF orientation says, {row.image} is {width} wide and {height} high: turn the "
                "one or the other"
            )
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
            self._cut[index] = row.source
        return inside


def _boxes(count):
    """A number of boxes in words."""
    return counted(count, "box", "boxes")


def _area(left, top, right, bottom):
    """The area of a box; 0 if it is empty."""
    return max(right - left, 0) * max(bottom - top, 0)


# ---------------------------------------------------------------- tables

CSV_COLUMNS = ("filename", "label", "xmin", "ymin", "xmax", "ymax")
SEPARATORS = ",;\t"


def box_csv(path: str | Path, images: str | Path, encoding: str | None = None) -> list[BoxRow]:
    """BoxRows from a table with the columns of CSV_COLUMNS, and any others, for the images in a
    folder; as spreadsheets save it, with commas, semicolons or tabs (decimal commas then are
    points), and blanks around values.

    Corners are in pixels, the first at 0; where all lie between 0 and 1, in fractions of the image.

    encoding: of a text that is neither UTF-8 nor begins with a byte-order mark.

    Returns: a row for each line.
    Raises: DataError, with the line, for what is missing, no number, or in another encoding.
    """
    path, find = Path(path), Finder(images)
    separator, lines = _table(path, read_text(path, encoding))
    rows = []
    for line, record in lines:
        source = f"{path}, line {line}"
        name, label, *texts = (record[column] for column in CSV_COLUMNS)
        label = one_line(label)
        if not label:
            raise DataError(f"{source}: the label is empty")
        if not (name and all(texts)):
            raise DataError(
                f"{source}: {len(CSV_COLUMNS)} values are needed: {', '.join(CSV_COLUMNS)}"
            )
        if separator != ",":
            texts = [text.replace(",", ".") for text in texts]
        rows.append(BoxRow(find(name), label, _four_numbers(texts, source), source))
    return _as_fractions(rows, path)


def _table(path, text):
    """The separator of a table, and (line number, values by column) of each row."""
    lines, start = list(StringIO(text, newline="")), 0
    if lines and lines[0].lower().startswith("sep="):  # Excel's own remark
        start = 1
    separator = max(SEPARATORS, key="".join(lines[start : start + 1]).count)
    reader = csv.reader(lines[start:], delimiter=separator)
    found, columns = [], None
    try:
        for values in reader:
            values = [value.strip() for value in values]
            if columns is None:
                columns = [value.lower() for value in values]
                _check_columns(path, columns, separator)
            elif any(values):
                line = start + reader.line_num
                if any(values[len(columns) :]):
                    raise DataError(
                        f"{path}, line {line}: {len(values)} values, but the first line names "
                        f"{len(columns)} columns"
                    )
                values += [""] * (len(columns) - len(values))
                found.append((line, dict(zip(columns, values, strict=False))))
    except csv.Error as error:
        raise DataError(f"{path}, line {start + reader.line_num}: no table: {error}") from error
    if not found:
        raise DataError(f"{path} has no row of values")
    return separator, found


def _check_columns(path, columns, separator):
    """Raise DataError if a table lacks a column."""
    missing = [name for name in CSV_COLUMNS if name not in columns]
    if missing:
        named = {",": "commas", ";": "semicolons", "\t": "tabs"}[separator]
        raise DataError(
            f"{path} lacks the columns {missing}: the first line must name them, and has, between "
            f"{named}, {columns}"
        )


def _as_fractions(rows, path):
    """The rows, as fractions where all their corners lie between 0 and 1."""
    values = [value for row in rows for value in row.corners]
    if not all(0 <= value <= 1 for value in values):
        return rows
    if all(value in (0, 1) for value in values):
        raise DataError(
            f"{path} has corners of 0 and 1 only: whole images in fractions, or single pixels? "
            "Write them in pixels"
        )
    return [row._replace(unit=FRACTIONS) for row in rows]


# ---------------------------------------------------------------- one file an image


def voc_xml(
    annotations: str | Path, images: str | Path, encoding: str | None = None
) -> list[BoxRow]:
    """BoxRows from Pascal VOC XML files, one object each, as in Oxford-IIIT Pet
    (annotations/xmls, images).

    VOC counts pixels from 1: its xmin of 1 is our left edge, 0. If any xmin or ymin in the folder
    is 0, all its files count from 0, and are read so.

    encoding: of files that are not UTF-8 and do not say what they are.

    Returns: a row for each file.
    Raises: DataError, with the file, for what is missing, no number or no XML.
    """
    annotations, find = Path(annotations), Finder(images)
    rows = [_voc_row(path, find, encoding) for path in files_in(annotations, {".xml"})]
    if any(0 in row.corners[:2] for row in rows):
        return [row._replace(unit=PIXELS_FROM_0) for row in rows]
    return [_from_0(row) for row in rows]


def _from_0(row):
    """A row of which pixels were counted from 1: only the first corner moves, because the last
    pixel belongs to the box."""
    left, top, right, bottom = row.corners
    return row._replace(corners=(left - 1, top - 1, right, bottom))


def _voc_row(path, find, encoding):
    """The BoxRow of one XML file, as it counts."""
    try:
        root = ElementTree.fromstring(read_text(path, encoding))
    except ElementTree.ParseError as error:
        raise DataError(f"{path} is truncated or no XML: {error}") from error
    objects = root.findall("object")
    if len(objects) != 1:
        raise DataError(f"{path} has {len(objects)} objects, but one is needed")
    wanted = ("name", "bndbox/xmin", "bndbox/ymin", "bndbox/xmax", "bndbox/ymax")
    texts = [root.findtext("filename"), *(objects[0].findtext(tag) for tag in wanted)]
    for tag, text in zip(("filename", *wanted), texts, strict=True):
        if text is None:
            raise DataError(f"{path} has no {tag}")
        if not one_line(text):
            raise DataError(f"{path}: {tag} is empty")
    name, label, *corners = texts
    sizes = [root.findtext(f"size/{side}") for side in ("width", "height")]
    try:
        size = tuple(float(text) for text in sizes)
    except (TypeError, ValueError):
        size = None  # VOC's size is only a remark, and often missing
    corners = _four_numbers(corners, path)
    return BoxRow(find(name.strip()), one_line(label), corners, str(path), size=size)


PENN_FUDAN_IMAGE = re.compile(r'Image filename\s*:\s*"(?:.*/)?([^"/]+)"')
PENN_FUDAN_BOX = re.compile(
    r'Bounding box for object \d+ "PAS(\w+)".*:\s*\((\d+), (\d+)\) - \((\d+), (\d+)\)'
)


def penn_fudan(folder: str | Path, encoding: str | None = None) -> list[BoxRow]:
    """BoxRows of the Penn-Fudan pedestrians (Annotation/*.txt, PNGImages): images with one
    pedestrian; those with several have no single box and are left out.

    encoding: of files that are not UTF-8.

    Returns: a row for each file with one pedestrian.
    Raises: DataError for a file that names no image or no box.
    """
    folder, rows = Path(folder), []
    find = Finder(folder / "PNGImages")
    for path in files_in(folder / "Annotation", {".txt"}):
        text = read_text(path, encoding)
        name, boxes = PENN_FUDAN_IMAGE.search(text), PENN_FUDAN_BOX.findall(text)
        if not name or not boxes:
            raise DataError(f"{path} names no image or no bounding box")
        if len(boxes) == 1:
            label, *corners = boxes[0]
            row = BoxRow(find(name[1]), label, _four_numbers(corners, path), str(path))
            rows.append(_from_0(row))
    return rows


def _four_numbers(texts, source) -> Corners:
    """The corners that four texts stand for."""
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        numbers = [math.nan]
    if not all(map(math.isfinite, numbers)):
        raise DataError(f"{source}: {list(texts)} are not four numbers")
    left, top, right, bottom = numbers
    return left, top, right, bottom
