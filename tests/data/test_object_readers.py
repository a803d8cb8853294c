"""Images with any number of objects, in every layout, written here; and what is said of others."""

import json

import numpy as np
import pytest
from PIL import Image

from nn_scratch.data import Boxes, DataError, ObjectBoxes, box_csv, coco_json, open_folder, voc_xml

HEIGHT, WIDTH = 8, 10
NAMES = [f"picture{i:02}" for i in range(10)]


def write_image(path, size=(WIDTH, HEIGHT), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (10, 200, 30)).save(path, **options)


def voc(name, *objects, size=(WIDTH, HEIGHT)):
    """VOC's XML; objects are (label, corners counted from 1, more)."""
    width, height = size
    text = f"<annotation><filename>{name}</filename><size><width>{width}</width>"
    text += f"<height>{height}</height></size>"
    for label, corners, *more in objects:
        edges = zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True)
        box = "".join(f"<{edge}>{value}</{edge}>" for edge, value in edges)
        text += f"<object><name>{label}</name>{''.join(more)}<bndbox>{box}</bndbox></object>"
    return text + "</annotation>"


PART = "<part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>"
HARD, EASY = "<difficult> 1 </difficult>", "<difficult>0</difficult>"


def write_voc(folder, annotations="Annotations", images="JPEGImages"):
    """Ten images with none, one, two … objects."""
    (folder / annotations).mkdir(parents=True)
    for i, name in enumerate(NAMES):
        write_image(folder / images / f"{name}.png")
        objects = [("cat" if n % 2 else "dog", (n + 1, 2, n + 4, 6), EASY) for n in range(i % 4)]
        (folder / annotations / f"{name}.xml").write_text(voc(f"{name}.png", *objects))


def by_name(source):
    """The samples of both sides by the images' names."""
    found = {}
    for part, names in (
        (source.train, source.train_names),
        (source.validation, source.validation_names),
    ):
        for index, name in enumerate(names):
            found[name.rpartition("/")[2].partition(".")[0]] = part.sample(0, index)
    return found


def check(sample, labels, boxes, difficult=None):
    image, *found = sample
    assert image.dtype == np.float32 and [part.dtype for part in found] == ["int64", "f4", "bool"]
    assert found[0].tolist() == labels
    np.testing.assert_allclose(found[1], np.array(boxes, np.float32).reshape(-1, 4))
    assert found[2].tolist() == (difficult or [False] * len(labels))


# ---------------------------------------------------------------- Pascal VOC


@pytest.mark.parametrize(
    "annotations, images", [("annotations/xmls", "images"), ("Annotations", "JPEGImages")]
)
def test_voc_folders(annotations, images, tmp_path):
    write_voc(tmp_path, annotations, images)
    source = open_folder("detection", tmp_path)
    assert source.class_names == ["cat", "dog"] and source.report == ""
    samples = by_name(source)
    assert sorted(samples) == NAMES and len(source.validation) >= 1
    check(samples["picture00"], [], [])
    check(samples["picture03"], [1, 0, 1], [[0, 1, 4, 5], [1, 1, 4, 5], [2, 1, 4, 5]])


def test_voc_objects_have_flags_and_parts(tmp_path):
    objects = ("dog", (2, 3, 6, 7), PART, HARD), ("cat", (1, 1, 1, 1)), ("cat", (9, 8, 10, 8), EASY)
    (tmp_path / "a.xml").write_text(voc("a.png", *objects))
    write_image(tmp_path / "a.png")
    data = ObjectBoxes(voc_xml(tmp_path, tmp_path))
    boxes = [[1, 2, 5, 5], [0, 0, 1, 1], [8, 7, 2, 1]]
    check(data.sample(0, 0), [1, 0, 0], boxes, [True, False, False])
    with pytest.raises(
        DataError, match=r"a\.xml, object 2: .*a\.png has a box already.* detection"
    ):
        Boxes(voc_xml(tmp_path, tmp_path))
    assert data.notes == []


def test_voc_that_counts_from_0_in_any_of_its_objects(tmp_path):
    for name, corners in ("a", (2, 3, 6, 7)), ("b", (0, 1, 5, 5)):
        write_image(tmp_path / f"{name}.png")
        text = voc(f"{name}.png", ("cat", (4, 4, 8, 8)), ("cat", corners))
        (tmp_path / f"{name}.xml").write_text(text)
    data = ObjectBoxes(voc_xml(tmp_path, tmp_path))
    check(data.sample(0, 0), [0, 0], [[4, 4, 4, 4], [2, 3, 4, 4]])
    assert data.notes == ["4 boxes read as pixels counted from 0"]


def write_sets(folder, **parts):
    folder.mkdir(parents=True)
    for part, names in parts.items():
        (folder / f"{part}.txt").write_text("\n".join(names) + "\n")


def test_the_parts_that_voc_lists(tmp_path):
    write_voc(tmp_path)
    lists = tmp_path / "ImageSets" / "Main"
    write_sets(lists, train=NAMES[6:2:-1], val=NAMES[:3], test=NAMES[8:], trainval=NAMES[:7])
    source = open_folder("detection", tmp_path)
    assert source.train_names == [f"JPEGImages/{name}.png" for name in NAMES[6:2:-1]]
    assert source.validation_names == [f"JPEGImages/{name}.png" for name in NAMES[:3]]
    assert source.of_split("test").validation_names == [f"JPEGImages/{n}.png" for n in NAMES[8:]]
    check(source.test.sample(0, 1), [1], [[0, 1, 4, 5]])
    assert "1 image in " in source.report and "picture07.png" in source.report
    source.verify(one_size=True)
    with pytest.raises(DataError, match="its own parts train and val: group_by has no effect"):
        open_folder("detection", tmp_path, group_by="folder")
    (lists / "val.txt").write_text(f"{NAMES[0]}\nnobody\n")
    with pytest.raises(DataError, match=r"val\.txt, line 2: nobody has no annotation"):
        open_folder("detection", tmp_path)
    (lists / "val.txt").write_text(f"\n{NAMES[3]}\n")
    with pytest.raises(DataError, match=r"val\.txt, line 2: picture03 is in train\.txt, line 4"):
        open_folder("detection", tmp_path)
    (lists / "test.txt").unlink()
    (lists / "val.txt").write_text(f"{NAMES[0]}\n\n")
    source = open_folder("detection", tmp_path)
    assert source.test is None and source.validation_names == [f"JPEGImages/{NAMES[0]}.png"]
    (lists / "val.txt").write_text("\n \n")
    with pytest.raises(DataError, match=r"val\.txt names no image"):
        open_folder("detection", tmp_path)


def test_voc_masks_and_their_lists(tmp_path):
    for i, name in enumerate(NAMES):
        write_image(tmp_path / "JPEGImages" / f"{name}.jpg")
        if i < 7:
            mask = Image.fromarray(np.full((HEIGHT, WIDTH), i % 2, np.uint8), mode="P")
            mask.putpalette([0, 0, 0, 128, 0, 0])
            (tmp_path / "SegmentationClass").mkdir(exist_ok=True)
            mask.save(tmp_path / "SegmentationClass" / f"{name}.png")
    write_sets(
        tmp_path / "ImageSets" / "Segmentation", train=NAMES[:3], val=NAMES[3:5], test=NAMES[5:7]
    )
    source = open_folder("segmentation", tmp_path)
    sizes = [len(part) for part in (source.train, source.validation, source.test)]
    assert sizes == [3, 2, 2] and source.class_names == ["0", "1"]
    assert (source.validation.sample(0, 0)[1] == 1).all()
    assert source.test_names == ["JPEGImages/picture05.jpg", "JPEGImages/picture06.jpg"]
    (tmp_path / "ImageSets" / "Segmentation" / "test.txt").write_text(NAMES[8])
    with pytest.raises(DataError, match="SegmentationClass has no image named picture08"):
        open_folder("segmentation", tmp_path)


# ---------------------------------------------------------------- tables

HEADER = "filename,label,xmin,ymin,xmax,ymax\n"


def table(folder, *lines, names=NAMES):
    for name in names:
        write_image(folder / "images" / f"{name}.png")
    (folder / "boxes.csv").write_text(HEADER + "\n".join(lines))
    return folder / "boxes.csv", folder / "images"


def test_several_rows_an_image_and_none(tmp_path):
    lines = [f"{name}.png,cat,1,2,6,7" for name in NAMES[1:8]]
    lines += [f"{NAMES[0]}.png", f"{NAMES[8]}.png,,,,,", f"{NAMES[2]}.png,dog,0,0,10,8"]
    table(tmp_path, *lines)
    source = open_folder("detection", tmp_path)
    samples = by_name(source)
    assert len(samples) == 9 and source.class_names == ["cat", "dog"]
    check(samples["picture02"], [0, 1], [[1, 2, 5, 5], [0, 0, 10, 8]])
    check(samples["picture00"], [], [])
    check(samples["picture08"], [], [])
    assert "1 image in " in source.report and "without a box: picture09.png" in source.report
    with pytest.raises(DataError, match=r"boxes\.csv, line 11: .*picture02.* detection"):
        open_folder("localization", tmp_path)


def test_an_image_without_objects_is_not_for_localization(tmp_path):
    table(tmp_path, "picture01.png,cat,1,2,6,7", "picture02.png")
    with pytest.raises(DataError, match=r"line 3 has 0 objects, but one is needed; .* detection"):
        open_folder("localization", tmp_path)


@pytest.mark.parametrize(
    "lines, message",
    [
        (["picture01.png,cat,1,2,6,7", "picture01.png"], r"line 3: .* has no object here, but 1"),
        (["picture01.png,,1,2,6,7"], r"line 2: the label is empty"),
        (["picture01.png,cat,1,2,,7"], r"line 2: 6 values are needed"),
        ([",cat,1,2,6,7"], r"line 2: 6 values are needed"),
        (["picture01.png", "picture02.png"], r"line 2: there is no object here, nor in any other"),
        (["gone.png,cat,1,2,6,7"], r"line 2: there is no image .*gone\.png, and none"),
    ],
)
def test_tables_that_do_not_fit(lines, message, tmp_path):
    with pytest.raises(DataError, match=message):
        ObjectBoxes(box_csv(*table(tmp_path, *lines)))


@pytest.mark.parametrize(
    "second, message",
    [
        ("3,2,3,4", "is empty"),
        ("20,20,30,30", "is not inside its image, 10 wide and 8 high"),
        ("0.1,0.2,0.5,0.8", "has less than a pixel"),
    ],
)
def test_the_box_that_is_wrong_is_named(second, message, tmp_path):
    rows = "picture01.png,cat,1,2,6,7", f"picture01.png,cat,{second}", "picture02.png,cat,1,2,6,7"
    data = ObjectBoxes(box_csv(*table(tmp_path, *rows)))
    with pytest.raises(DataError, match=rf"boxes\.csv, line 3: the box .* {message}"):
        data.sample(0, 0)
    data.sample(0, 1)


def test_what_is_cut_twice_or_missing_is_counted(tmp_path):
    rows = [
        "picture01.png,cat,-1,2,6,7",
        "picture01.png,dog,1,2,12,7",
        "picture01.png,cat,2,2,3,3",
        "picture01.png,cat,2,2,3,3",
        "picture02.png,cat,0,0,10,8",
        "gone.png,cat,1,2,3,4",
        "away.png",
    ]
    data = ObjectBoxes(box_csv(*table(tmp_path, *rows)))
    for _ in range(2):
        check(data.sample(0, 0), [0, 1, 0], [[0, 2, 6, 5], [1, 2, 9, 5], [2, 2, 1, 1]])
        check(data.sample(0, 1), [0], [[0, 0, 10, 8]])
    missing, empty, twice, cut = data.notes
    assert missing.startswith("1 box left out, without an image: gone.png (")
    assert empty.startswith("1 image without objects left out, without a file: away.png (")
    assert twice.startswith("1 box left out, the same as another: ") and twice.endswith("line 5")
    assert cut.startswith("2 boxes cut at the image's border: ") and "line 3" in cut


def test_fractions_of_several_objects(tmp_path):
    rows = "picture01.png,cat,0,0.5,1,1", "picture01.png,dog,0.2,0,0.6,0.25", "picture02.png"
    data = ObjectBoxes(box_csv(*table(tmp_path, *rows)))
    check(data.sample(0, 0), [0, 1], [[0, 4, 10, 4], [2, 0, 4, 2]])
    check(data.sample(0, 1), [], [])
    assert data.notes == ["2 boxes read as fractions of the image"]


# ---------------------------------------------------------------- COCO


def coco(count=10, **changes):
    """An instances file of images with none, one, two … objects; ids are in no order."""
    images = [
        {"id": 70 - i, "file_name": f"{NAMES[i]}.png", "width": WIDTH, "height": HEIGHT}
        for i in range(count)
    ]
    annotations = []
    for i, image in enumerate(images):
        for n in range(i % 3):
            annotations.append(
                {
                    "id": 1000 - len(annotations),
                    "image_id": image["id"],
                    "category_id": 5 if n else 3,
                    "bbox": [n + 0.5, 1, 3, 4.5],
                    "iscrowd": n,
                }
            )
    categories = [{"id": 3, "name": "dog"}, {"id": 5, "name": " cat "}, {"id": 9, "name": "cow"}]
    return {
        "images": images,
        "annotations": annotations[::-1],
        "categories": categories,
        "info": {},
        **changes,
    }


def write_coco(folder, content, name="instances.json", images="images"):
    for picture in NAMES:
        write_image(folder / images / f"{picture}.png")
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path, folder / images


def test_coco_instances(tmp_path):
    write_coco(tmp_path, coco())
    source = open_folder("detection", tmp_path)
    assert source.class_names == ["cat", "dog"] and source.report == ""
    samples = by_name(source)
    assert sorted(samples) == NAMES
    check(samples["picture03"], [], [])
    check(samples["picture04"], [1], [[0.5, 1, 3, 4.5]])
    boxes = [[1.5, 1, 3, 4.5], [0.5, 1, 3, 4.5]]
    check(samples["picture05"], [0, 1], boxes, [True, False])
    with pytest.raises(DataError, match=r"instances\.json, .* are for detection"):
        open_folder("localization", tmp_path)


def test_coco_as_windows_saves_it(tmp_path):
    paths = write_coco(tmp_path, "")
    paths[0].write_bytes(json.dumps(coco()).encode("utf-8-sig"))
    assert len(ObjectBoxes(coco_json(*paths))) == 10


@pytest.mark.parametrize("kind", ["boxes.csv", "annotations/xmls", "Annotations"])
def test_a_file_of_settings_beside_other_annotations_does_not_matter(kind, tmp_path):
    if kind == "boxes.csv":
        table(tmp_path, *(f"{name}.png,cat,1,2,6,7" for name in NAMES))
    else:
        write_voc(tmp_path, kind, "JPEGImages" if kind == "Annotations" else "images")
    (tmp_path / "settings.json").write_text("{}")
    assert len(by_name(open_folder("detection", tmp_path))) == 10


@pytest.mark.parametrize("pattern", ["{part}2017", "images/{part}2017"])
def test_cocos_own_parts(pattern, tmp_path):
    for part, count in ("train", 9), ("val", 4):
        name, images = f"annotations/instances_{part}2017.json", pattern.format(part=part)
        write_coco(tmp_path, coco(count), name, images)
    source = open_folder("detection", tmp_path)
    assert [len(source.train), len(source.validation)] == [9, 4] and source.test is None
    assert source.validation_names[0] == f"{pattern.format(part='val')}/picture00.png"
    assert source.report.count("left out, without an entry in their file") == 2
    with pytest.raises(DataError, match=r"no test part.*ImageSets"):
        source.of_split("test")
    (tmp_path / "annotations" / "instances_val2017.json").unlink()
    held_out = open_folder("detection", tmp_path)
    assert len(held_out.train) + len(held_out.validation) == 9
    files = tmp_path / "annotations"
    again = files / "instances_train2014.json"
    again.write_text((files / "instances_train2017.json").read_text())
    with pytest.raises(DataError, match=r"has 2 files of the part train: .*2014.*2017"):
        open_folder("detection", tmp_path)
    (files / "instances_train2017.json").unlink()
    with pytest.raises(
        DataError, match=r"train2014\.json: there is no folder .*train2014 with its"
    ):
        open_folder("detection", tmp_path)
    again.rename(files / "instances_test2014.json")
    (tmp_path / "test2014").mkdir()
    with pytest.raises(DataError, match=r"has no annotations/instances_train….json"):
        open_folder("detection", tmp_path)


@pytest.mark.parametrize(
    "change, message",
    [
        ('{"images": [', r"\.json is truncated or no JSON: .*line 1"),
        ("[" * 100_000, r"\.json is truncated or no JSON"),
        ("[1, 2]", r"has no list of images: is it a file of COCO's instances"),
        ({"annotations": None}, r"has no list of annotations"),
        ({"images": [{"file_name": "a.png"}]}, r"number 0 \(from 0\) of images has no id"),
        ({"images": [{"id": 1}, {"id": 1}]}, r"two of images have the id 1"),
        ({"images": [{"id": 1}], "annotations": []}, r"image 1: file_name is None"),
        ({"categories": [{"id": 3}]}, r"category 3: the name is None"),
        ({"categories": []}, r"annotation \d+: there is no category_id \d in this file"),
        (("image_id", 4), r"annotation 993: there is no image_id 4 in this file"),
        (("image_id", [4]), r"annotation 993: there is no image_id \[4\] in this file"),
        (("bbox", [1, 2, 3]), r"annotation 993: bbox is \[1, 2, 3\], but must be \[x, y"),
        (("bbox", None), r"annotation 993: bbox is None"),
        (("bbox", [1, 2, 3, "x"]), r"annotation 993: .* are not four numbers"),
        (("bbox", [1, 2, 3, float("nan")]), r"annotation 993: .* are not four numbers"),
        (("bbox", [1, 2, 3, 10**400]), r"annotation 993: .* are not four numbers"),
        (("iscrowd", 2), r"annotation 993: iscrowd is 2"),
    ],
)
def test_coco_files_that_do_not_fit(change, message, tmp_path):
    content = change
    if isinstance(change, dict):
        content = coco(**change)
    elif isinstance(change, tuple):
        content = coco()
        (one,) = (one for one in content["annotations"] if one["id"] == 993)
        one[change[0]] = change[1]
    paths = write_coco(tmp_path, content)
    with pytest.raises(DataError, match=message):
        coco_json(*paths)


def test_a_box_of_coco_without_width(tmp_path):
    content = coco()
    content["annotations"][0]["bbox"] = [2, 2, 0, 3]
    number = content["annotations"][0]["id"]
    write_coco(tmp_path, content)
    with pytest.raises(DataError, match=rf"annotation {number}: the box .* is empty"):
        open_folder("detection", tmp_path).verify()


def test_boxes_for_another_size_of_the_image_are_counted(tmp_path):
    """Whoever makes images smaller after they were labelled has boxes that may still fit."""
    content = coco()
    for image in content["images"][:3]:
        image["width"], image["height"] = 2 * WIDTH, 2 * HEIGHT
    write_coco(tmp_path, content)
    source = open_folder("detection", tmp_path)
    source.verify()
    assert source.report.startswith("3 boxes taken as they are, though written for another size")


@pytest.mark.parametrize("orientation, size", [(6, (HEIGHT, WIDTH)), (1, (WIDTH, HEIGHT))])
def test_boxes_of_a_turned_image(tmp_path, orientation, size):
    """Whoever labelled the image upright is right, whoever labelled it as it lies is told."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    write_image(tmp_path / "a.png", exif=exif)
    for sizes, right in (size, True), (size[::-1], False):
        objects = ("cat", (1, 1, 4, 4)), ("dog", (5, 2, 8, 8))
        (tmp_path / "a.xml").write_text(voc("a.png", *objects, size=sizes))
        data = ObjectBoxes(voc_xml(tmp_path, tmp_path))
        if right:
            check(data.sample(0, 0), [0, 1], [[0, 0, 4, 4], [4, 1, 4, 7]])
        elif orientation == 6:
            with pytest.raises(DataError, match=r"a\.xml, object 1 is for an image 10 wide and 8"):
                data.sample(0, 0)


# ---------------------------------------------------------------- Penn-Fudan


def penn(name, boxes, told=None):
    lines = [
        "# Compatible with PASCAL Annotation Version 1.00",
        f'Image filename : "PennFudanPed/PNGImages/{name}.png"',
        f'Objects with ground truth : {told or len(boxes)} {{ "PASpersonWalking" }}',
    ]
    for n, (left, top, right, bottom) in enumerate(boxes, 1):
        lines += [
            f'Original label for object {n} "PASpersonWalking" : "PennFudanPed"',
            f'Bounding box for object {n} "PASpersonWalking" (Xmin, Ymin) - (Xmax, Ymax) : '
            f"({left}, {top}) - ({right}, {bottom})",
            f'Pixel mask for object {n} "PASpersonWalking" : "PennFudanPed/PedMasks/{name}_mask"',
        ]
    return "\n".join(lines)


def write_penn(folder):
    """Ten images with one to three people, and their masks, which number them."""
    for place in "Annotation", "PedMasks":
        (folder / place).mkdir()
    for i, name in enumerate(NAMES):
        write_image(folder / "PNGImages" / f"{name}.png")
        boxes = [(3 * n + 1, 2, 3 * n + 3, 6 + n) for n in range(i % 3 + 1)]
        (folder / "Annotation" / f"{name}.txt").write_text(penn(name, boxes))
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        for n, (left, top, right, bottom) in enumerate(boxes, 1):
            mask[top - 1 : bottom, left - 1 : right] = n
        Image.fromarray(mask).save(folder / "PedMasks" / f"{name}_mask.png")


def test_penn_fudan_for_all_tasks(tmp_path):
    write_penn(tmp_path)
    source = open_folder("detection", tmp_path)
    samples = by_name(source)
    assert sorted(samples) == NAMES and source.class_names == ["personWalking"]
    check(samples["picture02"], [0] * 3, [[0, 1, 3, 5], [3, 1, 3, 6], [6, 1, 3, 7]])
    assert source.report == ""
    masks = by_name(open_folder("segmentation", tmp_path))
    for name, (_, _, boxes, _) in samples.items():
        inside = np.zeros((HEIGHT, WIDTH), np.int64)
        for x, y, w, h in boxes.astype(int):
            inside[y : y + h, x : x + w] = 1
        np.testing.assert_array_equal(masks[name][1], inside)
    alone = open_folder("localization", tmp_path)
    assert len(alone.train) + len(alone.validation) == 4
    assert "6 images in " in alone.report and "the others are for detection" in alone.report


def test_a_text_of_penn_fudan_that_ends_early(tmp_path):
    write_penn(tmp_path)
    text = penn(NAMES[3], [(1, 2, 3, 4)], told=2)
    (tmp_path / "Annotation" / f"{NAMES[3]}.txt").write_text(text)
    with pytest.raises(DataError, match=r"picture03\.txt speaks of 2 objects, but has boxes of 1"):
        open_folder("detection", tmp_path)


# ---------------------------------------------------------------- before the first step


@pytest.mark.parametrize("broken", [1, 7])
def test_all_files_are_opened_before_the_first_step(broken, tmp_path):
    write_voc(tmp_path)
    for name in NAMES[:broken]:
        path = tmp_path / "JPEGImages" / f"{name}.png"
        path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataError, match="is truncated or no image"):
        open_folder("detection", tmp_path).verify()


def test_a_grown_folder_keeps_its_split(tmp_path):
    write_voc(tmp_path)
    before = open_folder("detection", tmp_path)
    for name in "more", "again", "new":
        write_image(tmp_path / "JPEGImages" / f"{name}.png")
        text = voc(f"{name}.png", ("cow", (1, 2, 3, 4)))
        (tmp_path / "Annotations" / f"{name}.xml").write_text(text)
    after = open_folder("detection", tmp_path)
    assert set(before.train_names) < set(after.train_names)
    assert set(before.validation_names) <= set(after.validation_names)
    assert after.class_names == ["cat", "cow", "dog"]


def test_classes_in_the_order_of_a_net(tmp_path):
    write_voc(tmp_path)
    source = open_folder("detection", tmp_path, None, ["bird", "dog", "cat"])
    check(by_name(source)["picture02"], [1, 2], [[0, 1, 4, 5], [1, 1, 4, 5]])
    with pytest.raises(DataError, match=r"label 'dog' is none of \['cat'\]"):
        open_folder("detection", tmp_path, None, ["cat"])
