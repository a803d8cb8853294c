"""Data sets are fetched from a server of the test's own: whole, in pieces, wrong, or not at all."""

import gzip
import hashlib
import io
import re
import subprocess
import sys
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from nn_scratch.cli import main
from nn_scratch.data import fetch as fetching
from nn_scratch.data import open_folder
from nn_scratch.data.fetch import DATA_SETS, Archive, FetchError, fetch, unpack

pytest.importorskip("pooch")


class Site:
    """Files by their paths; what was asked for; and how it misbehaves."""

    def __init__(self):
        self.files, self.asked = {}, []
        self.ranges, self.cut, self.cuts = True, None, 0  # after `cut` bytes, `cuts` times

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(handler):
                self.answer(handler)

            def log_message(handler, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, handler):
        asked = handler.headers.get("Range")
        self.asked.append((handler.path, asked))
        content = self.files.get(handler.path)
        if content is None:
            handler.send_error(404)
            return
        start = int(re.match(r"bytes=(\d+)-$", asked)[1]) if asked and self.ranges else 0
        if start >= len(content) > 0:
            handler.send_response(416)
            handler.send_header("Content-Range", f"bytes */{len(content)}")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        handler.send_header("Content-Length", str(len(content) - start))
        handler.end_headers()
        sent = content[start:]
        if self.cuts:
            self.cuts -= 1
            sent = sent[: self.cut]
            handler.close_connection = True
        handler.wfile.write(sent)


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    one = Site()
    yield one
    one.server.shutdown()
    one.server.server_close()


def tar(files, mode="w"):
    """An archive of {name: bytes}."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as opened:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            opened.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return buffer.getvalue()


def picture(*shape, value=3):
    buffer = io.BytesIO()
    Image.fromarray(np.full(shape, value, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def voc(name, *objects):
    text = "".join(
        f"<object><name>{label}</name><difficult>{n % 2}</difficult><bndbox><xmin>2</xmin><ymin>1"
        f"</ymin><xmax>{6 + n}</xmax><ymax>6</ymax></bndbox></object>"
        for n, label in enumerate(objects)
    )
    return f"<annotation><filename>{name}</filename>{text}</annotation>".encode()


NAMES = [f"cat_{i}" for i in range(10)]


def offer(site, monkeypatch, name, contents, counts=None):
    """Let the site have the archives of a data set, and nn_scratch know their checksums."""
    archives = []
    for archive, content in zip(DATA_SETS[name].archives, contents, strict=True):
        site.files[f"/{archive.name}"] = content
        known = {"md5": hashlib.md5(content).hexdigest()} if archive.md5 else {"size": len(content)}
        archives.append(archive._replace(url=site.url + archive.name, **known))
    changed = DATA_SETS[name]._replace(archives=tuple(archives), counts=counts or {})
    monkeypatch.setitem(DATA_SETS, name, changed)


def offer_pets(site, monkeypatch):
    images = {f"images/{name}.jpg": picture(8, 10, 3) for name in NAMES} | {"images/a.mat": b"x"}
    notes = {"annotations/README": b"read me"}
    for i, name in enumerate(NAMES):
        notes[f"annotations/trimaps/{name}.png"] = picture(8, 10, value=1 + i % 3)
        notes[f"annotations/trimaps/._{name}.png"] = b"of macOS"
        notes[f"annotations/xmls/{name}.xml"] = voc(f"{name}.jpg", "cat")
    offer(site, monkeypatch, "pets", [tar(images, "w:gz"), tar(notes, "w:gz")])


def offer_voc(site, monkeypatch):
    known = {}
    for part, names in {"train": NAMES[:5], "val": NAMES[5:8], "test": NAMES[8:]}.items():
        files = known.setdefault("test" if part == "test" else "trainval", {})
        for name in names:
            files[f"JPEGImages/{name}.jpg"] = picture(8, 10, 3)
            files[f"Annotations/{name}.xml"] = voc(f"{name}.jpg", "cat", "dog")
            files[f"SegmentationClass/{name}.png"] = picture(8, 10, value=255)
        for kind in "Main", "Segmentation":
            files[f"ImageSets/{kind}/{part}.txt"] = "\n".join(names).encode()
    contents = [
        tar({f"VOCdevkit/VOC2007/{name}": content for name, content in files.items()})
        for files in known.values()
    ]
    offer(site, monkeypatch, "voc2007", contents)


def offer_penn(site, monkeypatch, counts=10):
    files = {}
    for name in NAMES:
        mask = np.zeros((8, 10), np.uint8)
        mask[1:5, 2:4], mask[1:5, 5:8] = 1, 2
        buffer = io.BytesIO()
        Image.fromarray(mask).save(buffer, "PNG")
        files |= {
            f"PennFudanPed/PNGImages/{name}.png": picture(8, 10, 3),
            f"PennFudanPed/PedMasks/{name}_mask.png": buffer.getvalue(),
            f"PennFudanPed/Annotation/{name}.txt": (
                f'Image filename : "PennFudanPed/PNGImages/{name}.png"\n'
                'Bounding box for object 1 "PASpersonWalking" (Xmin, Ymin) : (3, 2) - (4, 5)\n'
                'Bounding box for object 2 "PASpersonWalking" (Xmin, Ymin) : (6, 2) - (8, 5)\n'
            ),
        }
    parts = dict.fromkeys(("PNGImages", "PedMasks", "Annotation"), counts)
    offer(site, monkeypatch, "penn-fudan", [zipped(files)], parts)


# ---------------------------------------------------------------- what comes out


def test_pets(site, monkeypatch, tmp_path, capsys):
    offer_pets(site, monkeypatch)
    assert main(["fetch", "pets", "--to", str(tmp_path / "new" / "place")]) == 0
    out, progress = capsys.readouterr()
    folder = tmp_path / "new" / "place" / "pets"
    assert out.splitlines()[0] == str(folder)
    assert f"nn-scratch train segmentation --data {folder} --size 96 96" in out
    assert re.search(r"images\.tar\.gz, \d+\.\d MB\n.*annotations\.tar\.gz, 0\.0 MB", progress)
    masks = open_folder("segmentation", folder)
    masks.verify()
    assert masks.class_names == ["pet", "background", "border"]
    heads = open_folder("localization", folder)
    assert len(heads.train) + len(heads.validation) == 10 and heads.class_names == ["cat"]
    np.testing.assert_array_equal(heads.train.sample(0, 0)[2], [1, 0, 5, 6])
    assert sorted(path.name for path in folder.parent.iterdir()) == ["pets"]
    assert not list(folder.rglob("._*"))
    site.files.clear()
    assert fetch("pets", folder.parent) == folder  # nobody is asked again
    assert len(site.asked) == 2


def test_voc(site, monkeypatch, tmp_path):
    offer_voc(site, monkeypatch)
    folder = fetch("voc2007", tmp_path)
    objects = open_folder("detection", folder)
    sizes = [len(part) for part in (objects.train, objects.validation, objects.test)]
    assert sizes == [5, 3, 2] and objects.class_names == ["cat", "dog"]
    _, labels, boxes, difficult = objects.test.sample(0, 1)
    assert labels.tolist() == [0, 1] and difficult.tolist() == [False, True]
    assert boxes.tolist() == [[1, 0, 5, 6], [1, 0, 6, 6]]
    masks = open_folder("segmentation", folder, 255)
    masks.verify()
    assert len(masks.class_names) == 21 and masks.class_names[8] == "cat"
    assert masks.class_names[0] == "background" and len(masks.test) == 2
    assert (masks.train.sample(0, 0)[1] == masks.ignore_index).all()


def test_penn_fudan(site, monkeypatch, tmp_path):
    offer_penn(site, monkeypatch)
    folder = fetch("penn-fudan", tmp_path)
    people = open_folder("detection", folder)
    people.verify()
    assert people.train.sample(0, 0)[2].tolist() == [[2, 1, 2, 4], [5, 1, 3, 4]]
    masks = open_folder("segmentation", folder)
    assert masks.class_names == ["background", "pedestrian"]
    assert masks.train.sample(0, 0)[1].sum() == 20


def test_the_cache_is_the_users(site, monkeypatch, tmp_path):
    offer_penn(site, monkeypatch)
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / "cache" / name)
    assert fetch("penn-fudan") == tmp_path / "cache" / "nn_scratch" / "penn-fudan"


# ---------------------------------------------------------------- interrupted


def large(site, monkeypatch):
    """An archive of 300 kB that cannot be compressed."""
    content = np.random.default_rng(0).bytes(300_000)
    files = {"images/a.bin": content}
    offer(site, monkeypatch, "pets", [tar(files, "w:gz"), tar({"b.txt": b"b"}, "w:gz")])
    return content


@pytest.mark.parametrize("cuts", [1, 3])
def test_a_connection_that_is_lost_is_gone_on_with(site, monkeypatch, tmp_path, cuts):
    content = large(site, monkeypatch)
    site.cut, site.cuts = 81_920, cuts
    folder = fetch("pets", tmp_path)
    assert (folder / "images" / "a.bin").read_bytes() == content
    asked = [wanted for path, wanted in site.asked if path == "/images.tar.gz"]
    assert asked == [None, *(f"bytes={81_920 * n}-" for n in range(1, cuts + 1))]


@pytest.mark.parametrize("have", [81_920, 0])
def test_what_an_earlier_run_has_left_is_gone_on_with(site, monkeypatch, tmp_path, have):
    content = large(site, monkeypatch)
    (tmp_path / "pets-images.tar.gz.part").write_bytes(site.files["/images.tar.gz"][:have])
    said = []
    folder = fetch("pets", tmp_path, said.append)
    assert (folder / "images" / "a.bin").read_bytes() == content
    assert site.asked[0] == ("/images.tar.gz", f"bytes={have}-" if have else None)
    assert ("continuing after 0.1 MB" in said[0]) == (have > 0)


def test_a_download_that_was_complete_but_not_checked(site, monkeypatch, tmp_path):
    content = large(site, monkeypatch)
    (tmp_path / "pets-images.tar.gz.part").write_bytes(site.files["/images.tar.gz"])
    folder = fetch("pets", tmp_path)
    assert (folder / "images" / "a.bin").read_bytes() == content
    assert [path for path, _ in site.asked] == ["/images.tar.gz", "/annotations.tar.gz"]


@pytest.mark.parametrize("left", ["longer", "shorter"])
def test_what_is_left_of_another_file_is_thrown_away(site, monkeypatch, tmp_path, left):
    """A site that knows nothing of ranges sends all; what is longer than the file is no part."""
    content = large(site, monkeypatch)
    site.ranges = left == "longer"
    size = len(site.files["/images.tar.gz"]) + 1 if left == "longer" else 1000
    (tmp_path / "pets-images.tar.gz.part").write_bytes(b"?" * size)
    folder = fetch("pets", tmp_path)
    assert (folder / "images" / "a.bin").read_bytes() == content


def test_after_an_interruption_nothing_looks_complete(site, monkeypatch, tmp_path):
    large(site, monkeypatch)

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(fetching, "unpack", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch("pets", tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["pets-annotations.tar.gz", "pets-images.tar.gz"]


HOLD = "import sys, time, pathlib\nfrom nn_scratch.folder_lock import locked\n"
HOLD += "with locked(pathlib.Path(sys.argv[1]), '.pets.lock'): print(1, flush=True); time.sleep(60)"


def test_two_that_fetch_at_once_do_not_spoil_each_other(site, monkeypatch, tmp_path):
    offer_pets(site, monkeypatch)
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"1\n"
        with pytest.raises(FetchError, match=f"pets is being fetched by process {other.pid}: wait"):
            fetch("pets", tmp_path, say=str)
        assert not site.asked
        other.kill()
    assert fetch("pets", tmp_path, say=str).is_dir()  # whoever is killed holds it no longer
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pets"]


def test_archives_that_are_there_are_not_asked_for_again(site, monkeypatch, tmp_path):
    content = large(site, monkeypatch)
    for archive in DATA_SETS["pets"].archives:
        (tmp_path / f"pets-{archive.name}").write_bytes(site.files[f"/{archive.name}"])
    folder = fetch("pets", tmp_path)
    assert site.asked == [] and (folder / "images" / "a.bin").read_bytes() == content


def test_progress_is_shown(site, monkeypatch, tmp_path):
    """The bar begins where the download goes on, and ends at the file's size."""
    large(site, monkeypatch)
    size = len(site.files["/images.tar.gz"])
    bars = []

    class Bar(fetching.tqdm):
        def __init__(self, **options):
            bars.append([options["desc"], options["initial"], options["total"], 0])
            super().__init__(**options)

        def update(self, count=1):
            bars[-1][3] += count
            return super().update(count)

    monkeypatch.setattr(fetching, "tqdm", Bar)
    site.cut, site.cuts = 81_920, 1
    fetch("pets", tmp_path)
    first, second, _ = bars
    assert first == ["pets-images.tar.gz", 0, size, 81_920]
    assert second == ["pets-images.tar.gz", 81_920, size, size - 81_920]


# ---------------------------------------------------------------- wrong, or not at all


def told(capsys, *arguments):
    """What the command says of an error, in one line."""
    assert main(["fetch", *map(str, arguments)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith("nn-scratch: ") and "Traceback" not in "".join(lines)
    return lines[-1]


def test_a_wrong_checksum(site, monkeypatch, tmp_path, capsys):
    large(site, monkeypatch)
    right = site.files["/images.tar.gz"]
    site.files["/images.tar.gz"] = right[:-1] + bytes([right[-1] ^ 1])
    known = DATA_SETS["pets"].archives[0].md5
    said = told(capsys, "pets", "--to", tmp_path)
    assert f"images.tar.gz gave another file than the one that is known here (MD5 {known})" in said
    assert list(tmp_path.iterdir()) == []
    site.files["/images.tar.gz"] = right
    fetch("pets", tmp_path)


def test_a_wrong_size_and_wrong_contents(site, monkeypatch, tmp_path, capsys):
    offer_penn(site, monkeypatch, counts=11)
    said = told(capsys, "penn-fudan", "--to", tmp_path)
    assert "has 10 files in PNGImages/, but the data set 11" in said
    assert not (tmp_path / "penn-fudan").exists()
    offer_penn(site, monkeypatch)
    (archive,) = DATA_SETS["penn-fudan"].archives
    changed = DATA_SETS["penn-fudan"]._replace(archives=(archive._replace(size=7),))
    monkeypatch.setitem(DATA_SETS, "penn-fudan", changed)
    assert "bytes, but the file that is known here has 7" in told(
        capsys, "penn-fudan", "--to", tmp_path
    )


def test_a_file_that_is_not_there(site, monkeypatch, tmp_path, capsys):
    large(site, monkeypatch)
    del site.files["/annotations.tar.gz"]
    said = told(capsys, "pets", "--to", tmp_path)
    assert "annotations.tar.gz cannot be had: the site answers 404 Not Found" in said
    assert (tmp_path / "pets-images.tar.gz").exists()  # not asked for again


def test_without_a_network(site, monkeypatch, tmp_path, capsys):
    large(site, monkeypatch)
    site.server.shutdown()
    site.server.server_close()
    said = told(capsys, "pets", "--to", tmp_path)
    assert "images.tar.gz cannot be reached: is there a network here? (ConnectionError)" in said


def test_a_network_that_ends_in_the_middle(site, monkeypatch, tmp_path, capsys):
    large(site, monkeypatch)
    site.cut, site.cuts = 122_880, 1
    real = site.answer

    def answer(handler):
        if site.asked:
            handler.close_connection = True  # not a byte
        else:
            real(handler)

    site.answer = answer
    said = told(capsys, "pets", "--to", tmp_path)
    assert "0.1 MB are kept, and the next try continues after them" in said
    site.answer, site.cuts = real, 0
    fetch("pets", tmp_path)
    assert site.asked[1] == ("/images.tar.gz", "bytes=122880-")


def test_without_pooch(tmp_path):
    code = (
        "import sys; sys.modules['pooch'] = None\n"
        "from nn_scratch.cli import main\n"
        f"sys.exit(main(['fetch', 'pets', '--to', {str(tmp_path)!r}]))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 2
    assert ran.stderr == (
        "nn-scratch: fetching data sets needs pooch, which is not installed: pip install "
        "'nn-scratch[fetch]'\n"
    )


def test_another_name(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["fetch", "imagenet"])
    assert ended.value.code == 2 and "invalid choice: 'imagenet'" in capsys.readouterr().err


# ---------------------------------------------------------------- archives


@pytest.mark.parametrize("pack", [tar, zipped])
@pytest.mark.parametrize(
    "name", ["../out.txt", "a/../../out.txt", "/tmp/out.txt", "..\\out.txt", "C:/out.txt", "a/.."]
)
def test_names_that_lead_out_of_the_folder(tmp_path, pack, name):
    path, folder = tmp_path / "archive", tmp_path / "in" / "folder"
    path.write_bytes(pack({"first.txt": b"1", name: b"2"}))
    with pytest.raises(FetchError, match="archive holds a file that would lie elsewhere"):
        unpack(path, folder)
    assert [p.name for p in tmp_path.rglob("*.txt")] == ["first.txt"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices(tmp_path, kind):
    with tarfile.open(tmp_path / "archive", "w") as opened:
        entry = tarfile.TarInfo("images/link")
        entry.type, entry.linkname = kind, "/etc/passwd"
        opened.addfile(entry)
    with pytest.raises(FetchError, match="archive holds a link or a device: 'images/link'"):
        unpack(tmp_path / "archive", tmp_path / "folder")


def test_links_in_a_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "archive", "w") as opened:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = 0o120777 << 16
        opened.writestr(entry, "/etc/passwd")
    with pytest.raises(FetchError, match="archive holds a link: 'link'"):
        unpack(tmp_path / "archive", tmp_path / "folder")


@pytest.mark.parametrize(
    "content",
    [
        b"<html>Not found</html>",
        b"",
        tar({"a": bytes(99_999)}, "w:gz")[:-40],
        tar({"a": bytes(2000)})[:1500],
        zipped({"a": b"123456789"}).replace(b"123456789", b"987654321"),
        gzip.compress(b"no tar in here"),
    ],
    ids=["a page", "nothing", "cut gz", "cut tar", "damaged zip", "no tar"],
)
def test_what_is_damaged_or_no_archive(tmp_path, content):
    (tmp_path / "archive").write_bytes(content)
    with pytest.raises(FetchError, match="archive is damaged or no archive"):
        unpack(tmp_path / "archive", tmp_path / "folder")


def test_only_the_folder_that_is_wanted(tmp_path):
    files = {"a/b/c.txt": b"c", "a/b/d/e.txt": b"e", "a/f.txt": b"f", "a/b/._c.txt": b"-"}
    for pack in tar, zipped:
        path, folder = tmp_path / pack.__name__, tmp_path / f"{pack.__name__} folder"
        path.write_bytes(pack(files))
        unpack(path, folder, "a/b/")
        found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.txt")}
        assert found == {"c.txt": b"c", "d/e.txt": b"e"}


def test_addresses_and_checksums_are_those_of_the_sites():
    known = {archive.url: archive for one in DATA_SETS.values() for archive in one.archives}
    assert sorted(archive.name for archive in known.values()) == [
        "PennFudanPed.zip",
        "VOCtest_06-Nov-2007.tar",
        "VOCtrainval_06-Nov-2007.tar",
        "annotations.tar.gz",
        "images.tar.gz",
    ]
    for archive in known.values():
        assert isinstance(archive, Archive) and archive.url.startswith("http")
        assert (archive.md5 is None) == (archive.size is not None)
        assert archive.md5 is None or re.fullmatch("[0-9a-f]{32}", archive.md5)
