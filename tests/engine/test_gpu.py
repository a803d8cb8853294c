"""The CUDA kernels against the plain primitives: run by g++ on the stand-in, and on a card."""

import numpy as np
import pytest

import standin
from backends import BACKENDS, OnDevice, device_of, moved
from helpers import draw, draw_integers, grid
from nn_scratch.engine import plain
from nn_scratch.engine.cuda import launch
from nn_scratch.geometry import conv_size, make_windows, pool_size, pool_windows
from standin.kernels import GPLUSPLUS


@pytest.fixture(params=BACKENDS[1:])
def device(request):
    """`gpu`, called with NumPy arrays; every kernel it launches is noted in device.launched."""
    if request.param == "stand-in" and GPLUSPLUS is None:
        pytest.skip("g++ is not installed, by which the stand-in runs kernels")
    with device_of(request.param):
        yield Noted()


class Noted(OnDevice):
    def __init__(self):
        super().__init__(launch)
        self.launched = []
        really_launch = launch._launch

        def noted(file, kernel, *rest, **options):
            self.launched.append(kernel)
            really_launch(file, kernel, *rest, **options)

        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(launch, "_launch", noted)

    def __del__(self):
        self.patch.undo()


CONVOLUTIONS = [
    *grid(kernel_size=[1, 3, (3, 2)], stride=[1, (2, 3)], padding=[0, 1], dilation=[1]),
    *grid(kernel_size=[(2, 3)], stride=[1, 2], padding=[((1, 0), (0, 2))], dilation=[(2, 1)]),
]
CHANNELS = [(1, 1, 1), (3, 5, 1), (12, 20, 1), (17, 70, 1), (6, 4, 2), (3, 3, 3)]  # 70: two tiles


@pytest.mark.parametrize("geometry", CONVOLUTIONS)
@pytest.mark.parametrize("channels", CHANNELS, ids=str)
def test_convolution_kernels(geometry, channels, device):
    windows = make_windows(**geometry)
    c, f, groups = channels
    size = 9, 8
    x = draw_integers(2, c, *size, dtype=np.float32)
    w = draw_integers(f, c // groups, *windows.kernel, dtype=np.float32, seed=1)
    g = draw_integers(2, f, *conv_size(size, windows), dtype=np.float32, seed=2)
    for name, arguments in (
        ("conv_forward", (x, w, windows, groups)),
        ("conv_backward_data", (g, w, size, windows, groups)),
        ("conv_backward_filter", (x, g, windows, groups)),
    ):
        found, expected = getattr(device, name)(*arguments), getattr(plain, name)(*arguments)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, expected, err_msg=name)  # integers are exact
    assert device.launched == [
        "conv_forward",
        "conv_backward_data",
        "conv_backward_filter",
        "sum_parts",
    ]


def test_infinity_stays_where_it_belongs(device, monkeypatch):
    """Strips and images are filled up with zeros, and 0 · ∞ is no number."""
    monkeypatch.setattr(launch, "WEIGHT_TERMS", 40)  # 144 terms in parts of 36, strips of 16
    windows, size = make_windows(3, padding=1), (9, 8)
    x = draw_integers(2, 4, *size, dtype=np.float32)
    w = draw_integers(6, 2, 3, 3, dtype=np.float32, seed=1)
    g = draw_integers(2, 6, *size, dtype=np.float32, seed=2)
    spoiled = w.copy()
    x[0, 0, 0, 0] = g[0, 0, 0, 0] = spoiled[1, 0, 0, 2] = np.inf
    for name, arguments in (
        ("conv_forward", (x, w, windows, 2)),
        ("conv_forward", (np.ones_like(x), spoiled, windows, 2)),
        ("conv_backward_data", (g, w, size, windows, 2)),
        ("conv_backward_data", (np.ones_like(g), spoiled, size, windows, 2)),
        ("conv_backward_filter", (x, g, windows, 2)),
    ):
        with np.errstate(invalid="ignore"):
            found, expected = getattr(device, name)(*arguments), getattr(plain, name)(*arguments)
        assert {True, False} == set(np.isfinite(expected).ravel())
        np.testing.assert_array_equal(found, expected, err_msg=name)


def test_a_long_sum_goes_in_parts(device, monkeypatch):
    monkeypatch.setattr(launch, "WEIGHT_TERMS", 50)
    windows = make_windows(3, padding=1)
    x, g = (draw_integers(2, c, 13, 11, dtype=np.float32, seed=c) for c in (3, 4))
    np.testing.assert_array_equal(
        device.conv_backward_filter(x, g, windows), plain.conv_backward_filter(x, g, windows)
    )


POOLS = [
    *grid(kernel_size=[1, 2, (3, 2)], stride=[None, 1, (2, 3)], padding=[0], dilation=[1]),
    *grid(kernel_size=[3], stride=[2], padding=[1, ((1, 0), (0, 1))], dilation=[1, (1, 2)]),
]


# With few blocks, threads go through several planes.
few_and_many = pytest.mark.parametrize("many_blocks", [1, 2, launch.MANY_BLOCKS])


@few_and_many
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("geometry", POOLS)
def test_pooling_kernels(geometry, ceil_mode, many_blocks, device, monkeypatch):
    monkeypatch.setattr(launch, "MANY_BLOCKS", many_blocks)
    windows = pool_windows(**geometry)
    size = 9, 8
    positions = pool_size(size, windows, ceil_mode)
    for x in draw(5, 3, *size, dtype=np.float32), draw_integers(5, 3, *size, dtype=np.float32):
        y, switches = device.max_pool_argmax(x, windows, positions)
        expected, where = plain.max_pool_argmax(x, windows, positions)
        np.testing.assert_array_equal(y, expected)
        np.testing.assert_array_equal(switches, where)
        assert switches.dtype == np.int32
        np.testing.assert_array_equal(device.gather(x, switches), y)
        g = draw_integers(*y.shape, dtype=np.float32, seed=1)
        np.testing.assert_array_equal(
            device.scatter_add(g, switches, size, windows), plain.scatter_add(g, switches, size)
        )
    assert device.launched == 2 * ["max_pool_argmax", "gather", "scatter_add"]


def test_switches_from_anywhere_are_sorted(device):
    values = draw_integers(2, 3, 5, 4, dtype=np.float32)
    for dtype in np.int32, np.int64:
        switches = np.random.default_rng(0).integers(0, 6, values.shape).astype(dtype)
        found = device.scatter_add(values, switches, (2, 7))
        np.testing.assert_array_equal(found, plain.scatter_add(values, switches, (2, 7)))
    assert device.launched == ["add_sorted", "add_sorted"]


@pytest.mark.parametrize("value", [np.nan, -np.inf, np.inf])
def test_numbers_that_compare_strangely(value, device):
    x = draw(1, 2, 6, 7, dtype=np.float32)
    x[0, 0, 1:4, 2:5] = value
    x[0, 1] = value
    windows = pool_windows(3, 2, 1)
    positions = pool_size((6, 7), windows)
    found = device.max_pool_argmax(x, windows, positions)
    for ours, expected in zip(found, plain.max_pool_argmax(x, windows, positions), strict=True):
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("shape", [(2, 3, 5, 7), (1, 1, 1, 2), (3, 2, 40, 41)])
@pytest.mark.parametrize("offset", [0, 1e4])
@few_and_many
def test_norm_kernels(shape, offset, many_blocks, device, monkeypatch):
    """With a mean far from zero too, where E[x²] − mean² would lose all digits."""
    monkeypatch.setattr(launch, "MANY_BLOCKS", many_blocks)
    x = (draw(*shape) + offset).astype(np.float32)
    dy, y = (draw(*shape, dtype=np.float32, seed=s) for s in (1, 2))
    y[0, 0, 0, 0] = np.nan
    a, b, c = draw(3, shape[1], dtype=np.float32, seed=3)
    mean, variance = device.batch_norm_stats(x)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(mean, exact.mean((0, 2, 3)), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(variance, exact.var((0, 2, 3)), rtol=1e-3 if offset else 1e-5)
    statistics = mean, variance
    for name, given in (
        ("batch_norm_elemt", (x, statistics, a, b)),
        ("batch_norm_elemt", (x, statistics, a, b, True)),
        ("batch_norm_backward_reduce", (dy, x, statistics)),
        ("batch_norm_backward_reduce", (dy, x, statistics, y)),
        ("batch_norm_backward_elemt", (dy, x, statistics, a, b, c)),
        ("batch_norm_backward_elemt", (dy, x, statistics, a, b, c, True)),
    ):
        found, right = (getattr(m, name)(*given) for m in (device, plain))
        if name != "batch_norm_backward_reduce":
            found, right = (found,), (right,)
        for one, other in zip(found, right, strict=True):
            atol = 1e-5 * (np.sqrt(x.size) if one.ndim == 1 else 1)
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=atol, err_msg=name)
    rest = ["normalize", "normalize", *2 * ["product_parts", "sum_parts"], "blend", "blend"]
    assert device.launched == ["moment_parts", "merge_moments", *rest]


def test_a_rectified_nan_stays(device):
    x, ones = np.full((1, 1, 2, 2), np.nan, np.float32), np.ones(1, np.float32)
    assert np.isnan(device.batch_norm_elemt(x, (ones, ones), ones, ones, True)).all()


@pytest.mark.parametrize("size", [(), (5, 7)])
@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
def test_loss_kernels(size, dtype, device):
    scores = 50 * draw(3, 4, *size, dtype=np.float32)
    labels = np.random.default_rng(0).integers(0, 4, (3, *size)).astype(dtype)
    factors = draw(3, *size, dtype=np.float32, seed=1)
    for name, given in (
        ("cross_entropy_terms", (scores, labels)),
        ("cross_entropy_slopes", (scores, labels, factors)),
    ):
        found, right = (getattr(m, name)(*given) for m in (device, plain))
        np.testing.assert_allclose(found, right, rtol=1e-5, atol=1e-5, err_msg=name)
    assert device.launched == ["cross_entropy_terms", "cross_entropy_slopes"]


def test_what_kernels_do_not_take_goes_the_plain_way(device, monkeypatch):
    windows, size = make_windows(3, padding=1), (6, 5)
    x, w = draw(2, 4, *size), draw(6, 4, 3, 3, seed=1)
    found = device.conv_forward(x, w, windows)  # float64
    np.testing.assert_allclose(found, plain.conv_forward(x, w, windows), rtol=1e-5)
    x, w = x.astype(np.float32), w.astype(np.float32)
    with monkeypatch.context() as limits:
        limits.setattr(launch, "MOST_ELEMENTS", x.size - 1)
        device.conv_forward(x, w, windows)
    monkeypatch.setenv("NN_SCRATCH_KERNELS", "0")
    device.conv_forward(x, w, windows)
    assert not device.launched


def test_results_that_are_too_many_go_the_plain_way(device, monkeypatch):
    """An int must count them too, however few there are of what they are made from."""

    def new(*shape):
        return draw_integers(*shape, dtype=np.float32)

    one_by_one, pool = make_windows(1), pool_windows(3, 2, 0)
    switches = plain.max_pool_argmax(new(1, 1, 5, 5), pool, (2, 2))[1]
    for name, given in (
        ("conv_forward", (new(1, 2, 3, 4), new(20, 2, 1, 1), one_by_one)),
        ("conv_backward_data", (new(1, 2, 3, 4), new(2, 20, 1, 1), (3, 4), one_by_one)),
        ("conv_backward_filter", (new(1, 2, 1, 1), new(1, 20, 1, 1), one_by_one)),
        ("max_pool_argmax", (new(1, 1, 3, 3), pool_windows(2, 1, 1), (4, 4))),
        ("scatter_add", (new(1, 1, 2, 2), switches, (5, 5), pool)),
    ):
        most = max(a.size for a in given if isinstance(a, np.ndarray))
        monkeypatch.setattr(launch, "MOST_ELEMENTS", most)
        found, expected = getattr(device, name)(*given), getattr(plain, name)(*given)
        np.testing.assert_array_equal(found, expected, err_msg=name)
        assert not device.launched, name


def test_grids_have_no_more_blocks_than_cuda_allows(device, monkeypatch):
    """Along their third axis, where groups, phases and parts of a sum are counted."""
    monkeypatch.setattr(launch, "MOST_BLOCKS", 5)
    monkeypatch.setattr(launch, "WEIGHT_TERMS", 1)
    grids, really_launch = [], launch._launch

    def noted(file, kernel, grid, *rest, **options):
        grids.append(grid)
        really_launch(file, kernel, grid, *rest, **options)

    monkeypatch.setattr(launch, "_launch", noted)
    windows, size = make_windows(3, stride=2, padding=1), (6, 5)
    x, w = (draw_integers(*s, dtype=np.float32) for s in ((2, 4, *size), (6, 2, 3, 3)))
    g = draw_integers(2, 6, *conv_size(size, windows), dtype=np.float32, seed=1)
    for name, given in (
        ("conv_backward_filter", (x, g, windows, 2)),  # in two parts of two groups
        ("conv_backward_data", (g, w, size, windows, 2)),  # four phases of two are too many
    ):
        found, expected = getattr(device, name)(*given), getattr(plain, name)(*given)
        np.testing.assert_array_equal(found, expected, err_msg=name)
    assert device.launched == ["conv_backward_filter", "sum_parts"] and grids[0][2] == 4


def test_empty_batches(device):
    windows = make_windows(3, padding=1)
    x, w = np.zeros((0, 2, 5, 4), np.float32), np.ones((3, 2, 3, 3), np.float32)
    g = np.zeros((0, 3, 5, 4), np.float32)
    assert device.conv_forward(x, w, windows).shape == (0, 3, 5, 4)
    assert device.conv_backward_data(g, w, (5, 4), windows).shape == x.shape
    np.testing.assert_array_equal(device.conv_backward_filter(x, g, windows), np.zeros_like(w))
    y, switches = device.max_pool_argmax(x, pool_windows(2, None, 0), (2, 2))
    assert y.shape == switches.shape == (0, 2, 2, 2)


# ---------------------------------------------------------------- what the stand-in refuses


@pytest.fixture
def cupy():
    with standin.installed() as module:
        yield module


def test_the_stand_in_refuses_what_cupy_refuses(cupy):
    x = cupy.asarray(np.ones((2, 3)))
    with pytest.raises(TypeError, match="Unsupported type"):
        x + np.ones((2, 3))
    with pytest.raises(TypeError, match="Unsupported type"):
        cupy.where(x > 0, x, np.zeros((2, 3)))
    with pytest.raises(TypeError, match="Implicit conversion"):
        np.asarray(x)
    with pytest.raises(TypeError, match=r"use cupy\.concatenate"):
        np.concatenate([x, x])
    with pytest.raises(AttributeError, match="no attribute 'errstate'"):
        cupy.errstate  # noqa: B018
    with pytest.raises(TypeError, match="takes no `where`"):
        cupy.add(x, x, where=x > 0)
    counts = cupy.zeros(3, np.int64)
    for at in cupy.add.at, cupy.maximum.at:  # of CuPy 14.0
        with pytest.raises(TypeError, match="does not support int64"):
            at(counts, cupy.asarray([1, 1]), counts[:2])


def test_reductions_stay_on_the_device_and_waits_are_counted(cupy):
    x = cupy.asarray(np.ones((2, 3)))
    before = standin.waits[0]
    total = x.sum()
    assert isinstance(total, standin.ndarray) and total.ndim == 0
    assert standin.waits[0] == before
    assert float(total) == 6 and standin.waits[0] == before + 1


@pytest.mark.skipif(GPLUSPLUS is None, reason="g++ is not installed")
def test_launches_are_checked_against_the_kernel(cupy):
    code = (
        'extern "C" __global__ void twice(const float *x, float *y, int n) '
        "{ int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) y[i] = 2 * x[i]; }"
    )
    twice = cupy.RawModule(code=code).get_function("twice")
    x, y = cupy.asarray(np.arange(6, dtype=np.float32)), cupy.empty(6, np.float32)
    twice((2,), (4,), (x, y, np.int32(6)))
    np.testing.assert_array_equal(y.get(), 2 * np.arange(6))
    double = cupy.asarray(np.ones(6))
    for arguments, message in (
        ((x, y, 6), r"argument 2 \(n\) is int, but must be np.int32"),
        ((x, y, np.int64(6)), "is int64, but must be np.int32"),
        ((double, y, np.int32(6)), "holds float64, but must hold float32"),
        ((x[::2], y, np.int32(3)), r"argument 0 \(x\) is not contiguous"),
        ((x.get(), y, np.int32(6)), "must be a device array"),
        ((x, y), "takes 3 arguments, but 2 are given"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            twice((2,), (4,), arguments)
    with pytest.raises(ValueError, match="no card launches"):
        twice((1,), (2048,), (x, y, np.int32(6)))


def test_moved_arrays_are_device_arrays(cupy):
    assert isinstance(moved(np.ones(3)), standin.ndarray)
