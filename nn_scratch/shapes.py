"""What every op asks of its arguments: dtypes, ranks, pairs, padding, output sizes.

Each rule and its error message is said once, here. A message prints the shapes it got, the rule
that they break, and what would fit. Axes come in the order (height, width) throughout.
"""

import operator
from typing import NamedTuple

import numpy as np

from nn_scratch.backend import is_array, xp_of

LAYOUTS = {2: "(N, features)", 4: "(N, C, H, W)"}


# ---------------------------------------------------------------- dtypes and ranks


def check_values(**arrays):
    """Arrays of values must be float32 or float64, all the same; None stands for 'not given'.

    Raises TypeError, which names the argument and the cure.
    """
    arrays = {name: array for name, array in arrays.items() if array is not None}
    for name, array in arrays.items():
        if not is_array(array):
            raise TypeError(
                f"{name} is a {type(array).__name__}, but must be an array: "
                f"np.asarray({name}, dtype=np.float32)"
            )
        if array.dtype not in (np.float32, np.float64):
            raise TypeError(
                f"{name} has dtype {array.dtype}, but values must be float32 or float64: "
                f"convert with {name}.astype(np.float32)"
            )
    dtypes = {name: str(array.dtype) for name, array in arrays.items()}
    if len(set(dtypes.values())) > 1:
        got = ", ".join(f"{name} {dtype}" for name, dtype in dtypes.items())
        raise TypeError(f"dtypes are mixed ({got}): convert all to one of them with .astype(...)")
    xp_of(*arrays.values())


def check_integers(name, array):
    """Labels and switches must be arrays of any integer type."""
    if not is_array(array) or array.dtype.kind not in "iu":
        got = array.dtype if is_array(array) else type(array).__name__
        raise TypeError(f"{name} is {got}, but must be an integer array: {name}.astype(np.int64)")


def check_rank(name, array, rank):
    """The number of axes, and no empty axis but the batch."""
    if array.ndim != rank:
        hint = f" (a single image needs a batch axis: {name}[None])" if array.ndim == 3 else ""
        raise ValueError(
            f"{name} has shape {array.shape}, but needs {rank} axes {LAYOUTS[rank]}{hint}"
        )
    if 0 in array.shape[1:]:
        raise ValueError(
            f"{name} has shape {array.shape}: every axis but the batch must be at least 1"
        )


def check_shape(name, array, expected, why):
    """`array.shape` must be `expected`; `why` says where that comes from."""
    if tuple(array.shape) != tuple(expected):
        raise ValueError(
            f"{name} has shape {tuple(array.shape)}, but must be {tuple(expected)}: {why}"
        )


# ---------------------------------------------------------------- pairs


def integer(name, value, least):
    """`value` as an int of at least `least`."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}, but must be an integer") from None
    if number < least:
        raise ValueError(f"{name} is {value}, but must be at least {least}")
    return number


def pair(name, value, least=1):
    """An `int | (h, w)` argument as (h, w), each at least `least`."""
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise ValueError(f"{name} is {value}, but must be an integer or a pair (h, w)")
        return tuple(integer(name, number, least) for number in value)
    return (integer(name, value, least),) * 2


def padding_pairs(padding):
    """An `int | (h, w) | ((top, bottom), (left, right))` argument in the last, full form."""
    if isinstance(padding, str):
        raise ValueError(
            f'padding={padding!r}: "same" and "valid" are for conv2d; give numbers here'
        )
    rows, columns = (
        padding
        if isinstance(padding, (tuple, list)) and len(padding) == 2
        else (
            padding,
            padding,
        )
    )
    return pair("padding", rows, least=0), pair("padding", columns, least=0)


# ---------------------------------------------------------------- windows


class Windows(NamedTuple):
    """Where the windows of a convolution or a pool lie, by axis (height, width).

    Output p of an axis sees the inputs p·stride + i·dilation − padding[0], i = 0 … kernel − 1.
    """

    kernel: tuple
    stride: tuple
    padding: tuple  # ((top, bottom), (left, right))
    dilation: tuple

    @property
    def extent(self):
        """Pixels from a window's first tap to its last, along (height, width)."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    @property
    def disjoint(self):
        """Whether no two windows can share a pixel."""
        return all(e <= s for e, s in zip(self.extent, self.stride, strict=True))

    def padded(self, size):
        """The padded image's (height, width)."""
        return tuple(n + sum(p) for n, p in zip(size, self.padding, strict=True))


def make_windows(kernel_size, stride=1, padding=0, dilation=1):
    """The arguments of an op, checked and written out."""
    return Windows(
        pair("kernel_size", kernel_size),
        pair("stride", stride),
        padding_pairs(padding),
        pair("dilation", dilation),
    )


def conv_windows(kernel_size, stride, padding, dilation):
    """As `make_windows`, with conv2d's padding names: "valid" is none, "same" keeps the size.

    With an odd total, "same" puts the extra pixel at the bottom and on the right.
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
    """As `make_windows`, with a pool's default stride; padding must stay below the extent."""
    w = make_windows(kernel_size, kernel_size if stride is None else stride, padding, dilation)
    for pads, extent in zip(w.padding, w.extent, strict=True):
        if max(pads) >= extent:
            raise ValueError(
                f"padding {w.padding} is too large for kernel {w.kernel} with dilation "
                f"{w.dilation}: a pool's padding must be smaller than the kernel's extent "
                f"{w.extent}"
            )
    return w


# ---------------------------------------------------------------- output sizes


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
    return out


def pool_size(size, w, ceil_mode=False):
    """A pool's output size; `ceil_mode` rounds up, but drops a last window that starts
    outside the image or in the bottom (right) padding."""
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
    return tuple(out)


def window_taps(size, w, positions):
    """Per axis, the input coordinates under each window: arrays (positions, kernel).

    Coordinates below 0 or beyond the image lie in the padding. Raises ValueError when a window
    holds no real pixel.
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
    """The smallest image that a convolution with windows `w` takes to `size`:
    (n − 1)·stride − padding + extent (Dumoulin & Visin 2016, relation 14)."""
    return tuple(
        (n - 1) * s - sum(p) + extent
        for n, s, p, extent in zip(size, w.stride, w.padding, w.extent, strict=True)
    )


def transpose_size(size, w, output_padding=0, output_size=None):
    """Output size of a transpose convolution.

    With stride > 1 the sizes base … base + stride − 1 all lead down to the same `size`.
    `output_size` picks one of them by its value, `output_padding` by its distance from the base.
    """
    base = transpose_base(size, w)
    extra = pair("output_padding", output_padding, least=0)
    if output_size is not None:
        if extra != (0, 0):
            raise ValueError(
                f"give output_size={output_size} or output_padding={output_padding}, not both"
            )
        return _chosen_size(pair("output_size", output_size), base, size, w)
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
    return out


def _chosen_size(wanted, base, size, w):
    possible = [range(max(b, 1), b + s) for b, s in zip(base, w.stride, strict=True)]
    if not all(n in sizes for n, sizes in zip(wanted, possible, strict=True)):
        heights, widths = (", ".join(map(str, sizes)) or "none" for sizes in possible)
        raise ValueError(
            f"output_size {wanted} cannot come from an input of {tuple(size)} with kernel "
            f"{w.kernel}, stride {w.stride}, padding {w.padding}, dilation {w.dilation}: "
            f"possible heights are {heights}; possible widths are {widths}"
        )
    return wanted


# ---------------------------------------------------------------- the arrays of a convolution


def check_convolution(x, w, b, groups, *, transpose=False):
    """x, w and b must fit a convolution, w (C_out, C_in/groups, kh, kw), or a transpose
    convolution, w (C_in, C_out/groups, kh, kw)."""
    check_values(x=x, w=w, b=b)
    check_rank("x", x, 4)
    check_rank("w", w, 4)
    integer("groups", groups, least=1)
    if w.shape[0] % groups:
        raise ValueError(
            f"groups={groups} does not divide the first axis of w {w.shape}, {w.shape[0]}"
        )
    first, second = w.shape[0], w.shape[1] * groups
    c_in, c_out = (first, second) if transpose else (second, first)
    if x.shape[1] != c_in:
        layout = "(C_in, C_out/groups, kh, kw)" if transpose else "(C_out, C_in/groups, kh, kw)"
        raise ValueError(
            f"x {x.shape} has {x.shape[1]} channels, but w {w.shape} with groups={groups} expects "
            f"{c_in}: w is {layout}"
        )
    if b is not None:
        check_shape("b", b, (c_out,), "one bias for each output channel")


def check_conv_dy(dy, x, w, windows):
    """dy must have the shape of conv2d's output."""
    check_values(dy=dy, x=x)
    expected = (x.shape[0], w.shape[0], *conv_size(x.shape[2:], windows))
    check_shape("dy", dy, expected, "the shape of the output")


def check_transpose_dy(dy, x, w, windows, groups):
    """dy must have a shape that conv_transpose2d can give, output_padding included."""
    check_values(dy=dy, x=x)
    check_rank("dy", dy, 4)
    least = transpose_base(x.shape[2:], windows)
    most = tuple(
        b + max(s, d) - 1 for b, s, d in zip(least, windows.stride, windows.dilation, strict=True)
    )
    fits = all(b <= n <= m for b, n, m in zip(least, dy.shape[2:], most, strict=True))
    if dy.shape[:2] != (x.shape[0], w.shape[1] * groups) or not fits:
        raise ValueError(
            f"dy has shape {dy.shape}, but the output for x {x.shape} and w {w.shape} has batch "
            f"{x.shape[0]}, {w.shape[1] * groups} channels and a size from {least} to {most}"
        )
