"""Signatures of mistakes: relations between a wrong result and the right one.

Each is a function that makes, from the right result or from other inputs, everything that stands in
that relation to it: in another order, shifted, too large by a count, for another stride … They know
nothing of how a function is written, so their sentences say what is seen, not what was typed.
"""

from nn_scratch.exercises.signatures import arrays, functions, inputs, sizes, terms

FOUND = [*inputs.FOUND, *terms.FOUND, *functions.FOUND, *sizes.FOUND, *arrays.FOUND]
