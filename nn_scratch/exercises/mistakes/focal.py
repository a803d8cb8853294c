"""Mistakes in a detector's focal loss: what a cell adds, and by what the sum is divided."""

from typing import NamedTuple

import numpy as np

from nn_scratch.exercises.mistakes.mistake import register

FOUND = []


class Map(NamedTuple):
    """p, 1 − p and their logarithms, the targets Y, and where Y is 1."""

    p: np.ndarray
    q: np.ndarray
    log_p: np.ndarray
    log_q: np.ndarray
    y: np.ndarray
    centre: np.ndarray


def map_of(case):
    """The Map of a case."""
    z, y = case["scores"], case["target"]
    log_p, log_q = -np.logaddexp(0, -z), -np.logaddexp(0, z)
    return Map(np.exp(log_p), np.exp(log_q), log_p, log_q, y, y == 1)


POWERS = {  # at centres, elsewhere, and of 1 − Y
    "": (2, 2, 4),
    "without the powers of p and 1 − p": (0, 0, 4),
    "without (1 − Y)⁴: cells beside a centre count in full": (2, 2, 0),
    "without any of the powers": (0, 0, 0),
    "with (1 − Y)² for (1 − Y)⁴": (2, 2, 2),
    "with 1 − Y for (1 − Y)⁴": (2, 2, 1),
    "with the first powers of p and 1 − p": (1, 1, 4),
    "with the powers 2 and 4 exchanged": (4, 4, 2),
    "with the fourth powers of p and 1 − p": (4, 4, 4),
}
BESIDE = {"Y > 0": 0.0, "Y > 1/2": 0.5, "Y > 0.9": 0.9}


def loss_terms(m):
    """(words, what a centre adds, what another cell adds), without the minus of the loss."""
    rest = (1 - m.y) ** 4
    for said, (a, b, c) in POWERS.items():
        yield said, m.q**a * m.log_p, (1 - m.y) ** c * m.p**b * m.log_q
    yield "with p and 1 − p exchanged in the powers", m.p**2 * m.log_p, rest * m.q**2 * m.log_q
    yield "with the two logarithms exchanged", m.q**2 * m.log_q, rest * m.p**2 * m.log_p
    yield "of −z: p and 1 − p are exchanged", m.p**2 * m.log_q, rest * m.q**2 * m.log_p
    yield "without the logarithms", -(m.q**2), -rest * m.p**2
    near = m.q**2 * m.log_p
    yield "with Y⁴ for (1 − Y)⁴", near, m.y**4 * m.p**2 * m.log_q
    yield "with 1 − Y⁴ for (1 − Y)⁴", near, (1 - m.y**4) * m.p**2 * m.log_q
    for eps in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12, 1e-15):
        p = np.clip(m.p, eps, 1 - eps)
        said = f"of a p that is cut off at {eps:g} and 1 − {eps:g}"
        yield said, (1 - p) ** 2 * np.log(p), rest * p**2 * np.log(1 - p)
        added = near + m.q**2 * (np.log(m.p + eps) - m.log_p), rest * m.p**2 * np.log(m.q + eps)
        yield f"with {eps:g} added within the logarithms", *added
    p = 1 / (1 + np.exp(-m.p))
    said = "of a p that has been through the sigmoid twice"
    yield said, (1 - p) ** 2 * np.log(p), rest * p**2 * np.log(1 - p)


def slope_terms(m):
    """The same for the gradient: each is the derivative of a product, q²·log p or p²·log q."""
    p, q, rest = m.p, m.q, (1 - m.y) ** 4
    for said, (a, b, c) in POWERS.items():
        near = q**a * (q - a * p * m.log_p)
        yield said, near, (1 - m.y) ** c * p**b * (b * q * m.log_q - p)
    # The two terms of each product: from the power, and from the logarithm.
    power, log = -2 * p * q**2 * m.log_p, q**3
    other_power, other_log = 2 * rest * p**2 * q * m.log_q, -rest * p**3
    right, other = power + log, other_power + other_log
    yield "with the power, which depends on z as well, taken for a constant", log, other_log
    yield "with the logarithm taken for a constant", power, other_power
    said = "with the wrong sign between the two terms of the product"
    yield said, power - log, other_power - other_log
    yield (said, 1), log - power, other_log - other_power
    yield "without the 2 of the power", power / 2 + log, other_power / 2 + other_log
    said = "without the power's inner slope, p·(1 − p)"
    yield said, log - 2 * q * m.log_p, other_log + 2 * rest * p * m.log_q
    said = "with only a part of the power's inner slope, p·(1 − p)"
    yield said, log - 2 * q**2 * m.log_p, other_log + 2 * rest * p**2 * m.log_q
    yield (said, 1), log - 2 * p * q * m.log_p, other_log + 2 * rest * p * q * m.log_q
    said = "in p, not in z: the sigmoid's slope p·(1 − p) is missing"
    yield said, right / (p * q), other / (p * q)
    yield "with the sigmoid's slope twice", right * p * q, other * p * q
    yield "with p − Y, as for a cross-entropy,", m.y - p, m.y - p
    yield "of −z: p and 1 − p are exchanged", p**2 * (p - 2 * q * m.log_q), (
        rest * q**2 * (2 * p * m.log_p - q))  # fmt: skip
    yield "with the formula that belongs to the other cells,", p**2 * (2 * q * m.log_q - p), (
        rest * q**2 * (q - 2 * p * m.log_p))  # fmt: skip
    yield "with Y⁴ for (1 − Y)⁴", right, m.y**4 * p**2 * (2 * q * m.log_q - p)
    for eps in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12):
        a = np.clip(p, eps, 1 - eps)
        b = 1 - a
        said = f"of a p that is cut off at {eps:g} and 1 − {eps:g}"
        yield said, b**2 * (b - 2 * a * np.log(a)), rest * a**2 * (2 * b * np.log(b) - a)


def cells(case, terms):
    """(words, what all cells add): terms that are wrong at centres, elsewhere or in both; and right
    ones in the wrong cells."""
    m = map_of(case)
    (_, near, far), *wrong = terms(m)
    yield "", np.where(m.centre, near, far)
    for said, at, elsewhere in wrong:
        yield said, np.where(m.centre, at, elsewhere)
        word = said[0] if isinstance(said, tuple) else said
        yield (f"{word} at centres", said), np.where(m.centre, at, far)
        yield (f"{word} in the other cells", said), np.where(m.centre, near, elsewhere)
    for said, at, elsewhere in (
        ("of the centres alone: the other cells add nothing", near, 0 * far),
        ("of the other cells alone: the centres add nothing", 0 * near, far),
        ("of the wrong sign at the centres", -near, far),
        ("of the wrong sign in all cells but the centres", near, -far),
        ("zero where Y is between 0 and 1", near, np.where(m.y == 0, far, 0)),
        ("zero where Y is 0", near, np.where(m.y == 0, 0, far)),
        ("with the weights 1/4 at centres and 3/4 elsewhere", near / 4, far * 0.75),
        ("with Y for the mask of the centres", near, far + m.y * near),
    ):
        yield said, np.where(m.centre, at, elsewhere)
    for said, least in BESIDE.items():
        yield f"with all cells with {said} taken for centres", np.where(m.y > least, near, far)
    soft = m.y * near + (1 - m.y) * m.p**2 * far / np.maximum((1 - m.y) ** 4 * m.p**2, 1e-300)
    yield "with Y and 1 − Y as the weights of both terms in every cell", soft
    for said, k in (("first", 0), ("last", len(m.y) - 1)):
        mask = np.arange(len(m.y)).reshape(-1, 1, 1, 1) == k
        yield f"of the {said} image only", np.where(m.centre, near, far) * mask


def divided(case):
    """(words, by what each cell is divided) for the ways to count centres."""
    y, centre = case["target"], case["target"] == 1
    right = max(centre.sum(), 1)
    each = centre.sum(axis=(1, 2, 3), keepdims=True)
    yield "", right
    yield "not divided", 1
    yield "divided by the number of all cells", y.size
    yield "divided by the number of images", len(y)
    yield "divided by the sum of the targets", max(y.sum(), 1)
    yield "divided by the sum of the targets, whatever it is,", y.sum()
    for said, least in BESIDE.items():
        yield f"divided by the number of cells with {said}", max((y > least).sum(), 1)
    yield "divided by the root of the number of centres", np.sqrt(right)
    yield "multiplied by the number of centres", 1 / right
    yield "divided by the number of centres in the last image", max(centre[-1].sum(), 1)
    yield "divided by the number of centres in the first image", max(centre[0].sum(), 1)
    yield "divided by the number of cells that are no centres", max((~centre).sum(), 1)
    yield "divided by the number of centres plus 1", centre.sum() + 1
    yield "divided by twice the number of centres", 2 * right
    yield "divided by the number of classes", y.shape[1]
    yield "divided by the number of centres and of images", right * len(y)
    yield "where each image is divided by its own number of centres", np.maximum(each, 1)
    own = np.maximum(each, 1) * len(y)
    yield "where the mean is taken of images, each divided by its own number of centres", own
    yield "divided by a count that is at least 1 in every image", np.maximum(each, 1).sum()
    per_class = np.maximum(centre.sum(axis=(0, 2, 3), keepdims=True), 1)
    yield "where each class is divided by its own number of centres", per_class
    rest = np.where(centre, right, max((~centre).sum(), 1))
    yield "where only the centres are divided by their number, the rest by its own", rest
    yield "where only the centres are divided", np.where(centre, right, 1)
    yield "divided by the number of cells of a map", y[0, 0].size


@register(FOUND, rank=1)(
    "focal_loss focal_loss_backward",
    "other_focal",
    "Your {result} {is} the right {one} but {key}.",
    "What does a single cell add by hand: a centre, one beside it, one far off? How many centres "
    "are there?",
)
def other_focal(case):
    """One thing wrong with the cells, or with the count, or one of each."""
    name, terms = ("loss", loss_terms) if "loss" in case.right else ("dscores", slope_terms)
    for said, values in cells(case, terms):
        for over, count in divided(case):
            if said or over:
                parts = -values / count
                first = said[0] if isinstance(said, tuple) else said
                key = ", and ".join(filter(None, (first, over)))
                yield (key, said), {name: np.asarray(parts.sum()) if name == "loss" else parts}
    if not (case["target"] == 1).any():
        yield "0 where there is no centre at all", {name: 0 * case.right[name]}
    else:
        yield "0 where there is no centre at all", {}
