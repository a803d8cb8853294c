"""The moving pictures end where the ops end; how they look is for eyes."""

import numpy as np
from PIL import Image

from helpers import draw_integers
from nn_scratch import ops
from nn_scratch.plotting.animations import (
    animate_conv_transpose,
    animate_convolution,
    animate_switches,
    save_gif,
)


def shown(figure, count):
    """The last `count` numbers that a frame shows."""
    return [float(text.get_text()) for text in figure.axes[0].texts[-count:]]


def test_convolution():
    x, w = draw_integers(5, 4), draw_integers(2, 3, seed=1)
    y = ops.conv2d(x[None, None], w[None, None], stride=(2, 1))
    frames = list(animate_convolution(x, w, stride=(2, 1)))
    assert len(frames) == y.size
    assert shown(frames[-1], y.size) == y.ravel().tolist()


def test_transpose_convolution():
    x, w = draw_integers(2, 3), draw_integers(3, 2, seed=1)
    y = ops.conv_transpose2d(x[None, None], w[None, None], stride=2)
    frames = list(animate_conv_transpose(x, w, stride=2))
    assert len(frames) == x.size
    assert shown(frames[-1], y.size) == y.ravel().tolist()


def test_switches_go_down_and_up():
    x = np.random.default_rng(0).permutation(24.0 + np.arange(24)).reshape(4, 6)
    y, switches = ops.max_pool2d(x[None, None], 2)
    back = ops.max_unpool2d(y, switches, x.shape)
    frames = list(animate_switches(x))
    assert len(frames) == 2 * y.size
    numbers = shown(frames[-1], back.size)
    assert numbers == back.ravel().tolist()


def test_a_gif_holds_every_frame(tmp_path):
    save_gif(animate_convolution(draw_integers(3, 3), draw_integers(2, 2)), tmp_path / "x.gif")
    with Image.open(tmp_path / "x.gif") as picture:
        assert picture.n_frames == 4 and picture.info["loop"] == 0
