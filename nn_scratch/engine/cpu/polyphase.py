"""The adjoint of a convolution with stride s by polyphase decomposition (Shi et al. 2016, arXiv
1609.07009).

Pixel q·s + r of the padded image is pixel q of phase r. It sees g at q − t through the kernel's tap
r + s·t, so a phase has ⌈k/s⌉ taps along each axis, or one less, which is a zero here. All s² phases
together are one correlation with stride 1, of s² times as many channels.
"""

import numpy as np

from nn_scratch.engine.cpu.gemm import multiply
from nn_scratch.engine.cpu.im2col import columns_of
from nn_scratch.engine.cpu.threads import for_each, workspace
from nn_scratch.engine.cpu.tiling import check_finite, cut
from nn_scratch.geometry import Windows


def conv_backward_data(g, w, size, windows, groups):
    """g (N, F, P, Q), w (F, C/groups, kh, kw) -> x (N, C, *size), without dilation."""
    check_finite(w)  # it meets the zeros around g
    n, c, (sh, sw) = len(g), w.shape[1], windows.stride
    x = np.empty((n, groups, c, *size), g.dtype)
    (th, tw), count = taps_of(windows), positions(size, windows)
    weights = phases_of(w, windows, groups).reshape(groups, sh * sw * c, -1)
    adjoint = Windows((th, tw), (1, 1), ((th - 1, 0), (tw - 1, 0)), (1, 1))
    has_zeros = windows.kernel != (th * sh, tw * sw)

    def work(block):
        columns = columns_of(g, block, adjoint, groups)
        shape = len(columns), *weights.shape[:2], columns.shape[3]
        found = workspace("product", shape, g.dtype)
        multiply(weights, columns, out=found)  # (G, sh·sw·C/G, K) (n, G, K, L)
        if has_zeros:
            check_finite(found)
        _put(found, x, block, windows)

    position_bytes = groups * sum(weights.shape[1:]) * g.itemsize
    blocks = cut(n, count, position_bytes, weights.size)
    for_each(work, blocks, n * count[0] * count[1] * weights.size)
    return x.reshape(n, groups * c, *size)


def _put(found, x, block, windows):
    """The block's phases (n, G, sh·sw·C/G, L) to their pixels in x (N, G, C/G, H, W)."""
    images, rows, across = block.shape
    (sh, sw), (top, left) = windows.stride, (pad[0] for pad in windows.padding)
    found = found.reshape(images, x.shape[1], sh, sw, x.shape[2], rows, across)
    for i, j in np.ndindex(sh, sw):
        down, to_down = pixels(i, sh, top, block.top, block.bottom, x.shape[3])
        over, to_over = pixels(j, sw, left, block.left, block.right, x.shape[4])
        x[block.images, :, :, to_down, to_over] = found[:, :, i, j, :, down, over]


def taps_of(windows):
    """The taps that are left of the kernel, along (height, width)."""
    return tuple(-(-k // s) for k, s in zip(windows.kernel, windows.stride, strict=True))


def phases_of(w, windows, groups):
    """Kernels (F, C/G, kh, kw) -> (G, sh, sw, C/G, F/G, th, tw): those of each phase, turned by
    180°, with a zero where a phase has a tap less."""
    (f, c), (th, tw), (sh, sw) = w.shape[:2], taps_of(windows), windows.stride
    phases = np.zeros((groups, sh, sw, c, f // groups, th, tw), w.dtype)
    taps = w.reshape(groups, f // groups, c, *windows.kernel).swapaxes(1, 2)
    for i, j in np.ndindex(windows.kernel):
        # Tap by tap: with a whole kernel at once NumPy's inner loops would be a few numbers long.
        phases[:, i % sh, j % sw, ..., th - 1 - i // sh, tw - 1 - j // sw] = taps[..., i, j]
    return phases


def pixels(phase, stride, pad, first, last, size):
    """Which of the positions first … last are pixels p·stride + phase − pad inside an axis of
    `size`, and which pixels: two slices, the first counted from `first`."""
    start = max(first, -((phase - pad) // stride))
    stop = max(start, min(last, -((phase - pad - size) // stride)))
    pixel = start * stride + phase - pad
    return slice(start - first, stop - first), slice(pixel, pixel + (stop - start) * stride, stride)


def positions(size, windows):
    """How many positions it takes until their phases cover an image of `size`."""
    return tuple(
        -(-(n + pad) // stride)
        for n, stride, (pad, _) in zip(size, windows.stride, windows.padding, strict=True)
    )
