"""Signatures of mistakes: relations between a wrong result and the right one.

Each is a function that generates all results that have some relation to the right one, such as
another order of axes, a shift, a factor, or the result for another stride. They are made from the
right result, from changed arguments, or by a changed solution. They do not look at the student's
code, so that their sentences are about the results, not about what was typed.
"""

from nn_scratch.exercises.signatures import arguments, numbers, one_change, results, sizes

FOUND = [m for part in (arguments, numbers, results, sizes, one_change) for m in part.FOUND]
