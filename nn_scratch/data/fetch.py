"""Download well-known data sets from their own sites into folders that open_folder reads.

An interrupted download is continued. Each archive is compared with a checksum and unpacked into a
temporary folder, which gets its final name when everything in it is in order.
"""

import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO, Any, NamedTuple
from zlib import error as zlib_error

from tqdm import tqdm

from nn_scratch.folder_lock import InUseError, locked

CHUNK = 1 << 13  # bytes that are written at a time
TIMEOUT = 10, 60  # seconds to connect, and to wait for the next byte


class FetchError(RuntimeError):
    """A data set cannot be fetched; the message says why, and names the address."""


class Archive(NamedTuple):
    """A file to download: its address; its MD5 checksum, or its size in bytes if no checksum is
    published; and the folder in it that is wanted, with a slash at the end, or "" for all."""

    url: str
    md5: str | None
    size: int | None = None
    inside: str = ""

    @property
    def name(self):
        """The name of the file."""
        return self.url.rpartition("/")[2]


class DataSet(NamedTuple):
    """A data set: its archives; the number of files that its folders must hold, by folder; the
    names of its classes if no file in it names them; and the training commands that it suits."""

    title: str
    archives: tuple[Archive, ...]
    counts: dict[str, int]
    class_names: tuple[str, ...]
    commands: tuple[str, ...]


VOC_NAMES = (
    "background aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse "
    "motorbike person pottedplant sheep sofa train tvmonitor"
)
PETS = "https://www.robots.ox.ac.uk/~vgg/data/pets/data/"
VOC = "http://host.robots.ox.ac.uk/pascal/VOC/voc2007/"
PENN = "https://www.cis.upenn.edu/~jshi/ped_html/"
DATA_SETS = {
    "pets": DataSet(
        "Oxford-IIIT Pet: cats and dogs, trimaps and boxes of heads",
        (
            Archive(PETS + "images.tar.gz", "5c4f3ee8e5d25df40f4fd59a7f44e54c"),
            Archive(PETS + "annotations.tar.gz", "95a8c909bbe2e81eed6a22bccdf3f68f"),
        ),
        {},
        (),
        ("segmentation --size 96 96", "localization --size 96 96", "detection --size 96 96"),
    ),
    "voc2007": DataSet(
        "Pascal VOC 2007: boxes of twenty classes, and masks of some images",
        (
            Archive(
                VOC + "VOCtrainval_06-Nov-2007.tar",
                "c52e279531787c972589f7e41ab4ae64",
                inside="VOCdevkit/VOC2007/",
            ),
            Archive(
                VOC + "VOCtest_06-Nov-2007.tar",
                "b6e924de25625d8de591ea690078ad9f",
                inside="VOCdevkit/VOC2007/",
            ),
        ),
        {},
        tuple(VOC_NAMES.split()),
        ("detection --size 128 128", "segmentation --size 128 128 --ignore-index 255"),
    ),
    "penn-fudan": DataSet(
        "Penn-Fudan: pedestrians, their boxes and masks",
        # No checksum is published; the size and the number of files are known.
        (Archive(PENN + "PennFudanPed.zip", None, 53_723_336, "PennFudanPed/"),),
        {"PNGImages": 170, "PedMasks": 170, "Annotation": 170},
        (),
        ("detection --size 128 128", "segmentation --size 128 128"),
    ),
}


def cache_folder() -> Path:
    """The default folder for data sets, nn_scratch in the user's cache folder.

    Returns: a Path, which may not exist yet.
    Raises: FetchError if pooch is not installed.
    """
    return Path(_pooch().os_cache("nn_scratch"))


def fetch(name: str, to: str | Path | None = None, say: Callable[[str], Any] = print) -> Path:
    """Download and unpack one of DATA_SETS, unless it is there already.

    to: the folder in which the folder of the data set is made, by default the cache folder.
    say: a function that gets a line of text about each archive. A terminal shows a progress bar.

    Returns: the folder of the data set.
    Raises: FetchError if pooch is not installed, if there is no network, if another process is
        fetching the same data set, or if the files are not those expected; KeyError for another
        name.
    """
    data_set, pooch = DATA_SETS[name], _pooch()
    place = cache_folder() if to is None else Path(to)
    folder = place / name
    if folder.is_dir():
        return folder
    place.mkdir(parents=True, exist_ok=True)
    try:
        with locked(place, f".{name}.lock"):
            if not folder.is_dir():  # another process may just have made it
                _make(folder, data_set, pooch, say)
    except InUseError as error:
        raise FetchError(f"{folder} is being fetched by {error}: wait for it") from None
    return folder


def _make(folder, data_set, pooch, say):
    """Download, unpack and check the data set, and create its folder last."""
    place, name = folder.parent, folder.name
    paths = [
        _downloaded(archive, place / f"{name}-{archive.name}", pooch, say)
        for archive in data_set.archives
    ]
    with TemporaryDirectory(dir=place, prefix=f".{name}-") as temporary:
        made = Path(temporary) / name
        made.mkdir()
        for archive, path in zip(data_set.archives, paths, strict=True):
            unpack(path, made, archive.inside)
        _check(made, data_set)
        if data_set.class_names:
            (made / "classes.txt").write_text("\n".join(data_set.class_names) + "\n")
        made.rename(folder)
    for path in paths:
        path.unlink()


def _check(folder, data_set):
    """Raise FetchError unless the folder holds as many files as the data set must have."""
    for part, count in data_set.counts.items():
        found = sum(not path.name.startswith(".") for path in (folder / part).glob("*"))
        if found != count:
            raise FetchError(
                f"the archive has {found} files in {part}/, but the data set {count}: it is "
                "another version than the one that is known here"
            )


# ---------------------------------------------------------------- downloading


def _pooch():
    """The module pooch, which is an extra."""
    try:
        import pooch
    except ImportError as error:
        raise FetchError(
            "fetching data sets needs pooch, which is not installed: pip install "
            "'nn-scratch[fetch]'"
        ) from error
    pooch.get_logger().setLevel("WARNING")
    return pooch


def _downloaded(archive, path, pooch, say):
    """The path of an archive, which is downloaded if it is not there, and checked."""
    known = None if archive.md5 is None else f"md5:{archive.md5}"
    download = _Download(path.with_name(path.name + ".part"), say)
    try:
        pooch.retrieve(archive.url, known, path.name, path.parent, downloader=download)
    except ValueError as error:  # pooch raises it for a wrong checksum
        raise FetchError(
            f"{archive.url} gave another file than the one that is known here (MD5 {archive.md5}). "
            "It was deleted: try again; if that does not help, the data set has changed"
        ) from error
    size = path.stat().st_size
    if archive.size not in (None, size):
        path.unlink()
        raise FetchError(
            f"{archive.url} gave {size} bytes, but the file that is known here has {archive.size}. "
            "It was deleted: try again; if that does not help, the data set has changed"
        )
    return path


class _Download:
    """A downloader for pooch that continues interrupted downloads. The file `part` holds the bytes
    received so far."""

    def __init__(self, part: Path, say: Callable[[str], Any]):
        self.part, self.say = part, say

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        """Download to output_file, with a new connection whenever one is lost after it has brought
        some bytes. Raises FetchError when one brings none."""
        import requests

        while True:
            before = self._size()
            try:
                self._download_rest(url)
                break
            except requests.RequestException as error:
                if self._size() <= before:
                    raise FetchError(self._sentence(url, error)) from error
        shutil.move(self.part, output_file)

    def _size(self):
        """The number of bytes received so far."""
        return self.part.stat().st_size if self.part.exists() else 0

    def _download_rest(self, url):
        """Request the missing bytes, and append them. Raises errors of requests."""
        import requests

        have = self._size()
        asked = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with requests.get(url, headers=asked, stream=True, timeout=TIMEOUT) as answer:
            if answer.status_code == 416:  # there are no bytes after those received
                if answer.headers.get("Content-Range", "").endswith(f"/{have}"):
                    return
                self.part.unlink()
                return self._download_rest(url)
            answer.raise_for_status()
            resumed = answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            start = have if answer.status_code == 206 and resumed else 0
            rest = int(answer.headers.get("Content-Length", 0)) or None
            total = rest and start + rest
            self.say(_line(url, start, total))
            with (
                open(self.part, "ab" if start else "wb") as file,
                tqdm(
                    desc=self.part.stem,
                    total=total,
                    initial=start,
                    unit="B",
                    unit_scale=True,
                    leave=False,
                    disable=None,
                ) as bar,
            ):
                for chunk in answer.iter_content(CHUNK):
                    file.write(chunk)
                    bar.update(len(chunk))
        if total and self._size() < total:
            raise requests.ConnectionError("the connection ended early")

    def _sentence(self, url, error):
        """The message for an error of requests."""
        answer = getattr(error, "response", None)
        if answer is not None:
            return (
                f"{url} cannot be had: the site answers {answer.status_code} {answer.reason}. It "
                "may have moved, or be down for a while"
            )
        kept = f"; {_megabytes(self._size())} are kept, and the next try continues after them"
        return (
            f"{url} cannot be reached: is there a network here? "
            f"({type(error).__name__}{kept if self._size() else ''})"
        )


def _line(url, start, total):
    """The line that announces a download."""
    size = "" if total is None else f", {_megabytes(total)}"
    return f"{url}{size}" + (f", continuing after {_megabytes(start)}" if start else "")


def _megabytes(count):
    return f"{count / 1e6:.1f} MB"


# ---------------------------------------------------------------- unpacking


def unpack(archive: Path, folder: Path, inside: str = "") -> None:
    """Unpack a tar or zip archive into a folder: the files in its folder `inside`, a name with a
    slash at the end, or all if that is empty. Files that macOS adds ("._name") are left out.

    Raises: FetchError for names that lead out of the folder, for links and devices, before anything
        is written outside of the folder; and for a file that is not an archive.
    """
    try:
        for name, file in _members(archive):
            path = _safe(archive, name)
            if not path.as_posix().startswith(inside) or path.name.startswith("._"):
                continue
            target = folder / path.as_posix().removeprefix(inside)
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(target, "wb") as written:
                shutil.copyfileobj(file, written, CHUNK)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib_error) as error:
        raise FetchError(f"{archive.name} is damaged or no archive: {error}") from error


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The names of an archive's files with the open files, one after another."""
    return _in_zip(archive) if zipfile.is_zipfile(archive) else _in_tar(archive)


def _in_zip(archive):
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            if entry.external_attr >> 28 not in (0, 4, 8):  # Unix's types: none, folder, file
                raise FetchError(f"{archive.name} holds a link: {entry.filename!r}")
            if not entry.is_dir():
                with opened.open(entry) as file:
                    yield entry.filename, file


def _in_tar(archive):
    with tarfile.open(archive) as opened:
        for entry in opened:
            if not (entry.isdir() or entry.isreg()):
                raise FetchError(f"{archive.name} holds a link or a device: {entry.name!r}")
            if entry.isreg():
                yield entry.name, opened.extractfile(entry)


def _safe(archive, name):
    """The path of a name in an archive. Raises FetchError if it leads out of the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise FetchError(f"{archive.name} holds a file that would lie elsewhere: {name!r}")
    return path
