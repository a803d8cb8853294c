"""Relations between the size of a result and the right one: which formula gives it."""

from math import ceil

import numpy as np

from nn_scratch.exercises.mistakes.explain import OfShape
from nn_scratch.exercises.mistakes.mistake import register

FOUND = []

WINDOWS = {  # of n pixels along an axis, kernel k, stride s, padding p
    "H": lambda n, k, s, p: n,
    "H + 2·padding": lambda n, k, s, p: n + 2 * p,
    "⌊H / stride⌋": lambda n, k, s, p: n // s,
    "⌈H / stride⌉": lambda n, k, s, p: ceil(n / s),
    "⌊H / k⌋": lambda n, k, s, p: n // k,
    "⌊(H + 2·padding) / stride⌋": lambda n, k, s, p: (n + 2 * p) // s,
    "⌊(H + 2·padding) / stride⌋ + 1": lambda n, k, s, p: (n + 2 * p) // s + 1,
    "⌊(H − k) / stride⌋ + 1": lambda n, k, s, p: (n - k) // s + 1,
    "⌊(H − k) / stride⌋": lambda n, k, s, p: (n - k) // s,
    "⌊(H + padding − k) / stride⌋ + 1": lambda n, k, s, p: (n + p - k) // s + 1,
    "⌊(H + 2·padding − k) / stride⌋": lambda n, k, s, p: (n + 2 * p - k) // s,
    "⌊(H + 2·padding − k) / stride⌋ + 2": lambda n, k, s, p: (n + 2 * p - k) // s + 2,
    "⌈(H + 2·padding − k) / stride⌉ + 1": lambda n, k, s, p: ceil((n + 2 * p - k) / s) + 1,
    "⌊(H + 2·padding − k + 1) / stride⌋": lambda n, k, s, p: (n + 2 * p - k + 1) // s,
    "⌊(H + 2·padding − k + 1) / stride⌋ + 1": lambda n, k, s, p: (n + 2 * p - k + 1) // s + 1,
    "⌈(H + 2·padding − k) / stride⌉": lambda n, k, s, p: ceil((n + 2 * p - k) / s),
    "⌊(H + 2·padding − k − 1) / stride⌋ + 1": lambda n, k, s, p: (n + 2 * p - k - 1) // s + 1,
    "H + 2·padding − k + 1, without the stride": lambda n, k, s, p: n + 2 * p - k + 1,
    "H − k + 1, without stride and padding": lambda n, k, s, p: n - k + 1,
    "H + 2·padding − k": lambda n, k, s, p: n + 2 * p - k,
    "⌊(H − 2·padding − k) / stride⌋ + 1": lambda n, k, s, p: (n - 2 * p - k) // s + 1,
    "⌊(H + 4·padding − k) / stride⌋ + 1": lambda n, k, s, p: (n + 4 * p - k) // s + 1,
}
PAINTINGS = {
    "(H − 1)·stride + k, without the cut": lambda n, k, s, p: (n - 1) * s + k,
    "(H − 1)·stride − padding + k": lambda n, k, s, p: (n - 1) * s - p + k,
    "(H − 1)·stride − 4·padding + k": lambda n, k, s, p: (n - 1) * s - 4 * p + k,
    "(H − 1)·stride + 2·padding + k": lambda n, k, s, p: (n - 1) * s + 2 * p + k,
    "(H − 1)·stride − 2·padding + k + 1": lambda n, k, s, p: (n - 1) * s - 2 * p + k + 1,
    "(H − 1)·stride − 2·padding + k − 1": lambda n, k, s, p: (n - 1) * s - 2 * p + k - 1,
    "(H − 1)·stride + 1": lambda n, k, s, p: (n - 1) * s + 1,
    "(H + 2·padding − 1)·stride + k": lambda n, k, s, p: (n + 2 * p - 1) * s + k,
    "(H + 2·padding − 1)·stride − 2·padding + k": lambda n, k, s, p: (
        (n + 2 * p - 1) * s - 2 * p + k
    ),
    "⌊(H − 2·padding + k − 2) / stride⌋ + 1, as in a convolution,": lambda n, k, s, p: (
        (n - 2 * p + k - 2) // s + 1
    ),
    "H·stride": lambda n, k, s, p: n * s,
    "H·stride + k": lambda n, k, s, p: n * s + k,
    "H·stride + k − 2·padding": lambda n, k, s, p: n * s + k - 2 * p,
    "H·stride − 2·padding": lambda n, k, s, p: n * s - 2 * p,
    "H·stride + k − 1": lambda n, k, s, p: n * s + k - 1,
    "H·k": lambda n, k, s, p: n * k,
    "H + k − 1, without stride and padding": lambda n, k, s, p: n + k - 1,
    "H + k − 1 − 2·padding, without the stride": lambda n, k, s, p: n + k - 1 - 2 * p,
}


def per_axis(formula, *pairs):
    return tuple(int(formula(*numbers)) for numbers in zip(*pairs, strict=True))


@register(FOUND, rank=7)(
    "conv2d max_pool2d conv_transpose2d",
    "size_formula",
    "Your {result} {has} the size that {key} gives.",
    "Along one row: at which pixels may a window begin, and how many are these?",
)
def size_formula(attempt):
    x, (k, s, p) = attempt["x"], geometry(attempt)
    for said, formula in {**WINDOWS, **PAINTINGS}.items():
        size = per_axis(formula, x.shape[2:], k, s, p)
        yield said, at_size(attempt, size)
        yield f"{said}, with height and width exchanged,", at_size(attempt, size[::-1])
        height, width = next(r for r in attempt.right.values() if r.ndim == 4).shape[2:]
        yield f"{said} in the rows", at_size(attempt, (size[0], width))
        yield f"{said} in the columns", at_size(attempt, (height, size[1]))


def geometry(attempt):
    """Kernel, stride and padding as pairs."""
    stride, padding = attempt.pairs("stride", "padding")
    kernel = attempt["w"].shape[2:] if "w" in attempt.values else attempt.pairs("kernel_size")[0]
    return kernel, stride, padding


def at_size(attempt, size):
    """The results whose right shape has another size, with this one."""
    return {
        name: OfShape((*right.shape[:2], *size))
        for name, right in attempt.right.items()
        if right.ndim == 4 and right.shape[2:] != size
    }


@register(FOUND, rank=7)(
    "linear linear_backward conv2d_backward conv_transpose2d_backward batch_norm2d_backward "
    "max_pool2d_backward max_unpool2d_backward bilinear_upsample2d_backward two_heads_backward",
    "shape_of_another",
    "Your {result} {has} the shape of {key}.",
    "A gradient has the shape of what it is the gradient of. Of what is {result}?",
)
def shape_of_another(attempt):
    arrays = {**attempt.values, **attempt.right}
    for name, right in attempt.right.items():
        for other, array in arrays.items():
            if isinstance(array, np.ndarray) and array.shape != right.shape and other != name:
                yield other, {name: OfShape(array.shape)}
    yield "a single number", {name: OfShape(()) for name, r in attempt.right.items() if r.shape}


@register(FOUND, rank=7)(
    "conv2d_backward max_pool2d_backward max_unpool2d conv_transpose2d_backward",
    "size_formula",
    "Your {result} {has} the size of {key}.",
    "Which size must {result} have, and where can you read it from?",
)
def size_of_large(attempt):
    for name, right in attempt.right.items():
        if right.ndim != 4 or name == "dw":
            continue
        size = right.shape[2:]
        yield (
            "the right one with height and width exchanged",
            {name: OfShape((*right.shape[:2], *size[::-1]))},
        )
        if "stride" in attempt.options and name == "dx":
            k, s, p = geometry(attempt)
            small = attempt["dy"].shape[2:]
            yield "the padded image", {name: OfShape((*right.shape[:2], *(
                n + 2 * m for n, m in zip(size, p, strict=True))))}  # fmt: skip
            for said, formula in (PAINTINGS if attempt.op == "conv2d" else WINDOWS).items():
                shape = (*right.shape[:2], *per_axis(formula, small, k, s, p))
                yield f"the formula {said.replace('H', 'P')}", {name: OfShape(shape)}
        for factor in (2, 3):
            small = attempt.values.get("switches", right).shape[2:]
            yield (
                f"{factor} times the small image",
                {name: OfShape((*right.shape[:2], *(n * factor for n in small)))},
            )
