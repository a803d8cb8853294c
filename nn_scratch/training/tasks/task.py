"""The base class of tasks, and helpers that the tasks share."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure

from nn_scratch.arguments import an_instance, parts, shown
from nn_scratch.backend import Array, to_device, xp_of
from nn_scratch.data import Source, open_folder
from nn_scratch.data.sources import BUILT_IN
from nn_scratch.layers import Layer
from nn_scratch.training.distributed import world
from nn_scratch.training.settings import SCENES
from nn_scratch.training.settings import Settings as AnySettings
from nn_scratch.validate import check_images


class Task:
    """What a net is trained for: which data, which loss, which metrics, and how results are drawn.

    nets: the builders of the library's nets for this task, by name. metrics: the names of what
    `evaluate` gives. best: the metric that decides which epoch was best. compared: the metrics in
    a table of several nets; plotted: those in its plot.
    """

    name: ClassVar[str]
    Settings: ClassVar[type[AnySettings]]
    nets: ClassVar[dict[str, Callable]]
    metrics: ClassVar[tuple[str, ...]]
    best: ClassVar[str]
    compared: ClassVar[tuple[str, ...]]
    plotted: ClassVar[tuple[str, ...]]

    @classmethod
    def open(cls, settings: AnySettings, class_names: list | None = None) -> Source:
        """Open the data that the settings name, as a Source. class_names: the classes in the order
        of their labels, by default those that the folder gives. Raises DataError."""
        if settings.data in BUILT_IN:
            scenes = settings.scenes or SCENES[settings.data]
            return BUILT_IN[settings.data].open(cls.name, scenes, settings.seed)
        return open_folder(
            cls.name,
            settings.data,
            getattr(settings, "ignore_index", None),
            class_names,
            encoding=settings.encoding,
            group_by=settings.group_by,
        )

    @classmethod
    def of(cls, settings: Any, source: Source, *, training: bool = True) -> "Task":
        """The task for these settings and data. Without `training` it is for evaluation only."""
        raise NotImplementedError

    def step(self, net: Layer, batch: tuple) -> dict[str, Any]:
        """Forward pass, loss, and backward pass, which adds the gradients to net.grads.

        batch: NumPy arrays, images first. If several processes train together, it is this rank's
        part of the batch; then the gradients are this rank's part of those of the whole batch.

        Returns: the losses of the whole batch, "loss" first, as numbers or 0-d arrays on the device
            of the net, so that the host need not wait for a GPU. If nothing in the batch counts,
            "counts" is 0, the losses are NaN and the gradients zero.
        """
        raise NotImplementedError

    def evaluate(self, net: Layer, batches: Iterable) -> dict[str, Any]:
        """The metrics over all batches, NaN where nothing counts. Each rank gives its own part of
        each batch, and gets the metrics of all parts."""
        raise NotImplementedError

    @staticmethod
    def check_output(output: Any, images: Array, num_classes: int) -> None:
        """Raise ValueError, with what is needed, if a net's output for these images does not fit
        the task."""
        raise NotImplementedError

    @staticmethod
    def draw(net: Layer, batch: tuple, class_names: list) -> Figure:
        """Draw the net's predictions for the first images of a batch beside the truth."""
        raise NotImplementedError

    @staticmethod
    def describe(
        output: Any, image: Array, class_names: list, seen: tuple[int, int]
    ) -> tuple[str, Figure]:
        """Describe the net's output for one image (C, H, W) as text, and draw it on the image.
        output: for a batch of one, in the host's memory. seen: the size (H, W) to which the image
        was resized for the net."""
        raise NotImplementedError

    @staticmethod
    def baseline(train: Any, validation: Any) -> dict[str, Any]:
        """What a prediction that ignores the images reaches: "name", "params" and metrics. Empty if
        the task has no such baseline. train, validation: Loaders."""
        return {}


def check_batch(net: Any, batch: Any, count: int) -> None:
    """Check that `net` is a Layer, and `batch` a tuple of `count` parts, of which the first is the
    images.

    Raises: TypeError or ValueError if they are not.
    """
    an_instance("net", net, Layer)
    images, *others = parts("batch", batch, count)
    check_images("images of batch", images)
    for number, part in enumerate(others, 1):
        if not hasattr(part, "__len__") or len(part) != len(images):
            raise ValueError(
                f"batch[{number}] is {shown(part)}, but must be of {len(images)} images"
            )


def moved(batch: tuple, device: str) -> tuple:
    """The arrays of a batch, moved to a device."""
    return tuple(to_device(part, device) for part in batch)


def total(like: Array, *numbers: Any) -> Array:
    """Numbers or 0-d arrays, each summed over the ranks, in one array on the device of `like`."""
    xp = xp_of(like)
    return world().all_reduce(xp.stack([xp.asarray(number, np.float64) for number in numbers]))


def share(weight: float) -> tuple[float, float]:
    """(this rank's share of the weight of the whole batch, the weight of the whole batch)."""
    whole = float(world().all_reduce(np.array([weight], np.float64))[0])
    return (float(weight) / whole if whole else 0.0), whole


def backward(net: Layer, gradients: Any) -> None:
    """The backward pass through the net. It leaves out the gradient of the images."""
    before, net.need_dx = net.need_dx, False
    try:
        net.backward(gradients)
    finally:
        net.need_dx = before
