"""The lessons' exercises that no file of `nn-scratch exercise` is for, solved as a reader might.

(Those of 06 to 08 and 11 that are commands or trainings of minutes are not run here.)
"""

import numpy as np
import pytest

from helpers import draw, draw_integers
from nn_scratch import ops
from nn_scratch.check import check_gradients
from nn_scratch.data import DigitLocalization, DigitSegmentation
from nn_scratch.evaluation.boxes import box_iou
from nn_scratch.evaluation.detection import Detections, Objects, average_precision
from nn_scratch.evaluation.occlusion import label_score, occlusion
from nn_scratch.graph.cost import cost
from nn_scratch.layers import Conv2d, Layer, NearestUnpool2d, ReLU, Sequential
from nn_scratch.nets import FullyConvolutional, PatchClassifier, pretrained


def products(net, size):
    return cost(net, np.zeros((1, 1, size, size), np.float32))[-1].macs


def test_07_1_a_larger_patch():
    """25 → 21 → pool → 10 → 6 → 2: a 2×2 kernel takes the place of the first linear layer. At once,
    each pixel costs the first convolution once, and of each later layer one place."""
    classifier = PatchClassifier(1, 11, patch=25, widths=(8, 16, 16), pools=(0,), features=32)
    convolutions = 21**2 * 8 * 25 + 6**2 * 16 * 8 * 25 + 2**2 * 16 * 16 * 25
    one_patch = convolutions + 16 * 2 * 2 * 32 + 32 * 11
    assert products(classifier, 25) == one_patch
    at_once = products(FullyConvolutional(classifier), 100)
    a_pixel = 8 * 25 + 16 * 8 * 25 + 16 * 16 * 25 + 16 * 2 * 2 * 32 + 32 * 11
    assert 1 < at_once / (100**2 * a_pixel) < 1.2  # and a border around the image
    assert 100**2 * one_patch > 15 * at_once


def test_07_2_two_pools():
    """Each pool doubles the distance of the pixels that the layers after it take."""
    classifier = PatchClassifier(1, 11, patch=17, widths=(8, 16), pools=(0, 1), features=32)
    whole = FullyConvolutional(classifier)
    found = [layer.options["dilation"] for layer in whole.net if isinstance(layer, Conv2d)]
    assert found == [1, 2, 4, 4]


@pytest.mark.parametrize(("down", "most"), [(0, 3), (1, 2)])
def test_10_how_far_a_box_may_lie_off(down, most):
    true = np.array([[20.0, 10, 11, 16]])
    ious = [box_iou(true, true + np.array([d, d * down, 0, 0]))[0] for d in range(6)]
    assert [iou >= 0.5 for iou in ious] == [d <= most for d in range(6)]


@pytest.mark.parametrize(("objects", "expected"), [(1, 1), (2, 5 / 6)])
def test_11_3_a_double_costs_if_it_comes_before_another_object(objects, expected):
    boxes = np.array([[30.0 * n, 0, 10, 10] for n in range(objects)])
    labels = np.zeros(2 * objects, int)
    scores = 0.9 - 0.1 * np.arange(2 * objects)
    found = Detections(boxes.repeat(2, axis=0), scores, labels)
    ap = average_precision([found], [Objects(labels[::2], boxes)], 1, iou_thresholds=[0.5])
    np.testing.assert_allclose(ap, expected, atol=0.002)  # COCO reads the curve at 101 recalls


def test_12_1_the_weight_gradient_tap_by_tap():
    x, w = draw_integers(2, 3, 7, 6), draw_integers(4, 3, 3, 2, seed=1)
    dy = draw_integers(*ops.conv2d(x, w).shape, seed=2)
    dw, (rows, columns) = np.zeros_like(w), dy.shape[2:]
    for i, j in np.ndindex(w.shape[2:]):
        seen = x[:, :, i : i + rows, j : j + columns]
        # (F, N·P·Q) (N·P·Q, C)
        dw[:, :, i, j] = dy.swapaxes(0, 1).reshape(4, -1) @ seen.swapaxes(0, 1).reshape(3, -1).T
    np.testing.assert_array_equal(dw, ops.conv2d_backward(dy, x, w)[1])


def test_13_1_nearest_unpooling_as_kernels():
    """Backward with a thread for each output, four threads would add to one place."""
    small, dy = draw(3, 4), draw(6, 8, seed=1)
    large, dx = np.full(dy.shape, np.nan), np.full(small.shape, np.nan)

    def launch(kernel, blocks, block_size):
        threads = [divmod(at, block_size) for at in range(blocks * block_size)]
        for block, thread in np.random.default_rng(0).permutation(threads):
            kernel(int(block), int(thread))

    def output(block, thread):
        at = block * 5 + thread
        if at >= large.size:
            return
        row, column = divmod(at, large.shape[1])
        large[row, column] = small[row // 2, column // 2]

    def input_(block, thread):
        at = block * 5 + thread
        if at >= dx.size:
            return
        row, column = divmod(at, dx.shape[1])
        dx[row, column] = dy[2 * row : 2 * row + 2, 2 * column : 2 * column + 2].sum()

    launch(output, blocks=10, block_size=5)
    launch(input_, blocks=3, block_size=5)
    np.testing.assert_array_equal(large, ops.nearest_unpool2d(small[None, None], 2)[0, 0])
    np.testing.assert_allclose(dx, ops.nearest_unpool2d_backward(dy[None, None], 2)[0, 0])


class Swish(Layer):
    """15, exercise 1: x · s with s = sigmoid(x), whose slope is s (1 − s)."""

    def forward(self, x):
        self.saved = x
        return x / (1 + np.exp(-x))

    def backward(self, dy):
        x = self.saved
        s = 1 / (1 + np.exp(-x))
        return dy * (s + x * s * (1 - s))


class MaxPlusMin(Layer):
    """15, exercise 2: the minimum of x is minus the maximum of −x; two sets of switches."""

    def forward(self, x):
        largest, at_largest = ops.max_pool2d(x, 2)
        minus_least, at_least = ops.max_pool2d(-x, 2)
        self.saved = at_largest, at_least, x.shape[2:]
        return largest - minus_least

    def backward(self, dy):
        at_largest, at_least, size = self.saved
        return ops.max_pool2d_backward(dy, at_largest, size) + ops.max_pool2d_backward(
            dy, at_least, size
        )


class StridedWithSkip(Layer):
    """15, exercise 3, in small: down by a stride, up by nearest, and what came before is added."""

    def __init__(self):
        super().__init__()
        self.first = Conv2d(1, 3, 3, padding=1, rng=0)
        self.down = Conv2d(3, 3, 3, stride=2, padding=1, rng=1)
        self.up = NearestUnpool2d(2)
        self.last = Conv2d(3, 2, 3, padding=1, rng=2)

    def forward(self, x):
        kept = self.first(x)
        return self.last(self.up(self.down(kept)) + kept)

    def backward(self, dy):
        dsum = self.last.backward(dy)
        through = self.down.backward(self.up.backward(dsum))
        return self.first.backward(through + dsum)  # used twice, so both are added


@pytest.mark.parametrize(
    "layer", [Swish(), MaxPlusMin(), StridedWithSkip()], ids=lambda layer: type(layer).__name__
)
def test_15_layers_of_ones_own(layer):
    report = check_gradients(layer, draw(2, 1, 6, 8))
    assert report.ok, report


class Unrotated(Conv2d):
    """A wrong dx: the kernel is not turned."""

    def backward(self, dy):
        weight = self.params["weight"]
        right = weight.copy()
        weight[...] = right[:, :, ::-1, ::-1]
        dx = super().backward(dy)
        weight[...] = right
        return dx


class Negative(Conv2d):
    """A wrong dx: its sign."""

    def backward(self, dy):
        return -super().backward(dy)


@pytest.mark.slow
def test_16_1_larger_squares_cost_more():
    net = pretrained("digits-segmentation")
    scene, truth = DigitSegmentation("test", 4).sample(0, 3)
    scores = net(scene[None])
    ink = np.argwhere((truth > 0) & (scores[0].argmax(axis=0) == truth))
    score = label_score(scores, tuple(map(int, ink[len(ink) // 2])))
    most = [occlusion(net, scene, score, window=side, step=3).max() for side in (3, 5, 9)]
    assert most == sorted(most) and most[2] > 1.5 * most[0]


@pytest.mark.parametrize("other", [0, 3, 8])
def test_16_2_a_few_small_steps_and_another_class_is_seen(other):
    net = pretrained("digits-localization")
    scene, digit, _ = DigitLocalization("test", 4).sample(0, 3)
    x, steps = scene[None].copy(), 0
    scores, boxes = net(x)
    while scores.argmax() != other and steps < 30:
        dscores = np.zeros_like(scores)
        dscores[0, other] = 1
        x += np.float32(0.01) * np.sign(net.backward((dscores, np.zeros_like(boxes))))
        scores, boxes = net(x)
        steps += 1
    assert digit != other and 0 < steps < 20 and abs(x - scene).max() < 0.2


@pytest.mark.parametrize("broken", [Unrotated, Negative])
def test_16_3_the_first_convolution_hands_on_what_no_weight_is_made_of(broken):
    gradients = []
    for first in (Conv2d, broken):
        rng = np.random.default_rng(0)
        net = Sequential(first(1, 3, 3, rng=rng), ReLU(), Conv2d(3, 2, 3, rng=rng))
        net.zero_grad()
        net.backward(np.ones_like(net(draw(2, 1, 8, 7, dtype=np.float32))))
        gradients.append(net.grads)
    for name, right in gradients[0].items():
        np.testing.assert_allclose(gradients[1][name], right, rtol=1e-6)
