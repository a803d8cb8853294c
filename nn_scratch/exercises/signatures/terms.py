"""Relations between a result and the terms of the right one: missing, of another sign or size."""

from itertools import combinations, product

from nn_scratch.exercises.mistakes.mistake import register
from nn_scratch.exercises.mistakes.own_terms import others_of, terms_of
from nn_scratch.exercises.signatures.functions import counts

FOUND = []
signature = register(FOUND, rank=3)


@signature(
    "",
    "term",
    "One term of your {result} is wrong: {key}.",
    "Where does that term come from, and what does it look like in your code?",
)
def term(attempt):
    for name, terms in terms_of(attempt).items():
        right = attempt.right[name]
        changes = {"missing": 0.0, "of the wrong sign": -1.0, "there twice": 2.0, "halved": 0.5}
        for said, count in counts(attempt).items():
            changes |= {f"multiplied by {said}": count, f"divided by {said}": 1 / count}
        for label, array in terms.items():
            for said, c in changes.items():
                yield f"{label} is {said}", {name: right + (c - 1) * array}
        simple = dict(list(changes.items())[:3])
        for (one, a), (two, b) in combinations(terms.items(), 2):
            for (s, c), (t, d) in product(simple.items(), repeat=2):
                made = right + (c - 1) * a + (d - 1) * b
                yield f"{one} is {s}, and {two} {t}", {name: made}
        for label, other, array in others_of(attempt, name):
            yield f"{label} is {other}", {name: right - terms[label] + array}
