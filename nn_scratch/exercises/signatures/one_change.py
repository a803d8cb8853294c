"""Results of the plain solution with one change in its code."""

import copy
import warnings
from functools import cache, lru_cache, partial

import numpy as np

from nn_scratch.exercises import changed_code, sandbox
from nn_scratch.exercises.mistakes.explain import same
from nn_scratch.exercises.mistakes.mistake import register
from nn_scratch.exercises.mistakes.slips import SLIPS

FOUND = []
HELPERS = "pair", "wide"  # functions that are not changed, because they compute no results
KEPT = 50_000  # results of changed solutions, which the next attempt at the exercise needs again


@cache
def changed_solutions(name):
    """A dict from descriptions to the code of changed solutions: those in SLIPS, and those with a
    single change."""
    source = changed_code.solution(name)
    slips = (changed_code.with_other_lines(source, slip) for slip in SLIPS.get(name, ()))
    known = ((words, [compile(text, "<slip>", "exec")]) for words, text in slips)
    return dict(known) | changed_code.versions(source, HELPERS)


@lru_cache(KEPT)
def given(trial, words):
    """The results of a changed solution by name; {} if it fails."""
    namespace, exercise = {}, trial.exercise
    arguments, options = copy.deepcopy(trial.call)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for code in changed_solutions(exercise.name)[words]:
                exec(code, namespace)
            results = sandbox.flat(namespace[exercise.name](*arguments, **options))
        return dict(zip(exercise.results, map(np.asarray, results), strict=True))
    except Exception:  # a changed line may raise any error
        return {}


def results_of(trial, words, kept):
    """The results of a changed solution by name; {} if it fails, or if it gives another value for
    one of those kept, which the student has right."""
    made = given(trial, words)
    return made if made and all(same(made[name], right) for name, right in kept.items()) else {}


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
    found, trial = attempt.found or {}, attempt.trial
    kept = {name: found[name] for name in found if same(found[name], attempt.right[name])}
    for words in changed_solutions(trial.exercise.name):
        yield words, partial(results_of, trial, words, kept)
