"""The three convolution primitives for NumPy arrays: each call goes the way that costs it least.

The ways are in `ways`, and their code in the modules named there. With stride 1 the adjoint is
itself a convolution, with the kernel turned by 180° (Dumoulin & Visin 2016, relation 9).
"""

from nn_scratch.engine.cpu import im2col, kn2row
from nn_scratch.engine.cpu.ways import cheapest
from nn_scratch.geometry import conv_size, turned


def conv_forward(x, w, windows, groups=1):
    """As plain.conv_forward."""
    return _correlate(x, w, windows, groups, conv_size(x.shape[2:], windows))


def conv_backward_data(g, w, size, windows, groups=1):
    """As plain.conv_backward_data."""
    (n, f, *positions), c = g.shape, w.shape[1] * groups
    if windows.stride == (1, 1):
        return _correlate(g, _turned_kernels(w, groups), turned(windows), groups, size)
    call = n, c, f, size, tuple(positions), windows, groups
    x = cheapest("conv_backward_data", *call).conv_backward_data(g, w, size, windows, groups)
    return kn2row.conv_backward_data(g, w, size, windows, groups) if x is None else x


def conv_backward_filter(x, g, windows, groups=1):
    """As plain.conv_backward_filter."""
    (n, c, *size), (_, f, *positions) = x.shape, g.shape
    call = n, c, f, tuple(size), tuple(positions), windows, groups
    w = cheapest("conv_backward_filter", *call).conv_backward_filter(x, g, windows, groups)
    return im2col.conv_backward_filter(x, g, windows, groups) if w is None else w


def _correlate(x, w, windows, groups, positions):
    """Correlate at the first `positions`, whatever padding after the image that takes."""
    n, c, *size = x.shape
    call = n, c, len(w), tuple(size), tuple(positions), windows, groups
    y = cheapest("conv_forward", *call).conv_forward(x, w, windows, groups, positions)
    return im2col.conv_forward(x, w, windows, groups, positions) if y is None else y


def _turned_kernels(w, groups):
    """The weights of the adjoint: kernels turned by 180°, input and output channels swapped."""
    f, c, kh, kw = w.shape
    turned = w[:, :, ::-1, ::-1].reshape(groups, f // groups, c, kh, kw).swapaxes(1, 2)
    return turned.reshape(groups * c, f // groups, kh, kw)
