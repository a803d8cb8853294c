"""Every upsampler, with and without skips, at even and odd sizes."""

import numpy as np
import pytest

from helpers import assert_close, draw
from nn_scratch import ops
from nn_scratch.check import check_gradients
from nn_scratch.layers import MaxPool2d
from nn_scratch.nets.fcn import DownUpFCN
from nn_scratch.nets.segnet_basic import VARIANTS, SegNetBasic
from nn_scratch.nets.upsampler import KINDS, Upsampler, bilinear_weights

# Parameters in millions: table 1 of arXiv 1511.00561.
PAPER = {
    "Bilinear-Interpolation": 0.625,
    "SegNet-Basic": 1.425,
    "SegNet-Basic-SingleChannelDecoder": 0.625,
    "SegNet-Basic-EncoderAddition": 1.425,
    "FCN-Basic": 0.65,
    "FCN-Basic-NoAddition": 0.65,
    "FCN-Basic-NoDimReduction": 1.625,
    "FCN-Basic-NoAddition-NoDimReduction": 1.625,
}


@pytest.mark.parametrize("size", [(8, 6), (7, 9)])
@pytest.mark.parametrize("kind", KINDS)
def test_upsampler_undoes_a_pool_s_size(kind, size):
    pool = MaxPool2d(2, ceil_mode=True)
    pooled = pool(draw(2, 3, *size))
    layer = Upsampler(kind, 3, pool, init="he", rng=0)
    report = check_gradients(layer, pooled)
    assert report.ok, report
    layer.to(np.float64)
    assert layer(pooled).shape == (2, 3, *size)


@pytest.mark.parametrize("kernel_size", [4, 8])
def test_a_bilinear_transpose_convolution_is_bilinear_interpolation(kernel_size):
    """Away from the border, where the transpose convolution paints beyond the image."""
    x = draw(1, 3, 9, 7)
    w = bilinear_weights(3, kernel_size)
    y = ops.conv_transpose2d(x, w, stride=2, padding=kernel_size // 2 - 1)
    assert_close(y[:, :, 2:-2, 2:-2], ops.bilinear_upsample2d(x, (18, 14))[:, :, 2:-2, 2:-2])


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind, skips",
    [(kind, 1) for kind in KINDS]
    + [(k, s) for k in ("transpose_conv", "max_unpool") for s in (0, 2)],
)
def test_down_up_gradients(kind, skips):
    net = DownUpFCN(2, 3, (3, 4), 3, upsampler=kind, skips=skips, rng=0)
    report = check_gradients(net, draw(2, 2, 7, 6))
    assert report.ok, report


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_of_segnet_basic(variant):
    net = SegNetBasic(2, 3, variant, width=4, kernel_size=3, upsampling_kernel=4, rng=0)
    report = check_gradients(net, draw(2, 2, 17, 18))
    assert report.ok, report


@pytest.mark.parametrize("variant", VARIANTS)
def test_parameters_are_the_paper_s_within_three_percent(variant):
    net = SegNetBasic(3, 11, variant, rng=0)
    count = sum(p.size for p in net.params.values())
    assert count == pytest.approx(1e6 * PAPER[variant], rel=0.03), count


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_sizes_of_camvid(variant):
    """360 → 180 → 90 → 45 → 23, and back."""
    net = SegNetBasic(3, 11, variant, width=2, kernel_size=3, rng=0)
    assert net(draw(1, 3, 360, 48, dtype=np.float32)).shape == (1, 11, 360, 48)
    assert [pool.input_size[0] for pool in net.pools] == [360, 180, 90, 45]
    assert net.pools[-1].switches.shape[2] == 23


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: DownUpFCN(1, 2, upsampler="magic"), "upsampler is 'magic', but must be one of"),
        (lambda: DownUpFCN(1, 2, skips=4), "skips is 4, but must be at most 3"),
        (lambda: SegNetBasic(1, 2, "SegNet"), "variant is 'SegNet', but must be one of"),
        (lambda: SegNetBasic(1, 2, "FCN-Basic", upsampling_kernel=5), "must be even"),
        (lambda: Upsampler("transpose_conv", 2, MaxPool2d(2), init="zeros"), "init is 'zeros'"),
    ],
)
def test_wrong_choices_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
