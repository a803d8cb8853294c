"""Mistakes in the steps of optimizers."""

import numpy as np

from nn_scratch.exercises.mistakes.mistake import register

FOUND = []
mistake = register(FOUND)


@mistake(
    "sgd_step",
    "other_step",
    "Your step is {key}.",
    "What does the velocity hold after the step, and which velocity moves w?",
)
def other_sgd(case):
    w, dw, v = case["w"], case["dw"], case["velocity"]
    lr, m = case["lr"], case["momentum"]
    new = m * v + dw
    velocities = {
        "momentum·velocity + dw": new,
        "momentum·velocity + (1 − momentum)·dw": m * v + (1 - m) * dw,
        "momentum·(velocity + dw)": m * (v + dw),
        "velocity + momentum·dw": v + m * dw,
        "momentum·velocity − dw": m * v - dw,
        "momentum·velocity + lr·dw": m * v + lr * dw,
        "momentum·velocity − lr·dw": m * v - lr * dw,
        "velocity + dw, without momentum": v + dw,
        "dw alone: the old velocity is forgotten": dw,
        "the old velocity": v,
        "(1 − momentum)·velocity + dw": (1 - m) * v + dw,
        "(1 − momentum)·velocity + momentum·dw": (1 - m) * v + m * dw,
    }
    moves = {
        "w − lr·velocity": lambda u: w - lr * u,
        "w + lr·velocity": lambda u: w + lr * u,
        "w − velocity": lambda u: w - u,
        "w + velocity": lambda u: w + u,
        "w − lr·dw": lambda u: w - lr * dw,
        "w − lr·(the old velocity)": lambda u: w - lr * v,
        "w − lr·(dw + momentum·velocity), as Nesterov does": lambda u: w - lr * (dw + m * u),
        "w as it was": lambda u: w,
        "the change alone, −lr·velocity": lambda u: -lr * u,
        "w − lr·velocity / (1 − momentum)": lambda u: w - lr * u / (1 - m),
        "w·(1 − lr·velocity)": lambda u: w * (1 - lr * u),
    }
    for held, u in velocities.items():
        for moved, f in moves.items():
            if (held, moved) != ("momentum·velocity + dw", "w − lr·velocity"):
                yield f"{moved}, where the velocity is {held}", {"w": f(u), "velocity": u}


@mistake(
    "adam_step",
    "other_step",
    "Your step is {key}.",
    "Which of the two means stands above the line, which below, and what is each divided by?",
)
def other_adam(case):
    w, dw, step, lr = case["w"], case["dw"], case["step"], case["lr"]
    mean, square = case.right["mean"], case.right["square"]
    m, s = mean / (1 - 0.9**step), square / (1 - 0.999**step)
    tiny = 1e-8
    for said, change in (
        ("without both corrections", mean / (np.sqrt(square) + tiny)),
        ("without the correction of the mean", mean / (np.sqrt(s) + tiny)),
        ("without the correction of the square", m / (np.sqrt(square) + tiny)),
        ("with corrections that count steps from 0",
         mean / (1 - 0.9 ** (step - 1)) / (np.sqrt(square / (1 - 0.999 ** (step - 1))) + tiny)),
        ("with corrections of one step too many",
         mean / (1 - 0.9 ** (step + 1)) / (np.sqrt(square / (1 - 0.999 ** (step + 1))) + tiny)),
        ("with the corrections of the first step in every step",
         mean / 0.1 / (np.sqrt(square / 0.001) + tiny)),
        ("without the root", m / (s + tiny)),
        ("with the 1e-8 inside the root", m / np.sqrt(s + tiny)),
        ("without the 1e-8", m / np.sqrt(s)),
        ("with 1e-5 for 1e-8", m / (np.sqrt(s) + 1e-5)),
        ("with 1e-7 for 1e-8", m / (np.sqrt(s) + 1e-7)),
        ("with dw in place of its mean", dw / (np.sqrt(s) + tiny)),
        ("with the mean alone, not divided by the root", m),
        ("with corrections by multiplying", mean * (1 - 0.9**step)
         / (np.sqrt(square * (1 - 0.999**step)) + tiny)),
        ("with the two corrections exchanged",
         mean / (1 - 0.999**step) / (np.sqrt(square / (1 - 0.9**step)) + tiny)),
        ("with 0.999 in both corrections",
         mean / (1 - 0.999**step) / (np.sqrt(s) + tiny)),
        ("with 0.9 in both corrections", m / (np.sqrt(square / (1 - 0.9**step)) + tiny)),
        ("with the old mean and square", case["mean"] / (1 - 0.9**step)
         / (np.sqrt(case["square"] / (1 - 0.999**step)) + tiny)),
        ("with the root of the square of the mean", m / (np.abs(m) + tiny)),
        ("with the root taken before the correction",
         m / (np.sqrt(square) / (1 - 0.999**step) + tiny)),
    ):  # fmt: skip
        yield said, {"w": w - lr * change}
    change = m / (np.sqrt(s) + tiny)
    yield "without lr", {"w": w - change}
    yield "upwards: w grows where it must fall", {"w": w + lr * change}
    yield "the change alone, without w", {"w": -lr * change}
    yield "not taken: w is as it was", {"w": w}


@mistake(
    "adam_step",
    "other_means",
    "{result} {is} {key}.",
    "Which share of the old does each of the two keep, and what is new in it?",
)
def other_means(case):
    dw, old_mean, old_square = case["dw"], case["mean"], case["square"]
    step, lr = case["step"], case["lr"]
    right = case.right

    def taken(mean, square):
        m, s = mean / (1 - 0.9**step), square / (1 - 0.999**step)
        return case["w"] - lr * m / (np.sqrt(s) + 1e-8)

    for said, mean in (("0.9·mean + dw", 0.9 * old_mean + dw),
                       ("0.1·mean + 0.9·dw", 0.1 * old_mean + 0.9 * dw),
                       ("0.999·mean + 0.001·dw", 0.999 * old_mean + 0.001 * dw),
                       ("0.9·mean + 0.1·dw²", 0.9 * old_mean + 0.1 * dw * dw),
                       ("dw alone", dw), ("the old one", old_mean),
                       ("mean + 0.1·dw", old_mean + 0.1 * dw),
                       ("0.9·mean − 0.1·dw", 0.9 * old_mean - 0.1 * dw)):  # fmt: skip
        yield said, {"mean": mean, "w": taken(mean, right["square"])}
    for said, square in (("0.999·square + dw²", 0.999 * old_square + dw * dw),
                         ("0.001·square + 0.999·dw²", 0.001 * old_square + 0.999 * dw * dw),
                         ("0.9·square + 0.1·dw²", 0.9 * old_square + 0.1 * dw * dw),
                         ("0.999·square + 0.001·dw", 0.999 * old_square + 0.001 * dw),
                         ("0.999·square + 0.001·|dw|", 0.999 * old_square + 0.001 * abs(dw)),
                         ("0.999·square + (0.001·dw)²", 0.999 * old_square + (0.001 * dw) ** 2),
                         ("0.99·square + 0.01·dw²", 0.99 * old_square + 0.01 * dw * dw),
                         ("dw² alone", dw * dw), ("the old one", old_square),
                         ("0.999·square + 0.001·mean²",
                          0.999 * old_square + 0.001 * right["mean"] ** 2)):  # fmt: skip
        yield said, {"square": square, "w": taken(right["mean"], square)}
    yield "corrected already; only the step of w takes corrected means", {
        "mean": right["mean"] / (1 - 0.9**step), "square": right["square"] / (1 - 0.999**step)
    }  # fmt: skip
    yield "the root of the right one", {"square": np.sqrt(right["square"])}
