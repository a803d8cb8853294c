"""The task of segmentation: one class for each pixel."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from nn_scratch import arguments, ops, validate
from nn_scratch.backend import Array, to_device, to_host, xp_of
from nn_scratch.data import Resize, Source
from nn_scratch.data.sources import BUILT_IN
from nn_scratch.evaluation import segmentation as metrics
from nn_scratch.evaluation.boundary import image_boundary_f1
from nn_scratch.layers import Layer
from nn_scratch.nets.zoo import SEGMENTERS
from nn_scratch.plotting import figures
from nn_scratch.training.distributed import world
from nn_scratch.training.settings import (
    Settings,
    SettingsError,
    one_of,
    option,
    whole,
    with_default,
)
from nn_scratch.training.tasks.task import Task, backward, check_batch, moved, share, total

WORTH_SAYING = 0.01  # classes with a smaller share of the pixels are not listed
DRAWN = 8  # images of a batch that are drawn


@dataclass(kw_only=True)
class SegmentationSettings(Settings):
    """The settings of segmentation."""

    task = "segmentation"

    net: str = with_default("net", "segnet")
    epochs: int = with_default("epochs", 15)
    class_weights: str = option(
        "none", one_of("none", "median_frequency"), "weights of the classes in the loss"
    )
    ignore_index: int | None = option(None, whole(0), "the label of pixels that do not count")

    def __post_init__(self):
        super().__post_init__()
        if self.ignore_index is not None and self.data in BUILT_IN:
            title = BUILT_IN[self.data].title
            raise SettingsError(
                "ignore_index", f"has no effect on {title}, of which every pixel counts"
            )


class Segmentation(Task):
    """The task of finding the class of each pixel.

    Batches are (images (N, C, H, W), label maps (N, H, W)); a net gives scores (N, K, H, W).

    class_weights (num_classes,): weights of the classes in the loss. ignore_index: the label of
    pixels that count neither in the loss nor in the metrics.

    Raises: TypeError or ValueError if num_classes is not a number of classes, class_weights not an
        array of that many floats, or ignore_index not a whole number.
    """

    name = "segmentation"
    Settings = SegmentationSettings
    nets = SEGMENTERS
    metrics = (
        "mean_iou",
        "boundary_f1",
        "class_average_accuracy",
        "global_accuracy",
        "class_iou",
    )
    best = "mean_iou"
    compared = ("mean_iou", "boundary_f1", "class_average_accuracy", "global_accuracy")
    plotted = ("mean_iou", "boundary_f1")

    def __init__(
        self,
        num_classes: int,
        *,
        class_weights: Array | None = None,
        ignore_index: int | None = None,
    ):
        self.num_classes = arguments.class_count("num_classes", num_classes)
        if class_weights is not None:
            validate.check_values(class_weights=class_weights)
            arguments.an_array("class_weights", class_weights, (num_classes,))
        self.class_weights = class_weights
        self.ignore_index = arguments.optional(arguments.a_label, "ignore_index", ignore_index)

    @classmethod
    def of(cls, settings: Any, source: Source, *, training: bool = True) -> "Segmentation":
        """The task for these settings and data. Weights by median frequency need all masks of the
        training images, which are read here.

        Returns: a Segmentation.
        """
        classes, ignored, weights = len(source.class_names), source.ignore_index, None
        if training and settings.class_weights == "median_frequency":
            label_maps = (source.train.sample(0, index)[1] for index in range(len(source.train)))
            weights = metrics.median_frequency_weights(label_maps, classes, ignored)
            weights = weights.astype(np.float32)
        return cls(classes, class_weights=weights, ignore_index=ignored)

    def step(self, net: Layer, batch: tuple) -> dict[str, Any]:
        """One forward and backward pass, see Task.step.

        Returns: "loss", "accuracy" and "counts".
        Raises: TypeError or ValueError if net or batch are not what they must be; ValueError for
            labels that are not those of a class.
        """
        check_batch(net, batch, 2)
        validate.check_integers("labels of batch", batch[1])
        validate.check_labels(batch[1], self.num_classes, self.ignore_index)
        part, whole = share(self._weight_of(batch[1]))
        images, labels = moved(batch, net.device)
        scores = net(images)
        weight = self.class_weights
        if weight is not None:
            weight = xp_of(scores).asarray(weight, scores.dtype)
        options: dict[str, Any] = {
            "weight": weight,
            "ignore_index": self.ignore_index,
            "checked": True,
        }
        if part:
            loss: Any = part * ops.cross_entropy(scores, labels, **options)
            gradient = ops.cross_entropy_backward(scores, labels, **options)
            gradient *= part
        else:
            loss, gradient = 0.0, xp_of(scores).zeros_like(scores)
        backward(net, gradient)
        right = (scores.argmax(axis=1) == labels).sum()
        loss, right, count = total(scores, loss, right, labels.size)
        if not whole:
            return {"loss": np.nan, "accuracy": np.nan, "counts": 0}
        return {"loss": loss, "accuracy": right / count, "counts": 1}

    def _weight_of(self, labels):
        """Σ w[y] over the labels that count, by which the loss is divided."""
        labels = labels if self.ignore_index is None else labels[labels != self.ignore_index]
        if self.class_weights is None:
            return labels.size
        return np.asarray(to_host(self.class_weights))[labels].sum()

    def evaluate(self, net: Layer, batches: Iterable) -> dict[str, Any]:
        """The metrics over all batches.

        Returns: mean_iou, boundary_f1, class_average_accuracy, global_accuracy, and class_iou, a
            list with the IoU of each class.
        """
        confusion = np.zeros((self.num_classes, self.num_classes), np.int64)
        edges = np.zeros(2)  # the sum of boundary F1, and the number of images with a boundary
        for images, labels in batches:
            found = net(to_device(images, net.device)).argmax(axis=1)
            pair = labels, to_host(found)
            confusion += metrics.confusion_matrix(*pair, self.num_classes, self.ignore_index)
            scores = image_boundary_f1(*pair, self.num_classes, self.ignore_index)
            edges += np.nansum(scores), np.count_nonzero(~np.isnan(scores))
        confusion, edges = world().all_reduce(confusion), world().all_reduce(edges)
        return {
            "mean_iou": metrics.mean_iou(confusion),
            "boundary_f1": float(edges[0] / edges[1]) if edges[1] else float("nan"),
            "class_average_accuracy": metrics.class_average_accuracy(confusion),
            "global_accuracy": metrics.global_accuracy(confusion),
            "class_iou": metrics.class_iou(confusion).tolist(),
        }

    @staticmethod
    def check_output(output: Any, images: Array, num_classes: int) -> None:
        """Check that the net gave scores (N, K, H, W).

        Raises: ValueError if it did not.
        """
        needed = (len(images), num_classes, *images.shape[2:])
        if getattr(output, "shape", None) != needed:
            given = getattr(output, "shape", type(output).__name__)
            raise ValueError(
                f"for images {images.shape} the net gives {given}, but segmentation needs scores "
                f"{needed}: one for each of {num_classes} classes at every pixel"
            )

    @staticmethod
    def draw(net: Layer, batch: tuple, class_names: list) -> Figure:
        """Draw the net's label maps beside the true ones, for the first images of a batch.

        Returns: a Figure.
        """
        images, truths = (part[:DRAWN] for part in batch)
        return figures.plot_segmentation(images, truths, class_names, net(images).argmax(axis=1))

    @staticmethod
    def describe(
        output: Any, image: Array, class_names: list, seen: tuple[int, int]
    ) -> tuple[str, Figure]:
        """Describe the shares of the classes in one image, and draw its label map over it.

        Returns: a text and a Figure.
        """
        labels = output.argmax(axis=1)  # (1, H, W)
        shares = np.bincount(labels.ravel(), minlength=len(class_names)) / labels.size
        order = [label for label in np.argsort(-shares) if shares[label] >= WORTH_SAYING]
        text = ", ".join(f"{class_names[label]} {shares[label]:.0%}" for label in order)
        of_its_size = np.zeros(labels.shape, np.float32)
        _, labels = Resize(image.shape[1:])(None, (of_its_size, labels[0]))
        return text, figures.plot_overlay(image, labels, class_names)
