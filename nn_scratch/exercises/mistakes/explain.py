"""Find the known mistake that explains the results of a function.

A mistake is named if it predicts all numbers of a wrong result in the first case that fails, and
changes nothing in the cases before, which were right. If it predicts the results of all later
cases, too, it is named without restriction, and otherwise "on this case". If several mistakes fit,
the one that fits the most cases is named, and among these the one of the lowest rank. If there are
still several, none is named, and the questions of all are asked.
"""

from math import isfinite
from typing import NamedTuple

import numpy as np

from nn_scratch.exercises.mistakes.wordings import wording

TOLERANCE = 1e-6
SMALLEST = 1e-2  # the least size of a result; arguments are integers, so less is rounding
ENOUGH = 3  # fewer numbers may agree by accident, so that another case must agree as well
FURTHER = 2  # so many later cases must agree if a mistake is `whole` and not all of them agree
SOME, MANY = 6, 24  # in place of ENOUGH: for a mistake that is `whole`, and for the rank FAMILY
FAMILY = 1  # the rank of mistakes with so many ways that one may fit a case by accident

# Errors that are raised where a mistake makes no sense, for instance because shapes do not fit.
NONSENSE = (ValueError, IndexError, KeyError, TypeError, ArithmeticError)


class Attempt:
    """What a function did on a trial. found: its results by name, or None. `ask(**changes)` calls
    the function with other values of the case."""

    def __init__(self, trial, found, ask=None):
        self.trial, self.found, self._ask = trial, found, ask
        self.right, self.values, self.options = trial.right, trial.values, trial.options
        self._made = {}

    def made_by(self, mistake):
        """The results of a mistake on this case, or functions that compute them, by key."""
        if mistake not in self._made:
            made = self._made[mistake] = {}
            for key, results in _unmade(mistake, self):
                both = isinstance(results, dict) and isinstance(made.get(key), dict)
                made[key] = {**made[key], **results} if both else results
        return self._made[mistake]

    def result_of(self, mistake, key):
        """The results of one way to make a mistake, computed once; {} if it says nothing about
        this case."""
        made = self.made_by(mistake)
        if callable(results := made.get(key, {})):
            results = made[key] = _computed(results)
        return results

    def __getitem__(self, name):
        return self.trial[name]

    @property
    def op(self):
        """The name of the exercise without "_backward"."""
        return self.trial.op

    def solve(self, **changes):
        """The right results by name, with some values or options changed."""
        return self.trial.solve(**changes)

    def pairs(self, *names):
        """Options as pairs (vertical, horizontal)."""
        return self.trial.pairs(*names)

    def ask(self, **changes):
        """The results of the function by name, with some values changed; None if there are none."""
        return None if self._ask is None else self._ask(self.trial, changes)


class Explanation(NamedTuple):
    """The name of a mistake, a sentence about it, a question, the results that it explains, and
    whether it explains all cases."""

    name: str
    says: str
    asks: str
    results: tuple = ()
    throughout: bool = True


UNINITIALISED = Explanation(
    "uninitialised",
    "The result changes with what stood in memory before: an array made by np.empty is added to, "
    "or not filled everywhere.",
    "Which of your arrays holds numbers that you never wrote? np.zeros begins with zeros.",
)
NOT_REPEATABLE = Explanation(
    "not_repeatable",
    "The result changes from one call to the next with the same arguments.",
    "What is kept between two calls: an array outside the function, a default argument, a random "
    "number?",
)
SINGLE_PRECISION = Explanation(
    "single_precision",
    "The numbers are right to a few digits only: on their way they are float32, or a constant is "
    "added that does not belong there.",
    "Of which dtype is each array that you make? np.zeros(shape) is float64.",
)


NO_CENTRE = Explanation(
    "no_centre",
    "Where no target is 1, the sum is divided by 0.",
    "What must an image without an object cost, if the net sees one in it?",
)
SATURATED = Explanation(
    "log_of_zero",
    "A probability that is too near 0 or 1 becomes 0 or 1, and a logarithm infinite; or exp of a "
    "large score is too large for a number.",
    "log p = −log(1 + exp(−z)). How can that be computed where exp(−z) is too large, and where it "
    "is too small?",
)


class Candidate(NamedTuple):
    """One way to make a mistake, and the number of later cases that it predicts."""

    mistake: object
    key: object
    later: int
    throughout: bool

    @property
    def order(self):
        """The key for sorting; the first candidate is named."""
        return not self.throughout, -self.later, self.mistake.rank


def explain(attempts, failing, mistakes, single=True):
    """(Explanation or None, questions) for the results of a function.

    attempts: on all cases in order; attempts[failing] is the first that is wrong. single: whether
    a result that is right up to rounding counts as computed in single precision. questions: those
    of all mistakes that are possible, if there are several.
    """
    attempt = attempts[failing]
    if (changing := changing_results(attempt)) is not None:
        return changing, ()
    wrong = [name for name, right in attempt.right.items() if not same(attempt.found[name], right)]
    if not wrong and single:
        return SINGLE_PRECISION, ()
    every = len(wrong) > 1
    found = {name: _candidates(attempts, failing, name, mistakes, every) for name in wrong}
    shared = _shared(found, attempt.trial.exercise.name)
    best = min(wrong, key=lambda name: found[name][0].order if found[name] else (2,))
    if shared and shared[0].throughout >= found[best][0].throughout:
        return _explained(*_first(shared), tuple(wrong), attempt)
    if not found[best]:
        return None, ()
    return _explained(*_first(found[best]), (best,), attempt)  # explains this result only


def _candidates(attempts, failing, name, mistakes, every):
    """The Candidates for one wrong result, the best first: `every` way to make each mistake, or
    only the best way."""
    kept = []
    for mistake in mistakes:
        ways = []
        for key, results in variants(mistake, attempts[failing]):
            if _predicted(results.get(name), attempts[failing], name) is True:
                candidate = _judged(mistake, key, name, attempts, failing)
                ways += [candidate] if candidate else []
                if candidate and candidate.throughout and not every:
                    break
        kept += ways if every else sorted(ways, key=_order)[:1]
    return sorted(kept, key=_order)


def _judged(mistake, key, name, attempts, failing):
    """The Candidate; None if it contradicts an earlier case, or rests on too few numbers."""
    for attempt in attempts[:failing]:
        expected = attempt.result_of(mistake, key).get(name)
        if expected is not None and not same(expected, attempt.right[name]):
            return None
    later, throughout = 0, True
    for attempt in attempts[failing + 1 :]:
        agrees = _predicted(attempt.result_of(mistake, key).get(name), attempt, name)
        if agrees is False:
            throughout = False
            break
        later += agrees is True
    if mistake.whole and not throughout and later < FURTHER:
        return None
    if not later and failing + 1 < len(attempts):
        expected = attempts[failing].result_of(mistake, key)[name]
        enough = SOME if mistake.whole else MANY if mistake.rank == FAMILY else ENOUGH
        if _numbers(expected, attempts[failing].right[name]) < enough:
            return None
    return Candidate(mistake, key, later, throughout)


def _numbers(expected, right):
    """The number of numbers that a mistake changes."""
    if np.shape(expected) != right.shape or isinstance(expected, OfShape):
        return ENOUGH
    return int((~np.isclose(np.asarray(expected, np.float64), right)).sum())


def _predicted(expected, attempt, name):
    """Whether a mistake predicts a result; None if it says nothing about this case."""
    given = None if attempt.found is None else attempt.found.get(name)
    right = attempt.right[name]
    if given is None:
        return None
    if expected is None or same(expected, right):
        return None if same(given, right) else False
    return same(given, expected)


def variants(mistake, attempt):
    """Pairs (key, results) of a mistake on a case, without ways that cannot be computed."""
    for key in attempt.made_by(mistake):
        if results := attempt.result_of(mistake, key):
            yield key, results


def _unmade(mistake, attempt):
    """Pairs (key, results or a function that computes them) of a mistake on a case."""
    try:
        with np.errstate(all="ignore"):
            for number, variant in enumerate(mistake.variants(attempt)):
                yield variant if isinstance(variant, tuple) else (number, variant)
    except NONSENSE:
        return


def _computed(results):
    """The results of a function of a mistake; {} if it makes no sense."""
    try:
        with np.errstate(all="ignore"):
            return results()
    except NONSENSE:
        return {}


def _shared(found, exercise):
    """The candidates that explain all wrong results by the same sentence, the best first."""
    said = [{_sentence(c, exercise): c for c in reversed(kept)} for kept in found.values()]
    common = [words for words in reversed(said[0]) if all(words in other for other in said)]
    return sorted((max((s[words] for s in said), key=_order) for words in common), key=_order)


def _sentence(candidate, exercise):
    """The name of a candidate, and the sentence about it."""
    words = wording(candidate.mistake.name, _words(candidate), exercise) or candidate.mistake
    return words.name, words.says.replace("{key}", str(_words(candidate)))


def _order(candidate):
    return candidate.order


def _first(candidates):
    """The best candidate, and candidates of other mistakes that are as good."""
    best = candidates[0]
    rivals = [
        c for c in candidates if c.order == best.order and c.mistake.name != best.mistake.name
    ]
    return best, rivals


def _explained(best, rivals, results, attempt):
    """The Explanation of the best candidate, or the questions of all if others are as good."""
    exercise = attempt.trial.exercise.name
    words_of = {
        c: wording(c.mistake.name, _words(c), exercise) or c.mistake for c in (best, *rivals)
    }
    if len({words.name for words in words_of.values()}) > 1:
        return None, tuple(dict.fromkeys(words.asks for words in words_of.values()))
    words, forms = words_of[best], _agreeing(results)
    shown = best.mistake.shown or (lambda key, _: str(key))
    filled = {**forms, "key": shown(_words(best), exercise).replace("{one}", forms["one"])}
    says, asks = words.says.format(**filled), words.asks.format(**filled)
    return Explanation(words.name, says, asks, results, best.throughout), ()


def _agreeing(results):
    """The names of the results for {result}, and words for {is} and others, which agree with one or
    several results."""
    *others, last = results
    names = f"{', '.join(others)} and {last}" if others else last
    forms = {"is": "are", "has": "have", "holds": "hold", "one": "ones"} if others else {}
    return {"is": "is", "has": "has", "holds": "holds", "one": "one", **forms, "result": names}


def _words(candidate):
    """The text for {key} in a sentence."""
    key = candidate.key
    while isinstance(key, tuple):
        key = key[0]
    return key


def not_finite(trial, found):
    """The Explanation of infinity or NaN in results, or None."""
    if trial.op == "focal_loss":
        return NO_CENTRE if not (trial["target"] == 1).any() else SATURATED
    scores = trial.values.get("scores", trial.values.get("x", np.zeros(1)))
    if trial.op not in ("softmax", "cross_entropy", "two_losses") or np.abs(scores).max() < 700:
        return None
    if any(np.isposinf(array).any() and not np.isnan(array).any() for array in found.values()):
        return Explanation(
            "log_of_zero",
            "A probability that is too small for a number becomes 0, and its logarithm infinite.",
            "log(softmax) = score − log Σ exp(scores). Which of these can be computed without ever "
            "making the small probability?",
        )
    return Explanation(
        "overflow",
        "exp of a large score is too large for a number, or all exp of small ones are 0, so that "
        "infinity is divided by infinity, or 0 by 0.",
        "Taking the same number from all scores of a sample changes no probability. Which number "
        "of each sample makes exp safe?",
    )


def changing_results(attempt):
    """The Explanation of results that change from one call to the next, or None."""
    answers = []
    for value in (0.0, 12345.0, 0.0):  # left in the memory that the function gets
        soil(value)
        answers.append(attempt.ask())
    if None in answers:
        return None
    _, others, again = (
        all(same(answer[n], answers[0][n]) for n in attempt.right) for answer in answers
    )
    if not again:
        return NOT_REPEATABLE
    if not others:
        return UNINITIALISED
    return None


def soil(value):
    """Fill memory with this value and free it, so that NumPy gives it to small arrays next."""
    for size in range(1, 128):
        blocks = [np.full(size, value) for _ in range(3)]
        blocks.clear()


class OfShape(NamedTuple):
    """Stands for any array of this shape, which is all that a wrong formula of a size predicts."""

    shape: tuple


def same(a, b):
    """Whether two arrays are equal up to rounding. An OfShape equals all arrays of its shape."""
    for one, other in ((a, b), (b, a)):
        if isinstance(one, OfShape):
            return np.shape(other) == one.shape
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.dtype.kind not in "fiub" or b.dtype.kind not in "fiub":
        return False
    if not a.size:
        return True
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    sizes = float(np.abs(a).max()), float(np.abs(b).max())
    if not all(map(isfinite, sizes)):
        return bool(np.array_equal(a, b, equal_nan=True))
    allowed = TOLERANCE * max(*sizes, SMALLEST)
    return abs(sizes[0] - sizes[1]) <= allowed and bool(np.abs(a - b).max() <= allowed)
