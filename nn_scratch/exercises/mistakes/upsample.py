"""Mistakes in upsampling without switches."""

import numpy as np

from nn_scratch import naive
from nn_scratch.exercises.mistakes.mistake import register, square

FOUND = []
mistake = register(FOUND)


@mistake(
    "nearest_unpool2d nearest_unpool2d_backward",
    "nails",
    "Only the top left of each block counts, as with a bed of nails.",
    "How many pixels of y are copies of one pixel of x?",
)
def only_top_left(case):
    if "y" in case.right:
        yield {"y": naive.bed_of_nails_unpool2d(case["x"], case["scale"])}
    else:
        yield {"dx": naive.bed_of_nails_unpool2d_backward(case["dy"], case["scale"])}


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
        yield {"dx": sums / np.prod(_scale(case))}


@mistake(
    "nearest_unpool2d_backward",
    "mean_for_sum",
    "The mean of each block is taken; the sum is wanted.",
    "If one pixel of x grows by 1, by how much does the sum of its block grow?",
)
def mean_of_block(case):
    yield {"dx": case.right["dx"] / np.prod(_scale(case))}


@mistake(
    "nearest_unpool2d nearest_unpool2d_backward",
    "tiled",
    "The whole image is repeated, not each pixel.",
    "Which is right for the row 1 2: 1 1 2 2, or 1 2 1 2?",
)
def tiled(case):
    sh, sw = _scale(case)
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
    sh, sw = _scale(case)
    for row, column in ((sh - 1, sw - 1), (0, sw - 1), (sh - 1, 0), (sh // 2, sw // 2)):
        if (row, column) == (0, 0):
            yield {}
        elif "y" in case.right:
            y = np.zeros_like(case.right["y"])
            y[:, :, row::sh, column::sw] = case["x"]
            yield {"y": y}
        else:
            yield {"dx": case["dy"][:, :, row::sh, column::sw]}


@mistake(
    "bilinear_upsample2d bilinear_upsample2d_backward",
    "other_corner_convention",
    "The centres of the corner pixels lie on each other (align_corners=True); here the images' "
    "edges do.",
    "Pixels are squares. Where is the left edge of the small image, and where that of the large?",
)
def other_corner_convention(case):
    yield case.solve(align_corners=True)


@mistake(
    "bilinear_upsample2d bilinear_upsample2d_backward",
    "nearest_instead",
    "Each pixel has the value of one neighbour; it is a mixture of up to four.",
    "What lies half way between a 1 and a 3?",
)
def nearest_instead(case):
    size, small = (case["dy"] if "dx" in case.right else case.right["y"]).shape[2:], case["x"].shape
    if size[0] % small[2] or size[1] % small[3]:
        yield {}
        return
    scale = size[0] // small[2], size[1] // small[3]
    if "y" in case.right:
        yield {"y": naive.nearest_unpool2d(case["x"], scale)}
    else:
        yield {"dx": naive.nearest_unpool2d_backward(case["dy"], scale)}


@mistake(
    "bilinear_upsample2d_backward",
    "interpolated_back",
    "dy is interpolated down to the size of x. Backward is the transposed matrix, not a way back.",
    "Each pixel of y took shares of up to four pixels. Which shares of dy does one pixel of x get?",
)
def interpolated_back(case):
    yield {"dx": naive.bilinear_upsample2d(case["dy"], case["input_size"])}


@mistake(
    "bilinear_upsample2d bilinear_upsample2d_backward",
    "axes_swapped",
    "Height and width are exchanged.",
    "Which axis of (N, C, H, W) does your matrix work on?",
)
def axes_swapped(case):
    if "y" in case.right and square(case["x"]) and square(case.right["y"]):
        yield {"y": case.right["y"].swapaxes(2, 3)}
    elif "dx" in case.right and square(case["dy"]) and square(case.right["dx"]):
        yield {"dx": case.right["dx"].swapaxes(2, 3)}
    else:
        yield {}


def _scale(case):
    scale = case["scale"]
    return scale if isinstance(scale, tuple) else (scale, scale)
