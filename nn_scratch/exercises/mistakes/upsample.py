"""Mistakes in upsampling without switches."""

from itertools import permutations

import numpy as np

from nn_scratch import naive
from nn_scratch.exercises.mistakes.mistake import register

FOUND = []
mistake = register(FOUND)
later = register(FOUND, rank=1)


@mistake(
    "bed_of_nails_unpool2d bed_of_nails_unpool2d_backward",
    "whole_blocks",
    "Every pixel of a block counts, as with nearest unpooling.",
    "How many pixels of y depend on one pixel of x?",
)
def whole_blocks(case):
    if "y" in case.right:
        yield {"y": naive.nearest_unpool2d(case["x"], case["scale"])}
    else:
        sums = naive.nearest_unpool2d_backward(case["dy"], case["scale"])
        yield {"dx": sums}
        yield {"dx": sums / np.prod(case.pairs("scale")[0])}


@mistake(
    "nearest_unpool2d nearest_unpool2d_backward",
    "tiled",
    "The whole image is repeated, not each pixel.",
    "Which is right for the row 1 2: 1 1 2 2, or 1 2 1 2?",
)
def tiled(case):
    sh, sw = case.pairs("scale")[0]
    if "y" in case.right:
        yield {"y": np.tile(case["x"], (1, 1, sh, sw))}
    else:
        n, c, height, width = case["dy"].shape
        blocks = case["dy"].reshape(n, c, sh, height // sh, sw, width // sw)
        yield {"dx": blocks.sum(axis=(2, 4))}


@mistake(
    "bed_of_nails_unpool2d bed_of_nails_unpool2d_backward",
    "wrong_corner",
    "The nail stands at another place of its block than the top left.",
    "Which pixel of a block has the row and the column 0?",
)
def wrong_corner(case):
    sh, sw = case.pairs("scale")[0]
    for row, column in ((sh - 1, sw - 1), (0, sw - 1), (sh - 1, 0), (sh // 2, sw // 2)):
        if (row, column) == (0, 0):
            yield {}
        elif "y" in case.right:
            y = np.zeros_like(case.right["y"])
            y[:, :, row::sh, column::sw] = case["x"]
            yield {"y": y}
        else:
            yield {"dx": case["dy"][:, :, row::sh, column::sw]}


@later(
    "nearest_unpool2d_backward bed_of_nails_unpool2d_backward",
    "one_of_the_block",
    "Of each block only {key} is read.",
    "Which pixels of a block grow when its pixel of x grows?",
)
def one_of_the_block(case):
    sh, sw = case.pairs("scale")[0]
    for i, j in np.ndindex(sh, sw):
        last = (i, j) == (sh - 1, sw - 1)
        said = "the bottom right" if last else f"the pixel in row {i}, column {j}"
        yield said, {"dx": case["dy"][:, :, i::sh, j::sw]}
    blocks = _blocks(case["dy"], sh, sw)
    yield "the largest", {"dx": blocks.max(axis=(3, 5))}
    yield "the first row", {"dx": blocks[:, :, :, 0].sum(axis=-1)}
    yield "the first column", {"dx": blocks[..., 0].sum(axis=3)}
    yield "the last row", {"dx": blocks[:, :, :, -1].sum(axis=-1)}
    yield "the last column", {"dx": blocks[..., -1].sum(axis=3)}
    yield "the diagonal", {"dx": sum(blocks[:, :, :, k, :, k] for k in range(min(sh, sw)))}


@mistake(
    "nearest_unpool2d_backward",
    "blocks_overlap",
    "The blocks begin {key}.",
    "In which row of dy does the block of the second row of x begin?",
)
def blocks_overlap(case):
    (sh, sw), (n, c, height, width) = case.pairs("scale")[0], case.right["dx"].shape
    for said, down, right in (("one pixel apart", 1, 1), ("one row apart", 1, sw),
                              ("one column apart", sh, 1), ("2 pixels apart", 2, 2)):  # fmt: skip
        made = np.zeros((n, c, height, width))
        for h, w in np.ndindex(height, width):
            part = case["dy"][:, :, h * down : h * down + sh, w * right : w * right + sw]
            made[:, :, h, w] = part.sum(axis=(2, 3))
        yield said, {"dx": made}


@later(
    "nearest_unpool2d bed_of_nails_unpool2d",
    "block_filled",
    "Each pixel fills {key} of its block.",
    "Which pixels of a block must hold the number, and which must be zero?",
)
def block_filled(case):
    sh, sw = case.pairs("scale")[0]
    full = naive.nearest_unpool2d(case["x"], case["scale"])
    row, column = np.indices(full.shape[2:])
    row, column = row % sh, column % sw
    for said, mask in (("the first row", row == 0), ("the first column", column == 0),
                       ("the last row", row == sh - 1), ("the last column", column == sw - 1),
                       ("the diagonal", row == column),
                       ("the top left", (row == 0) & (column == 0)),
                       ("the first row and column", (row == 0) | (column == 0)),
                       ("four pixels", (row < 2) & (column < 2))):  # fmt: skip
        if not mask.all():
            yield said, {"y": full * mask}
    yield "an equal part", {"y": full / (sh * sw)}
    yield ("everything, with 1 / scale", 1), {"y": full / sh}


@later(
    "nearest_unpool2d nearest_unpool2d_backward bed_of_nails_unpool2d "
    "bed_of_nails_unpool2d_backward",
    "axes_mixed",
    "{result} {is} reshaped while the axes of the blocks stand in another order.",
    "Which axis must stand right behind H before the two become one, and which behind W?",
)
def block_axes_mixed(case):
    (sh, sw), orders = case.pairs("scale")[0], list(permutations(range(2, 6)))
    if "y" in case.right:
        y = case.right["y"]
        n, c, height, width = case["x"].shape
        split = y.reshape(n, c, height, sh, width, sw)
        for order in orders:
            if order != (2, 3, 4, 5):
                yield ("axes", order), {"y": split.transpose(0, 1, *order).reshape(y.shape)}
        return
    n, c, height, width = case.right["dx"].shape
    lengths = dict(zip(range(2, 6), (height, sh, width, sw), strict=True))
    for order in orders:
        if order != (2, 3, 4, 5):
            split = case["dy"].reshape(n, c, *(lengths[a] for a in order))
            blocks = split.transpose(0, 1, *(2 + order.index(a) for a in range(2, 6)))
            whole = case.op == "nearest_unpool2d"
            dx = blocks.sum(axis=(3, 5)) if whole else blocks[:, :, :, 0, :, 0]
            yield ("axes", order), {"dx": dx}


# ---------------------------------------------------------------- pieces


def _blocks(dy, sh, sw):
    """dy in blocks, (N, C, H, sh, W, sw)."""
    n, c, height, width = dy.shape
    return dy.reshape(n, c, height // sh, sh, width // sw, sw)
