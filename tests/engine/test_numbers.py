"""What is not finite, options of any type, arrays of any layout, sizes of any magnitude."""

import time

import numpy as np
import pytest

from helpers import assert_close, draw, strided
from nn_scratch import engine, ops

ENGINES = pytest.mark.parametrize("name", ["fast", "plain"])
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@ENGINES
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("factor", [2, 3])
def test_resampling_carries_what_is_not_finite_to_those_who_see_it(name, value, factor):
    x = draw(2, 3, 12, 15)
    clean, x[1, 2, 5, 4] = x.copy(), value
    size = 12 * factor, 15 * factor
    with engine.use(name):
        for function, options in [
            (ops.bilinear_upsample2d, (size,)),
            (ops.bilinear_upsample2d_backward, ((6, 9),)),
            (ops.adaptive_avg_pool2d, ((6, 5),)),
            (ops.adaptive_avg_pool2d_backward, ((24, 20),)),
        ]:
            one = np.zeros_like(clean)
            one[1, 2, 5, 4] = 1
            sees = function(one, *options) != 0
            found, expected = function(x, *options), function(clean, *options)
            np.testing.assert_array_equal(~np.isfinite(found), sees)
            assert_close(np.where(sees, 0, found), np.where(sees, 0, expected))


@ENGINES
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(5, 4), (2, 3, 4, 5)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_at_ignored_labels_do_not_count(name, value, shape, dtype):
    scores, labels = draw(*shape, dtype=dtype), np.zeros((shape[0], *shape[2:]), int)
    labels[0] = 255
    with engine.use(name):
        loss = ops.cross_entropy(scores, labels, ignore_index=255)
        slopes = ops.cross_entropy_backward(scores, labels, ignore_index=255)
        for spoiled in (scores.copy(), scores.copy()):
            spoiled[0, 1] = value
            assert ops.cross_entropy(spoiled, labels, ignore_index=255) == loss
            found = ops.cross_entropy_backward(spoiled, labels, ignore_index=255)
            np.testing.assert_array_equal(found, slopes)
            assert (found[0] == 0).all()


@ENGINES
@pytest.mark.parametrize("offset", [0, 1e6, -1e6, 8e6])
def test_a_constant_does_not_change_the_loss(name, offset):
    generator = np.random.default_rng(0)
    scores, labels = (generator.integers(-8, 9, (64, 10))).astype(np.float32), np.arange(64) % 10
    with engine.use(name):
        moved = scores + np.float32(offset)
        assert ops.cross_entropy(moved, labels) == ops.cross_entropy(scores, labels)
        slopes = ops.cross_entropy_backward(scores, labels)
        np.testing.assert_array_equal(ops.cross_entropy_backward(moved, labels), slopes)


@ENGINES
@pytest.mark.parametrize("lead", [5.0, 20.0, 40.0, 80.0])
def test_small_losses_and_slopes_keep_their_digits(name, lead):
    scores = np.array([[lead, 0.0, 0.0]])
    with engine.use(name):
        loss = ops.cross_entropy(scores, np.array([0]))
        slope = ops.cross_entropy_backward(scores, np.array([0]))[0, 0]
    others = 2 * np.exp(-lead)
    np.testing.assert_allclose(loss, np.log1p(others), rtol=1e-14)
    np.testing.assert_allclose(slope, -others / (1 + others), rtol=1e-14)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16, np.int64, float])
def test_no_option_changes_the_dtype(kind):
    x, c = draw(2, 3, 4, 5, dtype=np.float32), np.ones(3, np.float32)
    one, p = kind(1), x[:, :, 0, 0]
    y, statistics, running = ops.batch_norm2d(x, c, c, c, c, momentum=one, eps=one)
    results = [
        ops.smooth_l1_loss(p, 2 * p, beta=one),
        ops.smooth_l1_loss_backward(p, 2 * p, beta=one),
        ops.leaky_relu(x, negative_slope=one),
        *(y, *statistics, *running),
        *ops.batch_norm2d_backward(x, x, c, statistics, eps=one),
    ]
    assert {a.dtype for a in results} == {np.dtype(np.float32)}


X, C = draw(2, 3, 4, 5), np.ones(3)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"eps": -1e-5}, "eps is -1e-05, but must be finite, at least 0"),
        ({"eps": np.nan}, "eps is nan"),
        ({"eps": "1"}, "eps is '1', but must be a number"),
        ({"momentum": -5.0}, "momentum is -5.0, but must be finite, at least 0 and at most 1"),
        ({"momentum": np.nan}, "momentum is nan"),
        ({"momentum": 1e9}, "momentum is 1000000000.0"),
        ({"momentum": None}, "momentum is None"),
    ],
)
def test_options_of_batch_norm(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        ops.batch_norm2d(X, C, C, C, C, **options)


@pytest.mark.parametrize(
    "statistics, message",
    [
        ((C.astype(int), C), r"statistics\[0\] has dtype int64"),
        ((C, C.astype(bool)), r"statistics\[1\] has dtype bool"),
        ((C.astype(np.float16), C), r"statistics\[0\] has dtype float16"),
        ((C, C.astype(np.float32)), "dtypes are mixed"),
        ((0.0, C), r"statistics\[0\] is a float"),
        ((C, np.ones(4)), r"statistics\[1\] has shape \(4,\)"),
    ],
)
def test_statistics_of_batch_norm(statistics, message):
    with pytest.raises((ValueError, TypeError), match=message):
        ops.batch_norm2d_backward(X, X, C, statistics)


def readonly(a):
    a = a.copy()
    a.flags.writeable = False
    return a


@pytest.mark.parametrize(
    "layout", [np.asfortranarray, strided, readonly, lambda a: a[::-1, :, ::-1][::-1, :, ::-1]]
)
def test_any_layout_gives_the_same(layout):
    x, w, dy = draw(2, 3, 6, 7), draw(4, 3, 3, 2), draw(2, 4, 4, 6)
    for name, arguments in [
        ("conv2d", (x, w)),
        ("conv2d_backward", (dy, x, w)),
        ("relu_backward", (x, x)),
        ("bilinear_upsample2d", (x,)),
        ("cross_entropy_backward", (x,)),
        ("softmax", (x,)),
    ]:
        more = {"bilinear": ((9, 8),), "cross_ent": (np.zeros((2, 6, 7), int),)}.get(name[:9], ())
        more = ((9, 8),) if name.startswith("bilinear") else more
        function = getattr(ops, name)
        expected, found = function(*arguments, *more), function(*map(layout, arguments), *more)
        expected, found = ((r if isinstance(r, tuple) else (r,)) for r in (expected, found))
        for one, other in zip(found, expected, strict=True):
            assert_close(one, other)


def test_broadcast_arrays_are_arrays():
    x = np.broadcast_to(np.float64(2), (2, 3, 6, 7))
    w = np.broadcast_to(draw(3, 3, 2), (4, 3, 3, 2))
    assert_close(ops.conv2d(x, w), ops.conv2d(x.copy(), w.copy()))
    assert_close(ops.relu(x), x.copy())


@pytest.mark.parametrize(
    "array, message",
    [
        (np.ma.masked_array(X), "x is a MaskedArray, but must be a plain array"),
        (X.astype(">f8"), "x has dtype >f8"),
        (X.view(np.recarray), "x is a recarray"),
        (X.tolist(), "x is a list"),
    ],
)
def test_what_only_looks_like_an_array_is_refused(array, message):
    with pytest.raises(TypeError, match=message):
        ops.relu(array)
    with pytest.raises(TypeError, match=message):
        ops.max_pool2d(array, 2)


@pytest.mark.parametrize("size", [2**31, 2**62, 2**63 - 1, 2**63, 10**30])
def test_sizes_beyond_all_memory_are_refused_at_once(size):
    start, w = time.perf_counter(), np.ones((3, 3, 2, 2))
    calls = [
        ("scale", lambda: ops.nearest_unpool2d(X, size)),
        ("scale", lambda: ops.bed_of_nails_unpool2d(X, (1, size))),
        ("size", lambda: ops.bilinear_upsample2d(X, (size, 3))),
        ("output_size", lambda: ops.adaptive_avg_pool2d(X, size)),
        ("stride", lambda: ops.conv2d(X, w, stride=size)),
        ("padding", lambda: ops.conv2d(X, w, padding=size)),
        ("dilation", lambda: ops.conv2d(X, w, dilation=size)),
        ("kernel_size", lambda: ops.max_pool2d(X, size)),
        ("stride", lambda: ops.avg_pool2d(X, 2, stride=size)),
    ]
    for name, call in calls:
        with pytest.raises(ValueError, match=f"{name} is .*{size}, but must be at most 2147483647"):
            call()
    assert time.perf_counter() - start < 5
