"""Folders in every layout, written by the test, and what is said of others."""

import numpy as np
import pytest
from PIL import Image

from nn_scratch.data import DataError, open_digits, open_folder
from nn_scratch.data.sources import LAYOUTS, hold_back

VOC = """<annotation><filename>{name}.png</filename><object><name>{label}</name><bndbox>
<xmin>2</xmin><ymin>3</ymin><xmax>6</xmax><ymax>7</ymax></bndbox></object></annotation>"""


def write_image(path, shape, value=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(shape, value, np.uint8)).save(path)


def write_pairs(images, masks, names, labels):
    """An image and a mask, of one of the labels in turn, for each name."""
    for i, name in enumerate(names):
        write_image(images / f"{name}.png", (8, 10, 3))
        write_image(masks / f"{name}.png", (8, 10), labels[i % len(labels)])


NAMES = [f"photo{i:02}" for i in range(10)]


def test_camvid(tmp_path):
    write_pairs(tmp_path / "train", tmp_path / "trainannot", NAMES, [0, 3, 11])
    write_pairs(tmp_path / "val", tmp_path / "valannot", NAMES[:4], [4, 11])
    source = open_folder("segmentation", tmp_path, ignore_index=11)
    assert (len(source.train), len(source.validation)) == (10, 4)
    assert source.class_names == ["0", "1", "2", "3", "4"]
    assert source.channels == 3 and source.ignore_index == 11
    assert len(open_folder("segmentation", tmp_path).class_names) == 12
    (tmp_path / "classes.txt").write_text("sky\nroad sign\n\ncar\nbus\ntree\n")
    named = open_folder("segmentation", tmp_path, 11)
    assert named.class_names == ["sky", "road sign", "car", "bus", "tree"]
    assert open_folder("segmentation", tmp_path, 11, list("abcde")).class_names == list("abcde")


@pytest.mark.parametrize("masks", ["masks", "annotations/trimaps"])
def test_one_folder_of_which_a_fifth_is_held_back(masks, tmp_path):
    write_pairs(tmp_path / "images", tmp_path / masks, NAMES, [1, 2])
    (tmp_path / masks / "._photo00.png").write_bytes(b"what another system left there")
    source = open_folder("segmentation", tmp_path)
    assert (len(source.train), len(source.validation)) == (8, 2)
    image, labels = source.validation.sample(0, 0)
    assert image.shape == (3, 8, 10) and set(np.unique(labels)) <= {1, 2}


def test_a_table_of_boxes(tmp_path):
    lines = ["filename,label,xmin,ymin,xmax,ymax"]
    for i, name in enumerate(NAMES):
        write_image(tmp_path / "images" / f"{name}.png", (8, 10, 3))
        lines.append(f"{name}.png,{'cat' if i % 2 else 'dog'},1,2,6,7")
    (tmp_path / "boxes.csv").write_text("\n".join(lines))
    check_boxes(open_folder("localization", tmp_path), ["cat", "dog"])
    (tmp_path / "more.csv").write_text("")
    with pytest.raises(DataError, match="none of the layouts for localization"):
        open_folder("localization", tmp_path)


@pytest.mark.parametrize(
    "xmls, images", [("annotations/xmls", "images"), ("Annotations", "JPEGImages")]
)
def test_voc(xmls, images, tmp_path):
    (tmp_path / xmls).mkdir(parents=True)
    for i, name in enumerate(NAMES):
        write_image(tmp_path / images / f"{name}.png", (8, 10, 3))
        text = VOC.format(name=name, label="cat" if i % 2 else "dog")
        (tmp_path / xmls / f"{name}.xml").write_text(text)
    check_boxes(open_folder("localization", tmp_path), ["cat", "dog"])


def test_penn_fudan(tmp_path):
    (tmp_path / "Annotation").mkdir()
    for name in NAMES:
        write_image(tmp_path / "PNGImages" / f"{name}.png", (8, 10, 3))
        (tmp_path / "Annotation" / f"{name}.txt").write_text(
            f'Image filename : "PennFudanPed/PNGImages/{name}.png"\n'
            'Bounding box for object 1 "PASpersonWalking" (Xmin, Ymin) - (Xmax, Ymax) : '
            "(2, 3) - (6, 7)\n"
        )
    check_boxes(open_folder("localization", tmp_path), ["personWalking"])


def check_boxes(source, class_names):
    assert source.class_names == class_names and source.channels == 3
    assert (len(source.train), len(source.validation)) == (8, 2)
    _, label, box = source.validation.sample(0, 0)
    assert label < len(class_names)
    np.testing.assert_array_equal(box, [1, 2, 5, 5])


def test_what_is_held_back_is_the_same_every_time_and_never_trained_on():
    train, validation = hold_back(range(23))
    assert len(validation) == 4
    assert sorted([*train.indices, *validation.indices]) == list(range(23))
    assert list(hold_back(range(23))[1].indices) == list(validation.indices)
    with pytest.raises(DataError, match="4 images are too few"):
        hold_back(range(4))


@pytest.mark.parametrize("task", LAYOUTS)
def test_a_folder_that_is_none_of_them(task, tmp_path):
    with pytest.raises(DataError) as error:
        open_folder(task, tmp_path)
    assert LAYOUTS[task] in str(error.value)
    with pytest.raises(DataError, match="there is no folder"):
        open_folder(task, tmp_path / "none")


def test_the_digits():
    source = open_digits("localization", 12, 3)
    assert len(source.train) == 12 and source.class_names == list("0123456789")
    assert len(open_digits("segmentation", 12, 3).class_names) == 11
