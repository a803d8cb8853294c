"""The kinds of detectors that can be trained: the losses of their maps, and the boxes in them.

Sums of losses are divided by the number of objects in the whole batch, that of all ranks together,
and by 1 where there is none: a rank without objects still has its background to learn.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from nn_scratch import ops
from nn_scratch.backend import xp_of
from nn_scratch.evaluation.detection import Detections, Objects
from nn_scratch.evaluation.heat_maps import center_targets, decode_centers
from nn_scratch.evaluation.windows import OPEN, decode_windows, window_targets
from nn_scratch.training.tasks.task import share


class Detector:
    """A kind of detectors. maps: what a net of it gives, in words. losses: their names, and what
    each of them weighs in their sum."""

    maps: ClassVar[str]
    losses: ClassVar[dict[str, float]]

    @staticmethod
    def channels(num_classes: int) -> tuple[int, ...]:
        """The channels of each map."""
        raise NotImplementedError

    @staticmethod
    def step(output: Any, truth: Sequence[Objects], num_classes: int, stride: int) -> list[tuple]:
        """(value, gradient in its map) of each loss: this rank's part of the whole batch's."""
        raise NotImplementedError

    @staticmethod
    def decode(output: Any, stride: int) -> list[Detections]:
        """What is found in each image."""
        raise NotImplementedError


class HeatMaps(Detector):
    """Objects as points: a net gives heat maps, sizes and offsets, as nets.CenterNet."""

    maps = "heat (N, K, h, w), sizes (N, 2, h, w) and offsets (N, 2, h, w)"
    losses: ClassVar = {"heat_loss": 1.0, "size_loss": 0.1, "offset_loss": 1.0}

    @staticmethod
    def channels(num_classes: int) -> tuple[int, ...]:
        return num_classes, 2, 2

    @staticmethod
    def step(output: Any, truth: Sequence[Objects], num_classes: int, stride: int) -> list[tuple]:
        target = center_targets(truth, num_classes, output[0].shape[2:], stride)
        _, count = share(target.num_objects)
        heat, sizes, offsets, centers = _moved(output[0], *target[:4])
        options: dict[str, Any] = {"num_objects": count, "checked": True}
        found = [
            (
                ops.focal_loss(output[0], heat, **options),
                ops.focal_loss_backward(output[0], heat, **options),
            )
        ]
        for prediction, wanted in zip(output[1:], (sizes, offsets), strict=True):
            pair = prediction, wanted, centers
            found.append(
                (
                    ops.masked_l1_loss(*pair, num_objects=count),
                    ops.masked_l1_loss_backward(*pair, num_objects=count),
                )
            )
        return found

    @staticmethod
    def decode(output: Any, stride: int) -> list[Detections]:
        return decode_centers(output, stride)


class Windows(Detector):
    """A window that slides: a net gives each window's class and box, as nets.SlidingDetector."""

    maps = "scores (N, 1 + K, h, w), background first, and boxes (N, 4, h, w)"
    losses: ClassVar = {"class_loss": 1.0, "box_loss": 0.25}

    @staticmethod
    def channels(num_classes: int) -> tuple[int, ...]:
        return 1 + num_classes, 4

    @staticmethod
    def step(output: Any, truth: Sequence[Objects], num_classes: int, stride: int) -> list[tuple]:
        scores, found = output
        target = window_targets(truth, num_classes, scores.shape[2:], stride)
        part, windows = share((target.labels != OPEN).sum())
        _, count = share(target.num_filled)
        part *= windows / max(count, 1)  # from the mean over windows to the sum over objects'
        labels, boxes, filled = _moved(scores, *target[:3])
        classes: tuple[Any, Any] = (0.0, xp_of(scores).zeros_like(scores))
        if part:
            options: dict[str, Any] = {"ignore_index": OPEN, "checked": True}
            loss = ops.cross_entropy(scores, labels, **options)
            slope = ops.cross_entropy_backward(scores, labels, **options)
            classes = part * loss, part * slope
        return [
            classes,
            (
                ops.masked_l1_loss(found, boxes, filled, num_objects=count),
                ops.masked_l1_loss_backward(found, boxes, filled, num_objects=count),
            ),
        ]

    @staticmethod
    def decode(output: Any, stride: int) -> list[Detections]:
        return decode_windows(output, stride)


def _moved(like, *arrays):
    """Arrays where `like` is, those of values in its dtype."""
    xp = xp_of(like)
    return [xp.asarray(a, like.dtype if a.dtype.kind == "f" else a.dtype) for a in arrays]
