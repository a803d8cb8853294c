"""Checkpoints: one .npz file that holds all a run needs to go on as if nothing had happened."""

import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nn_scratch.backend import to_host

FORMAT = 1


class CheckpointError(Exception):
    """A checkpoint that cannot be read, or that belongs to another run."""


@dataclass
class Checkpoint:
    """What a file holds: the states as dicts of arrays, `record` as it was saved."""

    net: dict
    optimizer: dict
    record: dict


def save_checkpoint(path, net, optimizer, record):
    """Write the states of net and optimizer, and `record` (anything JSON can say).

    Written under a temporary name and renamed: whenever the process is killed, `path` is either
    the old checkpoint or the new one, whole.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {f"net/{name}": array for name, array in net.state_dict().items()}
    arrays |= {
        f"optimizer/{name}": to_host(array) for name, array in optimizer.state_dict().items()
    }
    text = json.dumps({"format": FORMAT, "record": record})
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            np.savez(file, record=np.array(text), **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def load_checkpoint(path):
    """The Checkpoint in a file. Raises CheckpointError, with the reason, if it cannot be read."""
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        said = json.loads(str(arrays.pop("record")))
    except FileNotFoundError:
        raise CheckpointError(f"there is no checkpoint {path}") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(
            f"{path} is truncated or no checkpoint of nn_scratch ({error}): delete it to start "
            "afresh, or restore it from a copy"
        ) from error
    if said.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} has checkpoint format {said.get('format')}, but this version reads {FORMAT}"
        )
    return Checkpoint(_part(arrays, "net/"), _part(arrays, "optimizer/"), said["record"])


def _part(arrays, prefix):
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
