"""Code with one change, and the slips that are tried beside it."""

import numpy as np
import pytest

from nn_scratch.exercises.changed_code import (
    hinted,
    lines_of,
    reached,
    solution,
    versions,
    with_other_lines,
)
from nn_scratch.exercises.exercise import EXERCISES
from nn_scratch.exercises.mistakes.explain import same
from nn_scratch.exercises.mistakes.slips import SLIPS
from nn_scratch.exercises.signatures.one_change import (
    HELPERS,
    changed_solutions,
    given,
    shown,
)

pytestmark = pytest.mark.slow

SOURCE = """\
import numpy as np

FACTOR = 3


def other(x):
    return x


def doubled(x):
    return 2 * x


def weighted(x, w):
    total = 0
    for k in range(len(x)):
        total += doubled(x[k]) - w[k]
    return total / FACTOR
"""


def result(codes, *arguments):
    namespace = {}
    for code in codes:
        exec(code, namespace)
    return namespace["weighted"](*arguments)


def test_a_choice_within_a_line_is_no_block_of_lines():
    found = versions("def sign(x):\n    return 1 if x > 0 else -1\n")
    assert "with the line\n`return 1 if x >= 0 else -1`" in found


def test_what_is_not_needed_is_left_out():
    kept = reached(SOURCE, "weighted")
    assert "def doubled" in kept and "FACTOR" in kept and "def other" not in kept


@pytest.mark.parametrize(
    "words, wanted",
    [
        ("with the line\n`total = doubled(x[k]) - w[k]`", 4 / 3),  # the last round alone
        ("with the line\n`total += doubled(x[k]) + w[k]`", 20 / 3),
        ("with the line\n`total += doubled(w[k]) - x[k]`", 5 / 3),
        ("with the line\n`for k in range(len(x) - 1):`", 4 / 3),
        ("with the line\n`for k in range(1, len(x)):`", 4 / 3),
        ("with the line\n`FACTOR = 4`", 2),
        ("with the line\n`return total * FACTOR`", 24),
        ("with the line\n`return FACTOR / total`", 3 / 8),
        ("with the line\n`return total`", 8),
        ("with the line\n`return 2`", -2 / 3),
        ("with `w` in place of every `x`", 2),
    ],
)
def test_a_change_and_what_it_gives(words, wanted):
    """The right one is (2·4 − 4 + 2·3 − 2) / 3 = 8/3."""
    assert np.isclose(result(versions(SOURCE)[words], [4, 3], [4, 2]), wanted)


@pytest.mark.parametrize(
    "words, said",
    [
        ("with the line\n`total = doubled(x[k]) - w[k]`", "with `=` in place of `+=`"),
        ("with the line\n`total += doubled(x[k]) + w[k]`", "with `+` in place of `-`"),
        ("with the line\n`for k in range(1, len(x)):`", "with `1,` added"),
        ("with the line\n`return total`", "with something left out"),
        ("with the line\n`return total / FACTOR ** 2`", "with `** 2` added"),
        ("with the line\n`total += doubled(w[k]) - x[k]`", "with `w[k]) - x` in one place"),
        ("without the line\n`total = 0`", "without one of its lines"),
        ("with `w` in place of every `x`", "with `w` in place of `x`, wherever that stands"),
        (
            "with the lines\n`FACTOR = 4`\n`return total * FACTOR`",
            "with `4` in place of `3` and `*` in place of `/`",
        ),
    ],
)
def test_a_hint_says_what_is_other_and_not_what_is_right(words, said):
    assert hinted(words, lines_of(SOURCE)) == said


@pytest.mark.parametrize("name", EXERCISES)
def test_no_hint_shows_a_line_of_the_solution(name):
    """Solutions are shown only to who asks for them."""
    lines = [text for text in lines_of(solution(name)) if len(text) > 25]
    for words in list(changed_solutions(name))[::7]:
        hint = shown(words, name)
        assert hint.startswith("with") and len(hint) < 200
        assert not [text for text in lines if text in hint], (words, hint)


def test_helpers_are_left_alone_and_the_source_is_as_it_was():
    plain = versions(SOURCE, ("doubled",))
    assert "with the line\n`return 2`" in versions(SOURCE)
    assert "with the line\n`return 2`" not in plain
    wrong = [r for r in map(tried, plain.values()) if r is not None and not np.isclose(r, 8 / 3)]
    assert len(wrong) > 20
    assert list(versions(SOURCE)) == list(versions(SOURCE))


def tried(codes):
    try:
        return float(result(codes, [4, 3], [4, 2]))
    except Exception:
        return None


def test_other_lines_in_words():
    words, text = with_other_lines("a = np.exp(1)\nb = a\n", "exp(1) => log(2); b = a => b = -a")
    assert text == "a = np.log(2)\nb = -a\n"
    assert words == "with the lines\n`a = log(2)`\n`b = -a`"


@pytest.mark.parametrize("name", SLIPS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_slip_is_one(name):
    """Each is another line than those that are tried by themselves, and wrong in some case."""
    source = solution(name)
    known = set(versions(source, HELPERS))
    for slip in SLIPS[name]:
        text = source
        for change in slip.split("; "):
            old, new = change.split(" => ")
            assert old in text, (name, change)
            text = text.replace(old, new)
        words, changed = with_other_lines(source, slip)
        assert changed == text and words not in known, slip
        known.add(words)
        made = [(given(trial, words), trial.right) for trial in EXERCISES[name].trials]
        assert any(
            not same(wrong[result], right[result]) for wrong, right in made for result in wrong
        ), slip


@pytest.mark.parametrize("name", ["focal_loss", "softmax", "batch_norm2d"])
def test_a_changed_solution_warns_of_nothing(name, recwarn):
    """What a changed line does on the way, a student must not read about."""
    given.cache_clear()
    for trial in EXERCISES[name].trials:
        for words in changed_solutions(name):
            given(trial, words)
    assert not list(recwarn)
