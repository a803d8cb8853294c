"""A photograph of coins, the only photograph that comes with the library, as data sets.

It is used at half its size, at which coins are as large as the digits of the scenes. The upper two
rows of coins are for training, the third for validation, and the lowest for testing. The script
benchmarks/coins_mask.py made the masks, and the boxes are those of the masks.
"""

from functools import lru_cache
from importlib.resources import files
from typing import ClassVar

import numpy as np
from PIL import Image

from nn_scratch.arguments import one_of, whole
from nn_scratch.backend import Array
from nn_scratch.data.collate import collate_objects
from nn_scratch.data.samples import sample_at, tight_box

ROWS = (0, 84), (84, 150), (150, 224), (224, 303)  # in pixels; each row has six coins
VIEW = 40, 192  # height and width of a row of coins, at half the size
VIEWS = {"train": (0, 75), "validation": (74, 114), "test": (111, 151)}  # in pixels, at half size
COIN_NAMES = ("background", "coin")


@lru_cache(maxsize=1)
def load_coins() -> tuple[Array, Array]:
    """The photograph, and the number of the coin that each pixel belongs to.

    Returns: image (303, 384) float32 from 0 to 1, and numbers (303, 384) int64: 1 to 24, row by row
        from left to right, and 0 outside of the coins.
    """
    pictures = []
    for name in "photograph.png", "mask.png":
        with (files("nn_scratch.data.coins") / name).open("rb") as file:
            pictures.append(np.asarray(Image.open(file)))
    return pictures[0].astype(np.float32) / 255, pictures[1].astype(np.int64)


class _CoinViews:
    """The base of both data sets: the rows of a split, repeated `count` times in an epoch.

    All samples of a split are the same; transforms make small random crops of them.
    """

    classes: ClassVar[int]

    def __init__(self, split: str, count: int = 1):
        top, bottom = VIEWS[one_of("split", split, VIEWS)]
        self.count = whole("count", count)
        image, numbers = load_coins()
        self.image = _blocks(image)[top:bottom].mean(axis=-1)[None]
        self.inside = {}  # for each coin, the half-size pixels of which it covers at least half
        for number in range(1, int(numbers.max()) + 1):
            covered = _blocks(numbers == number)[top:bottom].mean(axis=-1) >= 0.5
            if covered.any():
                self.inside[number] = covered

    def __len__(self) -> int:
        """The number of samples in an epoch."""
        return self.count


class CoinSegmentation(_CoinViews):
    """Rows of coins, with a label for every pixel.

    split: "train" (the upper two rows), "validation" (the third) or "test" (the lowest). count: the
    number of samples in an epoch, which are all the same.

    Raises: TypeError or ValueError for another split, or if count is not a whole number of at least
        0.
    """

    classes = len(COIN_NAMES)

    def sample(self, epoch: int, index: int) -> tuple[Array, Array]:
        """The rows, the same every time.

        Returns: image (1, H, 192) float32 from 0 to 1, and label map (H, 192) int64, which is 1
            where there is a coin; H is 75 in training, else 40.
        Raises: TypeError or ValueError if epoch or index is not a whole number of at least 0.
        """
        sample_at(epoch, index)
        labels = np.any(list(self.inside.values()), axis=0).astype(np.int64)
        return self.image.copy(), labels


class CoinDetection(_CoinViews):
    """Rows of coins, with the box of each coin.

    split: "train" (the upper two rows), "validation" (the third) or "test" (the lowest). count: the
    number of samples in an epoch, which are all the same.

    Raises: TypeError or ValueError for another split, or if count is not a whole number of at least
        0.
    """

    classes = 1
    collate = staticmethod(collate_objects)

    def sample(self, epoch: int, index: int) -> tuple[Array, Array, Array, Array]:
        """The rows, the same every time.

        Returns: image (1, H, 192) float32 from 0 to 1, where H is 75 in training, else 40; labels
            (n,) int64, all 0; boxes (n, 4) float32 as (x, y, w, h) in pixels; and difficult (n,)
            bool, which is False for all of them.
        Raises: TypeError or ValueError if epoch or index is not a whole number of at least 0.
        """
        sample_at(epoch, index)
        boxes = [tight_box(covered) for covered in self.inside.values()]
        labels, difficult = np.zeros(len(boxes), np.int64), np.zeros(len(boxes), bool)
        return self.image.copy(), labels, np.array(boxes, np.float32), difficult


def _blocks(plane):
    """A plane (H, W) as blocks of 2×2 pixels, (H // 2, W // 2, 4), without an odd last row or
    column."""
    height, width = (side // 2 for side in plane.shape)
    blocks = plane[: 2 * height, : 2 * width].reshape(height, 2, width, 2)
    return blocks.swapaxes(1, 2).reshape(height, width, 4)
