"""Segmentation and localization networks with hand-written forward and backward passes.

There is no autograd anywhere: every backward pass is written by hand, next to its forward pass.

    ops      pure functions, forward beside backward: the mathematics
    layers   the same with parameters and gradients, under PyTorch's names
    nets     small networks made of the layers
    check    gradient checks, for this library's passes and for yours
    naive    the definition of every op as plain loops
"""

from nn_scratch import check, layers, naive, nets, ops

__all__ = ["__version__", "check", "layers", "naive", "nets", "ops"]
__version__ = "0.2.0"
