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
        yield {"dx": sums / np.prod(_scale(case))}


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


@later(
    "nearest_unpool2d_backward bed_of_nails_unpool2d_backward",
    "one_of_the_block",
    "Of each block only {key} is read.",
    "Which pixels of a block grow when its pixel of x grows?",
)
def one_of_the_block(case):
    sh, sw = _scale(case)
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
    (sh, sw), (n, c, height, width) = _scale(case), case.right["dx"].shape
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
    sh, sw = _scale(case)
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
    (sh, sw), orders = _scale(case), list(permutations(range(2, 6)))
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


# ---------------------------------------------------------------- bilinear


def _places():
    """Where row i of the large image looks in the small one, by formulas in words: n small rows, m
    large ones."""
    return {
        "(i + ½)·H/P − ½": lambda i, n, m: (i + 0.5) * n / m - 0.5,
        "i·H/P": lambda i, n, m: i * n / m,
        "i·(H − 1)/(P − 1), so that the corners' centres lie on each other (align_corners)":
        lambda i, n, m: i * (n - 1) / max(m - 1, 1),
        "(i + ½)·H/P": lambda i, n, m: (i + 0.5) * n / m,
        "i·H/P − ½": lambda i, n, m: i * n / m - 0.5,
        "i·H/P + ½": lambda i, n, m: i * n / m + 0.5,
        "(i + ½)·P/H − ½": lambda i, n, m: (i + 0.5) * m / n - 0.5,
        "i·P/H": lambda i, n, m: i * m / n,
        "i·(H − 1)/P": lambda i, n, m: i * (n - 1) / m,
        "i·H/(P − 1)": lambda i, n, m: i * n / max(m - 1, 1),
        "(i + 1)·H/P − 1": lambda i, n, m: (i + 1) * n / m - 1,
        "(i + 1)·H/P − ½": lambda i, n, m: (i + 1) * n / m - 0.5,
        "(i − ½)·H/P + ½": lambda i, n, m: (i - 0.5) * n / m + 0.5,
        "(i − ½)·H/P − ½": lambda i, n, m: (i - 0.5) * n / m - 0.5,
        "(i + ½)·H/P − 1": lambda i, n, m: (i + 0.5) * n / m - 1,
        "(i + ½)·H/P + ½": lambda i, n, m: (i + 0.5) * n / m + 0.5,
        "i/2": lambda i, n, m: i / 2,
        "(i + ½)/2 − ½": lambda i, n, m: (i + 0.5) / 2 - 0.5,
        "i": lambda i, n, m: i,
    }  # fmt: skip


ROWS = {
    "": lambda low, t: ((low, 1 - t), (low + 1, t)),
    ", with the two shares exchanged": lambda low, t: ((low, t), (low + 1, 1 - t)),
    ", with half of each neighbour": lambda low, t: ((low, 0.5), (low + 1, 0.5)),
    ", with the row below its place only": lambda low, t: ((low, 1.0),),
    ", with the nearest row only": lambda low, t: ((low + (t >= 0.5), 1.0),),
    ", with the row above and the row before it": lambda low, t: ((low, 1 - t), (low - 1, t)),
    ", with the first share only": lambda low, t: ((low, 1 - t),),
    ", with shares that are squared": lambda low, t: ((low, (1 - t) ** 2), (low + 1, t * t)),
}
EDGES = {
    "": "right",
    ", not cut off at 0": "not cut",
    ", extended in a line beyond the border": "line",
    ", where the second share is lost below the last row": "lost",
    ", where the last row's share overwrites the other": "overwrites",
    ", cut off at the border before the shares are taken": "right",
    ", from the other side beyond the border": "wrap",
}


def _matrix(n, m, place, shares, edge):
    """The (m, n) matrix of one axis."""
    made = np.zeros((m, n))
    for i in range(m):
        at = place(i, n, m)
        if edge not in ("not cut", "line", "wrap"):
            at = max(at, 0)
        low = int(np.floor(at)) if edge != "not cut" else int(at)
        if edge == "line":
            low = min(max(low, 0), max(n - 2, 0))
        elif edge != "wrap":
            low = min(low, n - 1)
        for row, share in shares(low, at - low):
            if edge == "lost" and not 0 <= row < n:
                continue
            row = row % n if edge == "wrap" else min(max(row, 0), n - 1)
            made[i, row] = share if edge == "overwrites" else made[i, row] + share
    return made


def _families():
    """(words, function that makes the matrix of an axis) of all the ways to place and share."""
    for said, place in _places().items():
        for mixed, shares in ROWS.items():
            for border, edge in EDGES.items():
                if said != "(i + ½)·H/P − ½" or mixed or border:
                    text = said + mixed + border

                    def make(n, m, place=place, shares=shares, edge=edge):
                        return _matrix(n, m, place, shares, edge)

                    yield text, make


@register(FOUND, rank=1.5, whole=True)(
    "bilinear_upsample2d bilinear_upsample2d_backward",
    "other_places",
    "Row i of the large image looks at {key}.",
    "At which place does row 0 look, and the last row, by the statement and by your code?",
)
def other_places(case):
    forward = "y" in case.right
    small = case["x"].shape[2:]
    large = (case.right["y"] if forward else case["dy"]).shape[2:]
    right = [_matrix(n, m, _places()["(i + ½)·H/P − ½"], ROWS[""], "right")
             for n, m in zip(small, large, strict=True)]  # fmt: skip
    for said, make in _families():
        a, b = (make(n, m) for n, m in zip(small, large, strict=True))
        for where, (left, above) in (("", (a, b)), (" (in the rows only)", (a, right[1])),
                                     (" (in the columns only)", (right[0], b))):  # fmt: skip
            if forward:
                yield said + where, {"y": left @ case["x"] @ above.T}
            else:
                yield said + where, {"dx": left.T @ case["dy"] @ above}


@mistake(
    "bilinear_upsample2d bilinear_upsample2d_backward",
    "other_matrix",
    "Your matrix is {key}.",
    "The forward pass is A x Bᵀ. Which of A and B stands on which side, and which is transposed?",
)
def other_matrix(case):
    forward = "y" in case.right
    small = case["x"].shape[2:]
    large = (case.right["y"] if forward else case["dy"]).shape[2:]
    a, b = (_matrix(n, m, _places()["(i + ½)·H/P − ½"], ROWS[""], "right")
            for n, m in zip(small, large, strict=True))  # fmt: skip
    if forward:
        x = case["x"]
        yield ("A on both sides; the columns need one of their own", 1), {"y": a @ x @ a.T}
        yield "applied to the rows only", {"y": a @ x}
        yield "applied to the columns only", {"y": x @ b.T}
        return
    dy, inverse = case["dy"], np.linalg.pinv
    normal = [m.T / m.T.sum(axis=1, keepdims=True) for m in (a, b)]
    yield (
        "the (pseudo-)inverse of A; backward takes its transpose",
        {"dx": inverse(a) @ dy @ inverse(b).T},
    )
    yield "the transpose of A with its rows brought to sum 1", {"dx": normal[0] @ dy @ normal[1].T}
    yield (
        ("the transpose of A, divided by the number of rows", 1),
        {"dx": (a.T @ dy @ b) * a.shape[1] * b.shape[1] / (a.shape[0] * b.shape[0])},
    )
    yield "applied to the rows only", {"dx": a.T @ dy}
    yield "applied to the columns only", {"dx": dy @ b}
    square = [(m > 0).astype(float).T for m in (a, b)]
    yield "one wherever A has a share", {"dx": square[0] @ dy @ square[1].T}


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


def _scale(case):
    scale = case["scale"]
    return scale if isinstance(scale, tuple) else (scale, scale)


def _blocks(dy, sh, sw):
    """dy seen as (N, C, H, sh, W, sw)."""
    n, c, height, width = dy.shape
    return dy.reshape(n, c, height // sh, sh, width // sw, sw)
