"""Folders for results. One process at a time writes to a folder, every file in it is whole, and no
file is replaced that nn-scratch did not write."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from nn_scratch.folder_lock import InUseError, locked

MANIFEST = ".nn-scratch.json"
TEMPORARY = ".nn-scratch.tmp"  # at the end of a file's name while it is written

_open: dict = {}  # the folders that this process writes to, by path


class OutputError(Exception):
    """Results cannot be written to a folder or file; the message says why, and what helps."""


@contextmanager
def output_folder(path: str | Path) -> Iterator["OutputFolder"]:
    """A context that creates the folder and keeps other processes from writing to it.

    Files that a killed process left half-written are removed. The same process may open the folder
    again inside the context, as fit does in a folder that a command has opened.

    Raises: OutputError if another process is writing to the folder, or if it is not writable.
    """
    key = Path(path).resolve()
    if key in _open:
        yield _open[key]
        return
    if key.exists() and not key.is_dir():
        raise OutputError(f"{path} is a file, but results go to a folder")
    with ExitStack() as stack:
        with _explained(path):
            key.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(Path(path)))
            _open[key] = OutputFolder(Path(path))
        stack.callback(_open.pop, key)
        yield _open[key]


class OutputFolder:
    """A folder with its manifest, which has the names of the files that nn-scratch wrote, and the
    hashes of their contents."""

    def __init__(self, path: Path):
        self.path = path
        for left in path.glob(f".*{TEMPORARY}"):
            left.unlink()
        self._hashes = self._read_manifest()
        self._write_manifest()  # this fails early if the folder is not writable

    def is_ours(self, name: str) -> bool:
        """Whether nn-scratch wrote the file of this name as it is now."""
        path = self.path / name
        known = self._hashes.get(name, ())
        return path.is_file() and not path.is_symlink() and _hash_of(path) in known

    def is_free(self, name: str) -> bool:
        """Whether writing a file of this name would replace no file of the user's."""
        return not os.path.lexists(self.path / name) or self.is_ours(name)

    def demand_free(self, *names: str) -> None:
        """Raise OutputError if one of these names is that of a file of the user's."""
        for name in names:
            if not self.is_free(name):
                raise OutputError(
                    f"{self.path / name} was not written by nn-scratch here, and is left as it "
                    "is: move it away, or write to another folder (--out)"
                )

    def adopt(self, name: str) -> None:
        """Enter a file in the manifest, because its contents show that nn-scratch wrote it."""
        self._hashes[name] = [_hash_of(self.path / name)]
        self._write_manifest()

    def write(self, name: str, write: Callable[[Path], object]) -> Path:
        """Let `write(path)` write the file under a temporary name, rename it, and return its path.

        Before the old file is replaced, the manifest lists the hashes of both contents, so that
        the file is known as ours even if the process is killed in between.

        Raises: OutputError if the name is that of a file of the user's, or if it cannot be written.
        """
        self.demand_free(name)
        path, temporary = self.path / name, self.path / f".{name}{TEMPORARY}"
        with _explained(path):
            try:
                write(temporary)
                new = _hash_of(temporary)
                self._hashes[name] = [*self._hashes.get(name, ())[-1:], new]
                self._write_manifest()
                os.replace(temporary, path)
            finally:
                temporary.unlink(missing_ok=True)
            self._hashes[name] = [new]
        return path

    def write_text(self, name: str, text: str) -> Path:
        """Write a text in UTF-8, as `write` does."""
        return self.write(name, lambda path: path.write_text(text, encoding="utf-8"))

    def write_figure(self, name: str, figure) -> Path:
        """Write a matplotlib Figure as a PNG, as `write` does."""
        return self.write(name, lambda path: figure.savefig(path, format="png", dpi=110))

    def _read_manifest(self):
        """The hashes by name; empty if the manifest is missing or damaged."""
        try:
            said = json.loads((self.path / MANIFEST).read_text(encoding="utf-8"))["files"]
            return {name: hashes for name, hashes in said.items() if isinstance(hashes, list)}
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _write_manifest(self):
        temporary = self.path / f"{MANIFEST}{TEMPORARY}"
        text = json.dumps({"written by nn-scratch": True, "files": self._hashes}, indent=1)
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, self.path / MANIFEST)


@contextmanager
def _explained(path):
    """A context that turns the system's errors about a place into an OutputError."""
    try:
        yield
    except InUseError as error:
        raise OutputError(
            f"{path} is in use by {error}: wait for it, or write to another folder (--out)"
        ) from None
    except OSError as error:
        place = error.filename or path
        raise OutputError(f"cannot write to {place}: {error.strerror or error}") from error


def _hash_of(path):
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
