"""Layers: the ops with parameters, gradients and a memory of the last input, under PyTorch's names.

There is no autograd: `layer(x)` runs forward, `layer.backward(dy)` returns dx and adds to
`layer.grads`, and every backward is written by hand.
"""

from nn_scratch.layers.activation import ReLU
from nn_scratch.layers.base import Layer, he_normal
from nn_scratch.layers.container import Container, Sequential
from nn_scratch.layers.conv import Conv2d, ConvTranspose2d
from nn_scratch.layers.inference import inference_mode
from nn_scratch.layers.linear import Flatten, Linear
from nn_scratch.layers.norm import BatchNorm2d, BatchNormReLU2d
from nn_scratch.layers.pool import AdaptiveAvgPool2d, AvgPool2d, MaxPool2d, MaxUnpool2d
from nn_scratch.layers.upsample import BedOfNails2d, BilinearUpsample2d, NearestUnpool2d

__all__ = [
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "BatchNorm2d",
    "BatchNormReLU2d",
    "BedOfNails2d",
    "BilinearUpsample2d",
    "Container",
    "Conv2d",
    "ConvTranspose2d",
    "Flatten",
    "Layer",
    "Linear",
    "MaxPool2d",
    "MaxUnpool2d",
    "NearestUnpool2d",
    "ReLU",
    "Sequential",
    "he_normal",
    "inference_mode",
]
