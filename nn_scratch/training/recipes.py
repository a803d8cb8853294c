"""Experiments, ready to run: from a few settings to data, net, task, optimizer and schedule.

A recipe's settings are all that it was made from, in words and numbers. They go into its
checkpoints, and from them alone its net can be built again.
"""

import io
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from nn_scratch.data import (
    HorizontalFlip,
    Loader,
    RandomPlacement,
    Resize,
    Source,
    Transformed,
)
from nn_scratch.data.sources import BUILT_IN
from nn_scratch.layers import Layer, inference_mode
from nn_scratch.training.build_net import CHOSEN, build_net, errors_of, label, net_file
from nn_scratch.training.fit import evaluate, fit
from nn_scratch.training.optim import Adam
from nn_scratch.training.schedules import one_cycle
from nn_scratch.training.settings import Settings, SettingsError
from nn_scratch.training.tasks import TASKS

PREFETCH = 4  # batches of photographs that are read ahead


class Recipe:
    """One experiment: settings, net, task, Loaders `train` and `validation`, and class_names.

    verify: whether to open every image once, so that none is found broken after hours of training.
    `report` says what of the data was left out or read in a special way.

    Raises: SettingsError, DataError, UnknownNetError or UserCodeError, before anything is trained.
    """

    def __init__(self, settings: Settings, *, verify: bool = True):
        self.settings = settings
        task = TASKS[settings.task]
        source = task.open(settings)
        if verify:
            source.verify(one_size=settings.size is None)
        self.report = source.report
        self.train = training_loader(settings, source)
        self.validation = validation_loader(settings, source)
        self.class_names = source.class_names
        self.facts = _facts(source, self.train)
        # What a picture shows may change (a better copy), and the run still goes on.
        self.notes = {"train_contents": source.contents("train") if verify else {}}
        self.net = net_of(settings, self.facts)
        self.task = task.of(settings, source)

    def run(self, checkpoint: str | Path | None = None, **options: Any) -> dict[str, list]:
        """Train; `checkpoint` and options as fit's. Returns the history."""
        epochs = self.settings.epochs
        own = net_file(self.settings.net)
        with errors_of(self.settings.net):
            return fit(
                self.net,
                self.task,
                self.train,
                Adam(self.net),
                epochs=epochs,
                schedule=one_cycle(self.settings.max_lr, epochs * len(self.train)),
                checkpoint=checkpoint,
                settings=self.settings.as_dict() | self.facts,
                notes=self.notes | ({"net_file": own.fingerprint()} if own else {}),
                **options,
            )

    def evaluate(self) -> dict[str, Any]:
        """The metrics on the validation images."""
        return evaluate(self.net, self.task, self.validation)

    def picture(self) -> Figure:
        """A Figure of the first validation images and what the net makes of them. Moves the net to
        the CPU, and to evaluation mode."""
        batch = next(iter(self.validation.batches()))
        return self.task.draw(self.net.to("cpu").eval(), batch, self.class_names)

    def rehearse(self) -> None:
        """Do once what a run does at its end, with the net as it is: a net that cannot take these
        images, or a picture that cannot be drawn, is found before hours of training.

        Raises: SettingsError, or UserCodeError for a net of one's own.
        """
        images = next(iter(self.train.batches()))[0][:1]
        name = label(self.settings.net)
        with errors_of(self.settings.net):
            try:
                with inference_mode(self.net.eval()):
                    output = self.net(images)
            except (ValueError, MemoryError) as error:
                if net_file(self.settings.net) is not None:
                    raise
                size = "×".join(map(str, images.shape[2:]))
                raise SettingsError(
                    "net", f"{name} cannot take images of {size}: {error}"
                ) from error
        try:
            self.task.check_output(output, images, len(self.class_names))
        except ValueError as error:
            raise SettingsError("net", f"is {name}, but {error}") from error
        self.picture().savefig(io.BytesIO(), dpi=20)
        self.net.train()


def recipe(task: str, **settings: Any) -> Recipe:
    """The Recipe for a name of TASKS. settings: the fields of its Settings, see settings.Settings
    and the task's file; what is not given is as good a start as we know."""
    return Recipe(TASKS[task].Settings(**settings))


segmentation = partial(recipe, "segmentation")
localization = partial(recipe, "localization")
detection = partial(recipe, "detection")


def net_of(settings: Settings, facts: dict) -> Layer:
    """The net of a recipe with these settings and facts of its data, as it is before training."""
    return build_net(
        TASKS[settings.task].nets,
        settings.task,
        settings.net,
        facts["channels"],
        len(facts["class_names"]),
        image_size=facts["image_size"],
        rng=settings.seed,
        **{name: getattr(settings, name) for name in CHOSEN},
    )


def training_loader(settings: Settings, source: Source) -> Loader:
    """Batches of the images to train on."""
    changes = [*_changes(settings), *([HorizontalFlip()] if settings.flip else [])]
    return Loader(
        Transformed(source.train, *changes, seed=settings.seed),
        settings.batch_size,
        shuffle=True,
        seed=settings.seed,
        prefetch=0 if settings.data in BUILT_IN else PREFETCH,
    )


def validation_loader(settings: Settings, source: Source) -> Loader:
    """Batches of the images to validate on."""
    return Loader(Transformed(source.validation, *_changes(settings)), settings.batch_size)


def _changes(settings):
    """The transforms of all images."""
    if getattr(settings, "placement", 1) > 1:
        yield RandomPlacement(settings.placement)
    if settings.size:
        yield Resize(settings.size)


def _facts(source, loader):
    """What a run's net and its pictures need to know of the data, for who has the checkpoint only;
    and which images are trained on."""
    facts = {
        "class_names": list(source.class_names),
        "channels": source.channels,
        "image_size": list(loader.dataset.sample(0, 0)[0].shape[1:]),
    }
    if source.train_names:
        facts["train_images"] = list(source.train_names)
        facts["validation_images"] = list(source.validation_names)
    return facts
