"""Phases: a strided convolution is a plain one of them, and every pixel belongs to one."""

import numpy as np
import pytest

from helpers import assert_close, draw
from nn_scratch.engine import plain
from nn_scratch.engine.cpu import polyphase
from nn_scratch.geometry import make_windows

WINDOWS = [
    make_windows(*geometry)
    for geometry in [(3, 2, 1), ((4, 5), (2, 3), ((1, 0), (2, 4))), (2, 3, 0), (3, 1, 2)]
]


@pytest.mark.parametrize("windows", WINDOWS)
def test_a_plain_convolution_of_phases_is_the_strided_one(windows):
    (sh, sw), w = windows.stride, draw(3, 2, *windows.kernel)
    x = draw(2, 2, 6 * sh, 5 * sw, seed=1)
    phases = polyphase.phases_of(w, windows, 1)[0, ..., ::-1, ::-1]  # (sh, sw, C, F, th, tw)
    of_phase = [x[:, :, i::sh, j::sw] for i, j in np.ndindex(sh, sw)]
    taps = polyphase.taps_of(windows)
    whole = plain.conv_forward(
        np.concatenate(of_phase, axis=1),
        phases.reshape(-1, 3, *taps).swapaxes(0, 1),
        make_windows(taps),
    )
    strided = plain.conv_forward(x, w, windows._replace(padding=((0, 0), (0, 0))))
    rows, columns = whole.shape[2:]  # fewer, where a phase of the kernel has a tap of zeros
    assert_close(strided[:, :, :rows, :columns], whole)


@pytest.mark.parametrize("windows", WINDOWS)
@pytest.mark.parametrize("size", [(7, 9), (1, 2), (12, 10)])
def test_every_pixel_of_an_image_belongs_to_one_position_and_phase(windows, size):
    for axis, count in enumerate(polyphase.positions(size, windows)):
        stride, pad = windows.stride[axis], windows.padding[axis][0]
        found = np.full(size[axis], -1)
        for first in range(0, count, 3):  # as blocks of three positions would
            last = min(first + 3, count)
            for phase in range(stride):
                here, there = polyphase.pixels(phase, stride, pad, first, last, size[axis])
                assert (found[there] == -1).all()
                found[there] = (np.arange(first, last) * stride + phase - pad)[here]
        np.testing.assert_array_equal(found, np.arange(size[axis]))
