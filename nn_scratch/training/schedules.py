"""Learning rates over time."""

from collections.abc import Callable
from math import cos, pi

from nn_scratch.arguments import whole
from nn_scratch.validate import number


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
    Raises: TypeError or ValueError for rates and factors that are not above 0, no number of steps,
        or a warm_up outside 0 … 1.
    """
    max_lr, steps = number("max_lr", max_lr, 0, above=True), whole("steps", steps, 1)
    warm_up = number("warm_up", warm_up, 0, 1)
    start_factor = number("start_factor", start_factor, 0, above=True)
    final_factor = number("final_factor", final_factor, 0, above=True)
    start = max_lr / start_factor
    peak = warm_up * steps - 1

    def lr(step):
        step = whole("step", step)
        if step <= peak:
            return _between(start, max_lr, _share(step, peak))
        return _between(max_lr, start / final_factor, _share(step - peak, steps - 1 - peak))

    return lr


def _share(part, whole):
    """How much of a phase is over, which may be no longer than a step."""
    return min(part / whole, 1) if whole > 0 else 1


def _between(first, last, share):
    """From first (share 0) to last (share 1) along half a cosine."""
    return last + (first - last) * (1 + cos(pi * share)) / 2
