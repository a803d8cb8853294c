"""Which numbers in masks are which classes: never guessed; what was found is said."""

import numpy as np
import pytest
from PIL import Image

from nn_scratch.data import DataError, MaskFolders, open_folder
from nn_scratch.data.readers.masks import read_classes

COUNT = 6


def folder_of(folder, *masks):
    """images/ and masks/, one for each array, in turn."""
    for part in "images", "masks":
        (folder / part).mkdir()
    for index in range(COUNT):
        mask = np.asarray(masks[index % len(masks)])
        pixels = np.zeros((*mask.shape, 3), np.uint8)
        Image.fromarray(pixels).save(folder / "images" / f"{index}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{index}.png")
    return folder


def labels_in(source):
    parts = [
        (part, index) for part in (source.train, source.validation) for index in range(len(part))
    ]
    return set(np.unique([part.sample(0, index)[1] for part, index in parts]).tolist())


def numbers(*values, dtype=np.uint8):
    return np.resize(np.array(values, dtype), (7, 11))


def soft():
    hard = np.zeros((40, 60), np.uint8)
    hard[8:30, 11:47] = 255
    return np.asarray(Image.fromarray(hard).resize((33, 21), Image.Resampling.BICUBIC))


@pytest.mark.parametrize(
    "mask, found, cure",
    [
        (
            numbers(0, 255),
            r"0 \(50\.6% of the pixels, in 6 masks\), 255 \(49",
            r'"0: …", "255: …"\.',
        ),
        (numbers(0, 255, dtype=np.uint16), r"0 \(.*, 255 \(", r'"0: …", "255: …"\.'),
        (numbers(0, 1, 2, 255), r"1 \(.*, 2 \(.*, 255 \(", r"--ignore-index 255"),
        (numbers(0, 1, 65535, dtype=np.uint16), r"1 \(.*, 65535 \(", r"--ignore-index 65535"),
        (numbers(7, 11, 26), r"7 \(.*, 11 \(.*, 26 \(", r'"7: …", "11: …", "26: …", or'),
        (numbers(1, 2, 3), r"1 \(.*, 3 \(", r'"1: …", "2: …", "3: …", or'),
        (numbers(0, 2), r"0 \(.*, 2 \(", r'"0: …", "2: …"\.'),
        (numbers(0, 70000, dtype=np.int32), r"70000 \(", r'"70000: …"'),
        (soft(), r"0 \(.*, 255 \(.* and \d+ more", r"soft edges.*nearest neighbour"),
    ],
)
def test_numbers_with_gaps_are_asked_about(tmp_path, mask, found, cure):
    folder = (
        folder_of(tmp_path, numbers(0)) if mask.dtype == np.int32 else folder_of(tmp_path, mask)
    )
    if mask.dtype == np.int32:  # no PNG has 32 bits
        (folder / "masks" / "0.png").unlink()
        Image.fromarray(mask).save(folder / "masks" / "0.tif")
    with pytest.raises(DataError, match=rf"6 masks in .*masks hold the numbers .*{found}") as error:
        open_folder("segmentation", folder)
    assert "Without classes.txt, classes have the numbers 0, 1, 2" in str(error.value)
    with pytest.raises(DataError, match=cure):
        open_folder("segmentation", folder)


@pytest.mark.parametrize(
    "mask, ignore, count",
    [(numbers(0, 1, 2), None, 3), (numbers(0, 1, 255), 255, 2), (numbers(0), None, 1)],
)
def test_numbers_without_a_gap_are_classes(tmp_path, mask, ignore, count):
    source = open_folder("segmentation", folder_of(tmp_path, mask), ignore)
    assert source.class_names == [str(number) for number in range(count)]
    assert labels_in(source) == set(np.unique(mask).tolist()) and source.ignore_index == ignore


def test_the_gap_of_one_mask_is_filled_by_another(tmp_path):
    source = open_folder("segmentation", folder_of(tmp_path, numbers(0, 2), numbers(1)))
    assert source.class_names == ["0", "1", "2"]


@pytest.mark.parametrize(
    "lines, mask, ignore, labels",
    [
        ("0: ground\n255: pet", numbers(0, 255), None, {0, 1}),
        ("255: pet\n0: ground", numbers(0, 255), None, {0, 1}),
        ("7: sky\n11: road\n26: car", numbers(7, 11, 26), None, {0, 1, 2}),
        ("7: sky\n26: car", numbers(7, 11, 26), 11, {0, 1, 11}),
        ("7: sky\n26: car", numbers(7, 0, 26), 0, {0, 1, 2}),
        ("7: sky\n0: void\n26: car", numbers(7, 0, 26), 0, {0, 1, 2}),
        ("ground\npet", numbers(0, 1), None, {0, 1}),
        ("ground\npet", numbers(0, 1, 255), 255, {0, 1, 255}),
        ("0 : ground\n 65535: pet  dog\n", numbers(0, 65535, dtype=np.uint16), None, {0, 1}),
    ],
)
def test_classes_that_are_named(tmp_path, lines, mask, ignore, labels):
    (folder_of(tmp_path, mask) / "classes.txt").write_text(lines)
    source = open_folder("segmentation", tmp_path, ignore)
    source.verify()
    assert labels_in(source) == labels
    if ignore is not None:
        assert source.ignore_index in labels
        first = source.train.sample(0, 0)[1]
        np.testing.assert_array_equal(first == source.ignore_index, mask == ignore)
    if lines.startswith("255"):
        np.testing.assert_array_equal(source.train.sample(0, 0)[1], mask == 0)


def test_a_number_that_is_no_class(tmp_path):
    (folder_of(tmp_path, numbers(0, 255)) / "classes.txt").write_text("ground\npet\n")
    source = open_folder("segmentation", tmp_path)
    message = r'255 at row 0, column 1 \(38 pixels\), .* 0 to 1; .*-index 255.*"255: its name"'
    with pytest.raises(DataError, match=message):
        source.verify()
    data = MaskFolders(tmp_path / "images", tmp_path / "masks", 2, 3, numbers=[0, 9])
    with pytest.raises(DataError, match=r"there are the classes 0, 9 and 3 to ignore"):
        data.sample(0, 0)


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "names no class"),
        ("\n \n", "names no class"),
        ("cat\ndog\n\ncat", "line 4: the name 'cat' stands there twice"),
        ("1: cat\n1: dog", "line 2: the number 1 stands there twice"),
        ("1: cat\ndog", "line 2: either every line begins with a number and a colon"),
        ("cat\n\n2: dog", "line 3: either every line"),
        ("1: cat\n2:", "line 2: the name is empty"),
        ("K\u00e4fer\nKa\u0308fer", "line 2: the name .* stands there twice"),
    ],
)
def test_lists_that_do_not_name_classes(tmp_path, text, message):
    (tmp_path / "classes.txt").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=rf"classes\.txt.*{message}"):
        read_classes(tmp_path / "classes.txt")


def test_names_may_hold_colons(tmp_path):
    (tmp_path / "classes.txt").write_text("ratio 4:3\nroad: wet\n")
    assert read_classes(tmp_path / "classes.txt").names == ["ratio 4:3", "road: wet"]
