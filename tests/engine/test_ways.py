"""The choice between the ways of computing a convolution, and what it says of itself."""

from math import prod

import numpy as np
import pytest

from helpers import assert_close, draw
from nn_scratch import engine, ops
from nn_scratch.engine import plain
from nn_scratch.engine.cpu import ways
from nn_scratch.geometry import conv_size, make_windows

WINOGRAD = "Winograd F(4×4"
IM2COL, POLYPHASE, KN2ROW = "im2col", "polyphase", "the plain way"


@pytest.mark.parametrize(
    "primitive, x, w, options, way",
    [
        ("conv_forward", (8, 64, 48, 48), (64, 64, 3, 3), {"padding": 1}, WINOGRAD),
        ("conv_backward_filter", (8, 64, 48, 48), (64, 64, 3, 3), {"padding": 1}, WINOGRAD),
        ("conv_backward_data", (8, 64, 48, 48), (64, 64, 3, 3), {"padding": 1}, WINOGRAD),
        (
            "conv_forward",
            (32, 64, 5, 5),
            (64, 64, 3, 3),
            {"padding": 1},
            IM2COL,
        ),  # tiles of 64
        ("conv_backward_filter", (32, 64, 5, 5), (64, 64, 3, 3), {"padding": 1}, IM2COL),
        ("conv_forward", (2, 3, 8, 8), (4, 3, 3, 3), {}, IM2COL),
        ("conv_forward", (8, 3, 64, 64), (32, 3, 3, 3), {"padding": 1}, IM2COL),
        ("conv_backward_data", (8, 3, 64, 64), (32, 3, 3, 3), {"padding": 1}, IM2COL),
        ("conv_forward", (8, 64, 48, 48), (64, 64, 3, 3), {"stride": 2}, IM2COL),
        ("conv_forward", (8, 64, 48, 48), (64, 64, 3, 3), {"dilation": 2}, IM2COL),
        ("conv_forward", (8, 64, 48, 48), (64, 32, 3, 3), {"groups": 2}, IM2COL),
        ("conv_forward", (8, 512, 48, 48), (512, 512, 3, 3), {}, IM2COL),  # kernels of 36 MB
        ("conv_forward", (8, 16, 64, 64), (16, 16, 5, 5), {"padding": 2}, WINOGRAD),
        ("conv_backward_filter", (8, 64, 32, 32), (64, 64, 7, 7), {"padding": 3}, WINOGRAD),
        ("conv_forward", (8, 16, 64, 64), (16, 16, 5, 7), {}, IM2COL),
        ("conv_backward_data", (8, 32, 48, 48), (64, 32, 4, 4), {"stride": 2}, POLYPHASE),
        ("conv_backward_data", (8, 32, 48, 48), (64, 32, 5, 5), {"stride": 2}, POLYPHASE),
        (
            "conv_backward_data",
            (8, 32, 49, 49),
            (64, 32, 3, 3),
            {"stride": 2, "dilation": 2},
            KN2ROW,
        ),
        ("conv_backward_data", (1, 1, 6, 6), (1, 1, 2, 2), {"stride": 1000}, KN2ROW),
        ("conv_forward", (1, 1, 6, 6), (1, 1, 2, 2), {"stride": 999, "padding": 1000}, KN2ROW),
    ],
)
def test_the_way_that_costs_least(primitive, x, w, options, way):
    choice = engine.which_way(primitive, x, w, **options)
    assert choice.way.startswith(way)
    assert choice.costs[choice.way] == min(choice.costs.values())
    lines = str(choice).splitlines()
    assert lines[0] == f"{primitive}: {choice.way}" and len(lines) == 1 + len(choice.costs)
    assert choice.way in lines[1] and "million multiplications" in lines[1]


def test_what_is_said_is_what_is_done(monkeypatch):
    """For every way: the call of the public op goes where which_way says."""
    gone = []
    for way in ways.IM2COL, ways.WINOGRAD, ways.POLYPHASE, ways.KN2ROW:
        for primitive in ways.WAYS:
            if function := getattr(way.module, primitive, None):
                monkeypatch.setattr(way.module, primitive, _noting(gone, way.name, function))
    for (n, c, f, size, kernel), options in [
        ((2, 3, 4, 8, 3), {}),
        ((4, 32, 32, 40, 3), {"padding": 1}),
        ((4, 16, 16, 40, 5), {"padding": 2}),
        ((2, 8, 8, 20, 4), {"stride": 2}),
        ((1, 2, 2, 6, 2), {"stride": 700, "padding": 500}),
    ]:
        x, w = (
            draw(n, c, size, size, dtype=np.float32),
            draw(f, c, kernel, kernel, dtype=np.float32),
        )
        del gone[:]
        dy = ops.conv2d(x, w, **options)
        ops.conv2d_backward(dy, x, w, **options)
        said = [engine.which_way(p, x.shape, w.shape, **options).way for p in ways.WAYS]
        assert gone == said


def _noting(notes, name, function):
    def noting(*arguments):
        notes.append(name)
        return function(*arguments)

    return noting


def test_costs_are_counted_in_multiplications():
    """The products of im2col and of Winograd's tiles, if little else is to be done."""
    call = ways.Call(1, 100, 100, (400, 400), (400, 400), make_windows(3, 1, 1), 1)
    direct = 400 * 400 * 100 * 100 * 9
    assert direct < ways.IM2COL.cost(call) < 1.2 * direct
    assert direct / 4 < ways.WINOGRAD.cost(call) < direct / 2


@pytest.mark.parametrize("primitive, message", [("convolve", "primitive is 'convolve'")])
def test_wrong_questions(primitive, message):
    with pytest.raises(ValueError, match=message):
        engine.which_way(primitive, (1, 1, 8, 8), (1, 1, 3, 3))
    with pytest.raises(ValueError, match="no window fits"):
        engine.which_way("conv_forward", (1, 1, 2, 8), (1, 1, 3, 3))


# ---------------------------------------------------------------- what is not finite


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "kernel, options",
    [
        (3, {"padding": 1}),
        (5, {"padding": 2}),
        (7, {"padding": 3}),
        (3, {"stride": 2, "padding": 1}),
        (3, {"stride": 2, "dilation": 2}),
        (2, {"stride": 3}),
    ],
)
def test_what_is_not_finite_reaches_only_what_sees_it(value, kernel, options):
    """As with the plain engine, in which every result sums what it sees and nothing else."""
    n, c, f, size = 2, 24, 32, (41, 38)
    windows = make_windows(kernel, **options)
    x, w = draw(n, c, *size, dtype=np.float32), draw(f, c, kernel, kernel, dtype=np.float32, seed=1)
    g = draw(n, f, *conv_size(size, windows), dtype=np.float32, seed=2)
    clean_x, clean_g, spoiled_w = x.copy(), g.copy(), w.copy()
    for array in x, g:
        array[1, 3, 7, 9] = value
        array[0, 5, 0, 0] = value
    spoiled_w[4, 3, 0, 1] = spoiled_w[9, 3, 1, 0] = value
    for name, arguments in [
        ("conv_forward", (clean_x, spoiled_w, windows)),
        ("conv_backward_data", (clean_g, spoiled_w, size, windows)),
        ("conv_forward", (x, w, windows)),
        ("conv_backward_data", (g, w, size, windows)),
        ("conv_backward_filter", (x, draw(*g.shape, dtype=np.float32, seed=3), windows)),
        ("conv_backward_filter", (draw(*x.shape, dtype=np.float32, seed=3), g, windows)),
    ]:
        found = getattr(engine.cpu, name)(*arguments)
        expected = getattr(plain, name)(*arguments)
        np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
        some = np.isfinite(expected)
        assert some.any() or name == "conv_backward_filter"
        assert_close(np.where(some, found, 0), np.where(some, expected, 0), scale=30)


# ---------------------------------------------------------------- time and memory by the result


@pytest.mark.parametrize("engine_name", ["fast", "plain"])
@pytest.mark.parametrize(
    "stride, padding", [(1000, 0), (100_000, 0), (70_000, 60_000), (2**31 - 1, 5)]
)
def test_far_apart_windows_take_no_more_than_their_result(engine_name, stride, padding):
    x, w = draw(1, 2, 6, 6), draw(3, 2, 2, 2, seed=1)
    options = {"stride": stride, "padding": padding}
    with engine.use(engine_name):
        y = ops.conv2d(x, w, **options)
        assert prod(y.shape) < 50
        dx, dw, _ = ops.conv2d_backward(np.ones_like(y), x, w, **options)
    assert dx.shape == x.shape and dw.shape == w.shape
    if padding == 0:
        assert_close(y[0, :, 0, 0], np.einsum("fcij,cij->f", w, x[0, :, :2, :2]))
        assert (dx[:, :, 2:] == 0).all() and (dx[:, :, :2, :2] != 0).all()
