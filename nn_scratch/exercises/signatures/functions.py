"""Relations of number to number: a function of the right result, a factor that is an input, a
region of the inputs in which another formula holds."""

import numpy as np

from nn_scratch.exercises.mistakes.mistake import register
from nn_scratch.exercises.signatures.arrays import each, each_result

FOUND = []
signature = register(FOUND, rank=4)
region = register(FOUND, rank=4.5)

NEAR = 1e-3  # of 1: what an epsilon makes of a factor

OF_RESULT = {
    "the absolute value of each right number": np.abs,
    "the square of each right number": np.square,
    "the square root of each right number": np.sqrt,
    "the sign of each right number": np.sign,
    "the exponential of each right number": np.exp,
    "the logarithm of each right number": np.log,
    "the inverse of each right number": lambda a: 1 / a,
    "1 minus each right number": lambda a: 1 - a,
    "the positive part of each right number": lambda a: np.maximum(a, 0),
    "the negative part of each right number": lambda a: np.minimum(a, 0),
    "each right number cut off at −1 and 1": lambda a: np.clip(a, -1, 1),
    "each right number cut off at 0 and 1": lambda a: np.clip(a, 0, 1),
    "each right number cut off at 6": lambda a: np.minimum(a, 6),
    "each right number plus 1": lambda a: a + 1,
    "each right number minus 1": lambda a: a - 1,
}


@signature(
    "",
    "function_of_the_right",
    "Your {result} {holds} {key}.",
    "Which step comes too much, or too early?",
)
@each_result
def function_of_the_right(name, right):
    if right.dtype.kind == "f":
        for said, f in OF_RESULT.items():
            yield said, f(right)


@register(FOUND, rank=2)(
    "",
    "rounded",
    "Your {result} {has} lost its fractions: it holds whole numbers.",
    "Of which dtype is the array that you write into?",
)
@each_result
def rounded(name, right):
    if right.dtype.kind == "f":
        for said, f in (("trunc", np.trunc), ("floor", np.floor), ("round", np.round)):
            whole = f(right)
            if whole.any():  # else it is just as well 0 times something
                yield said, whole


@signature(
    "",
    "extra_factor",
    "Your {result} {is} the right {one} {key}.",
    "What is the derivative of the product in that argument: does the argument itself still stand "
    "in it?",
)
def extra_factor(attempt):
    arrays = {n: a for n, a in attempt.values.items() if isinstance(a, np.ndarray)}
    if "statistics" in attempt.values:
        arrays["var"] = attempt["statistics"][1]
        arrays["σ"] = np.sqrt(arrays["var"] + 1e-5)
        arrays["σ²"] = arrays["var"] + 1e-5
    if "target" in arrays and "prediction" in arrays:
        arrays["d"] = arrays["prediction"] - arrays["target"]
        arrays["the loss"] = np.asarray((arrays["d"] ** 2).mean())

    def make(name, right):
        for other, value in arrays.items():
            if value.dtype.kind != "f" or right.dtype.kind != "f":
                continue
            if right.ndim == 4 and value.ndim == 1:
                value = value[:, None, None]
            fits = all(
                a in (1, b) for a, b in zip(value.shape[::-1], right.shape[::-1], strict=False)
            )
            if fits and value.ndim <= right.ndim:
                yield f"times {other}", right * value
                yield f"divided by {other}", right / value

    return each(attempt, make)


# ---------------------------------------------------------------- factor


def counts(attempt):
    """The numbers that a factor may be, by their names."""
    v, found = attempt.values, {"2": 2.0}
    for name in ("x", "dy", "scores", "prediction", "features"):
        if name in v:
            array, at = v[name], f" of {name}"
            letters = ("images", "channels") if array.ndim == 4 else ("samples", "columns")
            letters = (letters[0], "classes") if name == "scores" else letters
            for axis, word in zip(range(array.ndim), letters, strict=False):
                found[f"the number of {word}{at}"] = array.shape[axis]
            if array.ndim == 4:
                pixels = array[0, 0].size
                found[f"the number of pixels{at}"] = pixels
                found[f"the number of images and pixels{at}"] = pixels * len(array)
            found[f"the size{at}"] = array.size
    if "w" in v and v["w"].ndim == 4:
        found["the number of kernel places"] = v["w"][0, 0].size
        found["the channels times the kernel places"] = v["w"][0].size
    if "labels" in v:
        found["the number of labels"] = v["labels"].size
    if "box_weight" in attempt.options:
        found["λ"] = attempt.options["box_weight"]
        found["(1 − λ)"] = 1 - attempt.options["box_weight"]
    if "scale" in v:
        found["the number of pixels of a block"] = np.prod(np.broadcast_to(v["scale"], 2))
    return {name: float(count) for name, count in found.items() if count not in (0, 1)}


@register(FOUND, rank=2)(
    "",
    "sign",
    "The sign of {result} {is} wrong; all else is right.",
    "If this number grows a little, does the result grow or fall, and what does your minus say?",
)
@each_result
def sign(name, right):
    if right.dtype.kind == "f":
        yield "sign", -right


@register(FOUND, rank=4)(
    "",
    "factor",
    "Your {result} {is} the right {one} {key}; all else is right.",
    "Is the sum, or the mean, taken once, and over all that it must go over?",
)
def factor(attempt):
    def make(name, right):
        for said, count in counts(attempt).items() if right.dtype.kind == "f" else ():
            yield f"times {said}", right * count
            yield f"divided by {said}", right / count

    return each(attempt, make)


@register(FOUND, rank=6)(
    "",
    "factor",
    "Your {result} {is} {key} times the right {one}; all else is right.",
    "Which constant of the forward pass is differentiated twice, or not at all?",
)
def constant(attempt):
    for name, factor in ratios(attempt):
        if abs(factor - 1) > NEAR:
            yield f"{factor:.4g}", {name: factor * attempt.right[name]}


@register(FOUND, rank=6)(
    "batch_norm2d batch_norm2d_backward",
    "epsilon",
    "Your {result} {is} right but for a factor very near 1: the epsilon is missing, or not in its "
    "place.",
    "Where does the 1e-5 stand in the formula: within the root, or outside?",
)
def epsilon(attempt):
    for name, factor in ratios(attempt):
        if abs(factor - 1) <= NEAR:
            yield "nearly", {name: factor * attempt.right[name]}


@register(FOUND, rank=8)(
    "",
    "multiple",
    "Every number of your {result} {is} off by the same factor, {key}.",
    "On what does that factor depend: on a count, on a weight, on the loss?",
)
def multiple(attempt):
    for name, factor in ratios(attempt):
        if attempt.right[name].size >= 4:
            yield "another one in each case", {name: factor * attempt.right[name]}


def ratios(attempt):
    """(name, number) for the results that may be a number times the right one."""
    for name, right in attempt.right.items():
        given = np.asarray(attempt.found[name])
        if (
            given.shape == right.shape
            and right.any()
            and {given.dtype.kind, right.dtype.kind} == {"f"}
        ):
            factor = float((given * right).sum() / (right * right).sum())
            if abs(factor) > 1e-9:
                yield name, factor


# ---------------------------------------------------------------- regions


REGIONS = {  # the narrower ones first
    "{v} = 0": lambda v: v == 0,
    "1/2 ≤ |{v}| < 1": lambda v: (np.abs(v) >= 0.5) & (np.abs(v) < 1),
    "|{v}| < 1/2": lambda v: np.abs(v) < 0.5,
    "1 ≤ |{v}| < 2": lambda v: (np.abs(v) >= 1) & (np.abs(v) < 2),
    "{v} > 6": lambda v: v > 6,
    "0 < {v} < 1": lambda v: (v > 0) & (v < 1),
    "0 < {v} ≤ 1": lambda v: (v > 0) & (v <= 1),
    "−1 < {v} < 0": lambda v: (v < 0) & (v > -1),
    "{v} ≥ 1": lambda v: v >= 1,
    "{v} ≤ −1": lambda v: v <= -1,
    "|{v}| < 1": lambda v: np.abs(v) < 1,
    "|{v}| ≥ 1": lambda v: np.abs(v) >= 1,
    "{v} < 0": lambda v: v < 0,
    "{v} > 0": lambda v: v > 0,
    "{v} < 1": lambda v: v < 1,
}
POINTWISE = "relu relu_backward mse_loss_backward smooth_l1_loss_backward"


@region(
    POINTWISE,
    "region",
    "Your {result} {is} right except where {key}.",
    "What must come out there? Do the first such number by hand.",
)
def wrong_region(attempt):
    """Where the result is wrong, by the values of what it depends on, and what stands there."""
    name = next(iter(attempt.right))
    right, given = attempt.right[name], np.asarray(attempt.found[name])
    if given.shape != right.shape or given.dtype.kind not in "fiub":
        return
    wrong = ~np.isclose(given, right)
    for value, array in inputs_of(attempt).items():
        for said, test in REGIONS.items():
            inside = test(array)
            if wrong.any() and inside.any() and not inside.all() and not (wrong & ~inside).any():
                for what, made in alternatives(attempt):
                    other = np.where(inside, made, right)
                    yield f"{said.format(v=value)}: there it is {what}", {name: other}


def inputs_of(attempt):
    """The arrays that say in which branch a number is."""
    v = attempt.values
    if "target" in v:
        return {"d": v["prediction"] - v["target"]}
    return {n: v[n] for n in ("x", "dy") if n in attempt.trial.exercise.arguments}


def alternatives(attempt):
    """(words, array): what may stand in place of the right numbers."""
    v = attempt.values
    if "target" in v:
        d = v["prediction"] - v["target"]
        for count, over in ((d.size, ""), (1, ", not divided by the count")):
            for what, made in (("d", d), ("2·d", 2 * d), ("the sign of d", np.sign(d)),
                               ("|d|", np.abs(d)), ("1", np.ones(d.shape)), ("0", 0 * d),
                               ("−1", -np.ones(d.shape)), ("d/2", d / 2),
                               ("d²/2", d * d / 2), ("d − 1/2", d - 0.5),
                               ("|d| − 1/2", np.abs(d) - 0.5), ("−d", -d),
                               ("half the sign of d", np.sign(d) / 2)):  # fmt: skip
                yield what + over, made / count
        return
    x, base = v["x"], v.get("dy", v["x"]) if attempt.trial.exercise.name != "relu" else v["x"]
    of = "x" if base is x else "dy"
    for factor in (0.01, 0.1, 0.2, 0.25, 0.5, 1, 2):
        yield f"{factor} times {of}", factor * base
    yield f"−{of}", -base
    for what, made in (("0", 0 * x), ("1", np.ones(x.shape)), ("|x|", np.abs(x)),
                       ("6", 6 + 0 * x), ("exp(x) − 1", np.exp(x) - 1), ("x²", x * x),
                       ("−1", -np.ones(x.shape))):  # fmt: skip
        yield what, made if base is x else made * base
        if base is not x:
            yield f"{what}, without dy", made
