"""Training: optimizers, schedules, tasks, checkpoints, and the loop that joins them."""

from nn_scratch.training.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from nn_scratch.training.distributed import RanksError, world
from nn_scratch.training.fit import DivergedError, evaluate, fit
from nn_scratch.training.optim import SGD, Adam
from nn_scratch.training.schedules import constant, cosine, one_cycle, step_decay
from nn_scratch.training.tasks import Localization, Segmentation

__all__ = [
    "SGD",
    "Adam",
    "CheckpointError",
    "DivergedError",
    "Localization",
    "RanksError",
    "Segmentation",
    "constant",
    "cosine",
    "evaluate",
    "fit",
    "load_checkpoint",
    "one_cycle",
    "save_checkpoint",
    "step_decay",
    "world",
]
