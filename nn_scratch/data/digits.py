"""Scenes of handwritten digits: small, real, and never the same twice.

Each scene is drawn from `default_rng([seed, epoch, index])` alone, so that order, prefetching and
resuming change nothing. Train and test scenes use different digits: the archive's first fifth is
for testing, the rest for training, of which detection keeps a part to validate on. Neighbours in
the archive may be of one hand, so the blocks are contiguous.
"""

from functools import lru_cache
from importlib.resources import files
from itertools import combinations, islice
from typing import ClassVar, NamedTuple

import numpy as np

from nn_scratch.arguments import one_of, room_for, whole
from nn_scratch.backend import Array
from nn_scratch.data.collate import collate_objects
from nn_scratch.data.samples import sample_at
from nn_scratch.geometry import pair
from nn_scratch.ops.upsample import interpolation_matrix
from nn_scratch.validate import number

SIZE = 40
SCALES = (2.0, 2.6)  # of the 8×8 digits
DETECTION_SCALES = (1.5, 3.0)
TRIES = 100  # to find a place for a digit among others
BRIGHTNESS = (0.6, 1.0)
BACKGROUND = (0.0, 0.3)
NOISE = 0.08
EDGE = (0.35, 0.55)  # grey values of an enlarged digit that become no ink and full ink
INK = 0.5  # a pixel with at least this share of ink belongs to the digit
TEST_DIGITS = 360  # the first ones
MOST_DIGITS = 10_000  # of a scene
VALIDATION_DIGITS = 240  # the next ones, in detection

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
    """A digit in a scene: its ink (P, P) from 0 to 1, what it is, where the ink's square begins
    (top, left), and its tight box (x, y, w, h)."""

    ink: Array
    label: int
    corner: tuple[int, int]
    box: tuple[int, int, int, int]

    @property
    def region(self):
        """The part of the scene that the ink covers."""
        (top, left), side = self.corner, len(self.ink)
        return slice(top, top + side), slice(left, left + side)


class _DigitScenes:
    """What all kinds of scenes share: which digits, how many scenes, how one is drawn."""

    blocks: ClassVar = {"train": slice(TEST_DIGITS, None), "test": slice(TEST_DIGITS)}

    def __init__(self, split: str, count: int, seed: int = 0):
        part = self.blocks[one_of("split", split, self.blocks)]
        self.count, self.seed = whole("count", count), whole("seed", seed)
        images, labels = load_digits()
        self.images, self.labels = images[part], labels[part]

    def __len__(self) -> int:
        """How many scenes an epoch has."""
        return self.count

    def _rng(self, epoch, index):
        """The source of all chance in a scene."""
        return np.random.default_rng([self.seed, *sample_at(epoch, index)])

    def _draw(self, epoch, index, digits=None):
        """A scene of `digits` digits, or of one or two: image (SIZE, SIZE), label map of the same
        size, and for each digit its class and its tight box."""
        rng = self._rng(epoch, index)
        placed = self._place(rng, digits or int(rng.integers(1, 3)))
        label_map = np.zeros((SIZE, SIZE), np.int64)
        for digit in placed:
            label_map[digit.region][digit.ink >= INK] = digit.label + 1
        _, classes, _, boxes = zip(*placed, strict=True)
        return _image(rng, placed, SIZE), label_map, classes, boxes

    def _place(self, rng, digits):
        """Random digits at random places, drawn until no two tight boxes meet."""
        while True:
            placed = [_somewhere(rng, *self._digit(rng), SIZE) for _ in range(digits)]
            if not any(_common_area(a.box, b.box) for a, b in combinations(placed, 2)):
                return placed

    def _digit(self, rng):
        """A random digit, enlarged at random: its ink, and what it is."""
        chosen = int(rng.integers(len(self.images)))
        return _scaled(self.images[chosen], self._scale(rng)), int(self.labels[chosen])

    @staticmethod
    def _scale(rng):
        """How much a digit is enlarged."""
        return rng.uniform(*SCALES)


class DigitSegmentation(_DigitScenes):
    """Scenes of one or two digits, with a label for every pixel.

    split: "train" or "test", which have different digits. count: scenes in each epoch, which are
    new ones every time. seed: of all of them.

    Raises: TypeError or ValueError for another split, and for a count or seed that is none.
    """

    classes = len(CLASS_NAMES)

    def sample(self, epoch: int, index: int) -> tuple[Array, Array]:
        """A scene, the same every time.

        Returns: image (1, 40, 40) float32, and label map (40, 40) int64: digit + 1 where there is
        ink, else 0.
        Raises: TypeError or ValueError for an epoch or an index that is none.
        """
        image, label_map, _, _ = self._draw(epoch, index)
        return image[None], label_map


class DigitLocalization(_DigitScenes):
    """Scenes of one digit: what it is, and where.

    split: "train" or "test", which have different digits. count: scenes in each epoch, which are
    new ones every time. seed: of all of them.

    Raises: TypeError or ValueError for another split, and for a count or seed that is none.
    """

    classes = 10

    def sample(self, epoch: int, index: int) -> tuple[Array, np.int64, Array]:
        """A scene, the same every time.

        Returns: image (1, 40, 40) float32, the digit, and its box (4,) float32, (x, y, w, h) in
        pixels: the smallest that holds all of its ink.
        Raises: TypeError or ValueError for an epoch or an index that is none.
        """
        image, _, (label,), (box,) = self._draw(epoch, index, digits=1)
        return image[None], np.int64(label), np.array(box, np.float32)


class DigitDetection(_DigitScenes):
    """Scenes of several digits: what they are, and where.

    split: "train", "validation" or "test", which have different digits. count: scenes in each
    epoch, which are new ones every time. seed: of all of them.

    size: of the scenes, which are square. digits: the least and the most in a scene, each number
    equally likely; one number for always the same, and 0 for empty scenes. A digit that finds no
    place after TRIES of them is left out, so that scenes too small for all have fewer. overlap: how
    much two tight boxes may share at most, as a part of the smaller one: with 0 no pixel, with 1
    one may lie within another.

    Digits are written into squares of 12 to 24 pixels, small ones more often: all ratios of size
    are equally likely.

    Raises: TypeError or ValueError for another split, and for numbers that make no sense.
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

        Returns: image (1, size, size) float32; the digits (n,) int64; their boxes (n, 4) float32,
        (x, y, w, h) in pixels, each the smallest that holds all of its ink; and difficult (n,)
        bool, which none of them is.
        Raises: TypeError or ValueError for an epoch or an index that is none.
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
        """As of the others, but all ratios of size are equally likely."""
        return np.exp(rng.uniform(*np.log(DETECTION_SCALES)))

    def _fits(self, digit, placed):
        """Whether a digit shares no more with others than it may."""
        area = digit.box[2] * digit.box[3]
        return all(
            _common_area(digit.box, other.box)
            <= self.overlap * min(area, other.box[2] * other.box[3])
            for other in placed
        )


def _image(rng, placed, size):
    """The image (size, size) of digits: each of its own brightness, on a grey ground, with
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
    return _Placed(ink, label, (top, left), _tight_box(ink >= INK, top, left))


def _scaled(digit, scale):
    """The digit enlarged to a square of round(8·scale) pixels, bilinearly, with its blurred edges
    made steep again: ink from 0 to 1.

    The last bits, which differ between BLAS libraries, are rounded away: INK is met exactly by
    some pixels, and every machine must see the same label there.
    """
    matrix = interpolation_matrix(8, round(8 * scale))
    grey = np.round(matrix @ digit @ matrix.T, 9)  # (P, 8) (8, 8) (8, P) -> (P, P)
    return np.clip((grey - EDGE[0]) / (EDGE[1] - EDGE[0]), 0, 1)


def _tight_box(mask, top, left):
    """(x, y, w, h) of the True pixels of a mask whose corner lies at (left, top)."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        left + int(columns[0]),
        top + int(rows[0]),
        int(columns[-1] - columns[0]) + 1,
        int(rows[-1] - rows[0]) + 1,
    )


def _common_area(a, b):
    """How many pixels two boxes share."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(width, 0) * max(height, 0)
