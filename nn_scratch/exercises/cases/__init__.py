"""The cases of each exercise. Each adds one difficulty to those before it, so that the first case
that fails shows what the student has missed; numbers are small enough to compute on paper.

The functions return the list of cases of an exercise; their docstrings name the values of a case.
"""

from nn_scratch.exercises.cases.boxes import boxes
from nn_scratch.exercises.cases.case import Case
from nn_scratch.exercises.cases.conv import convolution, transpose_convolution
from nn_scratch.exercises.cases.detection import focal_loss, nms
from nn_scratch.exercises.cases.layers import activation, batch_norm, linear, softmax
from nn_scratch.exercises.cases.losses import box_loss, cross_entropy, two_heads, two_losses
from nn_scratch.exercises.cases.optim import adam, sgd
from nn_scratch.exercises.cases.pool import max_pool, max_unpool
from nn_scratch.exercises.cases.upsample import bilinear, block_unpool

__all__ = [
    "Case",
    "activation",
    "adam",
    "batch_norm",
    "bilinear",
    "block_unpool",
    "box_loss",
    "boxes",
    "convolution",
    "cross_entropy",
    "focal_loss",
    "linear",
    "max_pool",
    "max_unpool",
    "nms",
    "sgd",
    "softmax",
    "transpose_convolution",
    "two_heads",
    "two_losses",
]
