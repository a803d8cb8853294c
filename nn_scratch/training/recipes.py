"""The experiments on the digit scenes, ready to run: data, net, task, optimizer, schedule."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nn_scratch import boxes, plot
from nn_scratch.data import DigitLocalization, DigitSegmentation, Loader
from nn_scratch.data.digits import CLASS_NAMES, SIZE
from nn_scratch.layers import Layer
from nn_scratch.nets import Localizer, SegNet
from nn_scratch.training.fit import evaluate, fit
from nn_scratch.training.optim import Adam
from nn_scratch.training.ranks import ALONE
from nn_scratch.training.schedules import one_cycle
from nn_scratch.training.tasks import Localization, Segmentation

TEST_SCENES = 1000


@dataclass
class Recipe:
    """One experiment. `settings` is what it was made from: the recipe's name and arguments."""

    net: Layer
    task: Any
    train: Loader
    test: Loader
    epochs: int
    max_lr: float
    settings: dict
    draw: Callable

    def run(self, checkpoint=None, **options):
        """Train and return the history; options as fit's."""
        return fit(
            self.net,
            self.task,
            self.train,
            Adam(self.net),
            epochs=self.epochs,
            schedule=one_cycle(self.max_lr, self.epochs * len(self.train)),
            checkpoint=checkpoint,
            settings=self.settings,
            **options,
        )

    def evaluate(self, ranks=ALONE):
        """The metrics on the test scenes."""
        return evaluate(self.net, self.task, self.test, ranks)

    def picture(self):
        """A Figure of the first test scenes and what the net makes of them."""
        self.net.eval()
        return self.draw(self.net, next(iter(self.test.batches())))


def segmentation(*, epochs=15, scenes=4000, batch_size=32, max_lr=1e-2, seed=0):
    """SegNet on scenes of one or two digits.

    Kernels of 5×5: after unpooling three pixels of four are zero, and a 3×3 window would see only
    two or three values.
    """
    return _recipe(
        SegNet(1, DigitSegmentation.classes, kernel_size=5, rng=seed),
        Segmentation(DigitSegmentation.classes),
        DigitSegmentation,
        draw_segmentation,
        {
            "task": "segmentation",
            "epochs": epochs,
            "scenes": scenes,
            "batch_size": batch_size,
            "max_lr": max_lr,
            "seed": seed,
        },
    )


def localization(*, epochs=12, scenes=4000, batch_size=32, max_lr=3e-3, seed=0):
    """Localizer on scenes of one digit."""
    return _recipe(
        Localizer(1, DigitLocalization.classes, (SIZE, SIZE), rng=seed),
        Localization(),
        DigitLocalization,
        draw_localization,
        {
            "task": "localization",
            "epochs": epochs,
            "scenes": scenes,
            "batch_size": batch_size,
            "max_lr": max_lr,
            "seed": seed,
        },
    )


def draw_segmentation(net, batch):
    """The net's label maps beside the truth."""
    images, truths = (part[:8] for part in batch)
    return plot.plot_segmentation(images, truths, net(images).argmax(axis=1), CLASS_NAMES)


def draw_localization(net, batch):
    """The net's boxes and classes beside the truth."""
    images, labels, true_boxes = (part[:12] for part in batch)
    scores, fractions = net(images)
    found = boxes.to_pixels(fractions, images.shape[2:])
    return plot.plot_boxes(images, true_boxes, found, labels, scores.argmax(axis=1))


def _recipe(net, task, dataset, draw, settings):
    seed, batch_size = settings["seed"], settings["batch_size"]
    train = dataset("train", settings["scenes"], seed)
    test = dataset("test", TEST_SCENES)
    return Recipe(
        net,
        task,
        Loader(train, batch_size, shuffle=True, seed=seed),
        Loader(test, batch_size),
        settings["epochs"],
        settings["max_lr"],
        settings,
        draw,
    )


RECIPES = {"segmentation": segmentation, "localization": localization}
