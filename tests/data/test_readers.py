"""Every layout on small files written here; every broken file named and explained."""

import re

import numpy as np
import pytest
from PIL import Image

from nn_scratch.data import (
    Boxes,
    DataError,
    Loader,
    MaskFolders,
    box_csv,
    camvid_like,
    penn_fudan,
    voc_xml,
)
from nn_scratch.data.readers import read_image, read_mask

RNG = np.random.default_rng(0)
HEIGHT, WIDTH = 6, 9


def write_image(path, mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = RNG.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)
    return np.asarray(Image.open(path).convert("RGB"))


def write_mask(path, labels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(labels, np.uint8)).save(path)


def labels_of(*values):
    return RNG.choice(values, (HEIGHT, WIDTH)).astype(np.uint8)


# ---------------------------------------------------------------- masks


@pytest.fixture
def camvid(tmp_path):
    written = {}
    for name in "b_2", "a_1":
        image = write_image(tmp_path / "train" / f"{name}.jpg")
        labels = labels_of(0, 1, 2, 11)
        write_mask(tmp_path / "trainannot" / f"{name}.png", labels)
        written[name] = image, labels
    (tmp_path / "train" / "notes.txt").write_text("not an image")
    return tmp_path, written


def test_camvid_like_folders(camvid):
    folder, written = camvid
    data = camvid_like(folder, "train", num_classes=3, ignore_index=11)
    assert len(data) == 2
    for index, name in enumerate(sorted(written)):
        image, labels = data.sample(0, index)
        assert image.shape == (3, HEIGHT, WIDTH) and image.dtype == np.float32
        np.testing.assert_allclose(image.transpose(1, 2, 0) * 255, written[name][0], atol=1e-4)
        np.testing.assert_array_equal(labels, written[name][1])
        assert labels.dtype == np.int64
    images, maps = next(Loader(data, 2).batches())
    assert images.shape == (2, 3, HEIGHT, WIDTH) and maps.shape == (2, HEIGHT, WIDTH)


def test_palette_masks_keep_their_numbers(tmp_path):
    labels = labels_of(0, 1, 2)
    image = Image.fromarray(labels, mode="P")
    image.putpalette([200, 30, 40, 1, 2, 3, 90, 90, 90])
    image.save(tmp_path / "mask.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), labels)


def test_grey_images_have_three_equal_channels(tmp_path):
    write_image(tmp_path / "grey.png", "L")
    image = read_image(tmp_path / "grey.png")
    np.testing.assert_array_equal(image[0], image[2])


def remove_mask(folder):
    (folder / "trainannot" / "a_1.png").unlink()


def twice(folder):
    write_image(folder / "train" / "a_1.png")


def empty(folder):
    for path in (folder / "train").iterdir():
        path.unlink()


def gone(folder):
    (folder / "trainannot").rename(folder / "elsewhere")


@pytest.mark.parametrize(
    "harm, message",
    [
        (remove_mask, r"a_1\.jpg has no mask of the same name"),
        (twice, r"a_1\.png and .*a_1\.jpg have the same name"),
        (empty, r"train has no file that ends in"),
        (gone, r"there is no folder .*trainannot"),
    ],
)
def test_folders_that_do_not_fit(camvid, harm, message):
    folder, _ = camvid
    harm(folder)
    with pytest.raises(DataError, match=message):
        camvid_like(folder, "train", 3, 11)


def truncate(path):
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def no_image(path):
    path.write_text("hello")


def lossy(path):
    Image.open(path).convert("L").save(path, format="JPEG")


def unknown_class(path):
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[4, 7] = 5
    write_mask(path, labels)


def other_size(path):
    write_mask(path, np.zeros((HEIGHT, WIDTH + 1)))


@pytest.mark.parametrize(
    "file, harm, message",
    [
        ("train/a_1.jpg", truncate, r"a_1\.jpg is truncated or no image"),
        ("trainannot/a_1.png", truncate, r"a_1\.png is truncated or no image"),
        ("trainannot/a_1.png", no_image, r"a_1\.png is truncated or no image"),
        ("trainannot/a_1.png", lossy, r"a_1\.png is a JPEG, which keeps numbers only nearly"),
        (
            "trainannot/a_1.png",
            unknown_class,
            r"a_1\.png has 5 at row 4, column 7 \(1 pixel\), .* 0 to 2 and 11",
        ),
        ("trainannot/a_1.png", other_size, r"a_1\.png is \(6, 10\), but its image .* \(6, 9\)"),
        ("trainannot/a_1.png", write_image, r"a_1\.png is a colour image \(RGB\)"),
    ],
)
def test_files_that_are_broken(camvid, file, harm, message):
    folder, _ = camvid
    harm(folder / file)
    data = camvid_like(folder, "train", 3, 11)
    with pytest.raises(DataError, match=message):
        data.sample(0, 0)
    data.sample(0, 1)


def test_files_that_are_not_there(tmp_path):
    for path, message in (
        (tmp_path / "holiday.jpg", r"holiday\.jpg cannot be read: No such file or directory"),
        (tmp_path, "cannot be read: Is a directory"),
    ):
        with pytest.raises(DataError, match=message):
            read_mask(path)


def test_without_a_class_to_ignore(tmp_path):
    write_image(tmp_path / "images" / "a.png")
    write_mask(tmp_path / "masks" / "a.png", labels_of(11))
    with pytest.raises(
        DataError, match=r"has 11 at row 0, column 0 \(54 .* 0 to 2; .*ignore_index"
    ):
        MaskFolders(tmp_path / "images", tmp_path / "masks", 3).sample(0, 0)


# ---------------------------------------------------------------- boxes

HEADER = "filename,label,xmin,ymin,xmax,ymax\n"


def csv_file(folder, *lines, header=HEADER):
    for name in "a.png", "b.png":
        write_image(folder / "images" / name)
    (folder / "boxes.csv").write_text(header + "\n".join(lines))
    return folder / "boxes.csv", folder / "images"


def test_box_csv(tmp_path):
    paths = csv_file(tmp_path, "b.png,plane,0.5,1,9,6", "a.png,face,2,3,4,5.5")
    data = Boxes(box_csv(*paths))
    assert data.class_names == ["face", "plane"] and len(data) == 2
    image, label, box = data.sample(0, 0)
    assert image.shape == (3, HEIGHT, WIDTH) and label == 1
    np.testing.assert_array_equal(box, np.array([0.5, 1, 8.5, 5], np.float32))
    assert Boxes(box_csv(*paths), ["plane", "car", "face"]).sample(0, 1)[1] == 2


@pytest.mark.parametrize(
    "lines, header, message",
    [
        (["a.png,face,1,2,3,4"], HEADER.replace("xmax", "right"), r"lacks the columns \['xmax'\]"),
        (["a.png,face,1,2,3"], HEADER, r"boxes\.csv, line 2: 6 values are needed"),
        (["a.png,face,1,2,three,4"], HEADER, r"line 2: .* are not four numbers"),
        (["c.png,face,1,2,3,4"], HEADER, r"line 2: there is no image .*c\.png, and none"),
        (["a.png,,1,2,3,4"], HEADER, r"line 2: the label is empty"),
        (["a.png,face,1,2,3,nan"], HEADER, r"line 2: .* are not four numbers"),
        (["a.png,big,face,1,2,3,4"], HEADER, r"line 2: 7 values, but the first line names 6"),
        ([], HEADER, r"boxes\.csv has no row"),
        (
            ["a.png,face,1,2,3,4", "a.png,face,1,2,3,4"],
            HEADER,
            r"line 3: .*a\.png has a box already",
        ),
        (["a.png,face,1,2,3,4", "b.png,tree,1,2,3,4"], HEADER, r"line 3: label 'tree' is none of"),
    ],
)
def test_rows_that_do_not_fit(tmp_path, lines, header, message):
    paths = csv_file(tmp_path, *lines, header=header)
    with pytest.raises(DataError, match=message):
        Boxes(box_csv(*paths), ["face", "plane"])


@pytest.mark.parametrize(
    "corners, message",
    [
        ("3,2,3,4", r"from \(3, 2\) to \(3, 4\) is empty"),
        ("1,5,3,4", r"from \(1, 5\) to \(3, 4\) is empty"),
        ("9,0,14,6", r"is not inside its image, 9 wide and 6 high"),
        ("10,20,90,60", r"is not inside its image, 9 wide and 6 high: is it for another size"),
        ("0.1,0.2,0.5,0.8", r"has less than a pixel"),
    ],
)
def test_boxes_that_cannot_be_meant(tmp_path, corners, message):
    rows = f"a.png,face,{corners}", "b.png,face,1,2,8,6"
    data = Boxes(box_csv(*csv_file(tmp_path, *rows)))
    with pytest.raises(DataError, match=rf"boxes\.csv, line 2: the box .*{message}"):
        data.sample(0, 0)


@pytest.mark.parametrize(
    "corners, box",
    [("-1,2,3,4", (0, 2, 3, 2)), ("1,2,10.5,4", (1, 2, 8, 2)), ("1,2,3,7", (1, 2, 2, 4))],
)
def test_boxes_that_reach_out_of_their_image_are_cut_and_counted(tmp_path, corners, box):
    data = Boxes(box_csv(*csv_file(tmp_path, f"a.png,face,{corners}", "b.png,face,1,2,3,4")))
    assert data.notes == []
    for _ in range(2):
        np.testing.assert_array_equal(data.sample(0, 0)[2], box)
    data.sample(0, 1)
    (note,) = data.notes
    assert note.startswith("1 box cut at the image's border") and "line 2" in note


def test_rows_without_an_image_are_counted(tmp_path):
    rows = "a.png,face,1,2,3,4", "no.png,face,1,2,3,4", "none.png,cat,1,2,3,4"
    data = Boxes(box_csv(*csv_file(tmp_path, *rows)))
    assert len(data) == 1 and data.class_names == ["face"]
    assert re.match(r"2 boxes left out, without an image: no\.png \(.*line 3\)", data.notes[0])


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(",", ";"),
        lambda text: text.replace(",", "\t"),
        lambda text: text.replace(",", " , "),
        lambda text: text.replace(",", ";").replace("0.5", "0,5"),
        lambda text: "sep=;\n" + text.replace(",", ";"),
        lambda text: text.replace("\n", "\r\n") + "\r\n,,,,,\r\n",
        lambda text: text.replace("filename", "FileName").replace("plane", '"plane"'),
        lambda text: "\n".join(line + ",more" for line in text.splitlines()),
        lambda text: text.replace("plane", "\xa0 plane\t"),
    ],
)
def test_tables_as_spreadsheets_save_them(tmp_path, change):
    table, images = csv_file(tmp_path, "b.png,plane,0.5,1,9,6", "a.png,face,2,3,4,5.5")
    table.write_bytes(change(table.read_text()).encode())
    data = Boxes(box_csv(table, images))
    assert data.class_names == ["face", "plane"]
    np.testing.assert_array_equal(data.sample(0, 0)[2], [0.5, 1, 8.5, 5])
    np.testing.assert_array_equal(data.sample(0, 1)[2], [2, 3, 2, 2.5])


def test_boxes_as_fractions_of_their_image(tmp_path):
    """They are taken as such where no box of the table would be larger than a pixel."""
    paths = csv_file(tmp_path, "b.png,plane,0,0.5,1,1", "a.png,face,0.25,0,0.75,0.5")
    data = Boxes(box_csv(*paths))
    np.testing.assert_allclose(data.sample(0, 0)[2], [0, 3, 9, 3])
    np.testing.assert_allclose(data.sample(0, 1)[2], [2.25, 0, 4.5, 3])
    assert data.notes == ["2 boxes read as fractions of the image"]
    paths = csv_file(tmp_path, "b.png,plane,0,0,1,1")
    with pytest.raises(DataError, match="corners of 0 and 1 only"):
        box_csv(*paths)


def test_a_name_is_one_name_however_it_is_composed(tmp_path):
    """macOS decomposes the names of files, a table is typed on another system."""
    for name in "cafe\u0301.png", "na\u00efve.png", "Pl\u00e4tze/\u00e9.png":
        write_image(tmp_path / "images" / name)
    rows = "caf\u00e9.png", "nai\u0308ve.png", "Pla\u0308tze\\e\u0301.png"
    labels = "K\u00e4fer", "Ka\u0308fer", "Ka\u0308fer"
    lines = [f"{row},{label},1,2,3,4" for row, label in zip(rows, labels, strict=True)]
    data = Boxes(box_csv(*csv_file(tmp_path, *lines)))
    assert data.class_names == ["K\u00e4fer"] and data.notes == [] and len(data) == 3
    for index in range(3):
        data.sample(0, index)


VOC = """<annotation><folder>OXIIIT</folder><filename>{name}</filename>
<size><width>9</width><height>6</height><depth>3</depth></size>
<object><name>cat</name><pose>Frontal</pose>
<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>9</xmax><ymax>6</ymax></bndbox></object></annotation>"""


def test_voc_xml_as_in_oxford_pets(tmp_path):
    """VOC counts from 1 and includes both ends: columns 1 to 9 are all of 9 columns."""
    write_image(tmp_path / "images" / "Abyssinian_1.jpg")
    xmls = tmp_path / "annotations" / "xmls"
    xmls.mkdir(parents=True)
    (xmls / "Abyssinian_1.xml").write_text(VOC.format(name="Abyssinian_1.jpg"))
    data = Boxes(voc_xml(xmls, tmp_path / "images"))
    _, label, box = data.sample(0, 0)
    assert label == 0 and data.class_names == ["cat"]
    np.testing.assert_array_equal(box, [0, 1, 9, 5])


@pytest.mark.parametrize(
    "change, box",
    [
        (("<xmin>1", "<xmin>0"), [0, 2, 9, 4]),
        (("<ymin>2", "<ymin>0"), [1, 0, 8, 6]),
        (("<xmin>1</xmin><ymin>2", "<xmin> 0.0 </xmin><ymin>3"), [0, 3, 9, 3]),
    ],
)
def test_voc_files_that_count_from_0(tmp_path, change, box):
    """A 0 is none of VOC's numbers: then nothing is moved, in any of the folder's files."""
    text = VOC.replace(*change)
    for name, content in ("a", text), ("b", VOC):
        write_image(tmp_path / f"{name}.png")
        (tmp_path / f"{name}.xml").write_text(content.format(name=f"{name}.png"))
    data = Boxes(voc_xml(tmp_path, tmp_path))
    np.testing.assert_array_equal(data.sample(0, 0)[2], box)
    np.testing.assert_array_equal(data.sample(0, 1)[2], [1, 2, 8, 4])
    assert data.notes == ["2 boxes read as pixels counted from 0"]


@pytest.mark.parametrize("written", ["\n  cat\n", " cat", "cat\xa0", "\tcat "])
def test_labels_have_no_blanks_around_them(tmp_path, written):
    text = VOC.replace(">cat<", f">{written}<").replace("{name}", "\n{name}\n")
    (tmp_path / "a.xml").write_text(text.format(name="a.png"), encoding="utf-8")
    (row,) = voc_xml(tmp_path, tmp_path)
    assert row.label == "cat" and row.image == tmp_path / "a.png"


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda text: text[:80], r"a\.xml is truncated or no XML"),
        (
            lambda text: text.replace("</object>", "<difficult>2</difficult></object>"),
            r"a\.xml: difficult is '2', but must be 0 or 1",
        ),
        (lambda text: text.replace("xmin", "left"), r"a\.xml has no bndbox/xmin"),
        (lambda text: text.replace("<xmin>1", "<xmin>one"), r"a\.xml: .* are not four numbers"),
        (lambda text: text.replace("<xmin>1", "<xmin>inf"), r"a\.xml: .* are not four numbers"),
        (lambda text: text.replace("<name>cat", "<name> \n"), r"a\.xml: name is empty"),
        (lambda text: text.replace("a.png", ""), r"a\.xml: filename is empty"),
    ],
)
def test_xml_that_does_not_fit(tmp_path, change, message):
    (tmp_path / "a.xml").write_text(change(VOC.format(name="a.png")))
    with pytest.raises(DataError, match=message):
        voc_xml(tmp_path, tmp_path)


PENN_FUDAN = """# Compatible with PASCAL Annotation Version 1.00
Image filename : "PennFudanPed/PNGImages/{name}.png"
Image size (X x Y x C) : 9 x 6 x 3
Database : "The Penn-Fudan-Pedestrian Database"
"""
PEDESTRIAN = """
Original label for object {n} "PASpersonWalking" : "PennFudanPed"
Bounding box for object {n} "PASpersonWalking" (Xmin, Ymin) - (Xmax, Ymax) : (2, 1) - (5, 6)
Pixel mask for object {n} "PASpersonWalking" : "PennFudanPed/PedMasks/x_mask.png"
"""


def test_penn_fudan(tmp_path):
    for name, count in ("Fudan1", 1), ("Fudan2", 2):
        write_image(tmp_path / "PNGImages" / f"{name}.png")
        text = PENN_FUDAN.format(name=name)
        text += "".join(PEDESTRIAN.format(n=n + 1) for n in range(count))
        (tmp_path / "Annotation").mkdir(exist_ok=True)
        (tmp_path / "Annotation" / f"{name}.txt").write_text(text)
    rows = penn_fudan(tmp_path)
    assert [row.image.stem for row in rows] == ["Fudan1", "Fudan2", "Fudan2"]
    data = Boxes(rows[:1])
    assert len(data) == 1 and data.class_names == ["personWalking"]
    np.testing.assert_array_equal(data.sample(0, 0)[2], [1, 0, 4, 6])
    broken = tmp_path / "Annotation" / "Fudan1.txt"
    broken.write_text("nothing")
    with pytest.raises(DataError, match=re.escape(f"{broken} names no image")):
        penn_fudan(tmp_path)
