"""Convolution and transpose convolution: the definition, the adjoint, the trilinear form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import assert_close, draw, draw_integers, grid, strided
from nn_scratch import naive, ops

OPTIONS = grid(
    stride=[1, (2, 1), (1, 3)],
    padding=[0, (1, 2), ((2, 0), (1, 3))],
    dilation=[1, (1, 2), (2, 1)],
    groups=[1, 2],
)
KERNELS = [(1, 1), (3, 2), (2, 5)]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("options", OPTIONS)
def test_conv2d_is_its_definition(options, kernel):
    x = draw(2, 4, 8, 9)
    w = draw(6, 4 // options["groups"], *kernel, seed=1)
    b = draw(6, seed=2)
    assert_close(ops.conv2d(x, w, b, **options), naive.conv2d(x, w, b, **options))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("options", OPTIONS)
def test_conv_transpose2d_is_its_definition(options, kernel):
    x = draw(2, 4, 5, 6)
    w = draw(4, 3, *kernel, seed=1)
    b = draw(3 * options["groups"], seed=2)
    expected = naive.conv_transpose2d(x, w, b, **options)
    assert_close(ops.conv_transpose2d(x, w, b, **options), expected)


@pytest.mark.parametrize("name", ["same", "valid"])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 2), (4, 5)])
@pytest.mark.parametrize("dilation", [1, (2, 3)])
def test_padding_by_name(name, kernel, dilation):
    x, w = draw(1, 2, 15, 14), draw(3, 2, *kernel, seed=1)
    y = ops.conv2d(x, w, padding=name, dilation=dilation)
    assert_close(y, naive.conv2d(x, w, padding=name, dilation=dilation))
    if name == "same":
        assert y.shape[2:] == x.shape[2:]


def test_same_puts_the_extra_pixel_at_the_bottom_and_right():
    x = np.arange(12.0).reshape(1, 1, 3, 4)
    y = ops.conv2d(x, np.ones((1, 1, 2, 2)), padding="same")
    padded = np.pad(x[0, 0], ((0, 1), (0, 1)))
    expected = padded[:-1, :-1] + padded[1:, :-1] + padded[:-1, 1:] + padded[1:, 1:]
    np.testing.assert_array_equal(y[0, 0], expected)


@pytest.mark.parametrize("options", OPTIONS)
def test_adjoint_is_exact_on_integers(options):
    """⟨conv(x), g⟩ = ⟨x, conv_transpose(g)⟩ = ⟨w, dw⟩ with one w, as the trilinear form says."""
    x = draw_integers(2, 4, 8, 9)
    w = draw_integers(6, 4 // options["groups"], 3, 2, seed=1)
    y = ops.conv2d(x, w, **options)
    g = draw_integers(*y.shape, seed=2)
    dx, dw, db = ops.conv2d_backward(g, x, w, **options)
    form = (y * g).sum()
    assert form == (x * dx).sum() == (w * dw).sum()
    np.testing.assert_array_equal(db, g.sum((0, 2, 3)))
    up = ops.conv_transpose2d(g, w, output_size=(8, 9), **options)
    np.testing.assert_array_equal(up, dx)


@pytest.mark.parametrize("options", OPTIONS)
def test_transpose_backward_is_the_adjoint(options):
    x = draw_integers(2, 4, 5, 6)
    w = draw_integers(4, 3, 3, 2, seed=1)
    y = ops.conv_transpose2d(x, w, **options)
    g = draw_integers(*y.shape, seed=2)
    dx, dw, db = ops.conv_transpose2d_backward(g, x, w, **options)
    assert (y * g).sum() == (x * dx).sum() == (w * dw).sum()
    np.testing.assert_array_equal(db, g.sum((0, 2, 3)))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_adjoint_property(data):
    """Any geometry that a convolution accepts has an exact adjoint on integers."""

    def number(least, most, label):
        return data.draw(st.integers(least, most), label)

    groups = number(1, 3, "groups")
    kernel = number(1, 4, "kh"), number(1, 4, "kw")
    options = {
        "stride": (number(1, 3, "sh"), number(1, 3, "sw")),
        "padding": tuple((number(0, 3, "before"), number(0, 3, "after")) for _ in range(2)),
        "dilation": (number(1, 3, "dh"), number(1, 3, "dw")),
        "groups": groups,
    }
    least = [(k - 1) * d + 1 for k, d in zip(kernel, options["dilation"], strict=True)]
    size = [n + number(0, 5, "room") for n in least]
    x = draw_integers(number(1, 2, "n"), groups * number(1, 2, "c"), *size)
    w = draw_integers(groups * number(1, 2, "f"), x.shape[1] // groups, *kernel, seed=1)
    y = ops.conv2d(x, w, **options)
    g = draw_integers(*y.shape, seed=2)
    dx, dw, _ = ops.conv2d_backward(g, x, w, **options)
    assert (y * g).sum() == (x * dx).sum() == (w * dw).sum()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layout_and_dtype_do_not_matter(dtype):
    x, w, b = draw(2, 4, 8, 9, dtype=dtype), draw(6, 2, 3, 2, dtype=dtype), draw(6, dtype=dtype)
    options = {"stride": (2, 1), "padding": (1, 2), "groups": 2}
    y = ops.conv2d(x, w, b, **options)
    assert y.dtype == dtype
    assert_close(ops.conv2d(strided(x), strided(w), strided(b), **options), y)
    dy = draw(*y.shape, dtype=dtype, seed=3)
    expected = ops.conv2d_backward(dy, x, w, **options)
    actual = ops.conv2d_backward(strided(dy), strided(x), strided(w), **options)
    for a, e in zip(actual, expected, strict=True):
        assert_close(a, e, scale=10)


def test_need_dx_false_gives_none_and_the_same_rest():
    x, w = draw(2, 3, 6, 7), draw(4, 3, 3, 2)
    dy = draw(2, 4, 4, 6)
    whole, part = ops.conv2d_backward(dy, x, w), ops.conv2d_backward(dy, x, w, need_dx=False)
    assert part[0] is None
    for a, e in zip(part[1:], whole[1:], strict=True):
        np.testing.assert_array_equal(a, e)


@pytest.mark.parametrize("extra", [(0, 0), (1, 0), (1, 2)])
def test_output_padding_and_output_size_agree(extra):
    x, w = draw(2, 3, 4, 5), draw(3, 2, 3, 4, seed=1)
    options = {"stride": (2, 3), "padding": 1}
    y = ops.conv_transpose2d(x, w, output_padding=extra, **options)
    size = tuple(b + e for b, e in zip((7, 14), extra, strict=True))
    assert y.shape[2:] == size
    assert_close(y, ops.conv_transpose2d(x, w, output_size=size, **options))
    assert_close(y, naive.conv_transpose2d(x, w, output_padding=extra, **options))


def test_output_size_with_asymmetric_padding():
    x, w = draw(1, 2, 4, 5), draw(2, 3, 3, 3, seed=1)
    options = {"stride": 2, "padding": ((1, 0), (0, 2)), "output_size": (9, 10)}
    y = ops.conv_transpose2d(x, w, **options)
    assert y.shape == (1, 3, 9, 10)
    assert_close(y, naive.conv_transpose2d(x, w, **options))


def test_output_padding_may_reach_the_dilation():
    """Then the output has room for windows that x has no pixel for; backward leaves them out."""
    options = {"stride": 1, "dilation": 3}
    x, w = draw_integers(1, 2, 4, 5), draw_integers(2, 2, 2, 2, seed=1)
    y = ops.conv_transpose2d(x, w, output_padding=2, **options)
    assert_close(y, naive.conv_transpose2d(x, w, output_padding=2, **options))
    g = draw_integers(*y.shape, seed=2)
    dx, dw, _ = ops.conv_transpose2d_backward(g, x, w, **options)
    assert dx.shape == x.shape
    assert (y * g).sum() == (x * dx).sum() == (w * dw).sum()


def test_negative_base_with_output_padding():
    """The smallest size may be 0, as long as output_padding lifts it."""
    x, w = draw_integers(1, 1, 1, 1), draw_integers(1, 1, 2, 2, seed=1)
    y = ops.conv_transpose2d(x, w, stride=2, padding=1, output_padding=1)
    assert y.shape == (1, 1, 1, 1)
    dx, dw, _ = ops.conv_transpose2d_backward(y, x, w, stride=2, padding=1)
    assert (y * y).sum() == (x * dx).sum() == (w * dw).sum()


def test_empty_batch():
    x, w, b = np.zeros((0, 3, 5, 6)), draw(4, 3, 3, 2), draw(4)
    y = ops.conv2d(x, w, b)
    assert y.shape == (0, 4, 3, 5)
    dx, dw, db = ops.conv2d_backward(y, x, w)
    assert dx.shape == x.shape
    assert not dw.any() and not db.any()
    assert ops.conv_transpose2d(y, w).shape == x.shape
    assert ops.conv_transpose2d_backward(x, y, w)[0].shape == y.shape


def test_depthwise_and_many_groups():
    x, w = draw(2, 6, 7, 5), draw(12, 1, 3, 3, seed=1)
    assert_close(ops.conv2d(x, w, padding=1, groups=6), naive.conv2d(x, w, padding=1, groups=6))
