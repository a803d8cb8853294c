"""Results of the plain solution with one change in its code."""

import copy
import warnings
from functools import cache, partial

import numpy as np

from nn_scratch.exercises import changed_code, sandbox
from nn_scratch.exercises.mistakes.explain import same
from nn_scratch.exercises.mistakes.mistake import register
from nn_scratch.exercises.mistakes.slips import SLIPS

FOUND = []
HELPERS = "pair", "wide"  # functions that are not changed, because they compute no results


@cache
def changed_solutions(name):
    """A dict from descriptions to the code of changed solutions: those in SLIPS, and those with a
    single change."""
    source = changed_code.solution(name)
    slips = (changed_code.with_other_lines(source, slip) for slip in SLIPS.get(name, ()))
    known = ((words, [compile(text, "<slip>", "exec")]) for words, text in slips)
    return dict(known) | changed_code.versions(source, HELPERS)


def results_of(attempt, codes):
    """The results of a changed solution by name; {} if it fails, or if it gives another value for a
    result that the student has right."""
    namespace, exercise = {}, attempt.trial.exercise
    arguments, options = copy.deepcopy(attempt.trial.call)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for code in codes:
                exec(code, namespace)
            given = sandbox.flat(namespace[exercise.name](*arguments, **options))
        made = dict(zip(exercise.results, map(np.asarray, given), strict=True))
    except Exception:  # a changed line may raise any error
        return {}
    found = attempt.found or {}
    kept = [name for name, right in attempt.right.items() if same(found.get(name, ()), right)]
    return made if all(same(made[name], found[name]) for name in kept) else {}


def shown(words, name):
    """The description of a change without lines of the solution, which only --solution shows."""
    return changed_code.hinted(words, changed_code.lines_of(changed_code.solution(name)))


@register(FOUND, rank=5.5, whole=True, shown=shown)(
    "",
    "one_change",
    "Your {result} {is} what the right function gives {key}.",
    "What does the statement say there, and what does your code?",
)
def one_change(attempt):
    for words, codes in changed_solutions(attempt.trial.exercise.name).items():
        yield words, partial(results_of, attempt, codes)
