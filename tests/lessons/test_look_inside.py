"""The pictures of what is inside nets are drawn by a script, from the nets that come trained."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers import draw
from nn_scratch.check import check_gradients
from nn_scratch.layers import Conv2d
from nn_scratch.nets import SegNet

LESSONS = Path(__file__).parents[2] / "lessons"
spec = importlib.util.spec_from_file_location("look_inside", LESSONS / "look_inside.py")
look_inside = importlib.util.module_from_spec(spec)
spec.loader.exec_module(look_inside)

PICTURES = [
    *("hourglass.png", "localizer.png", "occlusion.png", "box_occlusion.png"),
    *("learning.gif", "learning.png"),
]


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_is_small_and_shown(name):
    assert (LESSONS / "images" / name).stat().st_size < 1e6
    assert f"../images/{name}" in (LESSONS / "guides" / "looking_inside.md").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hourglass", "localizer"])
def test_the_script_draws_them(name, tmp_path):
    look_inside.main([name, "--out", str(tmp_path)])
    with Image.open(tmp_path / f"{name}.png") as new:
        with Image.open(LESSONS / "images" / f"{name}.png") as kept:
            assert np.abs(np.subtract(new.size, kept.size)).max() <= 2  # fonts differ a little
        assert new.width == 1200


def test_the_film_goes_from_the_first_step_to_the_last():
    with Image.open(LESSONS / "images" / "learning.gif") as moving:
        assert moving.n_frames == len(look_inside.STEPS) + 1


def test_the_wrong_backward_pass_is_wrong_in_dx_alone_and_a_check_sees_it():
    x, dy = draw(2, 3, 7, 6), draw(2, 4, 5, 5, seed=1)
    right, wrong = (
        kind(3, 4, (3, 2), rng=0, dtype=np.float64)
        for kind in (Conv2d, look_inside.WrongSignConv2d)
    )
    before = wrong.params["weight"].copy()
    np.testing.assert_array_equal(right(x), wrong(x))
    assert not np.allclose(right.backward(dy), wrong.backward(dy))
    for name in right.grads:
        np.testing.assert_array_equal(right.grads[name], wrong.grads[name])
    np.testing.assert_array_equal(wrong.params["weight"], before)
    assert check_gradients(right, x).ok and not check_gradients(wrong, x).ok


def test_every_convolution_of_the_net_gets_it():
    net = look_inside.with_wrong_backward(SegNet(1, 3, (4, 6), rng=0))
    kinds = {type(layer) for _, layer in net.named_modules() if isinstance(layer, Conv2d)}
    assert kinds == {look_inside.WrongSignConv2d}


def test_learning_is_filmed(monkeypatch):
    monkeypatch.setattr(look_inside, "STEPS", (0, 1))
    seen = look_inside.learn(wrong=True, scenes=32, epochs=1, width=2)
    assert list(seen) == [0, 1, 2] and seen[0].shape == (40, 40)
