"""What detectors reach on test scenes and on a photograph, trained as RESULTS.md says.

    python benchmarks/detection.py RUNS        the runs that `nn-scratch compare` left in RUNS
    python benchmarks/detection.py --coins     trains on the upper rows of coins first

Each run's last epoch is measured on 500 test scenes, of digits that were neither trained nor
validated on: average precision, and how many boxes a picture would show. Writes
benchmarks/results/detection_test.json and coins.json.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np

from machine import machine
from nn_scratch.data import CoinDetection, DigitDetection, Loader
from nn_scratch.evaluation import Objects, match
from nn_scratch.training import Detection, evaluate
from nn_scratch.training.inference import load_net
from nn_scratch.training.recipes import detection
from nn_scratch.training.tasks.detection import detections, legible

RESULTS = Path(__file__).parent / "results"
TEST_SCENES = 500
COINS = {"data": "coins", "scenes": 200, "epochs": 6, "seed": 0}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="?", type=Path, help="folder of nn-scratch compare")
    parser.add_argument("--coins", action="store_true", help="train on coins")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder (default %(default)s)")
    options = parser.parse_args(arguments)
    options.out.mkdir(exist_ok=True)
    if options.runs:
        rows = [on_test_scenes(path) for path in sorted(options.runs.glob("*/checkpoint.npz"))]
        write(options.out / "detection_test.json", {"scenes": TEST_SCENES, "rows": rows})
    if options.coins:
        write(options.out / "coins.json", on_coins())


def on_test_scenes(path, count=TEST_SCENES):
    """The metrics of a checkpoint's net on test scenes."""
    trained = load_net(path)
    scenes = Loader(DigitDetection("test", count), 50)
    begin = time.perf_counter()
    metrics = evaluate(trained.net, Detection(DigitDetection.classes), scenes)
    seconds = time.perf_counter() - begin
    said = {"net": trained.settings.net, "seed": trained.settings.seed}
    return {**said, **{n: metrics[n] for n in Detection.compared}, "seconds": seconds}


def on_coins(settings=COINS):
    """Train on the upper rows; what is found in the lowest, as a picture would show it."""
    one, begin, processor = detection(**settings), time.perf_counter(), time.process_time()
    one.run(progress=False)
    seconds, processor = time.perf_counter() - begin, time.process_time() - processor
    image, *truth = CoinDetection("test").sample(0, 0)
    (found,) = detections(one.net.eval(), image[None])
    made = match(legible(found), Objects(*truth), 0, iou_thresholds=np.array([0.5]))
    return {
        **{name: settings[name] for name in ("scenes", "epochs", "seed")},
        "coins": made.objects,
        "found": int(made.right.sum()),
        "false": int((~made.right).sum()),
        "seconds": seconds,
        "processor_seconds": processor,
    }


def write(path, report):
    path.write_text(json.dumps({"machine": machine(), **report}, indent=1) + "\n")
    print(coins_line(report) if "coins" in report else table(report))


def table(report):
    """The runs on test scenes, as a Markdown table."""
    lines = ["| | seed | AP50 | AP | AP75 |", "|---|---:|---:|---:|---:|"]
    for row in report["rows"]:
        scores = " | ".join(f"{row[name]:.3f}" for name in ("ap50", "ap", "ap75"))
        lines.append(f"| {row['net']} | {row['seed']} | {scores} |")
    return "\n".join(lines)


def over_seeds(report, name):
    """A metric of the first net's runs as README.md shows it: each, and mean ± spread."""
    net = report["rows"][0]["net"]
    values = [row[name] for row in report["rows"] if row["net"] == net]
    each = ", ".join(f"{value:.3f}" for value in values)
    return f"{each} | {statistics.mean(values):.3f} ± {statistics.stdev(values):.3f}"


def coins_line(report):
    """What became of the lowest row of coins, as a sentence."""
    return (
        f"{report['found']} of {report['coins']} coins found, {report['false']} boxes false, after "
        f"{report['processor_seconds']:.0f} seconds of one core"
    )


if __name__ == "__main__":
    main()
