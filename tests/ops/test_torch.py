"""Forward and every gradient against PyTorch, where it is installed."""

import numpy as np
import pytest

from helpers import assert_close, draw, grid
from nn_scratch import ops

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
F = torch.nn.functional


def compare(forward, arrays, torch_forward, backward):
    """`forward` against `torch_forward`, then `backward(dy)` against PyTorch's gradients."""
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    y, expected = forward(*arrays), torch_forward(*tensors)
    assert_close(y, expected.detach().numpy(), scale=10)
    dy = draw(*y.shape, seed=9).astype(y.dtype)
    expected.backward(torch.tensor(dy))
    gradients = backward(dy)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    for gradient, tensor in zip(gradients, tensors, strict=True):
        assert_close(gradient, tensor.grad.numpy(), scale=10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "options", grid(stride=[1, (2, 3)], padding=[0, (1, 2)], dilation=[1, (2, 1)], groups=[1, 2])
)
def test_conv2d(options, dtype):
    x, w, b = (
        draw(*shape, dtype=dtype, seed=seed)
        for seed, shape in enumerate([(2, 4, 9, 8), (6, 4 // options["groups"], 3, 2), (6,)])
    )
    compare(
        lambda x, w, b: ops.conv2d(x, w, b, **options),
        (x, w, b),
        lambda x, w, b: F.conv2d(x, w, b, **options),
        lambda dy: ops.conv2d_backward(dy, x, w, **options),
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "options",
    grid(
        stride=[(2, 3)],
        padding=[0, (1, 2)],
        dilation=[1, (2, 1)],
        groups=[1, 2],
        output_padding=[0, (1, 2)],
    ),
)
def test_conv_transpose2d(options, dtype):
    x, w, b = (
        draw(*shape, dtype=dtype, seed=seed)
        for seed, shape in enumerate([(2, 4, 5, 6), (4, 3, 3, 4), (3 * options["groups"],)])
    )
    without = {name: value for name, value in options.items() if name != "output_padding"}
    compare(
        lambda x, w, b: ops.conv_transpose2d(x, w, b, **options),
        (x, w, b),
        lambda x, w, b: F.conv_transpose2d(x, w, b, **options),
        lambda dy: ops.conv_transpose2d_backward(dy, x, w, **without),
    )


@pytest.mark.parametrize(
    "options",
    grid(stride=[2, (3, 1)], padding=[0, 1], dilation=[1, (1, 2)], ceil_mode=[False, True]),
)
def test_max_pool2d_and_unpool(options):
    x = draw(2, 3, 9, 8)
    y, switches = ops.max_pool2d(x, 3, **options)
    expected, indices = F.max_pool2d(torch.tensor(x), 3, return_indices=True, **options)
    np.testing.assert_array_equal(y, expected.numpy())
    np.testing.assert_array_equal(switches, indices.numpy())
    compare(
        lambda x: ops.max_pool2d(x, 3, **options)[0],
        (x,),
        lambda x: F.max_pool2d(x, 3, **options),
        lambda dy: ops.max_pool2d_backward(dy, switches, (9, 8)),
    )


def test_max_unpool2d():
    y, switches = ops.max_pool2d(draw(2, 3, 9, 7), 2)
    indices = torch.tensor(switches.astype(np.int64))
    compare(
        lambda y: ops.max_unpool2d(y, switches, (9, 7)),
        (y,),
        lambda y: F.max_unpool2d(y, indices, 2, output_size=(9, 7)),
        lambda dy: ops.max_unpool2d_backward(dy, switches),
    )


@pytest.mark.parametrize(
    "options", grid(stride=[None, (2, 1)], padding=[0, 1], count_include_pad=[False, True])
)
def test_avg_pool2d(options):
    x = draw(2, 3, 9, 8)
    compare(
        lambda x: ops.avg_pool2d(x, (3, 2), **options),
        (x,),
        lambda x: F.avg_pool2d(x, (3, 2), **options),
        lambda dy: ops.avg_pool2d_backward(dy, (9, 8), (3, 2), **options),
    )


@pytest.mark.parametrize("size", [(3, 4), (1, 1), (5, 2), (11, 3)])
def test_adaptive_avg_pool2d(size):
    compare(
        lambda x: ops.adaptive_avg_pool2d(x, size),
        (draw(2, 3, 9, 8),),
        lambda x: F.adaptive_avg_pool2d(x, size),
        lambda dy: ops.adaptive_avg_pool2d_backward(dy, (9, 8)),
    )


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("size", [(8, 10), (7, 3), (1, 1)])
def test_bilinear(size, align_corners):
    x = draw(2, 3, 4, 5)
    compare(
        lambda x: ops.bilinear_upsample2d(x, size, align_corners=align_corners),
        (x,),
        lambda x: F.interpolate(x, size, mode="bilinear", align_corners=align_corners),
        lambda dy: ops.bilinear_upsample2d_backward(dy, (4, 5), align_corners=align_corners),
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_leaky_relu_and_sigmoid(dtype):
    x = draw(2, 3, 4, 5, dtype=dtype)
    for slope in 0.01, 0.3:
        compare(
            lambda x, slope=slope: ops.leaky_relu(x, negative_slope=slope),
            (x,),
            lambda x, slope=slope: F.leaky_relu(x, slope),
            lambda dy, slope=slope: ops.leaky_relu_backward(dy, x, negative_slope=slope),
        )
    y = ops.sigmoid(x)
    compare(ops.sigmoid, (x,), torch.sigmoid, lambda dy: ops.sigmoid_backward(dy, y))


def test_nearest():
    x = draw(2, 3, 4, 5)
    compare(
        lambda x: ops.nearest_unpool2d(x, (2, 3)),
        (x,),
        lambda x: F.interpolate(x, scale_factor=(2, 3), mode="nearest"),
        lambda dy: ops.nearest_unpool2d_backward(dy, (2, 3)),
    )


@pytest.mark.parametrize("training", [False, True])
def test_batch_norm2d(training):
    x, w, b, mean = draw(3, 4, 5, 2), draw(4, seed=1), draw(4, seed=2), draw(4, seed=3)
    var = draw(4, seed=4) ** 2
    tensors = torch.tensor(mean), torch.tensor(var)
    y, statistics, running = ops.batch_norm2d(x, w, b, mean, var, training=training)
    compare(
        lambda x, w, b: y,
        (x, w, b),
        lambda x, w, b: F.batch_norm(x, *tensors, w, b, training=training),
        lambda dy: ops.batch_norm2d_backward(dy, x, w, statistics, training=training),
    )
    for ours, theirs in zip(running, tensors, strict=True):
        assert_close(ours, theirs.numpy())


@pytest.mark.parametrize("ignore_index", [-100, 1])
@pytest.mark.parametrize("size", [(), (3, 2)])
def test_cross_entropy(size, ignore_index):
    scores, weight = draw(4, 5, *size), np.array([0.5, 2, 1, 0.1, 3])
    labels = np.random.default_rng(1).integers(0, 5, (4, *size))
    options = {"weight": weight, "ignore_index": ignore_index}
    tensor = torch.tensor(scores, requires_grad=True)
    expected = F.cross_entropy(
        tensor, torch.tensor(labels), weight=torch.tensor(weight), ignore_index=ignore_index
    )
    expected.backward()
    assert ops.cross_entropy(scores, labels, **options) == pytest.approx(expected.item())
    assert_close(ops.cross_entropy_backward(scores, labels, **options), tensor.grad.numpy())


@pytest.mark.parametrize("beta", [0.5, 1.0])
def test_regression_losses(beta):
    p, t = draw(3, 4), 2 * draw(3, 4, seed=1)
    for ours, gradient, theirs, options in (
        (ops.mse_loss, ops.mse_loss_backward, F.mse_loss, {}),
        (ops.smooth_l1_loss, ops.smooth_l1_loss_backward, F.smooth_l1_loss, {"beta": beta}),
    ):
        tensor = torch.tensor(p, requires_grad=True)
        expected = theirs(tensor, torch.tensor(t), **options)
        expected.backward()
        assert ours(p, t, **options) == pytest.approx(expected.item())
        assert_close(gradient(p, t, **options), tensor.grad.numpy())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_detection_losses(dtype):
    """Written with PyTorch's log σ, differentiated by autograd."""
    z, t = 3 * draw(2, 3, 5, 4, dtype=dtype), np.exp(-(draw(2, 3, 5, 4, seed=1) ** 2)).round(1)
    t, prediction, target = t.astype(dtype), *draw(2, 2, 3, 5, 4, dtype=dtype, seed=2)
    mask = t.max(axis=1) == 1
    tensor, heat = torch.tensor(z, requires_grad=True), torch.tensor(t)
    log_p, log_q = F.logsigmoid(tensor), F.logsigmoid(-tensor)
    at = heat == 1
    penalty = torch.where(at, log_q.exp() ** 2 * log_p, (1 - heat) ** 4 * log_p.exp() ** 2 * log_q)
    binary = torch.where(at, log_q.exp() ** 2 * log_p / 4, 0.75 * log_p.exp() ** 2 * log_q)
    for name, theirs, y in ("", penalty, t), ("sigmoid_", binary, np.floor(t)):
        ours, gradient = (getattr(ops, f"{name}focal_loss{part}") for part in ("", "_backward"))
        tensor.grad = None
        loss = -theirs.sum() / at.sum()
        loss.backward(retain_graph=True)  # both are made of the same logarithms
        assert_close(ours(z, y), loss.detach().numpy())
        assert_close(gradient(z, y), tensor.grad.numpy())
    tensor, chosen = torch.tensor(prediction, requires_grad=True), torch.tensor(mask)
    far = (tensor - torch.tensor(target)).abs() * chosen[:, None]
    loss = far.sum() / chosen.sum()
    loss.backward()
    assert_close(ops.masked_l1_loss(prediction, target, mask), loss.detach().numpy())
    gradient = ops.masked_l1_loss_backward(prediction, target, mask)
    assert_close(gradient, tensor.grad.numpy())
