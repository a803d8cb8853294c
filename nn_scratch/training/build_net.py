"""Build a net by its name: a net of the library, or one in a user's file, FILE.py:NAME."""

import hashlib
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from nn_scratch.check.user_code import explained_errors
from nn_scratch.data import DataError
from nn_scratch.layers import Layer
from nn_scratch.nets.zoo import UnknownNetError
from nn_scratch.training.checkpoint import CheckpointError
from nn_scratch.training.distributed import RanksError
from nn_scratch.training.optim import demand_parameters
from nn_scratch.training.output_folder import OutputError
from nn_scratch.training.run import DivergedError
from nn_scratch.training.settings import SettingsError
from nn_scratch.user_file import UserCodeError, find_in, load_file

NOT_BY_THE_NET = (  # errors that occur while a user's net runs, but are not faults of its code
    *(CheckpointError, DataError, DivergedError, OutputError, RanksError, SettingsError),
    *(MemoryError, OSError),
)

CHOSEN = ("width", "kernel_size")  # settings that a net may take: an error if it does not
OFFERED = ("image_size", "rng")  # arguments that a net gets only if its signature names them


class NetFile(NamedTuple):
    """The place of a user's own net: a file, and the name of a class or function in it."""

    path: Path
    name: str

    def fingerprint(self) -> str:
        """The hash of the file, which shows whether the file has changed."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


def net_file(net: str) -> NetFile | None:
    """The NetFile that FILE.py:NAME means; None for a net of the library.

    Raises: SettingsError if the name is missing.
    """
    path, colon, name = net.rpartition(":")
    if net.endswith(".py") or (path.endswith(".py") and not name):
        raise SettingsError("net", f"is {net!r}, which says no name: write {net.rstrip(':')}:NAME")
    return NetFile(Path(path), name) if colon and path.endswith(".py") else None


def label(net: str) -> str:
    """A short name for tables and folders: FILE.NAME for a user's own net."""
    own = net_file(net)
    return net if own is None else f"{own.path.stem}.{own.name}"


def find_builder(nets: dict[str, Callable], task: str, net: str) -> Callable:
    """The class or function that builds the net. nets: the library's builders for the task.

    Raises: UnknownNetError, with the known names; UserCodeError if the user's file has no such
        name or cannot be loaded.
    """
    own = net_file(net)
    if own is not None:
        return find_in(load_file(own.path), own.path, own.name)
    if net not in nets:
        raise UnknownNetError(f"there is no net {net!r} for {task}, but {', '.join(nets)}")
    return nets[net]


def errors_of(net: str) -> AbstractContextManager:
    """A context in which an error raised by a user's own net names their file and the line."""
    own = net_file(net)
    return nullcontext() if own is None else explained_errors(own.path, own.name, NOT_BY_THE_NET)


def build_net(
    nets: dict[str, Callable],
    task: str,
    net: str,
    in_channels: int,
    num_classes: int,
    *,
    image_size: tuple,
    rng: int,
    **chosen: int | None,
) -> Layer:
    """The net before training.

    Its builder, a function or a class, is called with in_channels and num_classes, with image_size
    and rng if its signature names them, and with those of `chosen` that are not None.

    Raises: UnknownNetError for a name that no net has; SettingsError for an option that the builder
        does not take or with which no net can be built; UserCodeError for an error in the user's
        file.
    """
    build = find_builder(nets, task, net)
    if not callable(build):
        raise UserCodeError(f"{net} is no class or function that builds a net")
    given: dict[str, Any] = {n: value for n, value in chosen.items() if value is not None}
    takes = _names(build, open_ended=net_file(net) is not None)
    for name in given:
        if name not in takes:
            has = ", ".join(n for n in CHOSEN if n in takes) or "none of its own"
            raise SettingsError(name, f"is no option of {label(net)}, which has {has}")
    offered: dict[str, Any] = {"image_size": tuple(image_size), "rng": rng}
    given |= {name: value for name, value in offered.items() if name in takes}
    with errors_of(net):
        try:
            made = build(in_channels, num_classes, **given)
        except (ValueError, TypeError, MemoryError) as error:
            if net_file(net) is not None:
                raise
            raise SettingsError("net", f"{net} cannot be built so: {error}") from error
    if not isinstance(made, Layer):
        raise UserCodeError(
            f"{net} gives a {type(made).__name__}, but a net is a nn_scratch.layers.Layer"
        )
    try:
        demand_parameters(made)
    except ValueError as error:
        raise UserCodeError(str(error)) from error
    return made


def _names(build, open_ended):
    """The parameters that can be passed to a builder by name. `open_ended`: **options of its
    signature accept all of them."""
    try:
        parameters = inspect.signature(build).parameters.values()
    except (TypeError, ValueError):
        return set()
    if open_ended and any(p.kind is p.VAR_KEYWORD for p in parameters):
        return {*CHOSEN, *OFFERED}
    return {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
