"""Tables, lists of classes and XML as different systems write them: read, or refused with the
encoding and the line."""

import pytest
from PIL import Image

from nn_scratch.data import DataError, box_csv, open_folder, voc_xml
from nn_scratch.data.readers.files import read_text

TEXT = "größe\nĳs – 猫\nend"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le mark", "utf-16-be mark"]
)
def test_marks_say_what_a_text_is(tmp_path, encoding):
    encoding, _, mark = encoding.partition(" ")
    (tmp_path / "a.txt").write_bytes((("\ufeff" if mark else "") + TEXT).encode(encoding))
    assert read_text(tmp_path / "a.txt") == TEXT
    if encoding != "utf-8":
        assert read_text(tmp_path / "a.txt", "cp1252") == TEXT


@pytest.mark.parametrize(
    "text, encoding",
    [
        ("größe\nKätzchen", "cp1252"),
        ("狗\n猫", "gb18030"),
        ("犬", "shift_jis"),
        ("pies łaciaty", "cp1250"),
    ],
)
def test_other_encodings_are_named(tmp_path, text, encoding):
    (tmp_path / "a.txt").write_bytes(("name\n" + text).encode(encoding))
    with pytest.raises(DataError, match=r"a\.txt, line 2: the byte \w\w is not UTF-8.*--encoding"):
        read_text(tmp_path / "a.txt")
    assert read_text(tmp_path / "a.txt", encoding) == "name\n" + text


@pytest.mark.parametrize(
    "data, encoding, message",
    [
        (b"a\nb\xff", "ascii", r"line 2: the byte ff is not ASCII"),
        (b"a", "klingon", r"no text encoding 'klingon'"),
        (b"a", "base64", r"no text encoding 'base64'"),
        (b"a", "rot13", r"no text encoding 'rot13'"),
        ("a\nb".encode("utf-16-le"), None, r"line 1: the text has zeros as UTF-8; .*utf-16-le"),
        ("\ufeffab".encode("utf-16")[:-1], None, r"line 1: .* is not UTF-16"),
    ],
)
def test_texts_that_cannot_be_read(tmp_path, data, encoding, message):
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(DataError, match=rf"a\.txt.*{message}"):
        read_text(tmp_path / "a.txt", encoding)
    with pytest.raises(DataError, match=r"none\.txt cannot be read: No such file"):
        read_text(tmp_path / "none.txt")


VOC = """<?xml version="1.0" encoding="{}"?>
<annotation><filename>a.png</filename><object><name>{}</name><bndbox><xmin>1</xmin>
<ymin>1</ymin><xmax>9</xmax><ymax>6</ymax></bndbox></object></annotation>"""


@pytest.mark.parametrize(
    "label, encoding",
    [("猫", "gb2312"), ("犬", "shift_jis"), ("größe", "iso-8859-1"), ("кот", "koi8-r")],
)
def test_xml_says_its_encoding(tmp_path, label, encoding):
    (tmp_path / "a.xml").write_bytes(VOC.format(encoding, label).encode(encoding))
    (row,) = voc_xml(tmp_path, tmp_path)
    assert row.label == label
    (tmp_path / "a.xml").write_bytes(VOC.format("utf-16", label).encode("utf-16"))
    assert voc_xml(tmp_path, tmp_path)[0].label == label


@pytest.mark.parametrize("encoding", ["foo", "hex", ""])
def test_xml_of_an_unknown_encoding(tmp_path, encoding):
    text = VOC.format(encoding, "cat")
    (tmp_path / "a.xml").write_text(text)
    if encoding:
        with pytest.raises(DataError, match=rf"a\.xml: there is no text encoding '{encoding}'"):
            voc_xml(tmp_path, tmp_path)
    else:
        with pytest.raises(DataError, match=r"a\.xml is truncated or no XML"):
            voc_xml(tmp_path, tmp_path)


def test_a_table_in_another_encoding(tmp_path):
    for name in "äpfel.png", "b.png":
        (tmp_path / "images").mkdir(exist_ok=True)
        Image.new("RGB", (9, 6)).save(tmp_path / "images" / name)
    lines = "filename;label;xmin;ymin;xmax;ymax\näpfel.png;größe;1;1;8;6\nb.png;größe;1;1;8;6\n"
    (tmp_path / "boxes.csv").write_bytes(lines.encode("cp1252"))
    with pytest.raises(DataError, match=r"boxes\.csv, line 2: the byte e4 is not UTF-8"):
        open_folder("localization", tmp_path)
    source = open_folder("localization", tmp_path, encoding="cp1252")
    assert source.class_names == ["größe"] and source.report == ""
    (tmp_path / "boxes.csv").write_bytes(lines.encode("utf-16"))
    assert len(box_csv(tmp_path / "boxes.csv", tmp_path / "images")) == 2
