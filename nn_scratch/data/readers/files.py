"""The files of a data set: listing them, finding them by name, and reading texts of any system."""

import codecs
import os
import re
from collections.abc import Iterable
from pathlib import Path
from unicodedata import normalize

from nn_scratch.arguments import a_path, a_text, optional
from nn_scratch.data.errors import DataError

IMAGES = {".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".tif", ".tiff", ".webp"}

MARKS = (  # UTF-32's little-endian mark begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([^"']*)["']""")


def composed(name: str) -> str:
    """A name with composed accents (Unicode's NFC). macOS writes "ä" as two characters and other
    systems as one, but both mean the same name."""
    return normalize("NFC", name)


def one_line(text: str | None) -> str:
    """A label with composed accents, and with single blanks in place of runs of blanks and line
    breaks."""
    return composed(" ".join((text or "").split()))


def relative_name(path: Path, folder: Path) -> str:
    """The name of a file in a data set: its path relative to the folder, with slashes."""
    if path.is_relative_to(folder):  # it is not if a table names images elsewhere
        path = path.relative_to(folder)
    return composed(path.as_posix())


def some(names: Iterable[str], limit: int = 3) -> str:
    """The first few names, and how many more there are, as a text."""
    names = list(names)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def counted(number: int, thing: str, things: str | None = None) -> str:
    """A number with its noun: "1 image", "3 images"."""
    return f"{number} {thing if number == 1 else things or thing + 's'}"


# ---------------------------------------------------------------- which files


def files_in(folder: str | Path, suffixes: set[str]) -> list[Path]:
    """The files with one of the suffixes in a folder and its subfolders, sorted by name, without
    hidden ones. Raises DataError if there are none."""
    found = [path for path in _visible(folder) if path.suffix.lower() in suffixes]
    if not found:
        raise DataError(f"{folder} has no file that ends in {', '.join(sorted(suffixes))}")
    return found


def image_files(folder: str | Path) -> list[Path]:
    """The image files in a folder and its subfolders, sorted by name. Raises DataError if there are
    none."""
    return files_in(folder, IMAGES)


def other_files(folder: str | Path) -> list[str]:
    """A list with a note about the files in a folder that are not images; empty without such."""
    names = [path.name for path in _visible(folder) if path.suffix.lower() not in IMAGES]
    if not names:
        return []
    return [
        f"{counted(len(names), 'file')} in {folder} left out, which is no image to be read here "
        f"({', '.join(sorted(IMAGES))}): {some(names)}"
    ]


def _visible(folder: str | Path) -> list[Path]:
    """All files in a folder and its subfolders that are not hidden, sorted by name."""
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(parent, name) for name in names if not name.startswith(".")]
    return sorted(found, key=lambda path: relative_name(path, folder))


class Finder:
    """Finds files in a folder by their names, whether accents are composed or not."""

    def __init__(self, folder: str | Path):
        self.folder = a_path("images", folder)
        self._listings: dict[Path, dict[str, Path]] = {}

    def __call__(self, name: str) -> Path:
        """The path of the file with this name, in which folders may be separated by backslashes. If
        there is no such file, the path is the name as written, in the folder."""
        written = self.folder / name
        if written.exists():
            return written
        path = self.folder
        for part in Path(name.replace("\\", "/")).parts:
            path = self._listing(path).get(composed(part), path / part)
        return path if path.exists() else written

    def _listing(self, folder: Path) -> dict[str, Path]:
        if folder not in self._listings:
            entries = folder.iterdir() if folder.is_dir() else ()
            self._listings[folder] = {composed(entry.name): entry for entry in entries}
        return self._listings[folder]


# ---------------------------------------------------------------- texts


def read_text(path: str | Path, encoding: str | None = None) -> str:
    """The text of a file.

    The encoding is that of the byte-order mark (UTF-8, UTF-16 or UTF-32) if there is one, or else
    `encoding`, or else what an XML file declares, or else UTF-8.

    Raises: DataError, with the encoding and the line, if the file is not in that encoding. No other
        is guessed, because a wrong guess may raise no error and turn "Kätzchen" into "KÃ¤tzchen".
    """
    optional(a_text, "encoding", encoding)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    declared = DECLARED.match(data)
    marked = next((name for mark, name in MARKS if data.startswith(mark)), None)
    used = marked or encoding or (declared and declared[1].decode("ascii", "replace")) or "utf-8"
    try:
        text = data.decode(used)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        found = " ".join(f"{byte:02x}" for byte in data[error.start : error.start + 1])
        raise DataError(
            f"{path}, line {line}: the byte {found} is not {used.removesuffix('-sig').upper()}. "
            "Save the file as UTF-8, or name its encoding: --encoding cp1252 (Windows, western "
            "Europe), latin-1, gb18030, shift_jis, ..."
        ) from error
    except (LookupError, ValueError) as error:
        raise DataError(f"{path}: there is no text encoding {used!r} here") from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise DataError(
            f"{path}, line {line}: the text has zeros as {used.upper()}; it may be UTF-16 without "
            "a byte-order mark: --encoding utf-16-le or utf-16-be"
        )
    return text
