"""Mistakes in the passes that use switches: unpooling, and both backward passes."""

import numpy as np

from nn_scratch import naive
from nn_scratch.exercises.mistakes.mistake import register

FOUND = []
mistake = register(FOUND)

SCATTERING = "max_pool2d_backward max_unpool2d"
BY_SWITCHES = "max_pool2d_backward max_unpool2d max_unpool2d_backward"


@mistake(
    BY_SWITCHES,
    "wrong_row_length",
    "Switches are read {key}.",
    "A switch is row · width + column. Whose width?",
)
def switches_read_wrongly(case):
    height, width = _size(case)
    small = case["switches"].shape
    for said, read in (
        ("with the image's height in place of its width", lambda s: (s // height, s % height)),
        ("with the width of the small image", lambda s: (s // small[3], s % small[3])),
        ("with the height of the small image", lambda s: (s // small[2], s % small[2])),
        ("with row and column exchanged", lambda s: (s % width, s // width)),
        ("down the columns, with the image's height", lambda s: (s % height, s // height)),
        ("with row and column both as the remainder", lambda s: (s % width, s % width)),
        ("as if the image were one pixel wider", lambda s: (s // (width + 1), s % (width + 1))),
    ):
        yield said, _by(case, read)


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
    "plane_offset_missing",
    "In your {result}, {key}: planes are not told apart, or not all of them.",
    "A switch counts within its own plane. How do image and channel enter your index?",
)
def plane_offset_missing(case):
    """All planes are written to, or read from, the first one."""
    n, c = case["switches"].shape[:2]
    size = _size(case)
    for said, image, channel in (
        ("all channels go to the first channel", False, True),
        ("all images go to the first image", True, False),
        ("all planes go to the first plane", True, True),
    ):
        to = [(0 if image else i, 0 if channel else j) for i in range(n) for j in range(c)]
        if case.op == "max_unpool2d" and "dx" in case.right:
            dy = np.array([case["dy"][at] for at in to]).reshape(n, c, *size)
            yield said, {"dx": case.solve(dy=dy)["dx"]}
            continue
        right = case.right[_name(case)]
        made = np.zeros_like(right)
        for at, (i, j) in zip(to, np.ndindex(n, c), strict=True):
            made[at] += right[i, j]
        yield said, {_name(case): made}


@mistake(
    BY_SWITCHES,
    "shared_place",
    "Where several windows share a place, {key}.",
    "A pixel that is the maximum of two windows: how much does each of them give, and get?",
)
def shared_place(case):
    values, switches = _values(case), case["switches"]
    ones = np.ones(switches.shape)
    count = naive.max_unpool2d(ones, switches, _size(case))
    here = naive.max_unpool2d_backward(count, switches)
    name = _name(case)
    if case.op == "max_unpool2d" and "dx" in case.right:
        right = case.right["dx"]
        yield "its gradient is divided among them", {"dx": right / here}
        yield "its gradient is multiplied by their number", {"dx": right * here}
        yield (
            "only the last of them gets its gradient",
            {"dx": naive.max_unpool2d_backward(case["dy"], switches, collisions="overwrite")},
        )
        return
    sums = case.right[name]
    first = naive.max_unpool2d(
        values[:, :, ::-1, ::-1], switches[:, :, ::-1, ::-1], _size(case), collisions="overwrite"
    )
    yield "their mean is taken, not their sum", {name: sums / np.maximum(count, 1)}
    yield "only the first of them counts", {name: first}
    yield "the product of sum and number is taken", {name: sums * count}
    largest = np.full(sums.shape, -np.inf)
    for n, c, p, q in np.ndindex(switches.shape):
        at = (n, c, *divmod(int(switches[n, c, p, q]), _size(case)[1]))
        largest[at] = max(largest[at], values[n, c, p, q])
    yield "the largest counts", {name: np.where(np.isfinite(largest), largest, 0)}


@mistake(
    SCATTERING,
    "assigned_not_added",
    "Where two windows share a maximum only the last is left: = stands where += belongs, or "
    "a[index] += with arrays as index, which adds only once for equal places (np.add.at adds all).",
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
    canvas[:, :, : p * kh, : q * kw] = spread * kh * kw  # the whole value goes to each of them
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
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        read = dy[:, :, i::2, j::2][:, :, :p, :q]
        yield {"dx": read} if read.shape == (n, c, p, q) else {}
    every_second = dy[:, :, ::2, ::2]
    yield {"dx": every_second} if every_second.shape == (n, c, p, q) else {}
    fits = (dy.shape[2] // 2, dy.shape[3] // 2) == (p, q)  # otherwise the shape would be wrong
    if not fits:
        yield from [{}] * 4
        return
    windows = dy[:, :, : 2 * p, : 2 * q].reshape(n, c, p, 2, q, 2)
    for read in (np.max, np.sum, np.mean):
        yield {"dx": read(windows, axis=(3, 5))}
    yield {"dx": windows[:, :, :, 0, :, 0]}


# ---------------------------------------------------------------- pieces


def _size(case):
    """(H, W) of the large image."""
    for name in ("input_size", "output_size"):
        if name in case.values:
            return case[name]
    raise KeyError("a pool's case has input_size, an unpooling's output_size")


def _values(case):
    """The values that are scattered to the switches."""
    return case["dy"] if "dx" in case.right else case["x"]


def _name(case):
    return "dx" if "dx" in case.right else "y"


def _by(case, read):
    """The results if `read` computes (row, column) from switches; {} if one is outside of the
    image."""
    (height, width), switches = _size(case), case["switches"]
    rows, columns = np.broadcast_arrays(*read(switches))
    if rows.max() >= height or columns.max() >= width:
        return {}
    return case.solve(switches=rows * width + columns)
