"""The exported page, opened from disk in a real browser: it computes what the net computes, and
answers to pen, keys and fingers."""

import numpy as np
import pytest

from browser import chromium, opened, page_outputs
from helpers import draw
from nn_scratch import layers as L
from nn_scratch.data import DigitLocalization, DigitSegmentation
from nn_scratch.data.digits import CLASS_NAMES
from nn_scratch.graph import ExportError, Paper, influence, to_page
from nn_scratch.nets import SlidingDetector
from nn_scratch.nets.zoo import DETECTORS, LOCALIZERS, SEGMENTERS
from nn_scratch.plotting.colours import class_colours
from nn_scratch.training.tasks.detection import decoded, legible

pytestmark = pytest.mark.slow
TOLERANCE = 1e-4  # of the largest score
OUTPUTS = {
    "segmentation": ["scores"],
    "localization": ["scores", "boxes"],
    "detection": ["heat", "sizes", "offsets"],
}


def as_if_trained(net):
    """Statistics that are not those of the beginning; in evaluation mode."""
    rng = np.random.default_rng(0)
    for _, layer in net.named_modules():
        if isinstance(layer, L.BatchNorm2d):
            layer.params["bias"][...] = rng.normal(0, 0.3, layer.params["bias"].shape)
            layer.buffers["running_mean"][...] = rng.normal(0, 0.3, layer.params["bias"].shape)
            layer.buffers["running_var"][...] = rng.uniform(0.5, 2, layer.params["bias"].shape)
    return net.eval()


def written(folder, net, task, examples, names):
    """The page's file."""
    file = folder / "page.html"
    paper = Paper(level=0.15, noise=0.08, ink=0.85)
    colours = class_colours(len(names))
    outputs = OUTPUTS["localization" if isinstance(net, SlidingDetector) else task]
    words = {"title": "A <page>", "sentence": "& more", "paper": paper}
    text = to_page(net, task, names, colours, examples, outputs, **words)
    file.write_text(text, encoding="utf-8")
    return file


def assert_same_outputs(page, net, x):
    y = net(x)
    for n, found in enumerate(page_outputs(page, x)):
        for ours, theirs in zip(y if isinstance(y, tuple) else (y,), found, strict=True):
            expected = ours[n].ravel()
            assert np.abs(expected - theirs).max() <= TOLERANCE * np.abs(ours).max()


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


def scenes(data, count):
    return np.stack([data("test", count).sample(0, i)[0] for i in range(count)])


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory):
    """A net as large as the digits' own, and its page."""
    net = as_if_trained(SEGMENTERS["segnet"](1, 11, rng=0))
    images = scenes(DigitSegmentation, 3)
    folder = tmp_path_factory.mktemp("segmenter")
    return net, written(folder, net, "segmentation", images, CLASS_NAMES)


@pytest.fixture(scope="module")
def localizer(tmp_path_factory):
    net = as_if_trained(LOCALIZERS["localizer"](1, 10, image_size=(40, 40), rng=0))
    images = scenes(DigitLocalization, 3)
    folder = tmp_path_factory.mktemp("localizer")
    return net, written(folder, net, "localization", images, CLASS_NAMES[1:])


# ---------------------------------------------------------------- the same numbers


def test_scores_of_ten_scenes(browser, segmenter):
    net, file = segmenter
    with opened(browser, file) as page:
        assert_same_outputs(page, net, scenes(DigitSegmentation, 10))
        assert page.locator("#speed").inner_text().endswith(" ms")


def test_classes_and_boxes_of_ten_scenes(browser, localizer):
    net, file = localizer
    with opened(browser, file) as page:
        assert_same_outputs(page, net, scenes(DigitLocalization, 10))


@pytest.mark.parametrize("name", SEGMENTERS)
def test_every_segmenter(browser, tmp_path, name):
    kernel = {} if name == "fully-convolutional" else {"kernel_size": 3}
    net = as_if_trained(SEGMENTERS[name](3, 5, width=6, rng=0, **kernel))
    x = draw(2, 3, 21, 26, dtype=np.float32)
    with opened(browser, written(tmp_path, net, "segmentation", x, list("abcde"))) as page:
        assert_same_outputs(page, net, x)


@pytest.mark.parametrize("name", sorted({*LOCALIZERS} - {"localizer-4096"}))
def test_every_localizer(browser, tmp_path, name):
    net = as_if_trained(LOCALIZERS[name](1, 4, image_size=(33, 40), width=6, rng=0))
    x = draw(2, 1, 33, 40, dtype=np.float32)
    with opened(browser, written(tmp_path, net, "localization", x, list("abcd"))) as page:
        assert_same_outputs(page, net, x)


def loud(net):
    """A detector that finds many things in noise."""
    net = as_if_trained(net)
    head = net.class_head if isinstance(net, SlidingDetector) else net.heat[-1]
    head.params["weight"] *= 10
    head.params["bias"][...] = 0
    return net


@pytest.mark.parametrize("name", ["centernet", "centernet-stride-1", "sliding-detector"])
def test_boxes_of_detectors(browser, tmp_path, name):
    net = loud(DETECTORS[name](1, 4, width=6, rng=0))
    x = draw(3, 1, 49, 64, dtype=np.float32)
    with opened(browser, written(tmp_path, net, "detection", x, list("abcd"))) as page:
        assert_same_outputs(page, net, x)
        total = 0
        for one, found in zip(x, decoded(net(x), (49, 64)), strict=True):
            expected = legible(found)
            page.evaluate("numbers => take(numbers)", one.ravel().tolist())
            settled(page)
            shown = page.evaluate("detections(page.outputs.map(k => values[k]), [49, 64])")
            assert [box["label"] for box in shown] == expected.labels.tolist()
            boxes = [[box[side] for side in ("left", "top", "wide", "high")] for box in shown]
            np.testing.assert_allclose(boxes, expected.boxes, atol=1e-3)
            np.testing.assert_allclose([b["score"] for b in shown], expected.scores, atol=1e-4)
            assert page.locator("#answer ~ .frame").count() == len(shown)
            total += len(shown)
        assert total > 10


@pytest.mark.parametrize("name", DETECTORS)
def test_every_detector(browser, tmp_path, name):
    net = as_if_trained(DETECTORS[name](1, 4, width=6, rng=0))
    x = draw(2, 1, 41, 52, dtype=np.float32)
    with opened(browser, written(tmp_path, net, "detection", x, list("abcd"))) as page:
        assert_same_outputs(page, net, x)


FIELDS = "segnet", "unet", "fully-convolutional", "FCN-Basic", "fcn-bilinear-skips", "fcn-nearest"


@pytest.mark.parametrize("name", FIELDS)
def test_the_frame_is_what_a_pixel_sees(browser, tmp_path, name):
    net = SEGMENTERS[name](1, 3, width=4, rng=0, kernel_size=5 if "fully" in name else 3).eval()
    x = draw(1, 1, 45, 61, dtype=np.float32)
    with opened(browser, written(tmp_path, net, "segmentation", x, list("abc"))) as page:
        for pixel in [(0, 0), (22, 30), (23, 31), (44, 60), (17, 3)]:
            rows, columns = influence(net, x, pixel).nonzero()
            seen = page.evaluate("p => net.sees(values, page.outputs[0], ...p)", pixel)
            assert seen["rows"] == [rows.min(), rows.max()]
            assert seen["columns"] == [columns.min(), columns.max()]


# ---------------------------------------------------------------- what one does with it


def labels(page):
    return page.evaluate("document.getElementById('answer').toDataURL()")


def settled(page):
    """Wait until what was asked for is drawn."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_drawing_with_the_mouse_changes_labels_and_clearing_brings_them_back(browser, segmenter):
    with opened(browser, segmenter[1]) as page:
        page.get_by_role("button", name="Clear").click()
        settled(page)
        empty = labels(page)
        box = page.locator("#image").bounding_box()
        page.mouse.move(box["x"] + 120, box["y"] + 120)
        page.mouse.down()
        page.mouse.move(box["x"] + 220, box["y"] + 260, steps=8)
        page.mouse.up()
        settled(page)
        assert labels(page) != empty
        ink = page.evaluate("image.data.reduce((n, v) => n + (v > 0.6), 0)")
        assert 30 < ink < 200
        page.get_by_role("button", name="Erase").click()
        page.mouse.down()
        page.mouse.move(box["x"] + 120, box["y"] + 120, steps=8)
        page.mouse.up()
        assert page.evaluate("image.data.reduce((n, v) => n + (v > 0.6), 0)") < ink / 4
        page.get_by_role("button", name="Clear").click()
        settled(page)
        assert labels(page) == empty


def test_everything_can_be_done_with_keys(browser, segmenter):
    with opened(browser, segmenter[1]) as page:
        page.get_by_role("button", name="Clear").click()
        settled(page)
        empty = labels(page)
        page.locator("#image").focus()
        page.keyboard.press("Space")
        for key in ["ArrowDown"] * 3:
            page.keyboard.press(f"Shift+{key}")
        settled(page)
        assert labels(page) != empty
        row = page.evaluate("pen.place[0]")
        assert row == 23
        page.keyboard.press("Delete")
        page.locator("#answer").focus()
        page.keyboard.press("ArrowLeft")
        settled(page)
        assert page.locator("#seen").inner_text().startswith("Row 20, column 19 of 40 × 40: ")
        page.locator("#examples button").nth(1).focus()
        page.keyboard.press("Enter")
        settled(page)
        example = page.evaluate("image.data.every((v, k) => v === page.examples[1][k])")
        assert example


def test_a_finger_draws_on_a_narrow_screen(browser, segmenter):
    with opened(browser, segmenter[1], width=400) as page:
        page.get_by_role("button", name="Clear").tap()
        settled(page)
        empty = labels(page)
        page.locator("#image").tap(position={"x": 150, "y": 170})
        settled(page)
        assert labels(page) != empty
        assert page.evaluate("document.documentElement.scrollWidth") == 400


def test_a_pixel_of_a_map_shows_what_it_sees(browser, segmenter):
    with opened(browser, segmenter[1]) as page:
        tile = page.locator(".stage", has_text="pool").first.locator("canvas").first
        tile.click(position={"x": 3, "y": 3})
        settled(page)
        frame = page.locator("#image ~ .frame")
        assert frame.count() == 1
        assert "of 20 × 20. It sees rows 0" in page.locator("#seen").inner_text()


def test_the_box_is_the_nets(browser, localizer):
    net, file = localizer
    with opened(browser, file) as page:
        settled(page)
        image = page.evaluate("[...image.data]")
        scores, boxes = net(np.reshape(image, (1, 1, 40, 40)).astype(np.float32))
        x, y, w, h = boxes[0]
        style = page.locator("#answer ~ .frame").evaluate(
            "e => ['left', 'top', 'width', 'height'].map((name) => parseFloat(e.style[name]))"
        )
        np.testing.assert_allclose(style, [100 * x, 100 * y, 100 * w, 100 * h], atol=0.01)
        words = page.locator("#answer ~ .frame span").inner_text()
        assert words.startswith(CLASS_NAMES[1:][int(scores.argmax())])


def test_the_page_follows_the_readers_colours(browser, segmenter):
    grounds = []
    for dark in (False, True):
        with opened(browser, segmenter[1], dark=dark) as page:
            settled(page)
            grounds.append(page.evaluate("mapColours[0].reduce((a, b) => a + b)"))
            assert page.title() == "A <page>"
    light, dark = grounds
    assert dark < 200 < light


def test_a_digits_page_is_small(segmenter, localizer):
    for _, file in (segmenter, localizer):
        assert file.stat().st_size < 2e6


def test_a_layer_of_ones_own_is_refused_by_name():
    class Swish(L.Layer):
        def forward(self, x):
            return x / (1 + np.exp(-x))

    net = L.Sequential(L.Conv2d(1, 2, 1, rng=0), Swish())
    with pytest.raises(ExportError, match="1 is a Swish, a layer of your own"):
        to_page(
            net,
            "segmentation",
            ["a", "b"],
            ["#000000"] * 2,
            draw(1, 1, 6, 6),
            title="",
            sentence="",
        )
