"""No term before its lesson: what a lesson has not introduced yet, its text does not use.

A text may look ahead if it, or what stands right before or after it, names the lesson that will
explain the word.
"""

import json
import re
from pathlib import Path

import pytest

LESSONS = Path(__file__).parents[2] / "lessons"
TERMS = {  # a term, and the lesson that says what it means
    "label map": "00",
    "loss": "00",
    "gradient": "00",
    "backpropagation": "00",
    "batch": "00",
    "plane": "00",
    "parameter": "00",
    "kernel": "01",
    "stride": "01",
    "padding": "01",
    "im2col": "01",
    "adjoint": "01",
    "tie": "02",
    "gather": "02",
    "scatter": "02",
    "encoder": "03",
    "decoder": "03",
    "bilinear": "03",
    "checkerboard": "04",
    "transpose convolution": "04",
    "learning rate": "05",
    "gradient descent": "05",
    "optimizer": "05",
    "momentum": "05",
    "epoch": "05",
    "schedule": "05",
    "softmax": "06",
    "cross-entropy": "06",
    "IoU": "06",
    "accuracy": "06",
    "confusion matrix": "06",
    "dilation": "07",
    "dilated": "07",
    "sliding window": "07",
    "receptive field": "08",
    "skip": "08",
    "concatenate": "08",
    "batch norm": "08",
    "boundary F1": "09",
    "seed": "09",
    "smooth L1": "10",
    "features": "10",
    "heat map": "11",
    "focal loss": "11",
    "sigmoid": "11",
    "average precision": "11",
    "suppression": "11",
    "GFLOP": "12",
    "roofline": "12",
    "bandwidth": "12",
    "shared memory": "13",
    "mask": "14",
    "base rate": "14",
    "occlusion": "16",
}


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


def uses(term, text):
    """Whether a text has this word, or its plural."""
    return re.search(r"\b" + r"\s".join(term.split()) + r"e?s?\b", text, re.IGNORECASE)


@pytest.mark.parametrize(("term", "home"), TERMS.items())
def test_no_term_before_its_lesson(term, home):
    for lesson in (f"{number:02}" for number in range(int(home))):
        texts = list(paragraphs(lesson))
        for number, text in enumerate(texts):
            if uses(term, text):
                around = " ".join(texts[max(0, number - 1) : number + 2])
                assert re.search(rf"\b{home}\b", around), (lesson, text)
    assert any(uses(term, text) for text in paragraphs(home))
