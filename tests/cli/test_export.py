"""`nn-scratch export`: what is written, what is refused, and what is left alone."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from browser import chromium, opened, page_outputs
from nn_scratch.cli import main
from nn_scratch.data import DigitDetection, DigitLocalization, DigitSegmentation, sources
from nn_scratch.nets import pretrained, pretrained_names
from nn_scratch.training.checkpoint import load_checkpoint
from nn_scratch.training.inference import load_net

SHORT = ["--epochs", "1", "--batch-size", "4"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a trained segmenter and a trained localizer of digits."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "TEST_SCENES", 24)
        for task in "segmentation", "localization":
            out = ["--width", "4", "--scenes", "16", "--out", str(folder / task)]
            assert main(["train", task, *SHORT, *out]) == 0
    return folder


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """A checkpoint of a net for colour images, whose folder is gone."""
    folder = tmp_path_factory.mktemp("photographs")
    rng = np.random.default_rng(0)
    for part in ("images", "masks"):
        (folder / "data" / part).mkdir(parents=True)
    for n in range(8):
        image = rng.integers(0, 255, (24, 32, 3), np.uint8)
        Image.fromarray(image).save(folder / "data" / "images" / f"{n}.png")
        Image.fromarray(image[..., 0] // 128).save(folder / "data" / "masks" / f"{n}.png")
    (folder / "data" / "classes.txt").write_text("sky\nsea\n")
    data = ["--data", str(folder / "data"), "--width", "4", "--out", str(folder / "run")]
    assert main(["train", "segmentation", "--net", "unet", *data, *SHORT]) == 0
    shutil.rmtree(folder / "data")
    return folder / "run" / "checkpoint.npz"


def said_in_page(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(text.split('id="exported">')[1].split("</script>")[0])


@pytest.mark.slow
@pytest.mark.parametrize("task", ["segmentation", "localization"])
def test_an_onnx_file_gives_what_the_net_gives(runs, task, tmp_path, capsys):
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    checkpoint, file = runs / task / "checkpoint.npz", tmp_path / "net.onnx"
    assert main(["export", str(checkpoint), str(file)]) == 0
    assert capsys.readouterr().out.startswith(f"{file}, 0.")
    session = runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    trained = load_net(checkpoint)
    x = np.random.default_rng(0).random((3, 1, 40, 40), np.float32)
    y = trained.net(x)
    expected = y if isinstance(y, tuple) else (y,)
    names = ["scores"] if task == "segmentation" else ["scores", "boxes"]
    assert [output.name for output in session.get_outputs()] == names
    for a, b in zip(session.run(None, {"images": x}), expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5 * np.abs(b).max())


@pytest.mark.slow
def test_an_onnx_file_says_how_it_is_used(runs, tmp_path):
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    checkpoint, file = runs / "localization" / "checkpoint.npz", tmp_path / "net.onnx"
    assert main(["export", str(checkpoint), str(file)]) == 0
    session = runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    said = session.get_modelmeta().custom_metadata_map
    facts = load_checkpoint(checkpoint).record["settings"]
    assert said["task"] == "localization"
    for name in ("class_names", "image_size", "channels"):
        assert json.loads(said[name]) == facts[name]
    assert json.loads(said["normalization"]) == {"divide_by": 255, "mean": 0, "std": 1}
    outputs = json.loads(said["outputs"])
    assert list(outputs) == ["scores", "boxes"] and "the corner at the top left" in outputs["boxes"]


@pytest.mark.slow
@pytest.mark.parametrize("task", ["segmentation", "localization"])
def test_a_page_holds_the_net_and_examples(runs, task, tmp_path, capsys):
    file = tmp_path / "page.html"
    assert main(["export", str(runs / task / "checkpoint.npz"), str(file)]) == 0
    assert "open it in a browser" in capsys.readouterr().out
    said = said_in_page(file)
    assert said["task"] == task and len(said["examples"]) == 6 and said["shape"] == [1, 40, 40]
    with chromium() as browser, opened(browser, file) as page:
        assert page.locator("#examples button").count() == 6
        assert page.locator("#open").is_hidden()


@pytest.mark.slow
def test_a_page_without_its_data_opens_pictures(photographs, tmp_path):
    file = tmp_path / "page.html"
    assert main(["export", str(photographs), str(file)]) == 0
    said = said_in_page(file)
    assert said["classes"] == ["sky", "sea"] and len(said["examples"]) == 1
    red = tmp_path / "red.png"
    Image.new("RGB", (50, 60), (255, 0, 0)).save(red)
    with chromium() as browser, opened(browser, file) as page:
        page.locator("#open input").set_input_files(red)
        page.wait_for_function("image.data[0] === 1 && image.data[pixels] === 0")
        assert page.evaluate("image.data.reduce((sum, v) => sum + v)") == 24 * 32


DIGITS = {
    "digits-segmentation": DigitSegmentation,
    "digits-localization": DigitLocalization,
    "digits-detection": DigitDetection,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(DIGITS.keys() & {*pretrained_names()}))
def test_the_pages_of_trained_nets_are_right_on_fifty_scenes(tmp_path, name):
    """The page's numbers are NumPy's to 1e-4 of the largest, and its classes are the same."""
    file = tmp_path / "page.html"
    assert main(["export", "--pretrained", name, str(file)]) == 0
    assert file.stat().st_size < 2e6
    net, data = pretrained(name), DIGITS[name]("test", 50)
    x = np.stack([data.sample(1, i)[0] for i in range(50)])
    y = net(x)
    with chromium() as browser, opened(browser, file) as page:
        pages = list(page_outputs(page, x))
        times = page.evaluate(
            "Array.from({ length: 9 }, () => { const begin = performance.now(); net.run(image);"
            " return performance.now() - begin; })"
        )
    for ours, theirs in zip(
        y if isinstance(y, tuple) else (y,), zip(*pages, strict=True), strict=True
    ):
        found = np.reshape(theirs, ours.shape)
        assert np.abs(found - ours).max() <= 1e-4 * np.abs(ours).max()
        if name != "digits-detection":  # of heat maps only the peaks say a class
            np.testing.assert_array_equal(found.argmax(axis=1), ours.argmax(axis=1))
    print(f"{name}: {sorted(times)[4]:.0f} ms a frame, {file.stat().st_size / 1e6:.2f} MB")


@pytest.mark.parametrize("arguments", [["net.onnx"], ["a.npz", "net.onnx", "--pretrained", "b"]])
def test_it_must_be_said_which_net(arguments, capsys):
    assert main(["export", *arguments]) == 2
    assert "which net?" in capsys.readouterr().err


def test_another_ending_is_refused(runs, tmp_path, capsys):
    file = tmp_path / "net.pdf"
    assert main(["export", str(runs / "segmentation" / "checkpoint.npz"), str(file)]) == 2
    assert "ends in neither .onnx nor .html" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["mine.html", "mine.onnx"])
def test_a_file_of_the_users_is_left_alone(runs, tmp_path, capsys, name):
    checkpoint, file = str(runs / "segmentation" / "checkpoint.npz"), tmp_path / name
    file.write_text("mine")
    assert main(["export", checkpoint, str(file)]) == 2
    assert file.read_text() == "mine"
    assert "was not written by nn-scratch" in capsys.readouterr().err
    file.unlink()
    assert main(["export", checkpoint, str(file)]) == main(["export", checkpoint, str(file)]) == 0


OWN = """
import numpy as np
from nn_scratch.layers import Conv2d, Layer, Sequential

class Square(Layer):
    def forward(self, x):
        self.saved = x
        return x * x
    def backward(self, dy):
        return 2 * self.saved * dy

class MyNet(Sequential):
    def __init__(self, in_channels, num_classes, rng=None):
        super().__init__(Conv2d(in_channels, 4, 3, padding=1, rng=rng), Square(),
                         Conv2d(4, num_classes, 1, rng=rng))
"""


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["onnx", "html"])
def test_a_layer_of_ones_own_is_one_sentence(tmp_path, capsys, few_scenes, ending):
    (tmp_path / "own.py").write_text(OWN)
    net, out = ["--net", f"{tmp_path}/own.py:MyNet"], ["--out", str(tmp_path / "run")]
    assert main(["train", "segmentation", *net, *out, *SHORT, "--scenes", "8"]) == 0
    file = tmp_path / f"net.{ending}"
    assert main(["export", str(tmp_path / "run" / "checkpoint.npz"), str(file)]) == 2
    assert "1 is a Square, a layer of your own" in capsys.readouterr().err
    assert not file.exists()
