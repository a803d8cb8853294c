"""The drawing of nets: everything is there, at its size, and no text is cut off or covered."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb

from helpers import draw
from nn_scratch.data import DigitSegmentation
from nn_scratch.graph import trace
from nn_scratch.layers import (
    Add,
    AvgPool2d,
    Concat,
    Conv2d,
    Layer,
    Linear,
    MaxPool2d,
    MaxUnpool2d,
    ReLU,
    Sequential,
)
from nn_scratch.nets import (
    DETECTORS,
    LOCALIZERS,
    SEGMENTERS,
    CenterNet,
    Localizer,
    SegNet,
    pretrained,
)
from nn_scratch.plotting import plot_net
from nn_scratch.plotting.colours import DOTS, coloured
from nn_scratch.plotting.net import SKIP, SWITCHES, VEIL
from nn_scratch.plotting.volumes import GROUPS, choose_channels, volumes_of

IMAGE = DigitSegmentation("test", 1).sample(0, 0)[0][None]
QUICK = ("segnet", "unet", "FCN-Basic", "fully-convolutional", "localizer", "centernet")


class Leak(Layer):
    """A layer of a student's own."""

    def forward(self, x):
        return np.where(x > 0, x, x / 10)


class OfOnesOwn(Layer):
    """A net of a student's own: a layer of theirs, a skip, and two ways that meet without one."""

    def __init__(self, channels=3):
        super().__init__()
        self.stem = Conv2d(channels, 8, 5, stride=2, rng=0)
        self.leak, self.relu, self.add, self.pool = Leak(), ReLU(), Add(), AvgPool2d(2)
        self.convs = [Conv2d(8, 8, 3, padding=1, rng=i) for i in range(4)]
        self.heads = [Linear(8, 5, rng=0), Linear(8, 4, rng=0)]

    def forward(self, x):
        x = self.leak(self.stem(x))
        x = self.relu(self.add(self.convs[1](self.convs[0](x)), x))
        x = self.pool(self.convs[3](self.convs[2](x)) + x)
        return tuple(head(x.mean(axis=(2, 3))) for head in self.heads)


def assert_texts_are_whole(figure):
    """No text reaches beyond the figure, and no two cover each other."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    axes, legend = figure.axes[0], figure.legends[0]
    drawn = [text for text in (*axes.texts, *legend.get_texts()) if text.get_text()]
    boxes = [text.get_window_extent(renderer) for text in drawn]
    for box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0
        assert box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
    for (a, one), (b, other) in combinations(zip(boxes, drawn, strict=True), 2):
        beside = min(a.x1, b.x1) <= max(a.x0, b.x0) + 1
        assert beside or min(a.y1, b.y1) <= max(a.y0, b.y0) + 1, (one, other)


def texts(figure):
    return [line for text in figure.axes[0].texts for line in text.get_text().split("\n")]


@pytest.mark.parametrize(
    "name, channels",
    [
        *((name, 0) for name in QUICK),
        *(
            pytest.param(name, 3, marks=[] if name in QUICK else pytest.mark.slow)
            for name in (*SEGMENTERS, *LOCALIZERS, *DETECTORS)
        ),
    ],
)
def test_every_net_of_the_zoo(name, channels):
    if name in SEGMENTERS:
        net = SEGMENTERS[name](1, 11, rng=0, width=4, kernel_size=3)
    elif name in DETECTORS:
        net = DETECTORS[name](1, 10, rng=0, width=4)
    else:
        net = LOCALIZERS[name](1, 10, image_size=(40, 40), rng=0, width=4)
    figure = plot_net(net.eval(), IMAGE, channels=channels)
    assert_texts_are_whole(figure)
    assert 12 <= figure.get_figwidth() < 15 and figure.get_figheight() < 9
    end = "labels" if name in SEGMENTERS else "1 found" if name in LOCALIZERS else "0 found"
    assert (end in texts(figure)) == (channels > 0)


@pytest.mark.parametrize("shape", [(2, 3, 40, 40), (1, 3, 23, 90), (1, 3, 90, 23)])
def test_a_net_of_ones_own_needs_no_help(shape):
    x = np.abs(draw(*shape, dtype=np.float32)) % 1
    figure = plot_net(OfOnesOwn(), x)
    assert_texts_are_whole(figure)
    assert {"Leak", "?", "2 conv", "5×5", "image", "+"} <= set(texts(figure))
    names = {text.get_text() for text in figure.legends[0].get_texts()}
    assert {"another layer", "no layer made it", "skip", "linear"} <= names
    assert "switches" not in names


def test_three_heads_stand_above_one_another():
    class ThreeHeads(Layer):
        def __init__(self):
            super().__init__()
            self.body = Sequential(Conv2d(1, 6, 3, padding=1, rng=0), MaxPool2d(4))
            rows = [(Conv2d(6, 8, 3, padding=1, rng=i), ReLU(), Conv2d(8, 3, 1)) for i in range(3)]
            self.heads = [Sequential(*row) for row in rows]

        def forward(self, x):
            x = self.body(x)
            return tuple(head(x) for head in self.heads)

    net = ThreeHeads()
    assert_texts_are_whole(plot_net(net, IMAGE))
    volumes = volumes_of(trace(net, IMAGE))
    assert [(v.column, v.level) for v in volumes if v.head] == [
        *((3, 1), (4, 1), (3, 0), (4, 0), (3, -1), (4, -1))
    ]
    assert not any(v.head or v.level for v in volumes[:3])
    assert not any(v.title for v in volumes)  # one attribute holds them all


@pytest.mark.parametrize(
    ("net", "names"),
    [
        (CenterNet(1, 3, widths=(2, 3), rng=0), ["heat", "sizes", "offsets"]),
        (Localizer(1, 3, (40, 40), widths=(2, 3), features=4, rng=0), ["class head", "box head"]),
        (Sequential(Conv2d(1, 3, 3, rng=0)), []),
    ],
)
def test_heads_have_their_names_above_them(net, names):
    figure = plot_net(net, IMAGE)
    assert_texts_are_whole(figure)
    (axes,) = figure.axes[:1]
    bold = [text for text in axes.texts if text.get_weight() == "bold"]
    assert [text.get_text() for text in bold] == names
    assert sorted(bold, key=lambda text: -text.get_position()[1]) == bold


class Branches(Layer):
    """Three convolutions of the same map side by side, one of them followed by another."""

    def __init__(self):
        super().__init__()
        self.stem = Conv2d(1, 4, 3, padding=1, rng=0)
        self.ways = [Conv2d(4, 4, 3, padding=1, rng=i) for i in range(3)]
        self.deep, self.cats = Conv2d(4, 4, 5, padding=2, rng=9), [Concat(), Concat()]

    def forward(self, x):
        x = self.stem(x)
        y = self.deep(self.ways[0](x))
        for way, cat in zip(self.ways[1:], self.cats, strict=True):
            y = cat(y, way(x))
        return y


def test_ways_side_by_side_do_not_cover_each_other():
    volumes = volumes_of(trace(Branches(), IMAGE))
    assert [(v.kind, v.column, v.level) for v in volumes] == [
        *(("", 0, 0), ("Conv2d", 1, 0), ("Conv2d", 2, 0), ("Conv2d", 3, 0)),
        *(("Conv2d", 3, 1), ("Concat", 4, 0), ("Conv2d", 4, 2), ("Concat", 5, 0)),
    ]
    assert_texts_are_whole(plot_net(Branches(), IMAGE))


def test_a_long_row_of_skips_is_drawn_in_no_time():
    """Every way through it would be 2⁴⁰ ways."""

    class Residual(Layer):
        def __init__(self):
            super().__init__()
            self.convs = [Conv2d(1, 1, 1, rng=i) for i in range(40)]
            self.adds = [Add() for _ in self.convs]

        def forward(self, x):
            for conv, add in zip(self.convs, self.adds, strict=True):
                x = add(conv(x), x)
            return x

    volumes = volumes_of(trace(Residual(), IMAGE))
    assert max(v.column for v in volumes) == 80 and not any(v.level for v in volumes)


class HalfPool(Layer):
    """A max-pool of a student's own, which remembers where its maxima stood."""

    def forward(self, x):
        n, c, h, w = x.shape
        parts = (
            x.reshape(n, c, h // 2, 2, w // 2, 2).swapaxes(3, 4).reshape(n, c, h // 2, w // 2, 4)
        )
        self.where = parts.argmax(axis=-1, keepdims=True)
        return np.ascontiguousarray(parts.max(axis=-1))


class PutBack(Layer):
    """What puts values back where that pool found its maxima."""

    def __init__(self, pool):
        super().__init__()
        self.pool = pool

    def forward(self, x):
        n, c, h, w = x.shape
        y = np.zeros((n, c, h, w, 4), x.dtype)
        np.put_along_axis(y, self.pool.where, x[..., None], axis=-1)
        y = y.reshape(n, c, h, w, 2, 2).swapaxes(3, 4)
        return np.ascontiguousarray(y.reshape(n, c, 2 * h, 2 * w))


def test_a_pool_and_unpooling_of_ones_own_have_switches_and_dots():
    pool = HalfPool()
    net = Sequential(Conv2d(1, 4, 3, padding=1, rng=0), pool, Conv2d(4, 4, 1, rng=1), PutBack(pool))
    figure = plot_net(net, IMAGE)
    assert "switches" in {text.get_text() for text in figure.legends[0].get_texts()}
    assert {"Half", "Pool"} <= set(" ".join(texts(figure)).title().split())
    assert all(picture.get_cmap() is DOTS for picture in figure.axes[0].images[-4:-1])


@pytest.mark.parametrize("name", ["digits-localization", "digits-detection"])
def test_what_is_found_is_drawn_over_the_image(name):
    figure = plot_net(pretrained(name), IMAGE, class_names=[f"digit {k}" for k in range(10)])
    (inset,) = figure.axes[0].child_axes
    named = [text.get_text() for text in inset.texts]
    assert len(named) == len(inset.patches) == (1 if name == "digits-localization" else 2)
    _, truth = DigitSegmentation("test", 1).sample(0, 0)
    digits = {f"digit {k - 1}" for k in np.unique(truth[truth > 0])}
    assert set(named) <= digits
    for patch in inset.patches:  # in pixels, within the image
        assert patch.get_x() >= -0.5 and patch.get_x() + patch.get_width() <= 39.5
    assert_texts_are_whole(figure)


# Machado et al. 2009, severity 1, for linear RGB.
SEEN = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(colour, seen):
    """CIELAB of a colour, as it is seen."""
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    xyz = XYZ @ np.clip(seen @ linear, 0, 1) / (0.9505, 1, 1.089)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("deficiency", SEEN)
def test_kinds_of_layers_and_of_ways_are_told_apart_by_everybody(deficiency):
    kinds = [colour for name, (colour, _) in GROUPS.items() if "no layer" not in name]
    for colours, least in (kinds, 20), ((SKIP["color"], SWITCHES["color"]), 60):
        for a, b in combinations(colours, 2):
            seen = (lab(colour, SEEN[deficiency]) for colour in (a, b))
            assert np.linalg.norm(np.subtract(*seen)) > least, (a, b)


@pytest.mark.parametrize(("kind", "pale"), [("convolution", 4), ("pooling", 7), ("up again", 7)])
def test_a_kind_of_layers_is_highlighted_by_veils_over_all_others(kind, pale):
    """Over the boxes of other layers and their texts; the image and the labels stay as they are."""
    net = SegNet(1, 5, (4, 6), rng=0)
    plain, figure = plot_net(net, IMAGE), plot_net(net, IMAGE, highlight=kind)
    veils = [p for p in figure.axes[0].patches if p.get_alpha() == VEIL]
    assert len(veils) == len(figure.axes[0].patches) - len(plain.axes[0].patches) == pale
    assert_texts_are_whole(figure)
    figure.draw(FigureCanvasAgg(figure).get_renderer())
    for text in figure.axes[0].texts:
        name = text.get_text().split("\n")[0]
        own = {"conv": "convolution", "max": "pooling", "image": "", "labels": ""}.get(name)
        own = "up again" if "unpool" in text.get_text() else own
        covered = [veil.get_window_extent().overlaps(text.get_window_extent()) for veil in veils]
        assert any(covered) == (own not in (kind, "")), text


@pytest.mark.parametrize("kind", ["linear", "", "pool", 3, ["pooling"]])
def test_only_what_is_drawn_can_be_highlighted(kind):
    with pytest.raises(ValueError, match=r"highlight is .*convolution, pooling, up again"):
        plot_net(SegNet(1, 5, (4, 6), rng=0), IMAGE, highlight=kind)


def test_a_net_is_drawn_as_it_evaluates_and_left_as_it_was():
    net = SegNet(1, 5, (4, 6), rng=0)
    state = net.state_dict()
    plot_net(net, IMAGE)
    assert net.training
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(array, state[name])


def test_maps_have_their_true_relative_sizes_and_channels_their_depth():
    figure = plot_net(SegNet(1, 5, (4, 16), rng=0), np.zeros((1, 1, 24, 40), np.float32))
    volumes = volumes_of(trace(SegNet(1, 5, (4, 16), rng=0), np.zeros((1, 1, 24, 40), np.float32)))
    assert [(v.kind, v.value.shape[1]) for v in volumes[:4]] == [
        *(("", 1), ("Conv2d", 4), ("MaxPool2d", 4), ("Conv2d", 16))
    ]
    assert volumes[3].depth == 2 * volumes[1].depth > 0
    fronts = [p for p in figure.axes[0].patches if hasattr(p, "get_width")]
    sizes = [(p.get_width(), p.get_height()) for p in fronts]
    image, first, pooled = sizes[:3]
    assert image == first and image[0] / image[1] == pytest.approx(40 / 24)
    assert np.array(image) == pytest.approx(2 * np.array(pooled))
    assert not figure.axes[0].images  # an image of one value: nothing to see inside


@pytest.mark.slow
def test_real_maps_are_inside():
    net = SegNet(1, 5, (4, 6), rng=0).eval()
    figure = plot_net(net, IMAGE, channels=2, class_names=list("abcde"))
    traced = trace(net, IMAGE)
    unpooled = next(s for s in reversed(traced.steps) if s.kind == "MaxUnpool2d").output[0]
    shown = [picture.get_array() for picture in figure.axes[0].images]
    # the image, two channels each of nine volumes, and the image again below the labels
    assert len(shown) == 1 + 2 * 9 + 1
    assert sum(any(np.array_equal(part, channel) for channel in unpooled) for part in shown) == 2
    np.testing.assert_array_equal(shown[0][..., 1], IMAGE[0, 0].clip(0, 1))
    (labels,) = figure.axes[0].child_axes[0].images
    expected = coloured(net(IMAGE)[0].argmax(axis=0), 5)
    np.testing.assert_array_equal(labels.get_array(), expected)


def test_dots_of_switches_stand_on_black_whatever_their_sign():
    pool = MaxPool2d(2)
    net = Sequential(Conv2d(1, 2, 3, rng=0), pool, Conv2d(2, 2, 1, rng=1), MaxUnpool2d(pool))
    unpooled = trace(net, IMAGE).steps[-1].output[0]
    assert unpooled.min() < 0
    for part in plot_net(net, IMAGE, channels=2).axes[0].images[-2:]:
        shown = part.get_array()
        assert any(np.array_equal(shown, np.abs(channel)) for channel in unpooled)
        assert part.norm.vmin == 0 and (shown == 0).mean() >= 0.75


def test_a_pool_and_its_unpooling_show_the_same_channels():
    net = Sequential(Conv2d(1, 9, 3, rng=0), MaxPool2d(2), Conv2d(9, 9, 1, rng=1))
    conv, pool, last = volumes_of(trace(net, IMAGE))[1:]
    choose_channels([*volumes_of(trace(net, IMAGE))[:1], conv, pool, last], 3)
    assert conv.shown == pool.shown and len(conv.shown) == 3
    spread = conv.value.array[0].std(axis=(1, 2))
    assert min(spread[conv.shown]) >= np.sort(spread)[-3]
