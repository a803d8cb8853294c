"""The nets: shapes, sizes that are odd, both heads, and gradients through everything."""

import numpy as np
import pytest

from helpers import draw
from nn_scratch.check import check_gradients
from nn_scratch.nets import LOCALIZERS, SEGMENTERS, Localizer, SegNet, UNet


@pytest.mark.parametrize("size", [(40, 40), (45, 23), (8, 9)])
def test_segnet_keeps_the_image_size(size):
    net = SegNet(3, 5, rng=0)
    x = draw(2, 3, *size, dtype=np.float32)
    scores = net(x)
    assert scores.shape == (2, 5, *size) and scores.dtype == np.float32
    assert net.backward(scores).shape == x.shape


def test_segnet_unpools_by_the_switches_of_the_same_size():
    net = SegNet(1, 3, widths=(4, 6), rng=0)
    net(draw(1, 1, 12, 20, dtype=np.float32))
    assert [unpool.pool for unpool in net.unpools] == net.pools[::-1]
    assert net.pools[0].input_size == (12, 20) and net.pools[1].input_size == (6, 10)


def test_segnet_convolves_after_the_last_unpooling():
    """A map that is only scattered stays three quarters zero; scores must not."""
    net = SegNet(1, 3, widths=(4,), rng=0)
    scores = net(draw(1, 1, 16, 16, dtype=np.float32))
    assert len(np.unique(scores[0, 0])) > 200


@pytest.mark.slow
@pytest.mark.parametrize("widths", [(3,), (3, 4), (2, 3, 4)])
def test_segnet_gradients(widths):
    report = check_gradients(
        SegNet(2, 3, widths=widths, kernel_size=(3, 2), rng=0), draw(2, 2, 11, 9)
    )
    assert report.ok, report


@pytest.mark.parametrize("size", [(40, 40), (45, 23), (8, 9)])
def test_unet_keeps_the_image_size(size):
    net = UNet(3, 5, rng=0)
    x = draw(2, 3, *size, dtype=np.float32)
    scores = net(x)
    assert scores.shape == (2, 5, *size) and scores.dtype == np.float32
    assert net.backward(scores).shape == x.shape


@pytest.mark.slow
@pytest.mark.parametrize("widths", [(3,), (3, 4), (2, 3, 4)])
def test_unet_gradients(widths):
    net = UNet(2, 3, widths=widths, kernel_size=(3, 2), rng=0)
    report = check_gradients(net, draw(2, 2, 11, 9))
    assert report.ok, report


def test_unet_hands_the_encoder_s_maps_on_beside_the_upsampled():
    """Without what comes from below, each size still sees its encoder's map."""
    net = UNet(1, 2, widths=(4, 6), rng=0).eval()
    x = draw(1, 1, 12, 10, dtype=np.float32)
    net(x)
    assert net.decoders[0][0][0].params["weight"].shape == (4, 8, 3, 3)
    joined = net.decoders[0][0][0].saved
    np.testing.assert_array_equal(joined[:, 4:], net.encoders[0](x))
    for name in "weight", "bias":
        net.params[f"ups.0.{name}"][...] = 0
    net(x)
    assert not net.decoders[0][0][0].saved[:, :4].any()
    assert len(np.unique(net(x))) > 50


def test_unet_s_smallest_image():
    assert UNet(1, 2, (2, 3, 4), rng=0).eval()(np.ones((1, 1, 4, 5), np.float32)).any()
    with pytest.raises(ValueError, match="no window fits"):
        UNet(1, 2, (2, 3, 4), rng=0)(np.ones((1, 1, 3, 5), np.float32))


def test_localizer_has_two_heads_on_the_same_features():
    net = Localizer(2, 3, (13, 9), widths=(3, 4), features=6, rng=0)
    scores, boxes = net(draw(5, 2, 13, 9, dtype=np.float32))
    assert scores.shape == (5, 3) and boxes.shape == (5, 4)
    for part in (0, 1):
        net.zero_grad()
        gradients = [np.zeros_like(scores), np.zeros_like(boxes)]
        gradients[part] += 1
        assert net.backward(tuple(gradients)).any()
        assert net.grads["features.0.0.weight"].any()
        assert net.grads["class_head.weight"].any() == (part == 0)
        assert net.grads["box_head.weight"].any() == (part == 1)


@pytest.mark.slow
def test_localizer_gradients():
    report = check_gradients(
        Localizer(2, 3, (13, 9), widths=(3, 4), features=6, rng=0), draw(2, 2, 13, 9)
    )
    assert report.ok, report


@pytest.mark.parametrize("grid", [1, (2, 3)])
def test_a_grid_takes_images_of_any_size(grid):
    net = Localizer(2, 3, widths=(3, 4), features=6, grid=grid, rng=0)
    for size in (13, 9), (40, 31), (4, 5):
        x = draw(2, 2, *size, dtype=np.float32)
        scores, boxes = net(x)
        assert scores.shape == (2, 3) and boxes.shape == (2, 4)
        assert net.backward((scores, boxes)).shape == x.shape


@pytest.mark.parametrize("batch", [3, 0])
def test_a_box_for_each_class(batch):
    net = Localizer(2, 5, (8, 8), widths=(3,), features=6, class_boxes=True, rng=0)
    x = draw(batch, 2, 8, 8, dtype=np.float32)
    scores, boxes = net(x)
    assert boxes.shape == (batch, 5, 4)
    assert net.backward((scores, boxes)).shape == x.shape


@pytest.mark.parametrize("given", [{}, {"image_size": (8, 8), "grid": 2}])
def test_either_the_image_size_or_a_grid(given):
    with pytest.raises(ValueError, match="give image_size or grid, not both or none"):
        Localizer(1, 3, **given)


def test_the_classic_heads():
    """4096 features, one linear layer to the classes and one to four numbers."""
    net = LOCALIZERS["localizer-4096"](3, 7, image_size=(50, 70), rng=0)
    assert net.params["class_head.weight"].shape == (7, 4096)
    assert net.params["box_head.weight"].shape == (4, 4096)


@pytest.mark.parametrize("name", SEGMENTERS)
def test_every_segmenter_of_the_zoo(name):
    net = SEGMENTERS[name](2, 3, rng=0, width=4, kernel_size=3)
    x = draw(2, 2, 19, 22, dtype=np.float32)
    scores = net(x)
    assert scores.shape == (2, 3, 19, 22)
    assert net.backward(scores).shape == x.shape
    assert all(gradient.any() for gradient in net.grads.values())


@pytest.mark.parametrize("name", LOCALIZERS)
def test_every_localizer_of_the_zoo(name):
    net = LOCALIZERS[name](2, 3, image_size=(19, 22), rng=0, width=4)
    scores, boxes = net(draw(2, 2, 19, 22, dtype=np.float32))
    assert scores.shape == (2, 3) and boxes.shape in [(2, 4), (2, 3, 4)]


def test_an_image_too_small_for_the_poolings():
    with pytest.raises(ValueError, match="halved 3 times to nothing"):
        Localizer(1, 3, (7, 40), widths=(2, 2, 2))


def test_one_seed_one_net():
    for make in (lambda s: SegNet(1, 3, rng=s), lambda s: Localizer(1, 3, (16, 16), rng=s)):
        first, again, other = make(1).state_dict(), make(1).state_dict(), make(2).state_dict()
        assert all(np.array_equal(first[name], again[name]) for name in first)
        assert any(not np.array_equal(first[name], other[name]) for name in first)
