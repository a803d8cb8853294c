"""Describe in words where an array is wrong, which often shows what the student has missed."""

import numpy as np

from nn_scratch import naive

BY_VALUE = "relu", "mse_loss", "smooth_l1_loss"  # errors of these depend on values, not on places
LARGEST = 0.6  # the largest share of an array for a region; larger ones hold errors by chance
AXES = {
    "images": ("image", "channel", "row", "column"),
    "weights": ("output channel", "input channel", "kernel row", "kernel column"),
    "table": ("sample", "entry"),
    "list": ("entry",),
}


def where(wrong, name, trial):
    """A phrase for the True elements of `wrong`, in the result `name` of a trial: the smallest
    region with a name that holds all of them."""
    if wrong.all():
        return "everywhere"
    found = [
        (mask.sum(), phrase)
        for phrase, mask in _regions(wrong, name, trial)
        if not (wrong & ~mask).any() and mask.mean() <= (1 if "tie" in phrase else LARGEST)
    ]
    count = f"in {wrong.sum()} of {wrong.size} places"
    return f"{count}, only {min(found)[1]}" if found else count


def _regions(wrong, name, trial):
    """Pairs (phrase, mask) for the regions of an array."""
    if trial.op in BY_VALUE:
        return
    axes = _axes(wrong, name)
    for axis, word in enumerate(axes):
        length = wrong.shape[axis]
        index = np.arange(length).reshape([-1 if a == axis else 1 for a in range(wrong.ndim)])
        for k in range(length) if length > 1 else ():
            yield f"in {word} {k}{_place(k, length)}", np.broadcast_to(index == k, wrong.shape)
        if length > 2:
            yield f"after {word} 0", np.broadcast_to(index > 0, wrong.shape)
            for first in (0, 1):
                phrase = f"in every second {word}, from {first} on"
                yield phrase, np.broadcast_to(index % 2 == first, wrong.shape)
    if wrong.ndim == 4 and min(wrong.shape[2:]) > 2:
        inside = np.zeros(wrong.shape, bool)
        inside[..., 1:-1, 1:-1] = True
        yield "in the border, the outermost rows and columns", ~inside
        yield "inside, not in the border", inside
        last = np.zeros(wrong.shape, bool)
        last[..., -1, :] = last[..., -1] = True
        yield "in the last row and the last column", last
    yield from _of_windows(wrong, name, trial)


def _of_windows(wrong, name, trial):
    """Pairs (phrase, mask) for regions that depend on the windows of a convolution or a pool."""
    v, options = trial.values, trial.options
    if name == "dx" and trial.op == "conv2d" and options.get("groups", 1) == 1:
        ones = np.ones((1, 1, *v["w"].shape[2:]))
        dy, image = (np.ones((1, 1, *v[n].shape[2:])) for n in ("dy", "x"))
        count = naive.conv2d_backward(dy, image, ones, **options)[0]
        yield "where windows overlap", np.broadcast_to(count > 1, wrong.shape)
        yield "where no window reaches", np.broadcast_to(count == 0, wrong.shape)
    if name in ("y", "switches") and "kernel_size" in v:
        x, kernel = v["x"], v["kernel_size"]
        largest = [
            naive.max_pool2d(x[..., ::-1, ::-1], kernel, **options)[1][..., ::-1, ::-1],
            naive.max_pool2d(x, kernel, **options)[1],
        ]
        if largest[0].shape == wrong.shape and not np.any(options["padding"]):
            tied = x[0, 0].size - 1 - largest[0] != largest[1]
            yield "at ties, where two values of a window are the largest", tied


def _axes(wrong, name):
    """The words for the axes of an array."""
    if wrong.ndim == 4:
        return AXES["weights" if name == "dw" else "images"]
    return AXES["table"] if wrong.ndim == 2 else AXES["list"][: wrong.ndim]


def _place(index, length):
    if index == 0:
        return " (the first)"
    return " (the last)" if index == length - 1 else ""
