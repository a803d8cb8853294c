"""What a data set is, and which of its samples is asked for."""

from typing import Any

from nn_scratch.arguments import shown, whole


def data_set(name: str, value: Any) -> Any:
    """What has a length and `sample(epoch, index)`.

    Raises: TypeError for anything else.
    """
    if callable(getattr(value, "sample", None)) and hasattr(value, "__len__"):
        return value
    raise TypeError(f"{name} is {shown(value)}, but must have a length and sample(epoch, index)")


def sample_at(epoch: Any, index: Any, count: int | None = None) -> tuple[int, int]:
    """The number of an epoch, and that of a sample: one of `count`; any, where samples are drawn.

    Raises: TypeError for what is no whole number, ValueError for what is not there.
    """
    epoch, index = whole("epoch", epoch), whole("index", index)
    if count is not None and index >= count:
        raise ValueError(f"index is {index}, but there are {count} samples, numbered from 0")
    return epoch, index
