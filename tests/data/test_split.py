"""Which side an image is on is a matter of its name (or its group) alone."""

import numpy as np
import pytest
from PIL import Image

from nn_scratch.data import DataError, open_folder
from nn_scratch.data.split import HELD_OUT, holdout, place


def sides(names, group_by=None):
    train, validation = holdout(names, names, group_by)
    return [{names[index] for index in part.indices} for part in (train, validation)]


@pytest.mark.parametrize("pattern", ["images/p{}.png", "images/{:06}.jpg", "PNGImages/Füße {}.tif"])
def test_about_a_fifth_is_held_out_and_no_image_ever_moves(pattern):
    names = [pattern.format(number) for number in range(2000)]
    rng = np.random.default_rng(0)
    train, validation = sides(names)
    assert not train & validation and train | validation == set(names)
    assert 0.17 < len(validation) / len(names) < 0.23
    for count in 30, 200, 1000:
        some = [names[i] for i in rng.permutation(len(names))[:count]]
        fewer, held = sides(some)
        assert fewer <= train and held <= validation


def test_a_growing_folder_keeps_every_image_on_its_side(tmp_path):
    def write(numbers):
        for number in numbers:
            for part, shape in ("images", (8, 10, 3)), ("masks", (8, 10)):
                (tmp_path / part).mkdir(exist_ok=True)
                path = tmp_path / part / f"photo{number}.png"
                Image.fromarray(np.zeros(shape, np.uint8)).save(path)
        source = open_folder("segmentation", tmp_path)
        assert source.train_names == sorted(source.train_names)
        return set(source.train_names), set(source.validation_names)

    before = write(range(100, 130))
    after = write([*range(50), *range(300, 320)])
    assert before[0] < after[0] and before[1] < after[1] and not after[0] & after[1]


def test_the_same_on_every_machine():
    found = [round(place(name), 6) for name in ("images/a.png", "\u00e4", "")]
    assert found == [0.444854, 0.938686, 0.893168]
    assert place("\udcff") != place("\u00ff")  # a name that is no UTF-8


@pytest.mark.parametrize("count", [2, 3, 5])
def test_a_few_images_have_both_sides(count):
    for start in range(40):
        names = [f"{start}-{number}.png" for number in range(count)]
        train, validation = sides(names)
        assert train and validation and len(train | validation) == count
        held = {name for name in names if place(name) < HELD_OUT}
        if 0 < len(held) < count:
            assert validation == held
    with pytest.raises(DataError, match="one image is too few"):
        holdout(["a.png"], ["a.png"])


@pytest.mark.parametrize(
    "group_by, group",
    [
        ("folder", lambda name: name.rpartition("/")[0]),
        (r"video(\d+)", lambda name: name.split("/")[1][5:]),
        (r"_(\w)(?:_left|_right)?\.png", lambda name: name.split("_")[1][0]),
        (r"video\d+/frame\d", lambda name: name[: name.index("_")]),
    ],
)
def test_what_belongs_together_stays_on_one_side(group_by, group):
    names = [
        f"images/video{video}/frame{frame}_{letter}{side}.png"
        for video in range(12)
        for frame in range(3)
        for letter in "abcdefghijkl"
        for side in ("_left", "_right")
    ]
    train, validation = ({group(name) for name in side} for side in sides(names, group_by))
    assert train and validation and not train & validation


@pytest.mark.parametrize(
    "group_by, message",
    [
        ("(", r"group_by '\(' is no regular expression"),
        ("video", r"group_by 'video' is not found in the name images/a\.png"),
        ("folder", r"one group \(by 'folder'\) is too few"),
    ],
)
def test_groups_that_do_not_fit(group_by, message):
    names = ["images/a.png", "images/b.png"]
    with pytest.raises(DataError, match=message):
        holdout(names, names, group_by)
