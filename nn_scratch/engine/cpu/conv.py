"""The three convolution primitives for NumPy arrays: each call goes the way that costs it least.

The ways are in `ways`, and their code in the modules named there. With stride 1 the adjoint is
itself a convolution, with the kernel turned by 180° (Dumoulin & Visin 2016, relation 9).
"""

from nn_scratch.engine import plain
from nn_scratch.engine.cpu.threads import one_blas_thread
from nn_scratch.engine.cpu.tiling import NotFinite
from nn_scratch.engine.cpu.ways import cheapest
from nn_scratch.geometry import conv_size, turned


def conv_forward(x, w, windows, groups=1):
    """As plain.conv_forward."""
    (n, c, *size), f = x.shape, len(w)
    call = n, c, f, tuple(size), conv_size(tuple(size), windows), windows, groups
    return _by_the_cheapest_way("conv_forward", call, x, w, windows, groups)


def conv_backward_data(g, w, size, windows, groups=1):
    """As plain.conv_backward_data."""
    (n, f, *positions), c = g.shape, w.shape[1] * groups
    size, positions = tuple(size), tuple(positions)
    if windows.stride == (1, 1):
        back = turned(windows, positions, size)
        return conv_forward(g, _turned_kernels(w, groups), back, groups)
    call = n, c, f, size, positions, windows, groups
    return _by_the_cheapest_way("conv_backward_data", call, g, w, size, windows, groups)


def conv_backward_filter(x, g, windows, groups=1):
    """As plain.conv_backward_filter."""
    (n, c, *size), (_, f, *positions) = x.shape, g.shape
    call = n, c, f, tuple(size), tuple(positions), windows, groups
    return _by_the_cheapest_way("conv_backward_filter", call, x, g, windows, groups)


def _by_the_cheapest_way(primitive, call, *arguments):
    """The call's result. All ways but the plain one also multiply zeros that no window sees, and
    zero times ∞ is NaN: where a number is not finite they raise NotFinite, and the plain way
    computes the call."""
    module = cheapest(primitive, *call)
    try:
        if module is not plain:
            return getattr(module, primitive)(*arguments)
    except NotFinite:
        pass
    with one_blas_thread():
        return getattr(plain, primitive)(*arguments)


def _turned_kernels(w, groups):
    """The weights of the adjoint: kernels turned by 180°, input and output channels swapped."""
    f, c, kh, kw = w.shape
    turned = w[:, :, ::-1, ::-1].reshape(groups, f // groups, c, kh, kw).swapaxes(1, 2)
    return turned.reshape(groups * c, f // groups, kh, kw)
