"""Experiments, ready to run: from a few settings to data, net, task, optimizer and schedule.

A recipe's settings are all that it was made from, in words and numbers. They go into its
checkpoints, and from them alone its net can be built again.
"""

from pathlib import Path

import numpy as np

from nn_scratch.data import (
    HorizontalFlip,
    Loader,
    RandomPlacement,
    Resize,
    Transformed,
    open_digits,
    open_folder,
)
from nn_scratch.data.sources import DIGITS
from nn_scratch.evaluation import boxes
from nn_scratch.evaluation.segmentation import median_frequency_weights
from nn_scratch.nets import build
from nn_scratch.plotting import figures
from nn_scratch.training.distributed import ALONE
from nn_scratch.training.fit import evaluate, fit
from nn_scratch.training.optim import Adam
from nn_scratch.training.schedules import one_cycle
from nn_scratch.training.tasks import Localization, Segmentation, box_of_class

CLASS_WEIGHTS = ("none", "median_frequency")
PREFETCH = 4  # batches of photographs that are read ahead


def segmentation(
    *,
    data=DIGITS,
    net="segnet",
    width=None,
    kernel_size=None,
    size=None,
    flip=False,
    class_weights="none",
    ignore_index=None,
    epochs=15,
    scenes=4000,
    batch_size=32,
    max_lr=1e-2,
    seed=0,
):
    """A class for every pixel.

    data: "digits", `scenes` new scenes an epoch, or a folder (data.sources.LAYOUTS). net: a name of
    nets.SEGMENTERS; width and kernel_size, if they are not to be the net's own. size: (h, w) to
    which all images are brought. flip: half of the training images, at random. class_weights:
    "none" or "median_frequency", of the classes in the loss. ignore_index: the label of pixels
    that do not count.
    """
    return Recipe({"task": "segmentation", **locals()})


def localization(
    *,
    data=DIGITS,
    net="localizer",
    width=None,
    size=None,
    placement=1.0,
    flip=False,
    epochs=12,
    scenes=4000,
    batch_size=32,
    max_lr=3e-3,
    seed=0,
):
    """A class and a box for every image.

    As segmentation, with a name of nets.LOCALIZERS. placement: all images, to train and to
    validate on, at a random place of a canvas up to so many times as large.
    """
    return Recipe({"task": "localization", **locals()})


RECIPES = {"segmentation": segmentation, "localization": localization}


class Recipe:
    """One experiment: net, task, Loaders `train` and `validation`, class_names, and settings."""

    def __init__(self, settings):
        if settings["data"] != DIGITS:
            settings["data"] = str(Path(settings["data"]).resolve())
        source = _open(settings)
        seed, batch_size = settings["seed"], settings["batch_size"]
        photographs = settings["data"] != DIGITS
        self.train = Loader(
            Transformed(source.train, *_changes(settings, train=True), seed=seed),
            batch_size,
            shuffle=True,
            seed=seed,
            prefetch=PREFETCH if photographs else 0,
        )
        self.validation = Loader(
            Transformed(source.validation, *_changes(settings, train=False)), batch_size
        )
        # What the net and its pictures need to know of the data, for who has the checkpoint only.
        self.settings = settings | {
            "class_names": source.class_names,
            "channels": source.channels,
            "image_size": list(self.train.dataset.sample(0, 0)[0].shape[1:]),
        }
        self.net = net_of(self.settings)
        self.task = _task(settings, source)
        self.class_names = source.class_names

    def run(self, checkpoint=None, **options):
        """Train and return the history; options as fit's."""
        epochs = self.settings["epochs"]
        return fit(
            self.net,
            self.task,
            self.train,
            Adam(self.net),
            epochs=epochs,
            schedule=one_cycle(self.settings["max_lr"], epochs * len(self.train)),
            checkpoint=checkpoint,
            settings=self.settings,
            **options,
        )

    def evaluate(self, ranks=ALONE):
        """The metrics on the validation images."""
        return evaluate(self.net, self.task, self.validation, ranks)

    def picture(self):
        """A Figure of the first validation images and what the net makes of them."""
        batch = next(iter(self.validation.batches()))
        draw = {"segmentation": draw_segmentation, "localization": draw_localization}
        return draw[self.settings["task"]](self.net.to("cpu").eval(), batch, self.class_names)


def net_of(settings):
    """The net of a recipe with these settings, as it is before training."""
    own = ("width", "kernel_size")
    return build(
        settings["task"],
        settings["net"],
        settings["channels"],
        len(settings["class_names"]),
        image_size=settings["image_size"],
        rng=settings["seed"],
        **{name: settings[name] for name in own if settings.get(name) is not None},
    )


def draw_segmentation(net, batch, class_names):
    """The net's label maps beside the truth."""
    images, truths = (part[:8] for part in batch)
    return figures.plot_segmentation(images, truths, class_names, net(images).argmax(axis=1))


def draw_localization(net, batch, class_names):
    """The net's boxes and classes beside the truth."""
    images, labels, true_boxes = (part[:12] for part in batch)
    scores, fractions = net(images)
    likeliest = scores.argmax(axis=1)
    found = boxes.to_pixels(fractions[box_of_class(fractions, likeliest)], images.shape[2:])
    names = ([class_names[label] for label in part] for part in (labels, likeliest))
    return figures.plot_boxes(images, true_boxes, found, *names)


def _open(settings):
    if settings["data"] == DIGITS:
        return open_digits(settings["task"], settings["scenes"], settings["seed"])
    return open_folder(
        settings["task"],
        settings["data"],
        settings.get("ignore_index"),
        settings.get("class_names"),
    )


def _changes(settings, train):
    """The transforms of the images to train on, or of those to validate on."""
    if settings.get("placement", 1) > 1:
        yield RandomPlacement(settings["placement"])
    if settings["size"]:
        yield Resize(settings["size"])
    if settings["flip"] and train:
        yield HorizontalFlip()


def _task(settings, source):
    if settings["task"] == "localization":
        return Localization()
    classes, ignored, weights = len(source.class_names), source.ignore_index, None
    if settings["class_weights"] == "median_frequency":
        label_maps = (source.train.sample(0, index)[1] for index in range(len(source.train)))
        weights = median_frequency_weights(label_maps, classes, ignored).astype(np.float32)
    return Segmentation(classes, class_weights=weights, ignore_index=ignored)
