"""The adjoint of a convolution with stride s: one correlation for each of the s² phases of the
output's pixels (Shi et al. 2016, arXiv 1609.07009).

Output pixel q·s + r − pad sees g at q − t through the weight at r + s·t. So phase r has the taps t
with r + s·t < k along each axis: ⌈k/s⌉ of them, or one less.
"""

import numpy as np

from nn_scratch.engine.cpu import kn2row, polyphase
from nn_scratch.engine.cpu.gemm import multiply
from nn_scratch.engine.cpu.im2col import columns_by_tap, columns_of
from nn_scratch.engine.cpu.threads import share, workspace
from nn_scratch.engine.cpu.tiling import cut
from nn_scratch.engine.plain import rows_of

UNEVEN = 0.75  # the share of real taps up to which phases are worth products of their own


def conv_backward_data(g, w, size, windows, groups):
    """As plain.conv_backward_data, for windows without dilation."""
    (n, f), c, (sh, sw) = g.shape[:2], w.shape[1], windows.stride
    (pad_top, _), (pad_left, _) = windows.padding
    y = np.empty((n, groups, c, *size), g.dtype)

    def put(block, found):
        images, rows, across = block.shape
        found = found.reshape(images, groups, sh, sw, c, rows, across)
        for i, j in np.ndindex(sh, sw):
            down, to_down = polyphase.pixels(i, sh, pad_top, block.top, block.bottom, size[0])
            over, to_over = polyphase.pixels(j, sw, pad_left, block.left, block.right, size[1])
            y[block.images, :, :, to_down, to_over] = found[:, :, i, j, :, down, over]

    plain, positions = polyphase.adjoint_windows(windows), polyphase.positions(size, windows)
    few = kn2row.suits(groups * sh * sw * c, g, plain)
    if not few and polyphase.share_of_taps(windows) <= UNEVEN:
        _phase_by_phase(g, w, windows, groups, positions, put)
    else:
        kernels = polyphase.split(w, windows)[..., ::-1, ::-1]  # (F, sh, sw, C/G, th, tw)
        kernels = kernels.reshape(groups, f // groups, -1, *plain.kernel).swapaxes(1, 2)
        kernels = kernels.reshape(-1, f // groups, *plain.kernel)  # (G·sh·sw·C/G, F/G, th, tw)
        conv_forward = kn2row.conv_forward if few else _all_phases_at_once
        conv_forward(g, kernels, plain, groups, positions, put)
    return y.reshape(n, groups * c, *size)


def _all_phases_at_once(g, w, windows, groups, positions, put):
    """One correlation with s² times the channels, w (G·sh·sw·C/G, F/G, th, tw): what is found for a
    block, (n, G, sh·sw·C/G, L), goes to `put`. A tap that a phase does not have is a zero in w."""
    weights = rows_of(w, groups)

    def work(tasks):
        for block in tasks:
            columns = columns_of(g, block, windows, groups)
            shape = len(columns), *weights.shape[:2], columns.shape[3]
            found = workspace("product", shape, g.dtype)
            put(block, multiply(weights, columns, out=found))  # (G, F', K) (n, G, K, L)

    values = len(w) + groups * weights.shape[2]
    share(work, cut(len(g), positions, values * g.itemsize, w.size))


def _phase_by_phase(g, w, windows, groups, positions, put):
    """The same with the taps alone that each phase has, from w as it is.

    One product for each phase j of columns and each row t of taps: it gives all phases i of rows
    that have this row, which are the first ones.
    """
    (sh, sw), plain = windows.stride, polyphase.adjoint_windows(windows)
    (th, tw), f, c = plain.kernel, w.shape[0] // groups, w.shape[1]
    kernels = w.reshape(groups, f, c, *windows.kernel)
    weights = {}
    for j, t in np.ndindex(sw, th):
        part = kernels[..., t * sh : (t + 1) * sh, j::sw]  # (G, F/G, C/G, i, taps)
        _, _, _, rows, taps = part.shape
        if rows and taps:
            weights[j, t] = part.transpose(0, 3, 2, 4, 1).reshape(groups, rows * c, taps * f)

    def work(tasks):
        for block in tasks:
            columns = columns_by_tap(g, block, plain, groups)  # (n, G, th, tw·F/G, L)
            shape = len(columns), groups, sw, sh * c, columns.shape[4]
            found = workspace("product", shape, g.dtype)
            if windows.kernel[0] < sh or windows.kernel[1] < sw:
                found[...] = 0  # in the phases without a tap
            for (j, t), part in weights.items():
                here = found[:, :, j, : part.shape[1]]
                seen = columns[:, :, t, : part.shape[2]]
                if t == 0:
                    multiply(part, seen, out=here)  # (G, i·C/G, taps·F/G) (n, G, taps·F/G, L)
                else:
                    here += multiply(part, seen, out=workspace("more", here.shape, here.dtype))
            by_phase = found.reshape(*shape[:3], sh, c, *block.shape[1:]).swapaxes(2, 3)
            put(block, by_phase)

    values, products = groups * (sh * sw * c + f * th * tw), sum(p.size for p in weights.values())
    share(work, cut(len(g), positions, values * g.itemsize, products))
