"""Random changes of images, which change their label maps and boxes in the same way.

A sample is an image (C, H, W) with its targets: a label map (H, W); or a class and a box
(x, y, w, h) in pixels; or the classes (n,), boxes (n, 4) and difficult flags (n,) of n objects. A
transform is called with a Generator and a sample, and returns a sample.
"""

from typing import Any

import numpy as np
from PIL import Image
from PIL.Image import Resampling

from nn_scratch.arguments import (
    a_function,
    a_label,
    an_array,
    an_instance,
    filled,
    flags,
    integers,
    room_for,
    whole,
)
from nn_scratch.data.collate import Sample, collate_of
from nn_scratch.data.readers import DataError
from nn_scratch.data.samples import data_set, sample_at
from nn_scratch.geometry import pair
from nn_scratch.validate import check_values, number

Size = int | tuple[int, int]
VISIBLE = 0.25  # an object becomes difficult if a crop leaves less than this share of its box
LEAST = 1.0  # an object is dropped if a crop leaves fewer pixels of its box's width or height


class Transformed:
    """A data set whose samples go through transforms, one after another.

    All random numbers come from `default_rng([seed, epoch, index])`, so that a sample does not
    depend on what was drawn before it, and shuffling, prefetching and resuming change nothing.

    Raises: TypeError or ValueError if the dataset has no length or no `sample(epoch, index)`, if a
        transform is not a function, or if the seed is not a whole number of at least 0.
    """

    def __init__(self, dataset: Any, *transforms: Any, seed: int = 0):
        self.seed = whole("seed", seed)
        self.transforms = [a_function(f"transforms[{i}]", t) for i, t in enumerate(transforms)]
        self.dataset = data_set("dataset", dataset)
        self.collate = collate_of(dataset)

    def __len__(self) -> int:
        """The number of samples of the data set."""
        return len(self.dataset)

    def sample(self, epoch: int, index: int) -> Sample:
        """The sample of the data set, after all transforms.

        Returns: an image and its targets.
        Raises: TypeError or ValueError if epoch or index is not a whole number of at least 0.
        """
        epoch, index = sample_at(epoch, index)
        rng = np.random.default_rng([self.seed, epoch, index])
        sample = self.dataset.sample(epoch, index)
        for transform in self.transforms:
            sample = transform(rng, sample)
        return sample


class HorizontalFlip:
    """Exchanges left and right, with the given probability.

    Raises: TypeError or ValueError for a probability that is not between 0 and 1; when called, for
        what is not a Generator or not a sample.
    """

    def __init__(self, probability: float = 0.5):
        self.probability = number("probability", probability, 0, 1)

    def __call__(self, rng: np.random.Generator, sample: Sample) -> Sample:
        """The changed sample."""
        sample = _sample(sample)
        if _chance(rng).random() >= self.probability:
            return sample
        width = sample[0].shape[2]
        return _moved(
            sample,
            lambda pixels: np.ascontiguousarray(pixels[..., ::-1]),
            lambda x, y, w, h: (width - x - w, y, w, h),
        )


class RandomCrop:
    """Crops a random part of the given size, (h, w) or one number for both.

    If the sample has one box, the crop holds all of it. In a sample with several objects, boxes
    are cut at the borders of the crop. An object becomes difficult if less than a quarter of its
    box is left, since that may not show what the object is, and is dropped if less than a pixel of
    its width or height is left.

    Raises: TypeError or ValueError if `size` is not a positive integer or a pair of them; when
        called, DataError if no crop holds the box, and TypeError or ValueError for what is not a
        Generator or not a sample.
    """

    def __init__(self, size: Size):
        self.size = pair("size", size)

    def __call__(self, rng: np.random.Generator, sample: Sample) -> Sample:
        """The changed sample."""
        rng, sample = _chance(rng), _sample(sample)
        shape, box = sample[0].shape[1:], _box_of(sample)
        corner = [
            _offset(rng, whole, part, _along(box, axis), sample)
            for axis, (whole, part) in enumerate(zip(shape, self.size, strict=True))
        ]
        (top, left), (height, width) = corner, self.size
        moved = _moved(
            sample,
            lambda pixels: pixels[..., top : top + height, left : left + width].copy(),
            lambda x, y, w, h: (x - left, y - top, w, h),
        )
        return _cut(*moved) if _has_objects(sample) else moved


class RandomPlacement:
    """Puts the image at a random place on a larger canvas.

    The canvas is 1 to `factor` times as large as the image, at random, and has the mean colour of
    the image; label maps are surrounded by `fill_label`. If the objects are always in the middle of
    the images, a constant box is nearly right; on a canvas it is not.

    Raises: TypeError or ValueError for a factor below 1 or a fill_label that is not a whole number;
        when called, for what is not a Generator or not a sample.
    """

    def __init__(self, factor: float = 2.0, fill_label: int = 0):
        self.factor = number("factor", factor, 1)
        self.fill_label = a_label("fill_label", fill_label)

    def __call__(self, rng: np.random.Generator, sample: Sample) -> Sample:
        """The changed sample."""
        rng, sample = _chance(rng), _sample(sample, self.fill_label)
        image = sample[0]
        height, width = image.shape[1:]
        scale = rng.uniform(1, self.factor)
        canvas_size = round(scale * height), round(scale * width)
        room_for(f"factor {self.factor} and sample", len(image), *canvas_size)
        top = int(rng.integers(0, canvas_size[0] - height + 1))
        left = int(rng.integers(0, canvas_size[1] - width + 1))
        colour = image.mean(axis=(1, 2), keepdims=True)

        def place(pixels):
            canvas = np.empty((*pixels.shape[:-2], *canvas_size), pixels.dtype)
            canvas[...] = colour if pixels is image else self.fill_label
            canvas[..., top : top + height, left : left + width] = pixels
            return canvas

        return _moved(sample, place, lambda x, y, w, h: (x + left, y + top, w, h))


class Resize:
    """Resizes the image to the given size, (h, w) or one number for both.

    Images are interpolated bilinearly, and averaged where they shrink; labels are those of the
    nearest pixel. Nothing is random.

    Raises: TypeError or ValueError if `size` is not a positive integer or a pair of them; when
        called, for what is not a sample.
    """

    def __init__(self, size: Size):
        self.size = pair("size", size)
        room_for("size", *self.size)

    def __call__(self, rng: np.random.Generator | None, sample: Sample) -> Sample:
        """The changed sample."""
        if rng is not None:
            _chance(rng)
        sample = _sample(sample)
        image = sample[0]
        (height, width), (new_height, new_width) = image.shape[1:], self.size
        down, right = new_height / height, new_width / width

        def stretch(pixels):
            if pixels is image:
                planes = image.astype(np.float32, copy=False)  # Pillow has no float64
                resized = [self._resized(plane, Resampling.BILINEAR) for plane in planes]
                return np.stack(resized).astype(image.dtype, copy=False)
            return self._resized(pixels.astype(np.int32), Resampling.NEAREST).astype(pixels.dtype)

        return _moved(
            sample, stretch, lambda x, y, w, h: (x * right, y * down, w * right, h * down)
        )

    def _resized(self, plane, way):
        """One plane (H, W) in the new size."""
        return np.asarray(Image.fromarray(plane).resize(self.size[::-1], way))


def _chance(rng):
    """Check that `rng` is a Generator, and return it."""
    return an_instance("rng", rng, np.random.Generator)


def _sample(sample, fill_label=None):
    """Check that a sample is one of the kinds above, with a label map that can hold `fill_label`,
    and return it with its targets as arrays."""
    an_instance("sample", sample, tuple)
    if not 1 <= len(sample) <= 4:
        raise ValueError(f"sample has {len(sample)} parts, but must be an image and its targets")
    image, *targets = sample
    check_values(**{"sample[0]": image})
    _, height, width = filled("sample[0]", an_array("sample[0]", image, ("C", "H", "W"))).shape
    if len(sample) == 4:
        labels, boxes, difficult = targets
        count = len(an_array("sample[2]", boxes, ("n", 4)))
        integers("sample[1]", labels, count)
        flags("sample[3]", difficult, count)
        return (image, *map(np.asarray, targets))
    for i, target in enumerate(targets, 1):
        _check_target(f"sample[{i}]", target, (height, width), fill_label)
    return (image, *(t if np.ndim(t) == 0 else np.asarray(t) for t in targets))


def _check_target(name, target, size, fill_label):
    """Check a target: a label map of the image's size that can hold fill_label, a box, or a
    class."""
    if np.ndim(target) == 1:
        an_array(name, target, (4,))
    elif np.ndim(target) == 0:
        integers(name, target)
    else:
        limits = np.iinfo(integers(name, target, *size).dtype)
        if fill_label is not None and not limits.min <= fill_label <= limits.max:
            raise ValueError(f"fill_label is {fill_label}, but {name} holds {limits.dtype}")


def _dtype_of(boxes):
    """The dtype of boxes after a transform: float64 for integers, which may become fractions."""
    return boxes.dtype if boxes.dtype.kind == "f" else np.dtype(np.float64)


def _moved(sample, move_pixels, move_box):
    """The sample after a transform, which is `move_pixels` for the image and the label map, and
    `move_box` for boxes."""
    if _has_objects(sample):
        image, labels, boxes, difficult = sample
        moved_boxes = np.stack(move_box(*boxes.T), axis=-1).astype(_dtype_of(boxes))
        return move_pixels(image), labels, moved_boxes, difficult
    moved = []
    for part in sample:
        if np.ndim(part) >= 2:
            part = move_pixels(part)
        elif np.ndim(part) == 1:
            part = np.array(move_box(*part), _dtype_of(part))
        moved.append(part)
    return tuple(moved)


def _cut(image, labels, boxes, difficult):
    """A sample of several objects with boxes cut at the borders of the image. Objects that are
    hardly visible become difficult, and those that are not visible are dropped."""
    area = boxes[:, 2] * boxes[:, 3]
    size = image.shape[:0:-1]  # (width, height)
    start = np.clip(boxes[:, :2], 0, size)
    extent = np.clip(boxes[:, :2] + boxes[:, 2:], 0, size) - start  # (n, 2), width and height
    seen = (extent >= np.minimum(LEAST, boxes[:, 2:])).all(axis=1) & (extent > 0).all(axis=1)
    hardly = extent.prod(axis=1) < VISIBLE * area
    cut = np.concatenate([start, extent], axis=1).astype(boxes.dtype)
    return image, labels[seen], cut[seen], (difficult | hardly)[seen]


def _has_objects(sample):
    """Whether a sample has classes, boxes and difficult flags of any number of objects."""
    return len(sample) == 4


def _box_of(sample):
    """The box that a crop of the sample must hold, or None."""
    if _has_objects(sample):
        return None
    return next((part for part in sample if np.ndim(part) == 1), None)


def _along(box, axis):
    """The start and end of a box along an axis, the height (0) or the width (1); (None, None)
    without a box."""
    if box is None:
        return None, None
    start = box[1 - axis]
    return start, start + box[3 - axis]


def _offset(rng, whole, part, span, sample):
    """A random offset of a crop of `part` of `whole` pixels that holds the span (start, end)."""
    start, end = span
    first, last = 0, whole - part
    if start is not None:
        first, last = max(0, int(np.ceil(end)) - part), min(last, int(np.floor(start)))
    if last < first:
        raise DataError(
            f"no part of {part} pixels of the sample's image {sample[0].shape}"
            + ("" if start is None else f" holds its box, {start:g} to {end:g}")
        )
    return int(rng.integers(first, last + 1))
