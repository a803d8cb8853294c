"""Known mistakes, each with a name, a sentence and a question, and the search for the mistake that
explains a student's results.

A mistake is a way to get wrong results. The catalogue here has mistakes in single exercises, with
sentences of their own; the relations in `signatures` are for all exercises.
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

FEW_NUMBERS = ("nms",)  # exercises with so few numbers that some relation always fits by accident


def mistakes_of(exercise_name):
    """The Mistakes that apply to an exercise."""
    known = [m for module in _MODULES for m in module.FOUND]
    few = exercise_name in FEW_NUMBERS
    known += [m for m in signatures.FOUND if m.whole or not few]
    return [m for m in known if not m.exercises or exercise_name in m.exercises]


__all__ = ["Attempt", "explain", "mistakes_of", "not_finite", "soil"]
