"""What is found in an image, what is there, and who found what: records of arrays that belong
together, and the check that they do."""

from typing import Any, NamedTuple

import numpy as np

from nn_scratch.arguments import an_instance, flags, integers, reals, shares, whole
from nn_scratch.backend import Array


class Detections(NamedTuple):
    """What is found in one image: boxes (D, 4) in pixels, scores (D,) and labels (D,)."""

    boxes: Array
    scores: Array
    labels: Array


class Objects(NamedTuple):
    """What is there in one image: labels (G,), boxes (G, 4) in pixels, and which of them do not
    count (G,) bool: difficult ones, and crowds, which hold many objects; none, if not given.

    Whoever finds a difficult object, or lies within a crowd, is neither right nor wrong. A crowd
    may be found any number of times.
    """

    labels: Array
    boxes: Array
    difficult: Array | None = None
    crowd: Array | None = None


class Matches(NamedTuple):
    """What became of the detections of one class in one image, best first: their scores (D,);
    whether each is right, and whether it does not count, at each threshold, (T, D); which of the
    image's detections they are, `found` (D,). Which of its objects are of the class, `there` (G,);
    whether each counts and is missed, (T, G); and how many count."""

    scores: Array
    right: Array
    ignored: Array
    found: Array
    there: Array
    missed: Array
    objects: int


class Curve(NamedTuple):
    """How recall and precision change as ever more detections count, the best first, (D,) each;
    scores (D,): of the last that counts."""

    recall: Array
    precision: Array
    scores: Array


# ---------------------------------------------------------------- whole records


def detections(name: str, value: Any) -> Detections:
    """Detections whose arrays have one length.

    Raises: TypeError or ValueError for anything else.
    """
    an_instance(name, value, Detections)
    boxes = reals(f"{name}.boxes", value.boxes, "D", 4)
    labels = integers(f"{name}.labels", value.labels, "D")
    found = Detections(boxes, ranked(f"{name}.scores", value.scores, "D"), labels)
    one_for_each_box(name, found)
    return found


def objects(name: str, value: Any) -> Objects:
    """Objects whose arrays have one length; those that do not count are told.

    Raises: TypeError or ValueError for anything else.
    """
    an_instance(name, value, Objects)
    boxes = reals(f"{name}.boxes", value.boxes, "G", 4)
    none = np.zeros(len(boxes), bool)
    difficult, crowd = (
        none if given is None else flags(f"{name}.{what}", given, "G")
        for what, given in (("difficult", value.difficult), ("crowd", value.crowd))
    )
    found = Objects(integers(f"{name}.labels", value.labels, "G"), boxes, difficult, crowd)
    one_for_each_box(name, found)
    return found


def matches(name: str, value: Any) -> Matches:
    """Matches of which scores, right and ignored have one length.

    Raises: TypeError or ValueError for anything else.
    """
    an_instance(name, value, Matches)
    scores = ranked(f"{name}.scores", value.scores, "D")
    right, ignored = (
        flags(f"{name}.{what}", getattr(value, what), "T", len(scores))
        for what in ("right", "ignored")
    )
    if len(right) != len(ignored):
        raise ValueError(
            f"{name}.right has shape {right.shape}, but {name}.ignored {ignored.shape}"
        )
    count = whole(f"{name}.objects", value.objects)
    return value._replace(scores=scores, right=right, ignored=ignored, objects=count)


def curve(name: str, value: Any) -> Curve:
    """A Curve of which recall never falls.

    Raises: TypeError or ValueError for anything else.
    """
    an_instance(name, value, Curve)
    recall = reals(f"{name}.recall", value.recall, "D")
    precision = shares(f"{name}.precision", value.precision, len(recall))
    unknown = np.isnan(recall)
    if not unknown.all() and (
        unknown.any() or recall[0] < 0 or recall[-1] > 1 or (np.diff(recall) < 0).any()
    ):
        raise ValueError(f"{name}.recall must lie between 0 and 1 and never fall, or be NaN")
    return value._replace(recall=recall, precision=precision)


def ranked(name: str, value: Any, *shape: Any) -> Array:
    """Scores, by which one is before another.

    Raises: TypeError or ValueError for what has no order.
    """
    scores = reals(name, value, *shape)
    if np.isnan(scores).any():
        raise ValueError(f"{name} holds NaN, which is neither more nor less than other scores")
    return scores


def one_for_each_box(name: str, record: Any) -> None:
    """All arrays of a record must be as long as its boxes.

    Raises: ValueError for others.
    """
    for what, part in record._asdict().items():
        if part is not None and len(part) != len(record.boxes):
            raise ValueError(
                f"{name}.{what} has shape {part.shape}, but must be ({len(record.boxes)},): one "
                f"for each of the boxes {record.boxes.shape}"
            )
