"""Mistakes in max-pooling: which value of a window is taken, and how its place is counted."""

import numpy as np

from nn_scratch.exercises.mistakes.mistake import register

FOUND = []
mistake = register(FOUND)


@mistake(
    "max_pool2d",
    "window_local_index",
    "Switches are counted within the window; they count within the plane.",
    "From a switch alone, how would unpooling know which window it belongs to?",
)
def window_local_index(case):
    rows, columns, top, left = _places(case)
    (down, right), ((_, width),) = _windows(case), case.pairs("kernel_size")
    yield {"switches": (rows + top - down) * width + (columns + left - right)}


@mistake(
    "max_pool2d",
    "wrong_row_length",
    "A switch is row · width + column, with the width of x.",
    "How many pixels lie between a pixel of x and the one below it?",
)
def wrong_row_length(case):
    rows, columns, _, left = _places(case)
    height, width = case["x"].shape[2:]
    yield {"switches": rows * height + columns}
    yield {"switches": rows * case.right["y"].shape[3] + columns}
    yield {"switches": rows * (width + 2 * left) + columns}
    yield {"switches": columns * height + rows}


@mistake(
    "max_pool2d",
    "padded_coordinates",
    "Switches count in the padded image; they count in x as it was given.",
    "Is the first real pixel number 0?",
)
def padded_coordinates(case):
    rows, columns, top, left = _places(case)
    width = case["x"].shape[3] + 2 * left
    yield {"switches": (rows + top) * width + columns + left}
    yield {"switches": (rows + top) * case["x"].shape[3] + columns + left}


@mistake(
    "max_pool2d",
    "counted_over_planes",
    "Switches count on from plane to plane; in every plane they begin at 0.",
    "Which switch has the top left pixel of the second channel?",
)
def counted_over_planes(case):
    n, c, height, width = case["x"].shape
    planes = np.arange(n * c).reshape(n, c, 1, 1)
    yield {"switches": case.right["switches"] + planes * height * width}
    yield {"switches": case.right["switches"] + planes % c * height * width}


@mistake(
    "max_pool2d",
    "last_tie",
    "Of equal maxima {key} wins; it must be the first in reading order.",
    "In which order do you go through the window, and do you compare with > or with ≥?",
)
def last_tie(case):
    window, places, _ = _gathered(case)
    columns_first = _columns_first(case)
    last = window.shape[-1] - 1 - window[..., ::-1].argmax(axis=-1)
    yield "the last", {"switches": _at(places, last)}
    by_columns = columns_first[window[..., columns_first].argmax(axis=-1)]
    yield "the first, going down the columns,", {"switches": _at(places, by_columns)}
    plane = case["x"].reshape(*case["x"].shape[:2], 1, 1, -1)
    found = (plane == case.right["y"][..., None]).argmax(axis=-1)
    yield "the first of the whole plane", {"switches": found}


@mistake(
    "max_pool2d",
    "other_value",
    "Each window gives {key}; the maximum is wanted.",
    "Which of the window's values must survive?",
)
def other_value(case):
    window, places, real = _gathered(case)
    chosen = {
        "its smallest value": np.where(real, window, np.inf).argmin(axis=-1),
        "the value of largest magnitude": np.abs(np.where(real, window, 0)).argmax(axis=-1),
        "its first value": real.argmax(axis=-1),
        "its last value": window.shape[-1] - 1 - real[..., ::-1].argmax(axis=-1),
    }
    for said, k in chosen.items():
        y = np.take_along_axis(window, k[..., None], -1)[..., 0]
        yield said, {"y": y, "switches": _at(places, k)}
    known = np.where(real, window, np.nan)
    yield "its mean", {"y": np.nanmean(known, axis=-1)}
    yield "its sum", {"y": np.nansum(known, axis=-1)}
    yield "its median", {"y": np.nanmedian(known, axis=-1)}
    yield "its sum over the kernel's area", {"y": np.nansum(known, axis=-1) / window.shape[-1]}


@mistake(
    "max_pool2d",
    "maximum_over_planes",
    "The maximum is taken over {key} as well.",
    "Over which axes must the maximum go, and which of them must stay?",
)
def maximum_over_planes(case):
    y, switches = case.right["y"], case.right["switches"]
    for said, axes in (("the channels", (1,)), ("the images", (0,)), ("all planes", (0, 1))):
        largest = y.max(axis=axes, keepdims=True)
        yield said, {"y": np.broadcast_to(largest, y.shape)}
        yield (said, "kept"), {"y": largest}
        yield (said, "dropped"), {"y": y.max(axis=axes)}
    yield ("the channels", "flat"), {"y": y.max(axis=1), "switches": switches.max(axis=1)}


@mistake(
    "max_pool2d",
    "starts_at_zero",
    "The search for the maximum starts at {key}: windows of smaller values give {key}.",
    "What is the maximum of −3 and −5, and with what do you begin?",
)
def starts_at_zero(case):
    for start in (0, -1, 1, -10, -100, -1000):
        yield str(start), {"y": np.maximum(case.right["y"], start)}


@mistake(
    "max_pool2d",
    "padding_wins",
    "The padding is {key}, and wins: over smaller values, or as the first of equal ones.",
    "With what must you fill the padding, so that it is never the largest?",
)
def padding_wins(case):
    window, places, real = _gathered(case)
    smallest = case["x"].min()
    fillings = {"0": 0, "the smallest value of x": smallest, "−1": -1, "the smallest value − 1":
                smallest - 1, "1": 1, "−10": -10, "−100": -100, "−999": -999, "−1000": -1000,
                "−9999": -9999, "−10000": -10000}  # fmt: skip
    for said, value in fillings.items():
        filled = np.where(real, window, value)
        k = filled.argmax(axis=-1)
        yield said, {"y": filled.max(axis=-1), "switches": _at(places, k)}
    ((ph, pw),) = case.pairs("padding")
    around = np.pad(case["x"], ((0, 0), (0, 0), (ph, ph), (pw, pw)), mode="edge")
    y = case.solve(x=around, padding=0)["y"]
    yield "a copy of the border", {"y": y}


# ---------------------------------------------------------------- pieces


def _places(case):
    """(row, column) of each maximum in x, and (top, left) of the padding."""
    switches, width = case.right["switches"], case["x"].shape[3]
    return switches // width, switches % width, *case.pairs("padding")[0]


def _windows(case):
    """The first rows (P, 1) and columns (Q,) of the windows in the padded image."""
    ((down, right),) = case.pairs("stride")
    p, q = case.right["y"].shape[2:]
    return np.arange(p)[:, None] * down, np.arange(q) * right


def _gathered(case):
    """Of all windows: the values (N, C, P, Q, k), −∞ in the padding; the switches (P, Q, k) of
    their pixels, computed from rows and columns also outside of x; and which pixels are in x."""
    x, (p, q) = case["x"], case.right["y"].shape[2:]
    (kh, kw), (sh, sw), (ph, pw) = case.pairs("kernel_size", "stride", "padding")
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=-np.inf)
    rows = (np.arange(p)[:, None] * sh + np.arange(kh))[:, None, :, None]
    columns = (np.arange(q)[:, None] * sw + np.arange(kw))[None, :, None, :]
    rows, columns = (a.reshape(p, q, -1) for a in np.broadcast_arrays(rows, columns))
    window = padded[:, :, rows, columns]
    return window, (rows - ph) * x.shape[3] + columns - pw, np.isfinite(window)


def _at(places, k):
    """The switch of the k-th pixel of each window."""
    return np.take_along_axis(np.broadcast_to(places, (*k.shape, places.shape[-1])), k[..., None],
                              -1)[..., 0]  # fmt: skip


def _columns_first(case):
    """The pixels of a window in the order of its columns."""
    ((kh, kw),) = case.pairs("kernel_size")
    return np.arange(kh * kw).reshape(kh, kw).T.ravel()
