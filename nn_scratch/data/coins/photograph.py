"""The photograph of coins, cut into its rows: one real picture that comes with the library.

It is used at half its size, where coins are as large as the digits of the scenes. The upper two
rows are for training, the third one to validate on, and the lowest to test on. Masks were made by
make_mask.py; boxes are those of the masks.
"""

from functools import lru_cache
from importlib.resources import files
from typing import ClassVar

import numpy as np
from PIL import Image

from nn_scratch.arguments import one_of, whole
from nn_scratch.backend import Array
from nn_scratch.data.collate import collate_objects
from nn_scratch.data.samples import sample_at

ROWS = (0, 84), (84, 150), (150, 224), (224, 303)  # pixels of the photograph, each with six coins
VIEW = 40, 192  # pixels at half the size: a row
VIEWS = {"train": (0, 75), "validation": (74, 114), "test": (111, 151)}  # rows at half the size
COIN_NAMES = ("background", "coin")


@lru_cache(maxsize=1)
def load_coins() -> tuple[Array, Array]:
    """The photograph, and which coin each of its pixels belongs to.

    Returns: image (303, 384) float32 from 0 to 1, and numbers (303, 384) int64: 1 to 24, row by row
    from left to right, or 0 for none.
    """
    pictures = []
    for name in "photograph.png", "mask.png":
        with (files("nn_scratch.data.coins") / name).open("rb") as file:
            pictures.append(np.asarray(Image.open(file)))
    return pictures[0].astype(np.float32) / 255, pictures[1].astype(np.int64)


class _CoinViews:
    """What both kinds of views share: which rows, how many times.

    A view is the same each time; transforms make small crops of it.
    """

    classes: ClassVar[int]

    def __init__(self, split: str, count: int = 1):
        top, bottom = VIEWS[one_of("split", split, VIEWS)]
        self.count = whole("count", count)
        image, numbers = load_coins()
        self.image = _blocks(image)[top:bottom].mean(axis=-1)[None]
        self.inside = {}  # of each coin, the half-size pixels that it covers at least half of
        for number in range(1, int(numbers.max()) + 1):
            covered = _blocks(numbers == number)[top:bottom].mean(axis=-1) >= 0.5
            if covered.any():
                self.inside[number] = covered

    def __len__(self) -> int:
        """How many views an epoch has."""
        return self.count


class CoinSegmentation(_CoinViews):
    """Rows of coins, with a label for every pixel.

    split: "train" (the upper two rows), "validation" (the third) or "test" (the lowest). count: how
    many times, in each epoch.

    Raises: TypeError or ValueError for another split, and for a count that is none.
    """

    classes = len(COIN_NAMES)

    def sample(self, epoch: int, index: int) -> tuple[Array, Array]:
        """The rows, the same every time.

        Returns: image (1, H, 192) float32 from 0 to 1, and label map (H, 192) int64, 1 where there
        is a coin; H is 75 in training, else 40.
        Raises: TypeError or ValueError for an epoch or an index that is none.
        """
        sample_at(epoch, index)
        labels = np.any(list(self.inside.values()), axis=0).astype(np.int64)
        return self.image.copy(), labels


class CoinDetection(_CoinViews):
    """Rows of coins, and the box of each.

    split: "train" (the upper two rows), "validation" (the third) or "test" (the lowest). count: how
    many times, in each epoch.

    Raises: TypeError or ValueError for another split, and for a count that is none.
    """

    classes = 1
    collate = staticmethod(collate_objects)

    def sample(self, epoch: int, index: int) -> tuple[Array, Array, Array, Array]:
        """The rows, the same every time.

        Returns: image (1, H, 192) float32 from 0 to 1, where H is 75 in training, else 40; labels
        (n,) int64, all 0; boxes (n, 4) float32, (x, y, w, h) in pixels; and difficult (n,) bool,
        which none of them is.
        Raises: TypeError or ValueError for an epoch or an index that is none.
        """
        sample_at(epoch, index)
        boxes = [_tight_box(covered) for covered in self.inside.values()]
        labels, difficult = np.zeros(len(boxes), np.int64), np.zeros(len(boxes), bool)
        return self.image.copy(), labels, np.array(boxes, np.float32), difficult


def _blocks(plane):
    """A plane as blocks of 2×2 pixels, (H // 2, W // 2, 4); an odd last row is left out."""
    height, width = (side // 2 for side in plane.shape)
    blocks = plane[: 2 * height, : 2 * width].reshape(height, 2, width, 2)
    return blocks.swapaxes(1, 2).reshape(height, width, 4)


def _tight_box(mask):
    """(x, y, w, h) of the True pixels of a mask."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return columns[0], rows[0], np.ptp(columns) + 1, np.ptp(rows) + 1
