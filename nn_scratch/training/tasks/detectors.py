"""The kinds of detectors that can be trained: the losses of their maps, and how boxes are decoded.

Losses are sums over places, divided by the number of objects in the whole batch, over all ranks;
if there is no object, they are divided by 1, since the background is still to be learned.
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
    """A kind of detector. maps: the outputs of such a net, in words. losses: the names of its
    losses, with their weights in the sum."""

    maps: ClassVar[str]
    losses: ClassVar[dict[str, float]]

    @staticmethod
    def channels(num_classes: int) -> tuple[int, ...]:
        """The number of channels of each map."""
        raise NotImplementedError

    @staticmethod
    def step(output: Any, truth: Sequence[Objects], num_classes: int, stride: int) -> list[tuple]:
        """For each loss (value, gradient with respect to its map): this rank's share of the loss of
        the whole batch."""
        raise NotImplementedError

    @staticmethod
    def decode(output: Any, stride: int) -> list[Detections]:
        """The objects found in each image."""
        raise NotImplementedError


class HeatMaps(Detector):
    """Objects as points: a net gives heat maps, sizes and offsets, as nets.CenterNet does."""

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
        return [
            (
                ops.focal_loss(output[0], heat, **options),
                ops.focal_loss_backward(output[0], heat, **options),
            ),
            _masked_l1(output[1], sizes, centers, count),
            _masked_l1(output[2], offsets, centers, count),
        ]

    @staticmethod
    def decode(output: Any, stride: int) -> list[Detections]:
        return decode_centers(output, stride)


class Windows(Detector):
    """A sliding window: a net gives scores and a box for each window, as nets.SlidingDetector
    does."""

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
        part *= windows / max(count, 1)  # from the mean over windows to the sum over objects
        labels, boxes, filled = _moved(scores, *target[:3])
        classes: tuple[Any, Any] = (0.0, xp_of(scores).zeros_like(scores))
        if part:
            options: dict[str, Any] = {"ignore_index": OPEN, "checked": True}
            loss = ops.cross_entropy(scores, labels, **options)
            slope = ops.cross_entropy_backward(scores, labels, **options)
            classes = part * loss, part * slope
        return [classes, _masked_l1(found, boxes, filled, count)]

    @staticmethod
    def decode(output: Any, stride: int) -> list[Detections]:
        return decode_windows(output, stride)


def _masked_l1(prediction, target, mask, count):
    """The masked L1 loss, and its gradient with respect to the prediction."""
    given = prediction, target, mask
    return (
        ops.masked_l1_loss(*given, num_objects=count),
        ops.masked_l1_loss_backward(*given, num_objects=count),
    )


def _moved(like, *arrays):
    """The arrays on the device of `like`, and, if they hold floats, in its dtype."""
    xp = xp_of(like)
    return [xp.asarray(a, like.dtype if a.dtype.kind == "f" else a.dtype) for a in arrays]
