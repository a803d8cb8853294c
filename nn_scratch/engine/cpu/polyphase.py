"""A convolution with stride s as one with stride 1, whose pixels are s × s of the image's.

Pixel p·s + r of the padded image is pixel p of phase r, and tap i·s + r of the kernel is tap i of
phase r. There are s² times as many channels, and ⌈k/s⌉ taps along each axis (Shi et al. 2016,
arXiv 1609.07009).
"""

from math import prod

import numpy as np

from nn_scratch.geometry import Windows


def taps_of(windows):
    """The taps that are left of the kernel, along (height, width)."""
    return tuple(-(-k // s) for k, s in zip(windows.kernel, windows.stride, strict=True))


def share_of_taps(windows):
    """The kernel's taps as a share of those that all phases together would have at most."""
    return prod(windows.kernel) / prod(taps_of(windows)) / prod(windows.stride)


def split(w, windows):
    """Kernels (F, C, kh, kw) -> (F, sh, sw, C, th, tw), zero where a phase has a tap less."""
    (th, tw), (sh, sw) = taps_of(windows), windows.stride
    phases = np.zeros((*w.shape[:2], th * sh, tw * sw), w.dtype)
    phases[:, :, : windows.kernel[0], : windows.kernel[1]] = w
    return phases.reshape(*w.shape[:2], th, sh, tw, sw).transpose(0, 3, 5, 1, 2, 4)


def join(phases, windows):
    """The adjoint of split: (F, sh, sw, C, th, tw) -> (F, C, kh, kw)."""
    f, sh, sw, c, th, tw = phases.shape
    w = phases.transpose(0, 3, 4, 1, 5, 2).reshape(f, c, th * sh, tw * sw)
    return np.ascontiguousarray(w[:, :, : windows.kernel[0], : windows.kernel[1]])


def pixels(phase, stride, pad, first, last, size):
    """Which of the positions first … last are pixels p·stride + phase − pad inside an axis of
    `size`, and which pixels: two slices, the first counted from `first`."""
    start = max(first, -((phase - pad) // stride))
    stop = max(start, min(last, -((phase - pad - size) // stride)))
    pixel = start * stride + phase - pad
    return slice(start - first, stop - first), slice(pixel, pixel + (stop - start) * stride, stride)


def adjoint_windows(windows):
    """The windows of the correlation from which the adjoint's phases come."""
    th, tw = taps_of(windows)
    return Windows((th, tw), (1, 1), ((th - 1, 0), (tw - 1, 0)), (1, 1))


def positions(size, windows):
    """How many positions it takes until their phases cover an image of `size`."""
    return tuple(
        -(-(n + pad) // stride)
        for n, stride, (pad, _) in zip(size, windows.stride, windows.padding, strict=True)
    )
