"""Figures that texts quote are those of the files that the benchmarks wrote."""

import json
import statistics
from pathlib import Path

import pytest

import detection
from machine import geometric_mean
from nn_scratch.training.compare import table

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"
SPEED = (BENCHMARKS / "README.md").read_text(encoding="utf-8")


def rows(file):
    return json.loads((BENCHMARKS / file).read_text())["rows"]


def ratios(file):
    """For each op, the ratios of its shapes: ours to PyTorch's."""
    found = {}
    for row in rows(file):
        ratio = row["ours"]["median"] / row["torch"]["median"]
        found.setdefault(row["name"], []).append(ratio)
    return found


def mean_and_worst(values):
    return f"{geometric_mean(values):.2f} | {max(values):.2f}"


def steps(file):
    """For each net, its rows by the way it was trained."""
    found = {}
    for row in rows(file):
        found.setdefault(row["net"], {})[row["way"]] = row
    return found


def step_ratios(file, way):
    return [
        f"{ways[way]['median_ms'] / ways['PyTorch']['median_ms']:.2f}"
        for ways in steps(file).values()
    ]


@pytest.mark.parametrize("report", ["digits", "camvid", "caltech", "detection"])
def test_results_are_those_that_compare_wrote(report):
    written = table(json.loads((BENCHMARKS / "results" / f"{report}.json").read_text()))
    results = (ROOT / "RESULTS.md").read_text(encoding="utf-8")
    assert written.partition("\n\n")[2] in results


def test_detectors_on_test_scenes_and_coins():
    results = (ROOT / "RESULTS.md").read_text(encoding="utf-8")
    on_test, on_coins = (
        json.loads((BENCHMARKS / "results" / f"{name}.json").read_text())
        for name in ("detection_test", "coins")
    )
    assert detection.table(on_test) in results
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(detection.over_seeds(on_test, name) in readme for name in ("ap50", "ap"))
    assert detection.coins_line(on_coins) in " ".join(results.split())
    points = [row for row in on_test["rows"] if row["net"] == "centernet"]
    assert len(points) == 3 and all(r["ap50"] >= 0.98 and r["ap"] >= 0.76 for r in points)
    assert on_coins["found"] == on_coins["coins"] == 6 and on_coins["false"] <= 1


def test_a_detector_ends_where_pytorch_s_does():
    rows = json.loads((BENCHMARKS / "parity_detection.json").read_text())["rows"]
    ours, theirs = ([row[who] for row in rows] for who in ("ours", "torch"))
    difference = statistics.mean(ours) - statistics.mean(theirs)
    assert abs(difference) < min(map(statistics.stdev, (ours, theirs)))
    each = " | ".join(", ".join(f"{v:.3f}" for v in part) for part in (ours, theirs))
    spread = ", ".join(f"{statistics.stdev(part):.3f}" for part in (ours, theirs))
    results = (ROOT / "RESULTS.md").read_text(encoding="utf-8")
    assert f"| CenterNet, AP | {each} | {difference:+.4f} | {spread} |" in results


def test_speed_of_ops():
    here, other = ratios("cpu.json"), ratios("cpu-xeon.json")
    assert here.keys() >= other.keys()
    for name, values in here.items():
        there = mean_and_worst(other[name]) if name in other else "– | –"  # a later row
        figures = f"{mean_and_worst(values)} | {there}"
        assert f"| {name} | {len(values)} | {figures} |" in SPEED


def test_speed_of_training_steps():
    for net, ways in steps("training.json").items():
        cells = [net]
        for way in ("PyTorch", "threads", "ranks"):
            cells.append(f"{ways[way]['median_ms']:.0f}")
            if way != "PyTorch":
                cells.append(f"{ways[way]['median_ms'] / ways['PyTorch']['median_ms']:.2f}")
        cells.append(", ".join(f"{row['peak_mb']:.0f}" for row in ways.values()))
        assert f"| {' | '.join(cells)} |" in SPEED
    text = " ".join(SPEED.split())
    threads, ranks = (", ".join(step_ratios("training-xeon.json", w)) for w in ("threads", "ranks"))
    assert f"ratios were {threads} with threads and {ranks} with ranks" in text


def test_speed_beside_other_libraries():
    text = " ".join(SPEED.split())
    for file, sentence in (
        (
            "cpu.json",
            "our convolution is {} times as fast as DeZero's (geometric mean of {} shapes) "
            "and {} times as fast as MyGrad's ({} shapes)",
        ),
        ("cpu-xeon.json", "on the Xeon, with the older engine, it was {0} and {2} times"),
    ):
        figures = []
        for peer in "dezero", "mygrad":
            times = [r[peer]["median"] / r["ours"]["median"] for r in rows(file) if peer in r]
            figures += [f"{geometric_mean(times):.1f}", len(times)]
        assert sentence.format(*figures) in text


def test_speed_in_the_readme():
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    values = ratios("cpu.json")["conv2d"]
    assert f"{geometric_mean(values):.2f} of PyTorch's time" in text
    assert f"geometric mean of {len(values)} shapes" in text
    ranks = step_ratios("training.json", "ranks")
    assert f"with one process a core {min(ranks)} to {max(ranks)} of it" in text


def test_processes_beside_threads_in_the_help():
    ratios = [
        w["ranks"]["median_ms"] / w["threads"]["median_ms"] for w in steps("training.json").values()
    ]
    source = (ROOT / "nn_scratch" / "cli" / "train.py").read_text(encoding="utf-8")
    assert f"took {min(ratios):.2f} to {max(ratios):.2f} of the time of threads" in source


def test_cost_of_the_large_image():
    large = json.loads((BENCHMARKS / "cost.json").read_text())["large image"]
    text = " ".join(SPEED.split())
    assert f"in {large['seconds']:.0f} s and {large['peak_gib']:.2f} GiB at most" in text


def gpu_ratios(beginning):
    return [
        row["ms"]["kernels"] / row["ms"]["PyTorch float32"]
        for row in rows("gpu.json")
        if row["name"].startswith(beginning)
    ]


def test_each_row_measured_on_a_card_is_quoted():
    ways = "kernels", "plain CuPy", "PyTorch float32", "PyTorch TF32", "PyTorch channels_last"
    for row in rows("gpu.json"):
        times = [row["ms"].get(way) for way in ways]
        cells = ["–" if t is None else f"{t:.3f}" if t < 10 else f"{t:.1f}" for t in times]
        ratio = f"{times[0] / times[2]:.2f}"
        assert f"| {' | '.join([row['name'], *cells, ratio])} |" in SPEED


def test_the_readme_tells_how_fast_the_kernels_are_on_a_card():
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    convolution, pool, unpool = (
        f"{geometric_mean(gpu_ratios(op)):.2f}" for op in ("convolution", "pool", "unpool")
    )
    assert f"take {convolution} times as long as PyTorch's for a convolution" in readme
    assert f"{pool} for a max-pool and {unpool} for an unpooling" in readme
    *small, segnet_basic = gpu_ratios("training step")
    assert f"SegNet-Basic takes {segnet_basic:.1f} times as long" in readme
    assert f"waits for Python, {min(small):.1f} to {max(small):.1f}" in readme


def test_what_segnet_basic_reached_on_a_card():
    report = json.loads((BENCHMARKS / "results" / "segnet_basic.json").read_text())
    last, text = report["epochs"][-1], " ".join(SPEED.split())
    assert f"after {last['epoch']} of {report['epochs_wanted']} epochs" in text
    assert (
        f"mIoU {100 * last['mean_iou']:.1f} %, "
        f"class average {100 * last['class_average_accuracy']:.1f} %, "
        f"global accuracy {100 * last['global_accuracy']:.1f} %, "
        f"boundary F1 {100 * last['boundary_f1']:.1f} %"
    ) in text


def test_test_scenes_of_other_seeds_are_no_harder():
    report = json.loads((BENCHMARKS / "results" / "test_seeds.json").read_text())
    results = " ".join((ROOT / "RESULTS.md").read_text(encoding="utf-8").split())
    twins, others = [], []
    for net in "segmentation", "localization", "detection":
        twin, *other = report[f"digits-{net}"]["reached"].values()
        twins.append(f"{twin:.3f}")
        others.append(f"{min(other):.3f} to {max(other):.3f}")
        assert min(other) - 0.01 < twin < max(other) + 0.01
    assert "a mean IoU of {}, a mean box IoU of {} and an AP of {}".format(*twins) in results
    assert "five other seeds {}, {} and {}".format(*others) in results
