"""Results that differ from the right ones in order, place, shape or sums, or that are right for an
argument that is changed in this way.

The functions called changes take an array and the words for its axes, and yield pairs (words,
changed array). In the words, {} stands for the array that was changed.
"""

from functools import partial
from itertools import combinations, permutations, product

import numpy as np

from nn_scratch.exercises.mistakes.mistake import register

FOUND = []
shape = register(FOUND, rank=5)

AXES = {4: ("image", "channel", "row", "column"), 3: ("plane", "row", "column"),
        2: ("row", "column"), 1: ("number",), 0: ()}  # fmt: skip
MOVES = {"one row down": (1, 0), "one row up": (-1, 0), "one column to the right": (0, 1),
         "one column to the left": (0, -1), "one row down and one column to the right": (1, 1),
         "one row up and one column to the left": (-1, -1)}  # fmt: skip
FUNCTIONS = {
    "the absolute values of {}": np.abs, "the squares of {}": np.square, "the square roots of {}":
    np.sqrt, "the signs of {}": np.sign, "exp of {}": np.exp, "the logarithms of {}": np.log,
    "1 / {}": np.reciprocal, "one minus {}": lambda a: 1 - a, "{} plus 1": lambda a: a + 1,
    "{} minus 1": lambda a: a - 1, "the positive part of {}": lambda a: np.maximum(a, 0),
    "the negative part of {}": lambda a: np.minimum(a, 0), "{} cut off at 6":
    lambda a: np.minimum(a, 6), "{} cut off at −1 and 1": lambda a: np.clip(a, -1, 1),
    "{} cut off at 0 and 1": lambda a: np.clip(a, 0, 1), "{} without the fractions": np.trunc,
}  # fmt: skip


def exchanged(array, axes):
    for order in permutations(range(array.ndim)):
        words = [f"{axes[a]}s" for a, other in enumerate(order) if a != other]
        said, other = f"{{}} with {' and '.join(words)} exchanged", array.transpose(order)
        if words:
            yield said, other
            yield (said, "where it fits"), other if other.shape == array.shape else array


def mixed(array, axes):
    said = "{} reshaped while its axes stood in another order"
    for order in list(permutations(range(array.ndim)))[1:]:
        yield (said, order), array.transpose(order).reshape(array.shape)
        split = array.reshape([array.shape[a] for a in order])
        yield (said, order, "back"), split.transpose(np.argsort(order))


def turned(array, axes):
    for count in range(1, array.ndim + 1):
        for some in combinations(range(array.ndim), count):
            words = " and ".join(f"{axes[a]}s" for a in some)
            yield f"{{}} with {words} in reverse order", np.flip(array, some)


def moved(array, axes):
    around = [(0, 0)] * (array.ndim - 2) + [(1, 1), (1, 1)]
    for way, (rows, columns) in MOVES.items() if array.ndim > 1 and array.size else ():
        for edge, mode in (("", "constant"), (" (with copies of its border)", "edge"),
                           (" (around the edge)", "wrap")):  # fmt: skip
            made = np.pad(array, around, mode=mode)[..., 1 - rows :, 1 - columns :]
            yield f"{{}} moved {way}{edge}", made[..., : array.shape[-2], : array.shape[-1]]


def ends(array, axes):
    """Pairs (words, index) of the first and the last slice along each axis."""
    for axis, word in enumerate(axes):
        for which, part in (("first", slice(0, 1)), ("last", slice(-1, None))):
            yield f"the {which} {word}", (slice(None),) * axis + (part,)


def one_only(array, axes):
    for said, at in ends(array, axes):
        kept = np.zeros_like(array)
        kept[at] = array[at]
        yield f"{said} of {{}} alone", kept


def one_for_all(array, axes):
    for said, at in ends(array, axes):
        yield f"{said} of {{}} in place of all", np.broadcast_to(array[at], array.shape)
    for axis, word in enumerate(axes):
        mean = array.mean(axis=axis, keepdims=True)
        yield f"the mean {word} of {{}} in place of all", np.broadcast_to(mean, array.shape)


def part_missing(array, axes):
    found = list(ends(array, axes))
    for some in [*combinations(found, 1), *combinations(found, 2), found[-4:]]:
        left = array.copy()
        for _, at in some:
            left[at] = 0
        yield f"{{}} with zeros in {' and '.join(said for said, _ in some)}", left


def number_by_number(array, axes):
    for said, f in FUNCTIONS.items():
        if array.dtype.kind == "f" or said.endswith(" 1"):
            yield said, f(array)


def replaced(array, axes):
    yield "zeros in place of {}", np.zeros_like(array)
    yield "ones in place of {}", np.ones_like(array)


# The name, the change, its rank for a changed result and for a changed argument, and a question.
CHANGES = [
    ("axes_exchanged", exchanged, 3.5, 4,
     "What does each axis count, in the order that the statement gives?"),
    ("axes_mixed", mixed, 6, 4.2,
     "reshape keeps the order in memory. Which axis must be moved, with transpose or moveaxis, "
     "before you reshape?"),
    ("reversed", turned, 5, 4, "In which direction does each index of your sum run?"),
    ("shifted", moved, 5, 4,
     "Which row and column are the first, and where does your index begin?"),
    ("only_one", one_only, 5, 4,
     "Does each round of your loops add to what the rounds before left, from the first to the "
     "last?"),
    ("part_missing", part_missing, 5.1, 4.1,
     "How far do your loops or slices reach, and how far must they?"),
    ("one_for_all", one_for_all, 5, 4, "Which index of your arrays do you never use?"),
    ("replaced", replaced, 4.05, 4.05, "Where does that enter the formula, and where your code?"),
    ("other_numbers", number_by_number, 5.6, 5.6, "Which step comes too much, or too early?"),
]  # fmt: skip


def axes_of(attempt, name, array):
    """The words for the axes of a result or an argument."""
    if name in ("w", "dw") and array.ndim == 4:
        channels = ("output channel", "input channel")
        channels = channels[::-1] if attempt.op == "conv_transpose2d" else channels
        return (*channels, "kernel row", "kernel column")
    return AXES[array.ndim]


def named(key, array):
    """The key of a change, with the words for the array in place of {}."""
    return (key[0].format(array), *key[1:]) if isinstance(key, tuple) else key.format(array)


def changed_results(change, attempt):
    for name, right in attempt.right.items():
        for key, array in change(right, axes_of(attempt, name, right)):
            yield named(key, "the right {one}"), {name: array}


def changed_arguments(change, attempt):
    for name in attempt.trial.exercise.arguments:
        value = attempt.values[name]
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            for key, array in change(value, axes_of(attempt, name, value)):
                if array.shape == value.shape:
                    made = partial(attempt.solve, **{name: array})
                    yield named(key, name), made


for name, change, of_result, of_argument, asks in CHANGES:
    register(FOUND, of_argument)("", name, "Your {result} {is} what {key} would give.", asks)(
        partial(changed_arguments, change)
    )
    register(FOUND, of_result)("", name, "Your {result} {is} {key}.", asks)(
        partial(changed_results, change)
    )


@register(FOUND, rank=0)(
    "",
    "results_exchanged",
    "The results are right, but returned in another order: {key}.",
    "In which order does the statement name what is returned?",
)
def results_exchanged(attempt):
    names = tuple(attempt.right)
    for order in list(permutations(names))[1:]:
        made = {n: attempt.right[o] for n, o in zip(names, order, strict=True) if n != o}
        yield ", ".join(order), made


@register(FOUND, rank=7)(
    "",
    "same_numbers",
    "Your {result} {has} the right numbers, but in other places.",
    "Take the first number that is in a wrong place: where did you put it, and where does it go?",
)
def same_numbers(attempt):
    for name, right, given in pairs(attempt):
        floats = given.dtype.kind == right.dtype.kind == "f" and np.unique(right).size > 3
        if floats and given.size == right.size:
            alike = np.allclose(np.sort(given.ravel()), np.sort(right.ravel()))
            yield "numbers", {name: given} if alike else {}


def pairs(attempt):
    """Triples (name, right result, student's result) of all results; none if there are none."""
    for name, right in attempt.right.items() if attempt.found is not None else ():
        yield name, right, np.asarray(attempt.found[name])


@shape(
    "",
    "axes_of_length_one",
    "Your {result} {has} the right numbers, but not the right shape.",
    "Which axes does keepdims=True, or an index like [:1], leave behind?",
)
def axes_of_length_one(attempt):
    for name, right, given in pairs(attempt):
        if given.shape != right.shape and np.squeeze(given).shape == np.squeeze(right).shape:
            yield "shape", {name: right.reshape(given.shape)}


def places_in(small, large):
    """The places, in words, at which a larger array contains a small one (N, C, h, w)."""
    fits = small.ndim == large.ndim == 4 and small.shape[:2] == large.shape[:2]
    sizes = zip(small.shape, large.shape, strict=fits)
    if fits and small.any() and small.shape != large.shape and all(s <= n for s, n in sizes):
        views = np.lib.stride_tricks.sliding_window_view(large, small.shape[2:], axis=(2, 3))
        alike = np.isclose(views, small[:, :, None, None]).all(axis=(0, 1, 4, 5))
        yield from (f"row {row}, column {column}" for row, column in np.argwhere(alike))


@shape(
    "",
    "cut_off",
    "Your {result} {is} only a part of the right {one}, from its {key} on: the rest is missing.",
    "Which shape must {result} have? Make it of that size from the start.",
)
def cut_off(attempt):
    for name, right, given in pairs(attempt):
        yield from ((at, {name: given}) for at in places_in(given, right))


@shape(
    "conv2d_backward conv_transpose2d max_pool2d_backward max_unpool2d",
    "not_cut",
    "Your {result} {has} the right {one} within it, at {key}: it must be cut out.",
    "What did you add around it, and how much must be taken off on each side?",
)
def not_cut(attempt):
    for name, right, given in pairs(attempt):
        yield from ((at, {name: given}) for at in places_in(right, given))


@shape(
    "conv2d_backward conv_transpose2d conv_transpose2d_backward",
    "empty",
    "Your {result} {is} empty: a slice like a[p:-p] ends before it begins where p is 0.",
    "What is -0? Write the end of the slice as p + length.",
)
def empty(attempt):
    for name, right, given in pairs(attempt):
        yield "empty", {name: given} if right.size and not given.size else {}


@shape(
    "",
    "wrong_sum",
    "Your {result} {is} {key}.",
    "Over which axes must {result} sum, and which must it keep?",
)
def wrong_sum(attempt):
    for name, right in attempt.right.items():
        for label, array in [*summands(attempt, name), ("the right one", right)]:
            if label != "the right one":
                yield f"{label} itself: nothing is summed", {name: array}
                yield f"the sum of all of {label}, everywhere", {name: array.sum() + 0 * right}
            for count, reduce in product(range(1, array.ndim + 1), (np.sum, np.mean, np.max)):
                for axes in combinations(range(array.ndim), count):
                    over = ", ".join(map(str, axes))
                    said = f"the {reduce.__name__} of {label} over ax{'ei'[count == 1]}s {over}"
                    yield said, {name: reduce(array, axis=axes)}


def summands(attempt, name):
    """The arrays, in words, whose sum or mean a result is."""
    v = attempt.values
    if name == "db":
        yield "dy", v["dy"]
    if attempt.op == "relu":
        yield "x", v["x"]
    if name == "loss" and "prediction" in v:
        yield "d", v["prediction"] - v["target"]
        yield "d²", (v["prediction"] - v["target"]) ** 2
