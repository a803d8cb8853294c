"""What is not finite reaches the results that see it, and no others: in every argument of every op
that pads, skips or resamples, forward and backward."""

import numpy as np
import pytest

from helpers import assert_close, draw
from nn_scratch import engine, ops

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

# batch, channels in and out, height, width, kernel, options: each way of computing a convolution
CONVOLUTIONS = {
    "small": (1, 2, 3, 5, 6, (3, 2), {"padding": 1}),
    "groups": (2, 4, 6, 7, 5, (2, 3), {"padding": ((1, 0), (0, 2)), "groups": 2}),
    "dilated": (2, 3, 2, 9, 8, 3, {"padding": 2, "dilation": (2, 1)}),
    "stride 2": (2, 8, 6, 11, 12, 3, {"padding": 1, "stride": 2}),
    "stride 3, dilated": (1, 3, 5, 11, 9, 2, {"padding": 1, "stride": 3, "dilation": 2}),
    "tiles": (2, 16, 24, 13, 14, 3, {"padding": 1}),
    "rows": (2, 12, 10, 13, 12, 5, {"padding": 2}),
}
SAMPLES = {"first": (0, np.nan), "last": (-1, np.inf), "between": (0.4, -np.inf)}

every_sample = pytest.mark.parametrize("sample", SAMPLES)
both_engines = pytest.mark.parametrize("name", ["fast", "plain"])
both_types = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def check(function, arrays, options, sample):
    """Spoil one number of each array in turn."""
    place, value = SAMPLES[sample]
    clean = results(function(*arrays, **options))
    for number, array in enumerate(arrays):
        at = int(place * array.size) if place > 0 else place
        spoiled, one = array.copy(), np.zeros_like(array)
        spoiled.reshape(-1)[at], one.reshape(-1)[at] = value, 1

        def with_array(a, number=number):
            return results(function(*arrays[:number], a, *arrays[number + 1 :], **options))

        # Those that see the number are those that a change of it moves.
        for found, moved, before in zip(
            with_array(spoiled), with_array(array + 64 * one), clean, strict=True
        ):
            sees = np.abs(moved - before) > 1e-3
            assert sees.size == 1 or not sees.all() or before.ndim < 3
            np.testing.assert_array_equal(~np.isfinite(found), sees)
            assert_close(np.where(sees, 0, found), np.where(sees, 0, before), scale=30)


def results(value):
    return value if isinstance(value, tuple) else (value,)


@pytest.mark.slow
@pytest.mark.parametrize(
    "dtype, sample", [*((np.float32, sample) for sample in SAMPLES), (np.float64, "between")]
)
@both_engines
@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolutions(case, dtype, name, sample):
    n, c, f, height, width, kernel, options = CONVOLUTIONS[case]
    x, w = ops_arrays(n, c, f, height, width, kernel, options, dtype)
    with engine.use(name):
        check(ops.conv2d, (x, w), options, sample)
        dy = drawn(*ops.conv2d(x, w, **options).shape, dtype=dtype, seed=2)
        check(ops.conv2d_backward, (dy, x, w), options, sample)
        x = drawn(n, f, height, width, dtype=dtype, seed=3)
        check(ops.conv_transpose2d, (x, w), options, sample)
        dy = drawn(*ops.conv_transpose2d(x, w, **options).shape, dtype=dtype, seed=4)
        check(ops.conv_transpose2d_backward, (dy, x, w), options, sample)


def ops_arrays(n, c, f, height, width, kernel, options, dtype):
    kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
    w = drawn(f, c // options.get("groups", 1), *kernel, dtype=dtype, seed=1)
    return drawn(n, c, height, width, dtype=dtype), w


def drawn(*shape, dtype, seed=0):
    """Numbers of both signs, none near 0."""
    values = draw(*shape, seed=seed)
    return (values + np.sign(values) / 4).astype(dtype)


@every_sample
@both_engines
@both_types
@pytest.mark.parametrize(
    "function, size, arguments, options",
    [
        ("bilinear_upsample2d", (5, 4), ((11, 12),), {}),
        ("bilinear_upsample2d", (6, 7), ((11, 19),), {"align_corners": True}),
        ("bilinear_upsample2d_backward", (11, 12), ((5, 4),), {}),
        ("bilinear_upsample2d_backward", (3, 8), ((9, 4),), {"align_corners": True}),
        ("adaptive_avg_pool2d", (7, 9), ((3, 4),), {}),
        ("adaptive_avg_pool2d_backward", (3, 4), ((7, 9),), {}),
        ("avg_pool2d", (7, 9), (3,), {"stride": 2, "padding": 1}),
        ("avg_pool2d_backward", (4, 5), ((7, 9), 3), {"stride": 2, "padding": 1}),
        ("avg_pool2d_backward", (5, 5), ((7, 7), 3), {"stride": 1}),
        ("nearest_unpool2d", (3, 5), ((2, 3),), {}),
        ("nearest_unpool2d_backward", (6, 9), ((2, 3),), {}),
    ],
)
def test_resampling(function, size, arguments, options, dtype, name, sample):
    with engine.use(name):
        x = drawn(2, 3, *size, dtype=dtype)
        check(lambda x: getattr(ops, function)(x, *arguments, **options), (x,), {}, sample)
