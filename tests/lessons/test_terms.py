"""No word before its lesson: what the lessons have not explained yet, their texts do not use.

A text may look ahead if it, or what stands right before or after it, names the lesson that will
explain the word.
"""

import json
import re
from pathlib import Path

import pytest

LESSONS = Path(__file__).parents[2] / "lessons"
README = (LESSONS / "README.md").read_text(encoding="utf-8")
TABLE = README.split("## Words")[1].split("## ")[0]
WORDS = [
    (word, lesson)
    for lesson, words in re.findall(r"^\| (\d\d) \| (.+) \|$", TABLE, re.MULTILINE)
    for word in words.split(", ")
]


def paragraphs(lesson):
    """What is read from top to bottom: texts, without the map and the literature, and outputs."""
    (notebook,) = LESSONS.glob(f"{lesson}_*.ipynb")
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            source = source.split("## Read on")[0]
            yield from (p for p in source.split("\n\n") if not p.startswith("*You are here:*"))
        for output in cell.get("outputs", ()):
            yield "".join(output.get("text", "")) + "".join(
                output.get("data", {}).get("text/plain", "")
            )


def uses(word, text):
    """Whether a text has this word, or its plural."""
    word = r"\s".join(map(re.escape, word.strip("*").split()))
    return re.search(rf"\b{word}(?:e?s)?\b", text, re.IGNORECASE)


def test_the_table_has_words_of_every_lesson():
    assert sorted({lesson for _, lesson in WORDS}) == [f"{number:02}" for number in range(17)]


@pytest.mark.parametrize(("word", "home"), WORDS)
def test_no_word_before_its_lesson(word, home):
    assert any(uses(word, text) for text in paragraphs(home))
    if word.startswith("*"):
        return
    for lesson in (f"{number:02}" for number in range(int(home))):
        texts = list(paragraphs(lesson))
        for number, text in enumerate(texts):
            if uses(word, text):
                around = " ".join(texts[max(0, number - 1) : number + 2])
                assert re.search(rf"\b{home}\b", around), (lesson, text)


def test_a_word_is_found_in_a_text():
    assert uses("skip connection", "two skip\nconnections") and uses("mask", "a mask.")
    assert not uses("mask", "mask_missing") and not uses("IoU", "mIoU")
