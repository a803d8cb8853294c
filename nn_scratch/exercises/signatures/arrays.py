"""Relations between a result and the right one as arrays: order, place, shape, factor."""

from itertools import chain, combinations, permutations

import numpy as np

from nn_scratch.exercises.mistakes.mistake import register, ring

FOUND = []
signature = register(FOUND, rank=5)
weaker = register(FOUND, rank=6)

AXES = {
    4: ("images", "channels", "rows", "columns"),
    3: ("first axis", "rows", "columns"),
    2: ("rows", "columns"),
    1: ("entries",),
}
WEIGHT_AXES = ("first axis", "second axis", "kernel rows", "kernel columns")


def words(name, axes, ndim):
    """The axes of a result in words."""
    names = WEIGHT_AXES if name == "dw" and ndim == 4 else AXES[ndim]
    return " and ".join(names[a] for a in axes)


def each(attempt, make):
    """(key, {result: array}) for every result that is an array; `make` yields (key, array)."""
    for name, right in attempt.right.items():
        for key, array in make(name, right):
            yield key, {name: array}


def each_result(make):
    """The variants of a signature that looks at one result: make(name, right) -> (key, array)."""
    return lambda attempt: each(attempt, make)


def subsets(ndim):
    """All choices of axes but none."""
    return chain.from_iterable(combinations(range(ndim), k) for k in range(1, ndim + 1))


# ---------------------------------------------------------------- order


@register(FOUND, rank=0)(
    "",
    "results_exchanged",
    "The results are right, but returned in another order: {key}.",
    "In which order does the statement name what is returned?",
)
def results_exchanged(attempt):
    names = tuple(attempt.right)
    for order in permutations(names):
        if order != names:
            made = {n: attempt.right[o] for n, o in zip(names, order, strict=True) if n != o}
            yield ", ".join(order), made


@register(FOUND, rank=3.5)(
    "",
    "axes_exchanged",
    "Your {result} {is} the right {one} with its axes exchanged: {key}.",
    "What does each axis of {result} count, in the order that the statement gives?",
)
@each_result
def axes_exchanged(name, right):
    for order in permutations(range(right.ndim)):
        if order != tuple(range(right.ndim)):
            moved = words(name, [a for a, o in enumerate(order) if a != o], right.ndim)
            yield moved, right.transpose(order)
            fits = right.transpose(order).shape == right.shape
            yield (moved, "where it fits"), right.transpose(order) if fits else right


@weaker(
    "",
    "axes_mixed",
    "Your {result} {has} the right numbers in the wrong places: reshaped while the axes stood in "
    "another order.",
    "reshape keeps the order in memory. Which axis must be moved, with transpose or moveaxis, "
    "before you reshape?",
)
@each_result
def axes_mixed(name, right):
    for order in permutations(range(right.ndim)):
        if order != tuple(range(right.ndim)):
            yield order, right.transpose(order).reshape(right.shape)
            back = right.reshape([right.shape[a] for a in order])
            yield (order, "back"), back.transpose(np.argsort(order))


@signature(
    "",
    "reversed",
    "Your {result} {is} the right {one} with {key} in reverse order.",
    "In which direction does each index of your sum run?",
)
@each_result
def reversed_(name, right):
    for axes in subsets(right.ndim):
        yield words(name, axes, right.ndim), np.flip(right, axes)


@register(FOUND, rank=7)(
    "",
    "same_numbers",
    "Your {result} {has} the right numbers, but in other places.",
    "Take the first number that is in a wrong place: where did you put it, and where does it go?",
)
def same_numbers(attempt):
    for name, right in attempt.right.items():
        given = None if attempt.found is None else attempt.found[name]
        enough = np.unique(right).size > 3 and right.dtype.kind == "f"
        if enough and np.size(given) == right.size and np.asarray(given).dtype.kind == "f":
            ordered = np.sort(np.ravel(given)), np.sort(right.ravel())
            yield "numbers", {name: np.asarray(given)} if np.allclose(*ordered) else {}


# ---------------------------------------------------------------- place


@signature(
    "",
    "shifted",
    "Your {result} {is} the right {one} moved {key}.",
    "Which row and column of {result} {is} the first, and where does your index begin?",
)
@each_result
def shifted(name, right):
    for rows, columns in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1)):
        if right.ndim >= 2:
            said = way(rows, columns)
            yield said, moved(right, rows, columns)
            yield f"{said} (around the edge)", np.roll(right, (rows, columns), (-2, -1))


def way(rows, columns):
    """A move in words, as "one row down and one column to the right"."""
    down = {1: "one row down", -1: "one row up", 0: ""}[rows]
    right = {1: "one column to the right", -1: "one column to the left", 0: ""}[columns]
    return " and ".join(filter(None, (down, right)))


def moved(array, rows, columns):
    """Moved down and to the right, with zeros where nothing comes from."""
    padded = np.pad(array, [(0, 0)] * (array.ndim - 2) + [(1, 1), (1, 1)])
    height, width = array.shape[-2:]
    return padded[..., 1 - rows : 1 - rows + height, 1 - columns : 1 - columns + width]


@signature(
    "",
    "only_one",
    "Your {result} {is} right {key}, and zero elsewhere.",
    "Which of your loops ends after one round, or begins again from zero?",
)
@each_result
def only_one(name, right):
    for axis, length in enumerate(right.shape):
        if length > 1:
            for k, said in ((0, "first"), (length - 1, "last")):
                kept = np.zeros_like(right)
                at = (slice(None),) * axis + (k,)
                kept[at] = right[at]
                yield f"in the {said} of the {words(name, (axis,), right.ndim)} only", kept


@signature(
    "",
    "part_missing",
    "Your {result} {is} right, but zero in {key}.",
    "How far do your loops or slices reach, and how far must they?",
)
@each_result
def part_missing(name, right):
    for axes in subsets(min(right.ndim, 4)):
        for k, said in ((0, "first"), (-1, "last")):
            if len(axes) <= 2 and all(right.shape[a] > 1 for a in axes):
                kept = right.copy()
                for axis in axes:
                    kept[(slice(None),) * axis + (k,)] = 0
                yield f"the {said} of the {words(name, axes, right.ndim)}", kept
    if right.ndim == 4 and min(right.shape[2:]) > 2:
        yield "its outermost rows and columns", ring(right)


@signature(
    "",
    "one_for_all",
    "Your {result} {holds} the numbers of {key} everywhere.",
    "Which index of your arrays do you never use?",
)
@each_result
def one_for_all(name, right):
    for axis, length in enumerate(right.shape):
        if length > 1:
            for k, said in ((0, "first"), (length - 1, "last")):
                one = np.take(right, [k], axis)
                key = f"the {said} of the {words(name, (axis,), right.ndim)}"
                yield key, np.broadcast_to(one, right.shape)
    if right.ndim == 4:
        yield "the first plane", np.broadcast_to(right[:1, :1], right.shape)


# ---------------------------------------------------------------- shape


@register(FOUND, rank=4)(
    "linear linear_backward conv2d_backward conv_transpose2d_backward batch_norm2d "
    "batch_norm2d_backward cross_entropy mse_loss smooth_l1_loss",
    "axes_of_length_one",
    "Your {result} {has} the right numbers, but not the right shape.",
    "Which axes does keepdims=True, or an index like [:1], leave behind?",
)
def axes_of_length_one(attempt):
    for name, right in attempt.right.items():
        given = np.asarray(attempt.found[name])
        alike = np.squeeze(given).shape == np.squeeze(right).shape
        if given.shape != right.shape and given.size == right.size and right.size and alike:
            yield "shape", {name: right.reshape(given.shape)}


@signature(
    "",
    "cut_off",
    "Your {result} {is} the right {one} without {key}.",
    "Which shape must {result} have? Make it of that size from the start.",
)
def cut_off(attempt):
    for name, right in attempt.right.items():
        shape = np.shape(attempt.found[name])
        smaller = len(shape) == right.ndim == 4 and shape[:2] == right.shape[:2] != shape
        smaller = smaller and shape != right.shape and 0 not in shape
        if smaller and all(s <= r for s, r in zip(shape, right.shape, strict=True)):
            both = list(zip(shape, right.shape, strict=True))
            first = tuple(slice(0, s) for s, _ in both)
            yield "the last rows or columns", {name: right[first]}
            last = tuple(slice(r - s, r) for s, r in both)
            yield "the first rows or columns", {name: right[last]}


@signature(
    "conv2d_backward conv_transpose2d max_pool2d_backward max_unpool2d",
    "not_cut",
    "Your {result} {has} the right {one} within it, at {key}: it must be cut out.",
    "What did you add around it, and how much must be taken off on each side?",
)
def not_cut(attempt):
    for name, right in attempt.right.items():
        given = np.asarray(attempt.found[name])
        if given.ndim == right.ndim == 4 and given.shape[:2] == right.shape[:2]:
            for top, left in np.ndindex(*(max(g - r + 1, 0) for g, r in zip(
                given.shape[2:], right.shape[2:], strict=True))):  # fmt: skip
                inner = given[:, :, top:, left:][:, :, : right.shape[2], : right.shape[3]]
                if given.shape != right.shape and right.any() and np.allclose(inner, right):
                    yield f"row {top}, column {left}", {name: given}


@signature(
    "conv2d_backward conv_transpose2d conv_transpose2d_backward",
    "empty",
    "Your {result} {is} empty: a slice like a[p:-p] ends before it begins where p is 0.",
    "What is -0? Write the end of the slice as p + length.",
)
def empty(attempt):
    for name, right in attempt.right.items():
        given = np.asarray(attempt.found[name])
        if not given.size and right.size and given.ndim == right.ndim:
            yield "empty", {name: given}


REDUCTIONS = {"the sum": np.sum, "the mean": np.mean, "the maximum": np.max}


@signature(
    "linear_backward conv2d_backward conv_transpose2d_backward batch_norm2d_backward relu mse_loss "
    "mse_loss_backward smooth_l1_loss smooth_l1_loss_backward cross_entropy "
    "cross_entropy_backward two_heads_backward two_losses_backward",
    "wrong_sum",
    "Your {result} {is} {key}.",
    "Over which axes must {result} sum, and which must it keep?",
)
def wrong_sum(attempt):
    def make(name, right):
        for label, array in [*summands(attempt, name), ("the right one", right)]:
            for axes in subsets(array.ndim):
                for named, reduce in REDUCTIONS.items():
                    over = f"over ax{'i' if len(axes) == 1 else 'e'}s {', '.join(map(str, axes))}"
                    said = f"{named} of {label} {over}"
                    made = reduce(array, axis=axes)
                    if made.shape != right.shape or label != "the right one":
                        yield said, made
                        yield f"{said}, with keepdims", reduce(array, axis=axes, keepdims=True)
            if name == "db" and label != "the right one":
                yield "the sum of dy over all its axes, for every entry", array.sum() + 0 * right
            if label != "the right one":
                yield f"a copy of {label}: nothing is summed", array

    return each(attempt, make)


def summands(attempt, name):
    """The arrays, in words, whose sum a result is."""
    v = attempt.values
    if name == "db":
        yield "dy", v["dy"]
    if name == "loss" and attempt.op in ("mse_loss", "smooth_l1_loss"):
        yield "the difference", v["prediction"] - v["target"]
        yield "the squared difference", (v["prediction"] - v["target"]) ** 2
    if attempt.op == "relu":
        yield "x", v["x"]
