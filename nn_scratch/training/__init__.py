"""Training: optimizers, a learning rate schedule, tasks, checkpoints, and the training loop."""

from nn_scratch.training.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from nn_scratch.training.distributed import RanksError, world
from nn_scratch.training.film import film
from nn_scratch.training.fit import DivergedError, evaluate, fit
from nn_scratch.training.optim import SGD, Adam
from nn_scratch.training.output_folder import OutputError
from nn_scratch.training.schedules import one_cycle
from nn_scratch.training.settings import SettingsError
from nn_scratch.training.tasks import TASKS, Detection, Localization, Segmentation

__all__ = [
    "SGD",
    "TASKS",
    "Adam",
    "CheckpointError",
    "Detection",
    "DivergedError",
    "Localization",
    "OutputError",
    "RanksError",
    "Segmentation",
    "SettingsError",
    "evaluate",
    "film",
    "fit",
    "load_checkpoint",
    "one_cycle",
    "save_checkpoint",
    "world",
]
