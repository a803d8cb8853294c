"""Signatures of mistakes: relations between a wrong result and the right one.

Each is a function that makes, from the right result, from other arguments or from a solution with
one change, everything that stands in that relation to it: in another order, shifted, too large by a
count, for another stride … They know nothing of how a function is written, so their sentences say
what is seen, not what was typed.
"""

from nn_scratch.exercises.signatures import arguments, numbers, one_change, results, sizes

FOUND = [m for part in (arguments, numbers, results, sizes, one_change) for m in part.FOUND]
