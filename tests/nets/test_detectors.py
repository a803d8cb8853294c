"""The detectors: shapes, gradients, and that a sliding localizer is one in every window."""

import numpy as np
import pytest

from helpers import assert_close, draw
from nn_scratch.check import check_gradients
from nn_scratch.nets import DETECTORS, CenterNet, DownUp, Localizer, SlidingDetector
from nn_scratch.nets.sliding_detector import SlidingLocalizer, in_cells
from nn_scratch.nets.upsampler import KINDS


@pytest.mark.parametrize("stride", [1, 2, 4, 8])
@pytest.mark.parametrize("size", [(16, 24), (13, 21), (8, 9)])
def test_maps_of_a_centernet(stride, size):
    net = CenterNet(3, 5, (3, 4, 5), stride=stride, head_width=4, rng=0)
    maps = net(draw(2, 3, *size, dtype=np.float32))
    cells = tuple(-(-n // stride) for n in size)
    assert [m.shape for m in maps] == [(2, 5, *cells), (2, 2, *cells), (2, 2, *cells)]
    assert net.backward(maps).shape == (2, 3, *size)


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind, stride, skips",
    [(kind, 2, 1) for kind in KINDS]
    + [("transpose_conv", *other) for other in [(1, 2), (2, 0), (4, 0)]],
)
def test_gradients_of_a_centernet(kind, stride, skips):
    net = CenterNet(2, 3, (3, 4), stride=stride, upsampler=kind, skips=skips, head_width=3, rng=0)
    rng = np.random.default_rng(0)
    for bias in (value for name, value in net.params.items() if name.endswith("bias")):
        bias += 0.1 * rng.standard_normal(bias.shape).astype(bias.dtype)  # off the kinks
    report = check_gradients(net, draw(2, 2, 7, 6))
    assert report.ok, report


@pytest.mark.parametrize("prior", [0.1, 0.01, 0.5])
def test_what_a_centernet_says_before_training(prior):
    """The prior, nearly, at every place."""
    heat, _, _ = CenterNet(1, 3, prior=prior, rng=0)(draw(2, 1, 32, 32, dtype=np.float32))
    assert 1 / (1 + np.exp(-heat)).mean() == pytest.approx(1 / (1 / prior), rel=0.3)


def test_options_of_a_centernet():
    skipped, plain = (CenterNet(1, 3, stride=2, skips=s, rng=0) for s in (None, 0))
    assert sum(map(bool, skipped.adds)) == 2 and not any(plain.adds)
    assert len(CenterNet(1, 3, middle=3, rng=0).middle) == 3
    with pytest.raises(ValueError, match=r"stride is 3, but must be one of \[1, 2, 4, 8\]"):
        CenterNet(1, 3, stride=3)
    with pytest.raises(ValueError, match="prior is 0, but must lie between 0 and 1"):
        CenterNet(1, 3, prior=0)
    with pytest.raises(ValueError, match="skips is 2, but must be at most 1"):
        CenterNet(1, 3, skips=2)
    with pytest.raises(ValueError, match="ups is 3, but must be at most 2"):
        DownUp(1, (3, 4), 3, upsampler="nearest", ups=3)
    with pytest.raises(ValueError, match="upsampler is 'magic'"):
        CenterNet(1, 3, upsampler="magic")


@pytest.mark.parametrize("name", DETECTORS)
def test_every_detector_of_the_zoo(name):
    net = DETECTORS[name](3, 4, width=4, rng=0)
    x = draw(1, 3, 32, 40, dtype=np.float32)
    maps = net(x)
    assert net.backward(maps).shape == x.shape
    assert len({m.shape[2:] for m in maps}) == 1
    sizes = (4, 2, 2) if name.startswith("centernet") else (5, 4)
    assert tuple(m.shape[1] for m in maps) == sizes


# ---------------------------------------------------------------- the sliding window


def sliding(window, widths, rng=0):
    localizer = Localizer(2, 4, (window, window), widths, features=5, padding="valid", rng=rng)
    for value in localizer.params.values():  # biases too
        value += 0.1 * np.random.default_rng(1).standard_normal(value.shape).astype(value.dtype)
    detector = SlidingDetector(localizer, window)
    return localizer.to(np.float64), detector.to(np.float64)


@pytest.mark.parametrize("window, widths", [(10, (3,)), (14, (3, 4)), (18, (3, 4)), (13, ())])
@pytest.mark.parametrize("size", [(16, 20), (17, 11), (5, 6)])
def test_sliding_is_the_localizer_window_by_window(window, widths, size):
    if not widths:
        with pytest.raises(ValueError, match="widths are none"):
            Localizer(2, 4, (window, window), widths, padding="valid")
        return
    localizer, detector = sliding(window, widths)
    detector.eval()
    x = draw(2, 2, *size)
    scores, boxes = detector(x)
    stride = 2 ** len(widths)
    assert scores.shape == (2, 4, -(-size[0] // stride), -(-size[1] // stride))
    for one, other in zip((scores, boxes), detector.sliding_window(x), strict=True):
        assert_close(one, other, 100)
    # The window in cell (1, 1), cut out by hand.
    wide = np.pad(x, ((0, 0), (0, 0), (window, window), (window, window)))
    first = window + stride - (window - stride) // 2
    crop = wide[:, :, first : first + window, first : first + window]
    expected_scores, expected = localizer.eval()(crop)
    assert_close(scores[:, :, 1, 1], expected_scores, 100)
    cells = in_cells(expected[:, :, None, None], window, stride)[:, :, 0, 0]
    assert_close(boxes[:, :, 1, 1], cells, 100)
    pixels = expected * window + [first - window, first - window, 0, 0]
    assert_close(cells * stride + [stride, stride, 0, 0], pixels, 100)


def test_a_sliding_detector_has_the_localizer_s_weights():
    localizer = Localizer(1, 4, (14, 14), (3, 4), features=5, padding="valid", rng=0)
    detector = SlidingDetector(localizer, 14)
    theirs = list(localizer.params.values())
    for own, other in zip(detector.params.values(), theirs, strict=True):
        assert np.shares_memory(own, other) and own.size == other.size


def test_what_cannot_slide():
    with pytest.raises(ValueError, match="slides without padding"):
        SlidingDetector(Localizer(1, 4, (14, 14), (3, 4)), 14)
    with pytest.raises(ValueError, match="slides without padding"):
        SlidingDetector(Localizer(1, 4, grid=2, widths=(3, 4), padding="valid"), 14)
    with pytest.raises(ValueError, match="window is 15 and the stride 4, but both must be even"):
        SlidingDetector(Localizer(1, 4, (15, 15), (3, 4), padding="valid"), 15)
    with pytest.raises(ValueError, match="halved 2 times to nothing"):
        Localizer(1, 4, (8, 8), (3, 4), padding="valid")
    fits = Localizer(1, 4, (14, 14), (3, 4), padding="valid")
    with pytest.raises(ValueError, match="window is 18, but the localizer is for another size"):
        SlidingDetector(fits, 18)
    with pytest.raises(ValueError, match="window is 3, but must not be smaller than stride, 4"):
        SlidingLocalizer(fits, 3, 4)


@pytest.mark.parametrize("size, count", [((17, 23), 5 * 6), ((4, 1), 1), ((5, 4), 2)])
def test_windows_are_as_many_as_cells(size, count):
    fits = Localizer(1, 4, (14, 14), (3, 4), padding="valid")
    assert SlidingLocalizer(fits, 14, 4).count(size) == count
