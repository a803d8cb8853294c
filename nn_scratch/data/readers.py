"""Reading the layouts that people's photographs come in. A file that is missing, broken or does not
fit is named and explained, never skipped in silence.

Every data set here has a length and `sample(epoch, index)`, as Loader wants. Images are (3, H, W)
float32 from 0 to 1, label maps (H, W) int64, boxes (x, y, w, h) float32 in pixels.
"""

import csv
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

IMAGES = {".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".tif", ".tiff", ".webp"}


class DataError(ValueError):
    """Data that cannot be used, with the file (and row) and the reason."""


# ---------------------------------------------------------------- a label for every pixel


class MaskFolders:
    """Images in one folder, their label maps under the same names (any image suffix) in another.

    A mask's pixels are class numbers, 0 to num_classes − 1, or `ignore_index`.
    """

    def __init__(self, images, masks, num_classes, ignore_index=None):
        self.num_classes = num_classes
        self.ignore_index = ignore_index
        images, masks = _by_stem(images), _by_stem(masks)
        for name, path in images.items():
            if name not in masks:
                raise DataError(f"{path} has no mask of the same name")
        for name, path in masks.items():
            if name not in images:
                raise DataError(f"mask {path} has no image of the same name")
        self.pairs = [(images[name], masks[name]) for name in sorted(images)]

    def __len__(self):
        return len(self.pairs)

    def sample(self, epoch, index):
        """image, label map."""
        image_path, mask_path = self.pairs[index]
        image, labels = read_image(image_path), read_mask(mask_path)
        if labels.shape != image.shape[1:]:
            raise DataError(
                f"mask {mask_path} is {labels.shape}, but its image {image_path} {image.shape[1:]}"
            )
        known = (labels >= 0) & (labels < self.num_classes)
        if self.ignore_index is not None:
            known |= labels == self.ignore_index
        if not known.all():
            row, column = (int(i[0]) for i in (~known).nonzero())
            raise DataError(
                f"mask {mask_path} has {labels[row, column]} at row {row}, column {column}, but "
                f"there are the classes 0 to {self.num_classes - 1}"
                + (
                    "; a label that shall not count is named by ignore_index (--ignore-index)"
                    if self.ignore_index is None
                    else f" and {self.ignore_index} to ignore"
                )
            )
        return image, labels


def camvid_like(folder, split, num_classes, ignore_index=None):
    """The layout of the SegNet tutorial's CamVid: images in `split`/, masks in `split`annot/."""
    folder = Path(folder)
    return MaskFolders(folder / split, folder / f"{split}annot", num_classes, ignore_index)


# ---------------------------------------------------------------- one object in each image


class BoxRow(NamedTuple):
    """An image, what is in it, and where: (xmin, ymin, xmax, ymax) in pixels. `source` says where
    that was read."""

    image: Path
    label: str
    corners: tuple
    source: str


class Boxes:
    """Images with one labelled box each, from BoxRows; see box_csv and voc_xml.

    class_names: the order of the classes; by default the labels that occur, sorted.
    """

    def __init__(self, rows, class_names=None):
        self.rows = list(rows)
        self.class_names = list(class_names or sorted({row.label for row in self.rows}))
        seen = {}
        for row in self.rows:
            if row.label not in self.class_names:
                raise DataError(f"{row.source}: label {row.label!r} is none of {self.class_names}")
            if not row.image.exists():
                raise DataError(f"{row.source}: there is no image {row.image}")
            if row.image in seen:
                raise DataError(
                    f"{row.source}: {row.image} has a box already, in {seen[row.image]}"
                )
            seen[row.image] = row.source

    def __len__(self):
        return len(self.rows)

    def sample(self, epoch, index):
        """image, class number, box."""
        row = self.rows[index]
        image = read_image(row.image)
        height, width = image.shape[1:]
        left, top, right, bottom = row.corners
        if not (0 <= left < right <= width and 0 <= top < bottom <= height):
            raise DataError(
                f"{row.source}: the box from ({left:g}, {top:g}) to ({right:g}, {bottom:g}) is not "
                f"inside its image, {width} wide and {height} high"
            )
        box = np.array([left, top, right - left, bottom - top], np.float32)
        return image, np.int64(self.class_names.index(row.label)), box


CSV_COLUMNS = ("filename", "label", "xmin", "ymin", "xmax", "ymax")


def box_csv(path, images):
    """BoxRows from a CSV file with the columns of CSV_COLUMNS, for the images in a folder."""
    path, images = Path(path), Path(images)
    rows = []
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = [name for name in CSV_COLUMNS if name not in (reader.fieldnames or [])]
        if missing:
            raise DataError(f"{path} lacks the columns {missing}: the first line must name them")
        for record in reader:
            source = f"{path}, line {reader.line_num}"
            values = [record[name] for name in CSV_COLUMNS]
            if any(value is None or not value.strip() for value in values):
                raise DataError(f"{source}: {len(CSV_COLUMNS)} values are needed: {record}")
            name, label, *corners = values
            rows.append(BoxRow(images / name, label, _numbers(corners, source), source))
    return rows


def voc_xml(annotations, images):
    """BoxRows from Pascal VOC XML files, one object each, as in Oxford-IIIT Pet
    (annotations/xmls, images). VOC counts pixels from 1: its xmin of 1 is our left edge, 0."""
    images, rows = Path(images), []
    for path in _files(annotations, {".xml"}):
        try:
            root = ElementTree.parse(path).getroot()
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
        left, top, right, bottom = _numbers(texts[2:], path)
        corners = left - 1, top - 1, right, bottom
        rows.append(BoxRow(images / texts[0], texts[1], corners, str(path)))
    return rows


PENN_FUDAN_IMAGE = re.compile(r'Image filename\s*:\s*"(?:.*/)?([^"/]+)"')
PENN_FUDAN_BOX = re.compile(
    r'Bounding box for object \d+ "PAS(\w+)".*:\s*\((\d+), (\d+)\) - \((\d+), (\d+)\)'
)


def penn_fudan(folder):
    """BoxRows of the Penn-Fudan pedestrians (Annotation/*.txt, PNGImages): images with one
    pedestrian; those with several have no single box and are left out."""
    folder, rows = Path(folder), []
    for path in _files(folder / "Annotation", {".txt"}):
        text = path.read_text(encoding="utf-8", errors="replace")
        name, boxes = PENN_FUDAN_IMAGE.search(text), PENN_FUDAN_BOX.findall(text)
        if not name or not boxes:
            raise DataError(f"{path} names no image or no bounding box")
        if len(boxes) == 1:
            label, *corners = boxes[0]
            left, top, right, bottom = _numbers(corners, path)
            image = folder / "PNGImages" / name[1]
            rows.append(BoxRow(image, label, (left - 1, top - 1, right, bottom), str(path)))
    return rows


# ---------------------------------------------------------------- files


def image_files(folder):
    """The images in a folder, sorted by name. Raises DataError if there are none."""
    return _files(folder, IMAGES)


def read_image(path):
    """(3, H, W) float32 from 0 to 1; grey images three times the same."""
    return np.ascontiguousarray(
        np.moveaxis(np.asarray(_open(path).convert("RGB"), np.float32) / 255, 2, 0)
    )


def read_mask(path):
    """(H, W) int64: the stored numbers, also of palette images. A colour image is no mask, and a
    JPEG has lost the exact numbers."""
    image = _open(path)
    if image.format == "JPEG":
        raise DataError(f"{path} is a JPEG, which keeps numbers only nearly: save masks as PNG")
    if image.mode not in ("L", "P", "1", "I", "I;16"):
        raise DataError(f"{path} is a colour image ({image.mode}), but a mask stores class numbers")
    return np.asarray(image).astype(np.int64)


def _open(path):
    try:
        image = Image.open(path)
        image.load()
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except (OSError, SyntaxError) as error:
        raise DataError(f"{path} is truncated or no image: {error}") from error
    return image


def _by_stem(folder):
    found = {}
    for path in image_files(folder):
        if path.stem in found:
            raise DataError(f"{path} and {found[path.stem]} have the same name")
        found[path.stem] = path
    return found


def _files(folder, suffixes):
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    found = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in suffixes and not path.name.startswith(".")
    )
    if not found:
        raise DataError(f"{folder} has no file that ends in {', '.join(sorted(suffixes))}")
    return found


def _numbers(texts, source):
    try:
        return tuple(float(text) for text in texts)
    except ValueError:
        raise DataError(f"{source}: {list(texts)} are not four numbers") from None
