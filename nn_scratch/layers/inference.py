"""Contexts for forward passes that only predict: without a backward pass, in evaluation mode."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from nn_scratch.arguments import an_instance
from nn_scratch.layers.base import Layer


@contextmanager
def inference_mode(net: Layer) -> Iterator[None]:
    """A context in which layers keep nothing for a backward pass, so that a net needs the memory of
    a few layers only. (The name is PyTorch's.)

    Layers whose saved values others read still keep them: those with `shares_saved`, such as a
    max-pool with its switches, and those that another layer refers to.

    Raises: TypeError if net is not a Layer.
    """
    an_instance("net", net, Layer)
    layers = [layer for _, layer in net.named_modules()]
    holders = Counter(
        one for layer in layers for one in {id(child) for _, child in layer.named_children()}
    )
    spared = [
        layer
        for layer in layers
        if layer.needs_backward and holders[id(layer)] < 2 and not layer.shares_saved
    ]
    for layer in spared:
        layer.needs_backward = False
    try:
        yield
    finally:
        for layer in spared:
            layer.needs_backward = True


@contextmanager
def evaluation_mode(net: Layer) -> Iterator[None]:
    """A context in which all layers of a net are in evaluation mode. Afterwards each layer has the
    mode that it had before."""
    modes = [(layer, layer.training) for _, layer in net.named_modules()]
    net.eval()
    try:
        yield
    finally:
        for layer, mode in modes:
            layer.training = mode
