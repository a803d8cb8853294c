"""The page's forward passes, in a browser, against those of the library."""

from importlib.resources import files

import numpy as np
import pytest

from browser import chromium, opened
from helpers import assert_close, draw
from nn_scratch import ops

SCRIPTS = ("ops.js", "net.js")
WINDOWS = {
    "kernel": [3, 2],
    "stride": [2, 1],
    "padding": [[1, 0], [0, 1]],
    "dilation": [1, 2],
}
OPTIONS = {
    "stride": (2, 1),
    "padding": ((1, 0), (0, 1)),
    "dilation": (1, 2),
}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page with the scripts alone."""
    file = tmp_path_factory.mktemp("page") / "ops.html"
    room = files("nn_scratch.graph") / "page"
    scripts = "".join(f"<script>{(room / name).read_text('utf-8')}</script>" for name in SCRIPTS)
    file.write_text(f'<!DOCTYPE html><link rel="icon" href="data:,">{scripts}', encoding="utf-8")
    with chromium() as browser, opened(browser, file) as page:
        yield page


@pytest.fixture
def in_browser(page):
    """Runs an op of the page on images without a batch axis: (op, step, *maps) -> y (C, H, W)."""

    def run(op, step, *maps, pooled=None):
        arrays = {name: a.ravel().tolist() for name, a in step.items() if hasattr(a, "ravel")}
        options = {name: value for name, value in step.items() if name not in arrays}
        given = [{"shape": [*x.shape], "data": x.ravel().tolist()} for x in maps]
        y = page.evaluate(
            """([op, options, arrays, maps, pooled]) => {
              const step = { ...options };
              for (const name in arrays) step[name] = Float32Array.from(arrays[name]);
              for (const map of maps) map.data = Float32Array.from(map.data);
              if (pooled) maps.push(ops.max_pool2d(pooled, maps[0]));
              if (pooled) maps[0] = maps[1];
              const y = ops[op](step, ...maps);
              return { shape: y.shape, data: [...y.data], switches: [...y.switches ?? []] };
            }""",
            [op, options, arrays, given, pooled],
        )
        return np.reshape(y["data"], y["shape"]).astype(np.float32), y["switches"]

    return run


def image(*shape):
    return draw(*shape, dtype=np.float32)


@pytest.mark.parametrize("groups, filters", [(1, 5), (2, 6), (4, 4)])
def test_conv2d(in_browser, groups, filters):
    x, w, b = image(4, 9, 8), image(filters, 4 // groups, 3, 2), image(filters)
    expected = ops.conv2d(x[None], w, b, groups=groups, **OPTIONS)[0]
    step = WINDOWS | {"weight": w, "bias": b, "groups": groups, "shape": [*expected.shape]}
    assert_close(in_browser("conv2d", step, x)[0], expected)


def test_conv2d_without_bias_on_one_pixel(in_browser):
    x, w = image(3, 1, 1), image(5, 3, 1, 1)
    step = {"kernel": [1, 1], "stride": [1, 1], "padding": [[0, 0], [0, 0]], "dilation": [1, 1]}
    step |= {"weight": w, "groups": 1, "shape": [5, 1, 1]}
    assert_close(in_browser("conv2d", step, x)[0], ops.conv2d(x[None], w)[0])


@pytest.mark.parametrize("groups", [1, 2])
def test_conv_transpose2d(in_browser, groups):
    x, w, b = image(4, 5, 6), image(4, 3, 3, 2), image(3 * groups)
    expected = ops.conv_transpose2d(x[None], w, b, groups=groups, output_padding=(1, 0), **OPTIONS)
    step = WINDOWS | {"weight": w, "bias": b, "groups": groups, "shape": [*expected.shape[1:]]}
    assert_close(in_browser("conv_transpose2d", step, x)[0], expected[0])


@pytest.mark.parametrize("ceil_mode", [False, True])
def test_max_pool2d(in_browser, ceil_mode):
    x = np.round(image(3, 9, 8))  # with ties
    expected, switches = ops.max_pool2d(x[None], (3, 2), ceil_mode=ceil_mode, **OPTIONS)
    y, found = in_browser("max_pool2d", WINDOWS | {"shape": [*expected.shape[1:]]}, x)
    np.testing.assert_array_equal(y, expected[0])
    assert found == switches.ravel().tolist()


@pytest.mark.parametrize("collisions", ["sum", "overwrite"])
def test_max_unpool2d(in_browser, collisions):
    x = image(3, 9, 8)
    pooled, switches = ops.max_pool2d(x[None], (3, 2), **OPTIONS)
    expected = ops.max_unpool2d(pooled, switches, (9, 8), collisions=collisions)[0]
    pool = WINDOWS | {"shape": [*pooled.shape[1:]]}
    step = {"collisions": collisions, "shape": [3, 9, 8]}
    y, _ = in_browser("max_unpool2d", step, x, pooled=pool)
    assert_close(y, expected)


@pytest.mark.parametrize("include", [False, True])
def test_avg_pool2d(in_browser, include):
    x = image(3, 9, 8)
    options = {"stride": (2, 1), "padding": ((1, 0), (0, 1)), "count_include_pad": include}
    expected = ops.avg_pool2d(x[None], (3, 2), **options)[0]
    step = WINDOWS | {"dilation": [1, 1], "count_include_pad": include}
    assert_close(in_browser("avg_pool2d", step | {"shape": [*expected.shape]}, x)[0], expected)


def test_adaptive_avg_pool2d(in_browser):
    x = image(3, 7, 5)
    expected = ops.adaptive_avg_pool2d(x[None], (3, 2))[0]
    assert_close(in_browser("adaptive_avg_pool2d", {"shape": [3, 3, 2]}, x)[0], expected)


@pytest.mark.parametrize("op", ["nearest_unpool2d", "bed_of_nails_unpool2d"])
def test_unpooling_without_switches(in_browser, op):
    x = image(3, 4, 3)
    y, _ = in_browser(op, {"scale": [2, 3], "shape": [3, 8, 9]}, x)
    np.testing.assert_array_equal(y, getattr(ops, op)(x[None], (2, 3))[0])


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("size", [(9, 5), (2, 1)])
def test_bilinear_upsample2d(in_browser, size, align_corners):
    x = image(3, 4, 3)
    expected = ops.bilinear_upsample2d(x[None], size, align_corners=align_corners)[0]
    step = {"align_corners": align_corners, "shape": [3, *size]}
    assert_close(in_browser("bilinear_upsample2d", step, x)[0], expected)


def test_linear(in_browser):
    x, w, b = image(2, 3, 4), image(5, 24), image(5)
    y, _ = in_browser("linear", {"weight": w, "bias": b, "shape": [5, 1, 1]}, x)
    assert_close(y.ravel(), ops.linear(x.reshape(1, 24), w, b)[0])


def test_pointwise(in_browser):
    x, other = image(3, 4, 5), image(3, 4, 5)
    shape = {"shape": [3, 4, 5]}
    assert_close(in_browser("relu", shape, x)[0], ops.relu(x))
    assert_close(in_browser("sigmoid", shape, x)[0], ops.sigmoid(x))
    leaky, _ = in_browser("leaky_relu", shape | {"negative_slope": 0.1}, x)
    assert_close(leaky, ops.leaky_relu(x, negative_slope=0.1))
    assert_close(in_browser("add", shape, x, other)[0], x + other)
    joined, _ = in_browser("concat", {"shape": [6, 4, 5]}, x, other)
    assert_close(joined, np.concatenate([x, other]))


def test_shift(in_browser):
    x = image(2, 4, 5)
    padded, _ = in_browser("shift", {"corner": [-2, -1], "shape": [2, 7, 9]}, x)
    np.testing.assert_array_equal(padded, np.pad(x, ((0, 0), (2, 1), (1, 3))))
    piece, _ = in_browser("shift", {"corner": [1, 2], "shape": [2, 2, 3]}, x)
    np.testing.assert_array_equal(piece, x[:, 1:3, 2:])
