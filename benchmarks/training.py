"""How long is a training step, and how much memory does it take, beside PyTorch?

    python benchmarks/training.py                     all nets, some minutes
    python benchmarks/training.py --only SegNet       one of them
    python benchmarks/training.py --rounds 1 --tiny   does it run at all?

A step is forward pass, loss, backward pass and update. Each way runs in a process of its own, the
ways in turn: PyTorch with all cores; ours with one thread for each core; ours with one MPI rank for
each core (if mpi4py is installed). Compared are the medians of all steps, and the peak memory,
which includes what importing the libraries takes. Writes a table and benchmarks/training.json
(--json).
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from machine import geometric_mean, machine, peak_bytes
from nn_scratch import layers, nets
from nn_scratch.engine.cpu.threads import thread_count
from nn_scratch.evaluation import boxes
from nn_scratch.training import SGD, Localization, Segmentation, world

RNG = np.random.default_rng(0)
CLASSES = 12
WIDTHS = 32, 64, 64


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="nets whose name begins so")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement")
    parser.add_argument("--tiny", action="store_true", help="small images, to see that it runs")
    parser.add_argument("--json", type=Path, default=Path(__file__).with_name("training.json"))
    parser.add_argument("--measure", nargs=2, metavar=("NET", "WAY"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        print_measurement(*options.measure, options.seconds, options.tiny)
        return

    names = [name for name in NETS if name.startswith(options.only)]
    turns = [(n, way) for n in names for _ in range(options.rounds) for way in launchers()]
    found = {}
    for name, way in tqdm(turns, disable=None, leave=False):
        seconds = str(options.seconds)
        command = [*launchers()[way], sys.executable, __file__, "--measure", name, way]
        command += ["--seconds", seconds, *(["--tiny"] if options.tiny else [])]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}:\n{done.stderr}")
        found.setdefault((name, way), []).append(json.loads(done.stdout.splitlines()[-1]))
    rows = [
        {
            "net": name,
            "way": way,
            "median_ms": statistics.median(ms for run in runs for ms in run["ms"]),
            "best_ms": min(ms for run in runs for ms in run["ms"]),
            "peak_mb": statistics.median(run["peak_mb"] for run in runs),
        }
        for (name, way), runs in found.items()
    ]
    report = {"machine": machine(), "rows": rows}
    options.json.write_text(json.dumps(report, indent=1) + "\n")
    print(table(report))


def launchers():
    """The ways to measure, and what starts them."""
    beside_python = shutil.which("mpiexec", path=str(Path(sys.executable).parent))
    mpiexec = beside_python or shutil.which("mpiexec")
    ways = {"PyTorch": [], "threads": []}
    if mpiexec:
        ways["ranks"] = [mpiexec, "-n", str(thread_count())]
    return ways


def table(report):
    lines = [", ".join(f"{what} {value}" for what, value in report["machine"].items())]
    lines.append(f"{'':<28}{'way':<10}{'ms':>8}{'ratio':>8}{'peak MB':>10}")
    ratios = {}
    for name in dict.fromkeys(row["net"] for row in report["rows"]):
        rows = {row["way"]: row for row in report["rows"] if row["net"] == name}
        for way, row in rows.items():
            ratio = row["median_ms"] / rows["PyTorch"]["median_ms"]
            ratios.setdefault(way, []).append(ratio)
            lines.append(
                f"{name:<28}{way:<10}{row['median_ms']:>8.1f}{ratio:>8.2f}{row['peak_mb']:>10.0f}"
            )
    for way, values in ratios.items():
        if way != "PyTorch":
            mean = geometric_mean(values)
            lines.append(f"{way}: geometric mean of the ratios {mean:.2f}, worst {max(values):.2f}")
    return "\n".join(lines)


# ---------------------------------------------------------------- one measurement, one process


def print_measurement(name, way, seconds, tiny):
    """Milliseconds of each step after some to warm up, and peak memory of all processes in MB."""
    ranks = world()
    case = NETS[name](8 if tiny else 1)
    step = torch_step(case) if way == "PyTorch" else our_step(case, ranks)
    for _ in range(3):
        step()
    times, end = [], time.perf_counter() + seconds
    while ranks.broadcast(time.perf_counter() < end):
        start = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - start))
    peak = float(ranks.all_reduce(np.array([peak_bytes() / 1e6]))[0])
    if ranks.rank == 0:
        print(json.dumps({"ms": times, "peak_mb": peak}))


def our_step(case, ranks):
    net, task, batch = case.ours(), case.task, case.batch
    optimizer = SGD(net, 0.01, momentum=0.9)
    part = ranks.part(len(batch[0]))
    own = tuple(array[part] for array in batch)

    def step():
        net.zero_grad()
        with ranks.synchronized(net):
            task.step(net, own)
        ranks.sum_gradients(net)
        optimizer.step()

    return step


def torch_step(case):
    import torch

    torch.set_num_threads(thread_count())
    net, loss = case.theirs()
    optimizer = torch.optim.SGD(net.parameters(), 0.01, momentum=0.9)
    tensors = [torch.from_numpy(array) for array in case.batch]

    def step():
        optimizer.zero_grad()
        total = loss(net, tensors)
        total.backward()
        optimizer.step()
        total.item()

    return step


# ---------------------------------------------------------------- what is trained


class Case(NamedTuple):
    """ours() builds our net, theirs() PyTorch's and its loss; the batch is for both."""

    ours: Callable
    theirs: Callable
    task: object
    batch: tuple


def segnet(shrink):
    def theirs():
        import torch_nets

        return torch_nets.TorchSegNet(3, CLASSES, WIDTHS), torch_nets.segmentation_loss

    ours = partial(nets.SegNet, 3, CLASSES, WIDTHS, rng=0)
    return Case(ours, theirs, Segmentation(CLASSES), scenes(shrink))


def fcn(shrink):
    """Strided convolutions down, transpose convolutions up."""

    def build(nn, norm_relu):  # nn_scratch.layers or torch.nn: the names are the same
        a, b, c = WIDTHS
        return nn.Sequential(
            *(nn.Conv2d(3, a, 3, padding=1, bias=False), norm_relu(a)),
            *(nn.Conv2d(a, b, 3, stride=2, padding=1, bias=False), norm_relu(b)),
            *(nn.Conv2d(b, c, 3, stride=2, padding=1, bias=False), norm_relu(c)),
            *(nn.ConvTranspose2d(c, b, 4, stride=2, padding=1, bias=False), norm_relu(b)),
            *(nn.ConvTranspose2d(b, a, 4, stride=2, padding=1, bias=False), norm_relu(a)),
            nn.Conv2d(a, CLASSES, 1),
        )

    def theirs():
        from torch import nn

        import torch_nets

        def norm_relu(channels):
            return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU())

        return build(nn, norm_relu), torch_nets.segmentation_loss

    return Case(
        partial(build, layers, layers.BatchNormReLU2d),
        theirs,
        Segmentation(CLASSES),
        scenes(shrink),
    )


def scenes(shrink):
    height, width = 96 // shrink, 128 // shrink
    images = RNG.standard_normal((8, 3, height, width), np.float32)
    return images, RNG.integers(0, CLASSES, (8, height, width))


def localizer(shrink):
    size = 96 // min(shrink, 4), 96 // min(shrink, 4)

    def theirs():
        import torch_nets

        return torch_nets.TorchLocalizer(3, 10, size), torch_nets.localization_loss

    found = RNG.uniform(0, 0.5, (32, 4)).astype(np.float32)
    images = RNG.standard_normal((32, 3, *size), np.float32)
    batch = images, RNG.integers(0, 10, 32), boxes.to_pixels(found, size)
    return Case(partial(nets.Localizer, 3, 10, size, rng=0), theirs, Localization(), batch)


NETS = {
    "SegNet 8×3 96×128": segnet,
    "FCN 8×3 96×128": fcn,
    "Localizer 32×3 96×96": localizer,
}

if __name__ == "__main__":
    main()
