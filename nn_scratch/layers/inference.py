"""Forward passes that no backward pass will follow."""

from contextlib import contextmanager

from nn_scratch.layers.container import leaves
from nn_scratch.layers.pool import MaxPool2d


@contextmanager
def inference_mode(net):
    """Within, layers keep nothing for a backward pass, so that a net's memory is that of a few
    layers. Max-pools keep their switches, which unpooling needs. (PyTorch's name.)"""
    layers = [layer for _, layer in leaves(net) if not isinstance(layer, MaxPool2d)]
    for layer in layers:
        layer.keep = False
    try:
        yield
    finally:
        for layer in layers:
            layer.keep = True
