"""Relations of number to number: another factor, another term, a region of wrong values."""

from itertools import combinations, product

import numpy as np

from nn_scratch.exercises.mistakes.mistake import register
from nn_scratch.exercises.mistakes.own_terms import others_of, terms_of

FOUND = []
NEAR = 1e-3  # of 1: what an epsilon makes of a factor


def counts(attempt):
    """The numbers that a factor may be, by their names."""
    v, found = attempt.values, {"2": 2}
    for name in ("x", "dy", "scores", "prediction", "features"):
        if name in v:
            (first, second, *plane), at = v[name].shape, f" of {name}"
            columns = "classes" if name == "scores" else "channels" if plane else "columns"
            found[f"the number of {'images' if plane else 'samples'}{at}"] = first
            found[f"the number of {columns}{at}"] = second
            if plane:
                found[f"the number of pixels{at}"] = np.prod(plane)
                found[f"the number of images and pixels{at}"] = first * np.prod(plane)
            found[f"the size{at}"] = v[name].size
    if "w" in v and v["w"].ndim == 4:
        found["the number of kernel places"] = v["w"][0, 0].size
    if "labels" in v:
        found["the number of labels"] = v["labels"].size
    if "box_weight" in attempt.options:
        found["λ"] = attempt.options["box_weight"]
        found["(1 − λ)"] = 1 - attempt.options["box_weight"]
    if "scale" in v:
        found["the number of pixels of a block"] = np.prod(attempt.pairs("scale")[0])
    return {name: float(count) for name, count in found.items() if count not in (0, 1)}


def of_floats(make):
    """The variants of a relation that makes (words, array) of a right result."""

    def variants(attempt):
        for name, right in attempt.right.items():
            if right.dtype.kind == "f":
                for said, array in make(attempt, name, right):
                    yield said, {name: array}

    return variants


@register(FOUND, rank=2)(
    "",
    "sign",
    "The sign of {result} {is} wrong; all else is right.",
    "If this number grows a little, does the result grow or fall, and what does your minus say?",
)
@of_floats
def sign(attempt, name, right):
    yield "sign", -right


@register(FOUND, rank=2)(
    "",
    "rounded",
    "Your {result} {has} lost its fractions: it holds whole numbers.",
    "Of which dtype is the array that you write into?",
)
@of_floats
def rounded(attempt, name, right):
    for how in (np.trunc, np.floor, np.round):
        if how(right).any():  # else it is just as well 0 times something
            yield how.__name__, how(right)


@register(FOUND, rank=4)(
    "",
    "factor",
    "Your {result} {is} the right {one} {key}; all else is right.",
    "Is the sum, or the mean, taken once, and over all that it must go over?",
)
@of_floats
def factor(attempt, name, right):
    for said, count in counts(attempt).items():
        yield f"times {said}", right * count
        yield f"divided by {said}", right / count


def ratio(attempt, name, right):
    """The number that a result may be times the right one; 1 if it is hardly another, or has
    another shape."""
    given = np.asarray(attempt.found[name])
    alike = given.shape == right.shape and given.dtype.kind == "f" and right.any()
    found = float((given * right).sum() / (right * right).sum()) if alike else 1.0
    return 1.0 if abs(found - 1) < NEAR or abs(found) < NEAR**3 else found


@register(FOUND, rank=6)(
    "",
    "factor",
    "Your {result} {is} {key} times the right {one}; all else is right.",
    "Which constant of the forward pass is differentiated twice, or not at all?",
)
@of_floats
def constant(attempt, name, right):
    yield f"{ratio(attempt, name, right):.4g}", ratio(attempt, name, right) * right


@register(FOUND, rank=5.7)(
    "",
    "extra_factor",
    "Your {result} {is} the right {one} {key}.",
    "What is the derivative of the product in that argument: does the argument itself still stand "
    "in it?",
)
@of_floats
def extra_factor(attempt, name, right):
    found = {n: a for n, a in attempt.values.items() if getattr(a, "dtype", None) == np.float64}
    if "statistics" in attempt.values:
        found["σ"] = np.sqrt(attempt["statistics"][1] + 1e-5)
    if "prediction" in found:
        found["d"] = found["prediction"] - found["target"]
        found["the loss"] = np.asarray((found["d"] ** 2).mean())
    for other, value in found.items():
        if right.ndim == 4 and value.ndim == 1:
            value = value[:, None, None]
        lengths = zip(value.shape[::-1], right.shape[::-1], strict=False)
        if value.ndim <= right.ndim and all(a in (1, b) for a, b in lengths):
            yield f"times {other}", right * value
            yield f"divided by {other}", right / value


@register(FOUND, rank=3)(
    "",
    "term",
    "One term of your {result} is wrong: {key}.",
    "Where does that term come from, and what does it look like in your code?",
)
def term(attempt):
    simple = {"missing": 0.0, "of the wrong sign": -1.0, "there twice": 2.0}
    changes = {**simple, "halved": 0.5}
    for said, count in counts(attempt).items():
        changes |= {f"multiplied by {said}": count, f"divided by {said}": 1 / count}
    for name, terms in terms_of(attempt).items():
        right = attempt.right[name]
        for (label, array), (said, c) in product(terms.items(), changes.items()):
            yield f"{label} is {said}", {name: right + (c - 1) * array}
        for (one, a), (two, b) in combinations(terms.items(), 2):
            for (s, c), (t, d) in product(simple.items(), repeat=2):
                made = right + (c - 1) * a + (d - 1) * b
                yield f"{one} is {s}, and {two} {t}", {name: made}
        for label, other, array in others_of(attempt, name):
            yield f"{label} is {other}", {name: right - terms[label] + array}


EDGES = [-np.inf, -1, 0, 0.5, 1, 2, 6, np.inf]  # between them another formula may hold


def regions(letter, values):
    """(words, where) for the intervals of a value, or of its size: first those with one end, the
    narrower ones first."""
    yield f"{letter} = 0", values == 0
    numbers = {0.5: "1/2", -1: "−1"}
    pairs = sorted(combinations(EDGES, 2), key=lambda p: (np.isfinite(p).all(), p[1] - p[0], -p[0]))
    sizes_first = letter == "d"  # of a difference the sign matters less
    for size, (low, high) in product((sizes_first, not sizes_first), pairs):
        said, v = (f"|{letter}|", np.abs(values)) if size else (letter, values)
        for start, end, inside in (("≤", "<", (low <= v) & (v < high)),
                                   ("<", "≤", (low < v) & (v <= high))):  # fmt: skip
            first = "" if low == -np.inf else f"{numbers.get(low, low)} {start} "
            last = "" if high == np.inf else f" {end} {numbers.get(high, high)}"
            yield first + said + last, inside


STANDING = {"1": np.ones_like, "{v}": np.array, "|{v}|": np.abs, "{v}²": np.square,
            "the sign of {v}": np.sign, "(|{v}| − 1/2)": lambda v: np.abs(v) - 0.5,
            "(exp({v}) − 1)": np.expm1}  # fmt: skip


@register(FOUND, rank=4.5)(
    "relu relu_backward mse_loss_backward smooth_l1_loss_backward",
    "region",
    "Your {result} {is} right except where {key}.",
    "What must come out there? Do the first such number by hand.",
)
def wrong_region(attempt):
    """Where the result is wrong, by the values that decide, and what stands there."""
    ((name, right),) = attempt.right.items()
    given = np.asarray(attempt.found[name])
    if given.shape != right.shape or given.dtype.kind not in "fiub":
        return
    wrong = ~np.isclose(given, right)
    for value, array in deciding(attempt).items():
        fitting = sorted(regions(value, array), key=lambda region: (region[1] & ~wrong).sum())
        for said, inside in fitting:
            if wrong.any() and not inside.all() and not (wrong & ~inside).any():
                for what, base in standing(attempt):
                    there = base[inside]
                    factor = (given[inside] * there).sum() / max((there**2).sum(), 1e-9)
                    made = np.where(inside, factor * base, right)
                    key = f"{said}: there it is {multiple(factor, what)}"
                    yield key, {name: made}


def deciding(attempt):
    """The arrays that say in which branch a number is."""
    v = attempt.values
    if "target" in v:
        return {"d": v["prediction"] - v["target"]}
    return {n: v[n] for n in ("x", "dy") if n in attempt.trial.exercise.arguments}


def standing(attempt):
    """(words, array): what may stand in a region, but for a factor."""
    letter, values = next(iter(deciding(attempt).items()))
    for words, f in STANDING.items():
        said, array = words.format(v=letter), f(values)
        if letter == "d":
            yield said, array / array.size
            yield f"{said}, not divided by the count", array
        elif "dy" in attempt.trial.exercise.arguments:
            yield "dy" if said == "1" else f"dy·{said}", attempt["dy"] * array
            yield f"{said}, without dy", array
        else:
            yield said, array


def multiple(factor, what):
    """A multiple in words."""
    if abs(factor) < 1e-9 or what == "1":
        return f"{factor:.3g}".replace("-", "−")
    words = {1: what, -1: f"−{what}"}
    return words.get(round(factor, 6), f"{factor:.3g}·{what}".replace("-", "−"))
