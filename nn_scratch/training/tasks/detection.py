"""All objects of an image: which, and where."""

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

DRAWN = 8  # images of a batch
SHOWN = 0.3  # the least score of a box in a picture
IOU_THRESHOLD = 0.5  # boxes of one class that overlap more are doubles
APART = 0.5  # boxes in a picture overlap no more, of whatever class: two would hide each other


@dataclass(kw_only=True)
class DetectionSettings(Settings):
    """The settings of a detection."""

    task = "detection"

    net: str = with_default("net", "centernet")
    epochs: int = with_default("epochs", 12)
    batch_size: int = with_default("batch_size", 16)


class Detection(Task):
    """All objects of an image. Batches are (images, labels, boxes, difficult), the last three lists
    with an array for each image: labels (n,), boxes (n, 4) in pixels, difficult (n,) bool.

    What a net gives says which kind of detector it is, see tasks.detectors: heat maps, sizes and
    offsets; or each window's scores and box. Average precision is COCO's, over all classes of which
    there are objects: at IoU 0.5 (ap50), at 0.75, and the mean from 0.5 to 0.95 (ap).

    Raises: TypeError or ValueError for a num_classes that is none.
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
        """As Task.of.

        Returns: the task.
        """
        return cls(len(source.class_names))

    def step(self, net: Layer, batch: tuple) -> dict[str, Any]:
        """As Task.step: "loss", and each of the detector's losses."""
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
        """ap, ap50, ap75 and class_ap over all batches."""
        matches = []  # for each batch, for each image, for each class
        for batch in batches:
            images, truth = _of_batch(batch)
            found = detections(net, images)
            pairs = list(zip(found, truth, strict=True))
            matches.append(
                [[match(*pair, label) for label in range(self.num_classes)] for pair in pairs]
            )
        # In the order of one process: it decides which of equal scores comes first.
        ranks = zip(*world().all_gather(matches), strict=True)
        images_of_all = [image for batch in ranks for part in batch for image in part]
        by_class = [[image[label] for image in images_of_all] for label in range(self.num_classes)]
        return _metrics(areas(by_class))

    @staticmethod
    def check_output(output: Any, images: Array, num_classes: int) -> None:
        """Raises ValueError unless these are the maps of a kind of detector."""
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
        """What the net finds in the images, and what it misses."""
        images, truth = _of_batch(tuple(part[:DRAWN] for part in batch))
        found = [legible(each) for each in detections(net, images)]
        return plot_detections(images, truth, found, class_names)

    @staticmethod
    def describe(
        output: Any, image: Array, class_names: list, seen: tuple[int, int]
    ) -> tuple[str, Figure]:
        """Each box with its class and score, in pixels of the image."""
        (found,) = decoded(output, seen)
        height, width = (n / m for n, m in zip(image.shape[1:], seen, strict=True))
        found = legible(found._replace(boxes=found.boxes * [width, height, width, height]))
        named = [
            f"{class_names[label]} {score:.2f} at {' '.join(f'{v:.0f}' for v in box)}"
            for box, score, label in zip(*found, strict=True)
        ]
        return ", ".join(named) or "nothing found", plot_found(image, found, class_names)


def detections(net: Layer, images: Array) -> list[Detections]:
    """What a net finds in images (N, C, H, W).

    Returns: the Detections of each, the best first.
    """
    return decoded(net(to_device(images, net.device)), images.shape[2:])


def decoded(output: Any, image_size: tuple[int, int]) -> list[Detections]:
    """What a net's output says of images of this size, without doubles.

    Returns: the Detections of each image.
    """
    stride = map_stride(image_size, output[0].shape[2:])
    return [
        distinct(each, each.labels, IOU_THRESHOLD) for each in _kind(output).decode(output, stride)
    ]


def legible(found: Detections) -> Detections:
    """Those that are fit for a picture: likely ones, and of two in one place the likelier, whatever
    their classes.

    Returns: Detections.
    """
    likely = found.scores >= SHOWN
    return distinct(Detections(*(part[likely] for part in found)), None, APART)


def distinct(found, labels, iou_threshold):
    kept = nms(found.boxes, found.scores, labels, iou_threshold=iou_threshold)
    return Detections(*(part[kept] for part in found))


def _kind(output) -> type[Detector]:
    return HeatMaps if len(output) == 3 else Windows


def _of_batch(batch):
    """The images of a batch, and the Objects in each."""
    images, *parts = batch
    return images, [Objects(*each) for each in zip(*parts, strict=True)]


def _metrics(areas_by_class):
    """ap, ap50, ap75 and class_ap from average precisions (T, K)."""
    known = areas_by_class[:, ~np.isnan(areas_by_class).all(axis=0)]
    if not known.size:
        return {
            "ap": np.nan,
            "ap50": np.nan,
            "ap75": np.nan,
            "class_ap": areas_by_class[0].tolist(),
        }
    at_75 = int(np.argmin(abs(IOU_THRESHOLDS - 0.75)))
    return {
        "ap": float(known.mean()),
        "ap50": float(known[0].mean()),
        "ap75": float(known[at_75].mean()),
        "class_ap": areas_by_class.mean(axis=0).tolist(),
    }
