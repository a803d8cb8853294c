"""Results of a wrong size, recognized by the formula or the array that the size comes from."""

from functools import cache
from math import ceil, floor

import numpy as np

from nn_scratch.exercises.mistakes.explain import OfShape
from nn_scratch.exercises.mistakes.mistake import register

FOUND = []

# Formulas for the size along an axis of H pixels. The texts that are shown are also evaluated.
WINDOWS = """H; H + 2·padding; ⌊H / stride⌋; ⌈H / stride⌉; ⌊H / k⌋; ⌊(H + 2·padding) / stride⌋;
⌊(H + 2·padding) / stride⌋ + 1; ⌊(H − k) / stride⌋ + 1; ⌊(H − k) / stride⌋;
⌊(H + padding − k) / stride⌋ + 1; ⌊(H + 2·padding − k) / stride⌋;
⌊(H + 2·padding − k) / stride⌋ + 2; ⌈(H + 2·padding − k) / stride⌉ + 1;
⌊(H + 2·padding − k + 1) / stride⌋; ⌊(H + 2·padding − k + 1) / stride⌋ + 1;
⌈(H + 2·padding − k) / stride⌉; ⌊(H + 2·padding − k − 1) / stride⌋ + 1; H + 2·padding − k + 1;
H − k + 1; H + 2·padding − k; ⌊(H − 2·padding − k) / stride⌋ + 1;
⌊(H + 4·padding − k) / stride⌋ + 1"""
PAINTINGS = """(H − 1)·stride + k; (H − 1)·stride − padding + k; (H − 1)·stride − 4·padding + k;
(H − 1)·stride + 2·padding + k; (H − 1)·stride − 2·padding + k + 1;
(H − 1)·stride − 2·padding + k − 1; (H − 1)·stride + 1; (H + 2·padding − 1)·stride + k;
(H + 2·padding − 1)·stride − 2·padding + k; ⌊(H − 2·padding + k − 2) / stride⌋ + 1; H·stride;
H·stride + k; H·stride + k − 2·padding; H·stride − 2·padding; H·stride + k − 1; H·k; H + k − 1;
H + k − 1 − 2·padding"""
PYTHON = str.maketrans({"⌊": "floor(", "⌈": "ceil(", "⌋": ")", "⌉": ")", "·": "*", "−": "-"})


@cache
def formulas(table):
    """Pairs (words, function of H, k, stride and padding) for the formulas in a table."""
    words = [formula.strip() for formula in table.split(";")]
    code = "lambda H, k, stride, padding: "
    names = {"floor": floor, "ceil": ceil}
    return [(said, eval(code + said.translate(PYTHON), names)) for said in words]


def geometry(attempt):
    """Kernel size, stride and padding, each as a pair."""
    stride, padding = attempt.pairs("stride", "padding")
    kernel = attempt["w"].shape[2:] if "w" in attempt.values else attempt.pairs("kernel_size")[0]
    return kernel, stride, padding


def of_size(attempt, height, width):
    """The results, if their planes have this size and not the right one."""
    return {
        name: OfShape((*right.shape[:2], height, width))
        for name, right in attempt.right.items()
        if right.ndim == 4 and name != "dw" and right.shape[2:] != (height, width)
    }


@register(FOUND, rank=5)(
    "conv2d max_pool2d conv_transpose2d conv2d_backward conv_transpose2d_backward",
    "size_formula",
    "Your {result} {has} the size that {key} gives.",
    "Along one row: at which pixels may a window begin, and how many are these?",
)
def size_formula(attempt):
    name, right = next(iter(attempt.right.items()))
    start = attempt.values["x" if name == "y" else "dy"].shape[2:]
    letter = "H" if name == "y" else "P"
    for said, formula in formulas(WINDOWS) + formulas(PAINTINGS):
        rows, columns = map(formula, start, *geometry(attempt))
        said = said.replace("H", letter)
        yield said, of_size(attempt, rows, columns)
        yield f"{said}, with height and width exchanged,", of_size(attempt, columns, rows)
        yield f"{said} in the rows", of_size(attempt, rows, right.shape[3])
        yield f"{said} in the columns", of_size(attempt, right.shape[2], columns)


@register(FOUND, rank=7)(
    "",
    "shape_of_another",
    "Your {result} {has} the shape of {key}.",
    "Which shape must {result} have, and where can you read it from?",
)
def shape_of_another(attempt):
    for name, right in attempt.right.items():
        for other, array in {**attempt.values, **attempt.right}.items():
            if isinstance(array, np.ndarray) and array.shape != right.shape and other != name:
                yield other, {name: OfShape(array.shape)}
        yield "a single number", {name: OfShape(())} if right.shape else {}
    height, width = next(iter(attempt.right.values())).shape[2:]
    yield "the right one with height and width exchanged", of_size(attempt, width, height)
    if "padding" in attempt.options:
        (ph, pw) = attempt.pairs("padding")[0]
        yield "the padded image", of_size(attempt, height + 2 * ph, width + 2 * pw)
    small = attempt.values.get("switches", attempt.values.get("x", right)).shape[2:]
    yield "an image twice the small one's size", of_size(attempt, 2 * small[0], 2 * small[1])
