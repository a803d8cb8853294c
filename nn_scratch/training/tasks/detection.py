"""The task of detection: the classes and boxes of all objects in an image."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from nn_scratch.arguments import class_count
from nn_scratch.backend import Array, to_device
from nn_scratch.data import Source
from nn_scratch.evaluation.detection import (
    IOU_THRESHOLDS,
    Detections,
    Objects,
    areas,
    match,
    nms,
)
from nn_scratch.evaluation.heat_maps import map_stride
from nn_scratch.layers import Layer
from nn_scratch.nets.zoo import DETECTORS
from nn_scratch.plotting.detection import plot_detections, plot_found
from nn_scratch.training.distributed import world
from nn_scratch.training.settings import Settings, with_default
from nn_scratch.training.tasks.detectors import Detector, HeatMaps, Windows
from nn_scratch.training.tasks.task import Task, backward, check_batch, total

DRAWN = 8  # images of a batch that are drawn
SHOWN = 0.3  # the least score of a box that is drawn
IOU_THRESHOLD = 0.5  # of non-maximum suppression, for each class by itself
DRAWN_IOU = 0.5  # the same for the boxes in a picture, among all classes: others would hide them


@dataclass(kw_only=True)
class DetectionSettings(Settings):
    """The settings of detection."""

    task = "detection"

    net: str = with_default("net", "centernet")
    epochs: int = with_default("epochs", 12)
    batch_size: int = with_default("batch_size", 16)


class Detection(Task):
    """The task of detecting all objects of an image.

    Batches are (images, labels, boxes, difficult). Images are (N, C, H, W); the others are lists
    with an array for each image: labels (n,), boxes (n, 4) as (x, y, w, h) in pixels, difficult
    (n,) bools. Difficult objects count neither as found nor as missed.

    A net gives heat maps, sizes and offsets, as nets.CenterNet does, or scores and boxes of
    windows, as nets.SlidingDetector does. Average precision is defined as in COCO, over all classes
    that have objects: ap50 at IoU 0.5, ap75 at IoU 0.75, and ap, the mean over 0.5, 0.55, …, 0.95.

    Raises: TypeError or ValueError if num_classes is not a number of classes.
    """

    name = "detection"
    Settings = DetectionSettings
    nets = DETECTORS
    metrics = ("ap", "ap50", "ap75", "class_ap")
    best = "ap"
    compared = ("ap", "ap50", "ap75")
    plotted = ("ap50", "ap")

    def __init__(self, num_classes: int):
        self.num_classes = class_count("num_classes", num_classes)

    @classmethod
    def of(cls, settings: Any, source: Source, *, training: bool = True) -> "Detection":
        """The task for these settings and data.

        Returns: a Detection.
        """
        return cls(len(source.class_names))

    def step(self, net: Layer, batch: tuple) -> dict[str, Any]:
        """One forward and backward pass, see Task.step.

        Returns: "loss", the losses of the detector by their names, and "counts".
        Raises: TypeError or ValueError if net or batch are not what they must be.
        """
        check_batch(net, batch, 4)
        images, truth = _of_batch(batch)
        output = net(to_device(images, net.device))
        detector, stride = _kind(output), map_stride(images.shape[2:], output[0].shape[2:])
        parts = detector.step(output, truth, self.num_classes, stride)
        weights = detector.losses.values()
        backward(
            net, tuple(weight * slope for weight, (_, slope) in zip(weights, parts, strict=True))
        )
        values = list(total(output[0], *(value for value, _ in parts)))
        loss = sum(weight * value for weight, value in zip(weights, values, strict=True))
        return {"loss": loss, **dict(zip(detector.losses, values, strict=True)), "counts": 1}

    def evaluate(self, net: Layer, batches: Iterable) -> dict[str, Any]:
        """Average precision over all batches.

        Returns: ap, ap50, ap75, and class_ap, a list with the ap of each class.
        """
        matches = []  # for each batch, for each image, for each class
        for batch in batches:
            images, truth = _of_batch(batch)
            found = detections(net, images)
            pairs = list(zip(found, truth, strict=True))
            matches.append(
                [[match(*pair, label) for label in range(self.num_classes)] for pair in pairs]
            )
        # The images in the order that one process would have: it decides between equal scores.
        ranks = zip(*world().all_gather(matches), strict=True)
        images_of_all = [image for batch in ranks for part in batch for image in part]
        by_class = [[image[label] for image in images_of_all] for label in range(self.num_classes)]
        return _metrics(areas(by_class))

    @staticmethod
    def check_output(output: Any, images: Array, num_classes: int) -> None:
        """Check that the net gave the maps of one kind of detector.

        Raises: ValueError if it did not.
        """
        parts = output if isinstance(output, tuple) else (output,)
        shapes = [getattr(part, "shape", type(part).__name__) for part in parts]
        kinds = [
            kind for kind in (HeatMaps, Windows) if len(kind.channels(num_classes)) == len(shapes)
        ]
        for kind in kinds:
            size: Any = shapes[0][2:]
            if shapes == [(len(images), c, *size) for c in kind.channels(num_classes)]:
                map_stride(images.shape[2:], size)
                return
        raise ValueError(
            f"for images {images.shape} the net gives {', '.join(map(str, shapes))}, but detection "
            f"of {num_classes} classes needs {HeatMaps.maps}; or {Windows.maps}"
        )

    @staticmethod
    def draw(net: Layer, batch: tuple, class_names: list) -> Figure:
        """Draw the objects that the net finds and misses in the first images of a batch.

        Returns: a Figure.
        """
        images, truth = _of_batch(tuple(part[:DRAWN] for part in batch))
        found = [legible(each) for each in detections(net, images)]
        return plot_detections(images, truth, found, class_names)

    @staticmethod
    def describe(
        output: Any, image: Array, class_names: list, seen: tuple[int, int]
    ) -> tuple[str, Figure]:
        """Describe one image's boxes, in pixels of the image, with their classes and scores.

        Returns: a text and a Figure.
        """
        (found,) = decoded(output, seen)
        height, width = (n / m for n, m in zip(image.shape[1:], seen, strict=True))
        found = legible(found._replace(boxes=found.boxes * [width, height, width, height]))
        named = [
            f"{class_names[label]} {score:.2f} at {' '.join(f'{v:.0f}' for v in box)}"
            for box, score, label in zip(*found, strict=True)
        ]
        return ", ".join(named) or "nothing found", plot_found(image, found, class_names)


def detections(net: Layer, images: Array) -> list[Detections]:
    """The objects that a net finds in images (N, C, H, W).

    Returns: the Detections of each image, the highest score first.
    """
    return decoded(net(to_device(images, net.device)), images.shape[2:])


def decoded(output: Any, image_size: tuple[int, int]) -> list[Detections]:
    """The objects in a net's output for images of this size (H, W), after non-maximum suppression.

    Returns: the Detections of each image.
    """
    found = _kind(output).decode(output, map_stride(image_size, output[0].shape[2:]))
    return [distinct(each, each.labels, IOU_THRESHOLD) for each in found]


def legible(found: Detections) -> Detections:
    """The detections that are drawn: those with a high score that no better box of any class
    hides.

    Returns: Detections.
    """
    likely = found.scores >= SHOWN
    return distinct(Detections(*(part[likely] for part in found)), None, DRAWN_IOU)


def distinct(found, labels, iou_threshold):
    """Non-maximum suppression, for each label by itself or, without labels, for all together."""
    kept = nms(found.boxes, found.scores, labels, iou_threshold=iou_threshold)
    return Detections(*(part[kept] for part in found))


def _kind(output) -> type[Detector]:
    """The kind of detector that gives such an output."""
    return HeatMaps if len(output) == 3 else Windows


def _of_batch(batch):
    """The images of a batch, and the Objects in each."""
    images, *parts = batch
    return images, [Objects(*each) for each in zip(*parts, strict=True)]


def _metrics(areas_by_class):
    """ap, ap50, ap75 and class_ap from the average precisions (T, K) at T IoU thresholds."""
    class_ap = areas_by_class.mean(axis=0)
    known = areas_by_class[:, ~np.isnan(class_ap)]
    if not known.size:
        return {**dict.fromkeys(("ap", "ap50", "ap75"), np.nan), "class_ap": class_ap.tolist()}
    at_75 = int(np.argmin(abs(IOU_THRESHOLDS - 0.75)))
    return {
        "ap": float(known.mean()),
        "ap50": float(known[0].mean()),
        "ap75": float(known[at_75].mean()),
        "class_ap": class_ap.tolist(),
    }
