"""What the lessons state, computed again: statements that were once wrong, each with its truth.

A notebook's own asserts hold what it prints; these hold the sentences around them.
"""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from helpers import draw
from nn_scratch import ops
from nn_scratch.check import check_gradients
from nn_scratch.data import CoinSegmentation, DigitSegmentation
from nn_scratch.evaluation.segmentation import (
    class_iou,
    confusion_matrix,
    median_frequency_weights,
)
from nn_scratch.graph import influence, receptive_field
from nn_scratch.layers import Conv2d, Linear, ReLU, Sequential
from nn_scratch.nets import DownUpFCN, FullyConvolutional, PatchClassifier
from nn_scratch.training import SGD, Adam
from nn_scratch.training.recipes import segmentation

LESSONS = Path(__file__).parents[2] / "lessons"
TEXTS = {
    p.name[:2]: re.sub(r"\n# ?", " ", p.read_text(encoding="utf-8"))
    for p in LESSONS.glob("[0-9][0-9]_*.py")
}


def test_00_a_gradient_check_asks_directions_before_elements():
    calls = 0

    def forward(x):
        nonlocal calls
        calls += 1
        return np.tanh(x)

    assert check_gradients((forward, lambda dy, x: dy / np.cosh(x) ** 2), draw(30, 40)).ok
    assert calls < 1200 / 2  # not two for every element
    assert "in three random directions" in TEXTS["00"]


@pytest.mark.parametrize("factor", [25_600, 1e-3])
def test_05_adam_hides_a_wrong_scale_and_sgd_does_not(factor):
    weights = {}
    for optimizer in (SGD, Adam):
        for scale in (1, factor):
            net = Linear(3, 2, rng=0)
            step = optimizer(net, 0.01)
            for seed in range(5):
                x = draw(4, 3, seed=seed, dtype=np.float32)
                net(x)
                net.zero_grad()
                net.backward(np.float32(scale) * draw(4, 2, seed=seed, dtype=np.float32))
                step.step()
            weights[optimizer, scale] = net.params["weight"]
    np.testing.assert_allclose(weights[Adam, 1], weights[Adam, factor], rtol=1e-2, atol=1e-4)
    assert abs(weights[SGD, 1] - weights[SGD, factor]).max() > 1e-2


@pytest.mark.parametrize("first", [0.0, 0.02, 0.05, -0.03])
def test_05_equal_weights_that_are_not_zero_learn_with_all_channels_as_one(first):
    net = Sequential(Conv2d(1, 4, 3, padding=1, rng=0), ReLU(), Conv2d(4, 1, 3, padding=1, rng=0))
    for name, values in net.params.items():
        values[...] = first if name.endswith("weight") else 0
    optimizer, x = SGD(net, 0.05), abs(draw(4, 1, 9, 7, dtype=np.float32))
    losses = []
    for _ in range(20):
        y = net(x)
        losses.append(ops.mse_loss(y, x))
        net.zero_grad()
        net.backward(ops.mse_loss_backward(y, x))
        optimizer.step()
    moved = [name for name, values in net.params.items() if np.ptp(values) or values.any()]
    kernels = net.params["0.weight"]
    np.testing.assert_array_equal(kernels, np.broadcast_to(kernels[:1], kernels.shape))
    assert losses[-1] < losses[0]
    if first > 0:
        assert np.ptp(kernels[0]) > 0
    if first == 0:
        assert moved == ["2.bias"]
    assert "Any other number for all weights would do no better" not in TEXTS["05"]


@pytest.mark.parametrize("patch, seen", [(9, 8), (17, 16), (21, 20)])
def test_07_an_odd_map_before_the_pool_leaves_the_last_row_unused(patch, seen):
    options = {"widths": (2, 3), "kernel_size": 3, "features": 3, "rng": 0}
    x = np.zeros((1, 1, 40, 40), np.float32)
    pooled = FullyConvolutional(PatchClassifier(1, 2, patch, pools=(0,), **options))
    assert receptive_field(pooled, x) == (seen, seen)
    plain = FullyConvolutional(PatchClassifier(1, 2, patch, **options))
    assert receptive_field(plain, x) == (patch, patch)
    assert "16×16 pixels" in (LESSONS / "07_one_class_per_pixel.ipynb").read_text(encoding="utf-8")


@pytest.mark.parametrize("place, height", [(0, 60), (1, 60), (2, 68), (5, 68), (6, 60)])
def test_08_what_a_pixel_sees_depends_on_its_place_among_the_pools(place, height):
    net = DownUpFCN(1, 2, widths=(2, 2, 2), upsampler="nearest", rng=0)
    seen = influence(net, np.zeros((1, 1, 112, 112), np.float32), (56 + place, 56))
    assert np.ptp(seen.any(axis=1).nonzero()[0]) + 1 == height
    assert "others see up to 68 a side" in TEXTS["08"]


def test_10_the_box_is_heard_with_a_small_lambda_too():
    """The table has λ = 0.1 and 1 beside the constant box, and no sentence denies what it says."""
    assert "for box_weight in (0.1, 1.0, 10.0, 100.0, 1000.0)" in TEXTS["10"]
    assert "the best constant box" in TEXTS["10"] and "nobody would hear" not in TEXTS["10"]


def test_06_a_frequency_counts_the_images_that_have_the_class():
    maps = np.array([[[0, 0], [0, 1]], [[0, 0], [0, 0]], [[0, 2], [2, 2]]])
    frequency = np.array([8 / 12, 1 / 4, 3 / 4])  # class 1 in one image of four pixels, and so on
    expected = np.median(frequency) / frequency
    np.testing.assert_allclose(median_frequency_weights(iter(maps), 3), expected)


def test_09_a_pixel_too_thick_costs_much_where_strokes_are_thin():
    ratios = []
    for index in range(20):
        ink = DigitSegmentation("test", 20).sample(0, index)[1] > 0
        grown = np.pad(ink, 1)
        grown = (
            grown[1:-1, 1:-1]
            | grown[:-2, 1:-1]
            | grown[2:, 1:-1]
            | grown[1:-1, :-2]
            | grown[1:-1, 2:]
        )
        ratios.append(ink.sum() / grown.sum())
    assert 0.55 < np.mean(ratios) < 0.75
    assert "loses little" not in TEXTS["09"]


def test_07_accuracy_stands_beside_its_base_rate():
    labels = np.stack([DigitSegmentation("test", 64).sample(0, index)[1] for index in range(64)])
    background = (labels == 0).mean()
    assert background == pytest.approx(0.897, abs=0.005)
    notebook = (LESSONS / "07_one_class_per_pixel.ipynb").read_text(encoding="utf-8")
    assert f"{background:.1%} are background" in notebook


def test_07_gradients_patch_by_patch_are_those_at_once():
    classifier = PatchClassifier(1, 2, patch=5, widths=(2,), kernel_size=3, features=3, rng=0)
    for values in classifier.params.values():
        values[...] = np.random.default_rng(0).integers(-2, 3, values.shape)
    whole = FullyConvolutional(classifier)
    x = np.random.default_rng(1).integers(0, 3, (1, 1, 4, 3)).astype(np.float32)
    dy = np.random.default_rng(2).integers(-2, 3, (1, 2, 4, 3)).astype(np.float32)
    whole.zero_grad()
    whole(x)
    whole.backward(dy)
    at_once = [g.ravel().copy() for g in whole.grads.values()]
    classifier.zero_grad()
    around = np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2)))
    for r, c in np.ndindex(4, 3):
        classifier(around[:, :, r : r + 5, c : c + 5])
        classifier.backward(dy[:, :, r, c])
    for one, other in zip(classifier.grads.values(), at_once, strict=True):
        np.testing.assert_array_equal(one.ravel(), other)


@pytest.mark.parametrize("kernel, stride", [(3, 2), (4, 2), (5, 3), (2, 2)])
def test_04_a_checkerboard_is_unequal_sums_of_phases(kernel, stride):
    w = draw(kernel, kernel)
    y = ops.conv_transpose2d(np.ones((1, 1, 12, 12)), w[None, None], stride=stride)[0, 0]
    inside = slice(stride * kernel, stride * kernel + stride)  # far from the border
    sums = [[w[a::stride, b::stride].sum() for b in range(stride)] for a in range(stride)]
    np.testing.assert_allclose(y[inside, inside], sums)


def test_04_a_kernel_of_3_with_stride_2_need_not_make_one():
    tent = np.outer([0.5, 1, 0.5], [0.5, 1, 0.5])
    y = ops.conv_transpose2d(np.ones((1, 1, 6, 6)), tent[None, None], stride=2)[0, 0]
    np.testing.assert_allclose(y[2:-2, 2:-2], 1)


def test_14_the_leak_is_measured_not_asserted():
    """Pictures held back at random promise what new coins do not keep; whole rows foretell it."""
    notebook = (LESSONS / "14_real_photographs.ipynb").read_text(encoding="utf-8")
    (promised, true), (honest, _) = (
        map(float, re.search(rf"{what} +([\d.]+) +([\d.]+)", notebook).groups())
        for what in ("single pictures", "a whole row")
    )
    assert promised - true > 0.2 and abs(honest - true) < 0.1
    (mean,) = re.findall(r"mean of the three ([\d.]+)", notebook)
    assert abs(float(mean) - true) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_14_other_seeds_lead_otsu_by_two_to_three_hundredths(seed):
    coins = segmentation(
        data="coins",
        net="fcn-nearest-skips",
        width=8,
        batch_size=8,
        max_lr=1e-2,
        scenes=480,
        epochs=3,
        seed=seed,
    )
    coins.run(progress=False)
    lowest, labels = CoinSegmentation("test").sample(0, 0)
    found = coins.net.eval()(lowest[None])[0].argmax(axis=0)
    ahead = class_iou(confusion_matrix(labels, found, 2))[1] - 0.947
    assert 0.02 < ahead < 0.035
    assert "seeds 1 and 2 two to three" in TEXTS["14"]


def test_14_errors_at_edges_stand_beside_the_base_rate():
    assert "base rate" in TEXTS["14"] and "much of the error is there" not in TEXTS["14"]


def test_03_two_bits_are_enough_for_a_window_of_2_by_2():
    x = draw(2, 3, 6, 8)
    _, switches = ops.max_pool2d(x, 2)
    row, column = np.divmod(switches, 8)
    assert set(np.unique(2 * (row % 2) + column % 2)) == {0, 1, 2, 3}
    assert "where an edge ran" not in TEXTS["03"]


def test_13_starting_and_working_overlap():
    assert r"t = \max\!\left(n\,t_0" in TEXTS["13"]


def test_12_the_copies_of_one_product_do_not_reach_the_slope():
    timings = json.loads((LESSONS / "timings.json").read_text())
    operations, numbers = 2 * 64 * 32 * 9, 32 + 64 + 2 * 9 * 32  # for each output pixel
    ridge = timings["product_gflop_s"] / timings["copy_gb_s"]
    assert operations / (4 * numbers) > ridge
    assert "ReLU (at most)" in TEXTS["12"]


def test_12_shows_where_the_committed_steps_spend_their_time():
    notebook = (LESSONS / "12_from_loops_to_speed.ipynb").read_text(encoding="utf-8")
    rows = json.loads((LESSONS.parent / "benchmarks" / "split.json").read_text())["rows"]
    for row in rows:
        assert re.search(rf"{row['net']} [ \dms]*\b{row['ms']:.0f} ms", notebook), row["net"]
    shares = sorted(row["shares"]["matrix products"] for row in rows if row["threads"] == 1)
    assert shares[1] < 1 / 3 and 0.4 < shares[2] < 0.65  # "the smaller part", "about half"
    assert not (LESSONS / "parts.json").exists()


def test_15_144_of_180_numbers_are_off_by_one_factor():
    x = draw(2, 3, 6, 5)
    right = ops.avg_pool2d_backward(np.ones((2, 3, 3, 2)), x.shape[2:], 2) * 2 * x
    assert np.count_nonzero(right) == 144 and x.size == 180


def test_08_fcn_adds_scores_where_our_nets_add_maps():
    assert "adds the *scores*" in TEXTS["08"] and "**concatenates**" in TEXTS["08"]


def test_15_a_double_constant_is_refused_by_the_next_convolution():
    net = Sequential(ReLU(), Conv2d(1, 1, 1))
    with pytest.raises(TypeError, match="dtypes are mixed"):
        net(np.float64(0.1) * np.ones((1, 1, 2, 2), np.float32))
