"""Records of detections, objects, and matches of both, with checks that their arrays fit."""

from typing import Any, NamedTuple

import numpy as np

from nn_scratch.arguments import an_instance, flags, integers, reals, shares, whole
from nn_scratch.backend import Array


class Detections(NamedTuple):
    """The detections in one image: boxes (D, 4) in pixels, scores (D,) and labels (D,)."""

    boxes: Array
    scores: Array
    labels: Array


class Objects(NamedTuple):
    """The objects in one image: labels (G,) and boxes (G, 4) in pixels.

    difficult, crowd (G,) bool: the objects that do not count; by default all count. A detection of
    a difficult object, or within a crowd, is neither right nor wrong. A crowd is a box around many
    objects, and may be found any number of times.
    """

    labels: Array
    boxes: Array
    difficult: Array | None = None
    crowd: Array | None = None


class Matches(NamedTuple):
    """The matches of one class in one image, at T IoU thresholds.

    Of the D detections of the class, the highest score first: scores (D,); right (T, D) bool;
    ignored (T, D) bool, those that do not count; found (D,), their indices among the detections of
    the image. Of the G objects of the class: there (G,), their indices among the objects of the
    image; missed (T, G) bool, those that count and are not found. objects: how many count.
    """

    scores: Array
    right: Array
    ignored: Array
    found: Array
    there: Array
    missed: Array
    objects: int


class Curve(NamedTuple):
    """Recall (D,) and precision (D,) of the first 1, 2, …, D detections in the order of falling
    scores, and scores (D,), the score of the last of them."""

    recall: Array
    precision: Array
    scores: Array


# ---------------------------------------------------------------- whole records


def detections(name: str, value: Any) -> Detections:
    """Check Detections, and return them with plain arrays.

    Raises: TypeError or ValueError if it is not Detections with arrays of one length.
    """
    an_instance(name, value, Detections)
    boxes = reals(f"{name}.boxes", value.boxes, "D", 4)
    labels = integers(f"{name}.labels", value.labels, "D")
    found = Detections(boxes, ranked(f"{name}.scores", value.scores, "D"), labels)
    one_for_each_box(name, found)
    return found


def objects(name: str, value: Any) -> Objects:
    """Check Objects, and return them with plain arrays; difficult and crowd are filled in.

    Raises: TypeError or ValueError if it is not Objects with arrays of one length.
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
    """Check Matches, and return them with plain arrays.

    Raises: TypeError or ValueError if it is not Matches with arrays that fit.
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
    """Check a Curve, and return it with plain arrays.

    Raises: TypeError or ValueError if it is not a Curve whose recall never falls.
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
    """Check scores by which detections can be ordered, and return them as an array.

    Raises: TypeError or ValueError for other shapes, or scores of NaN.
    """
    scores = reals(name, value, *shape)
    if np.isnan(scores).any():
        raise ValueError(f"{name} holds NaN, which is neither more nor less than other scores")
    return scores


def one_for_each_box(name: str, record: Any) -> None:
    """Check that all arrays of a record are as long as its boxes.

    Raises: ValueError if they are not.
    """
    for what, part in record._asdict().items():
        if part is not None and len(part) != len(record.boxes):
            raise ValueError(
                f"{name}.{what} has shape {part.shape}, but must be ({len(record.boxes)},): one "
                f"for each of the boxes {record.boxes.shape}"
            )
