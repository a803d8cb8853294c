"""Scenes of handwritten digits: small, real, and never the same twice.

Each scene is drawn from `default_rng([seed, epoch, index])` alone, so that order, prefetching and
resuming change nothing. Train and test scenes use different digits: the archive's first fifth is
for testing, the rest for training. Neighbours in the archive may be of one hand, so the blocks are
contiguous.
"""

from functools import lru_cache
from importlib.resources import files
from itertools import combinations

import numpy as np

from nn_scratch.backend import Array
from nn_scratch.geometry import integer
from nn_scratch.ops.upsample import interpolation_matrix

SIZE = 40
SCALES = (2.0, 2.6)  # of the 8×8 digits
BRIGHTNESS = (0.6, 1.0)
BACKGROUND = (0.0, 0.3)
NOISE = 0.08
EDGE = (0.35, 0.55)  # grey values of an enlarged digit that become no ink and full ink
INK = 0.5  # a pixel with at least this share of ink belongs to the digit
TEST_DIGITS = 360  # the first ones

CLASS_NAMES = ("background", *map(str, range(10)))


@lru_cache(maxsize=1)
def load_digits() -> tuple[Array, Array]:
    """The 1,797 handwritten digits of the UCI archive.

    Returns: images (1797, 8, 8) with values from 0 to 1, labels (1797,).
    """
    with (files("nn_scratch.data") / "digits.npz").open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        return archive["images"] / 16.0, archive["labels"].astype(np.int64)


class _DigitScenes:
    """What both kinds of scenes share: which digits, how many scenes, how one is drawn."""

    def __init__(self, split: str, count: int, seed: int = 0):
        if split not in ("train", "test"):
            raise ValueError(f'split is {split!r}, but must be "train" or "test"')
        images, labels = load_digits()
        part = slice(TEST_DIGITS, None) if split == "train" else slice(TEST_DIGITS)
        self.images, self.labels = images[part], labels[part]
        self.count = integer("count", count, least=0)
        self.seed = integer("seed", seed, least=0)

    def __len__(self) -> int:
        """How many scenes an epoch has."""
        return self.count

    def _draw(self, epoch, index, digits=None):
        """A scene of `digits` digits, or of one or two: image (SIZE, SIZE), label map of the same
        size, and for each digit its class and its tight box."""
        rng = np.random.default_rng([self.seed, epoch, index])
        placed = self._place(rng, digits or int(rng.integers(1, 3)))
        ink = np.zeros((SIZE, SIZE))
        label_map = np.zeros((SIZE, SIZE), np.int64)
        for patch, label, (top, left), _ in placed:
            region = slice(top, top + len(patch)), slice(left, left + len(patch))
            ink[region] = np.maximum(ink[region], rng.uniform(*BRIGHTNESS) * patch)
            label_map[region][patch >= INK] = label + 1
        image = ink + rng.uniform(*BACKGROUND) * (1 - ink) + NOISE * rng.standard_normal(ink.shape)
        _, classes, _, boxes = zip(*placed, strict=True)
        return image.astype(np.float32), label_map, classes, boxes

    def _place(self, rng, digits):
        """Random digits at random places, drawn until no two tight boxes meet:
        (patch, label, (top, left), box) of each."""
        while True:
            placed = [self._place_one(rng) for _ in range(digits)]
            if not any(_meet(a[3], b[3]) for a, b in combinations(placed, 2)):
                return placed

    def _place_one(self, rng):
        chosen = int(rng.integers(len(self.images)))
        patch = _scaled(self.images[chosen], rng.uniform(*SCALES))
        top, left = (int(n) for n in rng.integers(0, SIZE - len(patch) + 1, 2))
        return (
            patch,
            int(self.labels[chosen]),
            (top, left),
            _tight_box(patch >= INK, top, left),
        )


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
        """
        image, _, (label,), (box,) = self._draw(epoch, index, digits=1)
        return image[None], np.int64(label), np.array(box, np.float32)


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


def _meet(a, b):
    """Whether two boxes share a pixel."""
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
