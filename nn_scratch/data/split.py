"""Split images into those to train on and those that are held out for validation.

Whether an image is held out depends on a hash of its name only, not on the other images. So every
image stays on its side when the folder grows, and no image that was trained on is later used for
validation.
"""

import re
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

from nn_scratch.backend import Array
from nn_scratch.data.collate import collate_of
from nn_scratch.data.readers.files import DataError

HELD_OUT = 0.2  # the share of images, approximately


class Subset:
    """The samples of a data set that have the given indices."""

    def __init__(self, dataset: Any, indices: Sequence[int]):
        self.dataset = dataset
        self.indices = indices
        self.collate = collate_of(dataset)

    def __len__(self) -> int:
        return len(self.indices)

    def sample(self, epoch: int, index: int) -> tuple[Array, ...]:
        """The sample of the data set whose number is indices[index]."""
        return self.dataset.sample(epoch, int(self.indices[index]))


def holdout(dataset: Any, names: list[str], group_by: str | None = None) -> tuple[Subset, Subset]:
    """Split a data set into about four fifths to train on and one fifth to validate on.

    An image is held out if the hash of its name, or of the name of its group, is in the lowest
    fifth of all possible hashes. If that holds for none or for all of a few images, the group whose
    hash is nearest to the border is moved to the other side.

    names: paths of the images, relative to the data set's folder. group_by: images of one group
    stay on one side. With "folder", the images of one folder are a group. Otherwise it is a regular
    expression that is searched in each name; its groups, or without groups the whole match, are the
    name of the image's group.

    Returns: two Subsets, to train on and to validate on, in the order of the names.
    Raises: DataError if there is only one image or group, if the expression is not a regular
        expression, or if it is not found in a name.
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
    """A sentence about the group that holdout moved because a side of the split would be empty;
    None if it moved none."""
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
    """(the groups that are held out, the group that was moved to or from them, or None)."""
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
    """A number from 0 to 1 for a name: its BLAKE2 hash, which is the same on every machine."""
    digest = blake2b(key.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def grouping(group_by: str | None) -> Callable[[str], str]:
    """The function from an image's name to its group that `group_by` means, see holdout."""
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
