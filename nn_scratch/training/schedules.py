"""Learning rate schedules."""

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
    """The one-cycle schedule (Smith & Topin 2018), as PyTorch's OneCycleLR without its cycle of
    momentum.

    The learning rate starts at max_lr / start_factor, rises to max_lr within the fraction `warm_up`
    of the `steps`, and falls to max_lr / (start_factor · final_factor) in the rest, both times
    along half a cosine.

    Returns: a function from the number of the step (0, 1, …) to the learning rate.
    Raises: TypeError or ValueError for a max_lr or a factor that is not above 0, for steps that are
        not a whole number of at least 1, or for a warm_up outside 0 to 1.
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
    """The fraction of a phase that is over; a phase of no length is over at once."""
    return min(part / whole, 1) if whole > 0 else 1


def _between(first, last, share):
    """The value on half a cosine from `first` (share 0) to `last` (share 1)."""
    return last + (first - last) * (1 + cos(pi * share)) / 2
