"""Boxes from the annotations of well-known data sets: the XML files of Pascal VOC, the texts of
Penn-Fudan, the JSON files of COCO."""

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from nn_scratch.arguments import a_path
from nn_scratch.data.readers.boxes import NOWHERE, PIXELS_FROM_0, BoxRow, four_numbers
from nn_scratch.data.readers.files import DataError, Finder, files_in, one_line, read_text


def _from_0(row):
    """A row whose pixels were counted from 1, counted from 0. Only the first corner moves, because
    the last pixel belongs to the box."""
    left, top, right, bottom = row.corners
    return row._replace(corners=(left - 1, top - 1, right, bottom))


# ---------------------------------------------------------------- Pascal VOC


def voc_xml(
    annotations: str | Path, images: str | Path, encoding: str | None = None
) -> list[BoxRow]:
    """Read boxes from XML files in the format of Pascal VOC, one file for each image, as in VOC
    itself (Annotations, JPEGImages) and in Oxford-IIIT Pet (annotations/xmls, images).

    VOC counts pixels from 1, so that xmin = 1 is the left edge of the image, which is 0 here. If
    any xmin or ymin in the folder is 0, all of its files are read as counting from 0.

    annotations, images: the folders of XML files and of images. encoding: of files that are neither
    in UTF-8 nor name their encoding.

    Returns: a BoxRow for each object, with its difficult flag, and one for each image without
        objects.
    Raises: DataError, with the file, for a value that is missing or not a number, or a file that is
        not XML.
    """
    annotations, find = a_path("annotations", annotations), Finder(images)
    files = files_in(annotations, {".xml"})
    rows = [row for path in files for row in _voc_rows(path, find, encoding)]
    labelled = [row for row in rows if row.label is not None]
    if any(0 in row.corners[:2] for row in labelled):
        return [row._replace(unit=PIXELS_FROM_0) for row in rows]
    return [row if row.label is None else _from_0(row) for row in rows]


def _voc_rows(path, find, encoding):
    """The BoxRows of one XML file, with pixels counted as in the file."""
    try:
        root = ElementTree.fromstring(read_text(path, encoding))
    except ElementTree.ParseError as error:
        raise DataError(f"{path} is truncated or no XML: {error}") from error
    image = find(_text_in(root, "filename", path).strip())
    sizes = [root.findtext(f"size/{side}") for side in ("width", "height")]
    try:
        size = tuple(float(text) for text in sizes)
    except (TypeError, ValueError):
        size = None  # the size is not needed, and often missing
    objects = root.findall("object")
    if not objects:
        return [BoxRow(image, None, NOWHERE, str(path), size=size)]
    sources = [str(path)]
    if len(objects) > 1:
        sources = [f"{path}, object {number}" for number in range(1, len(objects) + 1)]
    return [_voc_row(*pair, image, size) for pair in zip(objects, sources, strict=True)]


def _voc_row(thing, source, image, size):
    """The BoxRow of the XML element of an object."""
    label = one_line(_text_in(thing, "name", source))
    texts = [_text_in(thing, f"bndbox/{edge}", source) for edge in ("xmin", "ymin", "xmax", "ymax")]
    difficult = one_line(thing.findtext("difficult")) or "0"
    if difficult not in ("0", "1"):
        raise DataError(f"{source}: difficult is {difficult!r}, but must be 0 or 1")
    corners = four_numbers(texts, source)
    return BoxRow(image, label, corners, source, size=size, difficult=difficult == "1")


def _text_in(element, tag, source):
    """The text of the element with this tag. Raises DataError if it is missing or empty."""
    text = element.findtext(tag)
    if text is None:
        raise DataError(f"{source} has no {tag}")
    if not one_line(text):
        raise DataError(f"{source}: {tag} is empty")
    return text


# ---------------------------------------------------------------- Penn-Fudan

PENN_FUDAN_IMAGE = re.compile(r'Image filename\s*:\s*"(?:.*/)?([^"/]+)"')
PENN_FUDAN_COUNT = re.compile(r"Objects with ground truth\s*:\s*(\d+)")
PENN_FUDAN_BOX = re.compile(
    r'Bounding box for object \d+ "PAS(\w+)".*:\s*\((\d+), (\d+)\) - \((\d+), (\d+)\)'
)


def penn_fudan(folder: str | Path, encoding: str | None = None) -> list[BoxRow]:
    """Read the boxes of the Penn-Fudan pedestrians from its texts (Annotation/*.txt, PNGImages),
    which count pixels from 1. The masks of the data set are not used here.

    encoding: of files that are not in UTF-8.

    Returns: a BoxRow for each pedestrian.
    Raises: DataError for a file that names no image or no box, or another number of boxes than it
        has.
    """
    folder, rows = a_path("folder", folder), []
    find = Finder(folder / "PNGImages")
    for path in files_in(folder / "Annotation", {".txt"}):
        text = read_text(path, encoding)
        name, boxes = PENN_FUDAN_IMAGE.search(text), PENN_FUDAN_BOX.findall(text)
        if not name or not boxes:
            raise DataError(f"{path} names no image or no bounding box")
        told = PENN_FUDAN_COUNT.search(text)
        if told and int(told[1]) != len(boxes):
            raise DataError(f"{path} speaks of {told[1]} objects, but has boxes of {len(boxes)}")
        for number, (label, *corners) in enumerate(boxes, 1):
            source = str(path) if len(boxes) == 1 else f"{path}, object {number}"
            row = BoxRow(find(name[1]), label, four_numbers(corners, source), source)
            rows.append(_from_0(row))
    return rows


# ---------------------------------------------------------------- COCO


def coco_json(path: str | Path, images: str | Path, encoding: str | None = None) -> list[BoxRow]:
    """Read boxes from an instances file in COCO's format, for the images in a folder. Its boxes are
    (x, y, width, height) in pixels counted from 0; crowds (iscrowd) are difficult objects.

    path: the JSON file. images: the folder of images. encoding: of a file that is neither in UTF-8
    nor begins with a byte-order mark.

    Returns: a BoxRow for each annotation, in the order of the images, and one for each image
        without annotations.
    Raises: DataError, with the annotation, for a value that is missing or not a number, or for a
        file that is not JSON.
    """
    path, find = a_path("path", path), Finder(images)
    try:
        content = json.loads(read_text(path, encoding))
    except (json.JSONDecodeError, RecursionError) as error:
        raise DataError(f"{path} is truncated or no JSON: {error}") from error
    pictures = _by_id(path, content, "images")
    names = {
        number: _label(path, one) for number, one in _by_id(path, content, "categories").items()
    }
    found: dict = {number: [] for number in pictures}
    for number, one in _by_id(path, content, "annotations").items():
        source = f"{path}, annotation {number}"
        for key, known in ("image_id", pictures), ("category_id", names):
            if not isinstance(one.get(key), int) or one[key] not in known:
                raise DataError(f"{source}: there is no {key} {one.get(key)!r} in this file")
        found[one["image_id"]].append((source, one))
    rows = []
    for number, picture in pictures.items():
        name = picture.get("file_name")
        if not isinstance(name, str) or not name:
            raise DataError(f"{path}, image {number}: file_name is {name!r}")
        image, size = find(name), _coco_size(picture)
        if not found[number]:
            source = f"{path}, image {number}"
            rows.append(BoxRow(image, None, NOWHERE, source, size=size))
        for source, one in found[number]:
            rows.append(_coco_row(image, names[one["category_id"]], one, source, size))
    return rows


def _by_id(path, content, key):
    """The entries of a list in COCO's file by their ids, in the order of the list."""
    entries = content.get(key) if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise DataError(f"{path} has no list of {key}: is it a file of COCO's instances?")
    found: dict[int, dict] = {}
    for place, entry in enumerate(entries):
        number = entry.get("id") if isinstance(entry, dict) else None
        if not isinstance(number, int):
            raise DataError(f"{path}: number {place} (from 0) of {key} has no id")
        if number in found:
            raise DataError(f"{path}: two of {key} have the id {number}")
        found[number] = entry
    return found


def _label(path, category):
    """The name of a category. Raises DataError if it has none."""
    name = category.get("name")
    if not isinstance(name, str) or not one_line(name):
        raise DataError(f"{path}, category {category['id']}: the name is {name!r}")
    return one_line(name)


def _coco_size(picture):
    """(width, height) of an image according to COCO's file, or None if it does not say."""
    size = picture.get("width"), picture.get("height")
    return size if all(isinstance(side, int) for side in size) else None


def _coco_row(image, label, annotation, source, size):
    """The BoxRow of an annotation."""
    box = annotation.get("bbox")
    if not isinstance(box, list) or len(box) != 4:
        raise DataError(f"{source}: bbox is {box!r}, but must be [x, y, width, height]")
    x, y, width, height = four_numbers(box, source)
    corners = x, y, x + width, y + height
    crowd = annotation.get("iscrowd", 0)
    if crowd not in (0, 1):
        raise DataError(f"{source}: iscrowd is {crowd!r}, but must be 0 or 1")
    return BoxRow(image, label, corners, source, size=size, difficult=bool(crowd))
