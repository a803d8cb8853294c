"""Which known mistake explains what a function gave.

A mistake is named if it foretells a wrong result of the first case that fails, number for number,
and if it changes nothing in the cases before, which were right. If it also foretells all later
cases, it is named without restriction, else "on this case". Where several fit, the one that fits
the most cases is named; of two that fit equally, the one of lower rank. If that leaves two, none is
named, and both questions are asked.
"""

from typing import NamedTuple

import numpy as np

from nn_scratch.exercises.mistakes.wordings import wording

TOLERANCE = 1e-6
SMALLEST = 1e-2  # of all integers, the results are nothing but rounding below that
ENOUGH = 3  # fewer numbers may agree by accident: then another case must agree as well
FURTHER = 2  # later cases that must agree where there are many ways, if not all do
SOME, MANY = 6, 24  # the same where there are many ways
FAMILY = 1  # the rank of mistakes with so many ways that one may fit a single case by accident

# What is raised where a mistake makes no sense, because shapes do not fit for instance.
NONSENSE = (ValueError, IndexError, KeyError, TypeError, ArithmeticError)


class Attempt:
    """What a function gave on a trial: `found`, its results by name, or None where it gave none;
    `ask(**changes)` calls the function itself with other values of the case, and gives its
    results by name or None."""

    def __init__(self, trial, found, ask=None):
        self.trial, self.found, self._ask = trial, found, ask
        self.right, self.values, self.options = trial.right, trial.values, trial.options
        self._made = {}

    def made_by(self, mistake):
        """What a mistake makes of this case: results, or functions that compute them, by key."""
        if mistake not in self._made:
            made = self._made[mistake] = {}
            for key, results in _unmade(mistake, self):
                both = isinstance(results, dict) and isinstance(made.get(key), dict)
                made[key] = {**made[key], **results} if both else results
        return self._made[mistake]

    def __getitem__(self, name):
        return self.trial[name]

    @property
    def op(self):
        """The exercise's name without "_backward"."""
        return self.trial.op

    def solve(self, **changes):
        """The right results for other values or options, by name."""
        return self.trial.solve(**changes)

    def pairs(self, *names):
        """Options as (vertical, horizontal)."""
        return self.trial.pairs(*names)

    def ask(self, **changes):
        """The function's own results for other values, by name; None if there are none."""
        return None if self._ask is None else self._ask(self.trial, changes)


class Explanation(NamedTuple):
    """A mistake's name, what it is, a question that leads on, the results it explains, and whether
    that holds on all cases."""

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
    """One way to make a mistake, and how many later cases it foretells."""

    mistake: object
    key: object
    later: int
    throughout: bool

    @property
    def order(self):
        """The smallest is named."""
        return not self.throughout, -self.later, self.mistake.rank


def explain(attempts, failing, mistakes, single=True):
    """(Explanation or None, questions) of what a function gave.

    attempts: of all cases in order; the one numbered `failing` is the first that is wrong.
    questions: what to ask if two explanations are left.
    """
    attempt = attempts[failing]
    if (changing := unlike_itself(attempt)) is not None:
        return changing, ()
    wrong = [name for name, right in attempt.right.items() if not same(attempt.found[name], right)]
    if not wrong and single:
        return SINGLE_PRECISION, ()
    every = len(wrong) > 1
    found = {name: _candidates(attempts, failing, name, mistakes, every) for name in wrong}
    shared = _shared(found, attempt.trial.exercise.name)
    best = min(wrong, key=lambda name: found[name][0].order if found[name] else (2,))
    if shared and shared[0].throughout >= found[best][0].throughout:
        return _spoken(*_first(shared), tuple(wrong), attempt)
    if not found[best]:
        return None, ()
    return _spoken(*_first(found[best]), (best,), attempt)  # this result on its own


def _candidates(attempts, failing, name, mistakes, every):
    """The Candidates for one wrong result, the best first: of each mistake every way, or the best
    alone."""
    kept = []
    for mistake in mistakes:
        ways = []
        for key, results in variants(mistake, attempts[failing]):
            if _foretold(results.get(name), attempts[failing], name) is True:
                candidate = _judged(mistake, key, name, attempts, failing)
                ways += [candidate] if candidate else []
                if candidate and candidate.throughout and not every:
                    break
        kept += ways if every else sorted(ways, key=_order)[:1]
    return sorted(kept, key=_order)


def _judged(mistake, key, name, attempts, failing):
    """The Candidate, or None if it would have shown before, or rests on too little."""
    for attempt in attempts[:failing]:
        expected = _variant(mistake, key, attempt).get(name)
        if expected is not None and not same(expected, attempt.right[name]):
            return None
    later, throughout = 0, True
    for attempt in attempts[failing + 1 :]:
        told = _foretold(_variant(mistake, key, attempt).get(name), attempt, name)
        if told is False:
            throughout = False
            break
        later += told is True
    if mistake.whole and not throughout and later < FURTHER:
        return None
    if not later and failing + 1 < len(attempts):
        expected = _variant(mistake, key, attempts[failing])[name]
        enough = SOME if mistake.whole else MANY if mistake.rank == FAMILY else ENOUGH
        if _numbers(expected, attempts[failing].right[name]) < enough:
            return None
    return Candidate(mistake, key, later, throughout)


def _numbers(expected, right):
    """How many numbers a mistake changes."""
    if np.shape(expected) != right.shape or isinstance(expected, OfShape):
        return ENOUGH
    return int((~np.isclose(np.asarray(expected, np.float64), right)).sum())


def _foretold(expected, attempt, name):
    """Whether a mistake foretells a result; None if it says nothing of this case."""
    given = None if attempt.found is None else attempt.found.get(name)
    right = attempt.right[name]
    if given is None:
        return None
    if expected is None or same(expected, right):
        return None if same(given, right) else False
    return same(given, expected)


def variants(mistake, attempt):
    """The (key, results) pairs of a mistake on a case; what cannot be computed is left out."""
    for key, made in attempt.made_by(mistake).items():
        results = _made(made)
        if results:
            yield key, results


def _variant(mistake, key, attempt):
    """The results of one way to make a mistake; {} where it says nothing."""
    return _made(attempt.made_by(mistake).get(key, {}))


def _unmade(mistake, attempt):
    """Pairs of a key and results, or a function that computes them."""
    try:
        with np.errstate(all="ignore"):
            for number, variant in enumerate(mistake.variants(attempt)):
                yield variant if isinstance(variant, tuple) else (number, variant)
    except NONSENSE:
        return


def _made(results):
    if not callable(results):
        return results
    try:
        with np.errstate(all="ignore"):
            return results()
    except NONSENSE:
        return {}


def _shared(found, exercise):
    """The candidates that explain all wrong results by one sentence, the best first."""
    said = [{_sentence(c, exercise): c for c in reversed(kept)} for kept in found.values()]
    common = [words for words in reversed(said[0]) if all(words in other for other in said)]
    return sorted((max((s[words] for s in said), key=_order) for words in common), key=_order)


def _sentence(candidate, exercise):
    """The name of a candidate, and what is said of it."""
    words = wording(candidate.mistake.name, _words(candidate), exercise) or candidate.mistake
    return words.name, words.says.replace("{key}", str(_words(candidate)))


def _order(candidate):
    return candidate.order


def _first(candidates):
    best = candidates[0]
    rivals = [
        c for c in candidates if c.order == best.order and c.mistake.name != best.mistake.name
    ]
    return best, rivals


def _spoken(best, rivals, results, attempt):
    """The Explanation of the best candidate, or the questions of all that fit as well."""
    exercise = attempt.trial.exercise.name
    spoken = {c: wording(c.mistake.name, _words(c), exercise) or c.mistake for c in (best, *rivals)}
    if len({words.name for words in spoken.values()}) > 1:
        return None, tuple(dict.fromkeys(words.asks for words in spoken.values()))
    words, forms = spoken[best], _agreeing(results)
    shown = best.mistake.shown or (lambda key, _: str(key))
    filled = {**forms, "key": shown(_words(best), exercise).replace("{one}", forms["one"])}
    says, asks = words.says.format(**filled), words.asks.format(**filled)
    return Explanation(words.name, says, asks, results, best.throughout), ()


def _agreeing(results):
    """The results' names, and words that agree with one or several of them, for {result} {is}."""
    *others, last = results
    names = f"{', '.join(others)} and {last}" if others else last
    forms = {"is": "are", "has": "have", "holds": "hold", "one": "ones"} if others else {}
    return {"is": "is", "has": "has", "holds": "holds", "one": "one", **forms, "result": names}


def _words(candidate):
    """What stands for {key} in a sentence."""
    key = candidate.key
    while isinstance(key, tuple):
        key = key[0]
    return key


def not_finite(trial, found):
    """The Explanation of infinite numbers or NaN, or None."""
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


def unlike_itself(attempt):
    """The Explanation of results that change from call to call, or None."""
    answers = []
    for value in (0.0, 12345.0, 0.0):  # in the memory that it gets
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
    """Leave this value behind in the memory that NumPy will give to small arrays next."""
    for size in range(1, 128):
        blocks = [np.full(size, value) for _ in range(3)]
        blocks.clear()


class OfShape(NamedTuple):
    """Stands for any array of this shape: all that a wrong size formula foretells."""

    shape: tuple


def same(a, b):
    """Whether two arrays are equal to rounding; an OfShape equals all arrays of its shape."""
    for one, other in ((a, b), (b, a)):
        if isinstance(one, OfShape):
            return np.shape(other) == one.shape
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.dtype.kind not in "fiub" or b.dtype.kind not in "fiub":
        return False
    if not a.size:
        return True
    a, b = a.astype(np.float64), b.astype(np.float64)
    if not np.isfinite(a).all() or not np.isfinite(b).all():
        return bool(np.array_equal(a, b, equal_nan=True))
    size = max(np.abs(b).max(), np.abs(a).max(), SMALLEST)
    return bool(np.abs(a - b).max() <= TOLERANCE * size)
