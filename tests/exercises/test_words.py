"""What the checker says is English: of one result and of several, for every name that there is."""

import re
import string

import numpy as np
import pytest

from nn_scratch.exercises import check_exercise, signatures
from nn_scratch.exercises.exercise import EXERCISES
from nn_scratch.exercises.mistakes import mistakes_of
from nn_scratch.exercises.mistakes.wordings import WORDINGS
from nn_scratch.exercises.signatures.results import moved

FIELDS = {"result", "key", "is", "has", "holds", "one"}


def test_sentences_use_the_words_that_agree():
    for mistake in {m for name in EXERCISES for m in mistakes_of(name)} | set(WORDINGS):
        fields = {field for _, field, _, _ in string.Formatter().parse(mistake.says) if field}
        assert fields <= FIELDS, mistake.name
        assert not re.search(r"(Your|^) ?\{result\} (is|has|holds|was)\b", mistake.says)


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda dx, dw, db: (2 * dx, dw, db), "Your dx is the right one times 2;"),
        (lambda dx, dw, db: (2 * dx, 2 * dw, db), "Your dx and dw are the right ones times 2;"),
        (lambda dx, dw, db: (2 * dx, 2 * dw, 2 * db), "Your dx, dw and db are the right ones"),
        (lambda dx, dw, db: (dx.T, dw, db), "Your dx is transposed: rows and"),
        (lambda dx, dw, db: (dx, dw[None], db), "Your dw has the right numbers, but not"),
        (lambda dx, dw, db: (dx, dw[None], db[None]), "Your dw and db have the right numbers, but"),
    ],
)
def test_one_or_several_results(change, says):
    right = EXERCISES["linear_backward"].definition
    text = str(check_exercise("linear_backward", lambda *a: change(*right(*a))))
    assert says in " ".join(text.split()), text


@pytest.mark.parametrize(
    "says, place",
    [
        ("{} moved one row down", (2, 1)),
        ("{} moved one column to the left", (1, 0)),
        ("{} moved one row up and one column to the left", (0, 0)),
    ],
)
def test_a_move_in_words(says, place):
    middle = np.zeros((3, 3))
    middle[1, 1] = 1
    made = dict(moved(middle, ("row", "column")))[says]
    assert made[place] == 1 and made.sum() == 1


def test_names_of_relations_are_few_words():
    for mistake in signatures.FOUND:
        assert np.size(mistake.name.split("_")) <= 5 and len(mistake.says) < 160
