"""Segmentation, localization and detection networks with hand-written forward and backward passes.

There is no autograd anywhere: every backward pass is written by hand, next to its forward pass.

    ops      pure functions, forward beside backward: the mathematics
    layers   the same with parameters and gradients, under PyTorch's names
    nets     small networks made of the layers
    check    gradient checks, for this library's passes and for yours
    naive    every op once more as plain loops, which define it

Each package is imported when it is first used, so that an error in a package that is being edited
does not affect the others.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nn_scratch import check, layers, naive, nets, ops

__all__ = ["__version__", "check", "layers", "naive", "nets", "ops"]
__version__ = "0.2.0"  # pyproject.toml reads it from here


def __getattr__(name):
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
