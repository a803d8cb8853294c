"""Checkpoints: a single .npz file with all that a run needs to continue exactly where it was."""

import io
import json
import os
import zipfile
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from nn_scratch import strict_json
from nn_scratch.arguments import a_path, an_instance
from nn_scratch.backend import to_host
from nn_scratch.layers import Layer
from nn_scratch.training.optim import Optimizer

FORMAT = 2
RECORD = "record"


class CheckpointError(Exception):
    """A checkpoint cannot be read, or belongs to another run."""


@dataclass
class Checkpoint:
    """The contents of a file: the states of net and optimizer, and the record saved with them."""

    path: Path | str
    net: dict[str, np.ndarray]
    optimizer: dict[str, np.ndarray]
    record: dict[str, Any]

    def restore(self, net: Layer, optimizer: Optimizer | None = None) -> None:
        """Load the states into net and optimizer, both or neither.

        Raises: CheckpointError if they belong to another net or another optimizer.
        """
        before = net.state_dict()
        try:
            _check_values(self.net, before)
            net.load_state_dict(self.net)
            if optimizer is not None:
                optimizer.load_state_dict(self.optimizer)
        except (ValueError, TypeError, KeyError) as error:
            net.load_state_dict(before)
            raise CheckpointError(f"{self.path} is of another net or optimizer: {error}") from error


def save_checkpoint(path: str | Path, net: Layer, optimizer: Optimizer, record: dict) -> None:
    """Write the states of net and optimizer, and `record`, a dict of values that JSON can hold;
    NaN becomes null.

    The file is written under a temporary name and renamed, so that `path` is always a whole
    checkpoint, the old or the new one, even if the process is killed meanwhile.

    Raises: TypeError or ValueError if an argument is not of its type.
    """
    path = a_path("path", path)
    an_instance("net", net, Layer)
    an_instance("optimizer", optimizer, Optimizer)
    an_instance("record", record, dict)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        write_checkpoint(temporary, net, optimizer, record)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_checkpoint(path: str | Path, net: Layer, optimizer: Optimizer, record: dict) -> None:
    """Write a checkpoint straight to `path`, without a temporary name."""
    write_states(path, net.state_dict(), optimizer.state_dict(), record)


def write_states(path: str | Path, net: dict, optimizer: dict, record: dict) -> None:
    """Write a checkpoint of the given states of a net and an optimizer, which are dicts of
    arrays."""
    states = {"net": net, "optimizer": optimizer}
    arrays = {f"{of}/{name}": to_host(a) for of, part in states.items() for name, a in part.items()}
    text = strict_json.dumps({"format": FORMAT, "arrays": sorted(arrays), "record": record})
    contents: dict[str, Any] = {RECORD: np.array(text), **arrays}
    with Path(path).open("wb") as file:
        np.savez(file, **contents)
        file.flush()
        os.fsync(file.fileno())


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint that save_checkpoint or fit wrote.

    A file of unknown origin is safe to read: nothing in it is executed, and reading takes no more
    memory than the file is long.

    Returns: the Checkpoint, with the states of net and optimizer as dicts of arrays.
    Raises: CheckpointError, with the reason, if the file cannot be read, is damaged or incomplete,
        or is not a checkpoint of this version; TypeError if `path` is not a path.
    """
    a_path("path", path)
    try:
        with Path(path).open("rb") as file, zipfile.ZipFile(file) as archive:
            said = _record(archive)
            arrays = _arrays(archive, said) if said.get("format") == FORMAT else {}
    except FileNotFoundError:
        raise CheckpointError(f"there is no checkpoint {path}") from None
    except (PermissionError, IsADirectoryError, NotADirectoryError) as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error
    except Exception as error:  # on a damaged file zipfile, NumPy and json raise many types
        why = str(error).partition("\n")[0][:200] or type(error).__name__
        raise CheckpointError(
            f"{path} is truncated or no checkpoint of nn_scratch ({why}): restore it from a "
            "copy, or move it away and train again"
        ) from error
    if said.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} has checkpoint format {said.get('format')}, but this version of nn_scratch "
            f"reads {FORMAT}: train again, or use the version that wrote it"
        )
    return Checkpoint(path, _part(arrays, "net/"), _part(arrays, "optimizer/"), said[RECORD])


def _record(archive):
    """The JSON text in the file, as a dict."""
    said = json.loads(str(_array(archive, RECORD)))
    if not isinstance(said, dict) or (said.get("format") == FORMAT and not _is_whole(said)):
        raise ValueError("its record is none of a checkpoint")
    return said


def _is_whole(said):
    return isinstance(said.get(RECORD), dict) and isinstance(said.get("arrays"), list)


def _arrays(archive, said):
    """All arrays but the record, which lists their names."""
    names = {name.removesuffix(".npy") for name in archive.namelist()} - {RECORD}
    if names != set(said["arrays"]):
        raise ValueError("it has not the arrays that its record lists")
    return {name: _array(archive, name) for name in names}


def _array(archive, name):
    """One array. Its header is checked first: the size that it announces must be that of the
    file."""
    entry = archive.getinfo(f"{name}.npy")
    if entry.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} is compressed")
    file = io.BytesIO(archive.read(entry))
    version = np.lib.format.read_magic(file)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    shape, _, dtype = read_header(file)
    left = len(file.getbuffer()) - file.tell()
    if dtype.hasobject or min(shape, default=0) < 0 or prod(shape) * dtype.itemsize != left:
        raise ValueError(f"{name} is not what its header says")
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def _check_values(state, own):
    """Raise ValueError for arrays that the net would accept, but convert to another kind."""
    for name, array in state.items():
        if name in own and array.dtype.kind != own[name].dtype.kind:
            raise ValueError(f"{name} is {array.dtype}, but needs {own[name].dtype}")


def _part(arrays, prefix):
    """The arrays whose names begin with the prefix, named without it."""
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
