"""The photograph of coins: its mask, the boxes of it, its rows, and its way to a net."""

import numpy as np
import pytest
from coins_mask import filled, find_coins, regions
from PIL import Image

from nn_scratch.cli import main
from nn_scratch.data import CoinDetection, CoinSegmentation, DataError, Loader, open_coins
from nn_scratch.data.coins import load_coins
from nn_scratch.data.coins.photograph import ROWS
from nn_scratch.data.sources import BUILT_IN


def boxes_of(numbers):
    """The box (left, top, right, bottom) of each number in a mask."""
    boxes = []
    for number in range(1, numbers.max() + 1):
        rows, columns = np.nonzero(numbers == number)
        boxes.append((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
    return np.array(boxes)


def test_the_mask_has_24_coins_each_one_region():
    image, numbers = load_coins()
    assert image.shape == numbers.shape == (303, 384)
    assert image.dtype == np.float32 and image.min() >= 0 and 0.5 < image.max() <= 1
    assert np.unique(numbers).tolist() == list(range(25))
    for number, (left, top, right, bottom) in enumerate(boxes_of(numbers), 1):
        part = np.s_[top - 4 : bottom + 4, left - 4 : right + 4]
        coin, others, around = numbers[part] == number, numbers[part] != 0, image[part]
        assert len(regions(coin)) == 1 and np.array_equal(filled(coin), coin)
        ring = np.zeros_like(coin)  # the ground right around it
        ring[2:-2, 2:-2] = sum(np.roll(coin, s, a)[2:-2, 2:-2] for s in (-2, 2) for a in (0, 1)) > 0
        assert around[coin].mean() > around[ring & ~others].mean() + 0.1


def test_boxes_are_those_of_the_mask():
    """Six in each row, round, apart from each other; no coin reaches out of its row."""
    numbers = load_coins()[1]
    boxes = boxes_of(numbers)
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    assert min(widths.min(), heights.min()) >= 35 and max(widths.max(), heights.max()) <= 66
    assert (np.abs(widths / heights - 1) < 0.2).all()
    areas = np.bincount(numbers.ravel())[1:]
    assert np.allclose(areas / (widths * heights), np.pi / 4, atol=0.05)  # as of ellipses
    for row, (top, bottom) in enumerate(ROWS):
        own = boxes[6 * row : 6 * row + 6]
        assert (own[:, 1] > top).all() and (own[:, 3] < bottom).all()
        assert (np.diff(own[:, 0]) > 0).all() and (own[1:, 0] > own[:-1, 2]).all()


@pytest.mark.slow
def test_the_script_makes_the_mask():
    image, numbers = load_coins()
    np.testing.assert_array_equal(find_coins(np.round(image * 255.0)), numbers)
    with pytest.raises(ValueError, match="18 regions"):
        find_coins(np.round(image[:225] * 255.0))


@pytest.mark.parametrize("split, count", [("train", 12), ("validation", 6), ("test", 6)])
def test_views(split, count):
    image, labels, boxes, difficult = CoinDetection(split).sample(0, 0)
    assert image.shape == (1, 75 if split == "train" else 40, 192) and image.dtype == np.float32
    assert labels.tolist() == [0] * count and difficult.tolist() == [False] * count
    assert boxes.dtype == np.float32 and boxes.shape == (count, 4)
    first = {"train": 0, "validation": 12, "test": 18}[split]
    top = {"train": 0, "validation": 74, "test": 111}[split]
    expected = boxes_of(load_coins()[1])[first : first + count] / 2 - [0, top, 0, top]
    corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
    np.testing.assert_allclose(corners, expected, atol=0.5)
    picture, label_map = CoinSegmentation(split).sample(0, 0)
    np.testing.assert_array_equal(picture, image)
    assert label_map.shape == image.shape[1:] and label_map.dtype == np.int64
    inside = np.zeros(label_map.shape, bool)
    for x, y, w, h in boxes.astype(int):
        part = label_map[y : y + h, x : x + w]
        inside[y : y + h, x : x + w] = True
        assert part.any(axis=0).all() and part.any(axis=1).all()
    assert not label_map[~inside].any() and label_map[inside].mean() > 0.7


def test_the_photograph_at_half_its_size():
    photograph = load_coins()[0]
    half = photograph[:302].reshape(151, 2, 192, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(CoinSegmentation("test").sample(0, 0)[0][0], half[111:], atol=1e-6)


@pytest.mark.parametrize("task", ["segmentation", "detection"])
def test_the_source(task):
    source = open_coins(task, 30, 4)
    assert source.channels == 1 and BUILT_IN["coins"].open is open_coins
    assert source.class_names == ["background"] * (task == "segmentation") + ["coin"]
    assert [len(part) for part in (source.train, source.validation, source.test)] == [30, 1, 1]
    images, *targets = next(Loader(source.train, 30).batches())
    assert images.shape == (30, 1, 40, 192) and len(np.unique(images.mean(axis=(1, 2, 3)))) == 30
    again = source.train.sample(0, 7)
    np.testing.assert_array_equal(again[0], images[7])
    if task == "detection":
        _, boxes, difficult = targets
        assert len({len(each) for each in boxes}) > 3
        assert any(each.any() for each in difficult) and not all(each.all() for each in difficult)
    one = source.of_split("test").validation
    assert next(Loader(one, 1).batches())[0].shape == (1, 1, 40, 192)
    source.verify(one_size=True)


def test_what_there_is_not():
    with pytest.raises(DataError, match="has several: they are for detection"):
        open_coins("localization", 10, 0)
    with pytest.raises(ValueError, match="split is 'val', but must be one of train, validation"):
        CoinDetection("val")
    with pytest.raises(TypeError, match=r"count is 1\.5"):
        CoinSegmentation("test", 1.5)


def test_regions_and_holes():
    mask = np.array([[1, 1, 1, 0, 1], [1, 0, 1, 0, 0], [1, 1, 1, 0, 1]], bool)
    assert sorted(map(len, regions(mask))) == [1, 1, 8]
    assert filled(mask).tolist() == (mask | (np.arange(5) == 1)).tolist()


def test_the_mask_is_stored_without_loss_and_small():
    from importlib.resources import files

    folder = files("nn_scratch.data.coins")
    with Image.open(str(folder / "mask.png")) as mask:
        assert mask.mode == "L" and mask.size == (384, 303)
    assert sum(len((folder / f"{name}.png").read_bytes()) for name in ("mask", "photograph")) < 80e3


@pytest.mark.slow
def test_coins_on_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    short = ["--scenes", "8", "--epochs", "1", "--batch-size", "4", "--width", "4"]
    assert main(["train", "segmentation", "--data", "coins", "--net", "FCN-Basic", *short]) == 0
    saved = "runs/segmentation-coins-FCN-Basic-0/checkpoint.npz"
    assert "coin" in capsys.readouterr().out
    assert main(["evaluate", saved, "--split", "test", "--json"]) == 0
    tested = capsys.readouterr().out
    assert main(["evaluate", saved, "--json"]) == 0
    assert tested != capsys.readouterr().out  # another row


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["localization"], "a picture of the coins has several: they are for detection"),
        (["segmentation", "--ignore-index", "1"], "has no effect on the photograph of coins"),
        (["segmentation", "--group-by", "folder"], "--group-by has no effect on the photograph of"),
        (["segmentation", "--data", "./coins"], "there is no folder"),
    ],
)
def test_what_coins_are_not_for(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    task, *more = arguments
    assert main(["train", task, "--data", "coins", *more]) == 2
    assert message in capsys.readouterr().err
