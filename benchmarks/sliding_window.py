"""What does a sliding window waste?

    python benchmarks/sliding_window.py

One patch classifier labels every pixel of images of digit-scene size in two ways: patch by patch,
and made fully convolutional. Counts multiplications (MACs), takes seconds, compares the scores, and
writes a table and sliding_window.json (--json).
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np

from machine import machine
from nn_scratch.graph.cost import cost
from nn_scratch.nets import FullyConvolutional, PatchClassifier, SlidingWindow

CLASSIFIERS = {"no pool": (), "one pool": (0,)}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=40, help="height and width of the images")
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args(arguments)
    images = np.random.default_rng(0).random(
        (options.images, 1, options.size, options.size), np.float32
    )
    rows = [row for name in CLASSIFIERS for row in compare(name, images, options.rounds)]
    report = {"machine": machine(), "images": images.shape, "rows": rows}
    options.json.write_text(json.dumps(report, indent=1) + "\n")
    print(table(report))


def compare(name, images, rounds):
    """One row for each way: MACs and seconds for an image, and how far the scores differ."""
    classifier = PatchClassifier(1, 11, pools=CLASSIFIERS[name], rng=0)
    slide, at_once = SlidingWindow(classifier), FullyConvolutional(classifier)
    patch = np.zeros((1, 1, classifier.patch, classifier.patch), np.float32)
    macs = {
        "sliding window": images[0, 0].size * cost(classifier, patch)[-1].macs,
        "fully convolutional": cost(at_once.net, at_once.pad(images[:1]))[-1].macs,
    }
    seconds = {"sliding window": [], "fully convolutional": []}
    for _ in range(rounds):
        scores = []
        for way, segment in ("sliding window", slide), ("fully convolutional", at_once):
            start = time.perf_counter()
            scores.append(segment(images))
            seconds[way].append((time.perf_counter() - start) / len(images))
    difference = float(np.abs(scores[0] - scores[1]).max() / np.abs(scores[0]).max())
    return [
        {
            "classifier": name,
            "way": way,
            "macs": macs[way],
            "seconds": statistics.median(seconds[way]),
            "difference": difference,
        }
        for way in macs
    ]


def table(report):
    lines = [", ".join(f"{what} {value}" for what, value in report["machine"].items())]
    lines.append(f"{'':<12}{'':<22}{'MACs':>12}{'ms':>10}   for an image")
    for row in report["rows"]:
        lines.append(
            f"{row['classifier']:<12}{row['way']:<22}{row['macs'] / 1e6:>10.1f} M"
            f"{1e3 * row['seconds']:>10.2f}"
        )
    for slid, at_once in zip(report["rows"][::2], report["rows"][1::2], strict=True):
        twice = 1 - at_once["macs"] / slid["macs"]
        lines.append(
            f"{slid['classifier']}: {twice:.1%} of the sliding window's MACs were done before; "
            f"{slid['seconds'] / at_once['seconds']:.0f} times the seconds; scores differ by "
            f"{slid['difference']:.0e} of the largest"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
