"""Mistakes in convolution and transpose convolution."""

import numpy as np

from nn_scratch import naive
from nn_scratch.exercises.mistakes.mistake import (
    in_corner,
    off_by,
    register,
)

FOUND = []
mistake = register(FOUND)

CONV = "conv2d conv2d_backward"
TRANSPOSE = "conv_transpose2d conv_transpose2d_backward"


def turned(w):
    return w[..., ::-1, ::-1]


@mistake(
    "conv2d_backward",
    "repeated_for_spread",
    "dy is blown up by repeating each number; between the numbers zeros belong.",
    "How many windows begin at a pixel between two steps of the stride?",
)
def repeated_for_spread(case):
    (sh, sw), (ph, pw) = case.pairs("stride", "padding")
    repeated = case["dy"].repeat(sh, axis=2).repeat(sw, axis=3)
    (kh, kw), (height, width) = case["w"].shape[2:], case["x"].shape[2:]
    for rows, columns in (
        (repeated.shape[2], repeated.shape[3]),
        (height + 2 * ph - kh + 1, width + 2 * pw - kw + 1),
        (repeated.shape[2] - sh + 1, repeated.shape[3] - sw + 1),
    ):
        g = in_corner(repeated, (rows, columns))
        x = np.zeros((*case["x"].shape[:2], rows + kh - 1, columns + kw - 1))
        dx = case.solve(dy=g, x=x, stride=1, padding=0)["dx"][:, :, ph:, pw:]
        yield {"dx": in_corner(dx, (height, width))}


@mistake(
    f"{CONV} {TRANSPOSE}",
    "crop_off_by_one",
    "Everything is shifted by one pixel: the padding is off by one.",
    "With padding 1, in which row of the padded image does the real one begin?",
)
def crop_off_by_one(case):
    for change in (1, -1):
        for axes in ((0, 1), (0,), (1,)):
            yield case.solve(padding=off_by(case, change, axes))
    yield _cropped_late(case)


@mistake(
    f"{CONV} {TRANSPOSE}",
    "assigned_not_added",
    "Where several terms meet, only the last one is left: = stands where += belongs.",
    "Which of your arrays gets contributions from more than one window, channel or image?",
)
def assigned_not_added(case):
    last_image = slice(-1, None)
    if "y" in case.right and not _is_transpose(case):
        last = case["x"].copy()
        last[:, :-1] = 0
        yield case.solve(x=last)  # the last input channel
        yield {"y": _last_tap(case)}
        return
    if "y" in case.right:
        for y in _painted(case["x"], case["w"], case):
            yield {} if y is None else {"y": y + case["b"][:, None, None]}
        return
    x, dy = case["x"][last_image], case["dy"][last_image]
    last = case.solve(x=x, dy=dy)
    corner = np.zeros_like(dy if not _is_transpose(case) else x)
    corner[..., -1, -1] = (dy if not _is_transpose(case) else x)[..., -1, -1]
    once = case.solve(x=x, dy=corner) if not _is_transpose(case) else case.solve(x=corner, dy=dy)
    yield {"dw": last["dw"], "db": last["db"]}
    yield {"dw": once["dw"], "db": case["dy"][-1, :, -1, -1]}
    if _is_transpose(case):
        single = case["dy"].copy()
        single[:, :-1] = 0
        yield {"dx": case.solve(dy=single)["dx"]}
    else:
        for dx in _painted(case["dy"], case["w"], case):
            yield {} if dx is None else {"dx": dx}


# ---------------------------------------------------------------- pieces


def _is_transpose(case):
    return case.op == "conv_transpose2d"


def _shifted(case, before_and_after):
    (padding,) = case.pairs("padding")
    return tuple(before_and_after(p) for p in padding)


def _cropped_late(case):
    """dx of a convolution, or y of its transpose, cut out one pixel too far down and to the right,
    also without padding; pixels outside of the canvas are zero."""
    if case.op == "conv2d" and "dx" in case.right:
        ((top, left),), size = case.pairs("padding"), case["x"].shape[2:]
        larger = tuple(n + 2 * p + 1 for n, p in zip(size, (top, left), strict=True))
        x = in_corner(case["x"], larger)
        options = {**case.options, "padding": 0}
        dy = in_corner(case["dy"], naive.conv2d(x, case["w"], **options).shape[2:])
        dx = case.solve(x=x, dy=dy, padding=0)["dx"]
        return {"dx": dx[:, :, top + 1 :, left + 1 :][:, :, : size[0], : size[1]]}
    if case.op == "conv_transpose2d" and "y" in case.right:
        less = _shifted(case, lambda p: (p, max(p - 1, 0)))
        y = case.solve(padding=less)["y"]
        return {"y": _on_bias(case, y[:, :, 1:, 1:])}
    return {}


def _on_bias(case, y):
    """y in the top left of an image of the right size, the rest of which is only bias."""
    whole = in_corner(y - case["b"][:, None, None], case.right["y"].shape[2:])
    return whole + case["b"][:, None, None]


def _last_tap(case):
    """y of a convolution in which only the last tap of the kernel counts."""
    last = np.zeros_like(case["w"])
    last[:, :, -1, -1] = case["w"][:, :, -1, -1]
    return case.solve(w=last)["y"]


def _painted(g, w, case):
    """Three wrong transpose convolutions of g (N, F, P, Q) by w (F, C, kh, kw), whose contributions
    overwrite each other in place of adding: whole windows, windows of the last channel, and taps of
    the kernel. They are cut to the right size, and None with dilation or groups."""
    target = case.right["dx"] if "dx" in case.right else case.right["y"]
    if any(name in case.options for name in ("dilation", "groups")):
        return [None] * 3
    (sh, sw), (top, left) = case.pairs("stride", "padding")
    (n, _, p, q), (_, c, kh, kw) = g.shape, w.shape
    height, width = target.shape[2] + 2 * top, target.shape[3] + 2 * left
    windows = np.einsum("nfpq,fcij->npqcij", g, w)
    last = np.einsum("npq,cij->npqcij", g[:, -1], w[-1])
    made = []
    for painting in windows, last:
        canvas = np.zeros((n, c, height, width))
        for a in range(p):
            for b in range(q):
                rows, columns = slice(a * sh, a * sh + kh), slice(b * sw, b * sw + kw)
                canvas[:, :, rows, columns] = painting[:, a, b]
        made.append(canvas)
    canvas = np.zeros((n, c, height, width))
    for i in range(kh):
        for j in range(kw):
            rows = slice(i, i + sh * (p - 1) + 1, sh)
            columns = slice(j, j + sw * (q - 1) + 1, sw)
            canvas[:, :, rows, columns] = windows[..., i, j].transpose(0, 3, 1, 2)
    made.append(canvas)
    bottom, right = top + target.shape[2], left + target.shape[3]
    return [canvas[:, :, top:bottom, left:right] for canvas in made]
