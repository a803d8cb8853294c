"""Objects as points: the maps that a detector such as CenterNet learns, and the boxes in its maps.

The maps have a cell for every stride × stride pixels of the image. The centre of an object lies in
one cell (its coordinates are rounded down). In this cell the heat map of the object's class is
exactly 1, two maps hold the width and the height, and two maps hold the position of the centre in
the cell. Around the centre the heat falls off as a Gaussian, because a detector that misses by one
cell is hardly wrong, and should be punished less (Law and Deng 2018, CornerNet; Zhou et al. 2019,
CenterNet).
"""

from collections.abc import Iterator, Sequence
from math import frexp, ldexp
from typing import Any, NamedTuple

import numpy as np

from nn_scratch import ops
from nn_scratch.arguments import an_array, class_count, items, room_for, whole
from nn_scratch.backend import Array, to_host, xp_of
from nn_scratch.evaluation import records
from nn_scratch.evaluation.records import Detections, Objects
from nn_scratch.geometry import flag, pair
from nn_scratch.validate import check_rank, check_values, number

MIN_OVERLAP = 0.7  # CornerNet's: the least IoU with the true box that its radius is to allow
TOP = 100  # peaks that are used in an image


class Maps(NamedTuple):
    """The maps of a detector for N images: heat (N, K, h, w), sizes (N, 2, h, w) as (width, height)
    and offsets (N, 2, h, w) as (x, y), both in cells."""

    heat: Array
    sizes: Array
    offsets: Array


class CenterTargets(NamedTuple):
    """The maps that a detector should give, see Maps; heat is from 0 to 1, not logits. centers
    (N, h, w) bool: the cells in which sizes and offsets count. num_objects: the number of objects
    that count."""

    heat: Array
    sizes: Array
    offsets: Array
    centers: Array
    num_objects: int


def gaussian_radius(width: float, height: float, min_overlap: float = MIN_OVERLAP) -> float:
    """The distance from the centre of a box that a detection may have, as in CornerNet's code.

    A box that is moved by r, shrunk by r or grown by r on all sides should still have an IoU of
    min_overlap with the true box. Each of these three conditions leads to an equation
    a r² − b r + c = 0. The published code takes (b + √(b² − 4ac)) / 2 of each and returns the
    smallest. That is a mistake in two ways: the first two conditions need the smaller root, and all
    of them need the denominator 2a. For a square of side 1 it returns 0.27, while the right radius
    is 0.08. The mistake is kept here, because the results of CornerNet and CenterNet depend on it,
    and because small objects need it: with the right radius, the heat of objects smaller than 12
    cells would not fall off gradually.

    Returns: the radius, in the unit of width and height.
    Raises: TypeError or ValueError for a width or height that is not above 0, or a min_overlap that
        is not between 0 and 1.
    """
    width, height = number("width", width, 0, above=True), number("height", height, 0, above=True)
    o = number("min_overlap", min_overlap, 0, 1, above=True)
    _, exponent = frexp(max(width, height))  # so that no square overflows
    width, height = ldexp(width, -exponent), ldexp(height, -exponent)
    total, area = width + height, width * height

    def root(a, b, c):
        return (b + np.sqrt(b * b - 4 * a * c)) / 2  # not / (2 a)

    moved = root(1, total, area * (1 - o) / (1 + o))
    shrunk = root(4, 2 * total, area * (1 - o))
    grown = root(4 * o, -2 * o * total, area * (o - 1))
    return ldexp(float(min(moved, shrunk, grown)), exponent)


def center_targets(
    truth: Sequence[Objects], num_classes: int, map_size: tuple[int, int], stride: int
) -> CenterTargets:
    """The maps that a detector should give for the objects of N images.

    truth: Objects of each image. map_size: (h, w), in cells. stride: the side of a cell in pixels.

    The Gaussian around a centre has σ = (2 r + 1) / 6, where r is gaussian_radius in cells, rounded
    down. Where Gaussians of one class overlap, the larger value counts. If two centres lie in one
    cell, it holds the size and offset of the smaller box, or of the last of equal boxes. A centre
    outside the image counts for the nearest cell. The heat of a difficult object stays just below
    1, so that it is neither an object to be found nor background.

    Returns: the CenterTargets, in float32.
    Raises: TypeError or ValueError for labels that are not those of a class, boxes without area or
        not finite, and arguments of a wrong kind.
    """
    truth, num_classes = items("truth", truth), class_count("num_classes", num_classes)
    (height, width), stride = pair("map_size", map_size), whole("stride", stride, 1)
    room_for("num_classes and map_size", len(truth), max(num_classes, 4), height, width)
    heat = np.zeros((len(truth), num_classes, height, width), np.float32)
    sizes, offsets = np.zeros((2, len(truth), 2, height, width), np.float32)
    centers = np.zeros((len(truth), height, width), bool)
    num_objects = 0
    for n, objects in enumerate(truth):
        for label, box, counts in countable_objects(n, objects, num_classes):
            middle, size = (box[:2] + box[2:] / 2) / stride, box[2:] / stride
            x, y = cell = np.clip(np.floor(middle).astype(int), 0, (width - 1, height - 1))
            bump = _gaussian((height, width), x, y, np.floor(gaussian_radius(*size)))
            if not counts:
                bump = np.minimum(bump, np.nextafter(np.float32(1), np.float32(0)))
            np.maximum(heat[n, label], bump, out=heat[n, label])
            if counts:
                sizes[n, :, y, x], offsets[n, :, y, x] = size, middle - cell
                centers[n, y, x] = True
                num_objects += 1
    return CenterTargets(heat, sizes, offsets, centers, num_objects)


def countable_objects(n: int, objects: Objects, num_classes: int) -> Iterator[tuple]:
    """(label, box, whether it counts) of each object of image n, the largest box first, so that
    the smallest is written last and stays where several share a cell.

    Raises: what center_targets raises.
    """
    known: Any = records.objects(f"truth[{n}]", objects)
    labels, boxes, counts = known.labels, known.boxes, ~(known.difficult | known.crowd)
    for i, (label, box) in enumerate(zip(labels, boxes, strict=True)):
        if not 0 <= label < num_classes:
            raise ValueError(
                f"truth: object {i} of image {n} has the label {label}, but {num_classes} classes "
                f"have the labels 0 to {num_classes - 1}"
            )
        if not (np.isfinite(box).all() and (box[2:] > 0).all()):
            raise ValueError(
                f"truth: object {i} of image {n} has the box {box.tolist()}, without area"
            )
    order = sorted(
        range(len(boxes)), key=lambda i: float(boxes[i, 2]) * float(boxes[i, 3]), reverse=True
    )
    for i in order:
        yield int(labels[i]), boxes[i], bool(counts[i])


def _gaussian(map_size, x, y, radius):
    """A Gaussian (h, w) that is exactly 1 in cell (x, y)."""
    sigma = (2 * radius + 1) / 6
    rows, columns = (
        np.exp(-((np.arange(n) - at) ** 2) / (2 * sigma**2)).astype(np.float32)
        for n, at in zip(map_size, (y, x), strict=True)
    )
    return rows[:, None] * columns


# ---------------------------------------------------------------- from maps to boxes


def map_stride(image_size: tuple[int, int], map_size: tuple[int, int]) -> int:
    """The stride of maps: the power of 2 for which they have ⌈H / stride⌉ × ⌈W / stride⌉ cells.

    Returns: the side of a cell in pixels, the smallest if there are several.
    Raises: ValueError if there is no such power of 2.
    """
    stride = 1
    while stride < 2 * max(image_size):
        if tuple(map_size) == tuple(-(-n // stride) for n in image_size):
            return stride
        stride *= 2
    raise ValueError(
        f"maps of {tuple(map_size)} do not fit images of {tuple(image_size)}: they need a cell for "
        "every stride × stride pixels, with a stride of 1, 2, 4, …"
    )


def decode_centers(
    maps: Any, stride: int, *, top_k: int = TOP, min_score: float = 0.0, peaks: bool = True
) -> list[Detections]:
    """The boxes in a detector's maps: each peak of the heat is one, with its probability as score.

    maps: Maps, or (heat, sizes, offsets), on the host or on a GPU; heat in logits. A peak is a cell
    in which a 3 × 3 max-pool of stride 1 changes nothing, because the neighbours of a centre are
    high, too, but belong to the same object. Equal neighbours are both peaks, since two objects of
    a class may have their centres in neighbouring cells. With peaks=False every cell counts. An
    image has at most top_k boxes, those with the highest scores of all classes, and none with a
    score below min_score.

    Returns: the Detections of each image, the highest score first. Boxes may reach out of the
        image.
    Raises: ValueError for maps that do not fit each other, a stride or top_k below 1, or a
        min_score outside 0 … 1; TypeError for arguments of a wrong kind.
    """
    stride, top_k = whole("stride", stride, 1), whole("top_k", top_k, 1)
    min_score, peaks = number("min_score", min_score, 0, 1), flag("peaks", peaks)
    heat, sizes, offsets = _maps(maps)
    if peaks:
        heat = xp_of(heat).where(peak_mask(heat), heat, heat.dtype.type(-np.inf))
    scores = to_host(ops.sigmoid(heat))
    sizes, offsets = to_host(sizes), to_host(offsets)
    return [
        _decoded(*of_image, stride, top_k, min_score)
        for of_image in zip(scores, sizes, offsets, strict=True)
    ]


def _maps(maps):
    """Check heat (N, K, h, w), sizes and offsets (N, 2, h, w), and return them."""
    found = items("maps", maps)
    if len(found) != 3:
        raise ValueError(f"maps are {len(found)}, but must be three: heat, sizes and offsets")
    heat, sizes, offsets = found
    check_values(**{"heat of maps": heat})
    check_rank("heat of maps", heat, 4)
    batch, _, *size = heat.shape
    for name, one in ("sizes of maps", sizes), ("offsets of maps", offsets):
        an_array(name, one, (batch, 2, *size))
    return heat, sizes, offsets


def peak_mask(heat: Array) -> Array:
    """The peaks of heat maps (N, K, h, w): the cells of which none of the eight neighbours is
    higher.

    Returns: (N, K, h, w) bool.
    """
    largest, _ = ops.max_pool2d(heat, 3, stride=1, padding=1)
    return largest == heat


def _decoded(scores, sizes, offsets, stride, top_k, min_score):
    """The Detections of one image: scores (K, h, w), sizes and offsets (2, h, w)."""
    flat = scores.reshape(-1)
    able = np.flatnonzero((flat > 0) & (flat >= min_score))
    best = able[np.argsort(-flat[able], kind="stable")[:top_k]]
    labels, y, x = np.unravel_index(best, scores.shape)
    size = np.maximum(sizes[:, y, x].T, 0).astype(np.float64)
    middle = np.stack([x, y], axis=1) + offsets[:, y, x].T
    boxes = stride * np.concatenate([middle - size / 2, size], axis=1)
    return Detections(boxes, flat[best], labels)
