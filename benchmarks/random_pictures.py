"""Random calls of the pictures of images, label maps, boxes and arrays in nn_scratch.plotting.

    python benchmarks/random_pictures.py                  2,000 calls, some minutes
    python benchmarks/random_pictures.py --calls 90 --seed 3

Each call has legal arguments, of which one may be spoiled. It must give a figure that can be
drawn, or a ValueError or TypeError with the name of an argument in it; no input may change. Exits
with 1 if there are faults.
"""

import argparse
import inspect
import sys
import warnings
from collections import Counter

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from nn_scratch import plotting

NAMES = ["background", "cat", "a $dog"]
STRANGE = None, "text", -1, 0, 2.5, [], {}, [[1], [1, 2]], np.zeros(0), np.array(["a"]), object()


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    counts, faults = try_calls(options.calls, options.seed, draw=True)
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def try_calls(calls, seed, draw=False):
    """How many calls made a figure and were refused, and the faults found, as text."""
    counts, faults = Counter(), []
    for number in range(calls):
        rng = np.random.default_rng([seed, number])
        name = list(MAKERS)[number % len(MAKERS)]
        given = MAKERS[name](rng)
        if rng.random() < 0.6:
            what = str(rng.choice(list(given)))
            given[what] = spoiled(rng, given[what])
        outcome, fault = try_call(getattr(plotting, name), given, draw)
        counts[outcome] += 1
        if fault:
            faults.append(f"call {number}: {name}({given}): {fault}")
    return counts, faults


def try_call(function, given, draw):
    """("drawn" or "refused", what is wrong with that or None)."""
    before = {what: v.copy() for what, v in given.items() if isinstance(v, np.ndarray)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            figure = function(**given)
            if draw:
                figure.set_dpi(30)
                FigureCanvasAgg(figure).draw()
        except (ValueError, TypeError) as error:
            named = any(word in str(error) for word in inspect.signature(function).parameters)
            return "refused", None if named else f"{type(error).__name__} names nothing: {error}"
        except Exception as error:
            return "refused", f"{type(error).__name__}: {error}"
    for what, copy in before.items():
        if not np.array_equal(given[what], copy, equal_nan=copy.dtype.kind == "f"):
            return "drawn", f"{what} was changed"
    return "drawn", None


def spoiled(rng, value):
    """Something strange, or an array of another dtype, shape or content."""
    if not isinstance(value, np.ndarray) or rng.random() < 0.4:
        return STRANGE[rng.integers(len(STRANGE))]
    if rng.random() < 0.3:
        kinds = "f2", "f4", ">f8", "i1", "u8", "?", "c8", "O", "U3"
        return value.astype(kinds[rng.integers(len(kinds))])
    if value.dtype.kind == "f" and rng.random() < 0.4:
        return np.where(rng.random(value.shape) < 0.3, rng.choice([np.nan, np.inf, 9e99]), value)
    if value.dtype.kind == "i" and rng.random() < 0.4:
        return value + int(rng.choice([-3, 2, 255]))
    return [value[:0], value[..., :-1], value[None], value[0]][rng.integers(4)]


def pixels(rng):
    return rng.integers(1, 9, 2)


def photograph(rng, *batch):
    return rng.random((*batch, rng.choice([1, 3]), *pixels(rng)))


def labels(rng, images):
    found = rng.integers(0, len(NAMES), (*images.shape[:-3], *images.shape[-2:]))
    found[..., 0, 0] = 1  # at least one object
    return found


def labelled(rng):
    image = photograph(rng)
    return {"image": image, "labels": labels(rng, image), "class_names": NAMES}


def segmented(rng):
    images = photograph(rng, rng.integers(1, 6))
    maps = {what: labels(rng, images) for what in ("truths", "predictions")}
    return {"images": images, **maps, "class_names": NAMES}


def outlined(rng):
    image = photograph(rng)
    predictions = {f"net {i}": labels(rng, image) for i in range(rng.integers(1, 4))}
    truth = labels(rng, image)
    return {"image": image, "truth": truth, "predictions": predictions, "class_names": NAMES}


def boxed(rng):
    return {"image": photograph(rng), "box": 9 * rng.random(4), "name": "a $cat"}


def several_boxed(rng):
    images = photograph(rng, rng.integers(1, 8))
    true, found = 9 * rng.random((2, len(images), 4))
    names = ["cat"] * len(images)
    more = {"true_names": names, "names": names} if rng.integers(2) else {}
    return {"images": images, "true_boxes": true, "boxes": found, **more}


def pictures(rng):
    image = photograph(rng)
    shown = {"photograph": image, "labels": labels(rng, image), "values": rng.random(pixels(rng))}
    spoilt = spoiled(rng, image) if rng.random() < 0.2 else image
    options = {"columns": int(rng.integers(1, 5)), "size": 1.5, "class_names": NAMES}
    return {"images": {**shown, "more": spoilt}, **options}


def cells(rng):
    array = rng.standard_normal(pixels(rng)).round(1)
    other = spoiled(rng, array) if rng.random() < 0.2 else array
    return {
        "arrays": {"one": array, "other": other},
        "columns": int(rng.integers(1, 4)),
        "cell": 0.4,
        "marks": {"one": (0, 0, 1, 1)},
        "scale": [None, 2.0][rng.integers(2)],
        "shared": bool(rng.integers(2)),
    }


MAKERS = {
    "plot_arrays": cells,
    "plot_box": boxed,
    "plot_boxes": several_boxed,
    "plot_four_tasks": labelled,
    "plot_images": pictures,
    "plot_outlines": outlined,
    "plot_overlay": labelled,
    "plot_segmentation": segmented,
}

if __name__ == "__main__":
    sys.exit(main())
