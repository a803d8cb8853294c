"""All ways of computing a convolution on a CPU, in one table, and the choice between them.

Each way says where it applies and what a call costs by it, counted in multiplications: those of its
products, and those of its transforms, with the waste of tiles that reach beyond the image and of
taps that are zero. Moving a number counts as MOVE multiplications, and each of a way's steps as
STEP, for the time of its Python calls. Of the ways that apply, the one that costs least is taken.

`which_way` shows the choice for a call, with the counts it rests on.
"""

from collections.abc import Callable
from functools import lru_cache
from math import prod
from types import ModuleType
from typing import NamedTuple

from nn_scratch.arguments import each, one_of, parts, whole
from nn_scratch.engine import plain
from nn_scratch.engine.cpu import im2col, polyphase, winograd
from nn_scratch.geometry import Windows, conv_size, conv_windows, turned

# Fitted to 33 convolutions, forward and in the filters, of 3 to 128 channels: what the counts
# promise of Winograd's ways is then right to 13 %, and the choice costs 0.2 % in the mean.
MOVE = 12  # multiplications in the time of moving one number
STEP = 1_000_000  # multiplications in the time of the Python calls of one step
MOST_KERNELS = 3_000_000  # numbers of Winograd's kernels, which take 12 MB


class Call(NamedTuple):
    """The sizes of a convolution: `images` images of `size` with `channels` channels become
    `filters` channels at `positions`. Its adjoint, and its gradient in w, have the same Call."""

    images: int
    channels: int
    filters: int
    size: tuple
    positions: tuple
    windows: Windows
    groups: int

    @property
    def pairs(self):
        """Products of channels with filters at one tap of one position."""
        return self.channels * self.filters // self.groups


class Way(NamedTuple):
    """One way: its name in the field's words, its source, where it applies and what it costs.

    `module` has the primitives.
    """

    name: str
    source: str
    module: ModuleType
    applies: Callable[[Call], bool]
    cost: Callable[[Call], float]


# ---------------------------------------------------------------- what each way costs


def _im2col(call):
    windows, taps = call.windows, prod(call.windows.kernel)
    (rows, columns), (sh, sw), (height, width) = call.positions, windows.stride, windows.extent
    seen = ((rows - 1) * sh + height) * ((columns - 1) * sw + width)
    padded = call.channels * seen if any(map(any, windows.padding)) else 0
    moved = prod(call.positions) * (call.channels * taps + call.filters) + padded
    products = prod(call.positions) * call.pairs * taps
    return call.images * (products + MOVE * moved) + STEP


def _winograd(call):
    form = winograd.FORMS[call.windows.kernel]
    (height, width), (down, across), both = form.tile, form.out, form.along_both
    tiles = call.images * prod(-(-p // n) for p, n in zip(call.positions, form.out, strict=True))
    points, results = height * width, down * across
    products = points * call.pairs * (tiles + form.of_kernels.shape[1])
    of_channels = down * width**2 + both * points * height
    of_filters = results * width + both * down * points
    moved_channels = 2 * down * width + (1 + both) * points
    moved_filters = form.points + 2 * results
    transforms = tiles * (of_channels * call.channels + of_filters * call.filters)
    moved = tiles * (moved_channels * call.channels + moved_filters * call.filters)
    return products + transforms + MOVE * (moved + 2 * points * call.pairs) + 4 * STEP


def _polyphase(call):
    taps, phases = prod(polyphase.taps_of(call.windows)), prod(call.windows.stride)
    positions = call.images * prod(polyphase.positions(call.size, call.windows))
    weights = phases * taps * call.pairs
    moved = positions * (call.filters * taps + 2 * phases * call.channels) + weights
    return positions * weights + MOVE * moved + STEP


def _kn2row(call):
    positions = call.images * prod(call.positions)
    moved = 2 * call.filters + 4 * call.channels  # of the adjoint, for which it mostly serves
    of_a_tap = positions * (call.pairs + MOVE * moved) + STEP
    return prod(call.windows.kernel) * of_a_tap


# ---------------------------------------------------------------- where each way applies


def _always(call):
    return True


def _has_a_winograd_form(call):
    form = winograd.FORMS.get(call.windows.kernel)
    simple = call.windows.stride == call.windows.dilation == (1, 1) and call.groups == 1
    if not (form and simple and prod(form.tile) * call.pairs <= MOST_KERNELS):
        return False
    # With fewer channels than a tile is wide, products are too thin for what BLAS can do.
    return not form.along_both or min(call.channels, call.filters) >= form.tile[1]


def _is_not_dilated(call):
    return call.windows.dilation == (1, 1)


# ---------------------------------------------------------------- the table

IM2COL = Way("im2col, block by block", "Chellapilla et al. 2006", im2col, _always, _im2col)
WINOGRAD = Way(
    "Winograd F(4×4, 3×3), F(4, 5), F(2, 7)",
    "Lavin & Gray 2016, arXiv 1509.09308",
    winograd,
    _has_a_winograd_form,
    _winograd,
)
POLYPHASE = Way(
    "polyphase decomposition",
    "Shi et al. 2016, arXiv 1609.07009",
    polyphase,
    _is_not_dilated,
    _polyphase,
)
KN2ROW = Way("the plain way, tap by tap", "Vasudevan et al. 2017", plain, _always, _kn2row)

WAYS = {
    "conv_forward": (IM2COL, WINOGRAD, KN2ROW),
    "conv_backward_data": (POLYPHASE, KN2ROW),  # with stride 1 it is a conv_forward
    "conv_backward_filter": (IM2COL, WINOGRAD, KN2ROW),
}


@lru_cache(maxsize=1024)
def cheapest(primitive, *call):
    """The module of the way that costs least for such a Call."""
    costs = costs_of(primitive, Call(*call))
    return min(costs, key=lambda name: costs[name]).module


def costs_of(primitive, call):
    """The ways that apply to a call, each with its cost."""
    return {way: way.cost(call) for way in WAYS[primitive] if way.applies(call)}


class Choice(NamedTuple):
    """What `which_way` found; as text, a line for each way that applies."""

    primitive: str
    way: str
    costs: dict

    def __str__(self):
        lines = [f"{self.primitive}: {self.way}"]
        for name, cost in sorted(self.costs.items(), key=lambda item: item[1]):
            lines.append(f"{cost / 1e6:>12,.1f} million multiplications by {name}")
        return "\n".join(lines)


def which_way(
    primitive: str,
    x_shape: tuple,
    w_shape: tuple,
    *,
    stride: int | tuple = 1,
    padding: int | tuple | str = 0,
    dilation: int | tuple = 1,
    groups: int = 1,
) -> Choice:
    """Which way the fast engine computes a convolution on a CPU, and why.

    primitive: "conv_forward", "conv_backward_data" or "conv_backward_filter" of the convolution of
    x (N, C, H, W) with w (F, C/groups, kh, kw); the options are those of ops.conv2d.

    Returns: the Choice: `way`, its name, and `costs`, the cost of each way that applies, in
    multiplications.
    Raises: ValueError for an unknown primitive, and for shapes that do not fit; TypeError for
        shapes that are not tuples of integers.
    """
    one_of("primitive", primitive, WAYS)
    n, c, *size = parts("x_shape", each("x_shape", x_shape, lambda k, v: whole(k, v, 1)), 4)
    w_shape = parts("w_shape", each("w_shape", w_shape, lambda k, v: whole(k, v, 1)), 4)
    if w_shape[1] * whole("groups", groups, 1) != c or w_shape[0] % groups:
        raise ValueError(
            f"x_shape {tuple(x_shape)}, w_shape {w_shape} and groups={groups} do not fit: w is "
            "(C_out, C_in/groups, kh, kw)"
        )
    windows = conv_windows(w_shape[2:], stride, padding, dilation)
    positions = conv_size(tuple(size), windows)
    call = Call(n, c, w_shape[0], tuple(size), positions, windows, groups)
    table = primitive
    if primitive == "conv_backward_data" and windows.stride == (1, 1):
        table = "conv_forward"
        call = call._replace(channels=w_shape[0], filters=c, size=positions, positions=tuple(size))
        call = call._replace(windows=turned(windows, positions, tuple(size)))
    costs = {way.name: cost for way, cost in costs_of(table, call).items()}
    return Choice(primitive, min(costs, key=lambda name: costs[name]), costs)
