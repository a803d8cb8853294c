"""A lock that lets one process at a time write to a folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK = ".nn-scratch.lock"


class InUseError(Exception):
    """Another process is writing to the folder; the message says which."""


@contextmanager
def locked(folder: Path, name: str = LOCK) -> Iterator[None]:
    """A context in which this process holds the lock of this name in the folder.

    Raises: InUseError if another process holds it; OSError if the folder is not writable.
    """
    lock = _held(folder / name)
    try:
        yield
    finally:
        with suppress(OSError):  # Windows does not remove open files
            (folder / name).unlink()
        os.close(lock)


def _held(path):
    """An open file that is locked for this process. The system releases the lock when the process
    ends, even if it is killed."""
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _hold(lock)
        except OSError:
            holder = os.read(lock, 20).decode(errors="replace").strip() if fcntl else ""
            os.close(lock)
            raise InUseError(f"process {holder}" if holder else "another process") from None
        with suppress(OSError):
            if os.path.samestat(os.fstat(lock), os.stat(path)):
                os.truncate(lock, 0)
                os.write(lock, str(os.getpid()).encode())
                return lock
        os.close(lock)  # another process has just removed this file, so try again


def _hold(lock):
    """Lock a file. Raises OSError if another process has locked it."""
    if fcntl is not None:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        import msvcrt

        msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
