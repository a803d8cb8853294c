"""Learning rates over time."""

from collections.abc import Callable
from math import cos, pi


def one_cycle(
    max_lr: float,
    steps: int,
    warm_up: float = 0.3,
    start_factor: float = 25.0,
    final_factor: float = 1e4,
) -> Callable[[int], float]:
    """Up to max_lr within the first share `warm_up` of the steps, from max_lr/start_factor, then
    down to a `final_factor`-th of the start, both along cosines (Smith & Topin 2018; PyTorch's
    OneCycleLR without its cycle of momentum).

    Returns: a function from the step's number (0, 1, …) to the rate.
    """
    start = max_lr / start_factor
    peak = warm_up * steps - 1

    def lr(step):
        if step <= peak:
            return _between(start, max_lr, step / peak)
        return _between(max_lr, start / final_factor, min((step - peak) / (steps - 1 - peak), 1))

    return lr


def _between(first, last, share):
    """From first (share 0) to last (share 1) along half a cosine."""
    return last + (first - last) * (1 + cos(pi * share)) / 2
