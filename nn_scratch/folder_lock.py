"""A folder that one process at a time writes to."""

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
    """Another process writes there; the message says which."""


@contextmanager
def locked(folder: Path, name: str = LOCK) -> Iterator[None]:
    """Keep other processes that ask for a lock of this name from the folder within.

    Raises: InUseError if another process has it; OSError if nobody can write there.
    """
    lock = _held(folder / name)
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes no file that is open
            (folder / name).unlink()
        os.close(lock)


def _held(path):
    """An open file that only one process can hold; the system lets go of it when that ends, however
    that ends."""
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
        os.close(lock)  # its holder has just ended and removed it


def _hold(lock):
    """Raises OSError if another process holds the file."""
    if fcntl is not None:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        import msvcrt

        msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
