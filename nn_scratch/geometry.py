"""The geometry of windows: pairs, paddings, output sizes, and their error messages.

A message shows the numbers that were given, the rule that they break, and what would fit. Axes are
always in the order (height, width).
"""

import operator
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np

LARGEST = 2**31 - 1  # the largest allowed number; the product of two still fits into 64 bits
MOST_TAPS = 2**24  # of a pool's window
MOST_PIXELS = 2**30  # of a map; a larger one must be a mistake, and would fill the memory

# ---------------------------------------------------------------- pairs

Pair: TypeAlias = int | tuple[int, int]  # (height, width)
# Also ((top, bottom), (left, right)).
Padding: TypeAlias = int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]


def integer(name, value, least):
    """`value` as an int from `least` to LARGEST."""
    if type(value) is int and least <= value <= LARGEST:
        return value  # the common case, without further checks
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}, but must be an integer") from None
    if number < least:
        raise ValueError(f"{name} is {value}, but must be at least {least}")
    if number > LARGEST:
        raise ValueError(f"{name} is {value}, but must be at most {LARGEST}")
    return number


def flag(name, value):
    """True or False. Raises TypeError for anything else, since "no" would count as True."""
    if value is True or value is False:
        return value  # the common case, without further checks
    if isinstance(value, np.bool_):
        return bool(value)
    found = type(value).__name__ if hasattr(value, "dtype") else repr(value)
    raise TypeError(f"{name} is {found}, but must be True or False")


def pair(name, value, least=1):
    """An `int | (h, w)` argument as (h, w), each at least `least`."""
    if type(value) is int and least <= value <= LARGEST:
        return value, value
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise ValueError(f"{name} is {value}, but must be an integer or a pair (h, w)")
        return tuple(integer(name, number, least) for number in value)
    return (integer(name, value, least),) * 2


def map_size(name, value):
    """An `int | (h, w)` argument as the size of a map, (h, w)."""
    return within_memory(name, pair(name, value))


def within_memory(name, size):
    """The size of a map, if it is not too large. name: of the argument that asks for this size."""
    if size[0] * size[1] > MOST_PIXELS:
        raise ValueError(
            f"{name} asks for a map of {tuple(size)}, of more than {MOST_PIXELS} pixels"
        )
    return size


def padding_pairs(padding):
    """An `int | (h, w) | ((top, bottom), (left, right))` argument, in the last form."""
    if isinstance(padding, str):
        raise ValueError(
            f'padding={padding!r}: "same" and "valid" are for conv2d; give numbers here'
        )
    two = isinstance(padding, (tuple, list)) and len(padding) == 2
    rows, columns = padding if two else (padding, padding)
    return pair("padding", rows, least=0), pair("padding", columns, least=0)


# ---------------------------------------------------------------- windows


class Windows(NamedTuple):
    """The windows of a convolution or a pool, with a value for each axis (height, width).

    Along an axis, output p reads the inputs p·stride + i·dilation − padding[0], i = 0 … kernel − 1.
    """

    kernel: tuple
    stride: tuple
    padding: tuple  # ((top, bottom), (left, right))
    dilation: tuple

    @property
    def extent(self):
        """The pixels (height, width) from the first to the last tap of a window."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    @property
    def disjoint(self):
        """Whether no two windows have a pixel in common."""
        return all(e <= s for e, s in zip(self.extent, self.stride, strict=True))

    def padded(self, size):
        """The (height, width) of an image of `size` with its padding."""
        return tuple(n + sum(p) for n, p in zip(size, self.padding, strict=True))


@lru_cache(maxsize=256)
def turned(windows, positions, size):
    """The windows with which the adjoint of a convolution of stride 1 is a convolution by the
    kernel turned by 180°. It takes maps of `positions` back to images of `size`. If the padding is
    larger than the kernel's extent, the padding of the adjoint is negative, and windows start
    inside."""
    axes = zip(windows.extent, windows.padding, positions, size, strict=True)
    padding = tuple((extent - 1 - pad[0], n - p + pad[0]) for extent, pad, p, n in axes)
    return windows._replace(padding=padding)


def make_windows(kernel_size, stride=1, padding=0, dilation=1):
    """The Windows that the arguments of an op describe, after checks."""
    return Windows(
        pair("kernel_size", kernel_size),
        pair("stride", stride),
        padding_pairs(padding),
        pair("dilation", dilation),
    )


def conv_windows(kernel_size, stride, padding, dilation):
    """The same as `make_windows`, but padding may also be "valid", which is none, or "same", which
    keeps the size. If "same" needs an odd total, the extra pixel is at the bottom and on the right.
    """
    if not isinstance(padding, str):
        return make_windows(kernel_size, stride, padding, dilation)
    if padding not in ("same", "valid"):
        raise ValueError(f'padding={padding!r}, but the names are "same" and "valid"')
    bare = make_windows(kernel_size, stride, 0, dilation)
    if padding == "valid":
        return bare
    if bare.stride != (1, 1):
        raise ValueError(
            f'padding="same" needs stride 1, but stride is {bare.stride}: '
            "give the padding in numbers"
        )
    totals = [extent - 1 for extent in bare.extent]
    return bare._replace(padding=tuple((total // 2, total - total // 2) for total in totals))


def pool_windows(kernel_size, stride, padding, dilation=1):
    """The same as `make_windows`, for a pool: the stride is the kernel size by default, and the
    padding must be smaller than the kernel's extent."""
    w = make_windows(kernel_size, kernel_size if stride is None else stride, padding, dilation)
    if w.kernel[0] * w.kernel[1] > MOST_TAPS:
        raise ValueError(f"kernel_size is {w.kernel}: a window of more than {MOST_TAPS} pixels")
    for pads, extent in zip(w.padding, w.extent, strict=True):
        if max(pads) >= extent:
            raise ValueError(
                f"padding {w.padding} is too large for kernel {w.kernel} with dilation "
                f"{w.dilation}: a pool's padding must be smaller than the kernel's extent "
                f"{w.extent}"
            )
    return w


# ---------------------------------------------------------------- output sizes


@lru_cache(maxsize=1024)
def conv_size(size, w):
    """Output size ⌊(n + padding − extent) / stride⌋ + 1 (Dumoulin & Visin 2016, relation 6)."""
    out = tuple(
        (n - extent) // s + 1
        for n, extent, s in zip(w.padded(size), w.extent, w.stride, strict=True)
    )
    if min(out) < 1:
        raise ValueError(
            f"no window fits: the kernel {w.kernel} with dilation {w.dilation} spans {w.extent} "
            f"pixels, but the image {tuple(size)} with padding {w.padding} has only "
            f"{w.padded(size)}, so the output would be empty; use a smaller kernel, a larger "
            "image or more padding"
        )
    return within_memory(f"padding {w.padding}", out)


def pool_size(size, w, ceil_mode=False):
    """The output size of a pool. With `ceil_mode` it is rounded up, but a last window that starts
    outside of the image, or in the padding at the bottom or on the right, is dropped."""
    if not ceil_mode:
        return conv_size(size, w)
    out = []
    for n, padded, extent, s, (before, _) in zip(
        size, w.padded(size), w.extent, w.stride, w.padding, strict=True
    ):
        count = -((extent - padded) // s) + 1  # rounded up
        out.append(count - 1 if (count - 1) * s >= n + before else count)
    if min(out) < 1:
        raise ValueError(
            f"no window starts inside the image {tuple(size)} with kernel {w.kernel}, stride "
            f"{w.stride} and padding {w.padding}: the output would be {tuple(out)}"
        )
    return within_memory(f"padding {w.padding}", tuple(out))


@lru_cache(maxsize=256)
def real_taps(w, size, positions):
    """The taps (i, j) of a window that read a pixel of an image of `size` at any position, in
    row-major order, as (i, j, positions, pixels). The last two are slices for each axis: the
    positions at which the tap reads a pixel, and these pixels."""
    axes = []
    for kernel, stride, (before, _), dilation, pixels, count in zip(
        *w, size, positions, strict=True
    ):
        found = []
        for tap in range(kernel):
            offset = tap * dilation - before
            first = max(0, -(offset // stride))
            last = min(count, (pixels - 1 - offset) // stride + 1)
            if first < last:
                start, stop = first * stride + offset, (last - 1) * stride + offset + 1
                found.append((tap, slice(first, last), slice(start, stop, stride)))
        axes.append(found)
    return tuple(
        (i, j, (rows, columns), (from_rows, from_columns))
        for i, rows, from_rows in axes[0]
        for j, columns, from_columns in axes[1]
    )


def window_taps(size, w, positions):
    """For each axis, the input coordinates of each window, an array (positions, kernel).

    Coordinates outside of the image are in the padding. Raises ValueError if a window holds no
    pixel of the image.
    """
    axes = []
    for axis in range(2):
        starts = np.arange(positions[axis]) * w.stride[axis] - w.padding[axis][0]
        taps = starts[:, None] + np.arange(w.kernel[axis]) * w.dilation[axis]
        empty = ~((taps >= 0) & (taps < size[axis])).any(axis=1)
        if empty.any():
            raise ValueError(
                f"window {int(empty.argmax())} along the {('height', 'width')[axis]} holds no "
                f"real pixel: kernel {w.kernel}, stride {w.stride}, padding {w.padding}, dilation "
                f"{w.dilation} on an image {tuple(size)}; use less padding"
            )
        axes.append(taps)
    return axes


def transpose_base(size, w):
    """The smallest image from which a convolution with windows `w` makes a map of `size`:
    (n − 1)·stride − padding + extent (Dumoulin & Visin 2016, relation 14)."""
    return tuple(
        (n - 1) * s - sum(p) + extent
        for n, s, p, extent in zip(size, w.stride, w.padding, w.extent, strict=True)
    )


def transpose_size(size, w, output_padding=0, output_size=None):
    """The output size of a transpose convolution.

    With stride > 1, a convolution makes maps of the same `size` from images of all sizes from base
    to base + stride − 1. `output_size` chooses one of these sizes, `output_padding` its difference
    to the base.
    """
    base = transpose_base(size, w)
    extra = pair("output_padding", output_padding, least=0)
    if output_size is not None:
        if extra != (0, 0):
            raise ValueError(
                f"give output_size={output_size} or output_padding={output_padding}, not both"
            )
        return _chosen_size(map_size("output_size", output_size), base, size, w)
    limit = tuple(max(s, d) for s, d in zip(w.stride, w.dilation, strict=True))
    if any(e >= most for e, most in zip(extra, limit, strict=True)):
        raise ValueError(
            f"output_padding {extra} must be smaller than the larger of stride {w.stride} and "
            f"dilation {w.dilation}"
        )
    out = tuple(b + e for b, e in zip(base, extra, strict=True))
    if min(out) < 1:
        raise ValueError(
            f"the output would be {out}: an input of {tuple(size)} with kernel {w.kernel}, stride "
            f"{w.stride} and padding {w.padding} leaves nothing; use less padding"
        )
    return within_memory(f"stride {w.stride}", out)


def _chosen_size(wanted, base, size, w):
    """The wanted size of a transpose convolution, if it is possible."""
    possible = [range(max(b, 1), b + s) for b, s in zip(base, w.stride, strict=True)]
    if not all(n in sizes for n, sizes in zip(wanted, possible, strict=True)):
        heights, widths = (", ".join(map(str, sizes)) or "none" for sizes in possible)
        raise ValueError(
            f"output_size {wanted} cannot come from an input of {tuple(size)} with kernel "
            f"{w.kernel}, stride {w.stride}, padding {w.padding}, dilation {w.dilation}: "
            f"possible heights are {heights}; possible widths are {widths}"
        )
    return wanted
