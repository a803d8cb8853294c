"""What every task must be able to do, and what tasks share."""

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
    """What a net is trained for: its data, the loss of a batch and its gradients, the metrics of a
    data set, and how all that is drawn.

    metrics: what `evaluate` gives. best: the one by which one epoch's net is better than
    another's. compared: those that stand in a table of nets, plotted: those in its plot. nets: the
    builders by name.
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
        """The data that the settings name. class_names: the classes and their order, if they are
        not to be those of the folder. Raises DataError."""
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
        """The task for these settings and data; for evaluation alone if not `training`."""
        raise NotImplementedError

    def step(self, net: Layer, batch: tuple) -> dict[str, Any]:
        """Forward, loss, backward: the gradients are added to net.grads.

        batch: NumPy arrays, images first; with several processes this rank's part of the batch.

        Returns: the losses of the whole batch, "loss" first, as numbers or 0-d arrays that stay
        where the net is: on a GPU the host waits for nothing in here, unless there are several
        ranks. "counts" is 0 for a batch without anything that counts: its losses are NaN and its
        gradients zero. The gradients are this rank's part of the whole batch's.
        """
        raise NotImplementedError

    def evaluate(self, net: Layer, batches: Iterable) -> dict[str, Any]:
        """The metrics over all batches; NaN where nothing counts. Every rank gives its own part of
        each batch, and gets the metrics of all."""
        raise NotImplementedError

    @staticmethod
    def check_output(output: Any, images: Array, num_classes: int) -> None:
        """Raise ValueError, with what is needed, if a net gave something else for these images."""
        raise NotImplementedError

    @staticmethod
    def draw(net: Layer, batch: tuple, class_names: list) -> Figure:
        """What the net makes of the first images of a batch, beside the truth."""
        raise NotImplementedError

    @staticmethod
    def describe(
        output: Any, image: Array, class_names: list, seen: tuple[int, int]
    ) -> tuple[str, Figure]:
        """What the net's output (of a batch of one, on the host) says of an image (C, H, W): as
        text, and drawn on it. seen: the size (H, W) in which the net was given it."""
        raise NotImplementedError

    @staticmethod
    def baseline(train: Any, validation: Any) -> dict[str, Any]:
        """What can be reached without looking at the images: "name", "params" and metrics; empty
        if that says nothing. train, validation: Loaders."""
        return {}


def check_batch(net: Any, batch: Any, count: int) -> None:
    """A net, and a batch of so many parts, of which the first are images.

    Raises: TypeError or ValueError for anything else.
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
    """The arrays of a batch on a device."""
    return tuple(to_device(part, device) for part in batch)


def total(like: Array, *numbers: Any) -> Array:
    """Numbers or 0-d arrays, each summed over the ranks; on the device of `like`."""
    xp = xp_of(like)
    return world().all_reduce(xp.stack([xp.asarray(number, np.float64) for number in numbers]))


def share(weight: float) -> tuple[float, float]:
    """What part of the whole batch's weight this rank's is, and the whole batch's."""
    whole = float(world().all_reduce(np.array([weight], np.float64))[0])
    return (float(weight) / whole if whole else 0.0), whole


def backward(net: Layer, gradients: Any) -> None:
    """Backward through the net, without the gradient in the images, which nobody needs."""
    before, net.need_dx = net.need_dx, False
    try:
        net.backward(gradients)
    finally:
        net.need_dx = before
