"""Folders in every layout, written by the test, and what is said of others."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from nn_scratch.data import DataError, open_digits, open_folder
from nn_scratch.data.sources import LAYOUTS
from nn_scratch.data.split import Subset, place

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


NAMES = [f"picture{i:02}" for i in range(10)]


def test_camvid(tmp_path):
    write_pairs(tmp_path / "train", tmp_path / "trainannot", NAMES, [0, 3, 1, 11])
    write_pairs(tmp_path / "val", tmp_path / "valannot", NAMES[:4], [4, 2, 11])
    source = open_folder("segmentation", tmp_path, ignore_index=11)
    assert (len(source.train), len(source.validation)) == (10, 4)
    assert source.class_names == ["0", "1", "2", "3", "4"]
    assert source.channels == 3 and source.ignore_index == 11
    assert source.train_names == [f"train/{name}.png" for name in NAMES]
    assert source.validation_names == [f"val/{name}.png" for name in NAMES[:4]]
    with pytest.raises(DataError, match="its own parts train and val: group_by has no effect"):
        open_folder("segmentation", tmp_path, 11, group_by="folder")
    (tmp_path / "classes.txt").write_text("sky\nroad sign\n\ncar\nbus\ntree\n")
    named = open_folder("segmentation", tmp_path, 11)
    assert named.class_names == ["sky", "road sign", "car", "bus", "tree"]
    numbers = list("01234")
    assert open_folder("segmentation", tmp_path, 11, numbers).class_names == numbers
    with pytest.raises(DataError, match=r"has the classes .*'sky'.*, but wanted are .*'a'"):
        open_folder("segmentation", tmp_path, 11, list("abcde"))


def test_classes_are_found_by_their_names_in_whatever_order(tmp_path):
    """A net that learned "road, sky" is right on a folder that stores sky as 0 and road as 1."""
    write_pairs(tmp_path / "images", tmp_path / "masks", NAMES, [0, 1])
    (tmp_path / "classes.txt").write_text("sky\nroad\n")
    own, other = (open_folder("segmentation", tmp_path, None, n) for n in (None, ["road", "sky"]))
    assert other.class_names == ["road", "sky"] and own.train_names == other.train_names
    for index in range(len(own.train)):
        labels = own.train.sample(0, index)[1]
        np.testing.assert_array_equal(other.train.sample(0, index)[1], 1 - labels)


@pytest.mark.parametrize(
    "masks, labels, names",
    [
        ("masks", [0, 1], ["0", "1"]),
        ("annotations/trimaps", [1, 2, 3], ["pet", "background", "border"]),
    ],
)
def test_one_folder_of_which_a_part_is_held_out(masks, labels, names, tmp_path):
    write_pairs(tmp_path / "images", tmp_path / masks, NAMES, labels)
    (tmp_path / masks / "._picture00.png").write_bytes(b"what another system left there")
    source = open_folder("segmentation", tmp_path)
    assert source.class_names == names and source.report == ""
    images = [f"images/{name}.png" for name in NAMES]
    assert sorted(source.train_names + source.validation_names) == images
    for part, own in (
        (source.train, source.train_names),
        (source.validation, source.validation_names),
    ):
        for index, name in enumerate(own):
            image, label_map = part.sample(0, index)
            assert image.shape == (3, 8, 10)
            assert (label_map == images.index(name) % len(labels)).all()
    source.verify(one_size=True)


def test_what_is_left_out_is_counted(tmp_path):
    write_pairs(tmp_path / "images", tmp_path / "masks", NAMES, [0, 1])
    for name in "more", "again":
        write_image(tmp_path / "masks" / f"{name}.png", (8, 10))
    for name in "a.gif", "b.gif", "readme.md":
        (tmp_path / "images" / name).write_bytes(b"x")
    found = open_folder("segmentation", tmp_path).report.splitlines()
    assert len(found) == 2
    assert found[0].startswith("3 files in ") and found[0].endswith("a.gif, b.gif, readme.md")
    assert found[1].startswith("2 masks in ") and found[1].endswith("again.png, more.png")


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
    assert source.class_names == class_names and source.channels == 3 and source.report == ""
    assert len(source.train) + len(source.validation) == 10 and len(source.validation) > 0
    assert len(source.train) > len(source.validation)
    _, label, box = source.validation.sample(0, 0)
    assert label < len(class_names)
    np.testing.assert_array_equal(box, [1, 2, 5, 5])


def test_images_without_a_box_are_counted(tmp_path):
    lines = ["filename,label,xmin,ymin,xmax,ymax"]
    for name in NAMES:
        write_image(tmp_path / "images" / f"{name}.png", (8, 10, 3))
    lines += [f"{name}.png,cat,1,2,6,7" for name in NAMES[:6]] + ["gone.png,cat,1,2,6,7"]
    lines[3] = f"{NAMES[2]}.png,cat,-1,2,6,7"
    (tmp_path / "boxes.csv").write_text("\n".join(lines))
    source = open_folder("localization", tmp_path)
    assert len(source.train) + len(source.validation) == 6
    source.verify()
    without, missing, cut = source.report.splitlines()
    assert without.startswith("4 images in ")
    assert without.endswith("without a box: picture06.png, picture07.png, picture08.png and 1 more")
    assert missing.startswith("1 box left out, without an image: gone.png (")
    assert cut.startswith("1 box cut at the image's border: ") and cut.endswith("line 4")


def test_boxes_are_in_the_upright_image(tmp_path):
    """A table that was made with the image as it is stored is found out by VOC's size."""
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "JPEGImages").mkdir()
    text = VOC.replace("<object>", "<size><width>{w}</width><height>{h}</height></size><object>")
    for name in NAMES:
        pixels = np.zeros((8, 10, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "JPEGImages" / f"{name}.png", exif=exif)
        own = text.format(name=name, label="cat", w=8, h=10)
        (tmp_path / "Annotations" / f"{name}.xml").write_text(own)
    source = open_folder("localization", tmp_path)
    source.verify()
    assert source.train.sample(0, 0)[0].shape == (3, 10, 8)
    own = text.format(name=NAMES[3], label="cat", w=10, h=8)
    (tmp_path / "Annotations" / f"{NAMES[3]}.xml").write_text(own)
    with pytest.raises(DataError, match=r"picture03\.xml is for an image 10 wide and 8 high, but"):
        open_folder("localization", tmp_path).verify()


@pytest.mark.parametrize("broken", [1, 3, 9])
def test_all_files_are_opened_before_the_first_step(tmp_path, broken):
    write_pairs(tmp_path / "images", tmp_path / "masks", NAMES, [0, 1])
    source = open_folder("segmentation", tmp_path)
    source.verify()
    for name in NAMES[:broken]:
        path = tmp_path / "images" / f"{name}.png"
        path.write_bytes(path.read_bytes()[:45])
    with pytest.raises(DataError) as error:
        source.verify()
    lines = str(error.value).splitlines()
    if broken > 1:
        assert lines.pop(0) == f"{broken} of 10 images are wrong:"
    assert len(lines) == min(broken, 6)
    assert all("is truncated or no image" in line for line in lines[:5])
    assert broken < 6 or lines[5] == "(and 4 more)"


def test_all_images_must_have_one_size_where_nothing_changes_it(tmp_path):
    write_pairs(tmp_path / "images", tmp_path / "masks", NAMES, [0, 1])
    for part in "images", "masks":
        write_image(tmp_path / part / "picture04.png", (9, 7, 3) if part == "images" else (9, 7))
    source = open_folder("segmentation", tmp_path)
    source.verify()
    with pytest.raises(DataError, match=r"the images have 2 sizes: .*picture04\.png.*--size"):
        source.verify(one_size=True)


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
    source.verify()
    assert source.report == "" and source.train_names == source.validation_names == []
    assert len(open_digits("segmentation", 12, 3).class_names) == 11


def test_an_image_that_is_moved_so_that_no_side_is_empty_is_named(tmp_path):
    write_pairs(tmp_path / "images", tmp_path / "masks", ["photo00", "photo01"], [0, 1])
    held_out = open_folder("segmentation", tmp_path)
    assert held_out.validation_names == ["images/photo01.png"]
    assert held_out.report == (
        "the image 'images/photo01.png' is held out because no other is: as the folder grows, it "
        "will be trained on"
    )
    low = [name for i in range(99) if place(f"images/{(name := f'low{i}')}.png") < 0.2][:2]
    write_pairs(tmp_path / "low" / "images", tmp_path / "low" / "masks", low, [0, 1])
    trained_on = open_folder("segmentation", tmp_path / "low")
    (name,) = trained_on.train_names
    assert trained_on.report.startswith(f"the image {name!r} is trained on because no other is")


def test_a_group_that_is_moved_is_named(tmp_path):
    groups = sorted((f"day{i}" for i in range(9) if place(f"day{i}") > 0.2), key=place)[:2]
    names = [f"{group}_{n}" for group in groups for n in range(3)]
    write_pairs(tmp_path / "images", tmp_path / "masks", names, [0, 1])
    source = open_folder("segmentation", tmp_path, group_by=r"day\d+")
    assert len(source.validation_names) == 3
    assert source.report.startswith(f"the group {groups[0]!r} is held out because no other is")


@pytest.mark.parametrize("parts", [("images", "masks"), ("train", "trainannot")])
def test_a_label_to_ignore_that_is_in_no_mask_is_said(tmp_path, parts):
    write_pairs(tmp_path / parts[0], tmp_path / parts[1], NAMES, [0, 1, 9])
    if parts[0] == "train":
        write_pairs(tmp_path / "val", tmp_path / "valannot", NAMES[:2], [0, 1])
    (tmp_path / "classes.txt").write_text("sky\nroad\n")
    source = open_folder("segmentation", tmp_path, 9)
    source.verify()
    assert source.report == ""
    for path in (tmp_path / parts[1]).iterdir():
        write_image(path, (8, 10), 1)
    source = open_folder("segmentation", tmp_path, 9)
    assert source.report == ""  # nobody has looked yet
    source.verify()
    assert source.report == "no mask stores 9, which should not count (--ignore-index)"


def test_images_are_told_apart_by_what_is_in_their_files(tmp_path):
    write_pairs(tmp_path / "train", tmp_path / "trainannot", NAMES[:3], [0, 1])
    write_pairs(tmp_path / "val", tmp_path / "valannot", NAMES[:2], [0, 1])
    write_image(tmp_path / "val" / f"{NAMES[1]}.png", (8, 10, 3), 7)
    source = open_folder("segmentation", tmp_path)
    train, held_out = source.contents("train"), source.contents("validation")
    assert list(train) == source.train_names and list(held_out) == source.validation_names
    assert len(set(train.values())) == 1
    copied, other = held_out.values()
    assert copied in train.values() and other not in train.values()
    assert open_digits("segmentation", 4, 0).contents("train") == {}
    with pytest.raises(ValueError, match="part is 'test', but must be one of train, validation"):
        source.contents("test")
    some = [2, 0]  # of which a part consists
    part = replace(
        source, train=Subset(source.train, some), train_names=[source.train_names[i] for i in some]
    )
    assert part.contents("train") == {name: train[name] for name in part.train_names}
    gone = tmp_path / "train" / f"{NAMES[0]}.png"
    gone.unlink()
    with pytest.raises(DataError, match=rf"{NAMES[0]}\.png cannot be read: No such file"):
        source.contents("train")
