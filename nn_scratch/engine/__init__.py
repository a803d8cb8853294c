"""How the primitives are computed. `ops/` says what is computed, and knows only these names."""

from nn_scratch.engine.array import (
    correlate,
    gather,
    scatter,
    scatter_add,
    survivors,
    weight_gradient,
    window_max,
)

__all__ = [
    "correlate",
    "gather",
    "scatter",
    "scatter_add",
    "survivors",
    "weight_gradient",
    "window_max",
]
