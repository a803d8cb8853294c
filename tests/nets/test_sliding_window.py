"""The sliding window, and the same classifier made fully convolutional: equal at every pixel."""

import numpy as np
import pytest

from helpers import draw
from nn_scratch.check import check_gradients
from nn_scratch.graph.cost import cost
from nn_scratch.layers import Conv2d, ZeroPad2d
from nn_scratch.nets.sliding_window import (
    FullyConvolutional,
    PatchClassifier,
    SlidingWindow,
)

CASES = {
    "no pool": {"patch": 9, "widths": (3, 4), "kernel_size": 3},
    "one pool": {"patch": 13, "widths": (3, 4), "kernel_size": 3, "pools": (0,)},
    "late pool": {"patch": 11, "widths": (3, 4), "kernel_size": 3, "pools": (1,)},
    "two pools": {"patch": 19, "widths": (3, 4), "kernel_size": 3, "pools": (0, 1)},
    "a row is left over": {"patch": 15, "widths": (2, 3), "kernel_size": 4, "pools": (0, 1)},
}


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-10), (np.float32, 1e-5)])
@pytest.mark.parametrize("case", CASES)
def test_fully_convolutional_equals_sliding_window_at_every_pixel(case, dtype, tolerance):
    classifier = PatchClassifier(2, 3, features=5, rng=0, dtype=dtype, **CASES[case])
    for bias in (p for n, p in classifier.params.items() if n.endswith("bias")):
        bias[...] = draw(*bias.shape)
    x = draw(2, 2, 14, 11, dtype=dtype)
    slid = SlidingWindow(classifier)(x)
    assert slid.shape == (2, 3, 14, 11)
    at_once = FullyConvolutional(classifier)(x)
    assert at_once.shape == slid.shape
    assert np.abs(at_once - slid).max() <= tolerance * np.abs(slid).max()


def test_both_share_their_weights():
    """Training one trains the other; loading into one loads into the other."""
    classifier = PatchClassifier(2, 3, 9, (3,), 3, pools=(0,), features=4, rng=0)
    whole = FullyConvolutional(classifier)
    for name, other in zip(whole.params, classifier.params, strict=True):
        assert np.shares_memory(whole.params[name], classifier.params[other])
    whole.load_state_dict({name: draw(*a.shape) for name, a in whole.params.items()})
    x = draw(1, 2, 7, 6, dtype=np.float32)
    scores = whole(x)
    assert np.abs(scores - SlidingWindow(classifier)(x)).max() <= 1e-5 * np.abs(scores).max()


@pytest.mark.parametrize("case", ["no pool", "a row is left over"])
def test_gradients_through_the_padding(case):
    classifier = PatchClassifier(2, 3, features=5, rng=0, **CASES[case])
    report = check_gradients(FullyConvolutional(classifier), draw(2, 2, 9, 8))
    assert report.ok, report


def test_padding_inside_the_classifier_would_break_the_equality():
    """Zeros at a patch's border, where the image has pixels: its border ring is another."""
    padded = Conv2d(1, 3, 3, padding=1, rng=0, dtype=np.float64)
    image = draw(1, 1, 15, 15)
    patch = np.s_[:, :, 3:12, 3:12]
    difference = np.abs(padded(image)[patch] - padded(image[patch])).max(axis=(0, 1))
    assert difference[1:-1, 1:-1].max() < 1e-12
    ring = np.concatenate([difference[0], difference[-1], difference[:, 0], difference[:, -1]])
    assert ring.min() > 1e-3


def test_work_that_is_done_twice():
    """Each patch multiplies anew; the whole image shares all but the patch's own share."""
    classifier = PatchClassifier(1, 4, patch=17, widths=(8, 16), kernel_size=5, features=32, rng=0)
    one_patch = cost(classifier, draw(1, 1, 17, 17, dtype=np.float32))[-1].macs
    image = draw(1, 1, 40, 40, dtype=np.float32)
    net = FullyConvolutional(classifier).net
    at_once = cost(net, ZeroPad2d(8)(image))[-1].macs
    linear = 40 * 40 * (16 * 9 * 9 * 32 + 32 * 4)
    convolutions = 52 * 52 * 8 * 25 + 48 * 48 * 16 * 8 * 25
    assert at_once == linear + convolutions
    assert one_patch == 13 * 13 * 8 * 25 + 9 * 9 * 16 * 8 * 25 + 16 * 9 * 9 * 32 + 32 * 4
    assert 1 - at_once / (40 * 40 * one_patch) > 0.8


@pytest.mark.parametrize(
    "options, message",
    [
        ({"patch": 8}, "must be odd"),
        ({"patch": 7, "kernel_size": 5}, "no pixel left after stage 1"),
    ],
)
def test_patches_that_do_not_fit(options, message):
    with pytest.raises(ValueError, match=message):
        PatchClassifier(1, 2, **options)
