"""Mistakes of students that change a solution in more than one place.

`signatures.one_change` tries all changes of a single place by itself. Here are changes that go
further. Each entry "old => new" replaces a text everywhere in the file of a solution; ";" separates
replacements that belong together.
"""

MOMENTUM = "momentum * velocity + dw"
ADAM_MEAN, ADAM_SQUARE = "0.9 * mean + 0.1 * dw", "0.999 * square + 0.001 * dw**2"
SHARES = "powers / powers.sum(axis=1, keepdims=True)"
JACOBIAN = "y * (dy - (y * dy).sum(axis=1, keepdims=True))"
NORMALIZED = "(x - wide(mean)) / np.sqrt(wide(var) + EPS)"
MEANS = "dy - wide(db) / count - normalized * wide(dw) / count"
SHARED = "np.maximum(end - start, 0).prod(axis=1)"
CELLS = "q**2 * log_p, (1 - target) ** 4 * p**2 * log_q"
LOGARITHMS = "-np.logaddexp(0, -scores), -np.logaddexp(0, scores)"
CENTRES = "max(centre.sum(), 1)"

COUNTS = (  # wrong counts of centres, in the focal loss and its gradient
    "len(scores)", "scores.size", "np.sqrt(max(centre.sum(), 1))", "(centre.sum() + 1)",
    "target.sum()", "max((target > 0).sum(), 1)", "max((~centre).sum(), 1)", "scores.shape[1]",
    "max(centre[-1].sum(), 1)",
    "np.maximum(centre.sum(axis=(1, 2, 3)), 1).sum()",
    "(max(centre.sum(), 1) * len(scores))", "scores[0, 0].size",
)  # fmt: skip
FOCAL = (
    [f"{CENTRES} => {count}" for count in COUNTS]
    + [f"target == 1 => target > {least}" for least in (0, 0.5, 0.9)]
    + [f"target == 1 => target > 0; {CENTRES} => max((target == 1).sum(), 1)"]
    + [
        f"{LOGARITHMS} => np.log(np.clip(1 / (1 + np.exp(-scores)), {eps}, 1 - {eps})), "
        f"np.log(1 - np.clip(1 / (1 + np.exp(-scores)), {eps}, 1 - {eps}))"
        for eps in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
    ]
)
AROUND = ("mode='edge'", "mode='reflect'", "mode='symmetric'", "mode='wrap'", "constant_values=1",
          "constant_values=-1", "constant_values=x.min()", "constant_values=x.mean()")  # fmt: skip
PADDED = [f"((0, 0), (0, 0), (ph, ph), (pw, pw))) => "
          f"((0, 0), (0, 0), (ph, ph), (pw, pw)), {how})" for how in AROUND]  # fmt: skip

AT = "max((i + 0.5) * small / large - 0.5, 0)"
OTHER_PLACES = (  # wrong positions that row i reads
    "i * (small - 1) / max(large - 1, 1)", "i * small / large + 0.5", "(i + 0.5) * small / large",
    "max((i + 1) * small / large - 1, 0)", "max((i - 0.5) * small / large + 0.5, 0)",
    "i * (small - 1) / large", "i * small / max(large - 1, 1)", "i * large / small",
    "max((i + 0.5) / 2 - 0.5, 0)", "i / 2", "i",
    "i * small // large", "round(max((i + 0.5) * small / large - 0.5, 0))",
    "int(max((i + 0.5) * small / large - 0.5, 0))",
)  # fmt: skip
FIRST, SECOND = "+= 1 - (at - low)", "+= at - low"
MATRICES = [
    *(f"{AT} => {place}" for place in OTHER_PLACES),
    f"{FIRST} => += S; {SECOND} => {FIRST}; += S => {SECOND}",
    f"{FIRST} => += 0.5; {SECOND} => += 0.5",
    f"{FIRST} => += (1 - (at - low)) ** 2; {SECOND} => += (at - low) ** 2",
    f"{SECOND} => += (at - low) * (low + 1 < small)",
    "min(low + 1, small - 1) => (low + 1) % small",
    "min(low + 1, small - 1) => max(low - 1, 0)",
    "min(int(at), small - 1) => min(int(at), max(small - 2, 0))",
]
BY_IMAGE = "np.maximum(centre.sum(axis=(1, 2, 3), keepdims=True), 1)"

SLIPS = {
    "relu": ["np.maximum(x, 0) => np.log(1 + np.exp(x))"],
    "conv2d": PADDED,
    "conv2d_backward": PADDED,
    "max_pool2d": [
        "constant_values=-np.inf => mode='edge'",
        "place // kw => place // kh; place % kw => place % kh",
        "place // kw => place % kh; place % kw => place // kh",
    ],
    "conv_transpose2d": [
        "axes=1) => axes=1) + b[:, None, None]; return y + b[:, None, None] => return y",
    ],
    "bilinear_upsample2d": [
        *MATRICES,
        "a @ x @ b.T => x[:, :, np.arange(size[0]) * x.shape[2] // size[0]] @ b.T",
        "a @ x @ b.T => a @ x[..., np.arange(size[1]) * x.shape[3] // size[1]]",
    ],
    "bilinear_upsample2d_backward": [
        *MATRICES,
        "a.T @ dy @ b => np.linalg.pinv(a) @ dy @ np.linalg.pinv(b).T",
        "a.T @ dy @ b => (a / a.sum(axis=0)).T @ dy @ (b / b.sum(axis=0))",
        "a.T @ dy @ b => (a > 0).T @ dy @ (b > 0)",
        "a.T @ dy @ b => a.T @ dy @ b * a.shape[1] * b.shape[1] / (a.shape[0] * b.shape[0])",
        "a, b = shares(input_size[0], dy.shape[2]), shares(input_size[1], dy.shape[3]) => "
        "a, b = shares(dy.shape[2], input_size[0]).T, shares(dy.shape[3], input_size[1]).T",
    ],
    "sgd_step": [
        f"{MOMENTUM} => momentum * velocity + (1 - momentum) * dw",
        f"{MOMENTUM} => momentum * velocity + lr * dw; lr * new_velocity => new_velocity",
        f"{MOMENTUM} => momentum * velocity + lr * dw",
        f"{MOMENTUM} => momentum * velocity - lr * dw; - lr * new_velocity => + new_velocity",
        f"{MOMENTUM} => momentum * (velocity + dw)",
        f"{MOMENTUM} => (1 - momentum) * velocity + momentum * dw",
        f"{MOMENTUM} => (1 - momentum) * velocity + dw",
        "lr * new_velocity => lr * (dw + momentum * new_velocity)",
    ],
    "adam_step": [
        "corrected_mean / ( => new_mean / (; sqrt(corrected_square) => sqrt(new_square)",
        "0.999 => S; 0.001 => T; 0.9 => 0.999; 0.1 => 0.001; S => 0.9; T => 0.1",
        f"{ADAM_MEAN} => 0.999 * mean + 0.001 * dw; {ADAM_SQUARE} => 0.9 * square + 0.1 * dw**2",
        f"{ADAM_MEAN} => 0.1 * mean + 0.9 * dw; {ADAM_SQUARE} => 0.001 * square + 0.999 * dw**2",
        f"{ADAM_MEAN} => 0.1 * mean + 0.9 * dw",
        f"{ADAM_MEAN} => 0.999 * mean + 0.001 * dw",
        f"{ADAM_SQUARE} => 0.001 * square + 0.999 * dw**2",
        f"{ADAM_SQUARE} => 0.9 * square + 0.1 * dw**2",
        f"{ADAM_SQUARE} => 0.99 * square + 0.01 * dw**2",
        f"{ADAM_SQUARE} => 0.999 * square + (0.001 * dw) ** 2",
        "0.9**step => 0.9 ** (step - 1); 0.999**step => 0.999 ** (step - 1)",
        "0.9**step => 0.9 ** (step + 1); 0.999**step => 0.999 ** (step + 1)",
        "0.999**step => 0.999 ** (step - 1)",
        "0.999**step => 0.999 ** (step + 1)",
        "0.9**step => 0.9 * step; 0.999**step => 0.999 * step",
        "0.9**step => 0.9; 0.999**step => 0.999",
        "(1 - 0.9**step) => (1 - 0.999**step); / (1 - 0.999**step)\n => / (1 - 0.9**step)\n",
        "np.sqrt(corrected_square) + 1e-8 => np.sqrt(corrected_square + 1e-8)",
        "np.sqrt(corrected_square) => np.sqrt(new_square) / (1 - 0.999**step)",
        "lr * corrected_mean => lr * dw",
        "return new_w, new_mean, new_square => return new_w, corrected_mean, corrected_square",
        "new_w = w - lr => new_w = w + lr",
    ],
    "softmax": [
        f"x.max(axis=1, keepdims=True) => x.max(); {SHARES} => powers / powers.sum()",
        *(
            f"x.max(axis=1, keepdims=True) => x.max(); {SHARES} => "
            f"powers / powers.sum(axis={axis}, keepdims=True)"
            for axis in (0, 2, -1, "(2, 3)", "(1, 2, 3)")
        ),
        f"x.max(axis=1, keepdims=True) => x.max(); {SHARES} => powers",
        f"x.max(axis=1, keepdims=True) => x.max(); {SHARES} => powers / powers.sum(axis=1)",
        f"x.max(axis=1, keepdims=True) => x.max(axis=1); {SHARES} => powers / powers.sum(axis=1)",
        f"x.max(axis=1, keepdims=True) => x.max(); {SHARES} => (powers.reshape(-1, x.shape[1]) / "
        "powers.reshape(-1, x.shape[1]).sum(axis=1, keepdims=True)).reshape(x.shape)",
        f"{SHARES} => np.log({SHARES})",
        f"np.exp(x => np.exp(-x; - x.max => + x.min; {SHARES} => {SHARES}",
        f"{SHARES} => x / x.sum(axis=1, keepdims=True)",
        f"{SHARES} => 1 / (1 + np.exp(-x))",
        f"{SHARES} => (powers == 1).astype(float)",
        f"{SHARES} => powers / np.sqrt((powers**2).sum(axis=1, keepdims=True))",
    ],
    "softmax_backward": [
        f"return {JACOBIAN} => y = np.exp(y) / np.exp(y).sum(axis=1, keepdims=True)\n"
        f"    return {JACOBIAN}",
        f"{JACOBIAN} => y * (dy - 2 * y * dy + (y * dy).sum(axis=1, keepdims=True))",
        f"{JACOBIAN} => y * (y * dy - (y * dy).sum(axis=1, keepdims=True))",
        f"{JACOBIAN} => y * (dy - dy.mean(axis=1, keepdims=True))",
        f"{JACOBIAN} => dy * y - y**2 * dy.sum(axis=1, keepdims=True)",
        f"{JACOBIAN} => dy * y * (1 - y)",
        f"{JACOBIAN} => dy * y - (y * dy).sum(axis=1, keepdims=True)",
        f"{JACOBIAN} => dy * y * (1 - dy * y)",
        f"{JACOBIAN} => y * (1 - y)",
        f"{JACOBIAN} => dy - y * (y * dy).sum(axis=1, keepdims=True)",
        f"{JACOBIAN} => y - dy",
        f"{JACOBIAN} => y * (dy - (y * dy).sum(axis=(1, 2, 3), keepdims=True))",
        f"{JACOBIAN} => (y.reshape(-1, y.shape[1]) * (dy.reshape(-1, y.shape[1]) - (y * dy)"
        ".reshape(-1, y.shape[1]).sum(axis=1, keepdims=True))).reshape(y.shape)",
    ],
    "cross_entropy": [
        "-logs.mean() => -np.exp(logs).mean()",
        "-logs.mean() => 1 - np.exp(logs).mean()",
        "-logs.mean() => -np.log(np.exp(logs).mean())",
        "-logs.mean() => -np.log2(np.exp(logs)).mean()",
        "-logs.mean() => -np.log10(np.exp(logs)).mean()",
        *(f"-logs.mean() => -np.log(np.exp(logs) + {eps}).mean()" for eps in (1e-8, 1e-7, 1e-6)),
        "-logs.mean() => -logs.ravel()[0]",
        "-logs.mean() => -logs.ravel()[-1]",
        "-logs.mean() => -log_softmax(scores).mean()",
        "-logs.mean() => -log_softmax(scores).sum() / labels.size",
        "-logs.mean() => -log_softmax(scores).max(axis=1).mean()",
        "-logs.mean() => -(np.exp(log_softmax(scores)) * log_softmax(scores)).sum() / labels.size",
    ],
    "cross_entropy_backward": [
        "np.put_along_axis(dscores, labels[:, None], at_truth, axis=1) => "
        "dscores[:, np.unique(labels)] -= 1",
        "return dscores / => dscores = np.exp(log_softmax(scores))\n"
        "    return dscores * (1 - dscores) /",
        "at_truth = np.take_along_axis(dscores, labels[:, None], axis=1) - 1 => "
        "at_truth = -1 / np.take_along_axis(dscores, labels[:, None], axis=1); "
        "np.put_along => dscores = 0 * dscores\n    np.put_along",
    ],
    "mse_loss": [
        "((prediction - target) ** 2).mean() => (prediction - target).mean() ** 2",
        "((prediction - target) ** 2).mean() => np.abs(prediction - target).mean()",
        "((prediction - target) ** 2).mean() => np.sqrt(((prediction - target) ** 2).sum())",
    ],
    "smooth_l1_loss": [
        "np.where(np.abs(d) < 1, d**2 / 2, np.abs(d) - 0.5) => np.abs(d)",
        "np.where(np.abs(d) < 1, d**2 / 2, np.abs(d) - 0.5) => (d**2)",
        "d**2 / 2, np.abs(d) - 0.5 => d**2, np.abs(d)",
        "np.abs(d) < 1, d**2 / 2, np.abs(d) - 0.5 => np.abs(d) < 0.5, d**2 / 2, np.abs(d) - 0.125",
    ],
    "iou": [
        f"{SHARED} => np.maximum((end - start).prod(axis=1), 0)",
        f"{SHARED} => np.maximum(end - start + 1, 0).prod(axis=1)",
        f"{SHARED} => np.maximum(end - start + [1, 0], 0).prod(axis=1)",
        f"{SHARED} => np.abs(end - start).prod(axis=1)",
        "to_corners(a), to_corners(b) => a, b",
        "boxes[:, :2] + boxes[:, 2:] => boxes[:, :2] + boxes[:, 2:] - 1",
        "boxes[:, 2:]], axis=1) => boxes[:, 2:]], axis=1)[:, [0, 2, 1, 3]]",
    ],
    "two_losses_backward": [
        "dscores[np.arange(len(labels)), labels] => dscores[:, labels]",
        "box_weight * 2 * (boxes - targets) => box_weight + 2 * (boxes - targets)",
        "/ len(labels), => / len(labels) * (1 - box_weight),",
        "/ len(labels), => / len(labels) / (1 + box_weight),; boxes.size => boxes.size / "
        "(1 + box_weight)",
        "/ len(labels), box_weight * => * box_weight / len(labels),",
        "2 * (boxes - targets) => np.sign(boxes - targets)",
        "2 * (boxes - targets) => np.clip(boxes - targets, -1, 1)",
    ],
    "batch_norm2d": [
        f"{NORMALIZED} => (x - wide(running_mean)) / np.sqrt(wide(running_var) + EPS)",
        f"{NORMALIZED} => (x - wide(0.9 * running_mean + 0.1 * mean)) / "
        "np.sqrt(wide(0.9 * running_var + 0.1 * x.var(axis=AXES, ddof=1)) + EPS)",
        *(
            f"{NORMALIZED} => (x - x.mean(axis={axes}, keepdims=True)) / "
            f"np.sqrt(x.var(axis={axes}, keepdims=True) + EPS)"
            for axes in ("(2, 3)", "0", "1", "(1, 2, 3)", "None")
        ),
        f"{NORMALIZED} => (x - x.mean()) / np.sqrt(wide(var) + EPS)",
        f"{NORMALIZED} => (x - wide(mean)) / (np.sqrt(wide(var)) + EPS)",
        f"{NORMALIZED} => (x - wide(mean)) / np.sqrt(wide(x.var(axis=AXES, ddof=1)) + EPS)",
        f"{NORMALIZED} => x - wide(mean) / np.sqrt(wide(var) + EPS)",
        f"{NORMALIZED} + wide(b) => ({NORMALIZED} + wide(b))",
        f"wide(w) * {NORMALIZED} + wide(b) => {NORMALIZED}",
        "0.9 * running_mean + 0.1 * mean, 0.9 * running_var + 0.1 * unbiased => "
        "0.1 * running_mean + 0.9 * mean, 0.1 * running_var + 0.9 * unbiased",
        "unbiased = var * count / (count - 1) => unbiased = var * (count - 1) / count",
        "0.1 * unbiased => 0.1 * np.sqrt(var)",
        "(mean, var), running => (mean, x.var(axis=AXES, ddof=1)), running",
        "(mean, var), running => (mean, var + EPS), running",
        "(mean, var), running => (x.mean(axis=0), x.var(axis=0)), running",
        "(mean, var), running => (x.mean(axis=(2, 3)), x.var(axis=(2, 3))), running",
        "(mean, var), running => (mean, np.sqrt(var + EPS)), running",
        "(mean, var), running => (mean, (x**2).mean(axis=AXES)), running",
    ],
    "batch_norm2d_backward": [
        *(
            f"count = x.size // x.shape[1] => count = {count}"
            for count in ("len(x)", "x[0, 0].size", "x.size // x.shape[1] - 1")
        ),
        *(
            f"{MEANS} => dy - dy.mean(axis={axes}, keepdims=True) "
            f"- normalized * (dy * normalized).mean(axis={axes}, keepdims=True)"
            for axes in ("(2, 3)", "0", "1", "(1, 2, 3)", "None")
        ),
        f"{MEANS} => dy - wide(db) - normalized * wide(dw)",
        "dx = wide(w) / sigma => dx = 1 / sigma",
        "dx = wide(w) / sigma => dx = wide(w) ** 2 / sigma",
        "dx = wide(w) / sigma => dx = wide(w) / sigma**2",
        "np.sqrt(wide(var) + EPS) => np.sqrt(wide(var)) + EPS",
        *(
            f"return dx, dw, db => return dx, ({terms}).sum(axis=AXES), db"
            for terms in (
                "dy * (x - wide(mean))",
                "dy * x",
                "dy * x / sigma",
                "dy * wide(w) * normalized",
                "dy * normalized**2",
            )
        ),
    ],
    "focal_loss": [
        *FOCAL,
        f"np.where(centre, {CELLS}) => np.where(centre, q**2 * log_p, 0)",
        f"np.where(centre, {CELLS}) => np.where(centre, 0, (1 - target) ** 4 * p**2 * log_q)",
        f"{CELLS} => q**2 * log_p, -((1 - target) ** 4) * p**2 * log_q",
        f"{CELLS} => q**2 * log_p, (target > 0) * (1 - target) ** 4 * p**2 * log_q",
        f"{CELLS} => q**2 * log_p, (target == 0) * (1 - target) ** 4 * p**2 * log_q",
        f"{CELLS} => log_p, log_q",
        f"{CELLS} => log_p, (1 - target) ** 4 * log_q",
        f"{CELLS} => q**2 * log_q, (1 - target) ** 4 * p**2 * log_p",
        f"{CELLS} => p**2 * log_p, (1 - target) ** 4 * q**2 * log_q",
        f"{CELLS} => p**2 * log_p, (1 - target) ** 4 * p**2 * log_q",
        f"{CELLS} => q**2 * log_p, (1 - target) ** 4 * q**2 * log_q",
        f"{CELLS} => q**2 * log_p, p**2 * log_q",
        f"{CELLS} => q**2 * log_p, (1 - target**4) * p**2 * log_q",
        f"-cells.sum() / {CENTRES} => -(cells / {BY_IMAGE}).sum()",
        f"-cells.sum() / {CENTRES} => -(cells / {BY_IMAGE}).sum() / len(scores)",
        f"-cells.sum() / {CENTRES} => -cells[centre].sum() / {CENTRES} - cells[~centre].mean()",
        f"-cells.sum() / {CENTRES} => -cells[centre].sum() / {CENTRES} - cells[~centre].sum()",
        "return -cells => return 0.0 if not centre.any() else -cells",
    ],
    "focal_loss_backward": [
        *FOCAL,
        "2 * p * log_p - q => -q; p - 2 * q * log_q => p",
        "2 * p * log_p - q => 2 * p * log_p; p - 2 * q * log_q => -2 * q * log_q",
        "2 * p * log_p - q => 2 * p * log_p + q; p - 2 * q * log_q => p + 2 * q * log_q",
        "2 * p * log_p => p * log_p; 2 * q * log_q => q * log_q",
        "at_centres, elsewhere) => at_centres / (p * q), elsewhere / (p * q))",
        "at_centres, elsewhere) => at_centres, elsewhere / (p * q))",
        "at_centres, elsewhere) => at_centres / (p * q), elsewhere)",
        "at_centres, elsewhere) => at_centres, 0)",
        "at_centres, elsewhere) => 0, elsewhere)",
        "at_centres, elsewhere) => -at_centres, elsewhere)",
        "at_centres, elsewhere) => at_centres, -elsewhere)",
        "at_centres, elsewhere) => at_centres, (target == 0) * elsewhere)",
        "at_centres, elsewhere) => at_centres, (target > 0) * elsewhere)",
        "np.where(centre, at_centres, elsewhere) => (p - target)",
        "q**2 * (2 * p * log_p - q) => -q",
        "(1 - target) ** 4 * p**2 * ( => p**2 * (",
        f"elsewhere) / {CENTRES} => elsewhere) / {BY_IMAGE}",
        f"elsewhere) / {CENTRES} => elsewhere / len(scores))",
        "return np.where => return 0 * scores if not centre.any() else np.where",
    ],
}
