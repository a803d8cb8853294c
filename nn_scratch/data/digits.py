"""Scenes of handwritten digits, which are new in every epoch.

Each scene is drawn from `default_rng([seed, epoch, index])` alone, so that order, prefetching and
resuming change nothing. Training and test scenes use different digits: the first fifth of the
archive is for testing, the rest for training, and detection keeps a part of the rest for
validation. These parts are contiguous, because neighbours in the archive may be by one writer.

With the same seed, epoch and index every split draws the same random numbers: places, sizes and
noise are mostly alike, and only the digits differ. Give the test another seed where these should be
new as well.
"""

from functools import lru_cache
from importlib.resources import files
from itertools import combinations, islice
from typing import ClassVar, NamedTuple

import numpy as np

from nn_scratch.arguments import one_of, room_for, whole
from nn_scratch.backend import Array
from nn_scratch.data.collate import collate_objects
from nn_scratch.data.samples import sample_at, tight_box
from nn_scratch.geometry import pair
from nn_scratch.ops.upsample import interpolation_matrix
from nn_scratch.validate import number

SIZE = 40
SCALES = (2.0, 2.6)  # how much the 8×8 digits are enlarged
DETECTION_SCALES = (1.5, 3.0)
TRIES = 100  # random places that are tried for a digit among others
BRIGHTNESS = (0.6, 1.0)
BACKGROUND = (0.0, 0.3)
NOISE = 0.08
EDGE = (0.35, 0.55)  # grey values of an enlarged digit that become no ink and full ink
INK = 0.5  # a pixel with at least this share of ink belongs to the digit
TEST_DIGITS = 360  # the first ones of the archive
VALIDATION_DIGITS = 240  # the next ones, in detection
MOST_DIGITS = 10_000  # in a scene

CLASS_NAMES = ("background", *map(str, range(10)))


@lru_cache(maxsize=1)
def load_digits() -> tuple[Array, Array]:
    """The 1,797 handwritten digits of the UCI archive.

    Returns: images (1797, 8, 8) with values from 0 to 1, labels (1797,).
    """
    with (files("nn_scratch.data") / "digits.npz").open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        return archive["images"] / 16.0, archive["labels"].astype(np.int64)


class _Placed(NamedTuple):
    """A digit in a scene: its ink (P, P) from 0 to 1, its class, the corner (top, left) of the
    ink's square, and its tight box (x, y, w, h)."""

    ink: Array
    label: int
    corner: tuple[int, int]
    box: tuple[int, int, int, int]

    @property
    def region(self):
        """The slices of the scene that the ink's square covers."""
        (top, left), side = self.corner, len(self.ink)
        return slice(top, top + side), slice(left, left + side)


class _DigitScenes:
    """The base of all kinds of scenes: the digits of a split, and how a scene is drawn."""

    blocks: ClassVar = {"train": slice(TEST_DIGITS, None), "test": slice(TEST_DIGITS)}

    def __init__(self, split: str, count: int, seed: int = 0):
        part = self.blocks[one_of("split", split, self.blocks)]
        self.count, self.seed = whole("count", count), whole("seed", seed)
        images, labels = load_digits()
        self.images, self.labels = images[part], labels[part]

    def __len__(self) -> int:
        """The number of scenes in an epoch."""
        return self.count

    def _rng(self, epoch, index):
        """The generator from which all of a scene is drawn."""
        return np.random.default_rng([self.seed, *sample_at(epoch, index)])

    def _draw(self, epoch, index, digits=None):
        """A scene of `digits` digits, or by default of one or two: image (SIZE, SIZE), label map
        (SIZE, SIZE), and the class and the tight box of each digit."""
        rng = self._rng(epoch, index)
        placed = self._place(rng, digits or int(rng.integers(1, 3)))
        label_map = np.zeros((SIZE, SIZE), np.int64)
        for digit in placed:
            label_map[digit.region][digit.ink >= INK] = digit.label + 1
        _, classes, _, boxes = zip(*placed, strict=True)
        return _image(rng, placed, SIZE), label_map, classes, boxes

    def _place(self, rng, digits):
        """Random digits at random places, drawn again until no two tight boxes overlap."""
        while True:
            placed = [_somewhere(rng, *self._digit(rng), SIZE) for _ in range(digits)]
            if not any(_common_area(a.box, b.box) for a, b in combinations(placed, 2)):
                return placed

    def _digit(self, rng):
        """The ink and the class of a random digit, enlarged at random."""
        chosen = int(rng.integers(len(self.images)))
        return _scaled(self.images[chosen], self._scale(rng)), int(self.labels[chosen])

    @staticmethod
    def _scale(rng):
        """A random factor by which a digit is enlarged."""
        return rng.uniform(*SCALES)


class DigitSegmentation(_DigitScenes):
    """Scenes of one or two digits, with a label for every pixel.

    split: "train" or "test", which have different digits. count: the number of scenes in an epoch;
    every epoch has new ones. seed: of all random choices.

    Raises: TypeError or ValueError for another split, or if count or seed is not a whole number of
        at least 0.
    """

    classes = len(CLASS_NAMES)

    def sample(self, epoch: int, index: int) -> tuple[Array, Array]:
        """A scene, the same every time.

        Returns: image (1, 40, 40) float32, and label map (40, 40) int64: digit + 1 where there is
            ink, else 0.
        Raises: TypeError or ValueError if epoch or index is not a whole number of at least 0.
        """
        image, label_map, _, _ = self._draw(epoch, index)
        return image[None], label_map


class DigitLocalization(_DigitScenes):
    """Scenes of one digit, with its class and its box.

    split: "train" or "test", which have different digits. count: the number of scenes in an epoch;
    every epoch has new ones. seed: of all random choices.

    Raises: TypeError or ValueError for another split, or if count or seed is not a whole number of
        at least 0.
    """

    classes = 10

    def sample(self, epoch: int, index: int) -> tuple[Array, np.int64, Array]:
        """A scene, the same every time.

        Returns: image (1, 40, 40) float32, the digit, and its box (4,) float32 as (x, y, w, h) in
            pixels, the smallest that holds all of its ink.
        Raises: TypeError or ValueError if epoch or index is not a whole number of at least 0.
        """
        image, _, (label,), (box,) = self._draw(epoch, index, digits=1)
        return image[None], np.int64(label), np.array(box, np.float32)


class DigitDetection(_DigitScenes):
    """Scenes of several digits, with their classes and boxes.

    split: "train", "validation" or "test", which have different digits.
    count: the number of scenes in an epoch; every epoch has new ones.
    seed: of all random choices.
    size: the sides of the scenes in pixels.
    digits: the least and the most digits in a scene, between which all numbers are equally likely,
        or one number for all scenes. A digit for which no place is found is left out, so that
        scenes that are too small have fewer.
    overlap: the largest allowed intersection of two tight boxes, as a fraction of the smaller box:
        with 0 they have no pixel in common, with 1 one may lie within the other.

    Digits are enlarged to squares of 12 to 24 pixels; the logarithm of the side is uniformly
    distributed.

    Raises: TypeError or ValueError for another split, or for numbers out of range.
    """

    classes = 10
    blocks: ClassVar = {
        "train": slice(TEST_DIGITS + VALIDATION_DIGITS, None),
        "validation": slice(TEST_DIGITS, TEST_DIGITS + VALIDATION_DIGITS),
        "test": slice(TEST_DIGITS),
    }
    collate = staticmethod(collate_objects)

    def __init__(
        self,
        split: str,
        count: int,
        seed: int = 0,
        *,
        size: int = 64,
        digits: int | tuple[int, int] = (1, 6),
        overlap: float = 0.1,
    ):
        super().__init__(split, count, seed)
        self.size = whole("size", size, round(8 * DETECTION_SCALES[1]))
        room_for("size", self.size, self.size)
        least, most = pair("digits", digits, least=0)
        self.digits = least, whole("digits", most, least, MOST_DIGITS)
        self.overlap = number("overlap", overlap, 0, 1)

    def sample(self, epoch: int, index: int) -> tuple[Array, Array, Array, Array]:
        """A scene, the same every time.

        Returns: image (1, size, size) float32; the digits (n,) int64; their boxes (n, 4) float32 as
            (x, y, w, h) in pixels, each the smallest that holds all of its ink; and difficult (n,)
            bool, which is False for all of them.
        Raises: TypeError or ValueError if epoch or index is not a whole number of at least 0.
        """
        rng = self._rng(epoch, index)
        placed: list[_Placed] = []
        for _ in range(int(rng.integers(self.digits[0], self.digits[1] + 1))):
            ink, label = self._digit(rng)
            tried = (_somewhere(rng, ink, label, self.size) for _ in range(TRIES))
            placed += islice((digit for digit in tried if self._fits(digit, placed)), 1)
        labels = np.array([digit.label for digit in placed], np.int64)
        boxes = np.array([digit.box for digit in placed], np.float32).reshape(-1, 4)
        image = _image(rng, placed, self.size)
        return image[None], labels, boxes, np.zeros(len(placed), bool)

    @staticmethod
    def _scale(rng):
        """A random factor whose logarithm is uniformly distributed."""
        return np.exp(rng.uniform(*np.log(DETECTION_SCALES)))

    def _fits(self, digit, placed):
        """Whether a digit overlaps none of the others by more than is allowed."""
        area = digit.box[2] * digit.box[3]
        return all(
            _common_area(digit.box, other.box)
            <= self.overlap * min(area, other.box[2] * other.box[3])
            for other in placed
        )


def _image(rng, placed, size):
    """The image (size, size) of digits, each of random brightness, on a grey background with
    noise."""
    ink = np.zeros((size, size))
    for digit in placed:
        part = ink[digit.region]
        np.maximum(part, rng.uniform(*BRIGHTNESS) * digit.ink, out=part)
    image = ink + rng.uniform(*BACKGROUND) * (1 - ink) + NOISE * rng.standard_normal(ink.shape)
    return image.astype(np.float32)


def _somewhere(rng, ink, label, size):
    """A digit at a random place in a scene of size×size pixels."""
    top, left = (int(n) for n in rng.integers(0, size - len(ink) + 1, 2))
    x, y, width, height = tight_box(ink >= INK)
    return _Placed(ink, label, (top, left), (left + x, top + y, width, height))


def _scaled(digit, scale):
    """The ink, from 0 to 1, of a digit enlarged to a square of round(8·scale) pixels by bilinear
    interpolation, with its edges made sharp again.

    The last bits, which differ between BLAS libraries, are rounded away. Some pixels have exactly
    the value INK, and their labels must be the same on every machine.
    """
    matrix = interpolation_matrix(8, round(8 * scale))
    grey = np.round(matrix @ digit @ matrix.T, 9)  # (P, 8) (8, 8) (8, P) -> (P, P)
    return np.clip((grey - EDGE[0]) / (EDGE[1] - EDGE[0]), 0, 1)


def _common_area(a, b):
    """The number of pixels that two boxes have in common."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(width, 0) * max(height, 0)
