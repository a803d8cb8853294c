"""Which kernels does a training step launch on a card, and how long does each work?

    ncu --csv --clock-control none --profile-from-start off --metrics gpu__time_duration.sum \\
        python benchmarks/gpu_kernels.py > step.csv
    python benchmarks/gpu_kernels.py --read step.csv

The first takes a step of SegNet-Basic, on 12 images of 180×240, under Nsight Compute, which
measures each kernel alone, one after the other. The second adds up, by name, how many there were
and their milliseconds, and writes gpu_kernels.json (--json).
"""

import argparse
import csv
import json
import time
from collections import defaultdict
from pathlib import Path

from nn_scratch.training import SGD

WARM_UP = 2  # steps, in which kernels are compiled


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--read", type=Path, metavar="CSV", help="what ncu wrote")
    parser.add_argument("--card", default="NVIDIA H100 80GB HBM3", help="where (%(default)s)")
    parser.add_argument("--json", type=Path, default=Path(__file__).with_name("gpu_kernels.json"))
    options = parser.parse_args(arguments)
    if options.read is None:
        take_a_step()
        return
    kernels = read(options.read.read_text(encoding="utf-8"))
    written = time.strftime("%Y-%m-%d", time.localtime(options.read.stat().st_mtime))
    report = {"card": options.card, "date": written, "net": "SegNet-Basic 12×3 180×240"}
    options.json.write_text(json.dumps(report | {"kernels": kernels}, indent=1) + "\n")
    for name, (count, ms) in kernels.items():
        print(f"{name:<60}{count:>5}{ms:>9.3f} ms")


def take_a_step():
    """Some training steps, of which the profiler sees the last."""
    import cupy

    import gpu

    subject = gpu.segnet_basic(tiny=False)
    net, task = subject.ours().to("gpu"), subject.task
    optimizer = SGD(net, 0.01, momentum=0.9)
    for step in range(WARM_UP + 1):
        if step == WARM_UP:
            cupy.cuda.Device().synchronize()
            cupy.cuda.profiler.start()
        net.zero_grad()
        task.step(net, subject.batch)
        optimizer.step()
    cupy.cuda.Device().synchronize()
    cupy.cuda.profiler.stop()


def read(text):
    """{name: [how many, milliseconds of all]}, the longest first. Lines that are no table are what
    ncu and the program said meanwhile."""
    rows = list(csv.DictReader(line for line in text.splitlines() if line.startswith('"')))
    sums = defaultdict(lambda: [0, 0.0])
    for row in rows:
        assert row["Metric Unit"] == "ns", row
        entry = sums[short(row["Kernel Name"])]
        entry[0] += 1
        entry[1] += float(row["Metric Value"].replace(",", "")) / 1e6
    longest = sorted(sums.items(), key=lambda item: -item[1][1])
    return {name: [count, round(ms, 6)] for name, (count, ms) in longest}


def short(name):
    """A kernel's name without what C++ adds: its type, its namespaces, its arguments."""
    return name.removeprefix("void ").partition("<")[0].partition("(")[0].rpartition("::")[2]


if __name__ == "__main__":
    main()
