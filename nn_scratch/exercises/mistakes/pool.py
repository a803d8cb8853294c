"""Mistakes in max-pooling and max-unpooling."""

import numpy as np

from nn_scratch.exercises.mistakes.mistake import register, square, without_last

FOUND = []
mistake = register(FOUND)

SCATTERING = "max_pool2d_backward max_unpool2d"
BY_SWITCHES = "max_pool2d_backward max_unpool2d max_unpool2d_backward"


# ---------------------------------------------------------------- finding the switches


@mistake(
    "max_pool2d",
    "window_local_index",
    "Switches are counted within the window; they count within the plane.",
    "From a switch alone, how would unpooling know which window it belongs to?",
)
def window_local_index(case):
    rows, columns, top, left = _places(case)
    (down, right), (width,) = _windows(case), (_pair(case["kernel_size"])[1],)
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
    "Of equal maxima the last one wins; it must be the first in reading order.",
    "Do you compare with > or with ≥?",
)
def last_tie(case):
    kernel, size = _pair(case["kernel_size"]), case["x"].shape[2:]
    if not _tiled(case) or any(n % k for n, k in zip(size, kernel, strict=True)):
        yield {}
        return
    turned = case.solve(x=case["x"][..., ::-1, ::-1])["switches"][..., ::-1, ::-1]
    yield {"switches": case["x"][0, 0].size - 1 - turned}


@mistake(
    "max_pool2d",
    "minimum",
    "The smallest value of each window is taken.",
    "Which of the window's values shall survive?",
)
def minimum(case):
    results = case.solve(x=-case["x"])
    yield {"y": -results["y"], "switches": results["switches"]}
    yield {"y": -results["y"]}


@mistake(
    "max_pool2d",
    "averaged",
    "y is the mean of each window; the maximum is wanted.",
    "Which of the window's values shall survive?",
)
def averaged(case):
    if not _tiled(case):
        yield {}
        return
    n, c, p, q = case.right["y"].shape
    kh, kw = _pair(case["kernel_size"])
    x = case["x"][:, :, : p * kh, : q * kw].reshape(n, c, p, kh, q, kw)
    yield {"y": x.mean(axis=(3, 5))}


@mistake(
    "max_pool2d",
    "padding_wins",
    "The padding is zeros, and they win over negative values.",
    "With what must you fill the padding, so that it is never the largest?",
)
def padding_wins(case):
    (top, left) = _pair(case["padding"])
    yield {"y": np.maximum(case.right["y"], 0)} if top and left and case["x"].max() < 0 else {}


# ---------------------------------------------------------------- going by the switches


@mistake(
    BY_SWITCHES,
    "wrong_row_length",
    "Switches are read with another width than the image's.",
    "A switch is row · width + column. Whose width?",
)
def switches_read_wrongly(case):
    height = _size(case)[0]
    small = case["switches"].shape
    yield _by(case, lambda s: (s // height, s % height))
    yield _by(case, lambda s: (s // small[3], s % small[3]))
    yield _by(case, lambda s: (s % height, s // height))


@mistake(
    BY_SWITCHES,
    "window_local_index",
    "Switches are read as places within the window; they are places within the plane.",
    "Can a switch be larger than the window has pixels?",
)
def read_as_local(case):
    height, width = _size(case)
    p, q = case["switches"].shape[2:]
    kh, kw = height // p, width // q
    down, right = np.arange(p)[:, None] * kh, np.arange(q) * kw
    yield _by(case, lambda s: (down + s // kw, right + s % kw))


@mistake(
    BY_SWITCHES,
    "switches_of_another_plane",
    "The switches of one plane are used for others.",
    "Does every channel have its maxima at the same places?",
)
def switches_of_another_plane(case):
    s = case["switches"]
    for other in (s[:1, :1], s[:1], s[:, :1]):
        yield case.solve(switches=np.ascontiguousarray(np.broadcast_to(other, s.shape)))


@mistake(
    BY_SWITCHES,
    "switches_of_another_window",
    "Each value goes by the switch of another window.",
    "Do values and switches run through the windows in the same order?",
)
def switches_of_another_window(case):
    s = case["switches"]
    yield case.solve(switches=s.swapaxes(2, 3).copy()) if square(s) else {}
    for shift, axis in ((1, 3), (-1, 3), (1, 2), (-1, 2)):
        yield case.solve(switches=np.roll(s, shift, axis))


@mistake(
    SCATTERING,
    "assigned_not_added",
    "Where two windows share a maximum only the last is left: = stands where += belongs.",
    "A pixel that is the maximum of two windows: how much does the loss grow with it?",
)
def assigned_not_added(case):
    values = _values(case)
    (n, c), (height, width) = values.shape[:2], _size(case)
    planes = np.zeros((n, c, height * width))
    flat, switches = values.reshape(n, c, -1), case["switches"].reshape(n, c, -1)
    for k in range(flat.shape[2]):
        np.put_along_axis(planes, switches[:, :, k : k + 1], flat[:, :, k : k + 1], axis=2)
    yield {_name(case): planes.reshape(n, c, height, width)}


@mistake(
    SCATTERING,
    "averaged",
    "Each value is spread evenly over its window; it belongs to the maximum alone.",
    "If another pixel of the window grows a little, does the maximum grow?",
)
def spread_evenly(case):
    values, (height, width) = _values(case), _size(case)
    n, c, p, q = values.shape
    kh, kw = height // p, width // q
    canvas = np.zeros((n, c, height, width))
    spread = (values / (kh * kw)).repeat(kh, axis=2).repeat(kw, axis=3)
    canvas[:, :, : p * kh, : q * kw] = spread
    yield {_name(case): canvas}
    canvas = np.zeros((n, c, height, width))
    canvas[:, :, : p * kh, : q * kw] = spread * kh * kw  # to all of them, in full
    yield {_name(case): canvas}


@mistake(
    SCATTERING,
    "nails",
    "Each value goes to the top left of its window, not to the maximum.",
    "Where in the window did the maximum stand, and where is that written down?",
)
def nails(case):
    values, (height, width) = _values(case), _size(case)
    n, c, p, q = values.shape
    kh, kw = height // p, width // q
    canvas = np.zeros((n, c, height, width))
    canvas[:, :, : p * kh : kh, : q * kw : kw] = values
    yield {_name(case): canvas}


@mistake(
    "max_unpool2d_backward",
    "switches_ignored",
    "The switches are ignored: dx holds each window's maximum, sum, mean or first value.",
    "To which one pixel of y did forward write this value, and what does dy hold there?",
)
def switches_ignored(case):
    dy, (n, c, p, q) = case["dy"], case["switches"].shape
    every_second = dy[:, :, ::2, ::2]
    yield {"dx": every_second} if every_second.shape == (n, c, p, q) else {}
    fits = (dy.shape[2] // 2, dy.shape[3] // 2) == (p, q)  # else there would be another shape
    if not fits:
        yield from [{}] * 4
        return
    windows = dy[:, :, : 2 * p, : 2 * q].reshape(n, c, p, 2, q, 2)
    for read in (np.max, np.sum, np.mean):
        yield {"dx": read(windows, axis=(3, 5))}
    yield {"dx": windows[:, :, :, 0, :, 0]}


@mistake(
    BY_SWITCHES,
    "last_window_dropped",
    "The last window is left out, in each row, each column, or both.",
    "How many windows are there in a row, and where does your loop end?",
)
def last_window_dropped(case):
    for rows, columns in ((True, True), (True, False), (False, True)):
        if case.op == "max_unpool2d" and "dx" in case.right:
            yield {"dx": without_last(case.right["dx"], rows, columns)}
        else:
            name = "dy" if "dx" in case.right else "x"
            yield case.solve(**{name: without_last(case[name], rows, columns)})


# ---------------------------------------------------------------- pieces


def _pair(value):
    return value if isinstance(value, tuple) else (value, value)


def _places(case):
    """Row and column of each maximum in x, and the padding."""
    switches, width = case.right["switches"], case["x"].shape[3]
    return switches // width, switches % width, *_pair(case["padding"])


def _windows(case):
    """Where each window begins in the padded image: rows (P, 1) and columns (Q,)."""
    down, right = _pair(case["stride"])
    p, q = case.right["y"].shape[2:]
    return np.arange(p)[:, None] * down, np.arange(q) * right


def _tiled(case):
    """Whether windows neither overlap nor reach into padding."""
    same = _pair(case["stride"]) == _pair(case["kernel_size"])
    return same and _pair(case["padding"]) == (0, 0)


def _size(case):
    """(H, W) of the large image."""
    for name in ("input_size", "output_size"):
        if name in case.values:
            return case[name]
    raise KeyError("a pool's case has input_size, an unpooling's output_size")


def _values(case):
    """What is scattered to the switches."""
    return case["dy"] if "dx" in case.right else case["x"]


def _name(case):
    return "dx" if "dx" in case.right else "y"


def _by(case, read):
    """The results with switches as `read` makes (row, column) of them; {} if one leaves the
    image."""
    (height, width), switches = _size(case), case["switches"]
    rows, columns = np.broadcast_arrays(*read(switches))
    if rows.max() >= height or columns.max() >= width:
        return {}
    return case.solve(switches=rows * width + columns)
