"""Recipes: experiments that are made from a few settings, with data, net, task and optimizer.

The settings are words and numbers, and contain all that a recipe was made from. They are saved in
its checkpoints, together with a few facts about the data, so that the net can be built again.
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

PREFETCH = 4  # batches of photographs that are read in advance


class Recipe:
    """An experiment: settings, net, task, the Loaders `train` and `validation`, and class_names.

    verify: whether to open every image once, so that a broken one is found before the training.
    report: a text about images that were left out or read in a special way.

    Raises: SettingsError, DataError, UnknownNetError or UserCodeError if the experiment cannot be
        set up.
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
        # Notes may differ when a run continues: an image may be replaced by a better copy.
        self.notes = {"train_contents": source.contents("train") if verify else {}}
        self.net = net_of(settings, self.facts)
        self.task = task.of(settings, source)

    def run(self, checkpoint: str | Path | None = None, **options: Any) -> dict[str, list]:
        """Train, and return the history. `checkpoint` and the options are those of fit."""
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
        """A Figure of the first validation images with the net's predictions. It moves the net to
        the CPU, and puts it into evaluation mode."""
        batch = next(iter(self.validation.batches()))
        return self.task.draw(self.net.to("cpu").eval(), batch, self.class_names)

    def rehearse(self) -> None:
        """Predict and draw once with the untrained net, so that a net that does not fit the images,
        or a picture that cannot be drawn, is found before hours of training.

        Raises: SettingsError if the net does not fit; UserCodeError for an error in a user's net.
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
    """The Recipe for a task of TASKS. settings: fields of the task's Settings; for those that are
    not given, the defaults are a good start."""
    return Recipe(TASKS[task].Settings(**settings))


segmentation = partial(recipe, "segmentation")
localization = partial(recipe, "localization")
detection = partial(recipe, "detection")


def net_of(settings: Settings, facts: dict) -> Layer:
    """The untrained net of a recipe with these settings and facts of its data."""
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
    """The Loader of the training images."""
    transforms = [*_transforms(settings), *([HorizontalFlip()] if settings.flip else [])]
    return Loader(
        Transformed(source.train, *transforms, seed=settings.seed),
        settings.batch_size,
        shuffle=True,
        seed=settings.seed,
        prefetch=0 if settings.data in BUILT_IN else PREFETCH,
    )


def validation_loader(settings: Settings, source: Source) -> Loader:
    """The Loader of the validation images."""
    return Loader(Transformed(source.validation, *_transforms(settings)), settings.batch_size)


def _transforms(settings):
    """The transforms of training and validation images alike."""
    if getattr(settings, "placement", 1) > 1:
        yield RandomPlacement(settings.placement)
    if settings.size:
        yield Resize(settings.size)


def _facts(source, loader):
    """The facts about the data that a checkpoint keeps: what is needed to build the net again and
    to name its classes, and which images it is trained and validated on."""
    facts = {
        "class_names": list(source.class_names),
        "channels": source.channels,
        "image_size": list(loader.dataset.sample(0, 0)[0].shape[1:]),
    }
    if source.train_names:
        facts["train_images"] = list(source.train_names)
        facts["validation_images"] = list(source.validation_names)
    return facts
