"""Relations between the wrong result and what other inputs or other options would give."""

from itertools import permutations

import numpy as np

from nn_scratch.exercises.mistakes.mistake import in_corner, register
from nn_scratch.exercises.signatures.arrays import moved, way

FOUND = []
signature = register(FOUND, rank=2)
weaker = register(FOUND, rank=4)


def of_inputs(make):
    """Variants that change one array of the arguments; `make` yields (key, array) for it."""

    def made(attempt):
        for name in attempt.trial.exercise.arguments:
            value = attempt.values[name]
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                for key, changed in make(name, value):
                    yield key, lambda name=name, changed=changed: attempt.solve(**{name: changed})

    return made


@weaker(
    "",
    "input_ignored",
    "Your {result} {is} what {key} would give.",
    "Where does that argument enter the formula, and where does it stand in your code?",
)
@of_inputs
def input_ignored(name, value):
    yield f"{name} = 0", np.zeros_like(value)
    yield f"{name} full of ones", np.ones_like(value)


@weaker(
    "",
    "input_changed",
    "Your {result} {is} what {key} would give.",
    "Where does your code do that to it, and does the formula?",
)
@of_inputs
def input_changed(name, value):
    yield f"the absolute values of {name}", np.abs(value)
    yield f"the signs of {name}", np.sign(value)
    yield f"the positive part of {name}", np.maximum(value, 0)
    yield f"the whole numbers of {name}, without their fractions,", np.trunc(value)
    yield f"the squares of {name}", value**2
    yield f"{name} cut off at 0 and 1", np.clip(value, 0, 1)


@weaker(
    "",
    "input_reordered",
    "Your {result} {is} what {key} would give.",
    "Which axis of it must meet which, and in which order do you go through them?",
)
@of_inputs
def input_reordered(name, value):
    every = tuple(range(value.ndim))
    for order in permutations(every):
        if order == every:
            continue
        if tuple(value.shape[a] for a in order) == value.shape:
            exchanged = ", ".join(str(a) for a, o in enumerate(order) if a != o)
            yield f"{name} with its axes {exchanged} exchanged", value.transpose(order)
        turned = value.reshape([value.shape[a] for a in order]).transpose(np.argsort(order))
        mixed = value.transpose(order).reshape(value.shape)
        said = f"{name}, reshaped without moving its axes first,"
        yield (said, order), turned
        yield (said, order, "back"), mixed
    for axis in every:
        yield f"{name} with its axis {axis} reversed", np.flip(value, axis)
    if value.ndim > 1:
        yield f"{name} turned by half a turn", np.flip(value, (-2, -1))


@weaker(
    "",
    "input_shifted",
    "Your {result} {is} what {key} would give.",
    "At which index does each of your windows or slices begin?",
)
@of_inputs
def input_shifted(name, value):
    if value.ndim == 4:
        for rows, columns in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1)):
            said = f"{name} moved {way(rows, columns)}"
            yield said, moved(value, rows, columns)
            yield f"{said}, around the edge,", np.roll(value, (rows, columns), (2, 3))


AXES = {
    4: ("image", "channel", "row", "column"),
    2: ("sample", "column"),
    1: ("entry",),
    3: ("plane", "row", "column"),
}
WEIGHTS = {4: ("output channel", "input channel", "kernel row", "kernel column"),
           2: ("output", "input")}  # fmt: skip


def axis_words(name, value):
    words = WEIGHTS if name.endswith(("w", "weight")) and value.ndim in WEIGHTS else AXES
    return words.get(value.ndim, ())


@weaker(
    "",
    "terms_missing",
    "In your {result}, {key}.",
    "Does each round of your loops add to what the rounds before left, from the first to the last?",
)
@of_inputs
def terms_missing(name, value):
    for axis, word in enumerate(axis_words(name, value)):
        length = value.shape[axis]
        for k, which in ((0, "first"), (length - 1, "last")):
            at = (slice(None),) * axis + (slice(k, k + 1),)
            only, without = np.zeros_like(value), value.copy()
            only[at], without[at] = value[at], 0
            yield f"only the {which} {word} of {name} counts", only
            yield f"the {which} {word} of {name} does not count", without


@weaker(
    "",
    "one_for_all",
    "Your {result} {is} what {key} would give.",
    "Which index of that argument do you never use?",
)
@of_inputs
def input_for_all(name, value):
    for axis, word in enumerate(axis_words(name, value)):
        if value.shape[axis] > 1:
            one = np.take(value, [0], axis)
            yield f"the first {word} of {name} in place of all", np.broadcast_to(one, value.shape)


@weaker(
    "",
    "arguments_exchanged",
    "Your {result} {is} what {key} would give.",
    "Which of the two stands where, in the formula?",
)
def arguments_exchanged(attempt):
    names = [
        n
        for n in attempt.trial.exercise.arguments
        if isinstance(attempt.values[n], np.ndarray) and attempt.values[n].dtype.kind == "f"
    ]
    for name, result in attempt.right.items():
        for one in names:
            again = name == "y" and one == "x" and attempt.op == "batch_norm2d"  # is like eps = 0
            if again or result.dtype.kind != "f":
                continue
            if result.shape == attempt.values[one].shape:
                made = lambda one=one, result=result: attempt.solve(**{one: result})  # noqa: E731
                yield f"{name} in place of {one}", made
    for one in names:
        for other in names:
            a, b = attempt.values[one], attempt.values[other]
            if one != other and a.shape == b.shape:
                yield f"{other} in place of {one}", lambda one=one, b=b: attempt.solve(**{one: b})
                if one < other:
                    yield (
                        f"{one} and {other} exchanged",
                        lambda one=one, other=other, a=a, b=b: attempt.solve(**{one: b, other: a}),
                    )


# ---------------------------------------------------------------- options


def other_options(attempt):
    """(words, options) that a case could have had."""
    options = attempt.options
    if "stride" in options:
        sh, sw = both(options["stride"])
        ph, pw = both(options["padding"])
        yield "a stride of 1", {"stride": 1}
        yield "all of the padding at the bottom and right", {"padding": ((0, 2 * ph), (0, 2 * pw))}
        yield "no padding", {"padding": 0}
        yield "a stride of 1 and no padding", {"stride": 1, "padding": 0}
        yield "the vertical and the horizontal stride exchanged", {"stride": (sw, sh)}
        yield "the vertical stride for both", {"stride": (sh, sh)}
        yield "the horizontal stride for both", {"stride": (sw, sw)}
        yield "the vertical and the horizontal padding exchanged", {"padding": (pw, ph)}
        yield "the vertical padding for both", {"padding": (ph, ph)}
        yield "the horizontal padding for both", {"padding": (pw, pw)}
        exchanged = {"stride": (sw, sh), "padding": (pw, ph)}
        yield "the vertical and the horizontal numbers exchanged", exchanged
        yield "twice the padding", {"padding": (2 * ph, 2 * pw)}
        yield "one more ring of padding", {"padding": (ph + 1, pw + 1)}
        yield "one ring less of padding", {"padding": (max(ph - 1, 0), max(pw - 1, 0))}
        yield "twice the stride", {"stride": (2 * sh, 2 * sw)}
        yield "padding at the top and left only", {"padding": ((ph, 0), (pw, 0))}
        yield "padding at the bottom and right only", {"padding": ((0, ph), (0, pw))}
        yield "all of the padding at the top and left", {"padding": ((2 * ph, 0), (2 * pw, 0))}
        kernel = attempt["w"].shape[2:] if "w" in attempt.values else attempt["kernel_size"]
        yield "the kernel's size as stride", {"stride": kernel}
        yield "padding in the rows only", {"padding": (ph, 0)}
        yield "padding in the columns only", {"padding": (0, pw)}
    if options.get("dilation", 1) != 1:
        yield "no dilation", {"dilation": 1}
    if options.get("output_padding"):
        yield "no output_padding", {"output_padding": 0}
    for name in ("scale", "kernel_size"):
        if name in attempt.values:
            down, right = both(attempt.values[name])
            yield f"{name} 2, whatever it is", {name: 2}
            yield f"the two numbers of {name} exchanged", {name: (right, down)}
            yield f"the first number of {name} for both", {name: (down, down)}
            yield f"the second number of {name} for both", {name: (right, right)}
            yield f"{name} for the rows only", {name: (down, 1)}
            yield f"{name} for the columns only", {name: (1, right)}
            yield f"{name} 1", {name: 1}
    if "size" in attempt.values:
        (p, q), (h, w) = attempt["size"], attempt["x"].shape[2:]
        yield "twice the size, whatever is asked", {"size": (2 * h, 2 * w)}
        yield "height and width of size exchanged", {"size": (q, p)}


def both(value):
    return value if isinstance(value, tuple) else (value, value)


@signature(
    "",
    "option_ignored",
    "Your {result} {is} what comes of {key}.",
    "Where does that option enter the formula, and where does it stand in your code?",
)
def option_ignored(attempt):
    for said, changes in other_options(attempt):
        yield said, lambda changes=changes: with_options(attempt, changes)


def with_options(attempt, changes):
    """The results for other options; dy is cut, or filled up with zeros, to the size that it would
    have then, and y to the size that it must have."""
    forward = attempt.op
    if "dx" in attempt.right and forward in ("conv2d", "conv_transpose2d"):
        from nn_scratch import naive

        op = getattr(naive, forward)
        size = op(attempt["x"], attempt["w"], **{**attempt.options, **changes}).shape[2:]
        return attempt.solve(dy=in_corner(attempt["dy"], size), **changes)
    return attempt.solve(**changes)


@weaker(
    "conv2d max_pool2d conv_transpose2d nearest_unpool2d bed_of_nails_unpool2d",
    "option_ignored",
    "Your {result} {is} what comes of {key}.",
    "Where does that option enter the formula, and where does it stand in your code?",
)
def option_ignored_but_size(attempt):
    bias = attempt.values["b"][:, None, None] if "b" in attempt.values else 0
    for said, changes in other_options(attempt):

        def made(changes=changes):
            results = with_options(attempt, changes)
            size = attempt.right["y"].shape[2:]
            return {"y": in_corner(results["y"] - bias, size) + bias}

        yield f"{said}, cut or filled up to the right size", made


@signature(
    "conv2d conv2d_backward",
    "padding_not_zero",
    "Your {result} {is} what a padding of {key} would give.",
    "How much does a pixel outside the image add to a sum?",
)
def padding_not_zero(attempt):
    (ph, pw), x = attempt.pairs("padding")[0], attempt["x"]
    around = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    for said, how in (
        ("copies of the border", {"mode": "edge"}),
        ("mirrored pixels", {"mode": "reflect"}),
        ("mirrored pixels and the border once more", {"mode": "symmetric"}),
        ("the opposite border", {"mode": "wrap"}),
        ("ones", {"constant_values": 1}),
        ("minus ones", {"constant_values": -1}),
        ("the smallest value of x", {"constant_values": x.min()}),
        ("the mean of x", {"constant_values": x.mean()}),
    ):

        def made(how=how):
            results = attempt.solve(x=np.pad(x, around, **how), padding=0)
            return {n: a for n, a in results.items() if n != "dx"}

        yield said, made
