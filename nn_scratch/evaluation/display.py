"""Names and values of metrics as text for people."""

import math

from nn_scratch.arguments import a_text, optional, real, whole

MOST_DIGITS = 50
NOTHING = "–"  # stands for a metric without a value


def display_name(metric: str) -> str:
    """The name of a metric for people, from its key.

    Returns: "mean IoU" for "mean_iou", "AP50" for "ap50", and so on.
    Raises: TypeError if metric is not a text.
    """
    words = a_text("metric", metric).replace("iou", "IoU").replace("f1", "F1").split("_")
    return " ".join(word.upper() if word.startswith("ap") else word for word in words)


def display_value(value: float | None, digits: int = 3) -> str:
    """The value of a metric for a table.

    Returns: the value with `digits` digits after the point; a dash for NaN and for None, which
        stands for NaN in JSON.
    Raises: TypeError or ValueError if value is not a number, or digits not a number of digits.
    """
    value, digits = optional(real, "value", value), whole("digits", digits, 0, MOST_DIGITS)
    return NOTHING if value is None or math.isnan(value) else f"{value:.{digits}f}"
