"""Mistakes in batch norm."""

import numpy as np

from nn_scratch.exercises.mistakes.mistake import register
from nn_scratch.exercises.mistakes.own_terms import EPS, centred

FOUND = []
mistake = register(FOUND)
later = register(FOUND, rank=1)


# ---------------------------------------------------------------- batch norm


@mistake(
    "batch_norm2d_backward",
    "not_normalized",
    "dw uses x as it is; y is w times the *normalized* x.",
    "What does w multiply in the forward pass?",
)
def not_normalized(case):
    dy, centred, _, _ = _parts(case)
    yield {"dw": (dy * case["x"]).sum(axis=(0, 2, 3))}
    yield {"dw": (dy * centred).sum(axis=(0, 2, 3))}


@mistake(
    "batch_norm2d batch_norm2d_backward",
    "unbiased_variance",
    "The variance is divided by count − 1; for normalizing it is divided by the count.",
    "Which of the two variances makes the mean square of the normalized x equal to 1?",
)
def unbiased_variance(case):
    _, centred, _, w = _parts(case)
    count = centred.size // centred.shape[1]
    if count == 1:
        yield {}
        return
    var = (centred**2).sum(axis=(0, 2, 3)) / (count - 1)
    if "y" in case.right:
        b = case["b"][:, None, None]
        yield {"y": w * centred / np.sqrt(var[:, None, None] + EPS) + b, "var": var}
        yield {"y": w * centred / np.sqrt(var[:, None, None] + EPS) + b}
    else:
        yield case.solve(statistics=(case["statistics"][0], var))


@mistake(
    "batch_norm2d",
    "epsilon",
    "y is divided by {key}; it must be √(var + 1e-5).",
    "What does the 1e-5 prevent where a channel is constant, and where must it stand?",
)
def epsilon(case):
    _, centred, sigma, w = _parts(case)
    root, b = np.sqrt(sigma**2 - EPS), case["b"][:, None, None]
    yield "√var, without 1e-5", {"y": w * centred / root + b}
    yield "√var + 1e-5", {"y": w * centred / (root + EPS) + b}


@later(
    "batch_norm2d",
    "other_normalization",
    "y is {key}.",
    "Which mean, which variance, and what of it stands below the line in the formula?",
)
def other_normalization(case):
    x, w, b = case["x"], case["w"][:, None, None], case["b"][:, None, None]
    everything = {"the batch's": (0, 2, 3), "those over the images only": (0,),
                  "those of each image": (2, 3), "those over channels, too": (0, 1, 2, 3),
                  "those of each sample over its channels and pixels": (1, 2, 3),
                  "those over the channels": (1,), "those over the rows": (2,),
                  "those over the columns": (3,), "those over images and rows": (0, 2),
                  "those over images and columns": (0, 3)}  # fmt: skip
    moments = {
        said: tuple(f(axis=axes, keepdims=True) for f in (x.mean, x.var))
        for said, axes in everything.items()
    }
    moments["the running ones"] = tuple(
        case[f"running_{m}"][:, None, None] for m in ("mean", "var")
    )
    moments["the new running ones"] = tuple(
        case.right[f"running_{m}"][:, None, None] for m in ("mean", "var")
    )
    count = x.size // x.shape[1]
    below = {"√(var + 1e-5)": lambda v: np.sqrt(v + EPS), "var + 1e-5": lambda v:
             v + EPS, "√var + 1e-5": lambda v: np.sqrt(v) + EPS, "1": lambda v: 1 + 0 * v,
             "√(var + 1e-5), with count − 1":
             lambda v: np.sqrt(v * count / max(count - 1, 1) + EPS),
             "√(var + 1e-8)": lambda v: np.sqrt(v + 1e-8),
             "√(var + 1e-3)": lambda v: np.sqrt(v + 1e-3), "√(var + 1e-4)": lambda v:
             np.sqrt(v + 1e-4), "√(var² + 1e-5)": lambda v: np.sqrt(v * v + EPS),
             "√(count·var + 1e-5)": lambda v: np.sqrt(count * v + EPS),
             "√(mean of x² + 1e-5)":
             lambda v: np.sqrt((x * x).mean((0, 2, 3), keepdims=True) + EPS)}  # fmt: skip
    for whose, (mean, var) in moments.items():
        for root, f in below.items():
            if (whose, root) != ("the batch's", "√(var + 1e-5)"):
                said = f"divided by {root}" if whose == "the batch's" else (
                    f"normalized with {whose}, divided by {root}")  # fmt: skip
                hat = (x - mean) / f(var)
                yield said, {"y": w * hat + b}
    mean, var = moments["the batch's"]
    sigma = np.sqrt(var + EPS)
    yield "without the mean taken off", {"y": w * x / sigma + b}
    yield "normalized, with w and b exchanged", {"y": b * (x - mean) / sigma + w}
    yield "w·(x̂ + b)", {"y": w * ((x - mean) / sigma + b)}
    yield "x̂ alone, without w and b", {"y": (x - mean) / sigma + 0 * b}
    yield "(1 + w)·x̂ + b", {"y": (1 + w) * (x - mean) / sigma + b}
    yield "(w·x − mean) / σ + b", {"y": (w * x - mean) / sigma + b}
    yield "x − mean / σ, without brackets, times w", {"y": w * (x - mean / sigma) + b}


@later(
    "batch_norm2d",
    "other_statistics",
    "{result} {is} {key}.",
    "What does the statement say of this one: biased or not, and a tenth of what?",
)
def other_statistics(case):
    x, right = case["x"], case.right
    count = x.size // x.shape[1]
    mean, var = right["mean"], right["var"]
    unbiased = var * count / max(count - 1, 1)
    old = {"mean": case["running_mean"], "var": case["running_var"]}
    yield "the standard deviation, not the variance", {"var": np.sqrt(var)}
    yield "the variance + 1e-5", {"var": var + EPS}
    yield "the root of the variance + 1e-5", {"var": np.sqrt(var + EPS)}
    yield "divided by count − 1; it must be divided by the count", {"var": unbiased}
    yield "the mean of x², without the mean taken off", {"var": (x * x).mean(axis=(0, 2, 3))}
    for axes in ((0,), (2, 3), (0, 1, 2, 3), (1, 2, 3), (0, 2), (0, 3), (1,)):
        over = f"taken over the axes {axes}; it must be (0, 2, 3)"
        for said, keep in ((over, False), ((over, "keepdims"), True)):
            yield said, {"mean": x.mean(axis=axes, keepdims=keep),
                         "var": x.var(axis=axes, keepdims=keep)}  # fmt: skip
    new = {"mean": {"the batch's": mean},
           "var": {"the biased variance": var, "the unbiased variance": unbiased,
                   "the standard deviation": np.sqrt(var),
                   "the root of the unbiased variance": np.sqrt(unbiased)}}  # fmt: skip
    for name, values in new.items():
        for of, value in values.items():
            for a, c in ((0.9, 0.1), (0.1, 0.9), (0, 1), (1, 0), (1, 0.1), (0.5, 0.5), (0.9, 1),
                         (0.99, 0.01), (0.1, 0.1), (0.9, 0.9)):  # fmt: skip
                if (a, c, of) not in (
                    (0.9, 0.1, "the batch's"),
                    (0.9, 0.1, "the unbiased variance"),
                ):
                    said = f"{a:g}·old + {c:g}·({of})"
                    yield said, {f"running_{name}": a * old[name] + c * value}
    yield (
        "0.9·old + 0.1·variance, with the factor (count − 1) / count",
        {"running_var": 0.9 * old["var"] + 0.1 * var * (count - 1) / count},
    )


@later(
    "batch_norm2d_backward",
    "other_scale",
    "dx is {key}.",
    "What multiplies x̂ on its way to y, and what was x divided by?",
)
def other_scale(case):
    dy, d, sigma, w = _parts(case)
    hats = {"x̂": d / sigma, "(x − mean)/(var + 1e-5)": d / sigma**2, "x − mean": d, "x": case["x"],
            "(x − mean)/√var": d / np.sqrt(sigma**2 - EPS)}  # fmt: skip
    scales = {"w/σ": w / sigma, "w": w, "1/σ": 1 / sigma, "w·σ": w * sigma, "w/σ²": w / sigma**2,
              "w²/σ": w * w / sigma, "1": 1 + 0 * w, "σ/w": sigma / w,
              "w/√var": w / np.sqrt(sigma**2 - EPS),
              "w/(√var + 1e-5)": w / (np.sqrt(sigma**2 - EPS) + EPS)}  # fmt: skip
    for axes in ((0,), (2, 3), (0, 1, 2, 3), (1, 2, 3), (0, 2), (0, 3), (1,)):
        hat = hats["x̂"]
        mean, along = (a.mean(axis=axes, keepdims=True) for a in (dy, dy * hat))
        yield (
            f"the right formula with means over the axes {axes}, not (0, 2, 3)",
            {"dx": w / sigma * (dy - mean - hat * along)},
        )
    count = dy[:, 0].size
    means = {"": count, ", with sums for means": 1, ", with means over the images only": len(dy),
             ", with means over the pixels only": dy[0, 0].size, ", divided by count − 1":
             max(count - 1, 1)}  # fmt: skip
    for factor, scale in scales.items():
        for hat_said, hat in hats.items():
            for said, n in means.items():
                if (factor, hat_said, said) != ("w/σ", "x̂", ""):
                    total, along = (
                        a.sum(axis=(0, 2, 3), keepdims=True) / n for a in (dy, dy * hat)
                    )
                    text = f"{factor} · (dy − mean(dy) − x̂·mean(dy·x̂)), x̂ being {hat_said}{said}"
                    text = text.replace(", x̂ being x̂", "")
                    yield text, {"dx": scale * (dy - total - hat * along)}


@later(
    "batch_norm2d_backward",
    "other_weight_gradient",
    "dw is {key}.",
    "What does w multiply in the forward pass?",
)
def other_weight_gradient(case):
    dy, d, sigma, w = _parts(case)
    hat = d / sigma
    for said, made in (
        ("Σ dy·(x − mean)/(var + 1e-5), without the root", dy * d / sigma**2),
        ("Σ dy·x/σ, without the mean taken off", dy * case["x"] / sigma),
        ("Σ dy·y, y being w·x̂", dy * w * hat),
        ("Σ dy", dy),
        ("Σ x̂, without dy", hat),
        ("Σ dy·x̂², with x̂ twice", dy * hat * hat),
        ("Σ dy·(x − mean)/√var, without the 1e-5", dy * d / np.sqrt(sigma**2 - EPS)),
        ("Σ dy·(x − mean)·σ", dy * d * sigma),
    ):
        yield said, {"dw": made.sum(axis=(0, 2, 3))}


def _parts(case):
    """dy, x − mean, σ and w, ready to broadcast."""
    return case["dy"], *centred(case["x"]), case["w"][:, None, None]
