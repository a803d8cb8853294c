"""Metrics as they are read."""

import math

from nn_scratch.arguments import a_text, optional, real, whole

MOST_DIGITS = 50
NOTHING = "–"  # where nothing counted


def display_name(metric: str) -> str:
    """A metric's key as it is read.

    Returns: "mean IoU" for "mean_iou", "AP50" for "ap50", and so on.
    Raises: TypeError if metric is no text.
    """
    words = a_text("metric", metric).replace("iou", "IoU").replace("f1", "F1").split("_")
    return " ".join(word.upper() if word.startswith("ap") else word for word in words)


def display_value(value: float | None, digits: int = 3) -> str:
    """A metric as it stands in a table.

    Returns: the value with so many digits after the point; a dash for NaN, and for JSON's null.
    Raises: TypeError or ValueError for what is no number, and no number of digits.
    """
    value, digits = optional(real, "value", value), whole("digits", digits, 0, MOST_DIGITS)
    return NOTHING if value is None or math.isnan(value) else f"{value:.{digits}f}"
