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
    z, y = case["logits"], case["targets"]
    log_p, log_q = -np.logaddexp(0, -z), -np.logaddexp(0, z)
    return Map(np.exp(log_p), np.exp(log_q), log_p, log_q, y, y == 1)


POWERS = {  # at centres, elsewhere, and of 1 − Y
    "": (2, 2, 4),
    "without the power (1 − p)² at centres": (0, 2, 4),
    "without the power p² elsewhere": (2, 0, 4),
    "without the powers of p and 1 − p": (0, 0, 4),
    "without (1 − Y)⁴: cells beside a centre count in full": (2, 2, 0),
    "without any of the powers": (0, 0, 0),
    "with (1 − Y)² for (1 − Y)⁴": (2, 2, 2),
    "with 1 − Y for (1 − Y)⁴": (2, 2, 1),
    "with the first powers of p and 1 − p": (1, 1, 4),
    "with the first power of 1 − p": (1, 2, 4),
    "with the first power of p": (2, 1, 4),
    "with the powers 2 and 4 exchanged": (4, 4, 2),
    "with the fourth powers of p and 1 − p": (4, 4, 4),
}


def losses(case):
    """(words, what the cells add) for the ways in which a cell can go wrong."""
    m = map_of(case)
    for said, (a, b, c) in POWERS.items():
        yield said, np.where(m.centre, m.q**a * m.log_p, (1 - m.y) ** c * m.p**b * m.log_q)
    near, far = m.q**2 * m.log_p, (1 - m.y) ** 4 * m.p**2 * m.log_q
    for said, at, elsewhere in (
        ("with p² for (1 − p)² at centres", m.p**2 * m.log_p, far),
        ("with (1 − p)² for p² elsewhere", near, (1 - m.y) ** 4 * m.q**2 * m.log_q),
        ("with p and 1 − p exchanged in the powers", m.p**2 * m.log_p,
         (1 - m.y) ** 4 * m.q**2 * m.log_q),
        ("with Y⁴ for (1 − Y)⁴", near, m.y**4 * m.p**2 * m.log_q),
        ("with 1 − Y⁴ for (1 − Y)⁴", near, (1 - m.y**4) * m.p**2 * m.log_q),
        ("with log p for log(1 − p) elsewhere", near, (1 - m.y) ** 4 * m.p**2 * m.log_p),
        ("with log(1 − p) for log p at centres", m.q**2 * m.log_q, far),
        ("with the two logarithms exchanged", m.q**2 * m.log_q, (1 - m.y) ** 4 * m.p**2 * m.log_p),
        ("without the logarithm at centres", -m.q**2, far),
        ("of the centres alone: the other cells add nothing", near, 0 * far),
        ("of the other cells alone: the centres add nothing", 0 * near, far),
        ("with minus between centres and other cells", near, -far),
        ("of centres and of cells with Y = 0 alone", near, np.where(m.y == 0, far, 0)),
        ("with the weights 1/4 at centres and 3/4 elsewhere", near / 4, far * 0.75),
    ):  # fmt: skip
        yield said, np.where(m.centre, at, elsewhere)
    for said, centre in (("all cells with Y > 0", m.y > 0), ("all cells with Y > 1/2", m.y > 0.5),
                         ("all cells with Y > 0.9", m.y > 0.9)):  # fmt: skip
        yield f"with {said} taken for centres", np.where(centre, near, far)
    soft = m.y * near + (1 - m.y) * m.p**2 * m.log_q
    yield "with Y and 1 − Y as the weights of both terms in every cell", soft
    for eps in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12, 1e-15):
        p = np.clip(m.p, eps, 1 - eps)
        cells = np.where(m.centre, (1 - p) ** 2 * np.log(p),
                         (1 - m.y) ** 4 * p**2 * np.log(1 - p))  # fmt: skip
        yield f"of a p that is cut off at {eps:g} and 1 − {eps:g}", cells
        cells = np.where(m.centre, m.q**2 * np.log(m.p + eps),
                         (1 - m.y) ** 4 * m.p**2 * np.log(1 - m.p + eps))  # fmt: skip
        yield f"with {eps:g} added within the logarithms", cells
    p = 1 / (1 + np.exp(-m.p))
    cells = np.where(m.centre, (1 - p) ** 2 * np.log(p), (1 - m.y) ** 4 * p**2 * np.log(1 - p))
    yield "of a p that has been through the sigmoid twice", cells


def slopes(case):
    """(words, what the cells' gradients are), without the minus of the loss."""
    m = map_of(case)
    rest = (1 - m.y) ** 4
    for said, (a, b, c) in POWERS.items():
        near = m.q**a * (m.q - a * m.p * m.log_p)
        yield said, np.where(m.centre, near, (1 - m.y) ** c * m.p**b * (b * m.q * m.log_q - m.p))
    near, far = m.q**2 * (m.q - 2 * m.p * m.log_p), rest * m.p**2 * (2 * m.q * m.log_q - m.p)
    slope = m.p * m.q
    for said, at, elsewhere in (
        ("with the powers taken for constants: they depend on z, too", m.q**3, -rest * m.p**3),
        ("with (1 − p)² taken for a constant at centres", m.q**3, far),
        ("with p² taken for a constant elsewhere", near, -rest * m.p**3),
        ("with the logarithms taken for constants", -2 * m.q**2 * m.p * m.log_p,
         2 * rest * m.p**2 * m.q * m.log_q),
        ("in p, not in z: the sigmoid's slope p·(1 − p) is missing", near / slope,
         far / slope),
        ("with the sigmoid's slope twice", near * slope, far * slope),
        ("with the wrong sign between the two terms of the product",
         -m.q**2 * (m.q + 2 * m.p * m.log_p), -rest * m.p**2 * (2 * m.q * m.log_q + m.p)),
        ("with the wrong sign between the two terms at centres",
         -m.q**2 * (m.q + 2 * m.p * m.log_p), far),
        (("with the wrong sign between the two terms at centres", 1),
         m.q**2 * (m.q + 2 * m.p * m.log_p), far),
        ("with the wrong sign between the two terms elsewhere", near,
         -rest * m.p**2 * (2 * m.q * m.log_q + m.p)),
        ("without the 2 of the powers", m.q**2 * (m.q - m.p * m.log_p),
         rest * m.p**2 * (m.q * m.log_q - m.p)),
        ("without the 2 of the power at centres", m.q**2 * (m.q - m.p * m.log_p), far),
        ("without the 2 of the power elsewhere", near, rest * m.p**2 * (m.q * m.log_q - m.p)),
        ("without the factor 1 − p from the power's inner slope",
         m.q**2 * (m.q - 2 * m.log_p), rest * m.p**2 * (2 * m.log_q - m.p)),
        ("with p − Y in every cell, as for a cross-entropy", m.y - m.p, m.y - m.p),
        ("with log p for log(1 − p) elsewhere", near, rest * m.p**2 * (2 * m.q * m.log_p - m.p)),
        ("with p and 1 − p exchanged at centres", m.p**2 * (m.p - 2 * m.q * m.log_q), far),
        ("with the formula of the other cells at the centres, too", far, far),
        ("with the centres' formula everywhere", near, near),
        ("with Y⁴ for (1 − Y)⁴", near, m.y**4 * m.p**2 * (2 * m.q * m.log_q - m.p)),
        ("zero in all cells but the centres", near, 0 * far),
        ("zero at the centres", 0 * near, far),
        ("of the wrong sign at the centres", -near, far),
        ("of the wrong sign but at the centres", near, -far),
        ("with the weights 1/4 at centres and 3/4 elsewhere", near / 4, far * 0.75),
        ("zero where Y is between 0 and 1", near, np.where(m.y == 0, far, 0)),
    ):  # fmt: skip
        yield said, np.where(m.centre, at, elsewhere)
    for said, centre in (("all cells with Y > 0", m.y > 0), ("all cells with Y > 1/2", m.y > 0.5),
                         ("all cells with Y > 0.9", m.y > 0.9)):  # fmt: skip
        yield f"with {said} taken for centres", np.where(centre, near, far)
    for eps in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12):
        p = np.clip(m.p, eps, 1 - eps)
        q = 1 - p
        cells = np.where(m.centre, q**2 * (q - 2 * p * np.log(p)),
                         rest * p**2 * (2 * q * np.log(q) - p))  # fmt: skip
        yield f"of a p that is cut off at {eps:g} and 1 − {eps:g}", cells


def divided(case):
    """(words, by what each cell is divided) for the ways to count centres."""
    y, centre = case["targets"], case["targets"] == 1
    right = max(centre.sum(), 1)
    each = centre.sum(axis=(1, 2, 3), keepdims=True)
    yield "", right
    yield "not divided", 1
    yield "divided by the number of all cells", y.size
    yield "divided by the number of images", len(y)
    yield "divided by the sum of the targets", max(y.sum(), 1)
    yield "divided by the sum of the targets, whatever it is,", y.sum()
    yield "divided by the number of cells with Y > 0", max((y > 0).sum(), 1)
    yield "divided by the number of cells with Y > 1/2", max((y > 0.5).sum(), 1)
    yield "divided by the number of cells with Y > 0.9", max((y > 0.9).sum(), 1)
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
    name, cells = ("loss", losses) if "loss" in case.right else ("dlogits", slopes)
    for said, values in cells(case):
        for over, count in divided(case):
            if said or over:
                parts = -values / count
                first = said[0] if isinstance(said, tuple) else said
                key = ", and ".join(filter(None, (first, over)))
                yield (key, said), {name: np.asarray(parts.sum()) if name == "loss" else parts}
    if not (case["targets"] == 1).any():
        yield "0 where there is no centre at all", {name: 0 * case.right[name]}
    else:
        yield "0 where there is no centre at all", {}
