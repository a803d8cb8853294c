"""Known mistakes, each with a name, a sentence and a question; and finding the one that explains
what a student's function gives.

A mistake is a variant of the right answer. The catalogue here holds those that have a sentence of
their own for one exercise; the relations of `signatures` hold for all.
"""

from nn_scratch.exercises import signatures
from nn_scratch.exercises.mistakes import (
    activation,
    boxes,
    conv,
    conv_options,
    linear,
    loss,
    nms,
    pool,
    switches,
    upsample,
)
from nn_scratch.exercises.mistakes.explain import Attempt, explain, not_finite, soil

_MODULES = (
    conv, conv_options, linear, pool, switches, upsample, activation, loss, boxes, nms,
)  # fmt: skip

FEW_NUMBERS = ("nms",)  # whole numbers, so few that some relation always holds by accident


def mistakes_of(exercise_name):
    """The Mistakes that apply to an exercise."""
    known = [m for module in _MODULES for m in module.FOUND]
    few = exercise_name in FEW_NUMBERS
    known += [m for m in signatures.FOUND if m.whole or not few]
    return [m for m in known if not m.exercises or exercise_name in m.exercises]


__all__ = ["Attempt", "explain", "mistakes_of", "not_finite", "soil"]
