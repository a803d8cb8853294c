"""Forward passes that no backward pass will follow."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from nn_scratch.arguments import an_instance
from nn_scratch.layers.base import Layer


@contextmanager
def inference_mode(net: Layer) -> Iterator[None]:
    """Within, layers keep nothing for a backward pass, so that a net's memory is that of a few
    layers. (PyTorch's name.)

    What others read is kept: of layers that say so (`shares_saved`, as a max-pool's switches), and
    of layers that another one refers to (as an unpooling layer to its pool).

    Raises: TypeError if net is no Layer.
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
