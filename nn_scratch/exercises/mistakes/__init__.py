"""Known mistakes, each with a name, a sentence and a question; and finding the one that explains
what a student's function gives.

A mistake is a variant of the right answer. It is named only if it explains everything: each result
of the function, on every case, is either right throughout or what the mistake makes of it. So two
mistakes at once, or one that nobody thought of, stay without a name; a wrong name would be worse.
"""

from nn_scratch.exercises.mistakes import (
    boxes,
    conv,
    conv_options,
    general,
    linear,
    loss,
    norm,
    pool,
    upsample,
)
from nn_scratch.exercises.mistakes.explain import explain

_MODULES = general, conv, conv_options, linear, pool, upsample, norm, loss, boxes


def mistakes_of(exercise_name):
    """The Mistakes that apply to an exercise."""
    return [m for module in _MODULES for m in module.FOUND if exercise_name in m.exercises]


__all__ = ["explain", "mistakes_of"]
