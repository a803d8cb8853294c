"""Results that are right for other arguments or other options."""

from functools import partial

import numpy as np

from nn_scratch import naive
from nn_scratch.exercises.mistakes.mistake import in_corner, register

FOUND = []
OPTIONS = "stride", "padding", "kernel_size", "scale", "size"


@register(FOUND, rank=4)(
    "",
    "arguments_exchanged",
    "Your {result} {is} what {key} would give.",
    "Which of the two stands where, in the formula?",
)
def arguments_exchanged(attempt):
    arrays = {n: attempt.values[n] for n in attempt.trial.exercise.arguments}
    arrays = {n: a for n, a in arrays.items() if getattr(a, "dtype", None) == np.float64}
    others = {n: a for n, a in attempt.right.items() if a.dtype.kind == "f"}
    if attempt.op == "batch_norm2d":
        others.pop("y", None)  # y in place of x gives nearly the same result
    for one, a in arrays.items():
        for other, b in {**others, **arrays}.items():
            if one != other and a.shape == b.shape:
                yield f"{other} in place of {one}", partial(attempt.solve, **{one: b})
                if one < other and other in arrays:
                    made = partial(attempt.solve, **{one: b, other: a})
                    yield f"{one} and {other} exchanged", made


def other_options(attempt):
    """Pairs (words, options) of options that a student may have used in place of the right ones."""
    if "stride" in attempt.options:
        (sh, sw), (ph, pw) = attempt.pairs("stride", "padding")
        exchanged = {"stride": (sw, sh), "padding": (pw, ph)}
        yield "the vertical and the horizontal numbers exchanged", exchanged
        yield "a stride of 1 and no padding", {"stride": 1, "padding": 0}
        kernel = attempt["w"].shape[2:] if "w" in attempt.values else attempt["kernel_size"]
        yield "the kernel's size as stride", {"stride": kernel}
        for said, sides in (
            ("one more ring of padding", ((ph + 1, ph + 1), (pw + 1, pw + 1))),
            ("one ring less of padding", (max(ph - 1, 0), max(pw - 1, 0))),
            ("all of the padding at the bottom and right", ((0, 2 * ph), (0, 2 * pw))),
            ("all of the padding at the top and left", ((2 * ph, 0), (2 * pw, 0))),
            ("padding at the top and left only", ((ph, 0), (pw, 0))),
            ("padding at the bottom and right only", ((0, ph), (0, pw))),
        ):
            yield said, {"padding": sides}
    for name in OPTIONS:
        if name in attempt.values or name in attempt.options:
            down, right = attempt.pairs(name)[0]
            none = 0 if name == "padding" else 1
            yield f"the two numbers of {name} exchanged", {name: (right, down)}
            yield f"the first number of {name} for both", {name: (down, down)}
            yield f"the second number of {name} for both", {name: (right, right)}
            yield f"{name} in the rows only", {name: (down, none)}
            yield f"{name} in the columns only", {name: (none, right)}
            yield f"twice the {name}", {name: (2 * down, 2 * right)}
            for number in (0, 1, 2):
                yield f"a {name} of {number}", {name: (number, number)}
    for name, plain in (("dilation", 1), ("output_padding", 0)):
        if name in attempt.options:
            yield f"no {name}", {name: plain}
    if "size" in attempt.values:
        height, width = attempt["x"].shape[2:]
        yield "twice the size, whatever is asked", {"size": (2 * height, 2 * width)}


def with_options(attempt, changes):
    """The results for other options. dy is cut, or filled up with zeros, to the size that it has
    with these options."""
    if "dx" in attempt.right and attempt.op in ("conv2d", "conv_transpose2d"):
        op = getattr(naive, attempt.op)
        size = op(attempt["x"], attempt["w"], **{**attempt.options, **changes}).shape[2:]
        return attempt.solve(dy=in_corner(attempt["dy"], size), **changes)
    return attempt.solve(**changes)


def of_right_size(attempt, changes):
    """The result of a forward pass for other options, cut or filled up to the right size."""
    bias = attempt.values["b"][:, None, None] if "b" in attempt.values else 0
    y = with_options(attempt, changes)["y"] - bias
    return {"y": in_corner(y, attempt.right["y"].shape[2:]) + bias}


def option_ignored(make, attempt):
    for said, changes in other_options(attempt):
        yield said, partial(make, attempt, changes)


for rank, make, cut in (
    (2, with_options, ""),
    (4, of_right_size, ", cut or filled up to the right size"),
):
    register(FOUND, rank)(
        "",
        "option_ignored",
        f"Your {{result}} {{is}} what comes of {{key}}{cut}.",
        "Where does that option enter the formula, and where does it stand in your code?",
    )(partial(option_ignored, make))
