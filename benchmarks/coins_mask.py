"""Make the mask of the photograph of coins: for each pixel, the number of its coin, or 0.

    python benchmarks/coins_mask.py

writes nn_scratch/data/coins/mask.png from photograph.png beside it.

The light is uneven, so that no single threshold separates the coins from the background. A smooth
background is fitted to the pixels outside of the coins, and pixels that are brighter by THRESHOLD
belong to a coin. Then dark places inside of coins are filled, outlines are smoothed by a majority
vote around each pixel, and specks smaller than a coin are removed. The result must be 24 regions,
six in each of four rows, which are numbered row by row from left to right.
"""

from importlib.resources import files

import numpy as np
from PIL import Image, ImageFilter

from nn_scratch.data.coins.photograph import ROWS

IN_A_ROW = 6
DEGREE = 4  # of the polynomial that describes the background
THRESHOLD = 24  # grey values above the background
FITS = 20  # of the background, each without the coins that the fit before has found
MAJORITY = 5  # the side of the square around each pixel whose majority decides
SMALLEST = 800  # pixels of a coin


def background(image, outside):
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
        for row, column in region:  # the list grows during the loop
            for step in (row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1):
                if step in left:
                    left.remove(step)
                    region.append(step)
        found.append(region)
    return found


def painted(shape, regions):
    """A mask that is True in these regions."""
    mask = np.zeros(shape, bool)
    for region in regions:
        mask[tuple(np.transpose(region))] = True
    return mask


def filled(mask):
    """The mask without holes: everything but the largest region outside of it."""
    return ~painted(mask.shape, [max(regions(~mask), key=len)])


def find_coins(image):
    """The numbers of the coins (H, W) in a photograph (H, W) of grey values.

    Raises: ValueError if they are not six in each row.
    """
    outside = np.ones(image.shape, bool)
    for _ in range(FITS):
        bright = image - background(image, outside) > THRESHOLD
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
