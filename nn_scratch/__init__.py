"""Segmentation and localization networks with hand-written forward and backward passes.

There is no autograd anywhere: every backward pass is written by hand, next to its forward pass.

    ops      pure functions, forward beside backward: the mathematics
    layers   the same with parameters and gradients, under PyTorch's names
    nets     small networks made of the layers
    check    gradient checks, for this library's passes and for yours
    naive    the definition of every op as plain loops

Each is imported when it is first asked for, so that one that is being edited, and does not work at
the moment, is not in the way of the others.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nn_scratch import check, layers, naive, nets, ops

__all__ = ["__version__", "check", "layers", "naive", "nets", "ops"]
__version__ = "0.2.0"  # the only place: pyproject.toml reads it here


def __getattr__(name):
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
