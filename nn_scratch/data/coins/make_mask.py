"""Makes mask.png of photograph.png: which of the 24 coins each pixel belongs to, 0 for none.

    python -m nn_scratch.data.coins.make_mask

The plate is lit unevenly, so that no single threshold parts coins from ground. A smooth ground is
fitted to the pixels that are no coin, and what is brighter than it by THRESHOLD is coin. Then the
result is corrected: dark reliefs within a coin are filled, the outline is smoothed by a majority
around each pixel, and specks that are smaller than any coin are removed. What is left must be 24
regions, six in each of four rows; they are numbered row by row, from left to right.
"""

from importlib.resources import files

import numpy as np
from PIL import Image, ImageFilter

from nn_scratch.data.coins.photograph import ROWS

IN_A_ROW = 6
DEGREE = 4  # of the polynomial that the ground is
THRESHOLD = 24  # grey values above the ground
FITS = 20  # of the ground, each without the coins that the last one found
MAJORITY = 5  # pixels of the square around each pixel that decides on it
SMALLEST = 800  # pixels of a coin


def ground(image, outside):
    """A polynomial in both coordinates, fitted to the pixels outside of all coins."""
    y, x = (np.linspace(-1, 1, n) for n in image.shape)
    powers = [(i, j) for i in range(DEGREE + 1) for j in range(DEGREE + 1 - i)]
    terms = np.stack([np.outer(y**i, x**j) for i, j in powers], axis=-1)
    weights, *_ = np.linalg.lstsq(terms[outside], image[outside], rcond=None)
    return terms @ weights


def regions(mask):
    """The regions of True pixels that touch along an edge, each as a list of (row, column)."""
    left, found = set(zip(*(axis.tolist() for axis in mask.nonzero()), strict=True)), []
    while left:
        region = [left.pop()]
        for row, column in region:  # grows meanwhile
            for step in (row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1):
                if step in left:
                    left.remove(step)
                    region.append(step)
        found.append(region)
    return found


def painted(shape, regions):
    """A mask of these regions."""
    mask = np.zeros(shape, bool)
    for region in regions:
        mask[tuple(np.transpose(region))] = True
    return mask


def filled(mask):
    """The mask without holes: all that is not the largest region of its outside."""
    return ~painted(mask.shape, [max(regions(~mask), key=len)])


def find_coins(image):
    """The numbers of the coins (H, W) in a photograph (H, W) of grey values.

    Raises: ValueError if they are not six in each row.
    """
    outside = np.ones(image.shape, bool)
    for _ in range(FITS):
        bright = image - ground(image, outside) > THRESHOLD
        outside = ~bright
    square = ImageFilter.MedianFilter(MAJORITY)
    smooth = np.asarray(Image.fromarray(np.uint8(filled(bright)) * 255).filter(square)) > 0
    coins = [region for region in regions(filled(smooth)) if len(region) >= SMALLEST]
    centres = [np.mean(region, axis=0) for region in coins]
    row_of = [sum(y >= end for _, end in ROWS) for y, _ in centres]
    if np.bincount(row_of, minlength=len(ROWS)).tolist() != [IN_A_ROW] * len(ROWS):
        raise ValueError(f"{len(coins)} regions, in rows {sorted(row_of)}")
    order = sorted(range(len(coins)), key=lambda i: (row_of[i], centres[i][1]))
    numbers = np.zeros(image.shape, np.uint8)
    for number, place in enumerate(order, 1):
        numbers[painted(image.shape, [coins[place]])] = number
    return numbers


if __name__ == "__main__":
    folder = files("nn_scratch.data.coins")
    photograph = Image.open(str(folder / "photograph.png"))
    mask = find_coins(np.asarray(photograph, np.float64))
    Image.fromarray(mask).save(str(folder / "mask.png"), optimize=True)
    print(f"{mask.max()} coins, {(mask > 0).mean():.1%} of the pixels")
