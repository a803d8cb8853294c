"""Tables keep their columns, whatever the classes are called."""

import pytest

from nn_scratch.cli.tables import show_metrics
from nn_scratch.evaluation import columns

NAMES = ["cat", "\x1b[31mred", "two\nlines", "猫" * 30, "x" * 200, "\u202eevil", "e\u0301te\u0301"]


@pytest.mark.parametrize("order", [1, -1])
def test_names_are_text(order, capsys):
    values = [number / 10 for number in range(len(NAMES))]
    show_metrics({"mean_iou": 0.5, "class_iou": values}, NAMES[::order])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "mean IoU                0.500" and lines[1] == "class IoU"
    assert len(lines) == 2 + len(NAMES)
    for line, value in zip(lines[2:], values, strict=True):
        assert line.endswith(f" {value:.3f}") and columns(line) == 29
        assert line.replace("\u0301", "").isprintable()
