"""Layers: the ops with parameters, gradients and a memory of the last input, under PyTorch's names.

There is no autograd: `layer(x)` runs forward, `layer.backward(dy)` returns dx and adds to
`layer.grads`, and every backward is written by hand. Where the order of arguments is not PyTorch's,
they are given by keyword.
"""

from nn_scratch.layers.activation import LeakyReLU, ReLU, Sigmoid
from nn_scratch.layers.base import Layer
from nn_scratch.layers.container import Add, Concat, Sequential
from nn_scratch.layers.conv import Conv2d, ConvTranspose2d
from nn_scratch.layers.dropout import Dropout
from nn_scratch.layers.inference import inference_mode
from nn_scratch.layers.initialize import he_normal
from nn_scratch.layers.linear import Flatten, Linear
from nn_scratch.layers.norm import BatchNorm2d, BatchNormReLU2d
from nn_scratch.layers.pad import ZeroPad2d
from nn_scratch.layers.pool import AdaptiveAvgPool2d, AvgPool2d, MaxPool2d, MaxUnpool2d
from nn_scratch.layers.upsample import BedOfNails2d, BilinearUpsample2d, NearestUnpool2d

__all__ = [
    "AdaptiveAvgPool2d",
    "Add",
    "AvgPool2d",
    "BatchNorm2d",
    "BatchNormReLU2d",
    "BedOfNails2d",
    "BilinearUpsample2d",
    "Concat",
    "Conv2d",
    "ConvTranspose2d",
    "Dropout",
    "Flatten",
    "Layer",
    "LeakyReLU",
    "Linear",
    "MaxPool2d",
    "MaxUnpool2d",
    "NearestUnpool2d",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "ZeroPad2d",
    "he_normal",
    "inference_mode",
]
