"""Convolution and transpose convolution: one trilinear form, contracted three ways.

    T(x, w, g) = Σ  x[n, c, p·s + i·d − pad, q·s + j·d − pad] · w[f, c, i, j] · g[n, f, p, q]

over n, f, c, i, j, p, q. T is linear in each of its three arguments, so leaving one of them out
gives an array of that argument's shape:

    leave out g    conv_forward(x, w)               the convolution
    leave out x    conv_backward_data(g, w, size)   its adjoint in x: the transpose convolution
    leave out w    conv_backward_filter(x, g)       the gradient of both in w

The convolution is the first; its backward pass is the second and the third. The transpose
convolution is the second; its backward pass is the first and the third. Both hold the same w.
"""

from nn_scratch.backend import Array
from nn_scratch.engine import engine_of
from nn_scratch.geometry import Padding, Pair, conv_windows, flag, make_windows, transpose_size
from nn_scratch.validate import check_conv_dy, check_convolution, check_transpose_dy


def conv2d(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: Pair = 1,
    padding: Padding | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Array:
    """Convolution (in signal processing's words cross-correlation: the kernel is not flipped).

    x (N, C_in, H, W), w (C_out, C_in/groups, kh, kw), b (C_out,). stride, dilation: int or (h, w).
    padding: int, (h, w), ((top, bottom), (left, right)), "same" (keeps the size; stride 1) or
    "valid" (none).

    Returns: y (N, C_out, P, Q), with P = ⌊(H + padding − (kh − 1)·dilation − 1) / stride⌋ + 1
        (Dumoulin & Visin 2016, relation 6, with dilation relation 15).
    Raises: ValueError for shapes or options that do not fit; TypeError if values are not all
        float32 or all float64.
    """
    check_convolution(x, w, b, groups)
    windows = conv_windows(w.shape[2:], stride, padding, dilation)
    return _add_bias(engine_of(x).conv_forward(x, w, windows, groups), b)


def conv2d_backward(
    dy: Array,
    x: Array,
    w: Array,
    *,
    stride: Pair = 1,
    padding: Padding | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
    need_dx: bool = True,
) -> tuple[Array | None, Array, Array]:
    """The gradients of conv2d, from dy (N, C_out, P, Q) and what conv2d was given.

    `need_dx=False` saves the work for dx and gives None in its place.

    Returns: dx, dw, db in the shapes of x, w and b.
    Raises: ValueError for shapes or options that do not fit; TypeError if values are not all
        float32 or all float64.
    """
    check_convolution(x, w, None, groups)
    windows = conv_windows(w.shape[2:], stride, padding, dilation)
    check_conv_dy(dy, x, w, windows)
    need_dx = flag("need_dx", need_dx)

    engine = engine_of(dy)
    dx = engine.conv_backward_data(dy, w, x.shape[2:], windows, groups) if need_dx else None
    dw = engine.conv_backward_filter(x, dy, windows, groups)
    db = engine.channel_sum(dy)
    return dx, dw, db


def conv_transpose2d(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    output_padding: Pair = 0,
    output_size: Pair | None = None,
    dilation: Pair = 1,
    groups: int = 1,
) -> Array:
    """Transpose convolution: the adjoint of conv2d with the same w, plus a bias.

    x (N, C_in, H, W), w (C_in, C_out/groups, kh, kw), b (C_out,). Options as conv2d's, without
    "same" and "valid". With stride > 1 several sizes convolve down to the same H; `output_padding`
    adds to the least of them, or `output_size=(P, Q)` picks one by its value.

    Returns: y (N, C_out, P, Q), with P = (H − 1)·stride − padding + (kh − 1)·dilation + 1 +
        output_padding (Dumoulin & Visin 2016, relation 14).
    Raises: ValueError for shapes, options or an output_size that do not fit; TypeError if values
        are not all float32 or all float64.
    """
    check_convolution(x, w, b, groups, transpose=True)
    windows = make_windows(w.shape[2:], stride, padding, dilation)
    size = transpose_size(x.shape[2:], windows, output_padding, output_size)
    return _add_bias(engine_of(x).conv_backward_data(x, w, size, windows, groups), b)


def conv_transpose2d_backward(
    dy: Array,
    x: Array,
    w: Array,
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> tuple[Array, Array, Array]:
    """The gradients of conv_transpose2d, from dy (N, C_out, P, Q) and what it was given.

    Returns: dx, dw, db in the shapes of x, w and b.
    Raises: ValueError for shapes or options that do not fit; TypeError if values are not all
        float32 or all float64.
    """
    check_convolution(x, w, None, groups, transpose=True)
    windows = make_windows(w.shape[2:], stride, padding, dilation)
    check_transpose_dy(dy, x, w, windows, groups)

    engine = engine_of(dy)
    # An output_padding of stride or more makes room for further windows; x has no pixel there.
    dx = engine.conv_forward(dy, w, windows, groups)[:, :, : x.shape[2], : x.shape[3]]
    dw = engine.conv_backward_filter(dy, x, windows, groups)
    db = engine.channel_sum(dy)
    return dx, dw, db


def _add_bias(y, b):
    """In place: y is new, nobody else has it."""
    if b is not None:
        y += b[:, None, None]
    return y
