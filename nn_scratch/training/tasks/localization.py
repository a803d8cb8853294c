"""The task of localization: one class and one box for each image."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from nn_scratch import arguments, ops, validate
from nn_scratch.backend import Array, to_device, to_host, xp_of
from nn_scratch.data import Source
from nn_scratch.evaluation import boxes as box_tools
from nn_scratch.layers import Layer
from nn_scratch.nets.zoo import LOCALIZERS
from nn_scratch.plotting import figures
from nn_scratch.training.distributed import world
from nn_scratch.training.settings import Settings, SettingsError, number, option, with_default
from nn_scratch.training.tasks.task import Task, backward, check_batch, moved, share, total

BOX_LOSSES = {
    "l2": (ops.mse_loss, ops.mse_loss_backward),
    "smooth_l1": (ops.smooth_l1_loss, ops.smooth_l1_loss_backward),
}
DRAWN = 12  # images of a batch that are drawn


@dataclass(kw_only=True)
class LocalizationSettings(Settings):
    """The settings of localization."""

    task = "localization"

    net: str = with_default("net", "localizer")
    epochs: int = with_default("epochs", 12)
    max_lr: float = with_default("max_lr", 3e-3)
    placement: float = option(
        1.0,
        number("a number from 1 to 100", lambda v: 1 <= v <= 100),
        "put each image, in training and validation, at a random place on a canvas up to FACTOR "
        "times as large",
        metavar="FACTOR",
    )

    def __post_init__(self):
        super().__post_init__()
        if self.placement > 1 and self.size is None:
            raise SettingsError(
                "placement", "gives canvases of many sizes: bring them to one, with size (--size)"
            )


class Localization(Task):
    """The task of finding the class and the box of an image's object.

    Batches are (images (N, C, H, W), labels (N,), boxes (N, 4)), with boxes (x, y, w, h) in pixels.
    A net gives scores (N, K), and boxes as fractions of the image: one for each image, (N, 4), or
    one for each class, (N, K, 4). In the latter case the box of the true class is trained, and the
    box of the class with the highest score is the prediction.

    The loss is the softmax cross-entropy plus box_weight (λ) times the box loss, "l2" or
    "smooth_l1", of boxes as fractions.

    Raises: ValueError for another box_loss; TypeError or ValueError for a box_weight that is not a
        finite number of at least 0.
    """

    name = "localization"
    Settings = LocalizationSettings
    nets = LOCALIZERS
    metrics = ("class_accuracy", "mean_box_iou", "success")
    best = "mean_box_iou"
    compared = metrics
    plotted = ("mean_box_iou", "success")

    def __init__(self, *, box_weight: float = 10.0, box_loss: str = "l2"):
        self.box_weight = validate.number("box_weight", box_weight, 0)
        passes = BOX_LOSSES[arguments.one_of("box_loss", box_loss, BOX_LOSSES)]
        self.box_loss, self.box_loss_backward = passes

    @classmethod
    def of(cls, settings: Any, source: Source, *, training: bool = True) -> "Localization":
        """The task for these settings and data.

        Returns: a Localization with the default weight and loss of boxes.
        """
        return cls()

    def step(self, net: Layer, batch: tuple) -> dict[str, Any]:
        """One forward and backward pass, see Task.step.

        Returns: "loss", "class_loss", "box_loss", "accuracy" and "counts".
        Raises: TypeError or ValueError if net or batch are not what they must be.
        """
        check_batch(net, batch, 3)
        validate.check_integers("labels of batch", batch[1])
        images, labels, true_boxes = moved(batch, net.device)
        target = box_tools.to_fractions(true_boxes, images.shape[2:])
        scores, boxes = net(images)
        validate.check_labels(batch[1], scores.shape[1])
        part, whole = share(len(images))
        class_loss: Any = 0.0
        box_loss: Any = 0.0
        dscores, dboxes = (xp_of(a).zeros_like(a) for a in (scores, boxes))
        if part:
            chosen = box_of_class(boxes, labels)
            class_loss = part * ops.cross_entropy(scores, labels, checked=True)
            box_loss = part * self.box_loss(boxes[chosen], target)
            dscores = part * ops.cross_entropy_backward(scores, labels, checked=True)
            dboxes[chosen] = part * self.box_weight * self.box_loss_backward(boxes[chosen], target)
        backward(net, (dscores, dboxes))
        right = (scores.argmax(axis=1) == labels).sum()
        class_loss, box_loss, right, count = total(scores, class_loss, box_loss, right, len(images))
        names = "loss", "class_loss", "box_loss", "accuracy"
        if not whole:
            return {**dict.fromkeys(names, np.nan), "counts": 0}
        values = class_loss + self.box_weight * box_loss, class_loss, box_loss, right / count
        return {**dict(zip(names, values, strict=True)), "counts": 1}

    def evaluate(self, net: Layer, batches: Iterable) -> dict[str, Any]:
        """The metrics over all batches.

        Returns: class_accuracy, mean_box_iou, and success, the share of boxes with IoU ≥ 0.5.
        """
        parts: list[tuple[Array, Array]] = []  # for each batch: which labels are right, and IoUs
        for images, labels, boxes in batches:
            likeliest, found = _decoded(net(to_device(images, net.device)), images.shape[2:])
            parts.append((to_host(likeliest) == labels, box_tools.box_iou(to_host(found), boxes)))
        right, ious = (
            np.concatenate(world().all_gather(np.concatenate(part)))
            for part in zip(*parts, strict=True)
        )
        return {"class_accuracy": float(right.mean()), **_box_metrics(ious)}

    @staticmethod
    def check_output(output: Any, images: Array, num_classes: int) -> None:
        """Check that the net gave scores (N, K), and boxes (N, 4) or (N, K, 4).

        Raises: ValueError if it did not.
        """
        count = len(images)
        shapes = [getattr(part, "shape", type(part).__name__) for part in output]
        boxes = (count, 4), (count, num_classes, 4)
        if len(shapes) != 2 or shapes[0] != (count, num_classes) or shapes[1] not in boxes:
            raise ValueError(
                f"for images {images.shape} the net gives {', '.join(map(str, shapes))}, but "
                f"localization needs two arrays, scores {(count, num_classes)} and boxes "
                f"{boxes[0]} or {boxes[1]}"
            )

    @staticmethod
    def draw(net: Layer, batch: tuple, class_names: list) -> Figure:
        """Draw the net's boxes and classes beside the true ones, for the first images of a batch.

        Returns: a Figure.
        """
        images, labels, true_boxes = (part[:DRAWN] for part in batch)
        likeliest, found = _decoded(net(images), images.shape[2:])
        names = ([class_names[label] for label in part] for part in (labels, likeliest))
        return figures.plot_boxes(images, true_boxes, found, *names)

    @staticmethod
    def describe(
        output: Any, image: Array, class_names: list, seen: tuple[int, int]
    ) -> tuple[str, Figure]:
        """Describe one image's most likely class, its probability, and the box in pixels.

        Returns: a text and a Figure.
        """
        (label,), (box,) = _decoded(output, image.shape[1:])
        probability = float(ops.softmax(output[0]).max())
        name = f"{class_names[label]}, probability {probability:.2f}"
        text = f"{name}, box " + " ".join(f"{value:.0f}" for value in box)
        return text, figures.plot_box(image, box, name)

    @staticmethod
    def baseline(train: Any, validation: Any) -> dict[str, Any]:
        """The metrics of always predicting one box, the best one for the training boxes.

        Returns: its name, number of parameters, box and metrics on the validation boxes.
        """
        known, truth = (_fractions(part) for part in (train, validation))
        box = box_tools.best_constant_box(known)
        ious = box_tools.box_iou(np.broadcast_to(box, truth.shape), truth)
        return {
            "name": "the best constant box",
            "params": len(box),
            "box": box.tolist(),
            **_box_metrics(ious),
        }


def box_of_class(boxes, classes):
    """The index that selects one box for each image: everything for boxes (N, 4), and the boxes of
    the given classes (N,) for boxes (N, K, 4)."""
    return np.s_[:] if boxes.ndim == 2 else (xp_of(boxes).arange(len(boxes)), classes)


def _decoded(output, image_size):
    """The most likely class (N,) and its box (N, 4), in pixels, of each image."""
    scores, fractions = output
    likeliest = scores.argmax(axis=1)
    chosen = fractions[box_of_class(fractions, likeliest)]
    return likeliest, box_tools.to_pixels(chosen, image_size)


def _box_metrics(ious):
    return {"mean_box_iou": float(ious.mean()), "success": box_tools.success_rate(ious)}


def _fractions(loader):
    """All boxes of a Loader as fractions of their images."""
    return np.concatenate(
        [box_tools.to_fractions(boxes, images.shape[2:]) for images, _, boxes in loader.batches()]
    )
