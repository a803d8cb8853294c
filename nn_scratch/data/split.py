"""Which images are trained on and which are held out for validation: a matter of each image alone.

Whether an image is held out depends on a hash of its name, not on how many images there are: a
folder may grow, and every image stays on its side. What has been trained on is never validated on
later.
"""

import re
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

from nn_scratch.backend import Array
from nn_scratch.data.collate import collate_of
from nn_scratch.data.readers.files import DataError

HELD_OUT = 0.2  # the share of images, nearly


class Subset:
    """The samples of a data set that `indices` names."""

    def __init__(self, dataset: Any, indices: Sequence[int]):
        self.dataset = dataset
        self.indices = indices
        self.collate = collate_of(dataset)

    def __len__(self) -> int:
        return len(self.indices)

    def sample(self, epoch: int, index: int) -> tuple[Array, ...]:
        """What the data set has under the number that is the index-th here."""
        return self.dataset.sample(epoch, int(self.indices[index]))


def holdout(dataset: Any, names: list[str], group_by: str | None = None) -> tuple[Subset, Subset]:
    """Two Subsets: about four fifths to train on, one to validate on.

    An image is held out where the hash of its name, or of its group's, is among the lowest fifth.
    If that is so for none or all of a few images, one group is moved: the nearest to the border.

    names: of the images, from the data set's folder on. group_by: images of one group are on one
    side; "folder", the folder that they are in, or a regular expression that is searched in the
    name, of which the groups (or else the whole match) tell what belongs together.

    Returns: what is trained on, and what is held out, in the order of the names.
    Raises: DataError if there is only one image or group, or the expression is none or is not found
    in a name.
    """
    group_of = grouping(group_by)
    keys = [group_of(name) for name in names]
    if len(set(keys)) < 2:
        what = "image" if group_by is None else f"group (by {group_by!r})"
        raise DataError(f"one {what} is too few to hold some out for validation")
    held, _ = _held_out(keys)
    sides: tuple[list[int], list[int]] = [], []
    for index, key in enumerate(keys):
        sides[key in held].append(index)
    return Subset(dataset, sides[0]), Subset(dataset, sides[1])


def moved_group(names: list[str], group_by: str | None = None) -> str | None:
    """A sentence about the group that holdout moves where a side of the split would be empty; None
    if it moves none."""
    held, moved = _held_out(list(map(grouping(group_by), names)))
    if moved is None:
        return None
    side, other = ("held out", "trained on") if moved in held else ("trained on", "held out")
    what = "image" if group_by is None else "group"
    return (
        f"the {what} {moved!r} is {side} because no other is: as the folder grows, it will be "
        f"{other}"
    )


def _held_out(keys):
    """Which groups are held out, and the one among them, or missing there, that was moved."""
    places = {key: place(key) for key in keys}
    held = {key for key in places if places[key] < HELD_OUT}
    if not held:
        moved = min(places, key=places.__getitem__)
        return {moved}, moved
    if len(held) == len(places):
        moved = max(places, key=places.__getitem__)
        return held - {moved}, moved
    return held, None


def place(key: str) -> float:
    """Where a name falls between 0 and 1: its BLAKE2 hash, the same on every machine."""
    digest = blake2b(key.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def grouping(group_by: str | None) -> Callable[[str], str]:
    """From `group_by`, as in holdout, to a function from a name to its group."""
    if group_by is None:
        return str
    if group_by == "folder":
        return lambda name: name.rpartition("/")[0]
    try:
        pattern = re.compile(group_by)
    except re.error as error:
        raise DataError(f"group_by {group_by!r} is no regular expression: {error}") from error

    def group_of(name):
        found = pattern.search(name)
        if not found:
            raise DataError(f"group_by {group_by!r} is not found in the name {name}")
        parts = [part for part in found.groups() if part is not None]
        return "\n".join(parts) if parts else found[0]

    return group_of
